/* Sums of many responses against the closed forms in 113 bits, over random parameters and lengths of the interval. */
#include "math/series.h"
#include "model/neuron.h"

#include "support/draw.h"
#include "support/quad.h"

#include <check.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

enum { ROWS = 19, LANES = PM_SERIES_LANES, CASES = 1000 };

/* Errors are relative to the largest possible sum; in places there is no arrival. */
START_TEST(sums) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    int series = 0;
    for (int c = 0; c < CASES; c++) {
        pm_neuron neuron = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&neuron);
        quad_lif exact = quad_lif_new(&neuron, neuron.V_th - neuron.E_L);
        double fastest = fmax(lif.l_m, fmax(lif.l_1, lif.l_2));
        double h = pow(10.0, -4.0 + 5.0 * gsl_rng_uniform(rng)) / fastest;
        pm_series_row offset[ROWS];
        for (int row = 0; row < ROWS; row++)
            for (int k = 0; k < LANES; k++)
                offset[row][k] = k == 0 && row < 2              ? row * h
                                 : gsl_rng_uniform(rng) < 0.125 ? -1.0
                                                                : h * gsl_rng_uniform(rng);
        pm_series s = pm_series_new(&lif, h);
        series += s.n_terms > 0;
        pm_series_sums got;
        pm_series_add_up(&s, &lif, h, ROWS, offset, &got);
        for (int k = 0; k < LANES; k++) {
            quad u = 0, i = 0, b = 0, most = 0;
            int n = 0;
            for (int row = 0; row < ROWS; row++) {
                if (offset[row][k] < 0.0)
                    continue;
                quad_basis at = quad_basis_at(&exact, (quad)h - offset[row][k]);
                u += at.d12;
                i += at.alpha;
                b += lif.single ? 0 : at.e2;
                most = fmaxq(most, at.d12);
                n++;
            }
            ck_assert_double_eq(got.number[k], n);
            ck_assert_double_le((double)fabsq(got.u[k] - u), 1e-14 * (double)most * n);
            ck_assert_double_le((double)fabsq(got.i[k] - i), 1e-14 * n);
            ck_assert_double_le((double)fabsq(got.b[k] - b), 1e-14 * n);
        }
    }
    ck_assert_int_gt(series, CASES / 4);
    ck_assert_int_lt(series, CASES);
    gsl_rng_free(rng);
}
END_TEST

/* What lies in the other lanes, and rows without an arrival, change no bit of a lane's sums. */
START_TEST(lanes_are_alone) {
    pm_neuron neuron = pm_neuron_default();
    pm_lif lif = pm_lif_of_neuron(&neuron);
    const double h = 0.5;
    pm_series s = pm_series_new(&lif, h);
    pm_series_row full[ROWS], alone[2 * ROWS];
    for (int row = 0; row < ROWS; row++)
        for (int k = 0; k < LANES; k++)
            full[row][k] = h * ((row * 5 + k * 7) % 23) / 23.0;
    pm_series_sums all, one;
    pm_series_add_up(&s, &lif, h, ROWS, full, &all);
    for (int lane = 0; lane < LANES; lane++) {
        for (int row = 0; row < 2 * ROWS; row++)
            for (int k = 0; k < LANES; k++)
                alone[row][k] = k == LANES - 1 - lane && row % 2 == 1 ? full[row / 2][lane] : -1.0;
        pm_series_add_up(&s, &lif, h, (size_t)2 * ROWS, alone, &one);
        ck_assert(one.u[LANES - 1 - lane] == all.u[lane] && one.i[LANES - 1 - lane] == all.i[lane] &&
                  one.b[LANES - 1 - lane] == all.b[lane] && one.number[LANES - 1 - lane] == ROWS);
    }
}
END_TEST

Suite *pm_suite_series(void);
Suite *pm_suite_series(void) {
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("series");
    tcase_add_test(tests, sums);
    tcase_add_test(tests, lanes_are_alone);
    suite_add_tcase(suite, tests);
    return suite;
}
