/* Flooding demo */
#include <scamp5.hpp>

using namespace SCAMP5_PE;

const int flood_iterations = 12;

void draw_box(int x, int y, int w, int h) {
	scamp5_load_rect(S1, y, x, y+h, x+w);
	scamp5_kernel_begin();
		OR(S0, S1);
	scamp5_kernel_end();
}

int main() {
	vs_init();
	vs_handle gui_mask = vs_gui_add_display("mask", 0, 0);
	vs_handle gui_res = vs_gui_add_display("flooded", 0, 1);
	bool from_left, from_right, from_top, from_bottom;
	vs_gui_add_switch("left", true, &from_left);
	vs_gui_add_switch("right", true, &from_right);
	vs_gui_add_switch("top", true, &from_top);
	vs_gui_add_switch("bottom", true, &from_bottom);
	while(1) {
		vs_frame_loop_control();
		scamp5_kernel_begin();
			CLR(S0);
		scamp5_kernel_end();
		for (int i = 0; i < 5; i++) draw_box(20*i, 30*i, 10, 12);
		scamp5_load_point(S2, 128, 128);

		scamp5_kernel_begin();
			CLR(RN,RS,RE,RW);
			SET(RF);
			MOV(RP, S2);			// seeds
			NOT(RF, S0);	// mask
		scamp5_kernel_end();

		if (from_left)   { scamp5_kernel_begin(); SET(RW); scamp5_kernel_end(); }
		if (from_right)  { scamp5_kernel_begin(); SET(RE); scamp5_kernel_end(); }
		if (from_top)    { scamp5_kernel_begin(); SET(RN); scamp5_kernel_end(); }
		if (from_bottom) { scamp5_kernel_begin(); SET(RS); scamp5_kernel_end(); }

		for (int i = 0; i < flood_iterations; i++) {
			scamp5_kernel_begin();
				PROP0();
			scamp5_kernel_end();
		}
		scamp5_kernel_begin();
			MOV(S3, RP);
			PROP1();
			MOV(S4, RP);
			AND(S5, S3, S4);
			XOR(S5, S3, S4);
		scamp5_kernel_end();
		scamp5_flood(S2, S0, 0, 8, true);
		scamp5_output_image(S0, gui_mask);
		scamp5_output_image(S3, gui_res);
	}
	return 0;
}
