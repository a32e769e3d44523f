#include <scamp5.hpp>
using namespace SCAMP5_PE;

vs_stopwatch frame_timer;
vs_stopwatch output_timer;

int main()
{
    //Initialization
    vs_init();

    //Setup Host App
    	vs_gui_set_info(VS_M0_PROJECT_INFO_STRING);//displays info about the program including compile date+time
        int disp_size = 2;
        auto display_00 = vs_gui_add_display("A",0,0,disp_size);
        auto display_01 = vs_gui_add_display("B",0,disp_size,disp_size);
        auto display_02 = vs_gui_add_display("A+B",disp_size,0,disp_size);

        int A_value = 50,B_value = -20;
        vs_gui_add_slider("A_value: ",-127,127,A_value,&A_value);
        vs_gui_add_slider("B_value: ",-127,127,B_value,&B_value);
        int op = 0;
        vs_gui_add_slider("op: ",0,3,op,&op);
        bool use_abs = false;
        vs_gui_add_switch("abs",false,&use_abs);

    //CONTINOUS FRAME LOOP
    while(true)
    {
    	frame_timer.reset();//reset frame_timer

       	vs_disable_frame_trigger();
        vs_frame_loop_control();

        scamp5_in(A,A_value);//Load the value into all PEs
        scamp5_in(B,B_value);

        switch(op)
        {
        	case 0:
        	default:
        		scamp5_kernel_begin();
        			add(C,A,B);	//C = A + B
        		scamp5_kernel_end();
        		break;
        	case 1:
        		scamp5_kernel_begin();
        			sub(C,A,B);
        		scamp5_kernel_end();
        		break;
        	case 2: {
        		scamp5_kernel_begin();
        			neg(C,A);
        		scamp5_kernel_end();
        	}
        	case 3:
        		scamp5_kernel_begin();divq(C,A);scamp5_kernel_end();
        		break;
        }
        if(use_abs)
        {
        	scamp5_kernel_begin();
        		abs(D,C);
        		mov(C,D);
        	scamp5_kernel_end();
        }

        output_timer.reset();
		scamp5_output_image(A,display_00);
		scamp5_output_image(B,display_01);
		scamp5_output_image(C,display_02);
        int output_time_microseconds = output_timer.get_usec();//get the time taken for image output

        int frame_time_microseconds = frame_timer.get_usec();//get the time taken for this frame
		int max_possible_frame_rate = 1000000/frame_time_microseconds; //calculate the possible max FPS
		int image_output_time_percentage = (output_time_microseconds*100)/frame_time_microseconds;
		vs_post_text("frame time %d microseconds(%%%d image output), potential FPS ~%d \n",frame_time_microseconds,image_output_time_percentage,max_possible_frame_rate);
    }
    return 0;
}
