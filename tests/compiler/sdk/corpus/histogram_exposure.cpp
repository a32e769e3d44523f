#include <scamp5.hpp>
using namespace SCAMP5_PE;
volatile int exposure_us = 2000, gain = 1;
void auto_exposure(){
	const int target = 100;
	uint8_t sums[16];
	int total = scamp5_global_sum_16(A, sums) / 16;
	int err = target - total;
	exposure_us += err * 10;
	if(exposure_us < 100) exposure_us = 100; else if(exposure_us > 40000) exposure_us = 40000;
	vs_configure_frame_trigger(1000000 / exposure_us);
}
void histogram(int *bins){
	for(int level = -128, i = 0; level < 128; level += 16, i++){
		scamp5_in(B, level);
		scamp5_kernel_begin();
			sub(C,A,B);
			where(C);
				MOV(R5,FLAG);
			all();
		scamp5_kernel_end();
		bins[i] = scamp5_global_count(R5,D,1);
	}
}
void hdr_capture(AREG out)
{
	scamp5_kernel_begin();
		respix(F);
	scamp5_kernel_end();
	for(volatile int i=0;i<100;i++){}
	vs_wait(100);
	scamp5_kernel_begin();
		getpix(C,F);
	scamp5_kernel_end();
	vs_wait(1000);
	scamp5_dynamic_kernel_begin();
		getpix(D,E,F);
		diva(D,A,B);
		add(out,C,D);
	scamp5_dynamic_kernel_end();
}
int main(){
	vs_init();
	auto d=vs_gui_add_display("hist",0,1,1,style_plot_placeholder);
	vs_gui_set_scope(d,0,4096,16);
	int bins[16];
	while(1){
		vs_frame_loop_control();
		vs_vision_chip_reset_exposure();
		scamp5_get_image(A,B,gain);
		hdr_capture(E);
		auto_exposure();
		histogram(bins);
		vs_post_int32(bins,1,16);
		scamp5_output_image(A,vs_gui_add_display("img",0,0));
	}
}
