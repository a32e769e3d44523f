#include <scamp5.hpp>
#include <vector>
using namespace SCAMP5_PE;
template <int DX, int DY>
struct Shift {
	static void apply(const AREG r) {
		if constexpr (DX > 0) {
			for (int i = 0; i < DX; ++i) { scamp5_dynamic_kernel_begin(); movx(r, r, west); scamp5_dynamic_kernel_end(); }
		} else if constexpr (DX < 0) {
			for (int i = 0; i < -DX; ++i) { scamp5_dynamic_kernel_begin(); movx(r, r, east); scamp5_dynamic_kernel_end(); }
		}
		if constexpr (DY != 0) {
			scamp5_dynamic_kernel_begin(); movx(r, r, DY > 0 ? north : south); scamp5_dynamic_kernel_end();
		}
	}
};
class Filter {
	AREG in_, out_;
	DREG mask_ = R5;
	std::vector<AREG> temps_ { D, E };
public:
	Filter(AREG in, AREG out) : in_(in), out_(out) {}
	Filter& sobel_x() {
		scamp5_dynamic_kernel_begin();
			movx(D, in_, east);
			movx(E, in_, west);
			sub(out_, D, E);
		scamp5_dynamic_kernel_end();
		return *this;
	}
	Filter& threshold() {
		scamp5_dynamic_kernel_begin();
			where(out_);
				MOV(mask_, FLAG);
			all();
			add(out_, temps_[0], temps_[1]);
		scamp5_dynamic_kernel_end();
		return *this;
	}
	int operator()(int k) const { scamp5_dynamic_kernel_begin(); NOT(mask_); scamp5_dynamic_kernel_end(); return k; }
	operator bool() const { return true; }
};
struct PlanePool {
	static constexpr int N = 3;
	DREG planes[N] = { R6, R7, R8 };
	int next = 0;
	DREG take() { return planes[next++ % N]; }
};
int main() {
	vs_init();
	Filter f(A, B);
	f.sobel_x().threshold();
	f(3);
	Shift<2, 0>::apply(A);
	Shift<-1, 1>::apply(B);
	PlanePool pool;
	DREG p = pool.take(), q = pool.take();
	scamp5_dynamic_kernel_begin();
		OR(p, q, R5);
	scamp5_dynamic_kernel_end();
	Filter* pf = &f;
	pf->sobel_x();
	auto lam = [&](DREG d) -> void { scamp5_dynamic_kernel_begin(); CLR(d); scamp5_dynamic_kernel_end(); };
	lam(R9); lam(R10);
	struct { AREG a; DREG d; } pair = { C, R11 };
	scamp5_dynamic_kernel_begin();
		WHERE(pair.d);
		mov(pair.a, A);
		all();
	scamp5_dynamic_kernel_end();
	return 0;
}
