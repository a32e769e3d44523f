#include <scamp5.hpp>
using namespace SCAMP5_PE;

// Conway: neighbour sum in analog
static const struct { int dx, dy; } moves[8] = { {0,1},{1,0},{0,-1},{0,-1},{-1,0},{-1,0},{0,1},{0,1} };

void count_digital() {
	scamp5_kernel_begin();
		CLR(R6, R7, R8);
		MOV(R9, R5);
	scamp5_kernel_end();
	for (const auto &m : moves) {
		if (m.dx > 0) { scamp5_kernel_begin(); DNEWS(R10,R9,west); scamp5_kernel_end(); }
		if (m.dx < 0) { scamp5_kernel_begin(); DNEWS(R10,R9,east); scamp5_kernel_end(); }
		if (m.dy > 0) { scamp5_kernel_begin(); DNEWS(R10,R9,south); scamp5_kernel_end(); }
		if (m.dy < 0) { scamp5_kernel_begin(); DNEWS(R10,R9,north); scamp5_kernel_end(); }
		scamp5_kernel_begin();
			MOV(R9,R10);
			// ripple add
			AND(R11,R6,R9);  MOV(R10,R9); XORX(R12,R10,R6);
		scamp5_kernel_end();
		scamp5_kernel_begin();
			SET(R0); MOV(R6,R12);
			AND(R10,R7,R11); 
			CLR_IF(R7,R10);
			OR(R8,R10);
#if 0
			MOV(R12,R10);
			broken(R1);
#endif
#ifdef DEBUG_LIFE
			MOV(R5,R6);
#else
			NOT(R10);
#endif
		scamp5_kernel_end();
	}
}
int main() {
	vs_init();
	scamp5_load_pattern(R5, 3, 3, 0xF0, 0xF0);
	scamp5_draw_begin(R5);
	scamp5_draw_rect(10,10,20,20);
	scamp5_draw_line(0,0,255,255,true);
	scamp5_draw_circle(128,128,40,true);
	scamp5_draw_point(3,4);
	scamp5_draw_pixel(5,300);
	scamp5_draw_negate();
	scamp5_draw_end();
	int gen = 0;
	while (vs_frame_loop_control(), true) {
		count_digital();
		scamp5_kernel_begin();
			NOR(R10, R6, R7, R8); NOR(R11,R10,R5);
			MUX(R9,R5,R10,R11);
			MOV(R5,R9);
			IMP(R1,R2,R3); NIMP(R1,R2,R3); NAND(R1,R2,R3);
		scamp5_kernel_end();
		if (!scamp5_global_or(R5)) break;
		scamp5_output_image(R5, VS_DISPLAY(0));
		++gen;
	}
	return gen;
}
