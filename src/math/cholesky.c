/* a = l l^T, column after column, then l y = x and l^T x = y. Invariant: every sum runs over ascending indices in the
 * factor, descending ones on the way back, so that the bits are the same everywhere. */
#include "math/cholesky.h"

#include <math.h>

/* Column j of the factor from those before it. */
static bool reduce(size_t n, double *a, size_t stride, size_t j) {
    for (size_t i = j; i < n; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < j; k++)
            sum += a[i * stride + k] * a[j * stride + k];
        a[i * stride + j] -= sum;
    }
    if (!(a[j * stride + j] > 0.0))
        return false;
    double root = sqrt(a[j * stride + j]), inverse = 1.0 / root;
    for (size_t i = j; i < n; i++)
        a[i * stride + j] *= inverse;
    return true;
}

bool pm_cholesky_solve(size_t n, double *a, size_t stride, double *x) {
    for (size_t j = 0; j < n; j++)
        if (!reduce(n, a, stride, j))
            return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            x[i] -= a[i * stride + k] * x[k];
        x[i] /= a[i * stride + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            x[i] -= a[k * stride + i] * x[k];
        x[i] /= a[i * stride + i];
    }
    return true;
}
