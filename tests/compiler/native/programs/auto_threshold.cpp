// the commonest control loop: a count decides the threshold of the next frame
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    int threshold = 100;
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, threshold);
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        int share = scamp5_global_count(R5, F);
        vs_post_text("%d %d", threshold, share > 2048);
        if (share > 2048)
            threshold += 10;
        else
            threshold -= 20;
    }
}
