#include <scamp5.hpp>
#include "shift_methods.hpp"
using namespace SCAMP5_PE;
int main(){
	vs_init();
	auto d = vs_gui_add_display("d",0,0);
	int x=0,y=0; VS_GUI_DISPLAY_STYLE(style_plot,R"JSON(
    {
        "plot_palette": "plot_4",
        "plot_palette_groups": 4
    }
    )JSON");
	vs_gui_add_slider("x",-20,20,x,&x);
	vs_gui_add_slider("y",-20,20,y,&y);
	while(1){
		vs_frame_loop_control();
		scamp5_kernel_begin();
			get_image(C,D);
			mov(A,C);
		scamp5_kernel_end();
		shift_areg_east(A, x);
		scamp5_load_in(B,x*2);
		scamp5_kernel_begin();
			sub(A,A,B);
			where(A);
				MOV(S0,FLAG);
			all();
		scamp5_kernel_end();
		shift_dreg(S0,y<0?-y:y,y<0?dir_south:dir_north);
		scamp5_output_image(S0,d);
	}
}
