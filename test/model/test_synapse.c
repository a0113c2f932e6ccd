/* Models of synapses: their equations, and what they do in networks, in both engines. */
#include "base/random.h"
#include "model/synapse.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = PM_SYNAPSE_WIDTH };

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

/* Numbers in [0, 1), the same in every run. */
static double draw(uint64_t n) {
    uint32_t word[4];
    pm_philox_block(7, 0, n, word);
    return word[0] * 0x1p-32;
}

/* --- equations --- */

static void slopes(const pm_synapse_model *m, const double *p, const long double *y, long double *k) {
    double at[WIDTH], slope[WIDTH] = {0.0};
    for (size_t n = 0; n < m->width; n++)
        at[n] = (double)y[n];
    m->derivative(p, at, slope);
    for (size_t n = 0; n < m->width; n++)
        k[n] = slope[n];
}

/* The classical Runge-Kutta method, in so many steps that only rounding is left. */
static void integrate(const pm_synapse_model *m, const double *p, double h, double *state) {
    enum { STEPS = 4000 };
    const long double step = (long double)h / STEPS;
    long double y[WIDTH], at[WIDTH], k[4][WIDTH] = {{0.0L}};
    for (size_t n = 0; n < m->width; n++)
        y[n] = state[n];
    for (int s = 0; s < STEPS; s++) {
        slopes(m, p, y, k[0]);
        for (size_t stage = 1; stage < 4; stage++) {
            for (size_t n = 0; n < m->width; n++)
                at[n] = y[n] + step * (stage < 3 ? 0.5L : 1.0L) * k[stage - 1][n];
            slopes(m, p, at, k[stage]);
        }
        for (size_t n = 0; n < m->width; n++)
            y[n] += step / 6.0L * (k[0][n] + 2.0L * k[1][n] + 2.0L * k[2][n] + k[3][n]);
    }
    for (size_t n = 0; n < m->width; n++)
        state[n] = (double)y[n];
}

/* The closed form is the equation, for every model: factors of spike trains agree with those of integration, whose
 * slopes round to 1e-16. */
START_TEST(closed_form) {
    const pm_synapse_model *m = pm_synapse_model_find(pm_synapse_kinds[_i]->name);
    for (uint64_t c = 0; m->width > 0 && c < 20; c++) {
        double p[PM_SYNAPSE_PARAMETERS] = {0.0}, exact[WIDTH], slow[WIDTH];
        for (size_t f = 0; f < m->kind.n_fields; f++) {
            const pm_field *field = &m->kind.fields[f];
            const double x = draw(100 * c + f);
            pm_field_set(field, p, field->unit[0] ? 5.0 + 200.0 * x : x);
        }
        good(pm_kind_check(&m->kind, p, NULL), &(pm_error){0});
        m->start(p, exact);
        m->start(p, slow);
        for (uint64_t k = 0; k < 20; k++) {
            const double h = 30.0 * draw(100 * c + 50 + k);
            if (k > 0) {
                m->advance(p, h, exact);
                integrate(m, p, h, slow);
            }
            const double one = m->spike(p, k == 0, exact), other = m->spike(p, k == 0, slow);
            ck_assert_double_ge(one, 0.0);
            ck_assert(m->is_sound(p, exact));
            ck_assert_double_le(fabs(one - other), 1e-13 * (1.0 + one));
        }
    }
}
END_TEST

/* The factors of NEST's tsodyks2_synapse, by the recursion of Maass and Markram for x and u at the spikes; the first
 * has those that are given. */
START_TEST(recursion) {
    for (int fac = 0; fac < 2; fac++) {
        const double U = 0.3, rec = 120.0, tau_fac = fac ? 80.0 : 0.0,
                     p[PM_SYNAPSE_PARAMETERS] = {U, 0.4, 0.9, rec, tau_fac};
        double x = 0.9, u = 0.4, state[WIDTH];
        pm_synapse_tsodyks.start(p, state);
        for (uint64_t k = 0; k < 30; k++) {
            const double h = 20.0 * draw(k);
            if (k > 0) {
                pm_synapse_tsodyks.advance(p, h, state);
                x = 1.0 + (x - x * u - 1.0) * exp(-h / rec);
                u = U + u * (1.0 - U) * (fac ? exp(-h / tau_fac) : 0.0);
            }
            ck_assert_double_le(fabs(pm_synapse_tsodyks.spike(p, k == 0, state) - x * u), 1e-15);
        }
    }
}
END_TEST

