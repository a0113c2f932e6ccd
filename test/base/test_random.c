#include "base/random.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>

/* The generator is Philox4x32-10: known answers published with Random123. */
START_TEST(known_answers) {
    uint32_t out[4];
    pm_philox_block(0, 0, 0, out);
    ck_assert_uint_eq(out[0], 0x6627e8d5);
    ck_assert_uint_eq(out[3], 0x9b00dbd8);
    pm_philox_block(UINT64_MAX, UINT64_MAX, UINT64_MAX, out);
    ck_assert_uint_eq(out[0], 0x408f276d);
    ck_assert_uint_eq(out[3], 0x6d5451fd);
    pm_philox_block(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, out);
    ck_assert_uint_eq(out[0], 0xd16cfe09);
    ck_assert_uint_eq(out[1], 0x94fdcceb);
    ck_assert_uint_eq(out[2], 0x5001e420);
    ck_assert_uint_eq(out[3], 0x24126ea1);
}
END_TEST

/* Keys of different purposes, seeds and word boundaries differ. */
START_TEST(keys_differ) {
    const char *a[] = {"weight", "x", "y"}, *b[] = {"delay", "x", "y"}, *c[] = {"weight", "xy", ""};
    uint64_t key = pm_stream_key(1, a, 3);
    ck_assert(key != pm_stream_key(1, b, 3));
    ck_assert(key != pm_stream_key(2, a, 3));
    ck_assert(key != pm_stream_key(1, c, 3));
    ck_assert(key == pm_stream_key(1, a, 3));
}
END_TEST

/* GSL draws from a stream what the block function says, from its start again after pm_stream_start. */
START_TEST(gsl_generator) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    uint32_t out[4];
    pm_philox_block(7, 3, 1, out);
    for (int repeat = 0; repeat < 2; repeat++) {
        pm_stream_start(rng, 7, 3);
        for (int k = 0; k < 4; k++)
            gsl_rng_get(rng);
        for (int k = 0; k < 4; k++)
            ck_assert_uint_eq(gsl_rng_get(rng), out[k]);
    }
    gsl_rng_set(rng, 7);
    pm_philox_block(7, 0, 0, out);
    ck_assert_uint_eq(gsl_rng_get(rng), out[0]);
    gsl_rng_free(rng);
}
END_TEST

/* Exponential draws have mean 1 and variance 1 (within 5 standard errors). */
START_TEST(exponential_moments) {
    enum { N = 100000 };
    double sum = 0.0, squares = 0.0;
    for (uint64_t k = 0; k < N; k++) {
        double x = pm_stream_exponential(11, 5, k);
        ck_assert(x >= 0.0 && isfinite(x));
        sum += x;
        squares += x * x;
    }
    double mean = sum / N;
    ck_assert_double_eq_tol(mean, 1.0, 5.0 / sqrt(N));
    ck_assert_double_eq_tol(squares / N - mean * mean, 1.0, 5.0 * sqrt(8.0 / N));
}
END_TEST

/* Draws are -log of uniform numbers to an ulp or two, and those of batches have the same bits. */
START_TEST(exponentials) {
    for (uint64_t batch = 0; batch < 3000; batch++) {
        double draws[PM_STREAM_BATCH];
        pm_stream_exponentials(11, 5, batch, draws);
        for (uint64_t k = 0; k < PM_STREAM_BATCH; k++) {
            uint64_t place = batch * PM_STREAM_BATCH + k;
            uint32_t out[4];
            pm_philox_block(11, 5, place / 2, out);
            uint64_t bits = ((uint64_t)out[2 * (place % 2)] << 32 | out[2 * (place % 2) + 1]) >> 12;
            long double exact = -log1pl(-(long double)bits * 0x1p-52L);
            ck_assert(draws[k] == pm_stream_exponential(11, 5, place));
            ck_assert_double_le((double)fabsl((draws[k] - exact) / exact), 0x1p-52);
        }
    }
}
END_TEST

/* Many whole numbers below a bound are those that one draws one by one, whatever the bound, and whoever draws next goes
 * on from there. */
START_TEST(many_below) {
    for (uint64_t n = 1; n <= UINT32_MAX; n = 3 * n + 1) {
        enum { MANY = 700 };
        pm_words many, single;
        uint32_t drawn[MANY];
        pm_words_start(&many, 5, n);
        pm_words_start(&single, 5, n);
        for (size_t begin = 0, more = 1; begin < MANY; begin += more, more = MANY - begin < 60 ? MANY - begin : 60)
            pm_words_below_many(&many, (uint32_t)n, more, drawn + begin);
        for (size_t k = 0; k < MANY; k++)
            ck_assert_uint_eq(drawn[k], pm_words_below(&single, (uint32_t)n));
        ck_assert_uint_eq(pm_words_next(&many), pm_words_next(&single));
    }
}
END_TEST

Suite *pm_suite_random(void);
Suite *pm_suite_random(void) {
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("random");
    tcase_add_test(tests, known_answers);
    tcase_add_test(tests, many_below);
    tcase_add_test(tests, keys_differ);
    tcase_add_test(tests, gsl_generator);
    tcase_add_test(tests, exponential_moments);
    tcase_add_test(tests, exponentials);
    suite_add_tcase(suite, tests);
    return suite;
}
