#include "math/lif.h"
#include "model/neuron.h"
#include "net/wiring.h"
#include "step/clock.h"
#include "step/course.h"
#include "support/recorded.h"
#include <punctum/metric.h>

#include <punctum/punctum.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct watched {
    recorded spikes;
    pm_sample samples[4096];
    size_t n_samples;
} watched;

static pm_status record_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    watched *r = user;
    ck_assert_uint_lt(r->n_samples, 4096);
    r->samples[r->n_samples++] = *sample;
    return PM_OK;
}

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

static void run_clock(const pm_network *net, pm_clock_options options, int slices, watched *r) {
    pm_error error = {0};
    pm_clock *clock = NULL;
    good(pm_clock_new(net, &options, &clock, &error), &error);
    pm_clock_on_spike(clock, record, &r->spikes);
    pm_clock_on_sample(clock, record_sample, r);
    for (int k = 1; k <= slices; k++)
        good(pm_clock_run(clock, net->duration * k / slices, &error), &error);
    ck_assert_double_eq(pm_clock_time(clock), net->duration);
    pm_clock_free(clock);
}

static void run_exact(const pm_network *net, watched *r) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    good(pm_simulation_new(net, &(pm_options){.threads = 1}, &simulation, &error), &error);
    pm_simulation_on_spike(simulation, record, &r->spikes);
    good(pm_simulation_run(simulation, net->duration, &error), &error);
    pm_simulation_free(simulation);
}

enum { SINGLE = 1, NO_DELAY = 2 };

/* Inputs drive two populations, the first of which drives the second; without NO_DELAY it is recurrent. */
static pm_network *small_network(int flags) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    ck_assert_ptr_nonnull(net);
    net->duration = 60.0;
    net->seed = 5;
    uint32_t in, a, b;
    pm_neuron neuron = pm_neuron_default();
    neuron.V_th = -50.0;
    neuron.t_ref = 1.75;
    if (flags & SINGLE)
        neuron.tau_2 = 0.0;
    good(pm_network_add_lif(net, "b", 8, &neuron, &b, &error), &error); /* before those that drive it */
    good(pm_network_add_lif(net, "a", 8, &neuron, &a, &error), &error);
    good(pm_network_add_poisson_source(net, "in", 20, 50.0, &in, &error), &error);
    pm_projection p = {.from = in, .to = a, .rule = PM_ALL_TO_ALL};
    p.weight =
        (pm_distribution){.kind = PM_UNIFORM, .a = flags & SINGLE ? 110.0 : 150.0, .b = flags & SINGLE ? 260.0 : 350.0};
    if (!(flags & NO_DELAY))
        p.delay = (pm_distribution){.kind = PM_UNIFORM, .a = 1.0, .b = 2.0};
    good(pm_network_connect(net, &p, &error), &error);
    p.from = a;
    p.to = b;
    p.weight.a *= 4.0;
    p.weight.b *= 4.0;
    good(pm_network_connect(net, &p, &error), &error);
    if (!(flags & NO_DELAY)) {
        p.from = b;
        p.to = a;
        p.weight = (pm_distribution){.kind = PM_CONSTANT, .a = -50.0};
        good(pm_network_connect(net, &p, &error), &error);
    }
    return net;
}

/* The median error of spike times against the exact engine; every spike must be found. */
static double median_error(const pm_network *net, pm_clock_options options) {
    watched exact = {0}, stepped = {0};
    pm_match match;
    pm_error error = {0};
    run_exact(net, &exact);
    run_clock(net, options, 1, &stepped);
    good(pm_match_spikes(exact.spikes.items, exact.spikes.count, stepped.spikes.items, stepped.spikes.count, 1.0,
                         &match, &error),
         &error);
    ck_assert_uint_gt(match.matched, 50);
    ck_assert_msg(match.missing == 0 && match.extra == 0, "dt = %g: %zu missing, %zu extra", options.dt, match.missing,
                  match.extra);
    free(exact.spikes.items);
    free(stepped.spikes.items);
    return match.median;
}

/* Halving the step divides the error by 2^order, with both schemes, single- and double-exponential currents, and zero
 * delays. The steps are such that all spikes are found and rounding does not show; half an order is left for the
 * scatter of medians. */
