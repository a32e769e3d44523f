// where and all, in both spellings; digital words ignore FLAG
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, 40);
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            mov(C, A);
            where(B);
                MOV(R5, FLAG);
                res(C);
                SET(R6);
            ALL();
            NOT(R7, R5);
            WHERE(R7);
                neg(C, E);
            all();
            AND(R8, R5, R6);
            CLR_IF(R6, R5);
            MUX(R9, R5, R7, R8);
        scamp5_kernel_end();
    }
}
