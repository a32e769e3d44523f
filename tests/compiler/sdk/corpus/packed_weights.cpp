#include <scamp5.hpp>
#include <stdint.h>

using namespace SCAMP5_PE;

// weights packed in digital planes
#define W_REG R9
#define ACT_REG R10
#define POP_A A
#define ONE 10

#define XNOR(rd, ra, rb) \
	do { \
		MOV(R7, rb);        /* keep rb */ \
		XORX(rd, R7, ra); \
		NOT(R8, rd); \
		MOV(rd, R8); \
	} while (0)

#define LOAD_PLANE(reg, k, ...) \
	{ \
		static const uint8_t rows_##k[] = { __VA_ARGS__ }; \
		scamp5_kernel_begin(); CLR(reg); scamp5_kernel_end(); \
		for (unsigned i = 0; i < sizeof(rows_##k); i += 2) { \
			scamp5_load_pattern(R11, rows_##k[i], rows_##k[i + 1], 252, 252); \
			scamp5_kernel_begin(); OR(reg, R11); scamp5_kernel_end(); \
		} \
	}

template <int N>
inline void popcount_step() {
	scamp5_kernel_begin();
		WHERE(R6);
			add(POP_A, POP_A, B);
		all();
	scamp5_kernel_end();
	popcount_step<N - 1>();
}
template <> inline void popcount_step<0>() {}

static void shift_act(int dx, int dy) {
	while (dx > 0) {
		scamp5_kernel_begin();
			DNEWS(R11, ACT_REG, east);
			MOV(ACT_REG, R11);
		scamp5_kernel_end();
		dx--;
	}
	while (dy-- > 0) {
		scamp5_kernel_begin();
			DNEWS(R11, ACT_REG, north);
			MOV(ACT_REG, R11);
		scamp5_kernel_end();
	}
}

int main() {
	vs_init();
	LOAD_PLANE(W_REG, first, 0, 0, 1, 2, 3, 3)
	LOAD_PLANE(W_REG, second, 2, 1, 3, 0)
	scamp5_load_in(B, ONE);
	for (;;) {
		vs_frame_loop_control();
		scamp5_kernel_begin();
			get_image(C, D);
			where(C);
				MOV(ACT_REG, FLAG);
			all();
			res(POP_A);
		scamp5_kernel_end();
		for (int y = 0; y < 3; y++)
			for (int x = 0; x < 3; x++) {
				scamp5_kernel_begin();
					XNOR(R6, ACT_REG, W_REG);
				scamp5_kernel_end();
				popcount_step<2>();
				shift_act(1, 0);
			}
		scamp5_kernel_begin();
			sub(E, POP_A, B);
			where(E);
				MOV(R5, FLAG);
			ALL();
		scamp5_kernel_end();
		int n = scamp5_global_count(R5, F);
		vs_post_int32(&n, 1, 1);
	}
}
