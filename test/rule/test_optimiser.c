#include "rule/optimiser.h"
#include "support/presets.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 3, MOST_MEMORY = 2 };

/* The first steps are those of the published formulas, worked out by hand. */
START_TEST(first_steps) {
    double w[N] = {10.0, 20.0, 30.0}, memory[N * MOST_MEMORY] = {0};
    const double g[N] = {1.0, -2.0, 0.0};
    pm_optimiser_sgd.step(NULL, NULL, 1, 0.5, N, g, w);
    ck_assert(w[0] == 9.5 && w[1] == 21.0 && w[2] == 30.0);
    const double share = 0.5;
    pm_optimiser_momentum.step(&share, memory, 1, 0.5, N, g, w);
    pm_optimiser_momentum.step(&share, memory, 2, 0.5, N, g, w);
    ck_assert(w[0] == 8.25 && w[1] == 23.5 && w[2] == 30.0); /* 1 + 1.5 times the first step */
    memset(memory, 0, sizeof memory);
    for (uint64_t step = 1; step <= 3; step++) /* equal gradients: steps of the rate, whatever the gradient's size */
        pm_optimiser_adam.step(presets_of(&pm_optimiser_adam.head), memory, step, 0.25, N, g, w);
    ck_assert_double_eq_tol(w[0], 7.5, 1e-7); /* epsilon is 1e-8 of the gradient */
    ck_assert_double_eq_tol(w[1], 24.25, 1e-7);
    ck_assert(w[2] == 30.0);
}
END_TEST

/* Every optimiser finds the minimum of a quadratic function; a step does not depend on how the array is cut. */
START_TEST(minimum) {
    for (size_t o = 0; pm_optimisers[o]; o++) {
        const pm_optimiser *optimiser = pm_optimiser_of(pm_optimisers[o]);
        const void *defaults = presets_of(pm_optimisers[o]);
        double w[2] = {5.0, -3.0}, memory[2 * MOST_MEMORY] = {0};
        double single[2] = {5.0, -3.0}, cut[2][MOST_MEMORY] = {{0}};
        ck_assert_uint_le(optimiser->memory, MOST_MEMORY);
        ck_assert_uint_le(optimiser->head.size, PM_OPTIMISER_PARAMETERS_SIZE);
        for (uint64_t step = 1; step <= 4000; step++) {
            double rate = 0.05 / (1.0 + 0.01 * (double)step);
            const double g[2] = {w[0] - 1.0, 4.0 * (w[1] - 2.0)};
            optimiser->step(defaults, memory, step, rate, 2, g, w);
            for (size_t k = 0; k < 2; k++)
                optimiser->step(defaults, cut[k], step, rate, 1, &g[k], &single[k]);
            ck_assert(w[0] == single[0] && w[1] == single[1]);
        }
        ck_assert_double_eq_tol(w[0], 1.0, 1e-3); /* a point, not a rate: far above what is left after 4000 steps */
        ck_assert_double_eq_tol(w[1], 2.0, 1e-3);
    }
}
END_TEST

/* Parameters that an optimiser cannot use are refused with a message that names them: 1 is no decay below 1. */
START_TEST(refusals) {
    pm_error error = {0};
    for (size_t o = 0; pm_optimisers[o]; o++) {
        const pm_kind *kind = pm_optimisers[o];
        double parameters[PM_OPTIMISER_PARAMETERS_SIZE / sizeof(double)];
        pm_kind_preset(kind, parameters);
        ck_assert_int_eq(pm_kind_check(kind, parameters, &error), PM_OK);
        for (size_t k = 0; k < kind->n_fields; k++) {
            const pm_field *field = &kind->fields[k];
            const double wrong[] = {-1.0, NAN, INFINITY, isinf(field->bounds.high) ? 0.0 : 1.0};
            for (size_t v = 0; v < sizeof wrong / sizeof *wrong; v++) {
                pm_field_set(field, parameters, wrong[v]);
                ck_assert_int_eq(pm_kind_check(kind, parameters, &error), PM_INVALID);
                ck_assert_ptr_nonnull(strstr(error.message, field->name));
                ck_assert_str_eq(error.key, field->name);
            }
            pm_field_set(field, parameters, field->preset);
        }
    }
}
END_TEST

Suite *pm_suite_optimiser(void);
Suite *pm_suite_optimiser(void) {
    Suite *suite = suite_create("optimiser");
    TCase *tests = tcase_create("optimiser");
    tcase_add_test(tests, first_steps);
    tcase_add_test(tests, minimum);
    tcase_add_test(tests, refusals);
    suite_add_tcase(suite, tests);
    return suite;
}
