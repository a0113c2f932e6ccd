/* Kernels from outside: what a kernel is, its descriptor says. */
#include "model/kernel.h"
#include "support/folder.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

static pm_network *build(const pm_kernel *kernel) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const pm_receptor receptor = {.name = "a", .kernel = kernel, .parameters = {4.0}};
    const pm_projection projection = {.from = 0, .to = 1, .weight.a = 900.0, .delay.a = 1.0};
    neuron.t_ref = 2.0; /* NEST needs some */
    net->duration = 50.0;
    good(pm_network_add_poisson_source(net, "noise", 8, 400.0, NULL, &error), &error);
    good(pm_network_add_lif(net, "cells", 3, &neuron, NULL, &error), &error);
    good(pm_network_set_receptors(net, 1, &receptor, 1, &error), &error);
    good(pm_network_connect(net, &projection, &error), &error);
    return net;
}

static pm_spike *run(const pm_network *net, const pm_options *options, size_t *n) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_recording *recording = NULL;
    pm_spike *spikes = NULL;
    good(pm_simulation_new(net, options, &simulation, &error), &error);
    good(pm_recording_new(net, &recording, &error), &error);
    pm_simulation_record(simulation, recording);
    good(pm_simulation_run(simulation, net->duration, &error), &error);
    good(pm_recording_all(recording, &spikes, n, &error), &error);
    pm_recording_free(recording);
    pm_simulation_free(simulation);
    return spikes;
}

/* Whoever meets a kernel knows it by its descriptor alone: a kernel that is alpha but by its address, name and form gives
 * alpha's spikes, to the bit, in both engines. */
START_TEST(stranger) {
    const pm_options engines[] = {{.threads = 1}, {.engine = PM_ENGINE_CLOCK, .dt = 0.1}};
    pm_kernel other = pm_kernel_alpha;
    other.kind.name = "other";
    other.form = PM_FORM_OTHER;
    pm_network *known = build(&pm_kernel_alpha), *unknown = build(&other);
    for (size_t k = 0; k < 2; k++) {
        size_t n = 0, m = 0;
        pm_spike *a = run(known, &engines[k], &n), *b = run(unknown, &engines[k], &m);
        ck_assert_uint_gt(n, 10);
        ck_assert_uint_eq(n, m);
        for (size_t j = 0; j < n; j++)
            ck_assert(a[j].time == b[j].time && a[j].neuron == b[j].neuron && a[j].slope == b[j].slope);
        free(a);
        free(b);
    }
    pm_network_free(known);
    pm_network_free(unknown);
}
END_TEST

/* No script for another simulator takes a current for one that it is not. */
START_TEST(not_exported) {
    char folder[TEST_FOLDER_SIZE];
    pm_kernel other = pm_kernel_alpha;
    other.kind.name = "other";
    other.form = PM_FORM_OTHER;
    const pm_kernel *kernels[] = {&other, &pm_kernel_alpha}; /* the latter can be: it is not the network */
    test_folder_make(folder);
    for (size_t k = 0; k < 4; k++) {
        pm_error error = {0};
        pm_network *net = build(kernels[k % 2]);
        const pm_export how = {.to = k < 2 ? PM_NEST : PM_BRIAN2, .script = test_folder_place(folder, "x.py")};
        const pm_status status = pm_network_export(net, &how, NULL, &error);
        ck_assert_int_eq(status, k % 2 == 0 ? PM_INVALID : PM_OK);
        ck_assert(k % 2 != 0 || strstr(error.message, "receptors: 'cells' has other currents ('a')"));
        ck_assert(k != 0 || access(how.script, F_OK) != 0);
        pm_network_free(net);
    }
    test_folder_remove(folder);
}
END_TEST

Suite *pm_suite_kernel(void);
Suite *pm_suite_kernel(void) {
    Suite *suite = suite_create("kernel");
    TCase *tests = tcase_create("kernel");
    tcase_add_test(tests, stranger);
    tcase_add_test(tests, not_exported);
    suite_add_tcase(suite, tests);
    return suite;
}
