// points, lines, rectangles, circles, and what lies outside
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            CLR(R5, R6);
        scamp5_kernel_end();
        scamp5_draw_begin(R5);
        scamp5_draw_line(10, 10, 10, 30);
        scamp5_draw_rect(50, 60, 52, 70);
        scamp5_draw_pixel(300, 5);  // row 44
        int in = scamp5_draw_point(7, 8), out = scamp5_draw_point(7, 300);
        scamp5_draw_end();
        scamp5_draw_begin(R6);
        scamp5_draw_circle(100, 100, 20);
        scamp5_draw_negate();
        scamp5_draw_end();
        vs_post_text("%d %d", in, out);
    }
}
