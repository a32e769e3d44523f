// the program's own namespaces, aliases, using declarations and functions called like instructions
#include <scamp5.hpp>

namespace app {
using SCAMP5_PE::A;
using SCAMP5_PE::B;
namespace pe = SCAMP5_PE;
int add(int a, int b) { return a + b; }
int div(int a) { return a / 2; }

void step() {
    scamp5_kernel_begin();
        get_image(A);
        neg(B, A);
        SET(pe::R5);
    scamp5_kernel_end();
}
void helper(areg_t y, areg_t x) {
    using namespace scamp5_kernel_api;
    mov(y, x);
    scamp5_kernel_api::add(y, y, SCAMP5_PE::B);
}
}  // namespace app

int abs_of(int v) { return abs(v); }

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        app::step();
        scamp5_in(SCAMP5_PE::E, app::add(abs_of(-3), app::div(8)));
        scamp5_kernel_begin();
            app::helper(SCAMP5_PE::C, SCAMP5_PE::E);
        scamp5_kernel_end();
    }
}
