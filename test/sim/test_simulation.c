#include "support/naive.h"
#include "support/recorded.h"

#include <punctum/punctum.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static pm_simulation *start(const pm_network *net, int threads, recorded *r) {
    pm_error error = {0};
    pm_simulation *s = NULL;
    pm_status status = pm_simulation_new(net, &(pm_options){.threads = threads}, &s, &error);
    ck_assert_msg(status == PM_OK, "%s", error.message);
    if (r)
        pm_simulation_on_spike(s, record, r);
    return s;
}

static recorded run(const pm_network *net, int threads, int slices) {
    recorded r = {0};
    pm_error error = {0};
    pm_simulation *s = start(net, threads, &r);
    for (int k = 1; k <= slices; k++) {
        pm_status status = pm_simulation_run(s, net->duration * k / slices, &error);
        ck_assert_msg(status == PM_OK, "%s", error.message);
    }
    pm_simulation_free(s);
    return r;
}

static void same_bits(const recorded *a, const recorded *b) {
    ck_assert_uint_eq(a->count, b->count);
    ck_assert(a->count == 0 || memcmp(a->items, b->items, a->count * sizeof *a->items) == 0);
}

static void recorded_spikes_equal(const pm_network *one, const pm_network *other) {
    recorded a = run(one, 1, 1), b = run(other, 1, 3);
    ck_assert_uint_gt(a.count, 100);
    same_bits(&a, &b);
    free(a.items);
    free(b.items);
}

enum { FORWARD = 1, RECURRENT = 2, SHORT = 4, SINGLE = 8, BACK = 16, BRIEF = 32 };

/* Two layers driven by random input; `flags` choose delays, recurrence and the kind of current. */
static pm_network *random_network(unsigned long seed, int flags, uint32_t size) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, seed);
    pm_error error = {0};
    pm_network *net = pm_network_new();
    net->seed = seed;
    net->duration = 60.0;
    enum { INPUTS = 20, SPIKES = 150 };
    pm_event events[SPIKES];
    for (int k = 0; k < SPIKES; k++) /* some at the same instants, some on slab boundaries, one at 0 */
        events[k] = (pm_event){k == 0  ? 0.0
                               : k % 5 ? 60.0 * gsl_rng_uniform(rng)
                                       : floor(60.0 * gsl_rng_uniform(rng)),
                               (uint32_t)gsl_rng_uniform_int(rng, INPUTS)};
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = flags & (RECURRENT | BACK) ? 1.5 : gsl_rng_uniform(rng) < 0.5 ? 0.0 : 0.7; /* bounds the rates */
    neuron.I_e = 300.0;
    if (flags & BRIEF) { /* currents are over long before a slab is */
        neuron.tau_1 = 0.1;
        neuron.tau_2 = 0.01;
    }
    if (flags & SINGLE)
        neuron.tau_2 = 0.0;
    uint32_t in, a, b;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", INPUTS, events, SPIKES, &in, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "a", size, &neuron, &a, &error), PM_OK);
    neuron.V_th = 15.0; /* another class */
    neuron.C_m = 250.0;
    ck_assert_int_eq(pm_network_add_lif(net, "b", size, &neuron, &b, &error), PM_OK);
    double w = flags & BRIEF ? 50000.0 : flags & SINGLE ? 1500.0 : 3000.0;
    pm_projection p = {.from = in, .to = a, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.5};
    p.weight = (pm_distribution){.kind = PM_NORMAL, .a = w, .b = w};
    p.delay =
        (pm_distribution){.kind = flags & SHORT ? PM_CONSTANT : PM_UNIFORM, .a = flags & SHORT ? 0.0 : 0.4, .b = 2.5};
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    p.from = a;
    p.to = b;
    p.rule = PM_FIXED_INDEGREE;
    p.indegree = 5;
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    if (flags & RECURRENT) {
        p.from = p.to = b;
        p.delay = (pm_distribution){.kind = PM_UNIFORM_STEPS, .a = 0.3, .b = 1.5, .step = 0.1};
        ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    }
    if (flags & BACK) {
        p.from = b;
        p.to = a;
        p.delay = (pm_distribution){.kind = PM_CONSTANT, .a = 0.7};
        ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    }
    gsl_rng_free(rng);
    return net;
}

