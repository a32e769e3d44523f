// Three analog convolutions with generated kernels, thresholded, counted by event scans, and a small dense
// layer on the microcontroller.
#include <scamp5.hpp>
#include <string.h>
#include "weights.h"

using namespace SCAMP5_PE;

const int NB_BINS = 12;
const int FILTERS = 3;
#define SENSOR_SIZE 256
#define EVENTS_PER_MAP 100

int8_t coordinates[EVENTS_PER_MAP * 2 * FILTERS];
int16_t bins[NB_BINS * FILTERS];
vs_stopwatch timer1, timer2;

static inline void binarise(int threshold_reg_level)
{
    scamp5_in(E, threshold_reg_level);
    scamp5_kernel_begin();
        CLR(R5);
        sub(A, A, E);
        where(A);
            SET(R5);
        all();
        MOV(R6, R5);
    scamp5_kernel_end();
}

/* Generated: 3 filters from A into A, B, C */
void conv_A() {
    scamp5_kernel_begin();
        mov(D, A);
        diva(A, E, F);
        diva(A, E, F);
        movx(B, A, north);
        add(B, B, A);
        subx(C, B, east, A);
        sub2x(A, C, west, west, B);
        add(B, C, D);
        neg(C, B);
        addx(B, A, C, south);
        add2x(A, B, D, north, east);
        mov2x(D, A, south, south);
        divq(E, D);
        sub(A, E, B);
    scamp5_kernel_end();
}

void conv_B(void) {
    scamp5_kernel_begin();
        divq(B, A); subx(C, B, north, B);
        movx(D, C, east); add(C, C, D);
        res(D); sub(D, D, C);
        bus(NEWS, D, B);
        bus(A, NEWS);
    scamp5_kernel_end();
}

void relu() {
    scamp5_kernel_begin();
        res(B);
        sub(F, A, B);
        neg(D, F);
        where(D);
            res(F);
        all();
        mov(A, F);
    scamp5_kernel_end();
}

void max_pool_areg() {
    // 2x2 maximum of A: compare with the east, then with the south neighbour
    scamp5_kernel_begin();
        movx(B, A, east);
        sub(C, B, A);
        where(C);
            mov(A, B);
        all();
        movx(B, A, south);
        sub(C, B, A);
        where(C);
            mov(A, B);
        all();
    scamp5_kernel_end();
}

int dense(const int16_t* in, int8_t* w, int n) {
    int s = 0;
    for (int i = 0; i < n; i++) { s += in[i] * w[i]; }
    return s;
}

int main() {
    vs_init();
    int threshold = 20, threshold2 = 25;
    vs_gui_add_slider("threshold", 0, 127, threshold, &threshold);
    vs_gui_add_slider("threshold 2", 0, 127, threshold2, &threshold2);
    auto display1 = vs_gui_add_display("Input", 0, 0, 1);
    auto display2 = vs_gui_add_display("Conv 1", 0, 1, 1);

    while (true) {
        vs_frame_loop_control();
        timer1.reset();

        scamp5_kernel_begin();
            get_image(A);
            mov(F, A);
        scamp5_kernel_end();

        // sub-sampled picture for the first layer
        scamp5_load_pattern(R9, 0, 0, 252, 252);
        scamp5_kernel_begin();
            NOT(R8, R9);
            WHERE(R8);
                res(A);
            ALL();
        scamp5_kernel_end();

        conv_A();
        relu();
        max_pool_areg();
        binarise(threshold);
        memset(coordinates, 0, sizeof(coordinates));
        scamp5_scan_events(R5, (uint8_t*)coordinates, EVENTS_PER_MAP);

        scamp5_kernel_begin();
            mov(A, F);
        scamp5_kernel_end();
        conv_B();
        relu();
        binarise(threshold2);
        scamp5_scan_events(R5, (uint8_t*)coordinates + EVENTS_PER_MAP * 2, EVENTS_PER_MAP);

        int score = dense(bins, weights_dense, NB_BINS);
        if (score > 0) vs_post_text("yes\n"); else vs_post_text("no\n");
        if (vs_gui_is_on()) {
            scamp5_output_image(F, display1);
            scamp5_output_image(A, display2);
        }
        vs_post_text("%d us\n", timer1.get_usec());
    }
}
