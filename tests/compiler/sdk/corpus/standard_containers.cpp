#include <scamp5.hpp>
#include <array>
#include <vector>
#include <utility>
#include <functional>
#include <initializer_list>
using namespace SCAMP5_PE;
static const std::array<DREG, 4> PL = {R5, R6, R7, R8};
std::vector<AREG> AR{A, B, C};
std::pair<AREG, DREG> both{D, R9};
static const std::pair<int,int> offsets[] = {{1,0},{0,1},{-1,0},{0,-1}};
struct Tap { int w; dir_t d; };
static constexpr Tap taps[] = {{1, north}, {-1, south}, {2, east}, {0, west}};
inline DREG by_id(int id){ switch(id){ case 0: return R5; case 1: return R6; default: return R7; } }
inline dir_t opposite(dir_t d){ return d == north ? south : d == south ? north : d == east ? west : east; }
int main(){
	vs_init();
	scamp5_dynamic_kernel_begin();
		for (size_t i = 0; i + 1 < PL.size(); ++i) OR(PL[i], PL[i + 1]);
		for (const AREG& r : AR) { neg(F, r); mov(r, F); }
		where(both.first);
			MOV(both.second, FLAG);
		all();
		for (auto d : {north, east}) movx(A, A, d);
		for (const auto& t : taps) {
			if (t.w == 0) continue;
			movx(B, A, t.d);
			for (int k = 0; k < (t.w < 0 ? -t.w : t.w); ++k) { if (t.w > 0) add(C, C, B); else sub(C, C, B); }
		}
		for (auto [dx, dy] : offsets) { if (dx) movx(A, A, dx > 0 ? west : east); if (dy) movx(A, A, dy > 0 ? south : north); }
		MOV(by_id(1), by_id(0));
		movx(D, A, opposite(east));
		for (int i = 0, j = 3; i < j; i++, j--) MOV(PL[i], PL[j]);
		auto twice = [&](AREG y, AREG x) { mov(y, x); add(y, y, x); };
		twice(E, A);
		DREG keep = PL.at(2), *ptr = &keep;
		NOT(*ptr, PL.front());
		static_assert(sizeof(int) >= 4, "int");
		const auto& last = PL.back();
		CLR(last);
	scamp5_dynamic_kernel_end();
	std::vector<std::function<void()>> steps;
	steps.push_back([]{ scamp5_kernel_begin(); SET(R10); scamp5_kernel_end(); });
	steps.push_back([&]{ scamp5_kernel_begin(); CLR(R10); scamp5_kernel_end(); });
	for (auto& s : steps) s();
	AREG x = A, y = B;
	std::swap(x, y);
	scamp5_dynamic_kernel_begin();
		mov(x, y);
	scamp5_dynamic_kernel_end();
	if (int n = 3; n > 2) { scamp5_dynamic_kernel_begin(); if (n & 1) SET(R11); scamp5_dynamic_kernel_end(); }
	return 0;
}
