/* What belongs to a run and what does not: the end of a run, bursts, arrivals at t = 0, samples, silence. */
#include <punctum/punctum.h>

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void ok(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

static pm_status count_spike(const pm_spike *spike, void *user, pm_error *error) {
    (void)spike, (void)error;
    ++*(size_t *)user;
    return PM_OK;
}

static pm_status count_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    *(size_t *)user += sample->kind == PM_SAMPLE;
    return PM_OK;
}

/* One neuron that hears one source of given spikes without delay. */
static pm_network *one_cell(const pm_neuron *neuron, const pm_event *events, size_t n, double weight) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    const pm_projection p = {.to = 1, .weight.a = weight};
    ck_assert_ptr_nonnull(net);
    ok(pm_network_add_spike_source(net, "in", 1, events, n, NULL, &error), &error);
    ok(pm_network_add_lif(net, "cell", 1, neuron, NULL, &error), &error);
    ok(pm_network_connect(net, &p, &error), &error);
    return net;
}

static pm_simulation *start(const pm_network *net, size_t *spikes) {
    pm_error error = {0};
    pm_simulation *s = NULL;
    ok(pm_simulation_new(net, &(pm_options){.threads = 1}, &s, &error), &error);
    pm_simulation_on_spike(s, count_spike, spikes);
    return s;
}

/* A neuron that fires without end once it has fired, at 1.848 ms. */
static const pm_neuron ENDLESS = {
    .C_m = 300.0, .g_L = 30.0, .V_th = 15.0, .V_reset = 14.999999999999998, .tau_1 = 5.0, .tau_2 = 1.25};

/* What would happen after the end of a run is no error, and a spike that is injected at the present acts as if it had
 * been injected before. */
START_TEST(nothing_after_the_end) {
    const pm_event early = {.time = 0.1};
    pm_error error = {0};
    size_t n = 0;
    pm_network *net = one_cell(&ENDLESS, &early, 1, 9000.0);
    const pm_projection inhibition = {.from = 2, .to = 1, .weight.a = -90000.0};
    ok(pm_network_add_spike_source(net, "stop", 1, NULL, 0, NULL, &error), &error);
    ok(pm_network_connect(net, &inhibition, &error), &error);
    pm_simulation *s = start(net, &n);
    ok(pm_simulation_run(s, 1.7, &error), &error);
    ok(pm_simulation_inject(s, 2, 0, 1.7, &error), &error);
    ok(pm_simulation_run(s, 5.0, &error), &error);
    ok(pm_simulation_reset(s, &error), &error);
    ok(pm_simulation_inject(s, 2, 0, 1.7, &error), &error);
    ok(pm_simulation_run(s, 5.0, &error), &error);
    ok(pm_simulation_reset(s, &error), &error);
    ok(pm_simulation_run(s, 1.84, &error), &error);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(pm_simulation_run(s, 5.0, &error), PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "cell[0] fires without end at 1.848"));
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* More than a million spikes 3.75e-7 ms apart are activity that ends. */
START_TEST(long_bursts) {
    const pm_neuron neuron = {.C_m = 250.0, .g_L = 25.0, .V_th = 15.0, .I_e = 1e10, .tau_1 = 5.0, .tau_2 = 1.25};
    pm_error error = {0};
    size_t n = 0;
    pm_network *net = one_cell(&neuron, NULL, 0, 0.0);
    pm_simulation *s = start(net, &n);
    ok(pm_simulation_run(s, 0.4, &error), &error);
    ck_assert_uint_eq(n, (size_t)(0.4 / (-10.0 * log1p(-15.0 / 4e8))));
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

static void *run_on(void *user) {
    pm_error error = {0};
    return (void *)(uintptr_t)pm_simulation_run(user, 100.0, &error);
}

/* A burst of more spikes than anybody waits for heeds the request to stop, and leaves the simulation where it was. */
START_TEST(stopping_a_burst) {
    const pm_neuron neuron = {
        .C_m = 250.0, .g_L = 25.0, .V_th = 15.0, .V_reset = 15.0 - 1e-9, .I_e = 1e4, .tau_1 = 5.0, .tau_2 = 1.25};
    pm_error error = {0};
    size_t n = 0;
    void *status;
    pthread_t thread;
    pm_network *net = one_cell(&neuron, NULL, 0, 0.0);
    pm_simulation *s = start(net, &n);
    ok(pm_simulation_run(s, 0.3, &error), &error);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_on, s), 0);
    pm_simulation_stop(s);
    pthread_join(thread, &status);
    ck_assert_int_eq((int)(uintptr_t)status, PM_STOPPED);
    ck_assert_uint_eq(n, 0);
    ck_assert_double_lt(pm_simulation_time(s), 1.0); /* V is at threshold at 0.38 ms */
    ok(pm_simulation_run(s, pm_simulation_time(s) + 1e-3, &error), &error);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* What arrives at an instant is summed before the threshold is looked at, at t = 0 too: an impulse onto a neuron that
 * rests at its threshold makes it fire once, an inhibitory one not at all. And a potential that reaches the threshold
 * at the instant of an inhibitory impulse does not reach it. */
