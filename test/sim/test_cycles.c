/* Cycles of currents without delay. */
#include "support/recorded.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINEST = 6 /* step of the validation: 0.01 ms */, I_E = 6 /* parameter */ };

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

/* Plain neurons, and general ones with two receptors, in cycles without delay, autapses among them, and with short
 * ones. */
static pm_network *build(bool general, double t_ref, double I_e) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const struct pm_kernel *kernel = pm_kernel_find("exponential");
    const pm_receptor receptors[] = {{"fast", kernel, {2.0}, false}, {"slow", kernel, {8.0}, false}};
    neuron.V_th = -50.0;
    neuron.I_e = I_e;
    neuron.t_ref = t_ref;
    net->duration = 30.0;
    net->seed = 11;
    good(pm_network_add_lif(net, "a", 12, &neuron, NULL, &error), &error);
    good(pm_network_add_lif(net, "b", 6, &neuron, NULL, &error), &error);
    good(pm_network_add_poisson_source(net, "s", 12, 300.0, NULL, &error), &error);
    if (general)
        good(pm_network_set_receptors(net, 1, receptors, 2, &error), &error);
    const pm_projection projections[] = {
        {.from = 2, .to = 0, .rule = PM_ONE_TO_ONE, .weight.a = 500.0},
        {.from = 0, .to = 1, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.5, .weight.a = 90.0, .receptor = general},
        {.from = 1, .to = 0, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.5, .weight.a = -200.0},
        {.from = 0,
         .to = 0,
         .rule = PM_PAIRWISE_BERNOULLI,
         .probability = 0.4,
         .weight.a = 60.0,
         .delay = {.kind = PM_UNIFORM, .b = 1.0}},
        {.from = 1, .to = 1, .rule = PM_ONE_TO_ONE, .weight.a = -50.0},
    };
    for (size_t k = 0; k < sizeof projections / sizeof *projections; k++)
        good(pm_network_connect(net, &projections[k], &error), &error);
    for (uint32_t p = 0; p < 3; p++)
        good(pm_network_record_spikes(net, p, true, &error), &error);
    return net;
}

static recorded run(const pm_network *net, const pm_options *options, int slices, bool ask) {
    recorded r = {0};
    pm_error error = {0};
    pm_simulation *s = NULL;
    good(pm_simulation_new(net, options, &s, &error), &error);
    pm_simulation_on_spike(s, record, &r);
    for (int k = 1; k <= slices; k++) {
        double potential = NAN;
        good(pm_simulation_run(s, net->duration * k / slices, &error), &error);
        if (ask)
            good(pm_simulation_state(s, 0, 3, &potential, NULL, &error), &error);
        ck_assert(!ask || isfinite(potential));
    }
    pm_simulation_free(s);
    return r;
}

/* The same bits for any number of threads and in any slices, and whatever is asked in between. */
START_TEST(same_bits) {
    pm_network *net = build(_i & 1, _i & 2 ? 1.5 : 0.0, 620.0);
    recorded expected = run(net, &(pm_options){.threads = 1}, 1, false);
    ck_assert_uint_gt(expected.count, 50);
    for (int k = 0; k < 3; k++) {
        recorded got = run(net, &(pm_options){.threads = 1 + k}, 1 + 37 * k, k == 1);
        ck_assert_uint_eq(got.count, expected.count);
        ck_assert_int_eq(memcmp(got.items, expected.items, got.count * sizeof *got.items), 0);
        free(got.items);
    }
    free(expected.items);
    pm_network_free(net);
}
END_TEST

/* Every spike is where an adaptive integration, given all spikes, has its neuron at the threshold, and neurons do not
 * reach it elsewhere: time steps find the same spikes, with errors that vanish with them. */
