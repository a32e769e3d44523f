// formats that do not fit their arguments, and a variable that was never declared: index() of the C library
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    uint32_t big = 4000000000u;
    int8_t small = -3;
    const char* name = "text";
    float real = 2.5f;
    while (1) {
        vs_frame_loop_control();
        vs_post_text("%lu %d %s %.2f %5d|%-4d|%x %c%% %u\n", big, small, name, real, 42, 7, 255, 'z', big);
        vs_post_text("%d", index);
        vs_post_text("%d %d", 3);
        vs_post_text("%s and %ld", name, 5);
        vs_post_set_channel(2);
        int32_t table[6] = {1, -2, 3, 4, 5, 6};
        vs_post_int32(table, 2, 3);
        int16_t few[2] = {7, 8};
        vs_post_int16(few, 1, 2);
        scamp5_in(A, small);
    }
}
