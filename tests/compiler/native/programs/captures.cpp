// full and half range, gain, exposure by hand, the same scene twice in a frame
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_get_image(A, B);
        scamp5_get_image(C, D, 2);
        scamp5_kernel_begin();
            respix(E);
        scamp5_kernel_end();
        scamp5_kernel_begin();
            getpix(F, E);
        scamp5_kernel_end();
        vs_vision_chip_reset_exposure();
        scamp5_in(E, 1);
    }
}
