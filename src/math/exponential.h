/* e^x and e^x - 1 together, for x <= 0, in straight-line arithmetic that compilers turn into vector code. The same
 * bits on every machine: no library call, no fused multiply-add (the build forbids contraction).
 *
 * x = n ln 2 + r with |r| <= ln(2)/2; p = e^r - 1 by a polynomial; e^x = 2^n (1 + p), e^x - 1 = 2^n p + (2^n - 1). The
 * second form keeps full relative accuracy down to x = 0. Arguments below -700 give e^{-700}, about 1e-304. */
#ifndef PM_MATH_EXPONENTIAL_H
#define PM_MATH_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

typedef struct pm_exponential {
    double e;  /* e^x */
    double m1; /* e^x - 1 */
} pm_exponential;

static inline pm_exponential pm_exponential_at(double x) {
    static const double log2_e = 0x1.71547652b82fep+0;
    static const double ln2_high = 0x1.62e42fefa0000p-1; /* 35 bits: n * ln2_high is exact */
    static const double ln2_low = 0x1.cf79abc9e3b3ap-40;
    static const double shifter = 0x1.8p52;
    x = x < -700.0 ? -700.0 : x;
    double shifted = x * log2_e + shifter; /* its low bits hold n */
    double n = shifted - shifter;
    double high = x - n * ln2_high;
    double low = n * ln2_low;
    double r = high - low;
    double r_error = (high - r) - low;
    double r2 = r * r;
    /* Taylor to r^13: the next term is below 2^-57 relative. Even and odd halves for parallelism. */
    double even =
        1.0 / 2 +
        r2 * (1.0 / 24 + r2 * (1.0 / 720 + r2 * (1.0 / 40320 + r2 * (1.0 / 3628800 + r2 * (1.0 / 479001600)))));
    double odd =
        1.0 / 6 +
        r2 * (1.0 / 120 + r2 * (1.0 / 5040 + r2 * (1.0 / 362880 + r2 * (1.0 / 39916800 + r2 * (1.0 / 6227020800)))));
    double tail = r_error + r_error * r + r2 * (even + r * odd);
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits =
        ((bits & 0xfff) + 1023) << 52; /* n in two's complement: the sum wraps within 12 bits of the exponent field */
    bits &= 0x7ff0000000000000u;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    double p = r + tail;
    return (pm_exponential){.e = scale + scale * p, .m1 = scale * p + (scale - 1.0)};
}

#endif
