/* What a network needs is counted without drawing it. */
#include "net/need.h"
#include "net/wiring.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>

START_TEST(counted_by_hand) {
    pm_network *network = pm_network_new();
    const pm_neuron neuron = pm_neuron_default();
    pm_projection p = {.from = 0, .to = 1, .weight.a = 1.0, .delay.a = 1.0};
    ck_assert_int_eq(pm_network_add_poisson_source(network, "input", 1000, 5.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", 2000, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
    pm_need need = pm_network_need(network, NULL);
    ck_assert_double_eq(need.synapses, 2e6);
    ck_assert_double_eq(need.groups, 1e3);
    ck_assert(need.bytes >= 26e6 && need.bytes < 27e6);
    p.from = 1;
    p.rule = PM_FIXED_INDEGREE;
    p.indegree = 100;
    p.delay = (pm_distribution){.kind = PM_UNIFORM, .a = 1.0, .b = 2.0};
    ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
    need = pm_network_need(network, NULL);
    ck_assert_double_eq(need.synapses, 2.2e6);
    ck_assert_double_eq(need.groups, 201e3); /* a delay of its own for each of them */
    pm_projection plastic = {
        .from = 0, .to = 1, .delay.a = 1.0, .synapse = pm_synapse_model_find("tsodyks"), .size = sizeof p};
    pm_kind_preset(pm_kind_find(pm_category_find("synapse")->kinds, "tsodyks"), plastic.synapse_parameters);
    const double bytes = need.bytes;
    ck_assert_int_eq(pm_network_connect(network, &plastic, NULL), PM_OK);
    need = pm_network_need(network, NULL);
    ck_assert_double_eq(need.groups, 202e3);
    ck_assert(need.bytes - bytes > 24e6 + 202e3 * 5 + 1e3 * 24); /* types, places and states of groups */
    const pm_exchange exchange = {.rank = 1, .size = 4};
    ck_assert_double_eq(pm_network_need(network, &exchange).synapses, 1.05e6);
    pm_network_free(network);
}
END_TEST

/* Groups in steps of delay, in the mean, and Bernoulli's synapses. */
START_TEST(counted_by_drawing) {
    pm_network *network = pm_network_new();
    const pm_neuron neuron = pm_neuron_default();
    pm_wiring *wiring = NULL;
    const pm_projection p = {.rule = PM_PAIRWISE_BERNOULLI,
                             .probability = 0.1,
                             .weight.a = 1.0,
                             .delay = {.kind = PM_UNIFORM_STEPS, .a = 0.5, .b = 1.9, .step = 0.1}};
    ck_assert_int_eq(pm_network_add_lif(network, "cells", 500, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
    const pm_need need = pm_network_need(network, NULL);
    ck_assert_int_eq(pm_wiring_new(network, &wiring, NULL), PM_OK);
    ck_assert(fabs(need.synapses - (double)wiring->n_synapses) < 0.03 * need.synapses); /* 5 deviations */
    ck_assert(fabs(need.groups - (double)wiring->n_groups) < 0.05 * need.groups);
    pm_wiring_free(wiring);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_need(void);
Suite *pm_suite_need(void) {
    Suite *suite = suite_create("need");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, counted_by_hand);
    tcase_add_test(cases, counted_by_drawing);
    suite_add_tcase(suite, cases);
    return suite;
}
