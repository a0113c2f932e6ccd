/* Elementary functions whose bits are the same on every machine: those of the C library depend on the processor, and
 * `make lint` refuses them. Errors in units in the last place, the largest of millions of arguments: */
#ifndef PM_MATH_ELEMENTARY_H
#define PM_MATH_ELEMENTARY_H

#include <stddef.h>

double pm_exp(double x);   /* 0.501 */
double pm_log(double x);   /* 0.505 */
double pm_log1p(double x); /* log(1 + x): 0.505 */
double pm_sin(double x);   /* 0.58; |x| <= 2^13, beyond that no number */
double pm_cos(double x);   /* 0.58; the same */

/* x^y for x >= 0: 0.51 + 0.01 |log x^y|. */
double pm_pow(double x, double y);

/* Turns each of n numbers, none of them positive, into its exponential: 0.9 (see math/exponential.h), but in a fraction
 * of the time; below -700: e^-700. */
void pm_exponentials(size_t n, double *x);

#endif
