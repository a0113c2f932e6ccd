/* The closed forms. Everything is built from pairwise divided differences of x -> e^{-x t} over the sorted rates
 * x <= y <= z of membrane and currents,
 *
 *     g_xy = (e^{-xt} - e^{-yt}) / (y - x) = e^{-xt} (1 - e^{-(y-x)t}) / (y - x),
 *
 * whose only subtraction is inside expm1, and from the second one, (g_xy - g_yz) / (z - x). That difference cancels
 * only when (z - x) t is small, where a short series replaces it: invariant, no sum in this file cancels by more than a
 * factor of 8. */
#include "math/lif.h"

#include "math/close.h"
#include "math/exponential.h"

#include <math.h>

static double rate_difference(double tau_fast, double tau_slow) {
    return (tau_slow - tau_fast) / (tau_slow * tau_fast); /* the subtraction is exact where the two are close */
}

pm_lif pm_lif_new(const pm_lif_numbers *n) {
    const double tau_m = n->C_m / n->g_L;
    const bool impulse = n->tau_1 == 0.0;                          /* a current that is 0 may have any time constant */
    double tau[3] = {tau_m, impulse ? tau_m : n->tau_1, n->tau_2}; /* m, 1, 2 */
    pm_lif lif = {
        .l_m = 1.0 / tau[0],
        .l_1 = 1.0 / tau[1],
        .inv_C = 1.0 / n->C_m,
        .u_inf = n->I_e / n->g_L,
        .theta = n->theta,
        .u_reset = n->u_reset,
        .t_ref = n->t_ref,
        .E_L = n->E_L,
        .single = n->tau_2 == 0.0,
        .impulse = impulse,
    };
    unsigned char place[3] = {0, 1, 2};
    const size_t n_rates = lif.single ? 2 : 3;
    if (tau[0] < tau[1]) { /* tau_1 > tau_2 is given: only the membrane's place is open */
        place[0] = 1;
        place[1] = 0;
        if (!lif.single && tau[0] < tau[2]) {
            place[0] = 2;
            place[2] = 1;
        }
    }
    double sorted[3] = {0.0, 0.0, 0.0};
    for (size_t k = 0; k < n_rates; k++)
        sorted[place[k]] = tau[k];
    lif.at_m = place[0];
    lif.at_1 = place[1];
    lif.at_2 = place[2];
    lif.x = 1.0 / sorted[0];
    lif.dxy = rate_difference(sorted[1], sorted[0]);
    lif.inv_dxy = lif.dxy > 0.0 ? 1.0 / lif.dxy : 0.0;
    if (!lif.single) {
        lif.l_2 = 1.0 / tau[2];
        lif.d12 = rate_difference(tau[2], tau[1]);
        lif.dyz = rate_difference(sorted[2], sorted[1]);
        lif.dxz = rate_difference(sorted[2], sorted[0]);
        lif.inv_dyz = lif.dyz > 0.0 ? 1.0 / lif.dyz : 0.0;
        lif.inv_dxz = lif.dxz > 0.0 ? 1.0 / lif.dxz : 0.0;
    }
    return lif;
}

static pm_lif_basis basis_single(const pm_lif *lif, double t) {
    pm_exponential slow = pm_exponential_at(-lif->x * t);
    pm_exponential step = pm_exponential_at(-lif->dxy * t);
    double fast = slow.e * step.e;
    double g = slow.e * (lif->dxy > 0.0 ? -step.m1 * lif->inv_dxy : t) * lif->inv_C;
    pm_lif_basis at = {.d1 = g, .d12 = g, .e2 = 0.0};
    if (lif->at_m == 0) {
        at.em = slow.e;
        at.rise = -slow.m1;
        at.e1 = fast;
    } else {
        at.em = fast;
        at.rise = -(slow.m1 + slow.e * step.m1);
        at.e1 = slow.e;
    }
    at.alpha = at.e1;
    return at;
}

pm_lif_basis pm_lif_basis_at(const pm_lif *lif, double t) {
    if (lif->single)
        return basis_single(lif, t);
    pm_exponential X = pm_exponential_at(-lif->x * t);
    pm_exponential XY = pm_exponential_at(-lif->dxy * t);
    pm_exponential YZ = pm_exponential_at(-lif->dyz * t);
    double e[3] = {X.e, X.e * XY.e, X.e * XY.e * YZ.e};
    double g_xy = e[0] * (lif->dxy > 0.0 ? -XY.m1 * lif->inv_dxy : t);
    double g_yz = e[1] * (lif->dyz > 0.0 ? -YZ.m1 * lif->inv_dyz : t);
    double xz_m1 = XY.m1 + XY.e * YZ.m1;
    double g_xz = e[0] * -xz_m1 * lif->inv_dxz;
    double Q = lif->dxz * t;
    double second = Q < PM_CLOSE_BELOW ? pm_close_rates(t * t * e[0], lif->dxy * t, Q) : (g_xy - g_yz) * lif->inv_dxz;
    pm_lif_basis at = {
        .em = e[lif->at_m], .e1 = e[lif->at_1], .e2 = e[lif->at_2], .d12 = lif->d12 * second * lif->inv_C};
    switch (lif->at_m) {
    case 0: /* m, 1, 2 */
        at.rise = -X.m1;
        at.d1 = g_xy * lif->inv_C;
        at.alpha = lif->d12 * g_yz;
        break;
    case 1: /* 1, m, 2 */
        at.rise = -(X.m1 + X.e * XY.m1);
        at.d1 = g_xy * lif->inv_C;
        at.alpha = lif->d12 * g_xz;
        break;
    default: /* 1, 2, m */
        at.rise = -(X.m1 + X.e * xz_m1);
        at.d1 = g_xz * lif->inv_C;
        at.alpha = lif->d12 * g_xy;
        break;
    }
    return at;
}

pm_lif_state pm_lif_advance(const pm_lif *lif, const pm_lif_state *state, double t) {
    pm_lif_basis at = pm_lif_basis_at(lif, t);
    return pm_lif_advance_by(lif, state, &at);
}

double pm_lif_u(const pm_lif *lif, const pm_lif_state *state, double t) { return pm_lif_advance(lif, state, t).u; }

double pm_lif_psp(const pm_lif *lif, double t) { return pm_lif_basis_at(lif, t).d12; }

double pm_lif_psp_peak(const pm_lif *lif) {
    pm_lif quiet = *lif;
    quiet.u_inf = 0.0;
    quiet.theta = INFINITY;
    pm_lif_state spike = {0};
    pm_lif_arrive(lif, &spike, 1.0);
    return pm_lif_first_maximum(&quiet, &spike);
}
