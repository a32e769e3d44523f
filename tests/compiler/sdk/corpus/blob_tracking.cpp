// One bright blob: threshold, flood from the last position, bounding box, centre, shown as a cross.
#include <scamp5.hpp>
#include <algorithm>
#include <vector>
using namespace SCAMP5_PE;
using std::max;

typedef struct { uint8_t row, col; } position_t;
position_t last = {128, 128};
static uint8_t bb[4];
const dreg_t MASK = R5, BLOB = R6, SEED = R7, FRAME = R8, CROSS = R9;
int threshold = 60, margin = 6, min_size = 4;
bool invert = false, show = true;
const int K_TRACK = 1;
int mode = K_TRACK;

static int clip(int v, int low = 0, int high = 255) { return v < low ? low : v > high ? high : v; }
static int width() { return bb[3] - bb[1]; }

void segment(bool dark) {
    scamp5_in(E, threshold);
    if (dark) {
        scamp5_kernel_begin();
            sub(F, E, A);
            where(F);
                MOV(MASK, FLAG);
            all();
        scamp5_kernel_end();
    } else {
        scamp5_kernel_begin();
            sub(F, A, E);
            where(F);
                MOV(MASK, FLAG);
            all();
        scamp5_kernel_end();
    }
}

void erode_dilate(dreg_t reg, int n) {
    for (int i = 0; i < n; i++) {
        scamp5_dynamic_kernel_begin();
            NOT(R10, reg);
            DNEWS(R11, R10, east | west | north | south, 0);
            OR(R10, R11);
            NOT(reg, R10);
        scamp5_dynamic_kernel_end();
    }
    int i = 0;
    do {
        scamp5_dynamic_kernel_begin();
            DNEWS(R11, reg, east | west | north | south);
            OR(reg, R11);
        scamp5_dynamic_kernel_end();
        i++;
    } while (i < n);
}

void draw_cross(dreg_t plane, uint8_t r, uint8_t c)
{
    scamp5_draw_begin(plane);
    scamp5_draw_line(clip(r - 10), c, clip(r + 10), c);
    scamp5_draw_line(r, clip(c - 10), r, clip(c + 10));
    scamp5_draw_rect(clip(r - 2), clip(c - 2), clip(r + 2), clip(c + 2));
    scamp5_draw_end();
}

int main()
{
    vs_init();
    auto d = vs_gui_add_display("blob", 0, 0, 2);
    vs_gui_add_slider("threshold", -120, 120, threshold, &threshold);
    vs_gui_add_slider("margin", 0, 40, margin, &margin);
    vs_gui_add_switch("dark", invert, &invert);
    vs_gui_add_switch("show", show, &show);

    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
        {
            get_image(A, B);
            CLR(BLOB);
            CLR(CROSS, FRAME);
        }
        scamp5_kernel_end();

        segment(invert);
        erode_dilate(MASK, 2);

        scamp5_load_rect(SEED, clip(last.row - margin), clip(last.col - margin), clip(last.row + margin), clip(last.col + margin));
        scamp5_kernel_begin();
            AND(BLOB, SEED, MASK);
        scamp5_kernel_end();

        if (!scamp5_global_or(BLOB, 0, 0, 255, 255)) {
            scamp5_kernel_begin();
                MOV(BLOB, MASK);
            scamp5_kernel_end();
        }
        scamp5_flood(BLOB, MASK, 0, 10, false);
        scamp5_scan_boundingbox(BLOB, bb);

        if (width() >= min_size && bb[2] > bb[0]) {
            last.row = (bb[0] + bb[2]) / 2;
            last.col = (bb[1] + bb[3]) / 2;
        }
        draw_cross(CROSS, 120, 130);

        scamp5_kernel_begin();
            XOR(R10, BLOB, CROSS);
            MOV(FRAME, R10);
            WHERE(FRAME);
                mov(A, B);
            ALL();
        scamp5_kernel_end();
        if (show) {
            scamp5_output_image(A, d);
            scamp5_output_boundingbox(BLOB, d);
        }
        vs_post_text("%d %d\n", last.row, last.col);
    }
    return 0;
}
