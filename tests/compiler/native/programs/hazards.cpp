// words that the chip has no defined result for: carried out, and said
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_in(B, 21);
        scamp5_kernel_begin();
            add(A, B, B);     // a source counts once: 21
            mov(C, A);
            add(C, C, A);     // 42: doubled by a copy
            sub(D, C, A);     // 21
        scamp5_kernel_end();
        scamp5_kernel_begin();
            bus(E, C, C, A);  // -(42 + 21)
        scamp5_kernel_end();
    }
}
