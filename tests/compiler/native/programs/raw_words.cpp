// raw instruction words: the program compiles, and it is said that they were not carried out
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static void fused() {
    scamp5_dynamic_kernel_begin();
        icw(0, {2, 3});
    scamp5_dynamic_kernel_end();
}

int main() {
    vs_init();
    fused();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            icw(1, {4, 9, 17});
            neg(B, A);
        scamp5_kernel_end();
    }
}

