// variables that sliders and switches are bound to, of every kind
#include <scamp5.hpp>
using namespace SCAMP5_PE;

struct Settings {
    int32_t level = 12;
    bool inverted = false;
} settings;
volatile int offset = 4;
int unused = 0;

int main() {
    vs_init();
    int16_t narrow = 3;
    vs_gui_add_slider("level: ", -100, 100, settings.level, &settings.level);
    vs_gui_add_slider("offset", 0, 50, 4, &offset);
    vs_gui_add_switch("inverted", false, &settings.inverted);
    auto third = vs_gui_add_slider("third", 0, 9, 2);
    auto moved = vs_gui_add_slider_latched("moved", 0, 9, 1, &narrow);
    while (1) {
        vs_frame_loop_control();
        vs_gui_move_slider(moved, 5);
        scamp5_in(A, settings.inverted ? -settings.level : settings.level);
        scamp5_in(B, offset + vs_gui_read_slider(third) + narrow);
        scamp5_kernel_begin();
            add(C, A, B);
        scamp5_kernel_end();
    }
}
