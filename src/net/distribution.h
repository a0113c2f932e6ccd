/* Distributions of weights, delays and parameters: whether they can be used, and how a value is drawn. */
#ifndef PM_NET_DISTRIBUTION_H
#define PM_NET_DISTRIBUTION_H

#include "base/random.h"
#include "net/steps.h"

#include <punctum/network.h>

/* PM_INVALID with a message that begins with `what` unless values can be drawn: numbers that are finite and in order,
 * at most `largest` in magnitude, and no [low, high] that holds less than one value in a million. */
pm_status pm_distribution_check(const pm_distribution *d, const char *what, double largest, pm_error *error);

/* A distribution that has been checked, made ready for many draws. */
typedef struct pm_draw {
    const pm_distribution *from;
    pm_steps steps; /* of distributions in steps */
    double least;   /* of values that are rounded: the first of these, in steps */
} pm_draw;
pm_draw pm_draw_begin(const pm_distribution *distribution);
/* The next value; `index` is the place in `values`. */
double pm_draw_next(const pm_draw *draw, gsl_rng *rng, size_t index);

/* The next n values, of what draws values at all, from the words of a stream. `step`: NULL, or, for distributions in
 * steps, where the number of each among the steps goes. */
void pm_draw_many(const pm_draw *draw, pm_words *words, size_t n, double *values, uint32_t *step);

/* A value in the middle, within the bounds. */
double pm_distribution_typical(const pm_distribution *d);

/* The smallest value that can be drawn; -INFINITY where there is none. */
double pm_distribution_least(const pm_distribution *d);

#endif