static const int KINDS[] = {FORWARD,
                            FORWARD | SHORT,
                            RECURRENT,
                            RECURRENT | SHORT,
                            RECURRENT | BACK,
                            RECURRENT | BACK | SHORT,
                            FORWARD | SINGLE,
                            RECURRENT | BACK | SHORT | SINGLE,
                            FORWARD | BRIEF,
                            RECURRENT | BRIEF,
                            FORWARD | BRIEF | SINGLE};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

/* The engine finds the spikes of a simulator without slabs, bounds and factors: none missing, none besides. Rounding
 * grows along chains of spikes: 1e-9 ms and 1e-7 relative in the slope leave room for near-grazing crossings. */
START_TEST(agrees_with_naive) {
    size_t total = 0;
    for (unsigned long seed = 1; seed <= 12; seed++) {
        pm_network *net = random_network(seed, KINDS[_i], 12);
        naive_spikes expected = naive_run(net, net->duration);
        recorded got = run(net, 1, 1);
        ck_assert_uint_eq(got.count, expected.count);
        total += got.count;
        if (got.count > 0) {
            qsort(expected.items, expected.count, sizeof *expected.items, by_neuron);
            qsort(got.items, got.count, sizeof *got.items, by_neuron);
        }
        for (size_t k = 0; k < got.count; k++) {
            ck_assert_uint_eq(got.items[k].population, expected.items[k].population);
            ck_assert_uint_eq(got.items[k].neuron, expected.items[k].neuron);
            ck_assert_double_eq_tol(got.items[k].time, expected.items[k].time, 1e-9);
            ck_assert_double_eq_tol(got.items[k].slope, expected.items[k].slope,
                                    1e-7 * (1.0 + expected.items[k].slope));
        }
        free(expected.items);
        free(got.items);
        pm_network_free(net);
    }
    ck_assert_uint_gt(total, 500); /* the networks are not silent */
}
END_TEST

/* Slices and threads change no bit. 700 neurons are enough for several threads. */
START_TEST(slices_and_threads) {
    pm_network *net = random_network(5, KINDS[_i], 350);
    recorded whole = run(net, 1, 1);
    ck_assert_uint_gt(whole.count, 100);
    static const int cases[][2] = {{1, 7}, {1, 211}, {2, 1}, {3, 13}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        recorded other = run(net, cases[k][0], cases[k][1]);
        same_bits(&whole, &other);
        free(other.items);
    }
    free(whole.items);
    pm_network_free(net);
}
END_TEST

/* Many silent neurons beside a network have it settled in another way, and change no bit; recording a potential changes
 * none either. */
