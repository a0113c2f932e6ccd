/* Validation by an adaptive integration, of all that general networks have: moving and varied thresholds, jumps. */
#include "support/folder.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <string.h>

#define SOURCE "  - {name: source, size: 10, source: {poisson: {rate: 200.0}}}\n"
#define SYNAPSES "projections: [{from: source, to: cells, connect: all_to_all, delay: 1.5, "

static const char *const networks[] = {
    "neuron: {I_e: 400.0, V_th: {normal: [-50.0, 1.0]}}\npopulations:\n"
    "  - {name: cells, size: 3, threshold: [{jump: 3.0, tau: 30.0}], initial: {V_m: {uniform: [-70.0, "
    "-55.0]}}}\n" SOURCE SYNAPSES
    "weight: 200.0}]\nrecord: {threshold: [{population: cells, neurons: [0], interval: 1.0}]}\n",
    "neuron: {V_th: -50.0, tau_1: 0.0, tau_2: 0.0}\npopulations:\n  - {name: cells, size: 3}\n" SOURCE SYNAPSES
    "weight: 3.0}]\n",
    "neuron: {V_th: -50.0}\nreceptors: {jump: impulse, slow: {tau: 5.0}}\npopulations:\n  - {name: cells, size: "
    "3}\n" SOURCE SYNAPSES "weight: 3.0, receptor: jump}]\n",
    "neuron: {V_th: -50.0, tau_1: 0.0, tau_2: 0.0}\npopulations:\n  - {name: cells, size: 3, threshold: [{jump: 2.0, "
    "tau: 20.0}]}\n" SOURCE SYNAPSES
    "weight: 3.0}]\nrecord: {potential: [{population: cells, neurons: [0, 2], interval: 0.5}]}\n",
};

/* The exact engine's potentials and spikes are those of the integration, whatever moves thresholds or potentials; only
 * potentials are compared with potentials. */
START_TEST(general_networks) {
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE + 16];
    pm_error error = {0};
    pm_network *net = NULL;
    pm_validation v;
    pm_validation_options how = {.smallest = 1.0};
    test_folder_make(folder);
    snprintf(path, sizeof path, "%s/n.yaml", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(fprintf(file, "duration: 100\nseed: 5\n%s", networks[_i]), 0);
    ck_assert_int_eq(fclose(file), 0);
    memset(how.left_out, 1, sizeof how.left_out);
    ck_assert_msg(pm_network_load(path, &net, &error) == PM_OK, "%s", error.message);
    ck_assert_msg(pm_validate(net, &how, &v, &error) == PM_OK, "%s", error.message);
    ck_assert_uint_gt(v.spikes, 10);
    ck_assert_uint_eq(v.neurons, _i == 3 ? 2 : 3);
    ck_assert_double_lt(v.potential_error, 1e-10); /* tolerance 1e-13 a step, some hundred steps */
    if (_i == 0) {                                 /* elsewhere spikes are jumps, which tell nothing of the time */
        ck_assert_uint_eq(v.spikes_checked, v.spikes);
        ck_assert_double_lt(v.residual_largest, 1e-10);
    }
    pm_network_free(net);
    test_folder_remove(folder);
}
END_TEST

Suite *pm_suite_validation(void);
Suite *pm_suite_validation(void) {
    Suite *suite = suite_create("validation");
    TCase *cases = tcase_create("validation");
    tcase_add_loop_test(cases, general_networks, 0, sizeof networks / sizeof *networks);
    suite_add_tcase(suite, cases);
    return suite;
}
