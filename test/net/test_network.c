/* Building networks in code: what is refused leaves the network as it was, with a message that names the culprit. */
#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

static pm_network *network;
static pm_error error;

static void setup(void) {
    pm_neuron neuron = pm_neuron_default();
    network = pm_network_new();
    ck_assert_ptr_nonnull(network);
    ck_assert_int_eq(pm_network_add_spike_source(network, "input", 3, NULL, 0, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", 2, &neuron, NULL, &error), PM_OK);
}

static void teardown(void) { pm_network_free(network); }

#define refused(call, words)                                                                                           \
    do {                                                                                                               \
        error = (pm_error){0};                                                                                         \
        ck_assert_int_eq(call, PM_INVALID);                                                                            \
        ck_assert_int_eq(error.status, PM_INVALID);                                                                    \
        ck_assert_msg(strstr(error.message, words), "'%s' does not say '%s'", error.message, words);                   \
        ck_assert_uint_eq(network->n_populations, 2);                                                                  \
        ck_assert_uint_eq(network->n_projections, 0);                                                                  \
        ck_assert_uint_eq(network->n_potentials, 0);                                                                   \
    } while (0)

START_TEST(bad_populations_are_refused) {
    pm_neuron neuron = pm_neuron_default();
    char longest[120];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    refused(pm_network_add_lif(network, NULL, 1, &neuron, NULL, &error), "name");
    refused(pm_network_add_lif(network, "", 1, &neuron, NULL, &error), "name");
    refused(pm_network_add_lif(network, longest, 1, &neuron, NULL, &error), "longer than 100");
    refused(pm_network_add_lif(network, "a b", 1, &neuron, NULL, &error), "'a b'");
    refused(pm_network_add_lif(network, "../x", 1, &neuron, NULL, &error), "'../x'");
    refused(pm_network_add_lif(network, "cells", 1, &neuron, NULL, &error), "two populations named 'cells'");
    refused(pm_network_add_lif(network, "none", 0, &neuron, NULL, &error), "size 0");
    refused(pm_network_add_poisson_source(network, "p", 1, -1.0, NULL, &error), "rate of 'p' is -1");
    refused(pm_network_add_poisson_source(network, "p", 1, NAN, NULL, &error), "rate");
    const pm_event late[] = {{.time = -1.0}}, unknown[] = {{.neuron = 5}}, endless[] = {{.time = INFINITY}};
    refused(pm_network_add_spike_source(network, "s", 5, late, 1, NULL, &error), "-1 ms");
    refused(pm_network_add_spike_source(network, "s", 5, unknown, 1, NULL, &error), "neuron 5");
    refused(pm_network_add_spike_source(network, "s", 5, endless, 1, NULL, &error), "inf");
}
END_TEST

START_TEST(bad_neurons_are_refused) {
    static const struct {
        double C_m, t_ref, tau_1, tau_2, V_reset;
        const char *words;
    } bad[] = {
        {-1.0, 0.0, 5.0, 1.25, -70.0, "C_m is -1 pF"},       {300.0, -2.0, 5.0, 1.25, -70.0, "t_ref is -2 ms"},
        {300.0, 0.0, 1.0, 1.25, -70.0, "tau_2 is 1.25 ms"},  {300.0, 0.0, 5.0, 1e-12, -70.0, "tau_2 is 1e-12 ms"},
        {300.0, 0.0, 5.0, 1.25, 20.0, "V_reset is 20 mV"},   {NAN, 0.0, 5.0, 1.25, -70.0, "C_m is nan"},
        {300.0, 0.0, INFINITY, 1.25, -70.0, "tau_1 is inf"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pm_neuron neuron = pm_neuron_default();
        neuron.C_m = bad[k].C_m;
        neuron.t_ref = bad[k].t_ref;
        neuron.tau_1 = bad[k].tau_1;
        neuron.tau_2 = bad[k].tau_2;
        neuron.V_reset = bad[k].V_reset;
        refused(pm_network_add_lif(network, "n", 1, &neuron, NULL, &error), bad[k].words);
    }
}
END_TEST

START_TEST(bad_projections_are_refused) {
    const pm_projection good = {.from = 0, .to = 1, .weight.a = 1.0};
    const pm_synapse unknown = {.source = 3}, backwards = {.delay = -1.0}, endless = {.weight = INFINITY};
    double weights[] = {1.0, 2.0, 3.0, 4.0, NAN, 6.0};
    struct {
        pm_projection p;
        const char *words;
    } bad[16] = {{good, ""}};
    size_t n = 0;
#define BAD(words_, ...)                                                                                               \
    do {                                                                                                               \
        bad[n].p = good;                                                                                               \
        pm_projection *p = &bad[n].p;                                                                                  \
        __VA_ARGS__;                                                                                                   \
        bad[n++].words = words_;                                                                                       \
    } while (0)
    BAD("there are 2", p->to = 7);
    BAD("'input' is a source", p->to = 0);
    BAD("sizes must be equal", p->rule = PM_ONE_TO_ONE);
    BAD("pairwise_bernoulli is 1.5", p->rule = PM_PAIRWISE_BERNOULLI, p->probability = 1.5);
    BAD("weight is not a finite", p->weight.a = NAN);
    BAD("standard deviation", p->weight.kind = PM_NORMAL, p->weight.b = -1.0);
    BAD("uniform over [1, 0]", p->weight.kind = PM_UNIFORM);
    BAD("step of the delay is 0", p->delay.kind = PM_UNIFORM_STEPS);
    BAD("a delay of -1 ms", p->delay.a = -1.0);
    BAD("give it a low of 0 ms or more", p->delay.kind = PM_NORMAL);
    BAD("weight number 4", p->weight.kind = PM_MATRIX, p->weight.values = weights);
    BAD("synapse 0 goes from input[3]", p->rule = PM_SYNAPSE_LIST, p->synapses = (pm_synapse *)&unknown,
        p->n_synapses = 1);
    BAD("delay -1 ms", p->rule = PM_SYNAPSE_LIST, p->synapses = (pm_synapse *)&backwards, p->n_synapses = 1);
    BAD("weight inf", p->rule = PM_SYNAPSE_LIST, p->synapses = (pm_synapse *)&endless, p->n_synapses = 1);
    for (size_t k = 0; k < n; k++)
        refused(pm_network_connect(network, &bad[k].p, &error), bad[k].words);
}
END_TEST

START_TEST(bad_recordings_are_refused) {
    const uint32_t twice[] = {1, 1}, unknown[] = {2}, good[] = {0};
    refused(pm_network_record_spikes(network, 2, true, &error), "population 2");
    refused(pm_network_record_potential(network, 0, good, 1, 0.1, &error), "LIF populations only");
    refused(pm_network_record_potential(network, 1, unknown, 1, 0.1, &error), "no neuron 2");
    refused(pm_network_record_potential(network, 1, twice, 2, 0.1, &error), "cells[1] is recorded twice");
    refused(pm_network_record_potential(network, 1, good, 1, 0.0, &error), "interval is 0 ms");
    ck_assert_int_eq(pm_network_record_potential(network, 1, good, 1, 0.1, &error), PM_OK);
    ck_assert_int_eq(pm_network_record_potential(network, 1, good, 1, 0.5, &error), PM_INVALID);
    ck_assert_uint_eq(network->n_potentials, 1);
}
END_TEST

START_TEST(a_network_is_found_by_name_and_copied) {
    pm_synapse synapses[] = {{0, 1, 2.0, 3.0}};
    const pm_projection p = {.from = 0, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = synapses, .n_synapses = 1};
    ck_assert_int_eq(pm_network_connect(network, &p, &error), PM_OK);
    synapses[0].weight = 99.0;
    ck_assert(network->projections[0].synapses[0].weight == 2.0);
    ck_assert_uint_eq(pm_network_find(network, "cells"), 1);
    ck_assert_uint_eq(pm_network_find(network, "nobody"), 2);
    pm_network_free(NULL);
}
END_TEST

Suite *pm_suite_network(void);

Suite *pm_suite_network(void) {
    Suite *suite = suite_create("network");
    TCase *tests = tcase_create("building");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, bad_populations_are_refused);
    tcase_add_test(tests, bad_neurons_are_refused);
    tcase_add_test(tests, bad_projections_are_refused);
    tcase_add_test(tests, bad_recordings_are_refused);
    tcase_add_test(tests, a_network_is_found_by_name_and_copied);
    suite_add_tcase(suite, tests);
    return suite;
}
