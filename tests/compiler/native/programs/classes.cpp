// kernels in classes with state, inheritance and operators
#include <scamp5.hpp>
#include <memory>
#include <vector>
using namespace SCAMP5_PE;

class Stage {
public:
    Stage(areg_t in, areg_t out) : in_(in), out_(out) {}
    virtual ~Stage() {}
    virtual void run() = 0;

protected:
    areg_t in_, out_;
};
class Negative : public Stage {
public:
    using Stage::Stage;
    void run() override {
        scamp5_dynamic_kernel_begin();
            neg(out_, in_);
        scamp5_dynamic_kernel_end();
    }
};
class Doubled : public Stage {
public:
    using Stage::Stage;
    void run() override {
        scamp5_dynamic_kernel_begin();
            mov(F, in_);
            add(out_, in_, F);
        scamp5_dynamic_kernel_end();
    }
};

int main() {
    vs_init();
    std::vector<std::unique_ptr<Stage>> stages;
    stages.emplace_back(new Negative(A, B));
    stages.emplace_back(new Doubled(B, C));
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
        scamp5_kernel_end();
        for (auto& s : stages) s->run();
    }
}
