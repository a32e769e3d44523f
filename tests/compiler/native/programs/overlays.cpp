// kernels that come and go: their words of the store are free again
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static void overlay(int times) {
    scamp5_kernel k([=] {
        using namespace scamp5_kernel_api;
        for (int i = 0; i < times; i++) movx(A, A, west);
    });
    k();
    vs_post_text("%d", k.size());
}

int main() {
    vs_init();
    scamp5_kernel grab([] {
        using namespace scamp5_kernel_api;
        get_image(A);
    });
    scamp5_kernel heavy([] {
        using namespace scamp5_kernel_api;
        for (int i = 0; i < 400; i++) { mov(B, A); }
    });
    heavy.move_to_heap(true);
    while (1) {
        vs_frame_loop_control();
        grab.launch();
        overlay(300);
        overlay(350);
        heavy();
    }
}
