// Kernels in classes, namespaces, templates and heap objects; settings in structs; definitions in a header beside.
#include <scamp5.hpp>
#include <memory>
#include "settings.h"
#include "not_here.h"

namespace app {
using namespace SCAMP5_PE;

struct Settings {
    int threshold = THRESHOLD_DEFAULT;
    uint8_t rows = 4, cols = 4;
    areg_t target = D;
    bool verbose = false;
    struct { int r, c; } origin = {16, 32};
};

static Settings settings;
static const struct { const char* name; int level; } presets[] = {{"dim", -40}, {"bright", 40}, {"full", 100}};

class Stage {
public:
    Stage(areg_t in, areg_t out) : input(in), output(out), runs(0) {}
    virtual ~Stage() = default;
    void run() {
        scamp5_dynamic_kernel_begin();
            mov(output, input);
            keep_positive(output);
        scamp5_dynamic_kernel_end();
        ++runs;
    }
    int count() const noexcept { return runs; }
    static void reset_all() {
        scamp5_kernel_begin();
            res(A, B); res(WORK_PLANE); res(D, E);
            CLR(R5, R6, R7, WORK_MASK);
        scamp5_kernel_end();
    }

protected:
    areg_t input, output;

private:
    int runs;
};

template <typename Reg, int Steps = 2>
class Mover {
public:
    void north_by(Reg reg) const {
        scamp5_dynamic_kernel_begin();
        for (int i = 0; i < Steps; i++) {
            movx(reg, reg, north);
        }
        scamp5_dynamic_kernel_end();
    }
};

auto heap_kernel = scamp5_kernel([] {
    add(WORK_PLANE, A, B);
    divq(spare, WORK_PLANE);
});

scamp5_dynamic_kernel redo{[&]() {
    MOV(R5, R6);
    NOT(R6);
}};

static void edge_of(dreg_t in, dreg_t out, bool thick) {
    scamp5_dynamic_kernel_begin();
    {
        const dreg_t tmp = R10;
        DNEWS(tmp, in, thick ? (north | south | east | west) : (north | east));
        NOT(out, in);
        AND(out, tmp, out);
    }
    scamp5_dynamic_kernel_end();
}

// counting down, skipping, leaving
static void countdown(areg_t reg) {
    scamp5_dynamic_kernel_begin();
    int n = 6;
    while (n > 0) {
        n -= 2;
        if (n == 2) continue;
        movx(reg, reg, n % 4 == 0 ? east : west);
    }
    for (int i = 10; i; --i) {
        if (i < 8) break;
        add(E, E, reg);
    }
    for (unsigned char k = 0x1; k <= 0x4; k <<= 1) { movx(reg, reg, south); }
    scamp5_dynamic_kernel_end();
}

static const areg_t ring[] = {A, B, C, D};
static const news_t ways[4] = {north, east, south, west};

static void ring_sum() {
    for (int i = 0; i < 4; i++) {
        scamp5_dynamic_kernel_begin();
            movx(ring[i], ring[(i + 1) % 4], ways[i]);
            mov(E, ring[i]);
        scamp5_dynamic_kernel_end();
    }
}

static areg_t pick(int which) { return which == 0 ? A : which == 1 ? B : C; }
static int clamp_level(float v) { return v > 127.f ? 127 : v < -128 ? -128 : static_cast<int>(v); }

static void with_helpers() {
    scamp5_kernel_begin();
        mov(pick(1), pick(0));
        mov(pick(2), PIX);
        add(D, pick(0), pick(2), pick(1));
    scamp5_kernel_end();
}

static void from_elsewhere() {
    scamp5_kernel_begin();
        mov(OTHER_PLANE, A);
        sub(OTHER_PLANE, OTHER_PLANE, B);
        OR(mask_plane, R5);
        if (USE_FAST_PATH) { nop(); }
        DNEWS(R6, mask_plane, scan_direction);
    scamp5_kernel_end();
}

inline void two_in_one_line() { scamp5_kernel_begin(); SET(R5); scamp5_kernel_end(); scamp5_kernel_begin(); CLR(R5); scamp5_kernel_end(); }

void setup() {
    Stage::reset_all();
    heap_kernel.move_to_heap(true);
    for (const auto& preset : presets) {
        scamp5_in(E, preset.level);
        scamp5_kernel_begin();
            add(B, B, E);
        scamp5_kernel_end();
    }
    scamp5_load_rect(R7, settings.origin.r, settings.origin.c, settings.origin.r + 8 * settings.rows, 255);
}

bool loop(int frame) {
    scamp5_get_image(A, B, 2);
    scamp5_in(E, clamp_level(settings.threshold * 1.5f));
    Stage stage(A, settings.target);
    stage.run();
    Mover<areg_t, 3> mover;
    mover.north_by(A);
    edge_of(R5, R6, true);
    edge_of(R5, R6, false);
    countdown(C);
    ring_sum();
    with_helpers();
    from_elsewhere();
    two_in_one_line();
    scamp5_launch_kernel(heap_kernel);
    redo();
    if (frame & 1) {
        scamp5_kernel_begin();
            REFRESH(R5);
            REFRESH(R6);
        scamp5_kernel_end();
    }
    return true;
}
}  // namespace app

int main() {
    vs_init();
    auto display = vs_gui_add_display("out", 0, 0);
    vs_gui_add_slider("threshold", 0, 80, 33, &app::settings.threshold);
    app::setup();
    int frame = 0;
    while (app::loop(frame++)) {
        vs_frame_loop_control();
        scamp5_output_image(SCAMP5_PE::A, display);
    }
}
