// Coupled oscillators on the lattice: phases in analog registers, neighbours through NEWS, wrap round by comparison.
#include <scamp5.hpp>
#include <stdio.h>
#include <stdint.h>

using namespace SCAMP5_PE;

typedef areg_t phase_t;
using mask_t = dreg_t;

static const phase_t PHASE = A;
static const phase_t DELTA = B;
static const phase_t OMEGA = C;
static const phase_t SCRATCH = D;
static const mask_t ACTIVE = R5;
static const mask_t WRAPPED = S1;

#ifndef COUPLING
#define COUPLING 2
#endif
#define HALF_TURN (120)
#define STEPS_PER_FRAME 8u
#define ROUND_UP(a, b) (((a) + (b) - 1) / (b))

static uint16_t loop_counter = 0;
static int coupling_steps = ROUND_UP(COUPLING * 3, 2);
static int8_t omega = -4;

struct {
    bool noise;
    int16_t seed;
} config = {true, 77};

static inline void couple(const areg_t from, const news_t dir) {
    sub(SCRATCH, from, dir, PHASE);
    add(DELTA, DELTA, SCRATCH);
}

static inline void halve(const areg_t reg, int times = 1) {
    for (int k = times; k > 0; k--) {
        divq(E, reg);
        mov(reg, E);
    }
}

static void init_lattice() {
    scamp5_load_pattern(ACTIVE, 0, 0, 255, 255);
    scamp5_load_rect(WRAPPED, 1, 1, 254, 254);
    scamp5_kernel_begin();
        AND(R6, ACTIVE, WRAPPED);
        MOV(ACTIVE, R6);
        res(PHASE, DELTA);
        res(OMEGA);
    scamp5_kernel_end();
    scamp5_in(OMEGA, (int8_t)omega);
    for (int i = 0; i < 4; i++) {
        scamp5_load_pattern(R7, i, 4 * i, 252, 252 & ~(1 << i));
        scamp5_in(SCRATCH, 30 * i - 45);
        scamp5_kernel_begin();
            WHERE(R7);
                mov(PHASE, SCRATCH);
            all();
        scamp5_kernel_end();
    }
}

static void step() {
    scamp5_kernel_begin();
        res(DELTA);
        couple(PHASE, north);
        couple(PHASE, south);
        couple(PHASE, east);
        couple(PHASE, west);
        halve(DELTA, 3);
        WHERE(ACTIVE);
            add(PHASE, PHASE, DELTA, OMEGA);
        ALL();
    scamp5_kernel_end();
}

static void wrap() {
    scamp5_load_in(F, HALF_TURN);
    scamp5_kernel_begin();
        sub(SCRATCH, PHASE, F);
        CLR(WRAPPED);
        where(SCRATCH);
            SET(WRAPPED);
            sub(PHASE, PHASE, F);
        all();
        add(SCRATCH, PHASE, F);
        neg(E, SCRATCH);
        where(E);
            OR(R8, WRAPPED, FLAG);
            MOV(WRAPPED, R8);
            add(PHASE, PHASE, F);
        all();
    scamp5_kernel_end();
}

// re-quantise now and then
static void refresh(bool digital_too) {
    scamp5_dynamic_kernel_begin();
        if (digital_too) {
            REFRESH(ACTIVE); REFRESH(WRAPPED);
        }
        mov(E, PHASE);
        mov(PHASE, E);
    scamp5_dynamic_kernel_end();
    scamp5_kernel_refresh_dreg();
}

int main(void) {
    vs_init();
    VS_HANDLE view = vs_gui_add_display("phase", 0, 0, 2);
    int speed = STEPS_PER_FRAME;
    vs_gui_add_slider("speed", 1, 64, speed, &speed);
    vs_on_host_connect([&]() {
        vs_post_text("lattice, build %s\n", __DATE__);
    });
    vs_on_shutdown([&]() {
        scamp5_kernel_begin();
            res(A);
        scamp5_kernel_end();
    });
    init_lattice();
    vs_frame_trigger_set(VS_FRAME_TRIGGER_CONST_LOOP, 1, 100);
    do {
        vs_frame_loop_control();
        for (unsigned int i = 0u; i < (unsigned)STEPS_PER_FRAME; ++i) {
            step();
            wrap();
        }
        if (loop_counter++ % 10 == 0) {
            refresh(config.noise);
        }
        scamp5_output_image(PHASE, view);
        uint8_t row[256];
        scamp5_scan_areg(PHASE, row, 128, 0, 128, 255, 1, 1);
        vs_post_set_channel(2);
        vs_post_bytes(row, 256, 1);
        vs_scamp5_set_dac(4095);
        scamp5_load_dac(F, 0x800);
        scamp5_kernel_all();
        scamp5_diffuse(PHASE, 2);
        vs_scamp5_rest();
    } while (1);
}
