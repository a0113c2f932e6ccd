/* The second divided difference of e^{-lt} where rates are close: t^2 e^{-xt} sum_k (-1)^k h_k(P, Q) / (k + 2)!, where
 * h_k is the complete homogeneous symmetric polynomial, P = (y - x) t, Q = (z - x) t < PM_CLOSE_BELOW. The same terms
 * wherever it stands: in single calls, in lanes of vectors. */
#ifndef PM_MATH_CLOSE_H
#define PM_MATH_CLOSE_H

static const double PM_CLOSE_BELOW = 0.5;

/* `scale`: t^2 e^{-xt}. */
static inline __attribute__((always_inline)) double pm_close_rates(double scale, double P, double Q) {
    enum { TERMS = 15 }; /* 0.5^15 / 17! * 16 < 2^-58 */
    double h = 1.0, power = 1.0, coefficient = 0.5, sum = 0.5;
#pragma GCC unroll 15
    for (int k = 1; k < TERMS; k++) {
        power *= P;
        h = Q * h + power;
        coefficient /= -(double)(k + 2);
        sum += coefficient * h;
    }
    return scale * sum;
}

#endif