START_TEST(converges) {
    static const struct {
        pm_clock_interpolation interpolation;
        double order, dt;
    } cases[] = {{PM_CLOCK_GRID, 1.0, 0.002}, {PM_CLOCK_LINEAR, 2.0, 0.05}, {PM_CLOCK_CUBIC, 4.0, 0.1}};
    pm_network *net = small_network(_i);
    for (int scheme = PM_CLOCK_EXACT; scheme <= PM_CLOCK_RK; scheme++)
        for (int k = 0; k < 3; k++) {
            double coarse = median_error(net, (pm_clock_options){cases[k].dt, scheme, cases[k].interpolation});
            double fine = median_error(net, (pm_clock_options){cases[k].dt / 8.0, scheme, cases[k].interpolation});
            double order = log2(coarse / fine) / 3.0;
            ck_assert_msg(fabs(order - cases[k].order) < 0.5, "flags %d, scheme %d, %s: %g -> %g, order %g", _i, scheme,
                          pm_clock_interpolations[cases[k].interpolation], coarse, fine, order);
        }
    pm_network_free(net);
}
END_TEST

/* At the same step, interpolated spikes are closer to the exact ones than spikes on the grid, cubic ones closest. */
START_TEST(interpolation_pays) {
    pm_network *net = small_network(0);
    double grid = median_error(net, (pm_clock_options){0.01, PM_CLOCK_EXACT, PM_CLOCK_GRID});
    double linear = median_error(net, (pm_clock_options){0.01, PM_CLOCK_EXACT, PM_CLOCK_LINEAR});
    double cubic = median_error(net, (pm_clock_options){0.01, PM_CLOCK_EXACT, PM_CLOCK_CUBIC});
    ck_assert_double_lt(linear, 0.1 * grid);
    ck_assert_double_lt(cubic, 0.1 * linear);
    pm_network_free(net);
}
END_TEST

/* With arrivals on grid points and no spike, propagators give the closed form at every grid point: to 1e-12 mV, which
 * is the rounding of some hundred steps of potentials of some ten mV. Also where time constants are equal. */
START_TEST(propagators_are_exact) {
    static const double tau_1[] = {5.0, 10.0, 10.0000001, 3.0}, tau_2[] = {1.25, 2.0, 0.0, 0.001};
    pm_error error = {0};
    pm_network *net = pm_network_new();
    net->duration = 40.0;
    uint32_t in, cell;
    pm_event events[] = {{1.5, 0}, {3.0, 0}, {3.0, 0}, {20.25, 0}};
    static const double weight = 700.0;
    pm_neuron neuron = pm_neuron_default();
    neuron.I_e = 120.0;
    neuron.tau_1 = tau_1[_i];
    neuron.tau_2 = tau_2[_i];
    good(pm_network_add_spike_source(net, "in", 1, events, 4, &in, &error), &error);
    good(pm_network_add_lif(net, "cell", 1, &neuron, &cell, &error), &error);
    pm_projection p = {.from = in,
                       .to = cell,
                       .rule = PM_ALL_TO_ALL,
                       .weight = {.kind = PM_CONSTANT, .a = weight},
                       .delay = {.kind = PM_CONSTANT, .a = 0.5}};
    good(pm_network_connect(net, &p, &error), &error);
    good(pm_network_record_potential(net, cell, &(uint32_t){0}, 1, 0.25, &error), &error);
    pm_lif lif = pm_lif_of_neuron(&neuron);
    for (int scheme = PM_CLOCK_EXACT; scheme <= PM_CLOCK_RK; scheme++) {
        watched r = {0};
        double dt = scheme == PM_CLOCK_EXACT ? 0.25 : 1.0 / 2048.0; /* of short enough steps for tau_2 = 0.001 */
        run_clock(net, (pm_clock_options){dt, scheme, PM_CLOCK_GRID}, 1, &r);
        ck_assert_uint_eq(r.n_samples, 160);
        for (size_t k = 0; k < r.n_samples; k++) {
            double t = r.samples[k].time;
            double u = lif.u_inf * -expm1(-lif.l_m * t);
            for (size_t e = 0; e < 4; e++)
                if (t > events[e].time + 0.5)
                    u += weight * pm_lif_psp(&lif, t - events[e].time - 0.5);
            ck_assert_double_eq(t, 0.25 * (double)k);
            ck_assert_double_eq_tol(r.samples[k].potential, neuron.E_L + u, scheme == PM_CLOCK_EXACT ? 1e-12 : 1e-2);
        }
    }
    pm_network_free(net);
}
END_TEST

