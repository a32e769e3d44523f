#include <scamp5.hpp>
using namespace SCAMP5_PE;
#define CAPTURE(img, half) scamp5_kernel_begin(); get_image(img, half); scamp5_kernel_end();
#define THRESHOLD_TO(src, level, flag_reg) \
	scamp5_load_in(F, level); \
	scamp5_kernel_begin(); \
		sub(E, src, F); \
		where(E); MOV(flag_reg, FLAG); ALL(); \
	scamp5_kernel_end()
#define FOR(i, n) for (int i = 0; i < (n); ++i)
#define TMP_A E
#define TMP_D R11
#define IMG A
#define HALF_STEP(d) do { mov(TMP_A, IMG); movx(IMG, TMP_A, d); } while (0)
#define ALL_DIRS(M) M(north) M(east) M(south) M(west)
#define STEP(d) HALF_STEP(d);
#define EXPAND(x) x
#define GET3(_1,_2,_3,N,...) N
#define COPY(...) EXPAND(GET3(__VA_ARGS__, COPY3, COPY2)(__VA_ARGS__))
#define COPY2(d,s) MOV(d,s)
#define COPY3(d,e,s) MOV(d,s); MOV(e,s)
#define WITH_FLAG(r, ...) do { WHERE(r); __VA_ARGS__; ALL(); } while (0)
#define STR(x) #x
#define XSTR(x) STR(x)
#define BITS 4
#define BIT_REG(n) CONCAT(R, n)
#define CONCAT(a, b) a ## b
#ifdef USE_TWO
# define SECOND 1
#else
# define SECOND 0
#endif
int main() {
	vs_init();
	CAPTURE(A, B)
	CAPTURE(C, D);
	THRESHOLD_TO(A, 20, R5);
	THRESHOLD_TO(C, 30, R6);
	FOR(i, 3) {
		scamp5_kernel_begin();
			ALL_DIRS(STEP)
			COPY(R5, R6);
			COPY(R7, R8, R6);
			WITH_FLAG(R5, add(A, A, B), res(C));
			WITH_FLAG(TMP_D, neg(D, C));
			CLR(BIT_REG(10), BIT_REG(BITS));
			FOR(j, BITS) FOR(k, 2) { OR(R5, R6); }
#if SECOND
			MOV(R1, R2);
#elif BITS == 4 && !defined(NOT_HERE)
			MOV(R3, R4);
#else
			MOV(R5, R6);
#endif
		scamp5_kernel_end();
	}
	vs_post_text(XSTR(BITS) " bits\n");
	return 0;
}
