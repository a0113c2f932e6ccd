/* Values in steps are the doubles of the decimal numbers that a person would write down, and none is above the last. */
#include "net/distribution.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *pm_suite_steps(void);

static pm_steps steps_of(double a, double b, double step) {
    pm_distribution d = {.kind = PM_UNIFORM_STEPS, .a = a, .b = b, .step = step};
    return pm_steps_of(&d);
}

/* The double of n 10^-digits. */
static double decimal(int n, int digits) {
    char text[32];
    snprintf(text, sizeof text, "%de-%d", n, digits);
    return strtod(text, NULL);
}

/* Every value is the double of its numeral: tenths, hundredths, ..., a thousand steps each. */
START_TEST(test_decimal_values) {
    for (int digits = 0; digits < 12; digits++)
        for (int begin = 1; begin < 8; begin++)
            for (int by = 1; by < 8; by++) {
                double b = decimal(begin + 1000 * by, digits);
                pm_steps s = steps_of(decimal(begin, digits), b, decimal(by, digits));
                ck_assert_double_eq(s.count, 1001.0);
                for (int k = 0; k <= 1000; k++)
                    ck_assert_double_eq(pm_steps_value(&s, k), decimal(begin + k * by, digits));
            }
}
END_TEST

START_TEST(test_literals) {
    pm_steps s = steps_of(0.1, 0.3, 0.1);
    ck_assert_double_eq(s.count, 3.0);
    ck_assert_double_eq(pm_steps_value(&s, 1.0), 0.2);
    ck_assert_double_eq(pm_steps_value(&s, 2.0), 0.3);
    s = steps_of(0.1, 0.35, 0.1); /* the last step does not fit */
    ck_assert_double_eq(s.count, 3.0);
    s = steps_of(-1.0, 1.0, 0.25);
    ck_assert_double_eq(s.count, 9.0);
    ck_assert_double_eq(pm_steps_value(&s, 3.0), -0.25);
    s = steps_of(2.0, 2.0, 1.0);
    ck_assert_double_eq(s.count, 1.0);
}
END_TEST

/* Numbers that are no short decimals, thirds and results of computations, are added; the last stays the last. */
START_TEST(test_other_numbers) {
    pm_steps s = steps_of(1.0 / 3.0, 1.0, 1.0 / 3.0);
    ck_assert_double_eq(s.count, 3.0);
    ck_assert_double_eq(pm_steps_value(&s, 0.0), 1.0 / 3.0);
    ck_assert(pm_steps_value(&s, 2.0) <= 1.0);
    s = steps_of(0.0, 0.1 + 0.2, 0.1); /* 0.30000000000000004 */
    ck_assert_double_eq(s.count, 4.0);
    for (double k = 0.0; k < s.count; k++)
        ck_assert(pm_steps_value(&s, k) <= 0.1 + 0.2);
}
END_TEST

/* The standard normal distribution. */
static double below(double z) { return 0.5 * erfc(-z / sqrt(2.0)); }

/* Values that are rounded are the doubles of decimal numbers, each as often as what rounds to it, and within bounds. */
START_TEST(test_rounded_values) {
    enum { N = 200000, MOST = 100 };
    const pm_distribution d = {
        .kind = PM_NORMAL, .a = 1.5, .b = 0.75, .step = 0.1, .bounded = true, .low = 0.1, .high = INFINITY};
    pm_error error = {0};
    ck_assert_msg(pm_distribution_check(&d, "delay", 1e15, &error) == PM_OK, "%s", error.message);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const pm_draw draw = pm_draw_begin(&d);
    unsigned count[MOST] = {0};
    for (int k = 0; k < N; k++) {
        const double value = pm_draw_next(&draw, rng, 0);
        const long tenths = lrint(10.0 * value);
        ck_assert(tenths >= 1 && tenths < MOST);
        ck_assert_double_eq(value, decimal((int)tenths, 1));
        count[tenths]++;
    }
    const double all = 1.0 - below((0.05 - d.a) / d.b);
    for (int k = 1; k < MOST; k++) {
        const double share = (below((0.1 * k + 0.05 - d.a) / d.b) - below((0.1 * k - 0.05 - d.a) / d.b)) / all;
        ck_assert_double_le(fabs(count[k] - N * share), 5.0 * sqrt(N * share) + 1.0);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Bounds between two multiples leave none, whatever is drawn; a step that a double cannot count is none. */
START_TEST(test_unusable_steps) {
    static const pm_distribution bad[] = {
        {.kind = PM_NORMAL, .a = 0.1, .b = 1.0, .step = 0.1, .bounded = true, .low = 0.11, .high = 0.19},
        {.kind = PM_UNIFORM, .a = 0.11, .b = 0.14, .step = 0.1, .bounded = true, .low = 0.11, .high = 1.0},
        {.kind = PM_UNIFORM, .a = 0.0, .b = 1.0, .step = 1e-17},
        {.kind = PM_LOGNORMAL, .b = 100.0, .step = 1e-3},
        {.kind = PM_EXPONENTIAL, .a = 1.0, .step = -0.1},
        {.kind = PM_EXPONENTIAL, .a = 1.0, .step = NAN},
        {.kind = PM_CONSTANT, .a = 1.0, .step = 0.1},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pm_error error = {0};
        ck_assert_msg(pm_distribution_check(&bad[k], "delay", 1e15, &error) == PM_INVALID, "%zu", k);
        ck_assert_ptr_nonnull(strstr(error.message, "the delay"));
    }
    const pm_distribution edge = {
        .kind = PM_UNIFORM, .a = 0.04, .b = 0.31, .step = 0.1, .bounded = true, .low = 0.1, .high = 0.3};
    const pm_steps steps = pm_steps_of(&edge);
    ck_assert_double_eq(steps.count, 3.0);
    ck_assert_double_eq(pm_steps_value(&steps, 2.0), 0.3);
}
END_TEST

Suite *pm_suite_steps(void) {
    Suite *suite = suite_create("steps");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_decimal_values);
    tcase_add_test(all, test_literals);
    tcase_add_test(all, test_other_numbers);
    tcase_add_test(all, test_rounded_values);
    tcase_add_test(all, test_unusable_steps);
    suite_add_tcase(suite, all);
    return suite;
}
