/* Elementary functions against 113-bit arithmetic, in units in the last place, and their bits. */
#include "math/elementary.h"
#include "support/draw.h"

#include <check.h>
#include <quadmath.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 10000 };

static double ulps(double value, __float128 reference) {
    double size = fabs((double)reference);
    return (double)(fabsq(value - reference) / (nextafter(size, INFINITY) - size));
}

static __float128 exact(double (*of)(double), double x) {
    return of == pm_exp     ? expq(x)
           : of == pm_log   ? logq(x)
           : of == pm_log1p ? log1pq(x)
           : of == pm_sin   ? sinq(x)
                            : cosq(x);
}

typedef struct range {
    double (*of)(double);
    double low, high;
    bool logarithmic;
    double most; /* error in units in the last place, as the header says */
} range;

static const range ranges[] = {
    {pm_exp, -1.0, 1.0, false, 0.501},          {pm_exp, -707.0, 709.7, false, 0.501},
    {pm_exp, 1e-300, 1e-3, true, 0.501},        {pm_log, 0.5, 2.0, false, 0.505},
    {pm_log, 0.99, 1.01, false, 0.505},         {pm_log, 1e-150, 1e150, true, 0.505},
    {pm_log1p, -1.0, 1.0, false, 0.505},        {pm_log1p, 1e-150, 1e150, true, 0.505},
    {pm_sin, -7.0, 7.0, false, 0.58},           {pm_sin, -8192.0, 8192.0, false, 0.58},
    {pm_sin, 1e-300, 1.0, true, 0.58},          {pm_cos, -7.0, 7.0, false, 0.58},
    {pm_cos, -8192.0, 8192.0, false, 0.58},
};
enum { RANGES = sizeof ranges / sizeof *ranges };

