/* The first crossing within an interval whose two end states are known, as they are where a whole layer is carried from
 * arrival to arrival. Most answers then cost no exponential. */
#ifndef PM_MATH_INTERVAL_H
#define PM_MATH_INTERVAL_H

#include "math/lif.h"

/* The first t in [0, h] with u(t) >= theta, or INFINITY, like pm_lif_crossing. `end` is the state h ms after `start`
 * without a spike; *at receives the state at the crossing. Times in ms. */
double pm_lif_crossing_between(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h,
                               pm_lif_state *at);

/* dI/dt, pA/ms. */
static inline double pm_lif_current_slope(const pm_lif *lif, const pm_lif_state *s) {
    return lif->d12 * s->b - lif->l_1 * s->i;
}

#endif
