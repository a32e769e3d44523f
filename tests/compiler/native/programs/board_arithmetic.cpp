// division by zero and what wraps, as on the board
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static int share(int part, int of) { return part * 100 / of; }

int main() {
    vs_init();
    int seen = 0;
    while (1) {
        vs_frame_loop_control();
        int percent = share(seen, seen);  // 0/0 in the first frame
        vs_post_text("%d", percent);
        scamp5_in(A, 241);                // -15
        scamp5_in(B, percent);
        scamp5_load_point(R5, 256 + 7, -1);  // (7, 255)
        int8_t low = 127;
        low++;
        scamp5_in(C, low);                // -128
        seen++;
    }
}
