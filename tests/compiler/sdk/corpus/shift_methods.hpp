#pragma once
#include <scamp5.hpp>
namespace SCAMP5_PE
{
	enum DIRECTION { dir_north = 0, dir_east, dir_south, dir_west };

	void inline shift_areg_east(const areg_t& reg, int times)
	{
		for(int n = 0 ; n < times/2 ; n++)
		{
			scamp5_dynamic_kernel_begin();
				bus(XE,reg);
				bus(reg,XW);
			scamp5_dynamic_kernel_end();
		}
		if(times & 1)
		{
			scamp5_dynamic_kernel_begin();
				bus(NEWS,reg);
				bus(reg,XW);
			scamp5_dynamic_kernel_end();
		}
	}

	void shift_dreg(dreg_t reg, int times, int dir, int boundary = 0)
	{
		scamp5_kernel_begin();
			CLR(RS,RW,RN,RE);
		scamp5_kernel_end();
		switch(dir)
		{
			case dir_north: scamp5_kernel_begin(); SET(RS); scamp5_kernel_end(); break;
			case dir_east:  scamp5_kernel_begin(); SET(RW); scamp5_kernel_end(); break;
			case dir_south: scamp5_kernel_begin(); SET(RN); scamp5_kernel_end(); break;
			case dir_west:  scamp5_kernel_begin(); SET(RE); scamp5_kernel_end(); break;
		}
		for(int n = 0 ; n < times ; n++)
		{
			if(boundary)
			{
				scamp5_dynamic_kernel_begin();
					DNEWS1(S6,reg);
					MOV(reg,S6);
				scamp5_dynamic_kernel_end();
			}
			else
			{
				scamp5_dynamic_kernel_begin();
					DNEWS0(S6,reg);
					MOV(reg,S6);
				scamp5_dynamic_kernel_end();
			}
		}
	}

	template<typename REG> void mirror(REG r);

	inline void AREG_scale_half(AREG dst, AREG src, AREG t0, AREG t1)
	{
		scamp5_dynamic_kernel_begin();
			mov(dst,src);
			diva(dst,t0,t1);
		scamp5_dynamic_kernel_end();
	}
	inline void DREG_AND(DREG d, DREG a, DREG b){ scamp5_dynamic_kernel_begin(); AND(d,a,b); scamp5_dynamic_kernel_end(); }
}
