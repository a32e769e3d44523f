// every way to load a constant
#include <scamp5.hpp>
using namespace SCAMP5_PE;

const int LOW = -100;
constexpr int8_t HIGH = 100;

int main() {
    vs_init();
    double gamma = 0.5;
    while (1) {
        vs_frame_loop_control();
        scamp5_in(A, LOW);
        scamp5_load_in(B, HIGH, F);
        scamp5_load_in(25);
        scamp5_kernel_begin();
            bus(NEWS, IN);
            bus(C, NEWS);
        scamp5_kernel_end();
        scamp5_load_dac(D, 0);
        vs_scamp5_set_dac(4095);
        scamp5_kernel_begin();
            bus(E, IN);
        scamp5_kernel_end();
        scamp5_in(F, 30 * gamma);
    }
}
