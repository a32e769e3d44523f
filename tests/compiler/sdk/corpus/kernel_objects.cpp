#include <scamp5.hpp>
using namespace SCAMP5_PE;
scamp5_kernel kern_a;
scamp5_kernel kern_edges([]{
	movx(B,A,east);
	sub(C,A,B);
	abs(D,C);
});
scamp5_dynamic_kernel dyn([]{ MOV(R5,R6); });
static void threshold_kernel(void){
	sub(E,A,F);
	where(E);
	MOV(R5,FLAG);
	all();
}
scamp5_kernel kthr(threshold_kernel);
int main(){
	vs_init();
	kern_a.constructor([](){
		get_image(A,B);
	});
	kern_a.move_to_heap(true);
	kern_a.allow_highspeed(false);
	scamp5_kernel k2([&](){
		for(int i=0;i<3;i++) movx(A,A,west);
	});
	auto k3 = new scamp5_kernel([](){ CLR(R5); SET(R6); });
	while(1){
		vs_frame_loop_control();
		kern_a.launch();
		kern_edges.launch();
		kthr.launch();
		k2.launch();
		k3->launch();
		scamp5_launch_kernel(threshold_kernel);
		scamp5_launch_kernel([](){ NOT(R7,R5); });
		scamp5_launch_kernel(kern_edges);
		dyn.launch();
		scamp5_output_image(R7,0);
	}
}
