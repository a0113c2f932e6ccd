/* Networks of many populations and projections: every one is found, shares what it can and draws for itself. Whatever
 * looked at all others for each of them would not end while the tests run. */
#include "net/incidence.h"
#include "net/wiring.h"
#include "step/clock.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdio.h>

enum { POPULATIONS = 300, KINDS = 7 };

/* Neurons and sources in turn, each neuron of one of KINDS kinds; everything to all neurons. */
static pm_network *many(void) {
    pm_network *network = pm_network_new();
    pm_error error = {0};
    for (uint32_t p = 0; p < POPULATIONS; p++) {
        char name[20];
        snprintf(name, sizeof name, "p%u", p);
        pm_neuron neuron = pm_neuron_default();
        neuron.t_ref = 1.0 + p % KINDS;
        ck_assert_int_eq(p % 2 ? pm_network_add_poisson_source(network, name, 2, 1.0, NULL, &error)
                               : pm_network_add_lif(network, name, 3, &neuron, NULL, &error),
                         PM_OK);
    }
    for (uint32_t to = 0; to < POPULATIONS; to += 2)
        for (uint32_t from = 0; from < POPULATIONS; from++) {
            const pm_projection p = {
                .from = from, .to = to, .rule = PM_FIXED_INDEGREE, .indegree = 1, .weight.a = 1.0, .delay.a = 1.0};
            ck_assert_int_eq(pm_network_connect(network, &p, &error), PM_OK);
        }
    return network;
}

START_TEST(all_are_found_and_sorted) {
    pm_network *network = many();
    pm_wiring *w = NULL;
    pm_incidence outgoing;
    ck_assert_int_eq(pm_wiring_new(network, &w, NULL), PM_OK);
    ck_assert_uint_eq(w->n_classes, KINDS);
    ck_assert_uint_eq(w->n_synapses, (size_t)POPULATIONS * POPULATIONS / 2 * 3);
    for (uint32_t p = 0; p < POPULATIONS; p++) {
        char name[20];
        snprintf(name, sizeof name, "p%u", p);
        ck_assert_uint_eq(pm_network_find(network, name), p);
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++)
            ck_assert_uint_eq(pm_wiring_population_of_cell(w, network, c), p);
        for (uint32_t q = 0; q < p && p % 2 == 0; q += 2)
            ck_assert((w->class[p] == w->class[q]) == (p % KINDS == q % KINDS));
    }
    ck_assert_uint_eq(pm_network_find(network, "p300"), POPULATIONS);
    ck_assert_int_eq(pm_incidence_new(&outgoing, network, PM_OUTGOING, NULL), PM_OK);
    ck_assert_uint_eq(outgoing.first[POPULATIONS], network->n_projections);
    for (uint32_t p = 0; p < POPULATIONS; p++)
        for (size_t at = outgoing.first[p]; at < outgoing.first[p + 1]; at++) {
            ck_assert_uint_eq(network->projections[outgoing.number[at]].from, p);
            ck_assert(at == outgoing.first[p] || outgoing.number[at - 1] < outgoing.number[at]);
        }
    pm_incidence_free(&outgoing);
    pm_wiring_free(w);
    pm_network_free(network);
}
END_TEST

START_TEST(both_engines_order_them) {
    pm_network *network = many();
    pm_simulation *simulation = NULL;
    pm_clock *clock = NULL;
    const pm_clock_options options = {.dt = 0.5}; /* ms */
    ck_assert_int_eq(pm_simulation_new(network, NULL, &simulation, NULL), PM_OK);
    ck_assert_int_eq(pm_simulation_run(simulation, 1.0, NULL), PM_OK);
    ck_assert_int_eq(pm_clock_new(network, &options, &clock, NULL), PM_OK);
    pm_clock_free(clock);
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

/* A chain of populations without delays, against the order of their numbers: each is a level. */
START_TEST(a_spike_runs_through_a_chain) {
    enum { LENGTH = 200 };
    pm_network *network = pm_network_new();
    pm_simulation *simulation = NULL;
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_1 = neuron.tau_2 = 0.0; /* impulses */
    for (uint32_t p = 0; p < LENGTH; p++) {
        char name[20];
        snprintf(name, sizeof name, "p%u", p);
        ck_assert_int_eq(pm_network_add_lif(network, name, 1, &neuron, NULL, NULL), PM_OK);
    }
    const pm_event event = {.time = 1.0};
    uint32_t input = 0;
    ck_assert_int_eq(pm_network_add_spike_source(network, "input", 1, &event, 1, &input, NULL), PM_OK);
    for (uint32_t p = 0; p < LENGTH; p++) {
        const pm_projection link = {.from = p + 1 < LENGTH ? p + 1 : input, .to = p, .weight.a = 1000.0};
        ck_assert_int_eq(pm_network_connect(network, &link, NULL), PM_OK);
    }
    ck_assert_int_eq(pm_simulation_new(network, NULL, &simulation, NULL), PM_OK);
    ck_assert_int_eq(pm_simulation_run(simulation, 2.0, NULL), PM_OK);
    ck_assert_uint_eq(pm_simulation_counts(simulation).spikes, LENGTH);
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_many(void);
Suite *pm_suite_many(void) {
    Suite *suite = suite_create("many");
    TCase *tests = tcase_create("populations");
    tcase_add_test(tests, all_are_found_and_sorted);
    tcase_add_test(tests, both_engines_order_them);
    tcase_add_test(tests, a_spike_runs_through_a_chain);
    suite_add_tcase(suite, tests);
    return suite;
}
