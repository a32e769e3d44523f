// switch, goto, do, recursion, exceptions and early returns round kernels
#include <scamp5.hpp>
#include <stdexcept>
using namespace SCAMP5_PE;

static void east_by(int n) {
    if (n == 0) return;
    scamp5_dynamic_kernel_begin();
        movx(A, A, west);
    scamp5_dynamic_kernel_end();
    east_by(n - 1);
}

static int mode(int frame) {
    switch (frame % 3) {
        case 0: return 1;
        case 1: goto second;
        default: break;
    }
    return 3;
second:
    return 2;
}

int main() {
    vs_init();
    int frame = 0;
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        int n = 0;
        do {
            n++;
            if (n == 2) continue;
        } while (n < mode(frame));
        try {
            if (frame == 1) throw std::runtime_error("skip");
            east_by(n);
        } catch (const std::exception& e) {
            vs_post_text("%s", e.what());
        }
        frame++;
    }
}