START_TEST(bystanders) {
    pm_error error = {0};
    const uint32_t watched[] = {1, 5};
    pm_network *alone = random_network(7, KINDS[_i], 12), *crowd = random_network(7, KINDS[_i], 12);
    pm_neuron silent = alone->populations[1].neuron;
    silent.I_e = 0.0;
    ck_assert_int_eq(pm_network_add_lif(crowd, "silent", 5000, &silent, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_record_potential(crowd, 2, watched, 2, 1.0, &error), PM_OK);
    recorded_spikes_equal(alone, crowd);
    pm_network_free(alone);
    pm_network_free(crowd);
}
END_TEST

/* A spike injected between slices acts as one that was in the source from the start; reset forgets it. */
START_TEST(injection_and_reset) {
    pm_network *net = random_network(3, KINDS[_i], 12);
    pm_error error = {0};
    const pm_event extra[] = {{20.03, 1}, {20.03, 2}, {31.0, 3}};
    recorded plain = run(net, 1, 1), early = {0}, late = {0}, again = {0};
    pm_simulation *s = start(net, 1, &early);
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(pm_simulation_inject(s, 0, extra[k].neuron, extra[k].time, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_reset(s, &error), PM_OK);
    pm_simulation_on_spike(s, record, &late);
    ck_assert_int_eq(pm_simulation_run(s, 20.01, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 2, 20.03, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 1, 20.03, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_run(s, 31.0, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 3, 31.0, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 3, 30.0, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 20, 40.0, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_inject(s, 1, 0, 40.0, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_inject(s, 0, 0, NAN, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    same_bits(&early, &late);
    ck_assert_int_eq(pm_simulation_reset(s, &error), PM_OK);
    pm_simulation_on_spike(s, record, &again);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    same_bits(&plain, &again);
    ck_assert_uint_ne(plain.count, 0);
    pm_simulation_free(s);
    free(plain.items);
    free(early.items);
    free(late.items);
    free(again.items);
    pm_network_free(net);
}
END_TEST

/* A lone neuron under constant current fires at tau_m ln((u_inf - u_reset)/(u_inf - theta)) after each restart, and
 * its potential between spikes is the exponential approach to u_inf. */
START_TEST(constant_current) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron n = pm_neuron_default();
    n.I_e = 3000.0; /* u_inf = 100 mV, theta = 90 mV */
    n.t_ref = 2.0;
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &n, NULL, &error), PM_OK);
    net->duration = 200.0;
    recorded r = run(net, 1, 3);
    double first = 10.0 * log(100.0 / 10.0);
    ck_assert_uint_eq(r.count, (size_t)floor((200.0 - first) / (first + 2.0)) + 1);
    for (size_t k = 0; k < r.count; k++) {
        ck_assert_double_eq_tol(r.items[k].time, first + (double)k * (first + 2.0), 1e-12 * (double)(k + 1) * 30.0);
        ck_assert_double_eq_tol(r.items[k].slope, 1.0, 1e-12);
    }
    pm_simulation *s = start(net, 1, NULL);
    for (double t = 0.0; t < first; t += 0.37) {
        double potential, current;
        ck_assert_int_eq(pm_simulation_run(s, t, &error), PM_OK);
        ck_assert_double_eq(pm_simulation_time(s), t);
        ck_assert_int_eq(pm_simulation_state(s, 0, 0, &potential, &current, &error), PM_OK);
        ck_assert_double_eq_tol(potential, -70.0 + 100.0 * -expm1(-t / 10.0), 1e-11);
        ck_assert_double_eq(current, 0.0);
    }
    ck_assert_int_eq(pm_simulation_run(s, first + 1.0, &error), PM_OK);
    double potential;
    ck_assert_int_eq(pm_simulation_state(s, 0, 0, &potential, NULL, &error), PM_OK);
    ck_assert_double_eq(potential, -70.0); /* refractory */
    ck_assert_int_eq(pm_simulation_run(s, 1.0, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_run(s, INFINITY, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_state(s, 0, 1, &potential, NULL, &error), PM_INVALID);
    pm_simulation_free(s);
    free(r.items);
    pm_network_free(net);
}
END_TEST

static pm_network *cells_with_list(uint32_t size, const pm_synapse *synapses, size_t n) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    neuron.I_e = 3000.0;
    net->duration = 50.0;
    ck_assert_int_eq(pm_network_add_lif(net, "cells", size, &neuron, NULL, &error), PM_OK);
    pm_projection p = {.rule = PM_SYNAPSE_LIST, .synapses = (pm_synapse *)(uintptr_t)synapses, .n_synapses = n};
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    return net;
}

/* A cycle of impulses of zero delay is an error that names its neurons; the same synapses without the cycle run. */
START_TEST(zero_delay_cycle) {
    const pm_synapse synapses[] = {
        {4, 3, 1.0, 0.0}, {3, 7, 1.0, 0.0}, {7, 9, 1.0, 0.0}, {9, 3, 1.0, 0.0}, {9, 1, 1.0, 0.0}};
    pm_network *net = cells_with_list(10, synapses, 5);
    pm_error error = {0};
    pm_simulation *s;
    net->populations[0].neuron.tau_1 = net->populations[0].neuron.tau_2 = 0.0;
    ck_assert_int_eq(pm_simulation_new(net, NULL, &s, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "cells[3]"));
    ck_assert_ptr_nonnull(strstr(error.message, "cells[7]"));
    ck_assert_ptr_nonnull(strstr(error.message, "cells[9]"));
    ck_assert_ptr_null(strstr(error.message, "cells[4]"));
    ck_assert_ptr_null(strstr(error.message, "cells[1]"));
    pm_network_free(net);
    const pm_synapse open[] = {
        {4, 3, 500.0, 0.0}, {3, 7, 500.0, 0.0}, {7, 9, 500.0, 0.0}, {9, 1, 500.0, 0.0}, {1, 4, 500.0, 0.01}};
    net = cells_with_list(10, open, 5);
    naive_spikes expected = naive_run(net, net->duration);
    recorded got = run(net, 1, 1);
    ck_assert_uint_eq(got.count, expected.count);
    ck_assert_uint_gt(got.count, 10);
    free(expected.items);
    free(got.items);
    pm_network_free(net);
}
END_TEST

/* Runaway activity is an error that names the neuron and the time: the time between two spikes is below the spacing of
 * double precision numbers there. */
START_TEST(runaway) {
    pm_network *net = cells_with_list(2, NULL, 0);
    pm_error error = {0};
    net->populations[0].neuron.E_L = -20.0;
    net->populations[0].neuron.V_th = 1.0;
    net->populations[0].neuron.V_reset = nextafter(1.0, 0.0);
    pm_simulation *s = start(net, 1, NULL);
    ck_assert_int_eq(pm_simulation_run(s, 50.0, &error), PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "cells["));
    ck_assert_ptr_nonnull(strstr(error.message, "ms"));
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* A neuron that rests at or above its threshold fires at t = 0. */
START_TEST(fires_at_zero) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron n = pm_neuron_default();
    n.V_th = n.E_L;
    n.V_reset = -80.0;
    net->duration = 100.0;
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &n, NULL, &error), PM_OK);
    recorded r = run(net, 1, 1);
    ck_assert_uint_eq(r.count, 1); /* afterwards V approaches E_L = V_th and never reaches it */
    ck_assert_double_eq(r.items[0].time, 0.0);
    free(r.items);
    pm_network_free(net);
}
END_TEST

/* A requested stop ends the run at a clean point, from which it goes on without a difference. */
static pm_status stop_at_spike(const pm_spike *spike, void *user, pm_error *error) {
    (void)spike;
    (void)error;
    pm_simulation_stop(user);
    return PM_OK;
}

START_TEST(stopping) {
    pm_network *net = random_network(2, RECURRENT, 12);
    pm_error error = {0};
    pm_simulation *s = start(net, 1, NULL);
    pm_simulation_on_spike(s, stop_at_spike, s);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_STOPPED);
    double stopped = pm_simulation_time(s);
    ck_assert(stopped > 0.0 && stopped < 60.0);
    recorded rest = {0};
    pm_simulation_on_spike(s, record, &rest);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    recorded all = run(net, 1, 1);
    size_t skip = 0;
    while (skip < all.count && all.items[skip].time < stopped)
        skip++;
    recorded tail = {all.items + skip, all.count - skip};
    same_bits(&tail, &rest);
    pm_simulation_free(s);
    free(rest.items);
    free(all.items);
    pm_network_free(net);
}
END_TEST

/* Poisson sources: the right rate, independent of other populations, the same for every slicing. */
START_TEST(poisson_sources) {
    recorded runs[2] = {{0}, {0}};
    for (int extra = 0; extra < 2; extra++) {
        pm_error error = {0};
        pm_network *net = pm_network_new();
        net->duration = 1000.0;
        uint32_t first = 0, unused;
        ck_assert_int_eq(pm_network_add_poisson_source(net, "noise", 200, 30.0, &first, &error), PM_OK);
        if (extra)
            ck_assert_int_eq(pm_network_add_poisson_source(net, "more", 50, 10.0, &unused, &error), PM_OK);
        ck_assert_int_eq(pm_network_record_spikes(net, first, true, &error), PM_OK);
        runs[extra] = run(net, 1, extra ? 17 : 1);
        pm_network_free(net);
    }
    same_bits(&runs[0], &runs[1]);
    ck_assert_double_eq_tol((double)runs[0].count, 6000.0, 5.0 * sqrt(6000.0)); /* 5 standard deviations */
    for (size_t k = 1; k < runs[0].count; k++)
        ck_assert(runs[0].items[k].time >= runs[0].items[k - 1].time);
    free(runs[0].items);
    free(runs[1].items);
}
END_TEST

/* Samples lie at multiples of the interval, equal what the simulation says of its state, follow the curve and pass
 * every spike; slices do not change them. */
typedef struct samples {
    pm_sample *items;
    size_t count;
} samples;

static pm_status record_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    samples *r = user;
    if ((r->count & (r->count - 1)) == 0) /* room for a power of two */
        r->items = realloc(r->items, (r->count > 0 ? 2 * r->count : 1) * sizeof *r->items);
    ck_assert_ptr_nonnull(r->items);
    r->items[r->count++] = *sample;
    return PM_OK;
}

