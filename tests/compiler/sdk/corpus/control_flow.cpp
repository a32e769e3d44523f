#include <scamp5.hpp>
using namespace SCAMP5_PE;
static int step(int k){
	if(k > 3) return -1;
	if(k == 2) goto two;
	scamp5_kernel_begin();
		mov(A,B);
	scamp5_kernel_end();
	return 0;
two:
	scamp5_kernel_begin();
		mov(B,A);
	scamp5_kernel_end();
	return 1;
}
[[maybe_unused]] __attribute__((noinline)) static void unused_fn(){ scamp5_kernel_begin(); CLR(R5); scamp5_kernel_end(); }
int main(){
	vs_init();
	int i = 0;
	do {
		if(step(i) < 0) break;
		if(i == 1) continue;
		scamp5_kernel_begin();
			bool inv = true;
			if (inv) NOT(R5,R6); else MOV(R5,R6);
			int j = 2;
			while (j--) { OR(R5,R7); }
			do { SET(R8); } while (0);
			switch (j) { case -1: CLR(R9); case 1: CLR(R10); break; default: CLR(R11); }
			unsigned char k = 0x0F & 0b11; k >>= 1;
			for (;;) { if (k == 0) break; MOV(R6,R5); --k; }
		scamp5_kernel_end();
	} while(++i < 5);
	__asm__ __volatile__ ("nop" ::: "memory");
	return 0;
}
