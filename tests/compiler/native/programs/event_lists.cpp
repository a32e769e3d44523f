// events are read, and drawn again where they were
#include <scamp5.hpp>
#include <cstring>
using namespace SCAMP5_PE;

#define MOST 20
uint8_t events[2 * MOST];

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            CLR(R5, R6);
        scamp5_kernel_end();
        const uint8_t spots[3][2] = {{10, 20}, {30, 200}, {250, 1}};
        for (auto& spot : spots) {
            scamp5_load_point(R7, spot[0], spot[1]);
            scamp5_kernel_begin();
                OR(R5, R7);
            scamp5_kernel_end();
        }
        memset(events, 0, sizeof events);
        int told = scamp5_scan_events(R5, events, MOST), found = 0;
        scamp5_draw_begin(R6);
        for (int i = 0; i < MOST; i++) {
            int c = events[2 * i], r = events[2 * i + 1];
            if (c == 0 && r == 0) break;
            scamp5_draw_rect(r, c, r + 1, c + 1);
            found++;
        }
        scamp5_draw_end();
        vs_post_text("%d %d", found, told);
    }
}
