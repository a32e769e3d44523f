// time is the board's, and passes between any two readings
#include <scamp5.hpp>
using namespace SCAMP5_PE;

vs_stopwatch frame_timer, output_timer;

int main() {
    vs_init();
    auto d = vs_gui_add_display("picture", 0, 0);
    while (1) {
        frame_timer.reset();
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        output_timer.reset();
        scamp5_output_image(A, d);
        int output = output_timer.get_usec();
        int frame = frame_timer.get_usec();
        int again = frame_timer.get_usec();
        vs_post_text("%d %d %d", output, frame, again - frame);
        vs_post_text("%d", output * 100 / frame);
    }
}
