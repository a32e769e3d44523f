// registers in tables, pointers, references and containers
#include <scamp5.hpp>
#include <array>
#include <utility>
#include <vector>
using namespace SCAMP5_PE;

static const areg_t regs[] = {A, B, C, D};
static const news_t ways[4] = {north, east, south, west};
static const std::array<SCAMP5_PE::dreg_t, 3> planes = {{R5, R6, R7}};
const dreg_t& pick(int i) { return planes[i % 3]; }
typedef void (*step_t)(void);
static void up() { scamp5_kernel_begin(); movx(A, A, south); scamp5_kernel_end(); }
static void left() { scamp5_kernel_begin(); movx(A, A, east); scamp5_kernel_end(); }
step_t table[] = {up, &left};

int main() {
    vs_init();
    std::vector<areg_t> all_of_them(regs, regs + 4);
    std::pair<areg_t, dreg_t> both{E, R9};
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        for (auto step : table) step();
        for (int i = 0; i < 3; i++) {
            scamp5_dynamic_kernel_begin();
                movx(all_of_them[i + 1], regs[i], ways[i]);
            scamp5_dynamic_kernel_end();
        }
        scamp5_load_point(pick(4), 1, 2);
        const areg_t* p = &regs[3];
        scamp5_dynamic_kernel_begin();
            mov(both.first, *p);
            MOV(both.second, pick(1));
        scamp5_dynamic_kernel_end();
        vs_post_text("%d %d", regs[0] == A, regs[1] == both.first);
    }
}
