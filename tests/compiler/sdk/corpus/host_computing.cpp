#include <scamp5.hpp>
#include <cmath>
using namespace SCAMP5_PE;
static float lut[256]; static uint8_t img[256*256]; static int hist[256];
void build(){ for(int i=0;i<256;i++) lut[i]=std::exp(-i*i/512.f)*127; }
void process(){
	for(int r=0;r<256;r++)
		for(int c=0;c<256;c++){
			int v = img[r*256+c];
			hist[v]++;
			if(v>128) img[r*256+c] = (uint8_t)(lut[v]*0.5f+v/2);
		}
}
int main(){
	vs_init();
	build();
	while(1){
		vs_frame_loop_control();
		scamp5_kernel_begin(); get_image(A,B); scamp5_kernel_end();
		scamp5_scan_areg(A,img,0,0,255,255,1,1);
		process();
		int th=0; float best=0;
		for(int t=0;t<256;t++){ float w0=0,w1=0,s0=0,s1=0; for(int i=0;i<256;i++){ if(i<=t){w0+=hist[i];s0+=i*hist[i];} else {w1+=hist[i];s1+=i*hist[i];} }
			float m0=w0?s0/w0:0,m1=w1?s1/w1:0; float var=w0*w1*(m0-m1)*(m0-m1); if(var>best){best=var;th=t;} }
		scamp5_in(C,th-128);
		scamp5_kernel_begin(); sub(D,A,C); where(D); MOV(R5,FLAG); all(); scamp5_kernel_end();
		scamp5_output_image(R5,0);
	}
}