START_TEST(errors) {
    const range *r = &ranges[_i];
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (int k = 0; k < ARGUMENTS; k++) {
        double x = r->logarithmic ? draw_log(rng, r->low, r->high) : draw_uniform(rng, r->low, r->high);
        double error = ulps(r->of(x), exact(r->of, x));
        ck_assert_msg(error <= r->most, "%g ulp at %.17g", error, x);
        if (r->of == pm_log1p && r->logarithmic && x < 0.5) {
            error = ulps(pm_log1p(-x), log1pq(-x));
            ck_assert_msg(error <= r->most, "%g ulp at %.17g", error, -x);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* Sines and cosines keep their digits next to their zeros, where the argument is all but a multiple of pi/2. */
START_TEST(zeros) {
    for (int k = 1; k < 5215; k++) {
        double x = k * 1.57079632679489661923;
        double error = k % 2 ? ulps(pm_cos(x), cosq(x)) : ulps(pm_sin(x), sinq(x));
        ck_assert_msg(error <= 0.58, "%g ulp at %.17g", error, x);
    }
}
END_TEST

START_TEST(powers) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (int k = 0; k < ARGUMENTS; k++) {
        double x = draw_log(rng, 1e-3, 1e3), y = draw_uniform(rng, -50.0, 50.0);
        double near = draw_uniform(rng, 0.9, 1.0), whole = floor(draw_log(rng, 1.0, 5000.0));
        double error = ulps(pm_pow(x, y), powq(x, y)), of_near = ulps(pm_pow(near, whole), powq(near, whole));
        ck_assert_msg(error <= 0.51 + 0.01 * fabs(y * log(x)), "%g ulp at %.17g ^ %.17g", error, x, y);
        ck_assert_msg(of_near <= 0.51 + 0.01 * fabs(whole * log(near)), "%g ulp at %.17g ^ %g", of_near, near, whole);
    }
    gsl_rng_free(rng);
}
END_TEST

static bool same(double a, double b) { return a == b ? signbit(a) == signbit(b) : isnan(a) && isnan(b); }

/* What has no logarithm, overflows or vanishes. */
START_TEST(ends_of_the_ranges) {
    static const double inf = INFINITY, nothing = NAN;
    ck_assert(same(pm_exp(inf), inf) && same(pm_exp(-inf), 0.0) && same(pm_exp(nothing), nothing));
    ck_assert(same(pm_exp(0.0), 1.0) && same(pm_exp(-0.0), 1.0) && same(pm_exp(709.782712893385), inf));
    ck_assert(pm_exp(709.7827128933839) > 1.79e308 && pm_exp(709.7827128933839) < inf);
    ck_assert(pm_exp(-745.13) == 0x1p-1074 && pm_exp(-745.14) == 0.0 && pm_exp(-1e300) == 0.0 && pm_exp(1e300) == inf);
    for (double x = -744.0; x < -708.0; x += 0.37) /* rounded twice, to multiples of 2^-1074 */
        ck_assert(fabsq(pm_exp(x) - expq(x)) <= 0.51 * 0x1p-1074);
    ck_assert(same(pm_log(0.0), -inf) && same(pm_log(-0.0), -inf) && same(pm_log(-1.0), nothing));
    ck_assert(same(pm_log(inf), inf) && same(pm_log(nothing), nothing) && same(pm_log(1.0), 0.0));
    ck_assert(ulps(pm_log(0x1p-1074), logq(0x1p-1074)) <= 1.0 && ulps(pm_log(1e-310), logq(1e-310)) <= 1.0);
    ck_assert(same(pm_log1p(-1.0), -inf) && same(pm_log1p(-1.5), nothing) && same(pm_log1p(nothing), nothing));
    ck_assert(same(pm_log1p(inf), inf) && same(pm_log1p(-0.0), -0.0) && pm_log1p(1e-310) == 1e-310);
    ck_assert(same(pm_sin(-0.0), -0.0) && same(pm_sin(inf), nothing) && same(pm_cos(nothing), nothing));
    ck_assert(same(pm_cos(0.0), 1.0) && same(pm_cos(8192.1), nothing) && pm_sin(1e-300) == 1e-300);
    const double bases[] = {0.0, 0.5, 1.0, 2.0, inf, nothing},
                 exponents[] = {0.0, -1.0, 2.0, inf, -inf, nothing, 1e300};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        for (size_t j = 0; j < sizeof exponents / sizeof *exponents; j++)
            ck_assert(same(pm_pow(bases[i], exponents[j]), pow(bases[i], exponents[j])));
    ck_assert(pm_pow(0.5, 3000.0) == 0.0 && pm_pow(2.0, 3000.0) == inf && pm_pow(2.0, -1074.0) == 0x1p-1074);
}
END_TEST

/* Whole numbers, and powers that are ones, come out as such. */
START_TEST(exact_values) {
    for (int k = 0; k < 300; k++)
        ck_assert(pm_pow(2.0, k) == ldexp(1.0, k) && pm_pow(2.0, -k) == ldexp(1.0, -k) && pm_pow(k, 1.0) == k);
    ck_assert(pm_pow(10.0, 3.0) == 1000.0 && pm_pow(10.0, 15.0) == 1e15 && pm_pow(0.25, 0.5) == 0.5);
}
END_TEST

/* Many at once: exponentials to an ulp, none of them changed by its neighbours. */
START_TEST(many_at_once) {
    double x[70], alone;
    for (size_t n = 0; n <= 70; n++) {
        for (size_t k = 0; k < n; k++)
            x[k] = -0.37 * (double)k - 1e-3 * (double)n;
        pm_exponentials(n, x);
        for (size_t k = 0; k < n; k++) {
            alone = -0.37 * (double)k - 1e-3 * (double)n;
            ck_assert(ulps(x[k], expq(alone)) <= 1.0);
            pm_exponentials(1, &alone);
            ck_assert(x[k] == alone);
        }
    }
}
END_TEST

static uint64_t mix(uint64_t hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (hash ^ bits) * 0x100000001b3u;
}

/* The bits are those of the processor on which this was written, everywhere. */
START_TEST(fingerprints) {
    static const uint64_t wanted[] = {0x32077d8c23d0e7af, 0x74de2a7b7cbd6cdd, 0x73ea737c9be5cb65, 0xc073c91123348cef,
                                      0x8a279cae937b7934, 0xcdc5170ee3d03c75, 0xf555b4b836aedc49};
    uint64_t hash[7];
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (size_t f = 0; f < 7; f++)
        hash[f] = 0xcbf29ce484222325u;
    for (int k = 0; k < ARGUMENTS; k++) {
        double x = 40.0 * gsl_rng_uniform(rng) - 30.0, many;
        int exponent = (int)gsl_rng_uniform_int(rng, 40) - 20;
        double positive = ldexp(1.0 + gsl_rng_uniform(rng), exponent);
        many = -positive;
        pm_exponentials(1, &many);
        hash[0] = mix(hash[0], pm_exp(x));
        hash[1] = mix(hash[1], pm_log(positive));
        hash[2] = mix(hash[2], pm_log1p(positive));
        hash[3] = mix(hash[3], pm_pow(positive, x));
        hash[4] = mix(hash[4], pm_sin(x));
        hash[5] = mix(hash[5], pm_cos(x));
        hash[6] = mix(hash[6], many);
    }
    for (size_t f = 0; f < 7; f++)
        ck_assert_msg(hash[f] == wanted[f], "function %zu: 0x%llx", f, (unsigned long long)hash[f]);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_elementary(void);
Suite *pm_suite_elementary(void) {
    Suite *suite = suite_create("elementary");
    TCase *tests = tcase_create("elementary");
    tcase_add_loop_test(tests, errors, 0, RANGES);
    tcase_add_test(tests, zeros);
    tcase_add_test(tests, powers);
    tcase_add_test(tests, ends_of_the_ranges);
    tcase_add_test(tests, exact_values);
    tcase_add_test(tests, many_at_once);
    tcase_add_test(tests, fingerprints);
    suite_add_tcase(suite, tests);
    return suite;
}
