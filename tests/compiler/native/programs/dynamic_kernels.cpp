// kernels that are recorded at each launch, with operands that change
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static void copy(const dreg_t& to, DREG from) {
    scamp5_dynamic_kernel_begin();
        MOV(to, from);
    scamp5_dynamic_kernel_end();
}
static void frozen(AREG y, int n) {
    scamp5_kernel_begin();
        for (int i = 0; i < n; i++) movx(y, y, east);
    scamp5_kernel_end();
}
scamp5_dynamic_kernel again([] {
    using namespace scamp5_kernel_api;
    NOT(R9, R8);
});

int main() {
    vs_init();
    const dreg_t ring[] = {R5, R6, R7, R8};
    while (1) {
        vs_frame_loop_control();
        scamp5_load_rect(R5, 10, 10, 20, 20);
        for (int i = 0; i < 3; i++) copy(ring[i + 1], ring[i]);
        again();
        scamp5_kernel_begin();
            get_image(A);
            mov(B, A);
        scamp5_kernel_end();
        frozen(A, 2);
        frozen(B, 3);  // static: keeps the words of its first launch
    }
}
