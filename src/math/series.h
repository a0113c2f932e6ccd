/* Sums of responses to many arrivals within a short time: the functions of lif.h as polynomials.
 *
 * Over [0, h] with h short against all time constants D_12/C_m, alpha and e^{-l_2 t} are Taylor polynomials around h/2
 * to the last bits, for any ratio of the time constants. So the sum over arrivals needs no more of each than its
 * powers. */
#ifndef PM_MATH_SERIES_H
#define PM_MATH_SERIES_H

#include "math/lif.h"

#include <stddef.h>

enum { PM_SERIES_TERMS = 24, PM_SERIES_LANES = 8 };

typedef struct pm_series {
    bool single;               /* the neuron's current is */
    size_t n_terms;            /* 0: h is too long, and sums are made of exponentials */
    double per_h;              /* 2/h, 1/ms */
    double u[PM_SERIES_TERMS]; /* of D_12/C_m in powers of (h/2 - t)/(h/2) with t from the start, mV/pA */
    double i[PM_SERIES_TERMS]; /* of alpha */
    double b[PM_SERIES_TERMS]; /* of e^{-l_2 t} */
} pm_series;

/* Arrivals in lanes: a row holds one of each lane, as ms from the start, or below 0 where the lane has none. */
typedef double pm_series_row[PM_SERIES_LANES];

/* What the arrivals of each lane, each of weight 1 pA, leave behind at the end of the interval. */
typedef struct pm_series_sums {
    double number[PM_SERIES_LANES]; /* of arrivals */
    double u[PM_SERIES_LANES];      /* mV/pA */
    double i[PM_SERIES_LANES], b[PM_SERIES_LANES];
} pm_series_sums;

pm_series pm_series_new(const pm_lif *lif, double h);

/* The sums at h (ms) over n rows of offsets in [0, h]. */
void pm_series_add_up(const pm_series *series, const pm_lif *lif, double h, size_t n, pm_series_row *offset,
                      pm_series_sums *out);

#endif
