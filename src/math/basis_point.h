/* The formulas of lif.c without branches, so that loops over times, or over neurons, become vector code: the short
 * series is always computed, and selected where it applies. The bits are those of pm_lif_basis_at. */
#ifndef PM_MATH_BASIS_POINT_H
#define PM_MATH_BASIS_POINT_H

#include "math/close.h"
#include "math/exponential.h"
#include "math/lif.h"

/* What the basis is made of, of pm_lif. */
typedef struct pm_basis_rates {
    double x, dxy, dyz, dxz, inv_dxy, inv_dyz, inv_dxz, inv_C, d12;
    double at_m; /* the membrane's place */
} pm_basis_rates;

static inline pm_basis_rates pm_basis_rates_of(const pm_lif *lif) {
    return (pm_basis_rates){lif->x,       lif->dxy,     lif->dyz,   lif->dxz, lif->inv_dxy,
                            lif->inv_dyz, lif->inv_dxz, lif->inv_C, lif->d12, lif->at_m};
}

/* `at_m` apart: a constant where all times are of one neuron. */
static inline __attribute__((always_inline)) pm_lif_basis pm_basis_point(const pm_basis_rates *r, double at_m,
                                                                         double t) {
    const pm_exponential X = pm_exponential_at(-r->x * t);
    const pm_exponential XY = pm_exponential_at(-r->dxy * t);
    const pm_exponential YZ = pm_exponential_at(-r->dyz * t);
    const double equal_xy = r->dxy > 0.0 ? 0.0 : 1.0, equal_yz = r->dyz > 0.0 ? 0.0 : 1.0;
    const double e_y = X.e * XY.e, e_z = e_y * YZ.e;
    const double g_xy = X.e * (-XY.m1 * r->inv_dxy + equal_xy * t);
    const double g_yz = e_y * (-YZ.m1 * r->inv_dyz + equal_yz * t);
    const double xz_m1 = XY.m1 + XY.e * YZ.m1;
    const double g_xz = X.e * -xz_m1 * r->inv_dxz;
    const double Q = r->dxz * t;
    const double small = pm_close_rates(t * t * X.e, r->dxy * t, Q);
    const double large = (g_xy - g_yz) * r->inv_dxz;
    const double second = Q < PM_CLOSE_BELOW ? small : large;
    return (pm_lif_basis){
        .em = at_m == 0.0   ? X.e
              : at_m == 1.0 ? e_y
                            : e_z,
        .rise = -(at_m == 0.0   ? X.m1
                  : at_m == 1.0 ? X.m1 + X.e * XY.m1
                                : X.m1 + X.e * xz_m1),
        .e1 = at_m == 0.0 ? e_y : X.e,
        .e2 = at_m == 2.0 ? e_y : e_z,
        .alpha = r->d12 * (at_m == 0.0   ? g_yz
                           : at_m == 1.0 ? g_xz
                                         : g_xy),
        .d1 = (at_m == 2.0 ? g_xz : g_xy) * r->inv_C,
        .d12 = r->d12 * second * r->inv_C,
    };
}

/* Of a single exponential. */
static inline __attribute__((always_inline)) pm_lif_basis pm_basis_single_point(const pm_basis_rates *r, double t) {
    const pm_exponential slow = pm_exponential_at(-r->x * t);
    const pm_exponential step = pm_exponential_at(-r->dxy * t);
    const bool membrane_first = r->at_m == 0.0, equal = !(r->dxy > 0.0);
    const double fast = slow.e * step.e, slow_rise = -slow.m1, fast_rise = -(slow.m1 + slow.e * step.m1);
    const double d1 = slow.e * (equal ? t : -step.m1 * r->inv_dxy) * r->inv_C, e1 = membrane_first ? fast : slow.e;
    return (pm_lif_basis){
        .em = membrane_first ? slow.e : fast,
        .rise = membrane_first ? slow_rise : fast_rise,
        .e1 = e1,
        .alpha = e1,
        .d1 = d1,
        .d12 = d1,
    };
}

#endif
