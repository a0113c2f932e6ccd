/* A simulation that is archived and read into another one goes on with the same bits, wherever it stood. */
#include "run/simulation.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20000 };

typedef struct record {
    pm_spike spikes[MOST];
    size_t n;
} record;

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    (void)error;
    record *r = user;
    ck_assert_uint_lt(r->n, MOST);
    r->spikes[r->n++] = *spike;
    return PM_OK;
}

/* Both kinds of sources, a private drive, delays shorter and longer than a slab and longer than the ring of the queue. */
static pm_network *build(void) {
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    pm_event events[40];
    const pm_projection projections[] = {
        {.from = 0, .to = 2, .rule = PM_ONE_TO_ONE, .weight.a = 9000.0, .delay = {.kind = PM_UNIFORM, .a = 0.0, .b = 12.0}},
        {.from = 1, .to = 2, .rule = PM_ONE_TO_ONE, .weight.a = 300.0, .delay.a = 1.0},
        {.from = 2, .to = 2, .weight = {.kind = PM_NORMAL, .a = -100.0, .b = 10.0}, .delay = {.kind = PM_UNIFORM, .a = 1.0, .b = 2.0}},
        {.from = 2, .to = 3, .rule = PM_FIXED_INDEGREE, .indegree = 3, .weight.a = 4000.0},
        {.from = 3, .to = 2, .rule = PM_FIXED_INDEGREE, .indegree = 3, .weight.a = 700.0, .delay.a = 70000.0},
        {.from = 3, .to = 2, .rule = PM_FIXED_INDEGREE, .indegree = 3, .weight.a = 700.0, .delay.a = 25.0},
    };
    neuron.t_ref = 1.0;
    for (unsigned k = 0; k < 40; k++)
        events[k] = (pm_event){.neuron = k % 8, .time = 1.7 * k};
    ck_assert_int_eq(pm_network_add_spike_source(network, "given", 8, events, 40, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "poisson", 8, 4000.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", 8, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "layer", 5, &neuron, NULL, NULL), PM_OK);
    for (size_t k = 0; k < sizeof projections / sizeof *projections; k++)
        ck_assert_int_eq(pm_network_connect(network, &projections[k], NULL), PM_OK);
    return network;
}

static pm_simulation *start(const pm_network *network, record *r) {
    pm_simulation *simulation = NULL;
    const pm_options options = {.threads = 1};
    ck_assert_int_eq(pm_simulation_new(network, &options, &simulation, NULL), PM_OK);
    pm_simulation_on_spike(simulation, on_spike, r);
    return simulation;
}

START_TEST(goes_on) {
    static const double times[] = {0.0, 1e-3, 7.5, 16.0, 33.3, 64.0, 79.99};
    static record whole, parts;
    pm_network *network = build();
    pm_simulation *simulation = start(network, &whole);
    ck_assert_int_eq(pm_simulation_inject(simulation, 0, 3, 50.25, NULL), PM_OK);
    ck_assert_int_eq(pm_simulation_run(simulation, 80.0, NULL), PM_OK);
    pm_counts counts = pm_simulation_counts(simulation);
    pm_simulation_free(simulation);
    ck_assert_uint_gt(whole.n, 50);
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        pm_archive archive = {0};
        parts.n = 0;
        pm_simulation *before = start(network, &parts), *after = start(network, &parts);
        ck_assert_int_eq(pm_simulation_inject(before, 0, 3, 50.25, NULL), PM_OK);
        ck_assert_int_eq(pm_simulation_run(before, times[k], NULL), PM_OK);
        ck_assert_int_eq(pm_simulation_archive(before, &archive, NULL), PM_OK);
        pm_simulation_free(before);
        /* what the simulation did before being read into does not matter */
        size_t n = parts.n;
        ck_assert_int_eq(pm_simulation_run(after, 10.0, NULL), PM_OK);
        parts.n = n;
        pm_archive back = {.bytes = archive.bytes, .size = archive.size, .reading = true};
        ck_assert_int_eq(pm_simulation_archive(after, &back, NULL), PM_OK);
        ck_assert_double_eq(pm_simulation_time(after), times[k]);
        ck_assert_int_eq(pm_simulation_run(after, 80.0, NULL), PM_OK);
        ck_assert_uint_eq(parts.n, whole.n);
        for (size_t s = 0; s < parts.n; s++) {
            ck_assert(parts.spikes[s].time == whole.spikes[s].time && parts.spikes[s].slope == whole.spikes[s].slope);
            ck_assert_uint_eq(parts.spikes[s].neuron, whole.spikes[s].neuron);
        }
        pm_counts then = pm_simulation_counts(after);
        ck_assert_uint_eq(then.spikes, counts.spikes);
        uint64_t by_population = 0;
        for (uint32_t p = 0; p < network->n_populations; p++)
            by_population += pm_simulation_spikes(after, p);
        ck_assert_uint_eq(by_population, counts.spikes);
        ck_assert_uint_eq(then.source_spikes, counts.source_spikes);
        ck_assert_uint_eq(then.synaptic_events, counts.synaptic_events);
        pm_simulation_free(after);
        free(archive.bytes);
    }
    pm_network_free(network);
}
END_TEST

START_TEST(too_short_or_too_long) {
    static record r;
    pm_network *network = build();
    pm_simulation *simulation = start(network, &r);
    pm_archive archive = {0};
    pm_error error;
    ck_assert_int_eq(pm_simulation_run(simulation, 30.0, NULL), PM_OK);
    ck_assert_int_eq(pm_simulation_archive(simulation, &archive, NULL), PM_OK);
    for (size_t size = 0; size < archive.size; size += 1 + archive.size / 40) {
        pm_archive cut = {.bytes = archive.bytes, .size = size, .reading = true};
        ck_assert_int_eq(pm_simulation_archive(simulation, &cut, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "does not fit the network"));
    }
    unsigned char *longer = calloc(1, archive.size + 1);
    memcpy(longer, archive.bytes, archive.size);
    pm_archive more = {.bytes = longer, .size = archive.size + 1, .reading = true};
    ck_assert_int_eq(pm_simulation_archive(simulation, &more, &error), PM_INVALID);
    free(longer);
    free(archive.bytes);
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_archive(void);
Suite *pm_suite_archive(void) {
    Suite *suite = suite_create("archive");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, goes_on);
    tcase_add_test(cases, too_short_or_too_long);
    suite_add_tcase(suite, cases);
    return suite;
}
