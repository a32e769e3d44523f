// frames that end at the wait for the trigger; the loop counter counts them
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int connected = 0;

int main() {
    vs_init();
    vs_on_host_connect([&]() {
        connected++;
        vs_post_text("connected");
    });
    vs_frame_trigger_set(1, 60);
    vs_enable_frame_trigger();
    while (1) {
        vs_loop_counter_inc();
        vs_process_message();
        vs_wait_frame_trigger();
        scamp5_in(A, vs_loop_counter_get());
        scamp5_kernel_begin();
            neg(B, A);
        scamp5_kernel_end();
        vs_led_toggle(VS_LED_1);
        vs_post_text("%d", connected);
    }
}
