/* Distributions of numbers from the streams of base/random.h: the same bits on every machine. */
#ifndef PM_MATH_DRAW_H
#define PM_MATH_DRAW_H

#include "base/random.h"

double pm_draw_flat(gsl_rng *rng, double low, double high); /* uniform on [low, high) */
double pm_draw_exponential(gsl_rng *rng, double mean);      /* from 0 on */
double pm_draw_normal(gsl_rng *rng, double deviation);      /* around 0 */

/* The same from the words of a stream. */
double pm_words_flat(pm_words *words, double low, double high);
double pm_words_exponential(pm_words *words, double mean);
double pm_words_normal(pm_words *words, double deviation);
/* mean + pm_words_normal n times, each drawn until it is within [low, high]. */
void pm_words_normals(pm_words *words, double mean, double deviation, double low, double high, size_t n,
                      double *values);

#endif
