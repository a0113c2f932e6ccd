/* The public face of simulations: recordings, both engines, synapses and weights, states, gradients. */
#define _GNU_SOURCE
#include "support/folder.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

/* Given and Poisson sources, one of them a private drive, two populations of cells in a loop; several projections between
 * the same two, one of them a list in no order. */
static pm_network *build(void) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    pm_event events[20];
    pm_synapse list[] = {{3, 1, 900.0, 4.0}, {0, 2, 800.0, 1.5}, {3, 0, -300.0, 0.25}, {1, 2, 700.0, 1.5}, {0, 2, 600.0, 1.5}};
    const uint32_t watched[] = {1, 3};
    for (uint32_t k = 0; k < 20; k++)
        events[k] = (pm_event){.time = 0.5 + 2.3 * k, .neuron = k % 4};
    const pm_projection projections[] = {
        {.from = 0, .to = 2, .weight = {.kind = PM_UNIFORM, .a = 2000.0, .b = 5000.0}, .delay = {.kind = PM_UNIFORM, .a = 0.5, .b = 3.0}},
        {.from = 1, .to = 2, .rule = PM_ONE_TO_ONE, .weight.a = 500.0, .delay.a = 1.0},
        {.from = 2, .to = 3, .rule = PM_FIXED_INDEGREE, .indegree = 3, .weight = {.kind = PM_NORMAL, .a = 3000.0, .b = 300.0}, .delay.a = 1.0},
        {.from = 2, .to = 3, .rule = PM_SYNAPSE_LIST, .synapses = list, .n_synapses = 5},
        {.from = 3, .to = 2, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.5, .weight.a = -400.0, .delay.a = 2.0},
    };
    neuron.t_ref = 1.0;
    net->duration = 60.0;
    good(pm_network_add_spike_source(net, "given", 4, events, 20, NULL, &error), &error);
    good(pm_network_add_poisson_source(net, "noise", 5, 3000.0, NULL, &error), &error);
    good(pm_network_add_lif(net, "cells", 5, &neuron, NULL, &error), &error);
    good(pm_network_add_lif(net, "others", 3, &neuron, NULL, &error), &error);
    for (size_t k = 0; k < sizeof projections / sizeof *projections; k++)
        good(pm_network_connect(net, &projections[k], &error), &error);
    for (uint32_t p = 0; p < 4; p++)
        good(pm_network_record_spikes(net, p, true, &error), &error);
    good(pm_network_record_potential(net, 2, watched, 2, 0.5, &error), &error);
    return net;
}

static const pm_options engines[] = {{.threads = 1}, {.engine = PM_ENGINE_CLOCK, .dt = 0.1, .interpolation = PM_CLOCK_CUBIC}};

static pm_simulation *start(const pm_network *net, int engine, pm_recording **recording) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    good(pm_simulation_new(net, &engines[engine], &simulation, &error), &error);
    good(pm_recording_new(net, recording, &error), &error);
    pm_simulation_record(simulation, *recording);
    return simulation;
}

static void same(const pm_recording *a, const pm_recording *b) {
    pm_spike *of_a, *of_b;
    size_t n_a, n_b;
    ck_assert_int_eq(pm_recording_all(a, &of_a, &n_a, NULL), PM_OK);
    ck_assert_int_eq(pm_recording_all(b, &of_b, &n_b, NULL), PM_OK);
    ck_assert_uint_gt(n_a, 30);
    ck_assert_uint_eq(n_a, n_b);
    ck_assert_int_eq(memcmp(of_a, of_b, n_a * sizeof *of_a), 0);
    pm_free(of_a);
    pm_free(of_b);
}

typedef struct heard {
    pm_spike spikes[10000];
    size_t n, samples;
} heard;

static pm_status hear_spike(const pm_spike *spike, void *user, pm_error *error) {
    (void)error;
    ((heard *)user)->spikes[((heard *)user)->n++] = *spike;
    return PM_OK;
}

static pm_status hear_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    ((heard *)user)->samples += sample->record == 0 && sample->neuron == 1;
    return PM_OK;
}

