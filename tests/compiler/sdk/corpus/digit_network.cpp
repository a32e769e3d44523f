#include <scamp5.hpp>
#include <vector>
#include <algorithm>
#include "MNIST_weights.hpp"
using namespace SCAMP5_PE;

#define FILTERS 16
#define KW 4
static const int8_t conv_w[FILTERS][KW*KW] = {
	{1,0,-1,1, 0,0,1,-1, 1,1,-1,0, 0,-1,1,1},
	{-1,0,-1,1, 0,1,1,-1, 1,0,-1,0, 0,-1,0,1},
};
vs_handle display_1;
int scores[10];

void store_weight_bits(int plane, const unsigned char* data)
{
	for (int r = 0; r < 8; r++)
		for (int c = 0; c < 8; c++)
			if (data[r] >> c & 1) {
				scamp5_load_pattern(R11, r, c, 0xF8, 0xF8);
				scamp5_kernel_begin();
					OR(R10, R11);
				scamp5_kernel_end();
			}
}
inline void times_weight_accumulate() {
	scamp5_kernel_begin();
		WHERE(R5);
			add(B, B, A);
		WHERE(R6);
			sub(B, B, A);
		ALL();
	scamp5_kernel_end();
}
void convolution(int f)
{
	scamp5_kernel_begin();
		res(B);
	scamp5_kernel_end();
	for (int y = 0; y < KW; y++) {
		for (int x = 0; x < KW; x++) {
			const int w = conv_w[f][y*KW+x];
			if (w > 0) { scamp5_kernel_begin(); add(B,B,A); scamp5_kernel_end(); }
			else if (w < 0) { scamp5_kernel_begin(); sub(B,B,A); scamp5_kernel_end(); }
			scamp5_kernel_begin();
				bus(NEWS,A);
				bus(A,(y&1) ? XE : XW);
			scamp5_kernel_end();
		}
		scamp5_kernel_begin();
			bus(NEWS,A); bus(A,XS);
		scamp5_kernel_end();
	}
	//ReLU
	scamp5_kernel_begin();
		where(B);
			MOV(R7,FLAG);
		all();
		NOT(R8,R7);
		WHERE(R8);
			res(B);
		all();
	scamp5_kernel_end();
}
void max_pool_2x2(){
	scamp5_kernel_begin();
		movx(C,B,east); sub(D,C,B); where(D); mov(B,C); all();
		movx(C,B,south); sub(D,C,B); where(D); mov(B,C); all();
	scamp5_kernel_end();
}
int main()
{
	vs_init();
	display_1 = vs_gui_add_display("out",0,0,2);
	store_weight_bits(0,(const unsigned char*)"\x12\x34\x56\x78\x9a\xbc\xde\xf0");
	vs_on_gui_update(VS_GUI_FRAME_RATE,[&](int32_t new_value){
		uint32_t framerate = new_value;
		if(framerate > 0) vs_configure_frame_trigger(framerate); else vs_disable_frame_trigger();
	});
	while(1){
		vs_frame_loop_control();
		scamp5_kernel_begin();
			respix(); 
			get_image(A,E);
		scamp5_kernel_end();
		scamp5_shift(A,-30,-30);
		for(int f=0;f<FILTERS;f++){ convolution(f); max_pool_2x2(); times_weight_accumulate();
			std::vector<uint8_t> buf(16); scamp5_global_sum_16(B,buf.data()); scores[f%10]+=buf[0]; }
		auto best = std::max_element(scores, scores+10) - scores;
		vs_post_text("digit %d\n",(int)best);
		scamp5_kernel_begin();
			REFRESH(R5); REFRESH(R6); REFRESH(R10);
		scamp5_kernel_end();
		scamp5_output_image(B,display_1);
	}
}
