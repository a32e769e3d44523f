// a picture that the host is asked for, drawn pixel by pixel
#include <scamp5.hpp>
using namespace SCAMP5_PE;

bool loaded = false;

static void load() {
    vs_gui_request_image("mark.png", 16, 16, [&](vs_dotmat const& dots) {
        if (!dots.is_valid()) {
            vs_post_text("no picture");
            return;
        }
        scamp5_kernel_begin();
            CLR(R5);
        scamp5_kernel_end();
        scamp5_draw_begin(R5);
        for (int r = 0; r < 16; r++)
            for (int c = 0; c < 16; c++)
                if (dots.get_dot(r, c)) scamp5_draw_pixel(r, 255 - c);
        scamp5_draw_end();
        loaded = true;
    });
}

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        if (!loaded) load();
        scamp5_kernel_begin();
            NOT(R6, R5);
        scamp5_kernel_end();
    }
}
