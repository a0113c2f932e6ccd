/* The larger and the smaller of two numbers, without a branch where the machine has an instruction for it. */
#ifndef PM_MATH_LARGER_H
#define PM_MATH_LARGER_H

#include <math.h>

static inline double pm_larger(double x, double y) { return x > y ? x : y; }
static inline double pm_smaller(double x, double y) { return x < y ? x : y; }
/* x where it is positive, else 0: compilers make a branch of a comparison with 0. */
static inline double pm_positive(double x) { return 0.5 * (x + fabs(x)); }

#endif
