// branches of the preprocessor, and macros that are statement expressions
#include <scamp5.hpp>
using namespace SCAMP5_PE;

#ifndef DEPTH
#define DEPTH 2
#endif
#if DEPTH == 1
inline void step() { scamp5_kernel_begin(); get_image(A); neg(B, A); scamp5_kernel_end(); }
#elif DEPTH == 2
inline void step() { scamp5_kernel_begin(); get_image(A); movx(B, A, north); scamp5_kernel_end(); }
#else
#error unknown depth
#endif
#define LARGER(a, b) ({ int a_ = (a), b_ = (b); a_ > b_ ? a_ : b_; })
#define IN_KERNEL(...) do { scamp5_kernel_begin(); __VA_ARGS__; scamp5_kernel_end(); } while (0)
#define REG(n) R##n

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        step();
        scamp5_in(E, LARGER(3, LARGER(12, 7)));
        IN_KERNEL(add(C, B, E));
        IN_KERNEL(where(C); MOV(REG(7), FLAG); all());
    }
}
