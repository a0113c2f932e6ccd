/* sin(w t) and cos(w t) together, in straight-line arithmetic like exponential.h: the same bits on every machine.
 *
 * w t is taken with what its rounding leaves over, n pi/2 is subtracted in four parts of which three times n are exact,
 * and |r| <= pi/4 goes into two polynomials. Absolute errors below 2^-51 as long as |w t| < 2^27 rad; beyond, the phase
 * fades away. */
#ifndef PM_MATH_ROTATION_H
#define PM_MATH_ROTATION_H

#include <stdint.h>
#include <string.h>

typedef struct pm_rotation {
    double sin, cos;
    double versine; /* 1 - cos, to full relative accuracy */
} pm_rotation;

/* w t - fl(w t), by the products of halves of 26 bits. */
static inline double pm_product_error(double w, double t, double product) {
    static const double split = 0x1p27 + 1.0;
    double cw = split * w, ct = split * t;
    double w_high = cw - (cw - w), t_high = ct - (ct - t);
    double w_low = w - w_high, t_low = t - t_high;
    return ((w_high * t_high - product) + w_high * t_low + w_low * t_high) + w_low * t_low;
}

static inline pm_rotation pm_rotation_at(double w, double t) {
    static const double two_over_pi = 0x1.45f306dc9c883p-1, shifter = 0x1.8p52;
    static const double part_1 = 0x1.921fb5p+0, part_2 = 0x1.110b46p-26, part_3 = 0x1.1a6263p-54;
    static const double part_4 = 0x1.8a2e037p-81;
    double x = w * t;
    double shifted = x * two_over_pi + shifter; /* its low bits hold n */
    double n = shifted - shifter;
    double high = (x - n * part_1) - n * part_2;
    double low = n * part_3 - pm_product_error(w, t, x);
    double r = high - low;
    double r_error = ((high - r) - low) - n * part_4;
    double r2 = r * r;
    /* Taylor to r^18: the next terms are below 2^-58 relative. */
    double odd =
        -1.0 / 6 +
        r2 * (1.0 / 120 +
              r2 * (-1.0 / 5040 + r2 * (1.0 / 362880 + r2 * (-1.0 / 39916800 +
                                                             r2 * (1.0 / 6227020800 + r2 * (-1.0 / 1307674368000))))));
    double even =
        -1.0 / 24 +
        r2 * (1.0 / 720 + r2 * (-1.0 / 40320 + r2 * (1.0 / 3628800 +
                                                     r2 * (-1.0 / 479001600 + r2 * (1.0 / 87178291200.0 +
                                                                                    r2 * (-1.0 / 20922789888000.0))))));
    double sin_r = r + (r * r2 * odd + r_error * (1.0 - 0.5 * r2));
    double versine_r = 0.5 * r2 + (r2 * r2 * even + r * r_error);
    double cos_r = 1.0 - versine_r;
    uint64_t quadrant;
    memcpy(&quadrant, &shifted, sizeof quadrant);
    double s = quadrant & 1 ? cos_r : sin_r, c = quadrant & 1 ? sin_r : cos_r;
    s = quadrant & 2 ? -s : s;
    c = (quadrant + 1) & 2 ? -c : c;
    return (pm_rotation){.sin = s, .cos = c, .versine = (quadrant & 3) == 0 ? versine_r : 1.0 - c};
}

#endif
