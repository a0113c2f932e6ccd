/* What is counted of a run by population agrees with what is reported, in slices too, and begins anew after a reset. */
#include <punctum/punctum.h>

#include <check.h>

Suite *pm_suite_counts(void);

enum { POPULATIONS = 3 };

static pm_status count(const pm_spike *spike, void *user, pm_error *error) {
    (void)error;
    ((uint64_t *)user)[spike->population]++;
    return PM_OK;
}

/* Inputs onto two populations, of which the second is not recorded. */
static pm_network *make_network(void) {
    pm_error error = {0};
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", 40, 50.0, NULL, &error), PM_OK);
    neuron.V_th = -55.0;
    ck_assert_int_eq(pm_network_add_lif(network, "a", 5, &neuron, NULL, &error), PM_OK);
    neuron.V_th = -60.0;
    ck_assert_int_eq(pm_network_add_lif(network, "b", 5, &neuron, NULL, &error), PM_OK);
    for (uint32_t to = 1; to < POPULATIONS; to++) {
        pm_projection p = {.from = 0, .to = to, .weight.a = 300.0, .delay.a = 1.0}; /* pA, ms */
        ck_assert_int_eq(pm_network_connect(network, &p, &error), PM_OK);
    }
    ck_assert_int_eq(pm_network_record_spikes(network, 2, false, &error), PM_OK);
    return network;
}

START_TEST(test_spikes_by_population) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_network *network = make_network();
    ck_assert_int_eq(pm_simulation_new(network, NULL, &simulation, &error), PM_OK);
    for (int again = 0; again < 2; again++) {
        uint64_t reported[POPULATIONS] = {0};
        pm_simulation_on_spike(simulation, count, reported);
        for (double until = 13.7; until < 200.0; until += 13.7) { /* ms */
            ck_assert_int_eq(pm_simulation_run(simulation, until, &error), PM_OK);
            ck_assert_uint_eq(pm_simulation_spikes(simulation, 1), reported[1]);
            ck_assert_uint_eq(pm_simulation_spikes(simulation, 1) + pm_simulation_spikes(simulation, 2),
                              pm_simulation_counts(simulation).spikes);
        }
        ck_assert_uint_gt(reported[1], 0);
        ck_assert_uint_gt(pm_simulation_spikes(simulation, 2), reported[1]);
        ck_assert_uint_eq(pm_simulation_spikes(simulation, 0), 0);
        ck_assert_uint_eq(pm_simulation_spikes(simulation, POPULATIONS), 0);
        ck_assert_int_eq(pm_simulation_reset(simulation, &error), PM_OK);
        ck_assert_uint_eq(pm_simulation_spikes(simulation, 1), 0);
    }
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_counts(void) {
    Suite *suite = suite_create("counts");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_spikes_by_population);
    suite_add_tcase(suite, all);
    return suite;
}
