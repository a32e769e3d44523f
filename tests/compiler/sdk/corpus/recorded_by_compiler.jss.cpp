// What a kernel compiler prints for the simulator of pictures.
#include "scamp5.hpp"

void run(SCAMP5& s1) {
    // scamp5_kernel_begin();
    s1.mov(B, A);
    s1.mov2x(C, A, north, east);
    s1.add2x(D, B, C, south, west);
    s1.sub2x(E, D, east, east, B);
    s1.addx(F, D, E, north);
    s1.subx(A, F, west, B);
    s1.add(A, A, E);
    // scamp5_kernel_end();
    // some words between
    // scamp5_kernel_begin();
    s1.div(B, C, D, A);
    s1.diva(A, B, C);
    s1.neg(D, A);
    s1.abs(E, D);
    s1.res(F);
    // scamp5_kernel_end();
}
