// a branch that only a button opens, a lambda with captures
#include <scamp5.hpp>
using namespace SCAMP5_PE;

volatile bool run_it = false;

int main() {
    vs_init();
    int presses = 0;
    auto go = vs_gui_add_button("go");
    vs_on_gui_update(go, [&](int32_t value) {
        run_it = true;
        presses += value;
    });
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        if (run_it) {
            scamp5_kernel_begin();
                neg(B, A);
            scamp5_kernel_end();
            run_it = false;
        } else {
            scamp5_kernel_begin();
                res(B);
            scamp5_kernel_end();
        }
        vs_post_text("%d", presses);
    }
}
