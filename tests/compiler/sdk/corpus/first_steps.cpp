// First steps, one instruction after the other: what each does is shown on a display of its own.
#include <scamp5.hpp>
using namespace SCAMP5_PE;

const char* titles[] = {"copy", "add", "negate", "halve", "threshold", "logic", "neighbours"};

static void show(int i, vs_handle d, areg_t r) {
    scamp5_output_image(r, d);
    vs_post_text("%s\n", titles[i]);
}

int main() {
    vs_init();
    vs_handle d = vs_gui_add_display("shown", 0, 0);
    int level = 30;
    vs_gui_add_slider("level", -100, 100, level, &level);

    while (1) {
        vs_frame_loop_control();

        // a picture
        scamp5_kernel_begin();
            get_image(A, B);
        scamp5_kernel_end();

        // copies
        scamp5_kernel_begin();
            mov(C, A);
            bus(NEWS, A); bus(D, NEWS);
        scamp5_kernel_end();
        show(0, d, C);

        // sums
        scamp5_kernel_begin();
            add(D, C, B);
            sub(E, C, B);
            bus(D, B, C);
        scamp5_kernel_end();
        show(1, d, D);

        // signs
        scamp5_kernel_begin();
            neg(D, C);
            abs(E, D);
        scamp5_kernel_end();
        show(2, d, E);

        // halves
        scamp5_kernel_begin();
            divq(D, C);
            div(D, E, F, C);
            mov(D, C); diva(D, E, F);
        scamp5_kernel_end();
        show(3, d, D);

        // a level, and masks
        scamp5_in(E, level);
        scamp5_load_dac(F, 2048);
        scamp5_kernel_begin();
            sub(D, C, E);
            where(D);
                MOV(R5, FLAG);
                res(D);
            all();
        scamp5_kernel_end();
        show(4, d, D);

        // bits
        scamp5_kernel_begin();
            NOT(R6, R5);
            OR(R7, R5, R6);
            AND(R8, R5, R7);
            NOR(R9, R5, R6);
            XOR(R10, R5, R6);
        scamp5_kernel_end();
        scamp5_output_image(R10, d);

        // neighbours
        scamp5_kernel_begin();
            DNEWS(R6, R5, north);
            CLR(R1, R2, R3, R4); SET(R1);
            DNEWS0(R7, R6);
            DNEWS1(R8, R6);
            movx(C, A, south);
        scamp5_kernel_end();
        show(6, d, C);

        // everything again, one call a kernel
        scamp5_kernel_begin(); all(); scamp5_kernel_end();
        scamp5_kernel_begin(); ALL(); scamp5_kernel_end();
        scamp5_kernel_begin(); respix(); scamp5_kernel_end();
    }
}
