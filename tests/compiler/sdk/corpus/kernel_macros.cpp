#include "scamp5.hpp"
using namespace SCAMP5_PE;
#define KB scamp5_kernel_begin();
#define KE scamp5_kernel_end();
#define KERNEL(...) do { scamp5_kernel_begin(); __VA_ARGS__ scamp5_kernel_end(); } while(0)
#define DKERNEL(body) scamp5_dynamic_kernel_begin(); body; scamp5_dynamic_kernel_end()
#define REG(n) R##n
#define SREG(n) S##n
#define CAT_(a,b) a##b
#define CAT(a,b) CAT_(a,b)
#define BANK 3
#define NAME(x) #x
#define PLANES X(0) X(1) X(2) X(3)
#define X(n) MOV(S##n, FLAG);
#define div2_inplace(r) diva(r, D, E)
int main(){
	vs_init();
	KB
		MOV(REG(5), REG(6));
		OR(SREG(1), SREG(2), CAT(S, BANK));
	KE
	KERNEL( add(A,B,C); sub(A,A,D); );
	KERNEL(CLR(R5, R6, R7););
	DKERNEL(MOV(R5,R6));
	KB PLANES KE
#undef X
#define X(n) CLR(S##n);
	KB
	PLANES
	KE;
	KB div2_inplace(A); KE
	vs_post_text(NAME(hello) " %d\n", BANK);
	if (BANK == 3) KERNEL(all();); else KERNEL(ALL(););
	return 0;
}
