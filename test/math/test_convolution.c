#include "math/convolution.h"
#include "support/quad.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

/* By the recursion over divided differences, which costs digits where rates are close. */
static quad convolution(const double *rate, int n, quad t) {
    if (n == 1)
        return expq(-t * rate[0]);
    if (rate[0] == rate[n - 1]) {
        quad g = expq(-t * rate[0]);
        for (int k = 1; k < n; k++)
            g *= t / k;
        return g;
    }
    return (convolution(rate, n - 1, t) - convolution(rate + 1, n - 1, t)) / ((quad)rate[n - 1] - rate[0]);
}

static void check_all(const double rate[PM_CONVOLUTION], double t) {
    double g[PM_CONVOLUTION][PM_CONVOLUTION];
    pm_convolutions(rate, t, g);
    for (int i = 0; i < PM_CONVOLUTION; i++)
        for (int j = i; j < PM_CONVOLUTION; j++) {
            const quad expected = convolution(rate + i, j - i + 1, t);
            if (rate[PM_CONVOLUTION - 1] * t > 300.0 && i > 0)
                continue; /* where all of them have decayed */
            const double error = (double)(((quad)g[i][j] - expected) / expected);
            ck_assert_msg(fabs(error) < 1e-13, "rates %.17g %.17g %.17g %.17g, t %g: %d to %d off by %g", rate[0],
                          rate[1], rate[2], rate[3], t, i, j, error);
        }
}

/* Three differences of 1e-5 leave 18 of 33 digits. */
static bool reference_is_good(const double *rate, double t) {
    bool good = true;
    for (int k = 1; k < PM_CONVOLUTION; k++)
        good = good && (rate[k] == rate[k - 1] || (rate[k] - rate[k - 1]) * t > 1e-5);
    return good;
}

static int ascending(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Relative errors stay below 1e-13 for rates far apart, close and equal, at short and long times. Rates are sorted for
 * the sake of the reference. */
START_TEST(accuracy) {
    srand(1);
    for (int k = 0; k < 3000; k++) {
        double rate[PM_CONVOLUTION];
        rate[0] = exp(8.0 * rand() / RAND_MAX - 5.0);
        for (int j = 1; j < PM_CONVOLUTION; j++) {
            const int kind = rand() % 3;
            const double apart = pow(10.0, -6.0 * rand() / RAND_MAX);
            rate[j] = kind == 0 ? rate[j - 1] : kind == 1 ? rate[j - 1] * (1.0 + apart) : rate[0] * exp(6.0 * apart);
        }
        qsort(rate, PM_CONVOLUTION, sizeof *rate, ascending);
        const double t = exp(12.0 * rand() / RAND_MAX - 8.0) / rate[0];
        if (reference_is_good(rate, t))
            check_all(rate, t);
    }
}
END_TEST

/* The order of the rates has no part in it, and at t = 0 all that is convolved is 0. */
START_TEST(symmetry) {
    double a[PM_CONVOLUTION][PM_CONVOLUTION], b[PM_CONVOLUTION][PM_CONVOLUTION];
    pm_convolutions((double[]){0.2, 0.2, 3.0, 0.7}, 4.0, a);
    pm_convolutions((double[]){3.0, 0.2, 0.7, 0.2}, 4.0, b);
    ck_assert_double_eq_tol(a[0][3], b[0][3], 1e-14 * a[0][3]);
    pm_convolutions((double[]){0.2, 0.3, 3.0, 0.7}, 0.0, a);
    for (int i = 0; i < PM_CONVOLUTION; i++)
        for (int j = i; j < PM_CONVOLUTION; j++)
            ck_assert_double_eq(a[i][j], i == j ? 1.0 : 0.0);
}
END_TEST

Suite *pm_suite_convolution(void);
Suite *pm_suite_convolution(void) {
    Suite *suite = suite_create("convolution");
    TCase *all = tcase_create("convolution");
    tcase_add_test(all, accuracy);
    tcase_add_test(all, symmetry);
    suite_add_tcase(suite, all);
    return suite;
}
