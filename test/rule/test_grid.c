/* The time-stepped twin of the training: it is a fair comparison only if it converges to the exact one. */
#include "rule/grid.h"

#include "gradient/sweep.h"
#include "base/random.h"
#include "support/learning.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCENES = 30 };
static const double TAU_OUT = 7.0, TAU_HIDDEN = 5.0, FLOOR = 2.0, WINDOW = 40.0;

static pm_grid grid_of(const scene *s, double step) {
    pm_grid g;
    ck_assert_int_eq(pm_grid_new(&g, &s->net, step, DURATION, TAU_OUT, TAU_HIDDEN, FLOOR, WINDOW, NULL), PM_OK);
    ck_assert_int_eq(pm_grid_run(&g, &s->input, NULL), PM_OK);
    return g;
}

static size_t train_of(const pm_raster *raster, uint32_t neuron, double *times, size_t most) {
    size_t n = 0;
    for (size_t k = 0; k < raster->n; k++)
        if (raster->neuron[k] == neuron) {
            ck_assert(n < most);
            times[n++] = raster->time[k];
        }
    return n;
}

/* The largest distance of a spike on the grid to its exact twin, ms; INFINITY if the numbers of spikes differ. */
static double distance(const scene *s, const pm_grid *g) {
    enum { MOST = 4000 };
    double *exact = calloc(MOST, sizeof *exact), *moved = calloc(MOST, sizeof *moved), largest = 0.0;
    ck_assert(exact && moved);
    for (size_t l = 1; l <= s->net.n_layers; l++)
        for (uint32_t j = 0; j < s->net.layers[l - 1].n_out; j++) {
            size_t n = train_of(&s->net.rasters[l], j, exact, MOST), m = train_of(&g->rasters[l], j, moved, MOST);
            for (size_t k = 0; n == m && k < n; k++)
                largest = fmax(largest, fabs(exact[k] - moved[k]));
            largest = n == m ? largest : INFINITY;
        }
    free(exact);
    free(moved);
    return largest;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Spikes on the grid come to the exact ones as the step shrinks: the median over networks of the largest distance falls
 * with the step, at first order, and at 0.0001 ms hardly any network has spikes too many or too few. */
START_TEST(spikes_converge) {
    const double steps[] = {0.01, 0.001, 0.0001};
    double medians[3];
    size_t different = 0, spikes = 0;
    for (size_t k = 0; k < 3; k++) {
        gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
        gsl_rng_set(rng, 901);
        double largest[SCENES];
        different = spikes = 0;
        for (size_t n = 0; n < SCENES; n++) {
            pm_neuron neuron = pm_neuron_default();
            scene s = scene_new(rng, 1 + n % 3, &neuron, true);
            pm_grid g = grid_of(&s, steps[k]);
            largest[n] = distance(&s, &g);
            different += largest[n] == INFINITY;
            spikes += s.net.rasters[1].n;
            pm_grid_free(&g);
            scene_free(&s);
        }
        qsort(largest, SCENES, sizeof *largest, by_value);
        medians[k] = largest[SCENES / 2];
        gsl_rng_free(rng);
    }
    ck_assert_uint_gt(spikes, 300);
    ck_assert_msg(medians[2] < 0.2 * medians[1] && medians[2] < 0.02, "%g, %g, %g ms", medians[0], medians[1],
                  medians[2]);
    ck_assert_msg(different <= SCENES / 5, "%zu networks have other spikes", different);
}
END_TEST

/* Both rasters in the same order, spike by spike. */
static bool same_order(const scene *s, const pm_grid *g) {
    for (size_t l = 0; l <= s->net.n_layers; l++) {
        if (s->net.rasters[l].n != g->rasters[l].n)
            return false;
        for (size_t k = 0; k < g->rasters[l].n; k++)
            if (s->net.rasters[l].neuron[k] != g->rasters[l].neuron[k])
                return false;
    }
    return true;
}

static void sweep_row(const scene *s, double t, double *row, size_t size) {
    pm_sweep w;
    ck_assert_int_eq(pm_sweep_new(&w, &s->net, ALL_PLASTIC, TAU_OUT, TAU_HIDDEN, FLOOR, WINDOW, NULL), PM_OK);
    ck_assert_uint_eq(w.row, size);
    ck_assert_int_eq(pm_sweep_begin(&w, &s->net, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_event(&w, &s->net, t, 0, row, NULL), PM_OK);
    pm_sweep_free(&w);
}

/* Gradients on the grid come to those of the sweep: at 0.001 ms they differ by less than 3 % of their norm. */
START_TEST(gradients_converge) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 902);
    size_t compared = 0;
    for (size_t n = 0; n < SCENES; n++) {
        pm_neuron neuron = pm_neuron_default();
        scene s = scene_new(rng, 1 + n % 3, &neuron, true);
        pm_grid g = grid_of(&s, 0.001);
        const pm_grid_event event = {0.7 * DURATION, 0};
        double *rows = aligned_alloc(64, 2 * g.row * sizeof *rows);
        ck_assert_ptr_nonnull(rows);
        ck_assert_int_eq(pm_grid_gradients(&g, &event, 1, rows, NULL), PM_OK);
        sweep_row(&s, event.time, rows + g.row, g.row);
        double norm = sqrt(pm_sum_squares(g.row, rows + g.row));
        pm_axpy(g.row, -1.0, rows + g.row, rows);
        if (same_order(&s, &g) && norm > 0.0) {
            compared++;
            double apart = sqrt(pm_sum_squares(g.row, rows));
            ck_assert_msg(apart < 0.03 * norm, "network %zu: %g of %g", n, apart, norm);
        }
        free(rows);
        pm_grid_free(&g);
        scene_free(&s);
    }
    ck_assert_uint_ge(compared, SCENES / 4);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_grid(void);
Suite *pm_suite_grid(void) {
    Suite *suite = suite_create("grid");
    TCase *tests = tcase_create("grid");
    tcase_add_test(tests, spikes_converge);
    tcase_add_test(tests, gradients_converge);
    suite_add_tcase(suite, tests);
    return suite;
}
