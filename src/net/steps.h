/* The values of a distribution in steps: of PM_UNIFORM_STEPS a, a + step, ..., up to b; of others with a step its
 * multiples within what can be drawn. */
#ifndef PM_NET_STEPS_H
#define PM_NET_STEPS_H

#include <punctum/network.h>

typedef struct pm_steps {
    double first, step; /* in units of 1/scale */
    double scale;       /* a power of ten */
    double last;        /* none is larger */
    double count;       /* number of values; 0: there is none within the bounds */
} pm_steps;

static inline bool pm_is_rounded(const pm_distribution *d) { return d->kind != PM_UNIFORM_STEPS && d->step > 0.0; }
static inline bool pm_is_in_steps(const pm_distribution *d) { return d->kind == PM_UNIFORM_STEPS || pm_is_rounded(d); }
pm_steps pm_steps_of(const pm_distribution *distribution);

/* Value k, from 0. */
static inline double pm_steps_value(const pm_steps *steps, double k) {
    double value = (steps->first + k * steps->step) / steps->scale;
    return value < steps->last ? value : steps->last;
}

#endif
