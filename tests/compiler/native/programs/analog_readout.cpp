// values are read in the board's order: column after column from the top right
#include <scamp5.hpp>
using namespace SCAMP5_PE;

uint8_t values[16 * 16];

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        scamp5_scan_areg(A, values, 0, 0, 255, 255, 16, 16);
        uint8_t one = scamp5_read_areg(A, 16, 32);
        uint8_t means[64];
        scamp5_scan_areg_mean_8x8(A, means);
        uint8_t row[32];
        scamp5_load_rect(R5, 3, 8, 3, 15);
        scamp5_scan_dreg(R5, row, 3, 3);
        vs_post_text("%d %d %d %d", values[16 * 2 + 1], one, means[0], row[1]);
    }
}
