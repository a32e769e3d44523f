// kernel objects in an array, filled by a call with a function, launched by number
#include <scamp5.hpp>
using namespace SCAMP5_PE;

scamp5_kernel* bank;
enum { GRAB = 0, EDGE = 1, BANKS = 2 };

static void fill() {
    bank = new scamp5_kernel[BANKS];
    bank[GRAB]([] {
        using namespace scamp5_kernel_api;
        get_image(A);
    });
    bank[EDGE]([] {
        using namespace scamp5_kernel_api;
        movx(B, A, west);
        sub(C, A, B);
        abs(D, C);
    });
    bank[EDGE]([] {  // it holds words: this one changes nothing
        using namespace scamp5_kernel_api;
        res(D);
    });
}

int main() {
    vs_init();
    fill();
    auto d = vs_gui_add_display("edges", 0, 0);
    while (1) {
        vs_frame_loop_control();
        for (int k = 0; k < BANKS; k++) scamp5_launch_kernel(bank[k]);
        scamp5_output_image(D, d);
    }
}