START_TEST(sums_come_first) {
    const pm_event zero = {.time = 0.0};
    const pm_neuron at_rest = {.C_m = 250.0, .g_L = 25.0, .V_reset = -1.0};
    pm_error error = {0};
    for (int sign = 1; sign >= -1; sign -= 2) {
        size_t n = 0;
        pm_network *net = one_cell(&at_rest, &zero, 1, 20.0 * sign);
        pm_simulation *s = start(net, &n);
        ok(pm_simulation_run(s, 10.0, &error), &error);
        ck_assert_uint_eq(n, sign > 0);
        pm_simulation_free(s);
        pm_network_free(net);
    }
}
END_TEST

/* Samples lie in [0, end of the run) only, however many there would be in the slab behind it; intervals that times
 * cannot tell apart are refused. */
START_TEST(samples_of_the_run_only) {
    const uint32_t neuron = 0;
    const pm_neuron parameters = pm_neuron_default();
    pm_error error = {0};
    size_t spikes = 0, samples = 0;
    pm_network *net = one_cell(&parameters, NULL, 0, 0.0);
    net->duration = 1e-3;
    ok(pm_network_record_potential(net, 1, &neuron, 1, 1e-8, &error), &error);
    pm_simulation *s = start(net, &spikes);
    pm_simulation_on_sample(s, count_sample, &samples);
    ok(pm_simulation_run(s, 5e-4, &error), &error);
    ck_assert_uint_eq(samples, 50000);
    ok(pm_simulation_run(s, 1e-3, &error), &error);
    ck_assert_uint_ge(samples, 100000);
    ck_assert_uint_le(samples, 100001);
    pm_simulation_free(s);
    net->potentials[0].interval = 1e-300;
    ck_assert_int_eq(pm_simulation_new(net, NULL, &s, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "interval"));
    pm_network_free(net);
}
END_TEST

/* Silence costs nothing: four spikes in 1e9 ms, slabs of an eighth of 0.01 ms. */
START_TEST(silence) {
    const pm_event events[] = {{.time = 1.0}, {.time = 1e6 + 0.3}, {.time = 5e8}, {.time = 1e9 - 3.0}};
    pm_neuron neuron = pm_neuron_default();
    neuron.g_L = neuron.C_m / 0.01;
    neuron.V_th = neuron.E_L + 0.01;
    pm_error error = {0};
    size_t n = 0;
    pm_network *net = one_cell(&neuron, events, 4, 4000.0);
    pm_simulation *s = start(net, &n);
    ok(pm_simulation_run(s, 1e9, &error), &error);
    ck_assert_uint_ge(n, 4);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* Times at which the shortest delay would be lost in rounding are refused, not run into. */
START_TEST(too_late) {
    const pm_neuron neuron = pm_neuron_default();
    const pm_projection loop = {.from = 1, .to = 1, .weight.a = 1.0, .delay.a = 1e-12};
    pm_error error = {0};
    size_t n = 0;
    pm_network *net = one_cell(&neuron, NULL, 0, 0.0);
    ok(pm_network_connect(net, &loop, &error), &error);
    pm_simulation *s = start(net, &n);
    ok(pm_simulation_run(s, 4000.0, &error), &error);
    ck_assert_int_eq(pm_simulation_run(s, 1e5, &error), PM_INVALID);
    pm_simulation_free(s);
    pm_network_free(net);
}
END_TEST

/* Weights that leave no room for products are refused wherever they come from. */
START_TEST(huge_weights) {
    const pm_neuron neuron = pm_neuron_default();
    pm_error error = {0};
    pm_simulation *s = NULL;
    pm_network *net = one_cell(&neuron, NULL, 0, 1e15);
    double matrix[] = {-1e16};
    pm_synapse synapse = {0, 0, 1e170, 0.0};
    const pm_projection refused[] = {
        {.to = 1, .weight.a = 1e170},
        {.to = 1, .weight = {.kind = PM_NORMAL, .a = 0.0, .b = 1e16}},
        {.to = 1, .weight = {.kind = PM_UNIFORM, .a = 0.0, .b = 1e16}},
        {.to = 1, .weight = {.kind = PM_MATRIX, .values = matrix}},
        {.to = 1, .rule = PM_SYNAPSE_LIST, .synapses = &synapse, .n_synapses = 1},
    };
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        ck_assert_int_eq(pm_network_connect(net, &refused[k], &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "1e+15"));
    }
    const pm_projection drawn = {.to = 1, .weight = {.kind = PM_NORMAL, .a = 1e15, .b = 1e15}};
    for (int k = 0; k < 8; k++)
        ok(pm_network_connect(net, &drawn, &error), &error);
    ck_assert_int_eq(pm_simulation_new(net, NULL, &s, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "is drawn for a synapse from 'in' to 'cell'"));
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_ends(void);
Suite *pm_suite_ends(void) {
    Suite *suite = suite_create("ends");
    TCase *tests = tcase_create("ends");
    tcase_add_test(tests, nothing_after_the_end);
    tcase_add_test(tests, long_bursts);
    tcase_add_test(tests, stopping_a_burst);
    tcase_add_test(tests, sums_come_first);
    tcase_add_test(tests, samples_of_the_run_only);
    tcase_add_test(tests, silence);
    tcase_add_test(tests, too_late);
    tcase_add_test(tests, huge_weights);
    suite_add_tcase(suite, tests);
    return suite;
}