/* States stay within their range, rounding included, at the ends of the ranges of all parameters. */
START_TEST(ends_of_ranges) {
    static const double fractions[] = {0.0, 1e-300, 0.3, 1.0}, times[] = {0.0, 1e-9, 50.0, 1e15};
    static const double intervals[] = {0.0, 5e-324, 1e-9, 1.0, 1e15};
    for (uint64_t c = 0; c < 4 * 4 * 4 * 3 * 4; c++) {
        const double p[PM_SYNAPSE_PARAMETERS] = {fractions[c % 4], fractions[c / 4 % 4], fractions[c / 16 % 4],
                                                 times[1 + c / 64 % 3], times[c / 192]};
        double state[WIDTH];
        pm_synapse_tsodyks.start(p, state);
        for (uint64_t k = 0; k < 50; k++) {
            const double factor = pm_synapse_tsodyks.spike(p, k == 0, state);
            ck_assert(factor >= 0.0 && factor <= 1.0 && pm_synapse_tsodyks.is_sound(p, state));
            pm_synapse_tsodyks.advance(p, intervals[(k * k + c) % 5], state);
            ck_assert(pm_synapse_tsodyks.is_sound(p, state));
        }
    }
}
END_TEST

/* --- networks --- */

/* What is different between two projections that a group may not hold: delays, receptors and types; some delays are
 * much shorter than a slab. `general`: cells with more than one current. */
static pm_network *build(const pm_synapse_model *model, bool general) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const pm_receptor receptors[] = {{.name = "a", .kernel = pm_kernel_find("exponential"), .parameters = {4.0}},
                                     {.name = "b", .kernel = pm_kernel_find("alpha"), .parameters = {3.0}}};
    neuron.t_ref = 2.0;
    net->duration = 120.0;
    net->seed = 11;
    good(pm_network_add_poisson_source(net, "noise", 30, 200.0, NULL, &error), &error);
    good(pm_network_add_lif(net, "cells", 40, &neuron, NULL, &error), &error);
    good(pm_network_add_lif(net, "behind", 5, &neuron, NULL, &error), &error);
    if (general)
        good(pm_network_set_receptors(net, 1, receptors, 2, &error), &error);
    pm_projection projections[] = {
        {.from = 0,
         .to = 1,
         .rule = PM_FIXED_INDEGREE,
         .indegree = 20,
         .weight = {.kind = PM_UNIFORM, .a = 2000.0, .b = 4000.0},
         .delay.a = 1.0,
         .synapse = model,
         .synapse_parameters = {0.5, 0.4, 1.0, 60.0, 20.0}},
        {.from = 0,
         .to = 1,
         .rule = PM_FIXED_INDEGREE,
         .indegree = 5,
         .weight.a = 900.0,
         .receptor = general,
         .delay = {.kind = PM_UNIFORM, .a = 0.5, .b = 3.0}},
        {.from = 1,
         .to = 1,
         .rule = PM_FIXED_INDEGREE,
         .indegree = 5,
         .weight.a = -500.0,
         .delay = {.kind = PM_UNIFORM, .a = 0.01, .b = 0.6},
         .synapse = model,
         .synapse_parameters = {0.2, 0.2, 1.0, 90.0, 0.0}},
        {.from = 1, .to = 2, .weight.a = 2500.0, .synapse = model, .synapse_parameters = {0.2, 0.2, 1.0, 90.0, 0.0}},
    };
    for (size_t k = 0; k < sizeof projections / sizeof *projections; k++) {
        projections[k].size = sizeof *projections;
        good(pm_network_connect(net, &projections[k], &error), &error);
    }
    return net;
}

static const pm_options engines[] = {{.threads = 1},
                                     {.engine = PM_ENGINE_CLOCK, .dt = 0.1},
                                     {.engine = PM_ENGINE_CLOCK, .dt = 0.02, .interpolation = PM_CLOCK_CUBIC}};

/* In slices; after each the state is saved, and another simulation goes on from there. */
static pm_spike *run(const pm_network *net, const pm_options *options, int slices, size_t *n) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_recording *recording = NULL;
    pm_spike *spikes = NULL;
    good(pm_simulation_new(net, options, &simulation, &error), &error);
    good(pm_recording_new(net, &recording, &error), &error);
    for (int k = 1; k <= slices; k++) {
        void *bytes = NULL;
        size_t size = 0;
        pm_simulation_record(simulation, recording);
        good(pm_simulation_run(simulation, net->duration * k / slices, &error), &error);
        good(pm_simulation_save(simulation, &bytes, &size, &error), &error);
        pm_simulation_free(simulation);
        good(pm_simulation_new(net, options, &simulation, &error), &error);
        good(pm_simulation_restore(simulation, bytes, size, &error), &error);
        free(bytes);
    }
    good(pm_recording_all(recording, &spikes, n, &error), &error);
    ck_assert_uint_gt(*n, 200);
    pm_recording_free(recording);
    pm_simulation_free(simulation);
    return spikes;
}

