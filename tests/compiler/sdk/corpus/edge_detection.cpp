/*
 * Edges of the camera picture, thresholded and sent as an event list.
 * Sliders set the threshold; a switch shows the analog planes.
 */
#include <scamp5.hpp>

using namespace SCAMP5_PE;

#define MAX_EVENTS 1000

static uint8_t event_buffer[MAX_EVENTS * 2];

vs_stopwatch frame_timer;
vs_stopwatch output_timer;

int main() {
    vs_init();

    // GUI
    vs_handle display_00 = vs_gui_add_display("captured", 0, 0, 1);
    vs_handle display_01 = vs_gui_add_display("edges", 0, 1, 1);
    vs_handle display_02 = vs_gui_add_display("sobel x", 1, 0, 1);
    vs_handle display_03 = vs_gui_add_display("sobel y", 1, 1, 1);

    int edge_threshold = 12;
    int frame_gain = 1;
    bool output_analog = true;
    vs_gui_add_slider("edge threshold: ", 1, 127, edge_threshold, &edge_threshold);
    vs_gui_add_slider("gain: ", 1, 5, frame_gain, &frame_gain);
    vs_gui_add_switch("output analog: ", output_analog, &output_analog);

    vs_on_gui_update(VS_GUI_FRAME_RATE, [&](int32_t new_value) {
        uint32_t framerate = new_value;
        if (framerate > 0) {
            vs_frame_trigger_set(1, framerate);
            vs_enable_frame_trigger();
            vs_post_text("frame trigger: 1/%d\n", (int)framerate);
        } else {
            vs_disable_frame_trigger();
            vs_post_text("frame trigger disabled\n");
        }
    });

    // the frame loop
    while (1) {
        frame_timer.reset();
        vs_disable_frame_trigger();
        vs_frame_loop_control();

        // picture into A, half range copy into D
        scamp5_get_image(A, D, frame_gain);

        // Sobel, vertical edges: (1 2 1)^T * (1 0 -1)
        scamp5_kernel_begin();
        movx(B, A, north);
        movx(C, A, south);
        add(B, B, A);
        add(C, C, A);
        add(B, B, C);
        movx(C, B, west);
        movx(B, B, east);
        sub(E, C, B);
        scamp5_kernel_end();

        // horizontal edges
        scamp5_kernel_begin();
            movx(B, A, east);
            movx(C, A, west);
            add(B, B, A);
            add(C, C, A);
            add(B, B, C);
            movx(C, B, north);
            movx(B, B, south);
            sub(F, C, B);
        scamp5_kernel_end();

        if (output_analog) {
            scamp5_output_image(E, display_02);
            scamp5_output_image(F, display_03);
        }

        // magnitudes
        scamp5_kernel_begin();
            abs(B, E);
            abs(C, F);
            add(E, B, C);
        scamp5_kernel_end();

        scamp5_in(F, edge_threshold);

        scamp5_kernel_begin();
            sub(B, E, F);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();

        // thin: drop lone pixels
        scamp5_kernel_begin();
            DNEWS(R6, R5, east | west | north | south);
            AND(R7, R6, R5);
        scamp5_kernel_end();

        output_timer.reset();
        if (!output_analog) {
            scamp5_output_events(R7, display_01, MAX_EVENTS);
        } else {
            scamp5_output_image(R7, display_01);
        }
        scamp5_scan_events(R7, event_buffer, MAX_EVENTS);
        int output_time = output_timer.get_usec();
        int frame_time = frame_timer.get_usec();
        if (vs_loop_counter_get() % 30 == 0) {
            vs_post_text("frame %d us, output %d us\n", frame_time, output_time);
        }
        scamp5_output_image(A, display_00);
    }
    return 0;
}
