#include <scamp5.hpp>
using namespace SCAMP5_PE;
// sum bits by stacking columns
void stack_once(int n){
	scamp5_kernel_begin();
		MOV(R1,R5);
		NOT(R3,R5);
		CLR(R2,R4);
	scamp5_kernel_end();
	for(int i=0;i<n;i++){
		scamp5_kernel_begin();
			DNEWS0(R6,R5);
			MOV(R5,R6);
			MOV(R1,R5);
			NOT(R3,R5);
		scamp5_kernel_end();
	}
}
int main(){
	vs_init();
	const auto d1 = vs_gui_add_display("in",0,0), d2 = vs_gui_add_display("castle",0,1);
	while(1){
		vs_frame_loop_control();
		scamp5_load_in(F,-20);
		scamp5_kernel_begin();
			get_image(A,B);
			add(A,A,F);
			where(A); MOV(R5,FLAG); all();
			MOV(R7,R5);
		scamp5_kernel_end();
		stack_once(256);
		scamp5_kernel_begin();
			SET(R1); CLR(R2,R3,R4);
			DNEWS0(R6,R5);
			XOR(R8,R6,R5);
		scamp5_kernel_end();
		uint8_t bb[8];
		scamp5_scan_boundingbox(R8,bb);
		uint8_t ev[512];
		scamp5_scan_events(R8,ev,256);
		int sum=0; for(int i=0;i<256;i++) sum+=256-ev[i*2+1];
		vs_post_text("sum %d\n",sum);
		scamp5_output_image(R7,d1); scamp5_output_image(R5,d2);
		scamp5_output_boundingbox(R8,d2);
	}
}
