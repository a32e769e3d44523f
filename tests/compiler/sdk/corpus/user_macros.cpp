// Output of a filter generator, pasted over a small set of helper macros. Some helpers are macros, some functions.
#include <scamp5.hpp>
using namespace SCAMP5_PE;

// in-place helpers; G is a spare register
#define G F
#define neg_inplace(x)        neg(G, x); mov(x, G)
#define sub_inplace(x, y) do { \
        mov(G, x);             \
        sub(x, G, y);          \
    } while(0)
#define div2_inplace(x) { divq(G, x); mov(x, G); }
#define add_twice(y, x) add(y, y, x); add(y, y, x);
#define REPEAT_2(op) op op
#define DIRECTED(name, dir) inline void name(const areg_t y, const areg_t x) { movx(y, x, dir); }
DIRECTED(east, east)
DIRECTED(west, west)
inline void north_of(const areg_t y, const areg_t x) { movx(y, x, north); }
static void double_north(AREG& y, AREG& x)
{
    mov2x(y, x, north, north);
}
void quarter(areg_t x) { div2_inplace(x); div2_inplace(x); }
#define KERNEL_BEGIN scamp5_kernel_begin();
#define KERNEL_END   scamp5_kernel_end();

void gauss_x() {
    KERNEL_BEGIN
        east(B, A);
        add(B, B, A);
        west(C, B);
        add(A, B, C);
        div2_inplace(A);
        div2_inplace(A)
    KERNEL_END
}

void gauss_y() {
    KERNEL_BEGIN
        north_of(B, A);
        add(B, B, A);
        movx(C, B, south);
        add(A, B, C);
        quarter(A);
    KERNEL_END
}

void laplace() {
    KERNEL_BEGIN
        mov(B, A);
        neg_inplace(B);
        add_twice(B, A)
        east(C, A); west(D, A);
        sub_inplace(B, C);
        sub_inplace(B, D);
        double_north(E, B);
        REPEAT_2(add(B, B, A);)
    KERNEL_END
}

// Kernels whose calls stand on one line, and with their direction in the old place
void old_style() {
    scamp5_kernel_begin(); mov(B, A, east); mov(C, A, west); sub(D, B, east, C); sub(E, D, north, B); scamp5_kernel_end();
    scamp5_kernel_begin(); { mov(B,A,north); { add(B,B,C); } } scamp5_kernel_end();
    SCAMP5_PE::scamp5_kernel_begin();
        SCAMP5_PE::mov(SCAMP5_PE::B, SCAMP5_PE::A);
        scamp5::add(C, A, B);
    SCAMP5_PE::scamp5_kernel_end();
}

void lists() {
    scamp5_kernel_begin();
        bus({A, B}, {C, D});
        bus(A, C, D, E, IN);
        bus(B);
        bus2(A, B, C);
        bus3(A, B, C, D);
        bus(XN, A);  bus(XE, A); bus(B, XS); bus(B, XW);
        bus(C, NORTH); bus(C, EAST); bus(D, SOUTH); bus(D, WEST);
        res(A, B);
        add(A, B, C, D);
        getpix(A, B);
        getpix(A, B, C);
        respix(D);
        div(A, B, C); div(A, B, C, D);
        diva(A, B, C);
        nop();
        rpix();
        where(A, B); where(A, B, C); all();
        newsblurh(A, B); newsblurv(A, B, 2);
        gauss(A, B); gaussh(A, B, 2); gaussv(A, B, 1);
        IMP(R5, R6, R7); NIMP(R5, R6, R7);
        NAND(R5, R6, R7); NANDX(R5, R6, R7);
        MUX(R5, R6, R7, R8);
        DNEWS1(R5, R6);
        DNEWS(R5, R6, north, 1); DNEWS(R5, R6, north | east, true);
        SET(R5, R6, R7, R8); CLR(R5, R6, R7, R8);
        OR(R5, R6, R7, R8, R9); NOR(R5, R6, R7, R8); NOR(R5, R6);
        WHERE(R5, R6, R7); WHERE(FLAG); ALL();
        REFRESH(RS); REFRESH(RP);
    scamp5_kernel_end();
}

int main() {
    vs_init();
    auto display = vs_gui_add_display("out", 0, 0, 1);
    for (;;) {
        vs_frame_loop_control();
        KERNEL_BEGIN get_image(A, D); KERNEL_END
        gauss_x(); gauss_y(); laplace(); old_style(); lists();
        scamp5_output_image(A, display);
    }
}