static void same(const pm_spike *a, size_t n, const pm_spike *b, size_t m) {
    ck_assert_uint_eq(n, m);
    for (size_t k = 0; k < n; k++)
        ck_assert(a[k].time == b[k].time && a[k].population == b[k].population && a[k].neuron == b[k].neuron &&
                  a[k].slope == b[k].slope);
}

/* The spikes do not depend on threads, on slices, or on checkpoints; after a reset they are the same again. */
START_TEST(same_bits) {
    pm_network *net = build(&pm_synapse_tsodyks, _i % 2);
    const pm_options *engine = &engines[_i / 2];
    size_t n = 0, m = 0;
    pm_spike *whole = run(net, engine, 1, &n), *sliced = run(net, engine, 17, &m);
    same(whole, n, sliced, m);
    free(sliced);
    pm_options threads = *engine;
    threads.threads = 3;
    sliced = run(net, &threads, 2, &m);
    same(whole, n, sliced, m);
    free(sliced);
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_recording *recording = NULL;
    double u, i;
    good(pm_simulation_new(net, engine, &simulation, &error), &error);
    good(pm_recording_new(net, &recording, &error), &error);
    good(pm_simulation_run(simulation, 33.3, &error), &error);
    good(pm_simulation_reset(simulation, &error), &error);
    pm_simulation_record(simulation, recording);
    for (int k = 1; k <= 10; k++) { /* asking for a state changes none */
        good(pm_simulation_run(simulation, net->duration * k / 10, &error), &error);
        good(pm_simulation_state(simulation, 2, 0, &u, &i, &error), &error);
    }
    good(pm_recording_all(recording, &sliced, &m, &error), &error);
    same(whole, n, sliced, m);
    pm_simulation_free(simulation);
    pm_recording_free(recording);
    free(sliced);
    free(whole);
    pm_network_free(net);
}
END_TEST

/* The time-stepped simulator, which integrates the equations as written, finds the spikes of the exact one. */
START_TEST(referee) {
    pm_network *net = build(&pm_synapse_tsodyks, _i);
    const pm_options fine = {.engine = PM_ENGINE_CLOCK, .dt = 0.005, .interpolation = PM_CLOCK_CUBIC};
    size_t n = 0, m = 0;
    net->duration = 60.0;
    pm_spike *exact = run(net, &engines[0], 1, &n), *stepped = run(net, &fine, 1, &m);
    ck_assert_uint_eq(n, m);
    for (size_t k = 0; k < n; k++)
        ck_assert_double_le(fabs(exact[k].time - stepped[k].time), 1e-6); /* of order dt^4 */
    free(exact);
    free(stepped);
    pm_network_free(net);
}
END_TEST

/* The state of a cell behind synapses of one weight, asked for within slabs, is the one that is recorded. */
START_TEST(states) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    const pm_neuron neuron = pm_neuron_default();
    pm_projection p = {.size = sizeof p, .from = 0, .to = 1, .weight.a = 90.0, .delay.a = 1.0, .synapse = &pm_synapse_tsodyks};
    pm_simulation *asked = NULL, *recorded = NULL;
    pm_recording *recording = NULL;
    pm_recorded_samples samples;
    size_t asked_for = 0;
    pm_kind_preset(&pm_synapse_tsodyks.kind, p.synapse_parameters);
    good(pm_network_add_poisson_source(net, "noise", 30, 200.0, NULL, &error), &error);
    good(pm_network_add_lif(net, "cells", 2, &neuron, NULL, &error), &error);
    good(pm_network_connect(net, &p, &error), &error);
    good(pm_network_record_potential(net, 1, (uint32_t[]){1}, 1, 0.21, &error), &error);
    good(pm_simulation_new(net, &engines[0], &asked, &error), &error);
    good(pm_simulation_new(net, &engines[0], &recorded, &error), &error);
    good(pm_recording_new(net, &recording, &error), &error);
    pm_simulation_record(recorded, recording);
    good(pm_simulation_run(recorded, 60.0, &error), &error);
    good(pm_recording_samples(recording, 0, 0, &samples, &error), &error);
    for (size_t k = 0; k < samples.n; k++) {
        double u, i;
        if (samples.kind[k] != PM_SAMPLE)
            continue;
        good(pm_simulation_run(asked, samples.time[k], &error), &error);
        good(pm_simulation_state(asked, 1, 1, &u, &i, &error), &error);
        ck_assert_double_le(fabs(u - samples.value[k]), 1e-9); /* mV */
        asked_for++;
    }
    ck_assert_uint_ge(asked_for, 280);
    pm_recording_free(recording);
    pm_simulation_free(asked);
    pm_simulation_free(recorded);
    pm_network_free(net);
}
END_TEST

