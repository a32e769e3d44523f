// means of neighbours, a resistive grid, and a smoothing by hand
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            newsblurh(B, A);
            newsblurv(C, B, 1);
            movx(D, A, east);
            add(D, D, A);
            divq(E, D);
        scamp5_kernel_end();
        scamp5_kernel_begin();
            CLR(R1, R2);
            SET(R1, R2);
            mov(F, A);
        scamp5_kernel_end();
        scamp5_diffuse(F, 2);
    }
}
