/* Whichever allocation fails, the answer is PM_NO_MEMORY with a message: no crash, and (under the address sanitizer) no
 * leak. */
#include "support/starve.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>

static pm_status count_spike(const pm_spike *spike, void *user, pm_error *error) {
    (void)spike, (void)error;
    ++*(size_t *)user;
    return PM_OK;
}

static pm_status count_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)sample, (void)error;
    ++*(size_t *)user;
    return PM_OK;
}

/* A network with all kinds of sources, loops, delays and layers without delay, built, run, and run again. */
static pm_status everything(size_t *spikes, size_t *samples, pm_error *error) {
    pm_network *network = pm_network_new();
    pm_simulation *simulation = NULL;
    pm_neuron neuron = pm_neuron_default();
    pm_event events[40];
    const uint32_t recorded[] = {0, 2};
    const pm_options options = {.threads = 1};
    for (unsigned k = 0; k < 40; k++)
        events[k] = (pm_event){.neuron = k % 4, .time = 0.5 * k};
    if (!network)
        return pm_fail_memory(error, "a network");
    network->duration = 60.0;
    pm_synapse list[] = {{0, 0, 4000.0, 0.0}, {1, 1, 4000.0, 0.0}, {3, 2, 9000.0, 0.5}};
    const pm_projection projections[] = {
        {.from = 0, .to = 2, .rule = PM_ONE_TO_ONE, .weight.a = 9000.0, .delay.a = 1.0},
        {.from = 1, .to = 2, .rule = PM_PAIRWISE_BERNOULLI, .probability = 1.0, .weight.a = 900.0, .delay.a = 1.0},
        {.from = 2, .to = 3, .rule = PM_SYNAPSE_LIST, .synapses = list, .n_synapses = 3},
        {.from = 2,
         .to = 2,
         .weight = {.kind = PM_NORMAL, .a = -100.0, .b = 10.0},
         .delay = {.kind = PM_UNIFORM, .a = 1.0, .b = 2.0}},
    };
    pm_status status = pm_network_add_spike_source(network, "given", 4, events, 40, NULL, error);
    if (!status)
        status = pm_network_add_poisson_source(network, "poisson", 3, 100.0, NULL, error);
    if (!status)
        status = pm_network_add_lif(network, "cells", 4, &neuron, NULL, error);
    if (!status)
        status = pm_network_add_lif(network, "layer", 3, &neuron, NULL, error);
    for (size_t k = 0; !status && k < sizeof projections / sizeof *projections; k++)
        status = pm_network_connect(network, &projections[k], error);
    if (!status)
        status = pm_network_record_potential(network, 2, recorded, 2, 0.5, error);
    if (!status)
        status = pm_simulation_new(network, &options, &simulation, error);
    if (!status) {
        pm_simulation_on_spike(simulation, count_spike, spikes);
        pm_simulation_on_sample(simulation, count_sample, samples);
        status = pm_simulation_inject(simulation, 0, 1, 3.25, error);
    }
    if (!status)
        status = pm_simulation_run(simulation, 20.0, error);
    if (!status)
        status = pm_simulation_inject(simulation, 0, 2, 21.0, error);
    if (!status)
        status = pm_simulation_run(simulation, 60.0, error);
    if (!status)
        status = pm_simulation_reset(simulation, error);
    if (!status)
        status = pm_simulation_run(simulation, 30.0, error);
    pm_simulation_free(simulation);
    pm_network_free(network);
    return status;
}

START_TEST(exhausted_memory_is_an_error) {
    size_t spikes = 0, samples = 0, failures = 0;
    pm_error error = {0};
    starve(0);
    ck_assert_int_eq(everything(&spikes, &samples, &error), PM_OK);
    ck_assert_uint_gt(spikes, 50);
    ck_assert_uint_gt(samples, 200);
    for (size_t n = 1;; n++) {
        size_t ignored = 0;
        error = (pm_error){0};
        starve(n);
        pm_status status = everything(&ignored, &ignored, &error);
        bool failed = starved();
        starve(0);
        if (!failed)
            break;
        ck_assert_msg(status == PM_NO_MEMORY, "allocation %zu fails: status %d, '%s'", n, (int)status, error.message);
        ck_assert_msg(error.message[0] != '\0', "allocation %zu fails without a message", n);
        failures++;
    }
    ck_assert_uint_gt(failures, 50);
}
END_TEST

Suite *pm_suite_memory(void);

Suite *pm_suite_memory(void) {
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("exhaustion");
    tcase_add_test(tests, exhausted_memory_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