/* Whoever meets a model knows it by its descriptor alone: one that is tsodyks but by its address and name gives its
 * spikes, to the bit, and one whose factor is always 1 those of static synapses. */
static double one(const double *parameters, bool first, double *state) {
    (void)parameters;
    (void)first;
    (void)state;
    return 1.0;
}

START_TEST(stranger) {
    pm_synapse_model other = pm_synapse_tsodyks, idle = pm_synapse_tsodyks;
    other.kind.name = "other";
    idle.kind.name = "idle";
    idle.spike = one;
    const pm_synapse_model *pairs[][2] = {{&pm_synapse_tsodyks, &other}, {NULL, &idle}};
    for (size_t k = 0; k < 2; k++) {
        pm_network *a = build(pairs[k][0], _i % 2), *b = build(pairs[k][1], _i % 2);
        size_t n = 0, m = 0;
        pm_spike *known = run(a, &engines[_i / 2], 2, &n), *unknown = run(b, &engines[_i / 2], 2, &m);
        same(known, n, unknown, m);
        free(known);
        free(unknown);
        pm_network_free(a);
        pm_network_free(b);
    }
}
END_TEST

/* A network with other parameters of synapses has another mark: a state does not fit it. */
START_TEST(other_network) {
    pm_error error = {0};
    pm_network *a = build(&pm_synapse_tsodyks, false), *b = build(NULL, false);
    pm_simulation *first = NULL, *second = NULL;
    void *bytes = NULL;
    size_t size = 0;
    good(pm_simulation_new(a, &engines[0], &first, &error), &error);
    good(pm_simulation_new(b, &engines[0], &second, &error), &error);
    good(pm_simulation_save(first, &bytes, &size, &error), &error);
    ck_assert_int_eq(pm_simulation_restore(second, bytes, size, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "another network"));
    free(bytes);
    pm_simulation_free(first);
    pm_simulation_free(second);
    pm_network_free(a);
    pm_network_free(b);
}
END_TEST

/* --- what is refused --- */

START_TEST(refused) {
    pm_error error = {0};
    pm_network *net = build(&pm_synapse_tsodyks, false);
    pm_projection p = {.from = 0, .to = 1, .weight.a = 1.0, .synapse = &pm_synapse_tsodyks, .size = sizeof p};
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "tau_rec");
    pm_kind_preset(&pm_synapse_tsodyks.kind, p.synapse_parameters);
    p.synapse_parameters[4] = 1e-12;
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "tau_fac");
    pm_simulation *simulation = NULL;
    const pm_gradient into = {.size = sizeof into};
    good(pm_simulation_new(net, &engines[0], &simulation, &error), &error);
    ck_assert_int_eq(pm_simulation_gradient(simulation, NULL, 0, NULL, 0.0, &into, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "synapse");
    ck_assert_str_eq(error.message,
                     "the synapses from 'noise' to 'cells' are tsodyks; gradients know static ones only");
    pm_simulation_free(simulation);
    p.synapse_parameters[4] = 0.0;
    for (int k = 0; k < 300; k++) {
        p.synapse_parameters[3] = 100.0 + k;
        good(pm_network_connect(net, &p, &error), &error);
    }
    ck_assert_int_eq(pm_simulation_new(net, &engines[0], &simulation, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "synapse");
    ck_assert_ptr_null(pm_synapse_model_find("tsodiks"));
    ck_assert_ptr_eq(pm_synapse_model_find("static"), &pm_synapse_static);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_synapse(void);
Suite *pm_suite_synapse(void) {
    Suite *suite = suite_create("synapse");
    TCase *cases = tcase_create("all");
    int n = 0;
    while (pm_synapse_kinds[n])
        n++;
    tcase_add_loop_test(cases, closed_form, 0, n);
    tcase_add_test(cases, recursion);
    tcase_add_test(cases, ends_of_ranges);
    tcase_add_loop_test(cases, same_bits, 0, 6);
    tcase_add_loop_test(cases, referee, 0, 2);
    tcase_add_test(cases, states);
    tcase_add_loop_test(cases, stranger, 0, 6);
    tcase_add_test(cases, other_network);
    tcase_add_test(cases, refused);
    suite_add_tcase(suite, cases);
    return suite;
}
