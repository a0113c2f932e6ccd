/* The formulas of lif.c without branches, so that the loop over times becomes vector code: the short series is always
 * computed and selected where it applies. The order of the rates is a constant of the loop. */
#include "math/basis.h"

#include "base/simd.h"
#include "math/close.h"
#include "math/exponential.h"

#include <stdlib.h>
#include <string.h>

void pm_basis_free(pm_basis_table *table) {
    free(table->em);
    *table = (pm_basis_table){0};
}

pm_status pm_basis_reserve(pm_basis_table *table, size_t n, pm_error *error) {
    if (n <= table->capacity)
        return PM_OK;
    size_t size = (n + n / 2 + 63) / 8 * 8;
    double *x = aligned_alloc(64, 8 * size * sizeof *x);
    if (!x)
        return pm_fail_memory(error, "a table of exponentials");
    free(table->em);
    double **const columns[] = {&table->em,    &table->rise, &table->e1,  &table->e2,
                                &table->alpha, &table->d1,   &table->d12, &table->t};
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        *columns[k] = x + k * size;
    table->capacity = size;
    return PM_OK;
}

static inline __attribute__((always_inline)) void fill(const pm_lif *lif, size_t n, int at_m, const double *restrict t,
                                                       double *restrict em, double *restrict rise, double *restrict e1,
                                                       double *restrict e2, double *restrict alpha, double *restrict d1,
                                                       double *restrict d12) {
    const double x = lif->x, dxy = lif->dxy, dyz = lif->dyz, dxz = lif->dxz, inv_C = lif->inv_C, gap = lif->d12;
    const double inv_dxy = lif->inv_dxy, inv_dyz = lif->inv_dyz, inv_dxz = lif->inv_dxz;
    const double equal_xy = dxy > 0.0 ? 0.0 : 1.0, equal_yz = dyz > 0.0 ? 0.0 : 1.0;
    for (size_t k = 0; k < n; k++) {
        pm_exponential X = pm_exponential_at(-x * t[k]);
        pm_exponential XY = pm_exponential_at(-dxy * t[k]);
        pm_exponential YZ = pm_exponential_at(-dyz * t[k]);
        double e_y = X.e * XY.e, e_z = e_y * YZ.e;
        double g_xy = X.e * (-XY.m1 * inv_dxy + equal_xy * t[k]);
        double g_yz = e_y * (-YZ.m1 * inv_dyz + equal_yz * t[k]);
        double xz_m1 = XY.m1 + XY.e * YZ.m1;
        double g_xz = X.e * -xz_m1 * inv_dxz;
        double Q = dxz * t[k];
        double small = pm_close_rates(t[k] * t[k] * X.e, dxy * t[k], Q);
        double large = (g_xy - g_yz) * inv_dxz;
        double second = Q < PM_CLOSE_BELOW ? small : large;
        d12[k] = gap * second * inv_C;
        em[k] = at_m == 0 ? X.e : at_m == 1 ? e_y : e_z;
        e1[k] = at_m == 0 ? e_y : X.e;
        e2[k] = at_m == 2 ? e_y : e_z;
        rise[k] = -(at_m == 0 ? X.m1 : at_m == 1 ? X.m1 + X.e * XY.m1 : X.m1 + X.e * xz_m1);
        d1[k] = (at_m == 2 ? g_xz : g_xy) * inv_C;
        alpha[k] = gap * (at_m == 0 ? g_yz : at_m == 1 ? g_xz : g_xy);
    }
}

#define FILL_ARRAYS table->t, table->em, table->rise, table->e1, table->e2, table->alpha, table->d1, table->d12
PM_SIMD static void fill_0(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 0, FILL_ARRAYS); }
PM_SIMD static void fill_1(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 1, FILL_ARRAYS); }
PM_SIMD static void fill_2(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 2, FILL_ARRAYS); }

PM_SIMD static void fill_single(const pm_lif *lif, const double *restrict t, double *restrict em, double *restrict rise,
                                double *restrict e1, double *restrict d1, size_t n) {
    const double x = lif->x, gap = lif->dxy, inv_gap = lif->inv_dxy, inv_C = lif->inv_C;
    const bool membrane_first = lif->at_m == 0, equal = !(gap > 0.0);
    for (size_t k = 0; k < n; k++) {
        pm_exponential slow = pm_exponential_at(-x * t[k]);
        pm_exponential step = pm_exponential_at(-gap * t[k]);
        double fast = slow.e * step.e, slow_rise = -slow.m1, fast_rise = -(slow.m1 + slow.e * step.m1);
        d1[k] = slow.e * (equal ? t[k] : -step.m1 * inv_gap) * inv_C;
        em[k] = membrane_first ? slow.e : fast;
        e1[k] = membrane_first ? fast : slow.e;
        rise[k] = membrane_first ? slow_rise : fast_rise;
    }
}

void pm_basis_fill(const pm_lif *lif, pm_basis_table *table, size_t n) {
    if (n == 0)
        return; /* there may be no arrays */
    if (!lif->single) {
        (lif->at_m == 0 ? fill_0 : lif->at_m == 1 ? fill_1 : fill_2)(lif, table, n);
        return;
    }
    fill_single(lif, table->t, table->em, table->rise, table->e1, table->d1, n);
    memset(table->e2, 0, n * sizeof *table->e2);
    memcpy(table->alpha, table->e1, n * sizeof *table->alpha);
    memcpy(table->d12, table->d1, n * sizeof *table->d12);
}
