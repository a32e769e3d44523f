// templates over numbers and types, each with a kernel of its own
#include <scamp5.hpp>
using namespace SCAMP5_PE;

template <int DX, int DY>
struct Shift {
    static void apply(AREG r) {
        scamp5_kernel_begin();
            for (int i = 0; i < (DX > 0 ? DX : -DX); i++) movx(r, r, DX > 0 ? west : east);
            for (int i = 0; i < (DY > 0 ? DY : -DY); i++) movx(r, r, DY > 0 ? south : north);
        scamp5_kernel_end();
    }
};

template <typename Register>
void keep(Register y, Register x);
template <>
void keep<areg_t>(areg_t y, areg_t x) {
    scamp5_dynamic_kernel_begin();
        mov(y, x);
    scamp5_dynamic_kernel_end();
}
template <>
void keep<dreg_t>(dreg_t y, dreg_t x) {
    scamp5_dynamic_kernel_begin();
        MOV(y, x);
    scamp5_dynamic_kernel_end();
}

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            mov(B, A);
        scamp5_kernel_end();
        Shift<2, 0>::apply(A);
        Shift<-1, 3>::apply(B);
        scamp5_load_point(R5, 9, 9);
        keep<areg_t>(C, B);
        keep<dreg_t>(R6, R5);
    }
}
