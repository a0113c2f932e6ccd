/* Spikes of Poisson sources: what is drawn for all neurons at once. */
#include "model/poisson.h"
#include "net/spikes.h"
#include "sim/sources.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEURONS = 301 }; /* not a multiple of the lanes */
static const double END = 40.0;

static pm_network *sources_of(double rate) {
    pm_network *network = pm_network_new();
    pm_error error = {0};
    uint32_t population;
    ck_assert_ptr_nonnull(network);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "input", NEURONS, rate, &population, &error), PM_OK);
    return network;
}

/* All spikes before END, as the cells of the processes have them. */
static pm_spike_list drawn(const pm_network *network, double rate) {
    const pm_poisson poisson = pm_poisson_new(pm_source_key(network, 0), rate);
    pm_spike_list list = {0};
    for (uint32_t n = 0; n < NEURONS; n++)
        for (uint64_t cell = 0; (double)cell * poisson.width < END; cell++) {
            double times[PM_POISSON_MOST];
            const size_t count = pm_poisson_draw(&poisson, n, cell, times);
            for (size_t k = 0; k < count; k++)
                if (times[k] < END)
                    ck_assert(PM_LIST_ADD(list, (pm_spike){times[k], 0.0, 0, n}));
        }
    pm_spikes_sort(&list, 0);
    return list;
}

/* However long the steps are, each spike is handed out once, in order. */
START_TEST(every_spike_once) {
    static const double rates[] = {3.0, 250.0, 4000.0}, steps[] = {0.03, 1.7, END};
    const double rate = rates[_i / 3], step = steps[_i % 3];
    pm_network *network = sources_of(rate);
    pm_sources *sources = NULL;
    pm_error error = {0};
    pm_spike_list all = drawn(network, rate);
    size_t seen = 0;
    ck_assert_int_eq(pm_sources_new(network, NULL, &sources, &error), PM_OK);
    for (int k = 0; k * step < END; k++) {
        const double begin = k * step;
        const pm_spike *spikes;
        size_t n;
        const double next = pm_sources_next(sources);
        ck_assert(next >= begin && (seen == all.count || next <= all.items[seen].time));
        ck_assert_int_eq(pm_sources_collect(sources, fmin((k + 1) * step, END), &spikes, &n, &error), PM_OK);
        ck_assert_uint_le(seen + n, all.count);
        ck_assert(n == 0 || memcmp(spikes, all.items + seen, n * sizeof *spikes) == 0);
        seen += n;
    }
    ck_assert_uint_eq(seen, all.count);
    free(all.items);
    pm_sources_free(sources);
    pm_network_free(network);
}
END_TEST

/* A neuron that is skipped never fires, and the others fire as ever. */
START_TEST(skipped) {
    pm_network *network = sources_of(500.0);
    pm_sources *sources = NULL;
    pm_error error = {0};
    pm_spike_list all = drawn(network, 500.0);
    const pm_spike *spikes;
    size_t n, expected = 0;
    ck_assert_int_eq(pm_sources_new(network, NULL, &sources, &error), PM_OK);
    for (uint32_t neuron = 0; neuron < NEURONS; neuron += 2)
        pm_sources_skip(sources, 0, neuron);
    ck_assert_int_eq(pm_sources_collect(sources, END, &spikes, &n, &error), PM_OK);
    for (size_t k = 0; k < all.count; k++) {
        if (all.items[k].neuron % 2 == 0)
            continue;
        ck_assert_uint_lt(expected, n);
        ck_assert(pm_compare_spikes(&spikes[expected++], &all.items[k]) == 0);
    }
    ck_assert_uint_eq(expected, n);
    free(all.items);
    pm_sources_free(sources);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_sources(void);
Suite *pm_suite_sources(void) {
    Suite *suite = suite_create("sources");
    TCase *tests = tcase_create("sources");
    tcase_add_loop_test(tests, every_spike_once, 0, 9);
    tcase_add_test(tests, skipped);
    suite_add_tcase(suite, tests);
    return suite;
}
