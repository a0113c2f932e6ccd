/* Values are built as unevaluated sums of two doubles, from which the last addition rounds once. Nothing here depends
 * on more than the order of IEEE's operations: no library call, no fused multiply-add (the build forbids contraction).
 *
 * e^x: x = k ln(2)/64 + r with |r| < 2^-7.5, e^x = 2^(k/64) (1 + r + r^2/2 + ...); 2^(j/64) from a table, its high part
 * of 27 bits, so that its product with the upper half of r is exact.
 * log x: a guess y, then y + (x e^-y - 1), one step of Newton's method with e^-y to twice the digits.
 * sin, cos: what is left of the nearest multiple of pi/2, then the series. */
#include "math/elementary.h"

#include "base/random.h"
#include "base/simd.h"
#include "math/exponential.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* high + low; low is at most half a unit in the last place of high, or a little more. */
typedef struct sum {
    double high, low;
} sum;

/* Exact where |a| >= |b| or a = 0. */
static inline sum add_smaller(double a, double b) {
    double high = a + b;
    return (sum){high, b - (high - a)};
}

/* Exact. */
static inline sum add(double a, double b) {
    double high = a + b, of_b = high - a;
    return (sum){high, (a - (high - of_b)) + (b - of_b)};
}

/* The upper 26 bits. */
static inline double upper(double a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= ~(uint64_t)0x7ffffff;
    memcpy(&a, &bits, sizeof bits);
    return a;
}

/* Exact, but for underflow. */
static inline sum multiply(double a, double b) {
    double a1 = upper(a), a2 = a - a1, b1 = upper(b), b2 = b - b1, high = a * b;
    return (sum){high, a2 * b2 - (((high - a1 * b1) - a2 * b1) - a1 * b2)};
}

