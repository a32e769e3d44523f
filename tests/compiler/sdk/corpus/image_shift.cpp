// Shifting, scaling and rotating pictures: dynamic kernels with register and direction operands.
#include <scamp5.hpp>
#include "scamp5_extra.hpp"

using namespace SCAMP5_PE;

#define NORTH_WEST(y, x)  \
    scamp5_kernel_begin(); \
        movx(y, x, north); \
        movx(y, y, west);  \
    scamp5_kernel_end();

#define SHIFT_DREG(reg, dir)            \
    do {                                \
        scamp5_dynamic_kernel_begin();  \
            DNEWS(R11, reg, dir);       \
            MOV(reg, R11);              \
        scamp5_dynamic_kernel_end();    \
    } while (0)

void shift_areg(const areg_t reg, int x, int y) {
    if (x > 0) {
        for (int n = 0; n < x; n++) {
            scamp5_dynamic_kernel_begin();
                bus(XE, reg);
                bus(reg, NEWS);
            scamp5_dynamic_kernel_end();
        }
    } else if (x < 0) {
        for (int n = 0; n < -x; n++) {
            scamp5_dynamic_kernel_begin();
                bus(XW, reg);
                bus(reg, NEWS);
            scamp5_dynamic_kernel_end();
        }
    }
    while (y > 0) {
        scamp5_dynamic_kernel_begin();
            mov(reg, reg, south);
        scamp5_dynamic_kernel_end();
        y--;
    }
    while (y < 0) {
        scamp5_dynamic_kernel_begin();
            mov(reg, reg, north);
        scamp5_dynamic_kernel_end();
        y++;
    }
}

void shift_one(AREG& dst, AREG& src, news_t dir) {
    scamp5_dynamic_kernel_begin();
    switch (dir) {
    case north:
        movx(dst, src, north);
        break;
    case south:
        movx(dst, src, south);
        break;
    case east:
        movx(dst, src, east);
        break;
    case west:
        movx(dst, src, west);
        break;
    }
    scamp5_dynamic_kernel_end();
}

void mirror_horizontal(const areg_t image, const areg_t result)
{
    for (int column = 0; column < 8; column++) {
        scamp5_load_rect(R5, 0, column * 2, 255, column * 2 + 1);
        scamp5_dynamic_kernel_begin();
            WHERE(R5);
                mov(result, image);
            all();
        scamp5_dynamic_kernel_end();
        scamp5_shift(image, 2, 0);
    }
}

// half the size: every other column, then every other row, is moved to the centre
void scale_down(dreg_t mask) {
    for (int step = 0; step < 3; step++) {
        scamp5_load_pattern(mask, 1 << step, 0, 255 - (1 << step), 255);
        scamp5_kernel_begin();
            WHERE(R6);
                movx(A, A, north);
            all();
        scamp5_kernel_end();
        scamp5_dynamic_kernel_begin();
            WHERE(mask);
                movx(A, A, south);
            ALL();
            NOT(mask);
            if (step > 1) {
                REFRESH(mask);
            } else {
                CLR(R7);
            }
        scamp5_dynamic_kernel_end();
    }
}

template <typename R>
inline void copy(R to, R from) {
    scamp5_dynamic_kernel_begin();
        mov(to, from);
    scamp5_dynamic_kernel_end();
}

template <int N>
void blur_times(areg_t reg) {
    scamp5_dynamic_kernel_begin();
        for (int i = 0; i < N; i++) {
            newsblur(reg, reg, 1);
        }
    scamp5_dynamic_kernel_end();
}

// rotation by three shears, one row at a time
void shear_rows(int amount, bool flip = false) {
    for (int r = 0; r < 4; r++) {
        scamp5_load_rect(S0, r * 64, 0, r * 64 + 63, 255);
        scamp5_kernel_begin();
            WHERE(S0);
                bus(XE, A);
                bus(B, NEWS);
            all();
            mov(A, B);
        scamp5_kernel_end();
        if (flip) {
            scamp5_kernel_begin();
                movx(A, A, west)
                movx(A, A, west);
            scamp5_kernel_end();
        }
    }
    vs_post_text("sheared by %d\n", amount);
}

int main() {
    vs_init();
    int dx = 3, dy = -2;
    int rotation = 0;
    vs_gui_add_slider("x", -20, 20, dx, &dx);
    vs_gui_add_slider("y", -20, 20, dy, &dy);
    vs_gui_add_slider("rotation", 0, 90, rotation, &rotation);
    auto display_1 = vs_gui_add_display("before", 0, 0, 1);
    auto display_2 = vs_gui_add_display("after", 0, 1, 1);
    for (;;) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(C);
            mov(A, C);
        scamp5_kernel_end();
        shift_areg(A, dx, dy);
        scamp5_shift(C, dx, dy);
        shift_one(B, A, east);
        NORTH_WEST(D, C)
        NORTH_WEST(E, D);
        SHIFT_DREG(R8, north);
        SHIFT_DREG(R9, east);
        mirror_horizontal(A, F);
        scale_down(R10);
        copy(B, A);
        blur_times<4>(B);
        shear_rows(rotation, true);
        scamp5_output_image(C, display_1);
        scamp5_output_image(A, display_2);
    }
}
