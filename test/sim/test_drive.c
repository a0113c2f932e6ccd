/* Poisson sources that drive one neuron each: the same spikes as sources whose spikes are events. */
#include "support/naive.h"
#include "support/recorded.h"

#include <punctum/punctum.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void ok(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

enum { FAST, SLOW, CELLS, N_POPULATIONS };
typedef enum drawn { POISSON, RECORDED, GIVEN } drawn; /* the sources: as they are, recorded too, or their spikes */

/* Whether cells hear each other, after 1.5 or 0.01 ms; then all drives have the same delay. */
typedef enum hear { LATER, NEVER, SOON } hear;

typedef struct setting {
    double tau_2, weight; /* ms, pA */
    double rate;          /* spikes/s, of the fast source */
    double tau_1;         /* ms */
    double slow_rate;     /* spikes/s, of the other source */
    uint32_t cells;
    hear hear;
} setting;

/* Cells that hear two drives each, with spread weights and delays, and each other. */
static pm_network *driven(const setting *s, drawn sources, const recorded *given) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    ck_assert_ptr_nonnull(net);
    net->seed = 4;
    net->duration = 40.0;
    static const char *const names[] = {"fast", "slow"};
    const double rates[] = {s->rate, s->slow_rate};
    uint32_t made;
    for (uint32_t p = FAST; p <= SLOW; p++) {
        if (sources != GIVEN) {
            ok(pm_network_add_poisson_source(net, names[p], s->cells, rates[p], &made, &error), &error);
            ok(pm_network_record_spikes(net, p, sources == RECORDED, &error), &error);
            continue;
        }
        pm_event *events = malloc((given->count + 1) * sizeof *events);
        ck_assert_ptr_nonnull(events);
        size_t n = 0;
        for (size_t k = 0; k < given->count; k++)
            if (given->items[k].population == p)
                events[n++] = (pm_event){given->items[k].time, given->items[k].neuron};
        ok(pm_network_add_spike_source(net, names[p], s->cells, events, n, &made, &error), &error);
        free(events);
    }
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 1.0;
    neuron.tau_1 = s->tau_1;
    neuron.tau_2 = s->tau_2;
    ok(pm_network_add_lif(net, "cells", s->cells, &neuron, &made, &error), &error);
    for (uint32_t p = FAST; p <= SLOW; p++) {
        pm_projection drive = {.from = p,
                               .to = CELLS,
                               .rule = PM_ONE_TO_ONE,
                               .weight = {.kind = PM_NORMAL, .a = s->weight, .b = s->weight},
                               .delay = {.kind = PM_UNIFORM, .a = p == FAST ? 0.0 : 1.0, .b = 2.5}};
        if (s->hear == SOON)
            drive.delay = (pm_distribution){.kind = PM_CONSTANT, .a = 1.5};
        ok(pm_network_connect(net, &drive, &error), &error);
    }
    pm_projection mutual = {.from = CELLS, .to = CELLS, .rule = PM_FIXED_INDEGREE, .indegree = 3};
    mutual.weight.a = 10.0 * s->weight;
    mutual.delay.a = s->hear == SOON ? 0.01 : 1.5;
    if (s->hear != NEVER)
        ok(pm_network_connect(net, &mutual, &error), &error);
    return net;
}

static recorded run(const pm_network *net, int threads, int slices, pm_counts *counts) {
    pm_error error = {0};
    pm_simulation *s = NULL;
    recorded list = {0};
    ok(pm_simulation_new(net, &(pm_options){.threads = threads}, &s, &error), &error);
    pm_simulation_on_spike(s, record, &list);
    for (int k = 1; k <= slices; k++)
        ok(pm_simulation_run(s, net->duration * k / slices, &error), &error);
    if (counts)
        *counts = pm_simulation_counts(s);
    pm_simulation_free(s);
    return list;
}

static recorded of_cells(const recorded *all) {
    recorded cells = {malloc((all->count + 1) * sizeof *all->items), 0};
    ck_assert_ptr_nonnull(cells.items);
    for (size_t k = 0; k < all->count; k++)
        if (all->items[k].population == CELLS)
            cells.items[cells.count++] = all->items[k];
    return cells;
}

static void same_bits(const recorded *a, const recorded *b) {
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_uint_gt(a->count, 0);
    ck_assert(memcmp(a->items, b->items, a->count * sizeof *a->items) == 0);
}

