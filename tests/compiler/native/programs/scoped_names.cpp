// names that C++ keeps in a scope never stand for registers
#include <scamp5.hpp>
using namespace SCAMP5_PE;

enum class Plane { A, B, C, R5 };
struct Levels {
    enum { A = 10, B = 20 };
    static constexpr int C = 30;
};
namespace settings {
enum { A = 40 };
const int R5 = 5;
}

int pick(Plane p) { return p == Plane::C ? Levels::B : settings::A; }

int main() {
    vs_init();
    auto d = vs_gui_add_display("edges", 0, 0);
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, pick(Plane::C) + Levels::A + settings::R5);  // 35
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        scamp5_output_image(R5, d);
    }
}
