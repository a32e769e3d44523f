// Drawing into digital registers: lines, circles, rectangles, patterns; overlays on the picture.
#include <scamp5.hpp>
#include <cmath>
#include <cstdlib>

using namespace SCAMP5_PE;

#define PI 3.14159265f
#define CANVAS R5
#define TEXT_PLANE R6
#define OVERLAY(reg, canvas) scamp5_kernel_begin(); WHERE(canvas); mov(reg, E); all(); scamp5_kernel_end()

static int angle = 0;
const float radius = 60.5f;
const int centre_r = 127, centre_c = 127;

struct point { int r, c; };
const int star[5][2] = {{20, 128}, {220, 60}, {90, 230}, {90, 26}, {220, 196}};

void clear(dreg_t plane) {
    scamp5_dynamic_kernel_begin();
        CLR(plane);
    scamp5_dynamic_kernel_end();
}

void draw_clock(int hour, int minute) {
    scamp5_draw_begin(CANVAS);
        scamp5_draw_circle(centre_r, centre_c, (int)radius);
        scamp5_draw_circle(centre_r, centre_c, int(radius) + 5, false);
        for (int i = 0; i < 12; i++) {
            float a = i * PI / 6.0f;
            int r = centre_r - (int)(cosf(a) * radius);
            int c = centre_c - (int)(sinf(a) * radius);
            scamp5_draw_point(r, c);
            scamp5_draw_pixel(r + 1, c);
        }
        scamp5_draw_line(centre_r, centre_c, centre_r - 40, centre_c);
        scamp5_draw_line(centre_r, centre_c, centre_r, centre_c - 50, true);
    scamp5_draw_end();
    scamp5_kernel_begin();
        REFRESH(CANVAS);
    scamp5_kernel_end();
}

void draw_star() {
    scamp5_draw_begin(TEXT_PLANE);
    for (int i = 0; i < 5; i++) {
        const int next = (i + 1) % 5;
        scamp5_draw_line(star[i][0], star[i][1], star[next][0], star[next][1]);
    }
    scamp5_draw_rect(10, 10, 20, 245);
    scamp5_draw_negate();
    scamp5_draw_negate();
    scamp5_draw_end();
}

// boxes that grow
void grow(int steps)
{
    while (steps-- > 0)
    {
        scamp5_kernel_begin();
            SET(RN, RS, RE, RW);
            DNEWS0(R10, CANVAS);
            OR(R9, CANVAS, R10);
            MOV(CANVAS, R9);
            CLR(RN, RS, RE, RW);
        scamp5_kernel_end();
    }
}

int main() {
    vs_init();
    auto display = vs_gui_add_display("canvas", 0, 0, 2);
    int hours = 3, minutes = 15;
    vs_gui_add_slider("hours", 0, 11, hours, &hours);
    vs_gui_add_slider("minutes", 0, 59, minutes, &minutes);
    bool show_grid = false;
    vs_gui_add_switch("grid", show_grid, &show_grid);

    scamp5_in(E, 120);
    scamp5_load_in(F, -120);
    while (1) {
        vs_frame_loop_control();
        clear(CANVAS);
        clear(TEXT_PLANE);
        draw_clock(hours, minutes);
        draw_star();
        grow(2);

        scamp5_kernel_begin();
            get_image(A);
            CLR(R7, R8);
        scamp5_kernel_end();

        OVERLAY(A, CANVAS);
        OVERLAY(A, TEXT_PLANE);

        if (show_grid) {
            scamp5_load_pattern(R7, 0, 0, 240, 255);
            scamp5_load_pattern(R8, 0, 0, 255, 240);
            scamp5_kernel_begin();
                OR(R9, R7, R8);
                WHERE(R9);
                    mov(A, F);
                all();
            scamp5_kernel_end();
        }

        scamp5_select_row(128);
        scamp5_kernel_begin();
            OR(R7, SELECT);
        scamp5_kernel_end();
        scamp5_select_col(128);
        scamp5_kernel_begin();
            OR(R7, SELECT);
        scamp5_kernel_end();
        scamp5_select_rowx(3, 0xF0);
        scamp5_kernel_begin();
            OR(R7, SELECT);
        scamp5_kernel_end();
        scamp5_select_colx(3, 0xF0u);
        scamp5_kernel_begin();
            OR(R7, SELECT);
        scamp5_kernel_end();
        scamp5_select_point(5, 5);
        scamp5_kernel_begin();
            OR(R7, SELECT);
        scamp5_kernel_end();
        for (int band = 0; band < 256; band += 32) {
            scamp5_load_rect(R8, band, 0, band + 7, 255);
            scamp5_kernel_begin();
                OR(R7, R8);
            scamp5_kernel_end();
        }

        scamp5_kernel_begin();
            WHERE(R7);
                neg(B, A);
            all();
        scamp5_kernel_end();
        scamp5_output_image(A, display);
        scamp5_output_image(R7, display);
        angle = (angle + 1) % 360;
    }
}
