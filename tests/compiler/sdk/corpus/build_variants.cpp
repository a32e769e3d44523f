#include <scamp5.hpp>
using namespace SCAMP5_PE;
//#define VERBOSE
#ifndef NUM_STEPS
#define NUM_STEPS 3
#endif
#if defined(SCAMP5_SIM) && SCAMP5_SIM
#define OUT(x) sim_out(x)
#else
#define OUT(x) scamp5_output_image(x,0)
#endif
int main(){
	vs_init();
#ifdef SIMULATION
	while(sim_running()) {
#else
	while(1) {
#endif
		vs_frame_loop_control();
#ifdef VERBOSE
		scamp5_kernel_begin();
			mov(A,B);
			add(A,A,C);
		scamp5_kernel_end();
#else
		scamp5_kernel_begin();
			mov(A,C);
		scamp5_kernel_end();
#endif
		scamp5_kernel_begin();
#ifdef VERBOSE
			res(D);
#endif
			for(int i=0;i<NUM_STEPS;i++) movx(A,A,east);
#ifndef NO_REFRESH
			REFRESH(R5);
#endif
		scamp5_kernel_end();
		OUT(A);
	}
}
