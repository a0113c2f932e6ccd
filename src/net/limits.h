/* What numbers of a network may be, beside the ranges of the parameters. */
#ifndef PM_NET_LIMITS_H
#define PM_NET_LIMITS_H

#include "base/kind.h"

#include <math.h>
#include <punctum/error.h>
#include <stdbool.h>

static const double PM_LARGEST_WEIGHT = PM_LARGEST; /* pA, or mV for impulses */

/* Not if it is not a number. */
static inline bool pm_weight_fits(double weight) { return fabs(weight) <= PM_LARGEST_WEIGHT; }

/* PM_INVALID for an interval (ms) whose multiples are lost in the rounding of times up to `duration` (ms). */
static inline pm_status pm_interval_check(double interval, double duration, pm_error *error) {
    const double shortest = duration * 0x1p-52;
    if (interval >= shortest)
        return PM_OK;
    return pm_fail(error, PM_INVALID,
                   "the recording interval is %g ms; beside a duration of %g ms it must be at least %.3g ms", interval,
                   duration, shortest);
}

#endif
