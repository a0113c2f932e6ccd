/* Taylor coefficients by the differential equations themselves:
 *
 *     (D_12/C)' = alpha/C - l_m D_12/C,   alpha' = (l_2 - l_1) e_2 - l_1 alpha,   e_2' = -l_2 e_2
 *
 * (single: alpha = e_1, e_2 = 0). All three functions are >= 0 and their coefficients fall like (rate h/2)^k/k!, so no
 * sum cancels. A sum over arrivals is that of the coefficients times the sums of powers. Invariant: what a lane adds
 * up, and in which order, depends on no other lane. */
#include "math/series.h"

#include "base/simd.h"
#include "math/basis.h"
#include "math/exponential.h"

#include <stdint.h>
#include <string.h>

static const double LONGEST = 1.0; /* h/2 times the fastest rate */

pm_series pm_series_new(const pm_lif *lif, double h) {
    pm_series series = {.per_h = 2.0 / h, .single = lif->single};
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

enum { ROWS = 8, MOST = ROWS * PM_SERIES_LANES }; /* that exponentials are made of at a time */

/* The responses of single exponentials to arrivals at those offsets; 0 where there is none. */
PM_SIMD static void respond_single(const pm_lif *lif, double h, size_t n, const double *restrict offset,
                                   double *restrict u, double *restrict i, double *restrict there) {
    const double x = lif->x, gap = lif->dxy, inv_gap = lif->inv_dxy, inv_C = lif->inv_C;
    const double equal = gap > 0.0 ? 0.0 : 1.0, slow_membrane = lif->at_m == 0 ? 1.0 : 0.0;
    for (size_t k = 0; k < n; k++) {
        const double t = h - (offset[k] > 0.0 ? offset[k] : 0.0);
        const pm_exponential slow = pm_exponential_at(-x * t), step = pm_exponential_at(-gap * t);
        const double here = offset[k] >= 0.0 ? 1.0 : 0.0, e = here * slow.e;
        there[k] = here;
        u[k] = e * (-step.m1 * inv_gap + equal * t) * inv_C;
        i[k] = e * (slow_membrane * step.e + (1.0 - slow_membrane));
    }
}

/* The same of double exponentials. */
static void respond(const pm_lif *lif, double h, size_t n, const double *offset, double *u, double *i, double *b,
                    double *there) {
    double unused[4][MOST], t[MOST];
    pm_basis_table at = {
        .em = unused[0], .rise = unused[1], .e1 = unused[2], .e2 = b, .alpha = i, .d1 = unused[3], .d12 = u, .t = t};
    for (size_t k = 0; k < n; k++) {
        there[k] = offset[k] >= 0.0 ? 1.0 : 0.0;
        t[k] = h - (offset[k] > 0.0 ? offset[k] : 0.0);
    }
    pm_basis_fill(lif, &at, n);
    for (size_t k = 0; k < n; k++) {
        u[k] *= there[k];
        i[k] *= there[k];
        b[k] *= there[k];
    }
}

#define PM_KERNELS "math/series.inc"
#include "base/widths.inc"

/* Where h is too long: exponentials. */
static void add_up_exponentials(const pm_lif *lif, double h, size_t n, pm_series_row *offset, pm_series_sums *out) {
    double u[MOST], i[MOST], b[MOST], there[MOST];
    *out = (pm_series_sums){0};
    for (size_t first = 0; first < n; first += ROWS) {
        const size_t rows = n - first < ROWS ? n - first : ROWS, more = rows * PM_SERIES_LANES;
        if (lif->single)
            respond_single(lif, h, more, offset[first], u, i, there);
        else
            respond(lif, h, more, offset[first], u, i, b, there);
        PM_WIDEST(add_rows)(rows, there, out->number);
        PM_WIDEST(add_rows)(rows, u, out->u);
        PM_WIDEST(add_rows)(rows, i, out->i);
        if (!lif->single)
            PM_WIDEST(add_rows)(rows, b, out->b);
    }
}

void pm_series_add_up(const pm_series *series, const pm_lif *lif, double h, size_t n, pm_series_row *offset,
                      pm_series_sums *out) {
    if (series->n_terms == 0)
        add_up_exponentials(lif, h, n, offset, out);
    else
        PM_WIDEST(add_up)(series, n, offset, out);
    if (lif->single) /* e^{-l_2 t} is 0 for t > 0 only */
        memset(out->b, 0, sizeof out->b);
}
