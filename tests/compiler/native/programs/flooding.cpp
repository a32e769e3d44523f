// a flood from one point within a mask, and the same by hand
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_load_rect(R5, 20, 20, 60, 60);
        scamp5_load_rect(R6, 100, 100, 120, 120);
        scamp5_kernel_begin();
            OR(R7, R5, R6);
        scamp5_kernel_end();
        scamp5_load_point(R8, 40, 40);
        scamp5_flood(R8, R7, 0, 5);
        scamp5_load_point(R9, 110, 110);
        scamp5_kernel_begin();
            SET(R1, R2, R3, R4);
            SET(R0);
            MOV(R12, R9);
            MOV(R0, R7);
            PROP0();
            PROP0();
            MOV(R9, R12);
        scamp5_kernel_end();
        vs_post_text("%d", scamp5_global_or(R8, 60, 60, 0, 0));
    }
}
