// random numbers with a seed of the program's own
#include <scamp5.hpp>
#include <random>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    std::mt19937 dice(7);
    auto d = vs_gui_add_display("rectangles", 0, 0);
    scamp5_kernel_begin();
        CLR(R5);
    scamp5_kernel_end();
    while (1) {
        vs_frame_loop_control();
        int top = dice() % 200;
        int bottom = top + 10;
        scamp5_load_rect(R6, top, 20, bottom, 60);
        scamp5_kernel_begin();
            OR(R5, R6);
        scamp5_kernel_end();
        vs_post_text("%d", top);
        scamp5_output_image(R5, d);
    }
}
