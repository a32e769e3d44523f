// A network with weights of -1, 0 and 1 on stored digits: load_pattern makes block masks, flood joins, weights
// live in digital registers.
#include <scamp5.hpp>
#include <vector>
using namespace SCAMP5_PE;

const int KERNEL_SIZE = 4;
const int NUM_KERNELS = 4;
static const int conv_weights[4][4][4] = {
    {{1, 0, -1, 0}, {1, 1, -1, -1}, {0, 1, 0, -1}, {1, 0, 0, -1}},
    {{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, -1, 0}, {1, 0, 0, 1}},
    {{0, 0, 0, 1}, {0, 0, 1, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}},
    {{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {-1, -1, -1, -1}},
};

constexpr areg_t source_image = A;
constexpr areg_t accumulator = B;
const dreg_t weight_plus = S0, weight_minus = S1;
const dreg_t block_mask = S2;
const dreg_t SNAKE = S3;
enum Stage { STAGE_INPUT = 0, STAGE_CONV, STAGE_POOL, NUM_STAGES };

int shown_stage = STAGE_CONV;
int white_level = 30;

void load_weights(int k)
{
    scamp5_kernel_begin();
        CLR(weight_plus, weight_minus);
    scamp5_kernel_end();
    for (int y = 0; y < KERNEL_SIZE; y++) {
        for (int x = 0; x < KERNEL_SIZE; x++) {
            if (conv_weights[k][y][x] == 0) continue;
            scamp5_load_pattern(block_mask, y, x, 252, 252);
            if (conv_weights[k][y][x] > 0) {
                scamp5_kernel_begin();
                    OR(weight_plus, block_mask);
                scamp5_kernel_end();
            } else {
                scamp5_kernel_begin();
                    OR(weight_minus, block_mask);
                scamp5_kernel_end();
            }
        }
    }
}

void multiply_weights() {
    scamp5_kernel_begin();
        NOT(R0, weight_plus);
        NOR(RF, weight_minus);
        mov(accumulator, source_image);
        WHERE(weight_minus);
            neg(accumulator, source_image);
        all();
        OR(R1, weight_plus, weight_minus);
        NOT(R1);
        WHERE(R1);
            res(accumulator);
        ALL();
    scamp5_kernel_end();
}

void sum_blocks_4x4() {
    // a snake through each 4x4 block
    for (int i = 0; i < 3; ++i) {
        scamp5_kernel_begin();
            movx(C, accumulator, west);
            add(accumulator, accumulator, C);
        scamp5_kernel_end();
    }
    scamp5_kernel_begin();
        bus(XS, accumulator);
        bus(C, XN);
        add(accumulator, accumulator, C);
        bus(XS, C);
        bus(D, NEWS);
    scamp5_kernel_end();
}

inline void activate() {
    scamp5_load_in(D, -20);
    scamp5_kernel_begin();
        add(C, accumulator, D);
        where(C);
            MOV(R10, FLAG);
        all();
        REFRESH(R10);
    scamp5_kernel_end();
}

void max_pool(dreg_t from, dreg_t to) {
    scamp5_dynamic_kernel_begin();
        CLR(RS, RW, RN, RE);
        SET(RE);
        DNEWS0(R11, from);
        OR(to, from, R11);
        CLR(RE);
        SET(RS);
        DNEWS0(R11, to);
        OR(to, R11);
    scamp5_dynamic_kernel_end();
}

int main()
{
    vs_init();
    auto display_in = vs_gui_add_display("image", 0, 0, 2);
    auto display_maps = vs_gui_add_display("maps", 0, 2, 2);
    vs_gui_add_slider("white", 0, 100, 30, &white_level);
    vs_gui_add_slider("stage", 0, 2, 1, &shown_stage);
    std::vector<int> best;

    // stored once
    for (int k = 0; k < NUM_KERNELS; k++) {
        load_weights(k);
    }

    while (1) {
        vs_frame_loop_control();

        scamp5_kernel_begin();
            get_image(A, E);
            respix();
        scamp5_kernel_end();

        // paint the picture in two levels
        scamp5_in(C, white_level);
        scamp5_kernel_begin();
            where(A);
                MOV(R5, FLAG);
            all();
            res(A);
            WHERE(R5);
                mov(A, C);
            all();
        scamp5_kernel_end();

        // keep the largest blob only
        scamp5_load_point(R6, 128, 128);
        scamp5_flood(R6, R5, 0, 20);
        scamp5_flood(R6, R5, 1);
        scamp5_kernel_begin();
            SET(R0);
            MOV(R12, R6);
            MOV(R0, R5);
            SET(R1, R2, R3, R4);
            PROP0();
            PROP0();
            PROP1();
            SET(R0);
            MOV(R7, R12);
            AND(R7, R7, R5);
        scamp5_kernel_end();

        multiply_weights();
        sum_blocks_4x4();
        activate();
        max_pool(R10, R9);

        switch (shown_stage) {
        case STAGE_INPUT:
            scamp5_output_image(source_image, display_in);
            break;
        case STAGE_CONV:
            scamp5_output_image(accumulator, display_maps);
            break;
        default:
            scamp5_output_image(R9, display_maps);
        }

        int sums[16];
        scamp5_global_sum_16(accumulator, sums);
        int best_value = scamp5_global_sum_64(accumulator);
        int region = scamp5_global_sum_sparse(accumulator, 0, 0, 252, 252);
        best.push_back(best_value + region);
        if (scamp5_global_or(R9)) {
            vs_post_text("something\n");
        }
        int count = scamp5_global_count(R9, F);
        vs_post_text("%d %d\n", (int)best.size(), count);
    }
}
