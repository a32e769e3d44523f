// four bits of a picture as a stack of planes, the display first
#include <scamp5.hpp>
using namespace SCAMP5_PE;

static void send(areg_t source, vs_handle where_to) {
    scamp5_kernel_begin();
        mov(F, source);
    scamp5_kernel_end();
    scamp5_output_bitstack_begin(where_to, 4);
    for (int bit = 0; bit < 4; bit++) {
        scamp5_in(E, 64 >> bit);
        scamp5_kernel_begin();
            sub(D, F, E);
            where(D);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        scamp5_output_bitstack_bit(R5);
        scamp5_kernel_begin();
            WHERE(R5);
                sub(F, F, E);
            all();
        scamp5_kernel_end();
    }
    scamp5_output_bitstack_end();
}

int main() {
    vs_init();
    vs_handle list[2] = {vs_gui_add_display("a", 0, 0), vs_gui_add_display("b", 0, 1)};
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        send(A, list[1]);
        scamp5_output_image(A, list[0]);
    }
}