START_TEST(referees_agree) {
    pm_error error = {0};
    pm_validation v;
    pm_validation_options how = {.smallest = 0.01};
    pm_network *net = build(_i & 1, _i & 2 ? 1.5 : 0.0, 620.0);
    for (size_t k = 0; k < PM_VALIDATION_SCHEMES; k++)
        how.left_out[k] = strcmp(pm_validation_scheme(k), "exact-cubic") != 0;
    good(pm_validate(net, &how, &v, &error), &error);
    ck_assert_uint_gt(v.spikes, 30);
    ck_assert_double_lt(v.potential_error, 1e-10);
    ck_assert_double_lt(v.residual_largest, 1e-11);
    const pm_match *finest = &v.results[2][FINEST].match;
    ck_assert_uint_eq(finest->matched, v.spikes);
    ck_assert_uint_eq(finest->missing + finest->extra, 0);
    ck_assert_double_lt(finest->median, 1e-2); /* a spike acts at the end of a step in such cycles: first order */
    pm_network_free(net);
}
END_TEST

/* All act on all: rounds by the hundred in a slab. kind & 1: with delays, short ones; kind & 2: with t_ref. */
static pm_network *busy(int kind, bool watched) {
    static const uint32_t neurons[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const pm_distribution start = {.kind = PM_UNIFORM, .a = -70.0, .b = -50.0};
    neuron.V_th = -50.0;
    neuron.t_ref = kind & 2 ? 0.02 : 0.0;
    neuron.I_e = 900.0;
    net->duration = 11.0;
    net->seed = 5;
    good(pm_network_add_lif(net, "a", 30, &neuron, NULL, &error), &error);
    good(pm_network_vary(net, 0, "V_m", &start, &error), &error);
    good(pm_network_add_poisson_source(net, "private", 30, 300.0, NULL, &error), &error);
    const pm_projection projections[] = {
        {.weight.a = 250.0, .delay.a = kind & 1 ? 1e-3 : 0.0},
        {.weight.a = 10.0, .delay = {.kind = PM_UNIFORM, .b = kind & 1 ? 1.0 : 0.0}},
        {.from = 1, .rule = PM_ONE_TO_ONE, .weight.a = 500.0},
    };
    for (size_t p = 0; p < 3; p++)
        good(pm_network_connect(net, &projections[p], &error), &error);
    if (watched)
        good(pm_network_record_potential(net, 0, neurons, 10, 0.5, &error), &error);
    return net;
}

/* Replays go on from where the ones before were certain. Neurons that are recorded are replayed from the start of the
 * slab: they fire at the same times to the bit, and so it is where runs end in the midst of rounds. */
START_TEST(many_rounds) {
    recorded r[3];
    for (int k = 0; k < 3; k++) {
        pm_network *net = busy(_i, k == 1);
        r[k] = run(net, NULL, k == 2 ? 29 : 1, k == 2);
        pm_network_free(net);
        ck_assert_uint_gt(r[k].count, 500);
        ck_assert_uint_eq(r[k].count, r[0].count);
        ck_assert_int_eq(memcmp(r[k].items, r[0].items, r[k].count * sizeof *r[k].items), 0);
    }
    for (int k = 0; k < 3; k++)
        free(r[k].items);
}
END_TEST

static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    double *potentials = user;
    if (sample->kind != PM_SAMPLE_CURVE && sample->neuron == 3 && fmod(sample->time, 0.5) == 0.0)
        potentials[(size_t)(2.0 * sample->time)] = sample->potential;
    return PM_OK;
}

/* What is recorded in the midst of rounds is what is there when it is asked for. */
START_TEST(recorded_as_asked) {
    enum { SAMPLES = 22 };
    pm_error error = {0};
    double samples[SAMPLES] = {0}, asked;
    pm_network *net = busy(_i, true);
    pm_simulation *whole = NULL, *slices = NULL;
    good(pm_simulation_new(net, NULL, &whole, &error), &error);
    good(pm_simulation_new(net, NULL, &slices, &error), &error);
    pm_simulation_on_sample(whole, on_sample, samples);
    good(pm_simulation_run(whole, net->duration, &error), &error);
    for (size_t k = 0; k < SAMPLES; k++) {
        good(pm_simulation_run(slices, 0.5 * (double)k, &error), &error);
        good(pm_simulation_state(slices, 0, 3, &asked, NULL, &error), &error);
        ck_assert_double_eq_tol(samples[k], asked, 1e-10);
    }
    pm_simulation_free(whole);
    pm_simulation_free(slices);
    pm_network_free(net);
}
END_TEST

