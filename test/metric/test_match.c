#include <punctum/metric.h>

#include <check.h>
#include <math.h>

static pm_match match(pm_spike *a, size_t n_a, pm_spike *b, size_t n_b, double window) {
    pm_match m;
    ck_assert_int_eq(pm_match_spikes(a, n_a, b, n_b, window, &m, NULL), PM_OK);
    return m;
}

/* Spikes are matched within populations and neurons only, in any order of the input. */
START_TEST(neuron_by_neuron) {
    pm_spike a[] = {{.time = 3.0, .neuron = 1}, {.time = 1.0}, {.time = 1.0, .population = 1}};
    pm_spike b[] = {{.time = 1.0, .population = 1, .neuron = 1}, {.time = 3.25, .neuron = 1}, {.time = 1.125}};
    pm_match m = match(a, 3, b, 3, 0.5);
    ck_assert_uint_eq(m.matched, 2);
    ck_assert_uint_eq(m.missing, 1);
    ck_assert_uint_eq(m.extra, 1);
    ck_assert_double_eq(m.largest, 0.25);
    ck_assert_double_eq(m.median, 0.1875);
}
END_TEST

/* As many pairs as possible: a spike is not given to a closer one at the cost of another pair. */
START_TEST(most_pairs) {
    pm_spike a[] = {{.time = 1.0}, {.time = 1.75}};
    pm_spike b[] = {{.time = 1.625}, {.time = 2.5}};
    ck_assert_uint_eq(match(a, 2, b, 2, 1.0).matched, 2);
    ck_assert_uint_eq(match(a, 2, b, 2, 0.5).matched, 1);
}
END_TEST

/* Empty trains match nothing, and say so with NAN. */
START_TEST(empty_trains) {
    pm_spike a[] = {{.time = 1.0}};
    pm_match m = match(a, 1, NULL, 0, 1.0);
    ck_assert_uint_eq(m.missing, 1);
    ck_assert(isnan(m.largest) && isnan(m.median));
    ck_assert_uint_eq(match(NULL, 0, a, 1, 1.0).extra, 1);
}
END_TEST

Suite *pm_suite_match(void);
Suite *pm_suite_match(void) {
    Suite *suite = suite_create("match");
    TCase *cases = tcase_create("match");
    tcase_add_test(cases, neuron_by_neuron);
    tcase_add_test(cases, most_pairs);
    tcase_add_test(cases, empty_trains);
    suite_add_tcase(suite, cases);
    return suite;
}
