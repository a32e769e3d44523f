#include <scamp5.hpp>

using namespace SCAMP5_PE;

// registers by name
#define CURRENT      A
#define PREVIOUS     B
#define DIFFERENCE   C
#define BACKGROUND   D
#define LEVEL        E
#define MOTION       R5
#define MOTION_OLD   R6

enum { SHOW_NOTHING, SHOW_IMAGE, SHOW_MOTION, SHOW_BOTH };

volatile int threshold;
int blend_shift;
int show_mode = SHOW_MOTION;

// background := (background + current) / 2
static void update_background(void)
{
    scamp5_kernel_begin();
        add(F, BACKGROUND, CURRENT);
        divq(BACKGROUND, F);
    scamp5_kernel_end();
}

int main(void)
{
    vs_init();
    vs_gui_set_info("frame difference");
    VS_HANDLE d0 = vs_gui_add_display("image", 0, 0);
    VS_HANDLE d1 = vs_gui_add_display("motion", 0, 1);

    vs_gui_add_slider("threshold", 0, 120, 15, &threshold);
    vs_gui_add_slider("blend", 0, 4, 1, &blend_shift);
    vs_gui_add_slider("show", 0, 3, 2, &show_mode);

    scamp5_kernel_begin();
        res(PREVIOUS);
        res(BACKGROUND);
        CLR(MOTION); CLR(MOTION_OLD);
    scamp5_kernel_end();

    while (1) {
        vs_frame_loop_control();

        if (vs_gui_is_on()) vs_led_on(VS_LED_1);

        scamp5_kernel_begin();
            mov(PREVIOUS, CURRENT);
            get_image(CURRENT);
        scamp5_kernel_end();

        scamp5_in(LEVEL, threshold);

        scamp5_kernel_begin();
            sub(F, CURRENT, PREVIOUS);
            abs(DIFFERENCE, F);
            sub(F, DIFFERENCE, LEVEL);
            where(F);
                MOV(MOTION_OLD, MOTION);
                MOV(MOTION, FLAG);
            all();
        scamp5_kernel_end();

        // both polarities
        scamp5_kernel_begin();
            sub(DIFFERENCE, CURRENT, PREVIOUS);
            where(DIFFERENCE);
                MOV(R7, FLAG);
            NOT(R8, FLAG);
            all();
            OR(R9, R7, R8);
        scamp5_kernel_end();

        update_background();

        scamp5_kernel_begin();
            XORX(R10, MOTION, MOTION_OLD);
            CLR_IF(R10, R9);
        scamp5_kernel_end();
#ifdef USE_XOR
        scamp5_kernel_begin();
            XOR(R10, MOTION, MOTION_OLD);
        scamp5_kernel_end();
#else
        scamp5_kernel_begin();
            OR(R10, MOTION, MOTION_OLD);
        scamp5_kernel_end();
#endif

        switch (show_mode) {
        case SHOW_IMAGE:
            scamp5_output_image(CURRENT, d0);
            break;
        case SHOW_BOTH:
            scamp5_output_image(CURRENT, d0);
            // fall through
        case SHOW_MOTION:
            scamp5_output_image(MOTION, d1);
            break;
        case SHOW_NOTHING:
        default:
            break;
        }
        const int moved = scamp5_global_sum_fast(DIFFERENCE);
        vs_post_set_channel(1);
        vs_post_int32(&moved, 1, 1);
#if 0
        scamp5_kernel_begin();
            old_instruction(A);
        scamp5_kernel_end();
#endif
        /* scamp5_kernel_begin();
            commented(A);
        scamp5_kernel_end(); */
    }
}
