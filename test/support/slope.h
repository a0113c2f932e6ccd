/* dV/dt of a neuron on its way, for comparisons. */
#ifndef PM_TEST_SLOPE_H
#define PM_TEST_SLOPE_H

#include "math/lif.h"

/* At time t from the state, mV/ms. */
static inline double slope_at(const pm_lif *lif, const pm_lif_state *state, double t) {
    pm_lif_state then = pm_lif_advance(lif, state, t);
    return pm_lif_slope_now(lif, &then);
}

#endif
