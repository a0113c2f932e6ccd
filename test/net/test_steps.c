/* Values in steps are the doubles of the decimal numbers that a person would write down, and none is above the last. */
#include "net/steps.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

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

Suite *pm_suite_steps(void) {
    Suite *suite = suite_create("steps");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_decimal_values);
    tcase_add_test(all, test_literals);
    tcase_add_test(all, test_other_numbers);
    suite_add_tcase(suite, all);
    return suite;
}
