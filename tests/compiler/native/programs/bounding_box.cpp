// the box of what is bright, drawn as lines round it
#include <scamp5.hpp>
using namespace SCAMP5_PE;

struct Box { uint8_t top, right, bottom, left; };

int main() {
    vs_init();
    auto d = vs_gui_add_display("box", 0, 0);
    Box box;
    while (1) {
        vs_frame_loop_control();
        scamp5_load_rect(R5, 40, 60, 80, 120);
        scamp5_scan_boundingbox(R5, (uint8_t*)&box);
        scamp5_kernel_begin();
            CLR(R6);
        scamp5_kernel_end();
        scamp5_draw_begin(R6);
        scamp5_draw_line(box.top, box.right, box.top, box.left);
        scamp5_draw_line(box.bottom, box.right, box.bottom, box.left);
        scamp5_draw_line(box.top, box.right, box.bottom, box.right);
        scamp5_draw_line(box.top, box.left, box.bottom, box.left);
        scamp5_draw_end();
        vs_post_text("%d %d %d %d", box.top, box.right, box.bottom, box.left);
        scamp5_output_boundingbox(R5, d);
    }
}