static inline double power_of_2(int64_t n) { /* -1022 <= n <= 1023 */
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* --- exponentials and powers -------------------------------------------------------------------------------------- */

/* 2^(j/64) */
static const sum root[64] = {
    {0x1p+0, 0.0},
    {0x1.02c9a4p+0, -0x1.887f9f1190835p-28},
    {0x1.059b0d4p+0, -0x1.d4f5178a30757p-29},
    {0x1.0874518p+0, 0x1.d66f20230d7c9p-30},
    {0x1.0b5586cp+0, 0x1.f3121ec531725p-29},
    {0x1.0e3ec34p+0, -0x1.2c2e5dfdf8bd2p-28},
    {0x1.11301dp+0, 0x1.25b50a4ebbf1bp-32},
    {0x1.1429abp+0, -0x1.56d2204cbefe7p-28},
    {0x1.172b83cp+0, 0x1.f545eb737df23p-30},
    {0x1.1a35becp+0, -0x1.2069158692ce1p-29},
    {0x1.1d4873p+0, 0x1.68b9aa7805b8p-28},
    {0x1.2063b88p+0, 0x1.8a3358ee3bac1p-30},
    {0x1.2387a7p+0, -0x1.8a9dc7993e052p-28},
    {0x1.26b4564p+0, 0x1.e27cdd257a673p-28},
    {0x1.29e9df4p+0, 0x1.1fdee12c25d16p-28},
    {0x1.2d285a8p+0, -0x1.1bfcf4bff6e2bp-28},
    {0x1.306fe0cp+0, -0x1.ce48ead2172a6p-28},
    {0x1.33c08b4p+0, -0x1.9be900b36379fp-28},
    {0x1.371a738p+0, -0x1.8aac6ab1d756p-29},
    {0x1.3a7db34p+0, 0x1.cb3fedd437925p-29},
    {0x1.3dea64cp+0, 0x1.2342235b41224p-32},
    {0x1.4160a2p+0, 0x1.f72e29f84325cp-28},
    {0x1.44e086p+0, 0x1.8624b40c4dbdp-30},
    {0x1.486a2b4p+0, 0x1.c13cd013c1a3bp-28},
    {0x1.4bfdad4p+0, 0x1.362a271d4397bp-28},
    {0x1.4f9b278p+0, -0x1.62d35952cc275p-28},
    {0x1.5342b58p+0, -0x1.62b07e20f57c4p-28},
    {0x1.56f4738p+0, -0x1.4ad82599135p-28},
    {0x1.5ab07dcp+0, 0x1.48542958c9301p-28},
    {0x1.5e76f14p+0, 0x1.ad21486e9be4cp-28},
    {0x1.6247ebp+0, 0x1.d2ac258f87d03p-31},
    {0x1.6623884p+0, -0x1.aadddb6ed8262p-28},
    {0x1.6a09e68p+0, -0x1.80c4336f74d05p-28},
    {0x1.6dfb23cp+0, 0x1.9468bbc8838b3p-30},
    {0x1.71f75e8p+0, 0x1.d8bee7ba46e1ep-29},
    {0x1.75feb58p+0, -0x1.bd98374091656p-28},
    {0x1.7a11474p+0, -0x1.4fe79282aefdcp-32},
    {0x1.7e2f338p+0, -0x1.30b19defa2fd4p-28},
    {0x1.8258998p+0, 0x1.4cce128acf88bp-28},
    {0x1.868d99cp+0, -0x1.76da26fe37c4ep-29},
    {0x1.8ace544p+0, -0x1.d55f24a4583aap-28},
    {0x1.8f1ae98p+0, 0x1.1577362b98274p-28},
    {0x1.93737bp+0, 0x1.9b8bc9e8a0388p-29},
    {0x1.97d82ap+0, -0x1.0d8d83a30b6f8p-31},
    {0x1.9c49184p+0, -0x1.5c0f6fe383b95p-28},
    {0x1.a0c667cp+0, -0x1.4435369aca4afp-29},
    {0x1.a5503b4p+0, -0x1.c1daa374bdbb7p-28},
    {0x1.a9e6b54p+0, 0x1.79fdbf43eb244p-28},
    {0x1.ae89f98p+0, 0x1.5ad3ad5e8734dp-28},
    {0x1.b33a2b8p+0, 0x1.3c57ebdaff43ap-30},
    {0x1.b7f76f4p+0, -0x1.04a1b915584f8p-28},
    {0x1.bcc1e9p+0, 0x1.2f074891ee83dp-30},
    {0x1.c199bdcp+0, 0x1.85529c2220cb1p-28},
    {0x1.c67f13p+0, -0x1.a82eb4b5dec8p-28},
    {0x1.cb720dcp+0, 0x1.df20d22a0797ap-29},
    {0x1.d072d4cp+0, -0x1.f8768472f0dd1p-28},
    {0x1.d5818dcp+0, 0x1.f7490e4bb40b6p-29},
    {0x1.da9e604p+0, -0x1.266bd47b9ff2dp-31},
    {0x1.dfc9734p+0, -0x1.08c9428d2e6a8p-29},
    {0x1.e502ee8p+0, -0x1.d30027630bb4p-30},
    {0x1.ea4afa4p+0, -0x1.5b6f267a708c6p-28},
    {0x1.efa1bfp+0, -0x1.9ea5d888e02dep-28},
    {0x1.f50765cp+0, -0x1.23757f3160f69p-29},
    {0x1.fa7c18p+0, 0x1.9e90d82e90a7ep-28},
};

/* e^(x + low) = (high + low) 2^*power, to 2^-68; |x| <= 750, |low| below a unit in the last place of x. */
static inline sum exponential(double x, double low, int64_t *power) {
    static const double parts = 0x1.71547652b82fep+6; /* 64/ln 2 */
    static const double part_high = 0x1.62e42fefap-7; /* ln(2)/64, 36 bits: k * part_high is exact */
    static const double part_low = 0x1.cf79abc9e3b3ap-46;
    static const double shifter = 0x1.8p52;
    double shifted = x * parts + shifter, k = shifted - shifter; /* the low bits of `shifted` hold k */
    int64_t place;
    memcpy(&place, &shifted, sizeof place);
    place = (int64_t)((uint64_t)place << 12) >> 12;
    const sum *t = &root[place & 63];
    *power = place >> 6;
    sum r = add(x - k * part_high, low - k * part_low);
    double r1 = upper(r.high), r2 = r.high - r1, square = r.high * r.high;
    double tail =
        r.low + r.low * r.high +
        square * (1.0 / 2 +
                  r.high * (1.0 / 6 +
                            r.high * (1.0 / 24 + r.high * (1.0 / 120 + r.high * (1.0 / 720 + r.high * (1.0 / 5040))))));
    sum value = add_smaller(t->high, t->high * r1);
    value.low += t->high * r2 + (t->low + (t->low * r.high + (t->high + t->low) * tail));
    return value;
}

static double raised(double x, double low) {
    int64_t power;
    if (!(fabs(x) <= 708.0)) {
        if (!(x >= -746.0 && x <= 710.0)) /* 0 and infinity far from here */
            return x < 0.0 ? 0.0 : x > 0.0 ? INFINITY : x;
        sum edge = exponential(x, low, &power);
        return ldexp(edge.high + edge.low, (int)power);
    }
    sum value = exponential(x, low, &power);
    return (value.high + value.low) * power_of_2(power);
}

double pm_exp(double x) { return raised(x, 0.0); }

PM_SIMD void pm_exponentials(size_t n, double *x) {
    for (size_t k = 0; k < n; k++)
        x[k] = pm_exponential_at(x[k]).e;
}

/* --- logarithms --------------------------------------------------------------------------------------------------- */

/* log(x + low), x normal, positive and finite, |low| at most half a unit in its last place. */
static sum logarithm(double x, double low) {
    static const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45; /* n ln2_high is exact */
    static const int64_t root_half = 0x3fe6a09e667f3bcd;                               /* bits of sqrt(1/2) */
    int64_t bits, n, power;
    memcpy(&bits, &x, sizeof bits);
    n = (bits - root_half) >> 52;
    bits -= n * ((int64_t)1 << 52);
    double f;
    memcpy(&f, &bits, sizeof f);
    if (low != 0.0)
        low = ldexp(low, (int)-n);
    double y = -pm_minus_log(f);
    sum e = exponential(-y, 0.0, &power); /* -1 <= power <= 0 */
    double scale = power_of_2(power);
    sum product = multiply(f, scale * e.high);
    double rest = (product.high - 1.0) + (product.low + (f * (scale * e.low) + low * (scale * e.high)));
    sum value = add((double)n * ln2_high, y);
    return add_smaller(value.high, value.low + (rest + (double)n * ln2_low));
}

/* What is not positive, normal and finite. */
static double odd_logarithm(double x) {
    if (x == 0.0)
        return -INFINITY;
    return x > 0.0 && x < INFINITY ? pm_log(x * 0x1p54) - 54.0 * 0x1.62e42fefa39efp-1 : x > 0.0 ? x : NAN;
}

double pm_log(double x) {
    if (!(x >= 0x1p-1022 && x < INFINITY))
        return odd_logarithm(x);
    sum value = logarithm(x, 0.0);
    return value.high + value.low;
}

double pm_log1p(double x) {
    if (fabs(x) < 0x1p-24)
        return x - x * x * (0.5 - x * (1.0 / 3));
    sum whole = add(1.0, x);
    if (!(whole.high >= 0x1p-1022 && whole.high < INFINITY))
        return odd_logarithm(whole.high);
    sum value = logarithm(whole.high, whole.low);
    return value.high + value.low;
}

double pm_pow(double x, double y) {
    if (y == 0.0 || x == 1.0)
        return 1.0;
    if (!(x >= 0x1p-1022 && x < INFINITY && fabs(y) < 0x1p60)) { /* to a few digits less, or 0, infinity, no number */
        double power = y * odd_logarithm(x);
        return pm_exp(power);
    }
    sum log_x = logarithm(x, 0.0);
    if (!(fabs(y * log_x.high) <= 750.0))
        return pm_exp(y * log_x.high);
    sum power = multiply(y, log_x.high);
    return raised(power.high, power.low + y * log_x.low);
}

/* --- sines and cosines -------------------------------------------------------------------------------------------- */

/* x less the nearest multiple of pi/2, and which one that is, from 0 to 3. */
static sum rest_of_turn(double x, unsigned *quarter) {
    static const double high = 0x1.921fb544p+0, middle = 0x1.0b4611a6p-34; /* 33 bits: k high, k middle are exact */
    static const double low = 0x1.3198a2e037073p-69;
    double k = rint(x * 0x1.45f306dc9c883p-1);
    sum r = add(x - k * high, -(k * middle));
    *quarter = (unsigned)(int)k & 3u;
    return add(r.high, r.low - k * low);
}

/* |r| <= pi/4 and a little */
static double sine(sum r) {
    sum square = multiply(r.high, r.high);
    square.low += 2.0 * r.high * r.low;
    sum cube = multiply(square.high, r.high);
    cube.low += square.high * r.low + square.low * r.high;
    sum sixth = multiply(cube.high, -1.0 / 6);
    sixth.low += cube.low * (-1.0 / 6) - cube.high * 0x1.5555555555555p-57; /* what -1.0 / 6 lacks */
    double z = square.high;
    double tail =
        z * z * r.high *
        (1.0 / 120 -
         z * (1.0 / 5040 - z * (1.0 / 362880 -
                                z * (1.0 / 39916800 - z * (1.0 / 6227020800 - z * (1.0 / 1307674368000 -
                                                                                   z * (1.0 / 355687428096000 -
                                                                                        z / 121645100408832000.0)))))));
    sum value = add_smaller(r.high, sixth.high);
    return value.high + (value.low + (r.low + sixth.low + tail));
}

static double cosine(sum r) {
    sum square = multiply(r.high, r.high);
    square.low += 2.0 * r.high * r.low;
    double z = square.high;
    double tail =
        z * z *
        (1.0 / 24 -
         z * (1.0 / 720 -
              z * (1.0 / 40320 - z * (1.0 / 3628800 - z * (1.0 / 479001600 -
                                                           z * (1.0 / 87178291200 - z * (1.0 / 20922789888000 -
                                                                                         z / 6402373705728000.0)))))));
    sum value = add_smaller(1.0, -0.5 * z);
    return value.high + (value.low + (tail - 0.5 * square.low));
}

static double turned(double x, unsigned by) {
    unsigned quarter;
    if (!(fabs(x) <= 0x1p13))
        return NAN;
    sum r = rest_of_turn(x, &quarter);
    quarter = (quarter + by) & 3u;
    double value = quarter & 1u ? cosine(r) : sine(r);
    return quarter & 2u ? -value : value;
}

double pm_sin(double x) { return x == 0.0 ? x : turned(x, 0); }
double pm_cos(double x) { return turned(x, 1); }
