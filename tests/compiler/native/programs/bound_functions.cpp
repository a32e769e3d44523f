// std::bind and std::function over functions of the SDK, and tables of them
#include <scamp5.hpp>
#include <functional>
#include <map>
#include <vector>
using namespace SCAMP5_PE;

static void grab() {
    scamp5_kernel_begin();
        get_image(A);
    scamp5_kernel_end();
}

int main() {
    vs_init();
    auto load = std::bind(scamp5_in, B, std::placeholders::_1);
    std::function<void(int)> load_c = std::bind(scamp5_load_in, C, std::placeholders::_1);
    std::function<void()> control = std::bind(vs_frame_loop_control);
    std::map<int, std::function<void()>> actions;
    actions[0] = grab;
    actions[1] = std::bind(scamp5_load_point, R5, 3, 4);
    std::vector<std::function<void()>> steps = {[&] { load(17); }, [&] { load_c(-9); }};
    while (1) {
        control();
        for (auto& a : actions) a.second();
        for (auto& s : steps) s();
    }
}
