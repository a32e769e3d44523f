#include <scamp5.hpp>
#include <cstdio>
using namespace SCAMP5_PE;
static const areg_t regs[] = {A, B, C, D};
static const dreg_t planes[4] = {R5,R6,R7,R8};
const dreg_t& pick(int i){ return planes[i & 3]; }
areg_t acc(bool first) { return first ? A : B; }
typedef void (*kfun)(void);
static void k_up(){ scamp5_kernel_begin(); movx(A,A,south); scamp5_kernel_end(); }
static void k_down(){ scamp5_kernel_begin(); movx(A,A,north); scamp5_kernel_end(); }
static void k_left(){ scamp5_kernel_begin(); movx(A,A,east); scamp5_kernel_end(); }
static void k_right(){ scamp5_kernel_begin(); movx(A,A,west); scamp5_kernel_end(); }
kfun table[] = { k_up, &k_down, k_left, k_right };
int main(){
	vs_init();
	for(int i=0;i<4;i++){
		scamp5_dynamic_kernel_begin();
			MOV(planes[i], FLAG);
			NOT(pick(i+1), planes[i]);
			res(regs[i]);
		scamp5_dynamic_kernel_end();
	}
	for(int i=0;i<4;++i) table[i]();
	for(unsigned j=0;j<sizeof(planes)/sizeof(planes[0]);j++){
		scamp5_dynamic_kernel_begin();
			CLR(planes[j]);
		scamp5_dynamic_kernel_end();
	}
	scamp5_dynamic_kernel_begin();
		add(acc(true), acc(false), C);
		for (auto r : regs) { neg(F, r); mov(r, F); }
	scamp5_dynamic_kernel_end();
	scamp5_kernel_begin();
	{
		const int n = 3;
		for(int i=0;i<n;i++){ if(i%2) movx(A,A,north); else movx(A,A,east); }
		{ mov(B,A); }
	}
	scamp5_kernel_end();
	return 0;
}
