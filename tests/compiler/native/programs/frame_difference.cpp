// state from frame to frame: motion is what differs
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    auto d = vs_gui_add_display("motion", 0, 0);
    scamp5_kernel_begin();
        res(C);
    scamp5_kernel_end();
    scamp5_in(E, 10);
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, C);
            abs(D, B);
            mov(C, A);
            sub(D, D, E);
            where(D);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        scamp5_output_image(R5, d);
    }
}
