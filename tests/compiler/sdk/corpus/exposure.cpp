/* Exposure control from sparse sums, and a histogram from thresholds. */
#include <scamp5.hpp>
#include <math.h>

using namespace SCAMP5_PE;

#define BINS 8
#define TARGET 96

int histogram[BINS];
volatile int32_t gain = 1;
int32_t auto_exposure = 1;
float exposure_us = 2500.0f;
vs_stopwatch timer;

void compute_histogram(areg_t image, areg_t temp) {
    for (int i = 0; i < BINS; i++) {
        const int level = -128 + i * (256 / BINS);
        scamp5_in(temp, level < -127 ? -127 : level);
        scamp5_dynamic_kernel_begin();
            sub(F, image, temp);
            where(F);
                MOV(R5, FLAG);
            all();
        scamp5_dynamic_kernel_end();
        histogram[i] = scamp5_global_count(R5, F, 0);
    }
    for (int i = 0; i < BINS - 1; i++) histogram[i] -= histogram[i + 1];
}

int mean_level(areg_t reg) {
    int32_t sum16 = scamp5_global_sum_16(reg);
    int32_t sum64 = scamp5_global_sum_64(reg, NULL);
    int32_t fast = scamp5_global_sum_fast(reg);
    int32_t sparse = scamp5_global_sum_sparse(reg);
    int32_t region = scamp5_global_sum_region(reg, 96, 96, 159, 159);
    return (sum16 / 16 + sum64 / 64 + fast + sparse + region) / 5;
}

void adapt(int level) {
    if (level < TARGET) {
        exposure_us *= 1.1f;
        vs_frame_trigger_set(1, 1e6f / exposure_us);
    } else if (level > TARGET + 20) {
        exposure_us /= 1.1f;
    }
    if (!auto_exposure) return;
    vs_set_exposure((int)exposure_us);
}

int main() {
    vs_init();
    auto d0 = vs_gui_add_display("picture", 0, 0, 2);
    auto d1 = vs_gui_add_display("histogram", 0, 2, 2, "plot");
    vs_gui_add_slider("gain", 1, 5, 1, &gain);
    vs_gui_add_switch("auto", true, &auto_exposure);

    while (1) {
        vs_frame_loop_control();
        vs_vision_chip_reset_exposure();
        scamp5_kernel_begin();
            respix();
        scamp5_kernel_end();
        vs_wait(2);
        scamp5_get_image(A, B, gain);
        scamp5_kernel_begin();
            mov(C, A);
        scamp5_kernel_end();

        timer.reset();
        compute_histogram(C, E);
        int level = mean_level(C);
        adapt(level);

        if (level > 200) {
            // too bright: halve
            scamp5_kernel_begin();
                divq(D, A);
                mov(A, D);
            scamp5_kernel_end();
        } else if (level > 150) {
            scamp5_kernel_begin();
                diva(A, D, E);
            scamp5_kernel_end();
        } else {
            scamp5_kernel_begin();
                mov(D, A); add(A, A, D);
            scamp5_kernel_end();
        }
        scamp5_output_image(A, d0);
        vs_post_set_channel(d1);
        vs_post_int32(histogram, 1, BINS);
        vs_post_text("level %d, exposure %.1f us, took %d us\n", level, (double)exposure_us, timer.get_usec());
    }
}
