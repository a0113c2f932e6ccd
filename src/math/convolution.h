/* Convolutions of decaying exponentials, the functions of which the courses of linear chains and their derivatives
 * with respect to the rates consist:
 *
 *     G[x](t) = e^{-x t},   G[x, y, ...](t) = the integral of e^{-x (t - s)} G[y, ...](s) over s from 0 to t
 *
 * that is, divided differences of e^{-x t} but for the sign: positive, symmetric in the rates, smooth where rates are
 * equal. The derivative of G with respect to one of its rates is minus the G that has this rate once more. */
#ifndef PM_MATH_CONVOLUTION_H
#define PM_MATH_CONVOLUTION_H

enum { PM_CONVOLUTION = 4 };

/* g[i][j], i <= j: that of rates i to j (1/ms, >= 0), t >= 0 ms. In ms to the power j - i. Relative errors below 1e-13
 * as long as the exponentials exceed e^-300. */
void pm_convolutions(const double rate[PM_CONVOLUTION], double t, double g[PM_CONVOLUTION][PM_CONVOLUTION]);

#endif
