// sums of every kind decide a gain
#include <scamp5.hpp>
#include <algorithm>
#include <numeric>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    int gain = 1;
    while (1) {
        vs_frame_loop_control();
        scamp5_get_image(A, B, gain);
        uint8_t parts[16];
        scamp5_global_sum_16(B, parts);
        int total = scamp5_global_sum_16(B);
        int by_parts = std::accumulate(parts, parts + 16, 0);
        int fine = scamp5_global_sum_64(B);
        int quick = scamp5_global_sum_fast(B);
        int corner = scamp5_global_sum_region(B, 0, 0, 63, 63);
        int sparse = scamp5_global_sum_sparse(B);
        vs_post_text("%d %d %d %d %d", total == by_parts, fine / 64 - quick, corner, sparse, gain);
        if (quick < 190)
            gain = std::min(gain + 1, 5);
        else
            gain = std::max(gain - 1, 1);
    }
}
