/* Sums of many responses against the closed forms in 113 bits, over random parameters and lengths of the interval. */
#include "math/series.h"

#include "support/draw.h"
#include "support/quad.h"

#include <check.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

enum { N = 37, ROOM = 40, CASES = 3000 };

/* Weights of one sign: no sum cancels. Errors are relative to the largest possible sum. */
START_TEST(sums) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    int series = 0;
    for (int c = 0; c < CASES; c++) {
        pm_neuron neuron = draw_neuron(rng);
        pm_lif lif = pm_lif_new(&neuron);
        quad_lif exact = quad_lif_new(&neuron, neuron.V_th - neuron.E_L);
        double fastest = fmax(lif.l_m, fmax(lif.l_1, lif.l_2));
        double h = pow(10.0, -4.0 + 5.0 * gsl_rng_uniform(rng)) / fastest;
        double offset[ROOM] = {0}, weight[ROOM] = {0};
        for (int k = 0; k < N; k++) {
            offset[k] = k == 0 ? 0.0 : k == 1 ? h : h * gsl_rng_uniform(rng);
            weight[k] = 100.0 * gsl_rng_uniform(rng);
        }
        pm_series s = pm_series_new(&lif, h);
        series += s.n_terms > 0;
        pm_response got = pm_series_sum(&s, &lif, h, N, offset, weight);
        quad u = 0, i = 0, b = 0, most = 0, total = 0;
        for (int k = 0; k < N; k++) {
            quad_basis at = quad_basis_at(&exact, (quad)h - offset[k]);
            u += weight[k] * at.d12;
            i += weight[k] * at.alpha;
            b += lif.single ? 0 : weight[k] * at.e2;
            most = fmaxq(most, at.d12);
            total += weight[k];
        }
        ck_assert_double_le((double)fabsq(got.u - u), 1e-14 * (double)(most * total));
        ck_assert_double_le((double)fabsq(got.i - i), 1e-14 * (double)total);
        ck_assert_double_le((double)fabsq(got.b - b), 1e-14 * (double)total);
    }
    ck_assert_int_gt(series, CASES / 4);
    ck_assert_int_lt(series, CASES);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_series(void);
Suite *pm_suite_series(void) {
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("series");
    tcase_add_test(tests, sums);
    suite_add_tcase(suite, tests);
    return suite;
}