START_TEST(potentials) {
    pm_network *net = random_network(4, RECURRENT | BACK, 12);
    pm_error error = {0};
    const uint32_t neurons[] = {3};
    ck_assert_int_eq(pm_network_record_potential(net, 2, neurons, 1, 0.5, &error), PM_OK);
    samples whole = {0}, sliced = {0};
    recorded spikes = {0};
    pm_simulation *s = start(net, 1, &spikes);
    pm_simulation_on_sample(s, record_sample, &whole);
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    pm_simulation_free(s);
    s = start(net, 1, NULL);
    pm_simulation_on_sample(s, record_sample, &sliced);
    size_t at = 0;
    for (int k = 0; k < 120; k++) {
        ck_assert_int_eq(pm_simulation_run(s, 0.5 * k, &error), PM_OK);
        double potential;
        ck_assert_int_eq(pm_simulation_state(s, 2, 3, &potential, NULL, &error), PM_OK);
        while (whole.items[at].kind != PM_SAMPLE)
            at++;
        ck_assert_double_eq(whole.items[at].time, 0.5 * k);
        ck_assert_double_eq_tol(whole.items[at].potential, potential, 1e-11);
        at++;
    }
    ck_assert_int_eq(pm_simulation_run(s, 60.0, &error), PM_OK);
    ck_assert_uint_eq(whole.count, sliced.count);
    size_t n_spikes = 0, n_spike_samples = 0;
    for (size_t k = 0; k < whole.count; k++) {
        ck_assert_double_eq(whole.items[k].time, sliced.items[k].time);
        ck_assert_double_eq(whole.items[k].potential, sliced.items[k].potential);
        n_spike_samples += whole.items[k].kind == PM_SAMPLE_SPIKE;
        ck_assert(k == 0 || whole.items[k].time >= whole.items[k - 1].time);
        ck_assert(whole.items[k].potential <= 15.0);
    }
    for (size_t k = 0; k < spikes.count; k++)
        n_spikes += spikes.items[k].population == 2 && spikes.items[k].neuron == 3;
    ck_assert_uint_gt(n_spikes, 0);
    ck_assert_uint_eq(n_spike_samples, 2 * n_spikes);
    pm_simulation_free(s);
    free(whole.items);
    free(sliced.items);
    free(spikes.items);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_simulation(void);
Suite *pm_suite_simulation(void) {
    Suite *suite = suite_create("simulation");
    TCase *tests = tcase_create("simulation");
    tcase_add_loop_test(tests, agrees_with_naive, 0, N_KINDS);
    tcase_add_loop_test(tests, slices_and_threads, 0, N_KINDS);
    tcase_add_loop_test(tests, bystanders, 0, N_KINDS);
    tcase_add_loop_test(tests, injection_and_reset, 0, N_KINDS);
    tcase_add_test(tests, constant_current);
    tcase_add_test(tests, zero_delay_cycle);
    tcase_add_test(tests, runaway);
    tcase_add_test(tests, fires_at_zero);
    tcase_add_test(tests, stopping);
    tcase_add_test(tests, poisson_sources);
    tcase_add_test(tests, potentials);
    suite_add_tcase(suite, tests);
    return suite;
}
