// kernels handed over as functions
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static void threshold() {
    using namespace scamp5_kernel_api;
    sub(B, A, E);
    where(B);
    MOV(R5, FLAG);
    all();
}
auto stored = scamp5_kernel([] {
    using namespace scamp5_kernel_api;
    NOT(R6, R5);
});

int main() {
    vs_init();
    scamp5_kernel mine(threshold);
    scamp5_kernel copy = mine;
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, 30);
        scamp5_launch_kernel([] {
            using namespace scamp5_kernel_api;
            get_image(A);
        });
        scamp5_launch_kernel(copy);
        scamp5_launch_kernel(stored);
        stored.launch();
        vs_post_text("%d %d", copy.size(), stored.is_empty());
    }
}
