// address patterns: every fourth pixel, every row of a kind
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_load_pattern(R5, 3, 1, 252, 252);
        scamp5_select_pattern(0, 0, 254, 255);
        scamp5_kernel_begin();
            MOV(R6, SELECT);
        scamp5_kernel_end();
        scamp5_select_rect(10, 20, 30, 40);
        scamp5_kernel_begin();
            MOV(R7, RECT);
        scamp5_kernel_end();
        scamp5_select_row(5);
        scamp5_kernel_begin();
            MOV(R8, SELECT);
        scamp5_kernel_end();
        scamp5_select_colx(2, 192);
        scamp5_kernel_begin();
            MOV(R9, SELECT);
        scamp5_kernel_end();
        scamp5_load_region(R10, 1, 2, 3, 4);
    }
}
