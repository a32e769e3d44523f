// a small layer of binary weights: stored by patterns, multiplied by masks, summed by moves
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static const int8_t weights[2][2] = {{1, -1}, {-1, 1}};

static void store() {
    scamp5_kernel_begin();
        CLR(R8, R9);
    scamp5_kernel_end();
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) {
            scamp5_load_pattern(R10, r, c, 254, 254);
            if (weights[r][c] > 0) {
                scamp5_kernel_begin();
                    OR(R8, R10);
                scamp5_kernel_end();
            } else {
                scamp5_kernel_begin();
                    OR(R9, R10);
                scamp5_kernel_end();
            }
        }
}

int main() {
    vs_init();
    store();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            mov(B, A);
            WHERE(R9);
                neg(B, A);
            all();
            movx(C, B, east);
            add(C, C, B);
            movx(D, C, south);
            add(D, D, C);
        scamp5_kernel_end();
        vs_post_text("%d", scamp5_global_sum_fast(D));
    }
}
