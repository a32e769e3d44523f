// Recurrent network in the array: 4x4 tiles, weights in digital planes, gates from thresholds, state kept in bits.
#include <scamp5.hpp>
#include "weights_conv.hpp"
#include "weights_rnn.hpp"

using namespace SCAMP5_PE;

namespace net {
constexpr int TILE = 4;
constexpr int TAPS = 5;
constexpr int WHITE = 10;
enum class Gate : uint8_t { FORGET, OUTPUT, CANDIDATE };
}

#define FEATURES R5
#define STATE    R6
#define GATE     R7
#define WEIGHT_P S3
#define WEIGHT_N S4

#define LOAD_WEIGHT(name, r, c)                               \
    scamp5_load_pattern(R11, r, c, 252, 252);                 \
    scamp5_kernel_begin();                                    \
        if ((name)[r][c] > 0) { OR(WEIGHT_P, R11); }          \
        else { OR(WEIGHT_N, R11); }                           \
    scamp5_kernel_end();

static const int8_t recurrent[4][4] = {
    { 1, -1,  1, -1},
    {-1,  1, -1,  1},
    { 1,  1, -1, -1},
    {-1, -1,  1,  1},
};
extern const int8_t conv[16][5][5];
int threshold_forget = -5, threshold_output = 8;
int shown = 0;

template <int DX, int DY>
void tap(dreg_t plus, dreg_t minus)
{
    scamp5_dynamic_kernel_begin();
        mov(B, A);
        for (int i = 0; i < (DX < 0 ? -DX : DX); i++) {
            if constexpr (DX < 0) movx(B, B, west);
            else movx(B, B, east);
        }
        for (int i = 0; i < DY; i++) { movx(B, B, south); }
        WHERE(plus);
            add(C, C, B);
        WHERE(minus);
            sub(C, C, B);
        all();
    scamp5_dynamic_kernel_end();
}

void binarise(areg_t sum, int level, dreg_t result, net::Gate gate = net::Gate::FORGET) {
    scamp5_in(E, level);
    scamp5_dynamic_kernel_begin();
        sub(F, sum, E);
        where(F);
            MOV(result, FLAG);
        all();
        switch (gate) {
            case net::Gate::FORGET:    AND(result, result, STATE); break;
            case net::Gate::OUTPUT:    NOT(result); break;
            case net::Gate::CANDIDATE: break;
        }
    scamp5_dynamic_kernel_end();
}

void spread_bits() {
    const int kBits[] = {1, 2, 1};
    for (int n : kBits) {
        scamp5_kernel_begin();
            CLR(R1, R2, R3, R4);
            SET(R2);
            DNEWS0(R10, STATE);
            OR(STATE, R10);
        scamp5_kernel_end();
        vs_post_text("%d", n);
    }
}

int main() {
    vs_init();
    auto disp_state = vs_gui_add_display("state", 0, 0, 1);
    auto disp_feat = vs_gui_add_display("features", 0, 1, 1);
    vs_gui_add_slider("forget", -127, 127, threshold_forget, &threshold_forget);
    vs_gui_add_slider("output", -127, 127, threshold_output, &threshold_output);

    scamp5_kernel_begin();
        CLR(STATE, WEIGHT_P, WEIGHT_N);
    scamp5_kernel_end();
    LOAD_WEIGHT(recurrent, 0, 0)
    LOAD_WEIGHT(recurrent, 0, 1)
    LOAD_WEIGHT(recurrent, 1, 0)
    LOAD_WEIGHT(recurrent, 3, 3)

    while (1) {
        vs_frame_loop_control();
        scamp5_in(D, net::WHITE);
        scamp5_kernel_begin();
            get_image(A);
            res(C);
        scamp5_kernel_end();

        tap<0, 0>(WEIGHT_P, WEIGHT_N);
        tap<-1, 0>(WEIGHT_P, WEIGHT_N);
        tap<1, 1>(WEIGHT_P, WEIGHT_N);

        binarise(C, 12, FEATURES, net::Gate::CANDIDATE);
        binarise(C, threshold_forget, GATE);
        binarise(C, threshold_output, GATE, net::Gate::OUTPUT);
        spread_bits();

        // new state = gate ? features : state
        scamp5_kernel_begin();
            AND(R8, GATE, FEATURES);
            NOT(R9, GATE);
            AND(R10, R9, STATE);
            OR(STATE, R8, R10);
            REFRESH(STATE);
        scamp5_kernel_end();

        // bit to picture
        scamp5_kernel_begin();
            res(B);
            WHERE(STATE);
                mov(B, D);
            ALL();
        scamp5_kernel_end();

        scamp5_output_image(STATE, disp_state);
        if (shown) scamp5_output_image(FEATURES, disp_feat);
        uint8_t scores[64];
        scamp5_scan_areg_mean_8x8(B, scores);
    }
}
