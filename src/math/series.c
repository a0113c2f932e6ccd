/* Taylor coefficients by the differential equations themselves:
 *
 *     (D_12/C)' = alpha/C - l_m D_12/C,   alpha' = (l_2 - l_1) e_2 - l_1 alpha,   e_2' = -l_2 e_2
 *
 * (single: alpha = e_1, e_2 = 0). All three functions are >= 0 and their coefficients fall like (rate h/2)^k/k!, so no
 * sum cancels. Invariant: lanes are added up in one fixed order, whatever the width of the registers. */
#include "math/series.h"

#include "math/simd.h"

#include <string.h>

static const double LONGEST = 1.0; /* h/2 times the fastest rate */

pm_series pm_series_new(const pm_lif *lif, double h) {
    pm_series series = {.per_h = 2.0 / h};
    double fastest = lif->x + (lif->single ? lif->dxy : lif->dxz), radius = 0.5 * h;
    if (!(fastest * radius <= LONGEST))
        return series;
    pm_lif_basis at = pm_lif_basis_at(lif, radius);
    double u = at.d12, i = at.alpha, b = at.e2, size = 1.0;
    double least = 0x1p-57 * (fastest * radius) * (fastest * radius); /* D_12 itself is of second order */
    for (size_t k = 0; k < PM_SERIES_TERMS && size > least; k++) {
        series.u[k] = u;
        series.i[k] = i;
        series.b[k] = b;
        series.n_terms = k + 1;
        double step = radius / (double)(k + 1);
        double du = i * lif->inv_C - lif->l_m * u, di = lif->d12 * b - lif->l_1 * i, db = -lif->l_2 * b;
        u = du * step;
        i = di * step;
        b = db * step;
        size *= fastest * step;
    }
    return series;
}

typedef double lanes __attribute__((vector_size(8 * PM_SERIES_LANES)));

static inline __attribute__((always_inline)) double total(const double *v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

static inline __attribute__((always_inline)) void add_up(const pm_series *series, size_t n, const double *offset,
                                                         const double *weight, bool single, double *u, double *i,
                                                         double *b) {
    lanes sum_u = {0}, sum_i = {0}, sum_b = {0};
    for (size_t k = 0; k < n; k += PM_SERIES_LANES) {
        lanes x, w, even_u = {0}, even_i = {0}, even_b = {0}, odd_u = {0}, odd_i = {0}, odd_b = {0};
        memcpy(&x, offset + k, sizeof x);
        memcpy(&w, weight + k, sizeof w);
        x = 1.0 - x * series->per_h;
        const lanes x2 = x * x;
        for (size_t term = (series->n_terms + 1) / 2; term-- > 0;) {
            even_u = even_u * x2 + series->u[2 * term];
            odd_u = odd_u * x2 + series->u[2 * term + 1];
            even_i = even_i * x2 + series->i[2 * term];
            odd_i = odd_i * x2 + series->i[2 * term + 1];
            if (!single) {
                even_b = even_b * x2 + series->b[2 * term];
                odd_b = odd_b * x2 + series->b[2 * term + 1];
            }
        }
        sum_u += w * (even_u + x * odd_u);
        sum_i += w * (even_i + x * odd_i);
        sum_b += w * (even_b + x * odd_b);
    }
    memcpy(u, &sum_u, sizeof sum_u);
    memcpy(i, &sum_i, sizeof sum_i);
    memcpy(b, &sum_b, sizeof sum_b);
}

PM_SIMD static void add_up_single(const pm_series *series, size_t n, const double *offset, const double *weight,
                                  double *u, double *i, double *b) {
    add_up(series, n, offset, weight, true, u, i, b);
}
PM_SIMD static void add_up_double(const pm_series *series, size_t n, const double *offset, const double *weight,
                                  double *u, double *i, double *b) {
    add_up(series, n, offset, weight, false, u, i, b);
}

pm_response pm_series_sum(const pm_series *series, const pm_lif *lif, double h, size_t n, const double *offset,
                          const double *weight) {
    if (series->n_terms > 0) {
        double u[PM_SERIES_LANES] = {0}, i[PM_SERIES_LANES] = {0}, b[PM_SERIES_LANES] = {0};
        (lif->single ? add_up_single : add_up_double)(series, n, offset, weight, u, i, b);
        return (pm_response){total(u), total(i), lif->single ? 0.0 : total(b)};
    }
    pm_response sum = {0};
    for (size_t k = 0; k < n; k++) {
        pm_lif_basis at = pm_lif_basis_at(lif, h - offset[k]);
        sum.u += weight[k] * at.d12;
        sum.i += weight[k] * at.alpha;
        sum.b += weight[k] * at.e2;
    }
    return sum;
}
