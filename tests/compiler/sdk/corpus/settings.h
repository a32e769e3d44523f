// What several files of a project share: aliases and a step that kernels call.
#pragma once
#define WORK_PLANE C
#define WORK_MASK R8
#define THRESHOLD_DEFAULT 33
static const areg_t spare = F;

inline void keep_positive(const areg_t reg) {
    where(reg);
        MOV(WORK_MASK, FLAG);
    all();
    NOT(R9, WORK_MASK);
    WHERE(R9);
        res(reg);
    all();
}
