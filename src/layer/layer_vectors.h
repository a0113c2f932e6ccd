/* What the passes over several intervals share: vectors of PM_LANES neurons, the factors of an interval, and how far u
 * may have been above its end in it. */
#ifndef PM_LAYER_LAYER_VECTORS_H
#define PM_LAYER_LAYER_VECTORS_H

#include "math/lanes.h"
#include "layer/layer.h"

#include <float.h>
#include <math.h>

typedef double pm_vector __attribute__((vector_size(64)));
typedef int64_t pm_mask __attribute__((vector_size(64))); /* comparisons are left to signs: the compiler would take
                                                              those of several instruction sets apart */

typedef struct pm_factors {
    double em, c, d1, d12, e1, alpha, e2; /* as in pm_lif_basis; c: the part of u_inf */
} pm_factors;

static inline pm_factors pm_factors_of(const pm_layer *layer, size_t step) {
    const pm_lif_basis at = pm_basis_get(&layer->basis, step);
    return (pm_factors){at.em, layer->lif.u_inf * at.rise, at.d1, at.d12, at.e1, at.alpha, at.e2};
}

static inline __attribute__((always_inline)) void pm_absolute(pm_vector *a) {
    *a = (pm_vector)((pm_mask)*a & INT64_MAX);
}

static inline __attribute__((always_inline)) pm_vector *pm_vector_at(double *x) { return (pm_vector *)(void *)x; }
static inline __attribute__((always_inline)) const pm_vector *pm_row_at(const double *x) {
    return (const pm_vector *)(const void *)x;
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
    double noise;               /* mV/ms: see pm_may_fire */
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

/* The neuron's constants in pm_may_fire. */
typedef struct pm_guard {
    double theta; /* mV, lowered by more than any rounding */
    double inv_C; /* 1/pF, likewise */
    double l_m, u_inf;
} pm_guard;

static inline pm_guard pm_guard_of(const pm_lif *lif) {
    return (pm_guard){pm_below_threshold(lif), (1.0 - 0x1p-40) * lif->inv_C, lif->l_m, lif->u_inf};
}

/* Negative where neurons that start below threshold may fire, from i and b at the start, u and i at the end. Where u
 * rises at the end, i >= 0 and b >= 0, its largest value is at the end or the start: then i rises first and falls
 * later, or does one of the two only, and so does u' e^{t/tau_m} (see crossing.c), which, being positive at the end,
 * has not been negative after it was positive. Below u_inf both terms of u' are positive there; above it roundings of
 * u' are a 2^-40th of i/C_m and of theta/tau_m at most, if the interval is not too long: i and b enter u through sums
 * of one sign, and l_m C_m times their part of u is less than e^{(l_1 + l_m) h} times their part of i. */
static inline __attribute__((always_inline)) void pm_may_fire(pm_vector *may, const pm_guard *guard, const pm_excess *w,
                                                              const pm_vector *i, const pm_vector *b,
                                                              const pm_vector *end, const pm_vector *current) {
    pm_vector slow = *i, fast = *b;
    pm_absolute(&slow);
    pm_absolute(&fast);
    const pm_vector room = guard->theta - *end;
    const pm_vector room_before = room - (w->of_i * (slow + *i) + w->of_size * fast + w->of_b * *b);
    const pm_vector clear = ((guard->u_inf - *end) * guard->l_m + *current * guard->inv_C) - w->noise;
    *may = (pm_vector)((pm_mask)room | ((pm_mask)room_before & ((pm_mask)*i | (pm_mask)*b | (pm_mask)clear)));
}

#endif
