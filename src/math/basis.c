/* Loops over times that become vector code (basis_point.h). The order of the rates is a constant of the loop. */
#include "math/basis.h"

#include "base/simd.h"
#include "math/basis_point.h"

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

static inline __attribute__((always_inline)) void
fill(const pm_lif *lif, size_t n, double at_m, const double *restrict t, double *restrict em, double *restrict rise,
     double *restrict e1, double *restrict e2, double *restrict alpha, double *restrict d1, double *restrict d12) {
    const pm_basis_rates rates = pm_basis_rates_of(lif);
    for (size_t k = 0; k < n; k++) {
        const pm_lif_basis at = pm_basis_point(&rates, at_m, t[k]);
        em[k] = at.em;
        rise[k] = at.rise;
        e1[k] = at.e1;
        e2[k] = at.e2;
        alpha[k] = at.alpha;
        d1[k] = at.d1;
        d12[k] = at.d12;
    }
}

#define FILL_ARRAYS table->t, table->em, table->rise, table->e1, table->e2, table->alpha, table->d1, table->d12
PM_SIMD static void fill_0(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 0.0, FILL_ARRAYS); }
PM_SIMD static void fill_1(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 1.0, FILL_ARRAYS); }
PM_SIMD static void fill_2(const pm_lif *lif, pm_basis_table *table, size_t n) { fill(lif, n, 2.0, FILL_ARRAYS); }

PM_SIMD static void fill_single(const pm_lif *lif, const double *restrict t, double *restrict em, double *restrict rise,
                                double *restrict e1, double *restrict d1, size_t n) {
    const pm_basis_rates rates = pm_basis_rates_of(lif);
    for (size_t k = 0; k < n; k++) {
        const pm_lif_basis at = pm_basis_single_point(&rates, t[k]);
        em[k] = at.em;
        rise[k] = at.rise;
        e1[k] = at.e1;
        d1[k] = at.d1;
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