/* Double and single exponentials; a time constant so short that responses are no series; a drive of 4 spikes a slab;
 * one of many cells in a slab; more cells than a block has channels for, and not a multiple of the lanes. Slabs longer
 * than the time constants, since cells hear nothing but drives. Impulses. Cells of the processes that are longer than
 * slabs, for slabs that are settled once and in rounds; shorter ones in rounds. */
static const setting SETTINGS[] = {
    {1.25, 250.0, 20000.0, 5.0, 1500.0, 15, LATER}, {0.0, 150.0, 20000.0, 5.0, 1500.0, 15, LATER},
    {0.02, 150.0, 20000.0, 5.0, 1500.0, 15, LATER}, {0.5, 1000.0, 8000.0, 1.0, 1500.0, 15, LATER},
    {1.25, 60.0, 100000.0, 5.0, 1500.0, 2, LATER},  {0.0, 150.0, 20000.0, 5.0, 1500.0, 37, LATER},
    {0.0, 1000.0, 1600.0, 1.0, 400.0, 70, NEVER},   {1.25, 4000.0, 300.0, 2.0, 100.0, 400, NEVER},
    {0.0, 0.5, 20000.0, 0.0, 1500.0, 15, LATER},    {0.0, 5.0, 1600.0, 0.0, 400.0, 70, NEVER},
    {0.0, 400.0, 2500.0, 5.0, 1500.0, 40, LATER},   {0.0, 400.0, 2500.0, 5.0, 1500.0, 40, SOON},
    {1.25, 250.0, 20000.0, 5.0, 9000.0, 40, SOON}};

START_TEST(like_given_spikes) {
    const setting *s = &SETTINGS[_i];
    pm_network *poisson = driven(s, POISSON, NULL), *with_sources = driven(s, RECORDED, NULL);
    pm_counts counted;
    recorded silent = run(poisson, 1, 1, NULL), all = run(with_sources, 1, 1, &counted), cells = of_cells(&all);
    same_bits(&silent, &cells);
    ck_assert_uint_eq(counted.source_spikes, all.count - cells.count);
    ck_assert_uint_gt(counted.source_spikes, 5000);
    pm_network *given = driven(s, GIVEN, &all);
    if (s->tau_1 > 0.0) {
        naive_spikes expected = naive_run(given, given->duration);
        ck_assert_uint_eq(cells.count, expected.count);
        for (size_t k = 0; k < cells.count; k++) {
            ck_assert_uint_eq(cells.items[k].neuron, expected.items[k].neuron);
            ck_assert_double_eq_tol(cells.items[k].time, expected.items[k].time, 1e-9);
        }
        free(expected.items);
    } else { /* impulses fire at arrivals, whose times have the same bits */
        recorded expected = run(given, 1, 1, NULL);
        same_bits(&cells, &expected);
        free(expected.items);
    }
    free(silent.items);
    free(all.items);
    free(cells.items);
    pm_network_free(given);
    pm_network_free(with_sources);
    pm_network_free(poisson);
}
END_TEST

/* _i: whether cells hear nothing but drives. */
START_TEST(slices_and_threads) {
    const setting large[] = {{1.25, 250.0, 20000.0, 5.0, 1500.0, 600, LATER},
                             {1.25, 3000.0, 300.0, 5.0, 200.0, 600, NEVER}};
    pm_network *net = driven(&large[_i], POISSON, NULL);
    net->duration = 40.3; /* inside a slab */
    pm_counts counts[3];
    recorded whole = run(net, 1, 1, &counts[0]), sliced = run(net, 1, 97, &counts[1]),
             shared = run(net, 2, 1, &counts[2]);
    same_bits(&whole, &sliced);
    same_bits(&whole, &shared);
    for (int k = 1; k < 3; k++) {
        ck_assert_uint_eq(counts[k].source_spikes, counts[0].source_spikes);
        ck_assert_uint_eq(counts[k].synaptic_events, counts[0].synaptic_events);
    }
    free(whole.items);
    free(sliced.items);
    free(shared.items);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_drive(void);
Suite *pm_suite_drive(void) {
    Suite *suite = suite_create("drive");
    TCase *tests = tcase_create("drive");
    tcase_add_loop_test(tests, like_given_spikes, 0, (int)(sizeof SETTINGS / sizeof *SETTINGS));
    tcase_add_loop_test(tests, slices_and_threads, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
