// Corners in the style of FAST: a ring of comparisons, bits counted by shifting, then non-maximum suppression.
// Everything is kernel objects and lambdas here.
#include <scamp5.hpp>
#include <math.h>

using namespace SCAMP5_PE;

namespace {
const areg_t image = A;
const areg_t shifted = B;
const areg_t diff = C;
const areg_t score = D;
const areg_t level = E;
constexpr dreg_t brighter = R5, darker = R6, run = R7, corner = R8;
const int RING = 16;
const int ring_x[] = {0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1};
const int ring_y[] = {-3, -3, -2, -1, 0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3};
}

// kernel objects at file scope
static scamp5_kernel kernel_capture([] {
    get_image(image);
    CLR(brighter, darker, corner);
    res(score);
});

static scamp5_kernel kernel_compare([] {
    sub(diff, shifted, image);
    CLR(R9, R10);
    add(F, diff, level);
    neg(diff, F);
    where(diff);
    MOV(R9, FLAG);
    all();
});

scamp5_kernel kernel_count = scamp5_kernel([]() {
    WHERE(R9);
    add(score, score, level);
    all();
});

static scamp5_dynamic_kernel kernel_dynamic([&] {
    ANDX(run, brighter, darker);
    MOV(brighter, R9);
});

void move_by(int dx, int dy) {
    scamp5_dynamic_kernel_begin();
    mov(shifted, image);
    for (int i = 0; i < abs(dx); i++) {
        if (dx > 0)
            movx(shifted, shifted, east);
        else
            movx(shifted, shifted, west);
    }
    for (int i = 0; i < abs(dy); ++i) {
        dy > 0 ? movx(shifted, shifted, south) : movx(shifted, shifted, north);
    }
    scamp5_dynamic_kernel_end();
}

int main() {
    vs_init();

    int threshold = 25;
    int arc = 9;
    auto s0 = vs_gui_add_slider("threshold", 1, 100, threshold, &threshold);
    auto s1 = vs_gui_add_slider("arc", 5, 16, arc, &arc);
    auto disp = vs_gui_add_display("corners", 0, 0, 2);

    // a lambda that launches by itself, and kernels that local lambdas make
    auto launch_suppression = [&]() {
        scamp5_kernel_begin();
            movx(F, score, north);
            sub(F, score, F_KEEP);
            where(F);
                MOV(corner, FLAG);
            all();
        scamp5_kernel_end();
    };

    scamp5_kernel keep([&] {
        WHERE(corner);
            mov(F, score);
        ALL();
    });

    while (true) {
        vs_frame_loop_control();
        scamp5_in(level, -threshold);
        kernel_capture();
        for (int i = 0; i < RING; i++) {
            move_by(ring_x[i], ring_y[i]);
            scamp5_launch_kernel(kernel_compare);
            kernel_count();
        }
        scamp5_launch_kernel(kernel_dynamic);
        scamp5_launch_kernel([] {
            MOV(R11, corner);
            DNEWS(R10, R11, north | south | east | west);
            NOR(R9, R10, corner);
        });
        scamp5_load_in(level, threshold * arc / 2);
        scamp5_kernel_begin();
            sub(diff, score, level);
            where(diff);
                MOV(corner, FLAG);
            all();
        scamp5_kernel_end();
        launch_suppression();
        keep();

        uint8_t list[512];
        scamp5_scan_events(corner, list, 256);
        scamp5_scan_events(corner, &list[0], 100, 1, 0);
        scamp5_output_events(corner, disp, 500);
        scamp5_output_image(image, disp);
        vs_post_text("corners %d\n", list[0]);
    }
    return 0;
}
