#include "base/random.h"
#include "math/cholesky.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 60, STRIDE = 63 };

static double a[MOST * STRIDE], kept[MOST * STRIDE], x[MOST], right[MOST];

/* b b^T + n for a random b: eigenvalues from n to some 2 n. */
static void fill(gsl_rng *rng, size_t n) {
    double b[MOST][MOST];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            b[i][j] = gsl_rng_uniform(rng) - 0.5;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < STRIDE; j++)
            kept[i * STRIDE + j] = NAN; /* nothing but the triangle is read */
        for (size_t j = 0; j <= i; j++) {
            double sum = i == j ? (double)n : 0.0;
            for (size_t k = 0; k < n; k++)
                sum += b[i][k] * b[j][k];
            kept[i * STRIDE + j] = sum;
        }
        right[i] = gsl_rng_uniform(rng) - 0.5;
    }
}

/* The solution solves the equations, to 60 roundings of numbers below 120; only the triangle is read or written. */
START_TEST(solves) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (size_t n = 1; n <= MOST; n++) {
        fill(rng, n);
        for (size_t k = 0; k < n * STRIDE; k++)
            a[k] = kept[k];
        for (size_t k = 0; k < n; k++)
            x[k] = right[k];
        ck_assert(pm_cholesky_solve(n, a, STRIDE, x));
        for (size_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < n; j++)
                sum += (j <= i ? kept[i * STRIDE + j] : kept[j * STRIDE + i]) * x[j];
            ck_assert_double_eq_tol(sum, right[i], 1e-14);
            for (size_t j = i + 1; j < STRIDE; j++)
                ck_assert(isnan(a[i * STRIDE + j]));
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* What has no factor is refused: eigenvalues of 0, below it, or no numbers. */
START_TEST(refuses) {
    double singular[] = {1.0, 0.0, 1.0, 1.0}, negative[] = {1.0, 0.0, 2.0, 1.0}, nothing[] = {NAN}, x_2[] = {1.0, 1.0};
    ck_assert(!pm_cholesky_solve(2, singular, 2, x_2));
    ck_assert(!pm_cholesky_solve(2, negative, 2, x_2));
    ck_assert(!pm_cholesky_solve(1, nothing, 1, x_2));
}
END_TEST

Suite *pm_suite_cholesky(void);
Suite *pm_suite_cholesky(void) {
    Suite *suite = suite_create("cholesky");
    TCase *tests = tcase_create("cholesky");
    tcase_add_test(tests, solves);
    tcase_add_test(tests, refuses);
    suite_add_tcase(suite, tests);
    return suite;
}
