/* Networks of general neurons in the exact engine: reference spike trains, the time-stepped referee, the same bits
 * however the work is divided, and what happens at single instants. */
#include "step/clock.h"
#include "support/recorded.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static recorded run(const pm_network *network, int threads, int slices) {
    recorded r = {0};
    pm_error error = {0};
    pm_simulation *s = NULL;
    ck_assert_msg(pm_simulation_new(network, &(pm_options){.threads = threads}, &s, &error) == PM_OK, "%s",
                  error.message);
    pm_simulation_on_spike(s, record, &r);
    for (int k = 1; k <= slices; k++)
        ck_assert_msg(pm_simulation_run(s, network->duration * k / slices, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(s);
    return r;
}

static recorded run_clock(const pm_network *network, double dt) {
    recorded r = {0};
    pm_error error = {0};
    pm_clock *c = NULL;
    const pm_clock_options options = {dt, PM_CLOCK_EXACT, PM_CLOCK_CUBIC};
    ck_assert_msg(pm_clock_new(network, &options, &c, &error) == PM_OK, "%s", error.message);
    pm_clock_on_spike(c, record, &r);
    ck_assert_msg(pm_clock_run(c, network->duration, &error) == PM_OK, "%s", error.message);
    pm_clock_free(c);
    return r;
}

static pm_network *load(const char *name) {
    char path[200];
    pm_network *network = NULL;
    pm_error error = {0};
    snprintf(path, sizeof path, "test/reference/general/%s/network.yaml", name);
    ck_assert_msg(pm_network_load(path, &network, &error) == PM_OK, "%s", error.message);
    return network;
}

/* Every spike, none more, at the same instant and with the same slope up to these (ms, mV/ms). */
static void same_spikes(recorded *a, recorded *b, double time, double slope) {
    ck_assert_uint_eq(a->count, b->count);
    qsort(a->items, a->count, sizeof *a->items, by_neuron);
    qsort(b->items, b->count, sizeof *b->items, by_neuron);
    for (size_t k = 0; k < a->count; k++) {
        ck_assert_uint_eq(a->items[k].population, b->items[k].population);
        ck_assert_uint_eq(a->items[k].neuron, b->items[k].neuron);
        ck_assert_double_le(fabs(a->items[k].time - b->items[k].time), time);
        ck_assert_double_le(fabs(a->items[k].slope - b->items[k].slope), slope);
    }
}

static const char *const networks[] = {"receptors", "alpha", "adaptive", "currents", "everything"};
enum { N_NETWORKS = sizeof networks / sizeof *networks };

/* The spike trains that an independent simulation with 40 digits gave. A hundred roundings of 150 ms. */
START_TEST(reference_networks_are_met) {
    pm_network *network = load(networks[_i]);
    recorded own = run(network, 1, 1), reference = {0};
    for (uint32_t p = 0; p < network->n_populations; p++) {
        char path[200];
        pm_spike *spikes = NULL;
        size_t n = 0;
        pm_error error = {0};
        if (network->populations[p].kind != PM_LIF)
            continue;
        snprintf(path, sizeof path, "test/reference/general/%s/spikes-%s.dat", networks[_i],
                 network->populations[p].name);
        ck_assert_msg(pm_spikes_read(path, &spikes, &n, &error) == PM_OK, "%s", error.message);
        for (size_t k = 0; k < n; k++) {
            spikes[k].population = p;
            ck_assert_int_eq(record(&spikes[k], &reference, NULL), PM_OK);
        }
        free(spikes);
    }
    same_spikes(&own, &reference, 3e-12, 1e-11);
    free(own.items);
    free(reference.items);
    pm_network_free(network);
}
END_TEST

static void same_bits(const recorded *a, const recorded *b) {
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_mem_eq(a->items, b->items, a->count * sizeof *a->items);
}

/* A network in which every term occurs, of so many tens of neurons. */
static pm_network *mixture(uint64_t seed, uint32_t tens) {
    const struct pm_kernel *two = pm_kernel_find("double_exponential"), *alpha = pm_kernel_find("alpha"),
                           *one = pm_kernel_find("exponential"), *impulse = pm_kernel_find("impulse");
    const pm_receptor receptors[] = {{.name = "ampa", .kernel = two, .parameters = {2.0, 0.5}, .peak = true},
                                     {.name = "gaba", .kernel = one, .parameters = {8.0}},
                                     {.name = "slow", .kernel = alpha, .parameters = {5.0}},
                                     {.name = "kick", .kernel = impulse}};
    const pm_neuron neuron = {.C_m = 250.0,
                              .g_L = 16.7,
                              .E_L = -70.0,
                              .V_th = -50.0,
                              .V_reset = -60.0,
                              .t_ref = 2.0,
                              .I_e = 250.0,
                              .tau_1 = 5.0};
    const pm_jump threshold[] = {{3.0, 30.0}}, after_spike[] = {{-50.0, 100.0}};
    const pm_distribution spread = {.kind = PM_NORMAL, .a = -50.0, .b = 1.0},
                          start = {.kind = PM_UNIFORM, .a = -70.0, .b = -55.0};
    const pm_reset reset = {.kind = PM_RESET_FRACTION, .fraction = 0.3, .add = -2.0};
    pm_step steps[] = {{20.0, 200.0}, {45.0, 0.0}};
    const pm_current currents[] = {{.kind = PM_CURRENT_STEPS, .population = 1, .steps = steps, .n_steps = 2},
                                   {.kind = PM_CURRENT_SINE,
                                    .population = 1,
                                    .amplitude = 80.0,
                                    .frequency = 40.0,
                                    .phase = 30.0,
                                    .from = 10.0,
                                    .to = 70.0},
                                   {.kind = PM_CURRENT_NOISE, .population = 2, .std = 100.0, .interval = 1.3}};
    pm_network *network = pm_network_new();
    pm_error error = {0};
    network->seed = seed;
    network->duration = 80.0;
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", 100, 40.0, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "a", 6 * tens, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "b", 3 * tens, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "plain", tens, &neuron, NULL, &error), PM_OK);
    for (uint32_t p = 1; p <= 2; p++)
        ck_assert_int_eq(pm_network_set_receptors(network, p, receptors, p == 1 ? 3 : 4, &error), PM_OK);
    ck_assert_int_eq(pm_network_set_threshold(network, 1, threshold, 1, &error), PM_OK);
    ck_assert_int_eq(pm_network_set_after_spike(network, 1, after_spike, 1, &error), PM_OK);
    ck_assert_int_eq(pm_network_set_reset(network, 2, &reset, &error), PM_OK);
    ck_assert_int_eq(pm_network_vary(network, 2, "V_th", &spread, &error), PM_OK);
    for (uint32_t p = 1; p <= 3; p++)
        ck_assert_int_eq(pm_network_vary(network, p, "V_m", &start, &error), PM_OK);
    for (size_t k = 0; k < 3; k++)
        ck_assert_msg(pm_network_add_current(network, &currents[k], &error) == PM_OK, "%s", error.message);
    const struct {
        uint32_t from, to, receptor, indegree;
        double weight;
    } synapses[] = {{0, 1, 0, 20, 60.0}, {0, 2, 0, 20, 60.0},  {1, 1, 2, 10, 15.0},
                    {1, 2, 0, 10, 40.0}, {2, 1, 1, 10, -40.0}, {2, 2, 1, 10, -40.0},
                    {1, 2, 3, 3, 0.4},   {1, 3, 0, 10, 60.0},  {3, 1, 1, 5, 20.0}};
    for (size_t k = 0; k < sizeof synapses / sizeof *synapses; k++) {
        const pm_projection p = {.from = synapses[k].from,
                                 .to = synapses[k].to,
                                 .receptor = synapses[k].receptor,
                                 .rule = PM_FIXED_INDEGREE,
                                 .indegree = synapses[k].indegree,
                                 .weight.a = synapses[k].weight,
                                 .delay = {.kind = PM_UNIFORM, .a = 1.0, .b = 2.0}};
        ck_assert_msg(pm_network_connect(network, &p, &error) == PM_OK, "%s", error.message);
    }
    return network;
}

/* Threads and slices change no bit. */
START_TEST(bits_do_not_depend_on_how_work_is_divided) {
    pm_network *network = mixture(3, 100);
    const recorded once = run(network, 1, 1), threads = run(network, 2, 1), slices = run(network, 1, 37);
    ck_assert_uint_gt(once.count, 1000);
    same_bits(&once, &threads);
    same_bits(&once, &slices);
    free(once.items);
    free(threads.items);
    free(slices.items);
    pm_network_free(network);
}
END_TEST

/* Neurons that fire by themselves and act on each other, with receptors, thresholds and currents by _i whose time
 * constants all share: 0: two single exponentials; 1: with a drive of its own for each neuron, and delays beyond the
 * slab; 2: a double exponential, an alpha current, moving thresholds, currents after spikes; 3: thresholds differ; 4:
 * cycles without delay. */
static pm_network *lively(int kind, uint32_t fifth, double duration) {
    const struct pm_kernel *one = pm_kernel_find("exponential"), *two = pm_kernel_find("double_exponential"),
                           *alpha = pm_kernel_find("alpha");
    const pm_receptor singles[] = {{.name = "e", .kernel = one, .parameters = {5.0}},
                                   {.name = "i", .kernel = one, .parameters = {10.0}}};
    const pm_receptor others[] = {{.name = "e", .kernel = two, .parameters = {5.0, 1.0}, .peak = true},
                                  {.name = "i", .kernel = alpha, .parameters = {3.0}}};
    const pm_neuron neuron = {.C_m = 200.0,
                              .g_L = 10.0,
                              .E_L = -49.0,
                              .V_th = -50.0,
                              .V_reset = -60.0,
                              .t_ref = kind == 1 ? 1.3 : 5.0,
                              .I_e = 60.0,
                              .tau_1 = 5.0};
    const pm_jump threshold[] = {{1.0, 20.0}}, after_spike[] = {{-20.0, 50.0}};
    const pm_distribution start = {.kind = PM_UNIFORM, .a = -60.0, .b = -50.0},
                          spread = {.kind = PM_UNIFORM, .a = -50.5, .b = -49.5};
    const double weights[] = {8.0, -40.0};
    pm_network *network = pm_network_new();
    pm_error error = {0};
    network->seed = 7;
    network->duration = duration;
    ck_assert_int_eq(pm_network_add_lif(network, "e", 4 * fifth, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "i", fifth, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", 4 * fifth, 500.0, NULL, &error), PM_OK);
    for (uint32_t p = 0; p < 2; p++) {
        ck_assert_int_eq(pm_network_set_receptors(network, p, kind == 2 ? others : singles, 2, &error), PM_OK);
        ck_assert_int_eq(pm_network_vary(network, p, "V_m", &start, &error), PM_OK);
        if (kind == 3)
            ck_assert_int_eq(pm_network_vary(network, p, "V_th", &spread, &error), PM_OK);
        if (kind == 2) {
            ck_assert_int_eq(pm_network_set_threshold(network, p, threshold, 1, &error), PM_OK);
            ck_assert_int_eq(pm_network_set_after_spike(network, p, after_spike, 1, &error), PM_OK);
        }
        for (uint32_t q = 0; q < 2; q++) {
            const pm_projection all = {.from = p,
                                       .to = q,
                                       .receptor = p,
                                       .rule = PM_FIXED_INDEGREE,
                                       .indegree = p == 0 ? (kind == 4 && q == 0 ? 1 : 20) : 5,
                                       .weight.a = weights[p],
                                       .delay.a = kind == 4   ? (p + q == 0 ? 0.0 : 3.0)
                                                  : kind == 1 ? 1.5
                                                              : 0.1};
            ck_assert_msg(pm_network_connect(network, &all, &error) == PM_OK, "%s", error.message);
        }
    }
    const pm_projection drive = {.from = 2, .to = 0, .rule = PM_ONE_TO_ONE, .weight.a = 5.0, .delay.a = 1.0};
    if (kind == 1)
        ck_assert_msg(pm_network_connect(network, &drive, &error) == PM_OK, "%s", error.message);
    return network;
}

/* Neither threads nor slices nor recording change a bit of neurons whose time constants all share. */
START_TEST(bits_of_lively_neurons) {
    pm_network *network = lively(_i, 120, 40.0);
    pm_error error = {0};
    uint32_t neurons[60];
    const recorded once = run(network, 1, 1), threads = run(network, 2, 1), slices = run(network, 1, 37);
    for (uint32_t k = 0; k < 60; k++)
        neurons[k] = 8 * k;
    ck_assert_int_eq(pm_network_record_potential(network, 0, neurons, 60, 1.0, &error), PM_OK);
    const recorded watched = run(network, 1, 1);
    ck_assert_uint_gt(once.count, 500);
    same_bits(&once, &threads);
    same_bits(&once, &slices);
    same_bits(&once, &watched);
    free(once.items);
    free(threads.items);
    free(slices.items);
    free(watched.items);
    pm_network_free(network);
}
END_TEST

/* More than 60 spikes, those of the referee in steps of dt (ms), within a tolerance (ms). Frees the network. */
static void meets_the_referee(pm_network *network, double dt, double tolerance) {
    recorded own = run(network, 1, 1), other = run_clock(network, dt);
    ck_assert_uint_gt(own.count, 60);
    same_spikes(&own, &other, tolerance, 0.2);
    free(own.items);
    free(other.items);
    pm_network_free(network);
}

/* They fire when the equations as written say. */
START_TEST(the_referee_agrees_on_lively_neurons) {
    meets_the_referee(lively(_i, 20, 40.0), 0.0125, 3e-3);
}
END_TEST

/* The referee integrates the equations as written; with cubic interpolation it is off by its step to the fourth power,
 * which crossings that are nearly grazed, and their successors, magnify up to a hundred thousand times. */
START_TEST(the_referee_agrees) {
    pm_network *network = mixture(5 + (uint64_t)_i, 5);
    network->duration = 40.0;
    for (uint32_t p = 1; p < 4; p++)
        ck_assert_int_eq(pm_network_record_spikes(network, p, true, NULL), PM_OK);
    meets_the_referee(network, 0.025, 2e-3);
}
END_TEST

/* Neurons whose rates are their own are met by the referee, in quiet slabs after arrivals, too: any parameter that
 * makes a rate may differ. Feedforward, so that the error of the step stays below 1e-4 ms. */
START_TEST(rates_of_their_own) {
    static const char *const names[] = {"C_m", "g_L", "tau_1", "tau_2"};
    static const double low[] = {275.0, 27.0, 5.0, 1.0}, high[] = {305.0, 33.0, 6.0, 1.5};
    pm_error error = {0};
    pm_network *network = pm_network_new();
    network->duration = 80.0;
    network->seed = 3;
    pm_neuron neuron = pm_neuron_default();
    neuron.V_th = -50.0;
    neuron.t_ref = 1.5;
    const pm_distribution spread = {.kind = PM_UNIFORM, .a = low[_i], .b = high[_i]};
    const pm_projection synapses = {.from = 0,
                                    .to = 1,
                                    .weight = {.kind = PM_NORMAL, .a = 2500.0, .b = 300.0},
                                    .delay = {.kind = PM_UNIFORM, .a = 0.2, .b = 2.7}};
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", 2, 200.0, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "a", 4, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_record_spikes(network, 0, true, &error), PM_OK);
    ck_assert_int_eq(pm_network_vary(network, 1, names[_i], &spread, &error), PM_OK);
    ck_assert_int_eq(pm_network_connect(network, &synapses, &error), PM_OK);
    recorded own = run(network, 1, 1), other = run_clock(network, 0.02);
    ck_assert_uint_gt(own.count, 60);
    same_spikes(&own, &other, 1e-4, 1e-3);
    free(own.items);
    free(other.items);
    pm_network_free(network);
}
END_TEST

/* One neuron. */
static pm_network *alone(const pm_neuron *neuron, double duration) {
    pm_network *network = pm_network_new();
    network->duration = duration;
    ck_assert_int_eq(pm_network_add_lif(network, "cell", 1, neuron, NULL, NULL), PM_OK);
    return network;
}

static const pm_neuron resting = {
    .C_m = 200.0, .g_L = 20.0, .E_L = -70.0, .V_th = -50.0, .V_reset = -65.0, .t_ref = 3.0, .tau_1 = 5.0};

/* A step current has the closed form of a membrane that is charged: t = 10 ms log(u_inf / (u_inf - 20 mV)) after it
 * begins; after a reset and 3 ms t = 10 ms log((u_inf - 5) / (u_inf - 20)). */
START_TEST(a_step_charges_the_membrane) {
    pm_network *network = alone(&resting, 60.0);
    pm_step steps[] = {{7.3, 500.0}, {41.0, 0.0}};
    const pm_current current = {.kind = PM_CURRENT_STEPS, .steps = steps, .n_steps = 2};
    ck_assert_int_eq(pm_network_add_current(network, &current, NULL), PM_OK);
    recorded r = run(network, 1, 1);
    ck_assert_uint_eq(r.count, 2);
    double t = 7.3 + 10.0 * log(25.0 / 5.0);
    for (size_t k = 0; k < r.count; k++, t += 3.0 + 10.0 * log(20.0 / 5.0))
        ck_assert_double_le(fabs(r.items[k].time - t), 2e-14);
    ck_assert_double_le(fabs(r.items[0].slope - 0.5), 1e-14); /* (25 - 20) mV / 10 ms */
    free(r.items);
    pm_network_free(network);
}
END_TEST

/* While the neuron is refractory its threshold falls below the potential: it fires when refractoriness ends. */
START_TEST(a_threshold_below_the_potential_fires_after_refractoriness) {
    pm_neuron neuron = resting;
    neuron.I_e = 500.0;
    pm_network *network = alone(&neuron, 25.0);
    const pm_jump jump = {-30.0, 1000.0};
    ck_assert_int_eq(pm_network_set_threshold(network, 0, &jump, 1, NULL), PM_OK);
    recorded r = run(network, 1, 1);
    const double first = 10.0 * log(5.0);
    ck_assert_uint_eq(r.count, 3);
    for (size_t k = 0; k < r.count; k++)
        ck_assert_double_le(fabs(r.items[k].time - (first + 3.0 * (double)k)), 1e-14);
    ck_assert_double_eq(r.items[1].slope, 0.0);
    free(r.items);
    pm_network_free(network);
}
END_TEST

/* Without refractoriness that is activity without end, and the message names the neuron. */
START_TEST(a_threshold_below_the_reset_runs_away) {
    pm_neuron neuron = resting;
    neuron.I_e = 500.0;
    neuron.t_ref = 0.0;
    pm_network *network = alone(&neuron, 25.0);
    const pm_jump jump = {-30.0, 1000.0};
    pm_simulation *s = NULL;
    pm_error error = {0};
    ck_assert_int_eq(pm_network_set_threshold(network, 0, &jump, 1, NULL), PM_OK);
    ck_assert_int_eq(pm_simulation_new(network, NULL, &s, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_run(s, 25.0, &error), PM_FAILED);
    ck_assert_msg(strstr(error.message, "cell[0] fires without end at 16.09"), "%s", error.message);
    pm_simulation_free(s);
    pm_network_free(network);
}
END_TEST

/* By subtraction: V goes on 12 mV below threshold: the interval is that from -62 mV. */
START_TEST(resets_are_what_they_say) {
    static const struct {
        pm_reset reset;
        double after; /* mV above E_L */
    } cases[] = {{{.kind = PM_RESET_SUBTRACT, .subtract = 12.0}, 8.0},
                 {{.kind = PM_RESET_FRACTION, .fraction = 0.25, .add = -2.0}, 3.0}};
    pm_neuron neuron = resting;
    neuron.I_e = 500.0;
    pm_network *network = alone(&neuron, 60.0);
    ck_assert_int_eq(pm_network_set_reset(network, 0, &cases[_i].reset, NULL), PM_OK);
    recorded r = run(network, 1, 1);
    ck_assert_uint_ge(r.count, 3);
    for (size_t k = 1; k < r.count; k++)
        ck_assert_double_le(
            fabs(r.items[k].time - r.items[k - 1].time - 3.0 - 10.0 * log((25.0 - cases[_i].after) / 5.0)), 3e-14);
    free(r.items);
    pm_network_free(network);
}
END_TEST

/* What is recorded at multiples of an interval agrees with the referee, for every quantity. */
typedef struct samples {
    double value[4][8];
    size_t n[4];
} samples;

static pm_status keep(const pm_sample *sample, void *user, pm_error *error) {
    samples *s = user;
    (void)error;
    if (sample->kind == PM_SAMPLE && s->n[sample->record] < 8)
        s->value[sample->record][s->n[sample->record]++] = sample->potential;
    return PM_OK;
}

START_TEST(every_quantity_is_recorded) {
    pm_network *network = mixture(11, 5);
    uint32_t neuron = 4;
    const pm_quantity quantities[] = {PM_POTENTIAL, PM_CURRENT, PM_THRESHOLD, PM_CURRENT};
    samples own = {0}, other = {0};
    pm_error error = {0};
    pm_simulation *s = NULL;
    pm_clock *c = NULL;
    const pm_clock_options options = {0.05, PM_CLOCK_EXACT, PM_CLOCK_CUBIC};
    for (size_t k = 0; k < 4; k++) {
        const pm_potential_record r = {.population = 1,
                                       .neurons = &neuron,
                                       .n_neurons = 1,
                                       .interval = 2.0,
                                       .quantity = quantities[k],
                                       .receptor = k == 3 ? 1 : PM_EVERY_RECEPTOR};
        ck_assert_msg(pm_network_record(network, &r, &error) == PM_OK, "%s", error.message);
    }
    ck_assert_int_eq(pm_simulation_new(network, NULL, &s, &error), PM_OK);
    pm_simulation_on_sample(s, keep, &own);
    ck_assert_msg(pm_simulation_run(s, 16.0, &error) == PM_OK, "%s", error.message);
    double potential, current;
    ck_assert_msg(pm_simulation_state(s, 1, 4, &potential, &current, &error) == PM_OK, "%s", error.message);
    ck_assert_int_eq(pm_clock_new(network, &options, &c, &error), PM_OK);
    pm_clock_on_sample(c, keep, &other);
    ck_assert_int_eq(pm_clock_run(c, 16.0, &error), PM_OK);
    for (size_t k = 0; k < 4; k++) {
        ck_assert_uint_eq(own.n[k], 8);
        ck_assert_uint_eq(other.n[k], 8);
        for (size_t j = 0; j < 8; j++)
            ck_assert_msg(fabs(own.value[k][j] - other.value[k][j]) < 1e-3, "%zu %zu: %.17g %.17g", k, j,
                          own.value[k][j], other.value[k][j]);
    }
    ck_assert(potential > -80.0 && potential < -40.0 && isfinite(current));
    pm_simulation_free(s);
    pm_clock_free(c);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_general(void);
Suite *pm_suite_general(void) {
    Suite *suite = suite_create("general");
    TCase *tests = tcase_create("general");
    tcase_add_loop_test(tests, reference_networks_are_met, 0, N_NETWORKS);
    tcase_add_test(tests, bits_do_not_depend_on_how_work_is_divided);
    tcase_add_loop_test(tests, bits_of_lively_neurons, 0, 5);
    tcase_add_loop_test(tests, the_referee_agrees_on_lively_neurons, 0, 5);
    tcase_add_loop_test(tests, the_referee_agrees, 0, 2);
    tcase_add_loop_test(tests, rates_of_their_own, 0, 4);
    tcase_add_test(tests, a_step_charges_the_membrane);
    tcase_add_test(tests, a_threshold_below_the_potential_fires_after_refractoriness);
    tcase_add_test(tests, a_threshold_below_the_reset_runs_away);
    tcase_add_loop_test(tests, resets_are_what_they_say, 0, 2);
    tcase_add_test(tests, every_quantity_is_recorded);
    suite_add_tcase(suite, tests);
    return suite;
}
