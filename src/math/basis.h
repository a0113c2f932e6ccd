/* The basis functions of lif.h at many times at once, as arrays: the work of a vector unit. */
#ifndef PM_MATH_BASIS_H
#define PM_MATH_BASIS_H

#include "math/lif.h"

#include <punctum/error.h>
#include <stddef.h>

typedef struct pm_basis_table {
    size_t capacity;
    double *em, *rise, *e1, *e2, *alpha, *d1, *d12; /* see pm_lif_basis */
    double *t;                                      /* ms; to be filled in by the caller */
} pm_basis_table;

pm_status pm_basis_reserve(pm_basis_table *table, size_t n, pm_error *error);
void pm_basis_free(pm_basis_table *table);

/* Fills the table for the n times in table->t, all >= 0 ms. The same bits as pm_lif_basis_at. */
void pm_basis_fill(const pm_lif *lif, pm_basis_table *table, size_t n);

static inline pm_lif_basis pm_basis_get(const pm_basis_table *table, size_t k) {
    return (pm_lif_basis){table->em[k],    table->rise[k], table->e1[k], table->e2[k],
                          table->alpha[k], table->d1[k],   table->d12[k]};
}

#endif