/* Neurons that are alike, each with autapses that would stop it at once: their spikes, and what follows, stay alike. */
START_TEST(alike_with_autapses) {
    static const double weights[] = {-90.0, -100000.0, 300.0};
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    neuron.V_th = -50.0;
    neuron.I_e = 900.0;
    neuron.t_ref = _i & 1 ? 2.0 : 0.0;
    net->duration = 300.0;
    good(pm_network_add_lif(net, "a", 5, &neuron, NULL, &error), &error);
    good(pm_network_connect(net, &(pm_projection){.rule = PM_ONE_TO_ONE, .weight.a = weights[_i / 2]}, &error), &error);
    good(pm_network_record_spikes(net, 0, true, &error), &error);
    recorded r = run(net, NULL, 1, false);
    ck_assert_uint_gt(r.count, 25);
    ck_assert_uint_eq(r.count % 5, 0);
    for (size_t k = 0; k < r.count; k++)
        ck_assert(r.items[k].time == r.items[k - k % 5].time && r.items[k].slope == r.items[k - k % 5].slope);
    free(r.items);
    pm_network_free(net);
}
END_TEST

/* The sum of all times at which neurons fire, ms, and its derivative with respect to I_e, ms/pA. */
static double sum_of_times(bool general, double t_ref, double I_e, double *derivative, size_t *n) {
    pm_error error = {0};
    pm_network *net = build(general, t_ref, I_e);
    pm_simulation *s = NULL;
    recorded r = {0};
    double neuron[30 * PM_NEURON_PARAMETERS] = {0}, sum = 0.0;
    good(pm_simulation_new(net, NULL, &s, &error), &error);
    pm_simulation_on_spike(s, record, &r);
    good(pm_simulation_run(s, 12.0, &error), &error);
    double *dl_dt = calloc(r.count, sizeof *dl_dt);
    ck_assert_ptr_nonnull(dl_dt);
    for (size_t k = 0; k < r.count; k++) {
        dl_dt[k] = r.items[k].population < 2;
        sum += dl_dt[k] * r.items[k].time;
    }
    const pm_gradient gradient = {.neuron = neuron, .size = sizeof gradient};
    good(pm_simulation_gradient(s, r.items, r.count, dl_dt, 0.0, &gradient, &error), &error);
    *derivative = 0.0;
    for (size_t k = 0; k < 18; k++)
        *derivative += neuron[k * PM_NEURON_PARAMETERS + I_E];
    *n = r.count;
    pm_simulation_free(s);
    pm_network_free(net);
    free(dl_dt);
    free(r.items);
    return sum;
}

/* The exact gradient goes through spikes that return at once: finite differences agree. */
START_TEST(gradient_holds) {
    static const double step = 1e-5; /* pA: roundings of 1e-13 ms over it leave 1e-8 of a sum of some ms/pA */
    const bool general = _i & 1;
    const double t_ref = _i & 2 ? 1.5 : 0.0;
    double derivative, unused;
    size_t n, below, above;
    (void)sum_of_times(general, t_ref, 620.0, &derivative, &n);
    const double high = sum_of_times(general, t_ref, 620.0 + step, &unused, &above);
    const double low = sum_of_times(general, t_ref, 620.0 - step, &unused, &below);
    ck_assert(below == n && above == n && n > 40);
    ck_assert_double_eq_tol((high - low) / (2.0 * step), derivative, 1e-5 * fabs(derivative));
}
END_TEST

Suite *pm_suite_cycles(void);
Suite *pm_suite_cycles(void) {
    Suite *suite = suite_create("cycles");
    TCase *cases = tcase_create("cycles");
    tcase_set_timeout(cases, 60.0);
    tcase_add_loop_test(cases, same_bits, 0, 4);
    tcase_add_loop_test(cases, referees_agree, 0, 4);
    tcase_add_loop_test(cases, many_rounds, 0, 4);
    tcase_add_loop_test(cases, recorded_as_asked, 0, 4);
    tcase_add_loop_test(cases, alike_with_autapses, 0, 6);
    tcase_add_loop_test(cases, gradient_holds, 0, 4);
    suite_add_tcase(suite, cases);
    return suite;
}
