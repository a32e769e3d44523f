// pictures moved by the host's routine, by ports and by macros of two steps
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            mov2x(B, A, north, west);
            addx(C, A, B, east);
            sub2x(D, A, south, south, B);
            bus(XE, A);
            bus(E, XW);
            subx(F, A, west, A);
        scamp5_kernel_end();
        scamp5_shift(A, 3, -5);
    }
}
