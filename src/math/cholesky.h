/* Symmetric, positive definite systems of equations. */
#ifndef PM_MATH_CHOLESKY_H
#define PM_MATH_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* Replaces the right side x (n) by the solution of a x = x, and the lower triangle of a (n rows of `stride`; nothing
 * else of it is read) by its factor. False where a is not positive definite to rounding; x is no solution then. */
bool pm_cholesky_solve(size_t n, double *a, size_t stride, double *x);

#endif
