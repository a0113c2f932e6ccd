/* Gradients that see resets: exact ones against differences of the exact simulation's spike times, with many resets in
 * play; those of held spikes against their definition. */
#include "gradient/sweep.h"
#include "support/learning.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static bool same_trains(const pm_layered *net, const size_t *n) {
    for (size_t l = 1; l <= net->n_layers; l++)
        if (net->rasters[l].n != n[l])
            return false;
    return true;
}

/* dt_s/dw of output spike number `spike` by central differences of fourth order; false if a spike came or went. */
static bool time_differences(scene *s, size_t spike, size_t l, size_t k, double step, double *derivative) {
    static const double at[] = {-2.0, -1.0, 1.0, 2.0}, factor[] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
    size_t n[MAX_LAYERS + 1];
    for (size_t m = 1; m <= s->net.n_layers; m++)
        n[m] = s->net.rasters[m].n;
    double *weight = &s->net.layers[l].weight[k], before = *weight;
    uint32_t neuron = s->net.rasters[s->net.n_layers].neuron[spike];
    bool same = true;
    *derivative = 0.0;
    for (size_t p = 0; p < 4; p++) {
        *weight = before + at[p] * step;
        scene_run(s);
        same = same && same_trains(&s->net, n) && s->net.rasters[s->net.n_layers].neuron[spike] == neuron;
        if (same)
            *derivative += factor[p] / step * s->net.rasters[s->net.n_layers].time[spike];
    }
    *weight = before;
    scene_run(s);
    return same;
}

static double smallest_slope(const pm_layered *net) {
    double slope = INFINITY;
    for (size_t l = 1; l <= net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            slope = fmin(slope, net->rasters[l].slope[k]);
    return slope;
}

/* Whether a spike lies so close to an arrival that a step of the differences may carry it across, where its derivative
 * has a kink. */
static bool is_close(const pm_layered *net) {
    for (size_t l = 1; l <= net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            for (size_t i = 0; i < net->rasters[l - 1].n; i++)
                if (fabs(net->rasters[l].time[k] - net->rasters[l - 1].time[i]) < 0.0005)
                    return true;
    return false;
}

/* dt_s/dw = -G(t_s) / V'(t_s), to 1e-6 of the largest element of its layer; left out are
 * near-grazing spikes, and weights for which differences of two steps disagree: there a spike nearly grazes. */
START_TEST(spike_times_move_as_the_gradient_says) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = _i % 2 ? 0.0 : 1.25;
    size_t n_layers = 1 + (size_t)_i % 6 / 2, tested = 0, resets = 0;
    for (unsigned long seed = 1; seed <= 100 && tested < (_i < 6 ? 600U : 150U); seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, n_layers, &neuron, true);
        if (_i >= 6)
            scene_give_receptors(&s, &neuron);
        const pm_raster *out = &s.net.rasters[n_layers];
        if (out->n >= 2 && smallest_slope(&s.net) > 2.0 && !is_close(&s.net)) {
            pm_sweep sweep;
            size_t spike = out->n - 1;
            double slope = out->slope[spike];
            ck_assert_int_eq(pm_sweep_new_exact(&sweep, &s.net, ALL_PLASTIC, 1e-9, NULL), PM_OK);
            ck_assert_int_eq(pm_sweep_begin(&sweep, &s.net, NULL), PM_OK);
            double *row = aligned_alloc(64, sweep.row * sizeof *row);
            ck_assert_int_eq(pm_sweep_event(&sweep, &s.net, out->time[spike], out->neuron[spike], row, NULL), PM_OK);
            for (size_t l = 0; l < n_layers; l++) {
                double largest = 0.0;
                for (size_t k = 0; k < s.net.layers[l].n_in * s.net.layers[l].stride; k++)
                    largest = fmax(largest, fabs(row[sweep.offset[l] + k] / slope));
                for (size_t i = 0; i < s.net.layers[l].n_in; i++)
                    for (size_t j = 0; j < s.net.layers[l].n_out; j++) {
                        size_t weight = i * s.net.layers[l].stride + j;
                        double expected = 0.0, coarser = 0.0;
                        double got = -row[sweep.offset[l] + weight] / slope;
                        if (!time_differences(&s, spike, l, weight, 0.1, &expected) ||
                            !time_differences(&s, spike, l, weight, 0.2, &coarser) ||
                            fabs(expected - coarser) > 3e-7 * largest)
                            continue;
                        ck_assert_msg(fabs(got - expected) <= 1e-6 * largest,
                                      "seed %lu layer %zu weight %zu %zu: %.12g, differences say %.12g", seed, l, i, j,
                                      got, expected);
                        tested++;
                    }
            }
            for (size_t l = 1; l <= n_layers; l++)
                resets += s.net.rasters[l].n;
            free(row);
            pm_sweep_free(&sweep);
        }
        scene_free(&s);
    }
    gsl_rng_free(rng);
    ck_assert_uint_ge(tested, 100);
    ck_assert_uint_ge(resets, 20);
}
END_TEST

