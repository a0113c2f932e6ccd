/* Matrix products are OpenBLAS's. It computes each on the calling thread alone: its own threads would cut the sums in
 * ways that depend on their number, and the callers run one product per core already. The Fortran names are called
 * because GSL brings a reference library of its own for the C names, which would be taken instead. Fortran stores
 * column by column: c^T = b^T a^T is the same product row by row. */
#include "math/product.h"

#include <cblas.h>
#include <f77blas.h>
#include <limits.h>

void pm_product(size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep, double *c,
                size_t stride) {
    if (rows == 0 || columns == 0)
        return;
    blasint m = (blasint)columns, n = (blasint)rows, k = (blasint)inner;
    blasint b_stride = (blasint)b.stride, a_stride = (blasint)a.stride, c_stride = (blasint)stride;
    double one = 1.0;
    char b_kind = b.transposed ? 'T' : 'N', a_kind = a.transposed ? 'T' : 'N';
    dgemm_(&b_kind, &a_kind, &m, &n, &k, &one, (double *)b.data, &b_stride, (double *)a.data, &a_stride, &keep, c,
           &c_stride);
}

void pm_product_alone(void) {
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}
