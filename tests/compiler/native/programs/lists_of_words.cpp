// lists of destinations and sources, words in place, prepared halves
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_in(C, 12);
        scamp5_in(D, 30);
        scamp5_load_rect(R5, 0, 0, 127, 255);
        scamp5_kernel_begin();
            bus({A, B}, {C, D});
            bus2(E, F, C);
            MOV({R6, R7}, R5);
            NOT(R6);
            OR(R8, R5, R6, R7);
            NOR(R9, R5, R6);
            SET(R10, R11);
            REFRESH(R10);
            IMP(R4, R5, R7);
            NIMP(R3, R6, R7);
        scamp5_kernel_end();
    }
}
