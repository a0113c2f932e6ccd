/* Distributions of numbers from the streams of base/random.h: the same bits on every machine. */
#ifndef PM_MATH_DRAW_H
#define PM_MATH_DRAW_H

#include <gsl/gsl_rng.h>

double pm_draw_flat(gsl_rng *rng, double low, double high); /* uniform on [low, high) */
double pm_draw_exponential(gsl_rng *rng, double mean);      /* from 0 on */
double pm_draw_normal(gsl_rng *rng, double deviation);      /* around 0 */

#endif