/* Spikes come in the order of (time, population, neuron), and slices of a run change none of them. */
START_TEST(order_and_slices) {
    for (int interpolation = PM_CLOCK_GRID; interpolation <= PM_CLOCK_CUBIC; interpolation++) {
        pm_network *net = small_network(0);
        pm_clock_options options = {0.25, PM_CLOCK_EXACT, interpolation};
        watched one = {0}, many = {0};
        for (uint32_t p = 0; p < net->n_populations; p++)
            pm_network_record_spikes(net, p, true, NULL);
        run_clock(net, options, 1, &one);
        run_clock(net, options, 77, &many);
        ck_assert_uint_eq(one.spikes.count, many.spikes.count);
        ck_assert(memcmp(one.spikes.items, many.spikes.items, one.spikes.count * sizeof *one.spikes.items) == 0);
        for (size_t k = 1; k < one.spikes.count; k++) {
            const pm_spike *a = &one.spikes.items[k - 1], *b = &one.spikes.items[k];
            ck_assert(a->time < b->time ||
                      (a->time == b->time &&
                       (a->population < b->population || (a->population == b->population && a->neuron <= b->neuron))));
            ck_assert_double_lt(b->time, net->duration);
        }
        free(one.spikes.items);
        free(many.spikes.items);
        pm_network_free(net);
    }
}
END_TEST

/* A constant current above threshold: periods are refractory time plus t(theta), known in closed form. */
START_TEST(regular_firing) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    net->duration = 100.0;
    pm_neuron neuron = pm_neuron_default();
    neuron.I_e = 3600.0; /* u_inf = 120 mV, theta = 90 mV */
    neuron.t_ref = 2.3;
    good(pm_network_add_lif(net, "cell", 1, &neuron, NULL, &error), &error);
    good(pm_network_record_potential(net, 0, &(uint32_t){0}, 1, 1.0, &error), &error);
    double rise = 10.0 * log(120.0 / 30.0);
    watched r = {0};
    run_clock(net, (pm_clock_options){0.01, PM_CLOCK_EXACT, PM_CLOCK_CUBIC}, 1, &r);
    ck_assert_uint_eq(r.spikes.count, 6);
    for (size_t k = 0; k < r.spikes.count; k++)
        ck_assert_double_eq_tol(r.spikes.items[k].time, rise * (double)(k + 1) + 2.3 * (double)k, 1e-10);
    ck_assert_double_eq_tol(r.spikes.items[0].slope, 3.0, 1e-9);
    size_t spikes = 0;
    for (size_t k = 0; k < r.n_samples; k++)
        spikes += r.samples[k].kind == PM_SAMPLE_SPIKE;
    ck_assert_uint_eq(spikes, 2 * r.spikes.count);
    free(r.spikes.items);
    pm_network_free(net);
}
END_TEST

/* A neuron that rests above its threshold fires at 0 and without end; a step that is not one is refused; a stop is
 * heard. */
START_TEST(limits) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_clock *clock = NULL;
    net->duration = 10.0;
    pm_neuron neuron = pm_neuron_default();
    neuron.V_th = -75.0;
    neuron.V_reset = -80.0;
    neuron.t_ref = 100.0;
    good(pm_network_add_lif(net, "cell", 1, &neuron, NULL, &error), &error);
    ck_assert_int_eq(pm_clock_new(net, &(pm_clock_options){0.0, 0, 0}, &clock, &error), PM_INVALID);
    ck_assert_int_eq(pm_clock_new(net, &(pm_clock_options){NAN, 0, 0}, &clock, &error), PM_INVALID);
    for (int interpolation = PM_CLOCK_GRID; interpolation <= PM_CLOCK_CUBIC; interpolation++) {
        watched r = {0};
        run_clock(net, (pm_clock_options){0.1, PM_CLOCK_EXACT, interpolation}, 1, &r);
        ck_assert_uint_eq(r.spikes.count, 1);
        ck_assert_double_eq(r.spikes.items[0].time, 0.0);
        free(r.spikes.items);
    }
    good(pm_clock_new(net, &(pm_clock_options){0.1, 0, 0}, &clock, &error), &error);
    good(pm_clock_run(clock, 5.0, &error), &error);
    ck_assert_int_eq(pm_clock_run(clock, 4.0, &error), PM_INVALID);
    pm_clock_stop(clock);
    ck_assert_int_eq(pm_clock_run(clock, 6.0, &error), PM_STOPPED);
    good(pm_clock_run(clock, 6.0, &error), &error);
    pm_clock_free(clock);
    pm_network_free(net);
}
END_TEST

