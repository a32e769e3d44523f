// bits of neighbours: several directions at once, what lies outside
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_load_rect(R5, 100, 100, 102, 102);
        scamp5_kernel_begin();
            DNEWS(R6, R5, north | east | south | west);
            OR(R6, R5);
            DNEWS(R7, R5, east);
            DNEWS(R8, R5, south, 1);
            CLR(RS, RW, RN, RE);
            SET(RN);
            DNEWS0(R9, R5);
            XORX(R10, R7, R5);
        scamp5_kernel_end();
        scamp5_shift(R5, 2, -3);
        scamp5_load_rect(R11, 0, 0, 0, 255);
    }
}