/* A recording holds every spike and sample that callbacks hear, in their order, with either engine. */
START_TEST(recording) {
    static heard h;
    pm_error error = {0};
    pm_network *net = build();
    pm_recording *r;
    pm_simulation *s = start(net, _i, &r);
    good(pm_simulation_run(s, 60.0, &error), &error);
    h = (heard){.n = 0};
    good(pm_simulation_reset(s, &error), &error);
    pm_simulation_on_spike(s, hear_spike, &h);
    pm_simulation_on_sample(s, hear_sample, &h);
    good(pm_simulation_run(s, 60.0, &error), &error);
    pm_spike *all;
    size_t n;
    good(pm_recording_all(r, &all, &n, &error), &error);
    ck_assert_uint_eq(n, h.n);
    ck_assert_int_eq(memcmp(all, h.spikes, n * sizeof *all), 0);
    pm_free(all);
    pm_recorded_samples samples, again;
    good(pm_recording_samples(r, 0, 1, &samples, &error), &error);
    ck_assert_uint_eq(samples.n, h.samples);
    ck_assert_uint_gt(samples.n, 100);
    good(pm_recording_take_samples(r, 0, 1, &again, &error), &error);
    ck_assert_ptr_eq(again.value, samples.value);
    good(pm_recording_samples(r, 0, 1, &samples, &error), &error);
    ck_assert_uint_eq(samples.n, 0);
    pm_free(again.time);
    pm_free(again.value);
    pm_free(again.kind);
    pm_recorded_spikes spikes;
    ck_assert_int_eq(pm_recording_spikes(r, 4, &spikes, &error), PM_INVALID);
    ck_assert_int_eq(pm_recording_samples(r, 1, 0, &samples, &error), PM_INVALID);
    ck_assert_int_eq(pm_recording_samples(r, 0, 2, &samples, &error), PM_INVALID);
    pm_recording_free(r);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* With either engine, a state that is restored elsewhere, from memory or from a file, goes on with the same bits;
 * injected spikes, states of cells and counts are there with both. */
START_TEST(states) {
    char path[] = "/tmp/punctum-state-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    pm_error error = {0};
    pm_network *net = build();
    pm_recording *whole, *parts;
    pm_simulation *a = start(net, _i, &whole), *b = start(net, _i, &parts);
    good(pm_simulation_inject(a, 0, 2, 33.0, &error), &error);
    good(pm_simulation_run(a, 23.45, &error), &error);
    good(pm_simulation_save_file(a, path, &error), &error);
    pm_recording_clear(whole);
    good(pm_simulation_run(a, 60.0, &error), &error);
    good(pm_simulation_restore_file(b, path, &error), &error);
    ck_assert_double_eq(pm_simulation_time(b), 23.45);
    good(pm_simulation_run(b, 60.0, &error), &error);
    same(whole, parts);
    double of_a[2], of_b[2];
    good(pm_simulation_state(a, 3, 1, &of_a[0], &of_a[1], &error), &error);
    good(pm_simulation_state(b, 3, 1, &of_b[0], &of_b[1], &error), &error);
    ck_assert_int_eq(memcmp(of_a, of_b, sizeof of_a), 0);
    ck_assert_uint_eq(pm_simulation_spikes(a, 2), pm_simulation_spikes(b, 2));
    ck_assert_uint_gt(pm_simulation_counts(b).source_spikes, 20);
    ck_assert_int_eq(pm_simulation_inject(b, 0, 2, 10.0, &error), PM_INVALID);
    void *bytes;
    size_t size;
    good(pm_simulation_save(a, &bytes, &size, &error), &error);
    ck_assert_int_eq(pm_simulation_restore(b, bytes, size / 2, &error), PM_INVALID);
    pm_recording *other;
    pm_simulation *c = start(net, !_i, &other);
    ck_assert_int_eq(pm_simulation_restore(c, bytes, size, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_restore_file(c, "/tmp", &error), PM_INVALID);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(pm_simulation_restore_file(b, path, &error), PM_INVALID);
    pm_free(bytes);
    pm_simulation_free(a);
    pm_simulation_free(b);
    pm_simulation_free(c);
    pm_recording_free(whole);
    pm_recording_free(parts);
    pm_recording_free(other);
    pm_network_free(net);
    unlink(path);
}
END_TEST

/* A state of either engine in which some number was replaced is refused, or goes on from there to an end. */
START_TEST(damage) {
    enum { PLACES = 1500 };
    static const uint64_t words[] = {0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX, 0x7ff8000000000000u, 0x7fefffffffffffffu};
    pm_error error = {0};
    pm_network *net = build();
    pm_recording *r;
    pm_simulation *s = start(net, _i, &r);
    good(pm_simulation_run(s, 23.45, &error), &error);
    void *bytes;
    size_t size, refused = 0;
    good(pm_simulation_save(s, &bytes, &size, &error), &error);
    const size_t step = size / 8 / PLACES + 1;
    unsigned char *changed = malloc(size);
    for (size_t k = 3; k < size / 8; k += step) { /* behind the head */
        memcpy(changed, bytes, size);
        memcpy(changed + 8 * k, &words[k % 7], 8);
        pm_status status = pm_simulation_restore(s, changed, size, &error);
        if (status == PM_OK)
            status = pm_simulation_run(s, pm_simulation_time(s) + 1.0, &error);
        refused += status == PM_INVALID;
        good(pm_simulation_reset(s, &error), &error);
    }
    ck_assert_uint_gt(refused, 20);
    good(pm_simulation_restore(s, bytes, size, &error), &error);
    free(changed);
    pm_free(bytes);
    pm_recording_free(r);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* The network with all its projections as lists. */
static pm_network *listed(const pm_network *net, pm_simulation *s, double factor) {
    pm_error error = {0};
    pm_network *copy = build();
    for (size_t k = 0; k < net->n_projections; k++) {
        size_t n = 0;
        good(pm_simulation_synapse_count(s, k, &n, &error), &error);
        pm_projection *p = &copy->projections[k];
        free(p->synapses);
        *p = (pm_projection){.from = p->from, .to = p->to, .rule = PM_SYNAPSE_LIST, .n_synapses = n};
        p->synapses = calloc(n + 1, sizeof *p->synapses);
        good(pm_simulation_synapses(s, k, p->synapses, &error), &error);
        for (size_t j = 0; j < n; j++)
            p->synapses[j].weight *= factor;
    }
    return copy;
}

/* The synapses that a simulation tells are those that it has, by projection, lists in their order; weights that are set
 * give the bits of a network that is described with them, until they are set anew. */
START_TEST(synapses) {
    pm_error error = {0};
    pm_network *net = build();
    pm_recording *of_net, *of_list;
    pm_simulation *s = start(net, _i, &of_net);
    pm_network *copy = listed(net, s, 1.0), *scaled = listed(net, s, 1.25);
    ck_assert_uint_eq(copy->projections[0].n_synapses, 20);
    ck_assert_int_eq(memcmp(copy->projections[3].synapses, net->projections[3].synapses, 5 * sizeof(pm_synapse)), 0);
    pm_simulation *t = start(copy, _i, &of_list);
    good(pm_simulation_run(s, 60.0, &error), &error);
    good(pm_simulation_run(t, 60.0, &error), &error);
    same(of_net, of_list);
    double weights[20];
    ck_assert_int_eq(pm_simulation_weights(s, 0, weights, 19, &error), PM_INVALID);
    good(pm_simulation_weights(s, 0, weights, 20, &error), &error);
    ck_assert_int_eq(pm_simulation_set_weights(s, 0, weights, 20, &error), PM_INVALID);
    good(pm_simulation_reset(s, &error), &error);
    for (size_t k = 0; k < scaled->n_projections; k++) {
        const size_t n = scaled->projections[k].n_synapses;
        for (size_t j = 0; j < n; j++)
            weights[j] = scaled->projections[k].synapses[j].weight;
        good(pm_simulation_set_weights(s, k, weights, n, &error), &error);
    }
    weights[0] = NAN;
    ck_assert_int_eq(pm_simulation_set_weights(s, 0, weights, 20, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_set_weights(s, 5, weights, 20, &error), PM_INVALID);
    pm_recording *of_scaled;
    pm_simulation *u = start(scaled, _i, &of_scaled);
    good(pm_simulation_run(u, 60.0, &error), &error);
    for (int round = 0; round < 2; round++) {
        pm_recording_clear(of_net);
        good(pm_simulation_run(s, 60.0, &error), &error);
        same(of_net, of_scaled);
        good(pm_simulation_reset(s, &error), &error);
    }
    void *bytes;
    size_t size;
    good(pm_simulation_save(s, &bytes, &size, &error), &error);
    pm_recording *fresh;
    pm_simulation *v = start(net, _i, &fresh);
    good(pm_simulation_restore(v, bytes, size, &error), &error);
    good(pm_simulation_run(v, 60.0, &error), &error);
    same(fresh, of_scaled);
    pm_free(bytes);
    pm_recording *recordings[] = {of_net, of_list, of_scaled, fresh};
    pm_simulation *simulations[] = {s, t, u, v};
    for (int k = 0; k < 4; k++) {
        pm_recording_free(recordings[k]);
        pm_simulation_free(simulations[k]);
    }
    pm_network_free(net);
    pm_network_free(copy);
    pm_network_free(scaled);
}
END_TEST

/* A loss that weighs the spikes of the two populations of cells. */
static double loss_of(const pm_spike *spikes, size_t n, double *dl_dt) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double by = spikes[k].population < 2 ? 0.0 : 1.0 + 0.5 * spikes[k].neuron - spikes[k].population;
        sum += by * spikes[k].time;
        if (dl_dt)
            dl_dt[k] = by;
    }
    return sum;
}

static double loss_with(const pm_network *net, size_t projection, size_t synapse, double weight) {
    pm_error error = {0};
    pm_recording *r;
    pm_simulation *s = start(net, 0, &r);
    size_t n;
    good(pm_simulation_synapse_count(s, projection, &n, &error), &error);
    double *weights = calloc(n, sizeof *weights);
    good(pm_simulation_weights(s, projection, weights, n, &error), &error);
    weights[synapse] += weight;
    good(pm_simulation_set_weights(s, projection, weights, n, &error), &error);
    free(weights);
    good(pm_simulation_run(s, 25.0, &error), &error);
    pm_spike *spikes;
    good(pm_recording_all(r, &spikes, &n, &error), &error);
    const double loss = loss_of(spikes, n, NULL);
    pm_free(spikes);
    pm_recording_free(r);
    pm_simulation_free(s);
    return loss;
}

/* The gradient with respect to weights, numbered through, is that of finite differences: of steps of 0.01 pA, whose
 * curvature leaves about 1e-6 of it, beside rounding of about 1e-12 ms in the loss. */
START_TEST(gradients) {
    pm_error error = {0};
    pm_network *net = build();
    pm_recording *r;
    pm_simulation *s = start(net, 0, &r);
    good(pm_simulation_run(s, 25.0, &error), &error);
    pm_spike *spikes;
    size_t n, first = 0;
    good(pm_recording_all(r, &spikes, &n, &error), &error);
    double weight[100] = {0.0}, threshold[17] = {0.0}, *dl_dt = calloc(n, sizeof *dl_dt), *time = calloc(n, sizeof *time);
    loss_of(spikes, n, dl_dt);
    const pm_gradient gradient = {.weight = weight, .threshold = threshold, .time = time};
    good(pm_simulation_gradient(s, spikes, n, dl_dt, 0.0, &gradient, &error), &error);
    int moved = 0;
    for (size_t projection = 0; projection < net->n_projections; projection++) {
        size_t count;
        good(pm_simulation_synapse_count(s, projection, &count, &error), &error);
        for (size_t k = 0; k < count; k += 2) {
            const double difference = (loss_with(net, projection, k, 0.01) - loss_with(net, projection, k, -0.01)) / 0.02;
            ck_assert_double_eq_tol(weight[first + k], difference, 1e-9 + 1e-4 * fabs(difference));
            moved += weight[first + k] != 0.0;
        }
        first += count;
    }
    ck_assert_int_gt(moved, 10);
    /* The general sweep, which the parameters of neurons take, agrees to rounding; V_th is the fourth of ten. */
    double again[100] = {0.0}, neuron[17 * PM_NEURON_PARAMETERS] = {0.0};
    const pm_gradient more = {.weight = again, .neuron = neuron, .size = sizeof more};
    good(pm_simulation_gradient(s, spikes, n, dl_dt, 0.0, &more, &error), &error);
    for (size_t k = 0; k < first; k++)
        ck_assert_double_eq_tol(again[k], weight[k], 1e-12 + 1e-9 * fabs(weight[k]));
    for (size_t k = 0; k < 17; k++)
        ck_assert_double_eq_tol(neuron[k * PM_NEURON_PARAMETERS + 3], threshold[k], 1e-12 + 1e-9 * fabs(threshold[k]));
    ck_assert_double_ne(neuron[9 * PM_NEURON_PARAMETERS], 0.0);
    ck_assert_double_ne(threshold[9], 0.0);
    ck_assert_double_eq(threshold[0], 0.0);
    spikes[0].neuron = 99;
    ck_assert_int_eq(pm_simulation_gradient(s, spikes, n, dl_dt, 0.0, &gradient, &error), PM_INVALID);
    ck_assert_int_eq(pm_simulation_gradient(s, spikes, 0, dl_dt, -1.0, &gradient, &error), PM_INVALID);
    free(dl_dt);
    free(time);
    pm_free(spikes);
    pm_recording_free(r);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* Options that cannot be had, and structures of other sizes, are refused with a message. */
START_TEST(options) {
    pm_error error = {0};
    pm_network *net = build();
    pm_simulation *s = NULL;
    const pm_options bad[] = {
        {.engine = PM_ENGINE_CLOCK},
        {.engine = PM_ENGINE_CLOCK, .dt = NAN},
        {.engine = PM_ENGINE_CLOCK, .dt = 0.1, .scheme = (pm_clock_scheme)2},
        {.engine = PM_ENGINE_CLOCK, .dt = 0.1, .interpolation = (pm_clock_interpolation)3},
        {.engine = (pm_engine_kind)2},
        {.size = 8},
        {.size = sizeof(pm_options) + 8},
    };
    ck_assert_int_eq(pm_simulation_new(net, &bad[_i], &s, &error), PM_INVALID);
    ck_assert_ptr_null(s);
    ck_assert_str_ne(error.message, "");
    good(pm_simulation_new(net, &(pm_options){.size = sizeof(pm_options)}, &s, &error), &error);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

static void note(void *user, double done, const char *words) {
    ck_assert_str_ne(words, "");
    *(double *)user = done;
}

/* Time steps that interpolate come nearer the exact engine the shorter they are; what is left out is not done. */
START_TEST(validation) {
    pm_error error = {0};
    pm_network *net = build();
    double done = -1.0;
    pm_validation v;
    pm_validation_options how = {.smallest = 0.05, .progress = note, .user = &done};
    for (size_t k = 0; k < PM_VALIDATION_SCHEMES; k++)
        how.left_out[k] = strcmp(pm_validation_scheme(k), "exact-cubic") != 0;
    net->duration = 20.0;
    good(pm_validate(net, &how, &v, &error), &error);
    ck_assert_double_ge(done, 0.0);
    ck_assert(!v.results[0][0].done && v.results[2][4].done && !v.results[2][5].done);
    ck_assert_double_eq(pm_validation_step(4), 0.05);
    ck_assert_uint_gt(v.spikes, 0);
    ck_assert_uint_eq(v.results[2][4].match.matched, v.spikes);
    ck_assert_double_lt(v.results[2][4].match.median, v.results[2][0].match.median);
    ck_assert_double_lt(v.potential_error, 1e-6); /* as docs/validation.md says, with room for a sparse network */
    how.window = -1.0;
    ck_assert_int_eq(pm_validate(net, &how, &v, &error), PM_INVALID);
    ck_assert_ptr_null(pm_validation_scheme(PM_VALIDATION_SCHEMES));
    pm_network_free(net);
}
END_TEST

/* Both kinds of scripts are written; one that is no script is refused, and says so by its key. */
START_TEST(exports) {
    char folder[TEST_FOLDER_SIZE], script[64];
    test_folder_make(folder);
    pm_error error = {0};
    pm_network *net = build();
    pm_export_model models[4];
    snprintf(script, sizeof script, "%s/net.py", folder);
    good(pm_network_export(net, &(pm_export){.to = PM_BRIAN2, .script = script}, models, &error), &error);
    ck_assert_ptr_null(models[2].model);
    ck_assert_int_eq(access(script, R_OK), 0);
    const volatile int stop = 1;
    ck_assert_int_eq(pm_network_export(net, &(pm_export){.script = script, .stop = &stop}, NULL, &error), PM_STOPPED);
    ck_assert_int_eq(pm_network_export(net, &(pm_export){.script = folder}, NULL, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "script");
    test_folder_remove(folder);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_run(void);
Suite *pm_suite_run(void) {
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");
    tcase_add_loop_test(tests, recording, 0, 2);
    tcase_add_loop_test(tests, states, 0, 2);
    tcase_add_loop_test(tests, damage, 0, 2);
    tcase_add_loop_test(tests, synapses, 0, 2);
    tcase_add_test(tests, gradients);
    tcase_add_loop_test(tests, options, 0, 7);
    tcase_add_test(tests, validation);
    tcase_add_test(tests, exports);
    suite_add_tcase(suite, tests);
    return suite;
}
