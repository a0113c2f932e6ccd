/* Sums of responses to many arrivals within a short time: the functions of lif.h as polynomials.
 *
 * Over [0, h] with h short against all time constants D_12/C_m, alpha and e^{-l_2 t} are Taylor polynomials around h/2
 * to the last bits, at a third of the cost of exponentials, for any ratio of the time constants. */
#ifndef PM_MATH_SERIES_H
#define PM_MATH_SERIES_H

#include "math/lif.h"

#include <stddef.h>

enum { PM_SERIES_TERMS = 24, PM_SERIES_LANES = 8 };

typedef struct pm_series {
    size_t n_terms;            /* 0: h is too long, and sums are made of exponentials */
    double per_h;              /* 2/h, 1/ms */
    double u[PM_SERIES_TERMS]; /* of D_12/C_m in powers of (h/2 - t)/(h/2) with t from the start, mV/pA */
    double i[PM_SERIES_TERMS]; /* of alpha */
    double b[PM_SERIES_TERMS]; /* of e^{-l_2 t} */
} pm_series;

/* What arrivals contribute to a state at the end of the interval. */
typedef struct pm_response {
    double u, i, b; /* mV, pA, pA */
} pm_response;

pm_series pm_series_new(const pm_lif *lif, double h);

/* The state at h (ms) that n arrivals at `offset` (ms, in [0, h]) with `weight` (pA) leave behind. Both arrays are
 * readable up to the next multiple of PM_SERIES_LANES, with weights of 0 there. */
pm_response pm_series_sum(const pm_series *series, const pm_lif *lif, double h, size_t n, const double *offset,
                          const double *weight);

#endif