/* The end of the refractory time after neuron o's last spike before t; NAN: no spike, INFINITY: not over at t. */
static double last_restart(const pm_raster *out, uint32_t o, double t, double t_ref) {
    double restart = NAN;
    for (size_t k = 0; k < out->n && out->time[k] < t; k++)
        if (out->neuron[k] == o)
            restart = out->time[k] + t_ref < t ? out->time[k] + t_ref : INFINITY;
    return restart;
}

/* What `sweep` says of an event by itself. */
static void lone_event(pm_sweep *sweep, const pm_layered *net, double t, uint32_t o, double *row) {
    ck_assert_int_eq(pm_sweep_begin(sweep, net, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_event(sweep, net, t, o, row, NULL), PM_OK);
}

/* With spikes held the gradient at t is R(t) - e^{-(t - r)/tau_hat} R(r), R being the one that ignores resets and r the
 * neuron's last restart; in the refractory time it is 0. Events in a row, at spikes and between them. */
START_TEST(held_spikes_hide_what_was_before) {
    const double TAU_HAT = 4.0, HIDDEN = 7.0, FLOOR = 2.0, WINDOW = 40.0;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = _i % 2 ? 1.5 : 0.0;
    size_t n_layers = 1 + (size_t)_i / 2, restarted = 0, refractory = 0;
    for (unsigned long seed = 1; seed <= 40; seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, n_layers, &neuron, true);
        const pm_raster *out = &s.net.rasters[n_layers];
        pm_sweep ignored, held;
        ck_assert_int_eq(pm_sweep_new(&ignored, &s.net, ALL_PLASTIC, TAU_HAT, HIDDEN, FLOOR, WINDOW, NULL), PM_OK);
        ck_assert_int_eq(pm_sweep_new_held(&held, &s.net, ALL_PLASTIC, TAU_HAT, HIDDEN, FLOOR, WINDOW, NULL), PM_OK);
        ck_assert_int_eq(pm_sweep_begin(&held, &s.net, NULL), PM_OK);
        double *got = aligned_alloc(64, 3 * held.row * sizeof *got), *expected = got + held.row;
        double *before = expected + held.row;
        for (size_t k = 0; k < 2 * out->n; k++) {
            double t = out->time[k / 2] + (k % 2 ? 1.0 : 0.0); /* ms */
            if (k % 2 && k / 2 + 1 < out->n && out->time[k / 2 + 1] <= t)
                continue;
            uint32_t o = out->neuron[k / 2];
            double restart = last_restart(out, o, t, neuron.t_ref);
            ck_assert_int_eq(pm_sweep_event(&held, &s.net, t, o, got, NULL), PM_OK);
            lone_event(&ignored, &s.net, t, o, expected);
            double largest = 0.0, decay = isfinite(restart) ? exp(-(t - restart) / TAU_HAT) : 0.0;
            for (size_t i = 0; i < held.row; i++)
                largest = fmax(largest, fabs(expected[i]));
            if (isfinite(restart))
                lone_event(&ignored, &s.net, restart, o, before);
            for (size_t i = 0; i < held.row; i++) {
                double exact = restart == INFINITY ? 0.0 : expected[i] - (decay > 0.0 ? decay * before[i] : 0.0);
                ck_assert_double_le(fabs(got[i] - exact), 1e-13 * largest); /* roundings of sums of some 100 terms */
                ck_assert_double_le(fabs(pm_sweep_ignoring(&held, &s.net)[i] - expected[i]), 1e-13 * largest);
            }
            restarted += isfinite(restart);
            refractory += restart == INFINITY;
        }
        free(got);
        pm_sweep_free(&ignored);
        pm_sweep_free(&held);
        scene_free(&s);
    }
    gsl_rng_free(rng);
    ck_assert_uint_ge(restarted, 20);
    ck_assert_uint_ge(refractory, _i % 2 ? 20 : 0);
}
END_TEST

START_TEST(refractory_neurons_are_refused) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    pm_error error = {0};
    pm_sweep sweep;
    neuron.t_ref = 1.0;
    scene s = scene_new(rng, 2, &neuron, true);
    ck_assert_int_eq(pm_sweep_new_exact(&sweep, &s.net, ALL_PLASTIC, 1.0, &error), PM_INVALID);
    scene_free(&s);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_exact(void);

Suite *pm_suite_exact(void) {
    Suite *suite = suite_create("exact");
    TCase *tests = tcase_create("resets");
    tcase_add_loop_test(tests, spike_times_move_as_the_gradient_says, 0, 12); /* the last 6 with receptors */
    tcase_add_loop_test(tests, held_spikes_hide_what_was_before, 0, 6);
    tcase_add_test(tests, refractory_neurons_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