/* Steps too long for the Runge-Kutta method, and bursts without end, are errors that name the neuron. */
START_TEST(failures_are_named) {
    pm_error error = {0};
    pm_clock *clock = NULL;
    for (int burst = 0; burst < 2; burst++) {
        pm_network *net = pm_network_new();
        net->duration = 1000.0;
        pm_neuron neuron = pm_neuron_default();
        neuron.tau_2 = 1e-6;
        if (burst) {
            neuron.I_e = 1e6;
            neuron.V_reset = neuron.V_th - 1e-9;
        }
        uint32_t in, cell;
        good(pm_network_add_spike_source(net, "in", 1, &(pm_event){1.0, 0}, 1, &in, &error), &error);
        good(pm_network_add_lif(net, "cell", 1, &neuron, &cell, &error), &error);
        pm_projection p = {.from = in, .to = cell, .weight = {.kind = PM_CONSTANT, .a = 1.0}};
        good(pm_network_connect(net, &p, &error), &error);
        pm_clock_options options = {1.0, burst ? PM_CLOCK_EXACT : PM_CLOCK_RK, burst ? PM_CLOCK_LINEAR : PM_CLOCK_GRID};
        good(pm_clock_new(net, &options, &clock, &error), &error);
        ck_assert_int_eq(pm_clock_run(clock, 1000.0, &error), PM_FAILED);
        ck_assert_ptr_nonnull(strstr(error.message, "cell[0]"));
        pm_clock_free(clock);
        pm_network_free(net);
    }
}
END_TEST

/* The adaptive integration, given the exact engine's spikes, has its potentials to 1e-9 mV, and meets the threshold at
 * its spikes. */
START_TEST(potentials_agree) {
    pm_error error = {0};
    pm_network *net = small_network(_i);
    watched exact = {0};
    pm_simulation *simulation = NULL;
    pm_wiring *wiring = NULL;
    enum { MOST = 4096 };
    static pm_course_point points[MOST];
    for (uint32_t p = 0; p < net->n_populations; p++)
        pm_network_record_spikes(net, p, true, NULL);
    good(pm_network_record_potential(net, 0, &(uint32_t){3}, 1, 0.5, &error), &error);
    good(pm_simulation_new(net, NULL, &simulation, &error), &error);
    pm_simulation_on_spike(simulation, record, &exact.spikes);
    pm_simulation_on_sample(simulation, record_sample, &exact);
    good(pm_simulation_run(simulation, net->duration, &error), &error);
    pm_simulation_free(simulation);
    good(pm_wiring_new(net, &wiring, &error), &error);
    size_t spikes = 0;
    for (size_t k = 0; k < exact.n_samples; k++) {
        bool spike = exact.samples[k].kind == PM_SAMPLE_SPIKE;
        spikes += spike;
        points[k] = (pm_course_point){.time = exact.samples[k].time,
                                      .side = spike && spikes % 2 == 1 ? PM_COURSE_AT_SPIKE : PM_COURSE_AFTER};
    }
    ck_assert_uint_gt(spikes, 4);
    good(
        pm_course_integrate(net, wiring, exact.spikes.items, exact.spikes.count, 0, 3, points, exact.n_samples, &error),
        &error);
    for (size_t k = 0; k < exact.n_samples; k++)
        ck_assert_double_eq_tol(points[k].potential, exact.samples[k].potential, 1e-9);
    pm_wiring_free(wiring);
    free(exact.spikes.items);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_clock(void);
Suite *pm_suite_clock(void) {
    Suite *suite = suite_create("clock");
    TCase *cases = tcase_create("clock");
    tcase_add_loop_test(cases, converges, 0, 4);
    tcase_add_test(cases, interpolation_pays);
    tcase_add_loop_test(cases, propagators_are_exact, 0, 4);
    tcase_add_test(cases, order_and_slices);
    tcase_add_test(cases, regular_firing);
    tcase_add_test(cases, limits);
    tcase_add_test(cases, failures_are_named);
    tcase_add_loop_test(cases, potentials_agree, 0, 4);
    suite_add_tcase(suite, cases);
    return suite;
}
