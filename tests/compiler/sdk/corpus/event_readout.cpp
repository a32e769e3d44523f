/* Reading out: events, bounding boxes, sparse pictures, bit stacks, single pixels. */
#include <scamp5.hpp>
#include <cstring>
#include <array>

using namespace SCAMP5_PE;

#define BUFFER_SIZE 1024
#define POINTS 200
unsigned char buffer[BUFFER_SIZE];
std::array<uint8_t, 4> box;
uint8_t bounding_box[4];
uint8_t *event_data;

struct Settings {
    int level = 64;
    int every = 4;
    bool send_stack = false;
} settings;

class Reader {
public:
    explicit Reader(int n) : points(n), last{0} {}
    ~Reader() { delete[] memory; }

    void read(dreg_t plane) {
        scamp5_dynamic_kernel_begin();
            MOV(R10, plane);
            REFRESH(R10);
        scamp5_dynamic_kernel_end();
        scamp5_scan_events(R10, memory, points);
    }

    template <typename T> T get(int i) const { return static_cast<T>(memory[i]); }

private:
    int points;
    int last;
    uint8_t* memory = new uint8_t[POINTS * 2];
};

// 4-bit picture as a stack of planes: much faster than an analog readout
void output_4bit_image(areg_t source, vs_handle_t display) {
    const int bits = 4;
    scamp5_dynamic_kernel_begin();
        mov(F, source);
    scamp5_dynamic_kernel_end();
    scamp5_output_bitstack_begin(bits, display);
    for (int b = 0; b < bits; b++) {
        int value = 64 >> b;
        scamp5_in(E, value);
        scamp5_kernel_begin();
            CLR(R5);
            where(F);
                SET(R5);
            all();
        scamp5_kernel_end();
        scamp5_output_bitstack_bit(R5);
        scamp5_kernel_begin();
            WHERE(R5);
                sub(F, F, E);
            all();
            NOT(R6, R5);
            WHERE(R6);
                add(F, F, E);
            all();
        scamp5_kernel_end();
    }
    scamp5_output_bitstack_end();
}

int main() {
    vs_init();
    const auto display_1 = vs_gui_add_display("boxes", 0, 0, 1, "overlay");
    const auto display_2 = vs_gui_add_display("stack", 0, 1, 1);
    vs_gui_add_slider("level", 0, 127, 64, &settings.level);
    vs_gui_add_switch("stack", 0, &settings.send_stack);
    event_data = (uint8_t*)malloc(POINTS * 2 * sizeof(uint8_t));
    memset(buffer, 0, BUFFER_SIZE);

    while (!vs_gui_request_exit()) {
        vs_frame_loop_control();
        scamp5_get_image(A, B);
        scamp5_in(C, settings.level);
        scamp5_kernel_begin();
            sub(D, A, C);
            where(D);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();

        scamp5_scan_boundingbox(R5, bounding_box);
        scamp5_output_boundingbox(R5, display_1);
        scamp5_display_boundingbox(display_1, bounding_box, 1);
        scamp5_scan_events(R5, event_data, POINTS);
        scamp5_scan_areg(A, buffer, 0, 0, 255, 255, 16, 16);
        scamp5_scan_areg_8x8(A, buffer);
        scamp5_scan_areg_mean_8x8(B, buffer);
        scamp5_scan_dreg(R5, buffer, 0, 31);
        scamp5_output_areg(A, display_2, settings.every, 0, 0);
        uint8_t centre = scamp5_read_areg(A, 128, 128);

        // keep the upper left quarter
        scamp5_load_region(R6, 0, 128, 127, 255);
        scamp5_kernel_begin();
            NOT(R6);
            CLR_IF(R5, R6);
        scamp5_kernel_end();

        if (centre > 100) {
            scamp5_select_rect(10, 10, 20, 20);
            scamp5_kernel_begin();
                MOV(R7, RECT);
                OR(R5, R5_OLD, R7);
            scamp5_kernel_end();
        }
        scamp5_select_pattern(0, 0, 254, 254);
        scamp5_kernel_begin();
            MOV(R7, SELECT);
            OR(R8, R7, R5);
            WHERE(R7, R5);
                res(B);
            ALL();
        scamp5_kernel_end();

        if (settings.send_stack) {
            output_4bit_image(A, display_2);
        }
        Reader reader(POINTS);
        reader.read(R5);
        scamp5_shift(R5, 1, -1);
        vs_post_text("(%d, %d)\n", bounding_box[0], bounding_box[1]);
    }
}
