/* What the passes over several intervals share: the factors of an interval, and how far u may have been above its end
 * in it. Its vectors are in layer_vectors.inc. */
#ifndef PM_LAYER_LAYER_VECTORS_H
#define PM_LAYER_LAYER_VECTORS_H

#include "layer/layer.h"
#include "math/lanes.h"

#include <float.h>
#include <math.h>

typedef struct pm_factors {
    double em, c, d1, d12, e1, alpha, e2; /* as in pm_lif_basis; c: the part of u_inf */
} pm_factors;

static inline pm_factors pm_factors_of(const pm_layer *layer, size_t step) {
    const pm_lif_basis at = pm_basis_get(&layer->basis, step);
    return (pm_factors){at.em, layer->lif.u_inf * at.rise, at.d1, at.d12, at.e1, at.alpha, at.e2};
}

/* theta, less than any rounding in a bound. */
static inline double pm_below_threshold(const pm_lif *lif) { return lif->theta - 0x1p-40 * fabs(lif->theta); }

/* What tells that a neuron does not fire in an interval of h ms without arrivals, the same for all neurons.
 *
 * The excess: u is at most by of_i (|i| + i) + of_size |b| + of_b b higher than at its end, with i and b at its start.
 * After a maximum, u falls no faster than i/C_m has fallen since (u' = 0 there, and u'' = i'/C_m - u'/tau_m >= i'/C_m
 * while u' <= 0), so that the end lies below the maximum by at most h^2/2 times the fastest fall of i/C_m. That of i is
 * at most l_1 times the largest i, i+ + d12 h b+, and d12 b-, where x+ = (|x| + x)/2 and x- = (|x| - x)/2. */
typedef struct pm_excess {
    double of_i, of_size, of_b; /* mV/pA */
    double noise;               /* mV/ms: see may_fire */
} pm_excess;

static inline pm_excess pm_excess_of(const pm_lif *lif, double h) {
    const double half = 0.25 * h * h * lif->inv_C, rounding = 0x1p-40 * h * lif->inv_C + DBL_MIN;
    return (pm_excess){.of_i = half * lif->l_1 + rounding,
                       .of_size = half * lif->d12 * (1.0 + lif->l_1 * h) + 2.0 * rounding,
                       .of_b = half * lif->d12 * (lif->l_1 * h - 1.0),
                       .noise = (lif->l_1 + lif->l_m) * h < 4.0
                                    ? 0x1p-40 * lif->l_m * (fabs(lif->theta) + fabs(lif->u_inf))
                                    : (double)INFINITY};
}

/* The neuron's constants in may_fire. */
typedef struct pm_guard {
    double theta; /* mV, lowered by more than any rounding */
    double inv_C; /* 1/pF, likewise */
    double l_m, u_inf;
} pm_guard;

static inline pm_guard pm_guard_of(const pm_lif *lif) {
    return (pm_guard){pm_below_threshold(lif), (1.0 - 0x1p-40) * lif->inv_C, lif->l_m, lif->u_inf};
}

#endif
