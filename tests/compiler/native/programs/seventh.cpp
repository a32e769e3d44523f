// spellings of SCAMP-7, taken as those of SCAMP-5
#include <scamp7.hpp>
using namespace SCAMP7_PE;

static void grab() {
    scamp7_kernel_begin();
        get_image(A);
        neg(B, A);
    scamp7_kernel_end();
}

int main() {
    vs_init();
    auto d = vs_gui_add_display("negative", 0, 0);
    while (1) {
        vs_frame_loop_control();
        grab();
        scamp7_in(C, 9);
        scamp7_load_point(R5, 3, 3);
        scamp7_output_image(B, d);
    }
}
