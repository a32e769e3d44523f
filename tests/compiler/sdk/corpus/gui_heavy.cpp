// Mostly GUI: modes, sliders, recording; kernels in the branches of a switch and in callbacks.
#include <scamp5.hpp>
#include <vector>
#include <string>
#include <functional>
#include <map>

using namespace SCAMP5_PE;

#define VERSION "1.4"
#define DEBUG_LEVEL 2
#if DEBUG_LEVEL > 1
#define LOG(...) vs_post_text(__VA_ARGS__)
#else
#define LOG(...)
#endif
#define UNUSED(x) ((void)(x))
#define KERNEL(body) do { scamp5_kernel_begin(); body scamp5_kernel_end(); } while (0)
#define CAT(a, b) a##b
#define REG(n) CAT(R, n)

enum Mode { MODE_RAW, MODE_BLUR, MODE_SHARP, MODE_BITS, MODE_COUNT };
static const char* mode_names[] = {"raw", "blur", "sharp", "bits"};
static Mode current = MODE_BLUR;
static int mode = MODE_BLUR;
static bool running = true;
static bool record_next{false};
static unsigned frames = 0;
static std::vector<std::string> messages;
static std::map<int, std::function<void()>> actions;

static void help() {
    vs_post_text(
        "version " VERSION "\n"
        "press 'h' for help; { is no brace here\n");
}

template <class T, int N = 3>
struct History {
    T items[N];
    int at;
    History() : at(0) { for (auto& i : items) i = T(); }
    void push(const T& t) { items[at++ % N] = t; }
};

static void apply_mode(int m, int strength)
{
    switch (m) {
    case MODE_RAW:
        KERNEL(mov(B, A););
        break;
    case MODE_BLUR: {
        for (int i = 0; i < strength; ++i) {
            KERNEL(
                movx(B, A, north); add(B, B, A);
                divq(C, B);
                movx(B, C, west); add(B, B, C);
                divq(A, B);
            );
        }
        KERNEL(mov(B, A););
        break;
    }
    case MODE_SHARP:
        if (strength > 2) {
            scamp5_kernel_begin();
                newsblur(B, A);
                sub(C, A, B);
                add(B, A, C);
            scamp5_kernel_end();
        }
        else
        {
            scamp5_kernel_begin();
                newsblur(B, A, 2);
                sub(C, A, B);
                divq(D, C);
                add(B, A, D);
            scamp5_kernel_end();
        }
        break;
    case MODE_BITS:
        scamp5_kernel_begin();
            where(A);
            MOV(REG(5), FLAG);
            all();
            MOV(REG(6), REG(5));
        scamp5_kernel_end();
        break;
    default:
        LOG("no such mode: %d\n", m);
    }
}

int main(int argc, char* argv[])
{
    UNUSED(argc); UNUSED(argv);
    vs_init();
    help();

    const int ROWS = 2, COLS = 2;
    vs_handle views[ROWS * COLS];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLS; c++)
            views[r * COLS + c] = vs_gui_add_display(mode_names[r * COLS + c], r, c);

    auto slider_mode = vs_gui_add_slider("mode", 0, MODE_COUNT - 1, 1, &mode);
    auto slider_strength = vs_gui_add_slider("strength", 1, 10, 3);
    auto button = vs_gui_add_button("record");
    int strength = 3;

    vs_on_gui_update(slider_strength, [&](int32_t v) { strength = v; });
    vs_on_gui_update(button, [&](int32_t) {
        record_next = true;
        scamp5_kernel_begin();
            mov(E, A);
        scamp5_kernel_end();
    });
    vs_on_gui_update(VS_GUI_LOAD, [=](int32_t new_value) -> void {
        if (new_value > 10) { LOG("load %d\n", new_value); }
    });
    actions[3] = [] { scamp5_kernel_begin(); res(F); scamp5_kernel_end(); };

    while (running) {
        vs_frame_loop_control();
        ++frames;
        if (vs_gui_request_exit()) break;
        if (frames < 2) { LOG("first\n"); }

        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();

        strength = vs_gui_read_slider(slider_strength);
        apply_mode(mode, strength);

        if (record_next) {
            record_next = false;
            scamp5_output_image(E, views[0]);
        }
        const bool bits = mode == MODE_BITS;
        if (bits) {
            scamp5_output_image(R5, views[3]);
        } else {
            scamp5_output_image(B, views[mode]);
        }

        for (auto it = messages.begin(); it != messages.end(); ++it) {
            vs_post_text("%s\n", it->c_str());
        }
        int x = 0;
        while (x < 3) x++;
        std::string text = "mode: " + std::string(mode_names[mode]);
        (void)slider_mode;
        LOG("%s %d %c\n", text.c_str(), x, '\'');
    }
    goto done;
done:
    return 0;
}
