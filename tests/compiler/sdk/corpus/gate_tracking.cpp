#include <scamp5.hpp>
#include <cmath>
#include <algorithm>
#include <numeric>
using namespace SCAMP5_PE;
#define MAX_POINTS 64
#pragma pack(push, 1)
typedef struct _pt { uint8_t x, y; } pt_t;
#pragma pack(pop)
union conv { float f; uint32_t u; };
static pt_t pts[MAX_POINTS];
static int n_pts;
const int W = 256, H = W;
float gate_cx, gate_cy;
static inline float hypotf2(float a, float b) { return sqrtf(a * a + b * b); }
void extract_gate()
{
    uint8_t bb[8] = {0};
    scamp5_scan_boundingbox(R6, bb);
    const int w = bb[3] - bb[1], h = bb[2] - bb[0];
    if (w <= 0 || h <= 0) { n_pts = 0; return; }
    gate_cx = bb[1] + w * 0.5f; gate_cy = bb[0] + h * .5f;
    scamp5_load_rect(R7, bb[0], bb[1], bb[2], bb[3]);
    scamp5_kernel_begin();
        AND(R8, R6, R7);
    scamp5_kernel_end();
}
void detect(int thr, bool bright)
{
    scamp5_in(D, bright ? thr : -thr);
    if (bright) {
        scamp5_kernel_begin();
            sub(E, A, D);
            where(E);
            MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
    } else {
        scamp5_kernel_begin();
            sub(E, D, A);
            where(E);
            MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
    }
    // opening
    scamp5_kernel_begin();
        NOT(R9, R5);
        DNEWS(R6, R9, north | south | east | west);
        OR(R9, R6);
        NOT(R5, R9);
        DNEWS(R6, R5, north | south | east | west);
        OR(R6, R5);
    scamp5_kernel_end();
}
int main()
{
    vs_init();
    int thr = 60, bright = 1;
    float K[3][3] = {{180.f, 0, 128}, {0, 180.f, 128}, {0, 0, 1}};
    vs_gui_add_slider("thr", 1, 127, thr, &thr);
    vs_gui_add_switch("bright", true, &bright);
    auto handle = vs_gui_add_display("gate", 0, 0, 2);
    while (1) {
        vs_frame_loop_control();
        if (vs_gui_is_on()) vs_post_text("x");
        scamp5_kernel_begin();
            get_image(A, C);
        scamp5_kernel_end();
        detect(thr, bright);
        extract_gate();
        float yaw = std::atan2(gate_cx - K[0][2], K[0][0]);
        float dist = n_pts ? hypotf2(gate_cx, gate_cy) : 0.0f;
        if (std::isnan(yaw) || std::fabs(dist) > 1e3) yaw = 0;
        int total = std::accumulate(pts, pts + n_pts, 0, [](int s, const pt_t& p) { return s + p.x; });
        scamp5_output_image(R6, handle);
        scamp5_draw_begin(R10);
        scamp5_draw_line((int)gate_cy - 5, (int)gate_cx, (int)gate_cy + 5, (int)gate_cx, false);
        scamp5_draw_circle(gate_cy, gate_cx, 12, true);
        scamp5_draw_end();
        scamp5_output_image(R10, handle);
        vs_post_text("yaw %.3f total %d\n", yaw, total);
    }
}
