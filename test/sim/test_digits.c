/* Spike times against extended precision: errors grow with what happens to a neuron, not with slabs of time, nor with
 * time itself, nor with the number of arrivals at an instant. */
#include "support/quad.h"

#include <punctum/punctum.h>

#include <check.h>
#include <stdlib.h>

typedef struct times {
    double *items;
    size_t count, capacity;
    uint32_t population; /* only this one's spikes are kept */
} times;

static pm_status keep(const pm_spike *spike, void *user, pm_error *error) {
    (void)error;
    times *list = user;
    if (spike->population != list->population)
        return PM_OK;
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 64;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        ck_assert_ptr_nonnull(list->items);
    }
    list->items[list->count++] = spike->time;
    return PM_OK;
}

static times run(const pm_network *network, uint32_t population) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    times list = {.population = population};
    pm_status status = pm_simulation_new(network, &(pm_options){.threads = 1}, &simulation, &error);
    ck_assert_msg(status == PM_OK, "%s", error.message);
    pm_simulation_on_spike(simulation, keep, &list);
    status = pm_simulation_run(simulation, network->duration, &error);
    ck_assert_msg(status == PM_OK, "%s", error.message);
    pm_simulation_free(simulation);
    return list;
}

/* Time in quadruple precision; t_ref = 0. */
static size_t reference(const pm_neuron *neuron, const pm_event *arrivals, const double *weight, size_t n,
                        double duration, quad *spikes, size_t most) {
    const quad_lif lif = quad_lif_new(neuron, neuron->V_th - neuron->E_L);
    quad_state state = {0};
    quad now = 0;
    size_t count = 0;
    for (size_t k = 0; k <= n;) {
        const quad next = k < n ? (quad)arrivals[k].time : (quad)duration;
        const quad_search found = quad_first_crossing(&lif, &state, next - now, (quad)1e-25);
        ck_assert_int_ne(found.verdict, quad_UNCERTAIN);
        if (found.verdict == quad_CROSSES) {
            const quad after = found.low + quad_zero(&lif, &found.start, found.high - found.low, false);
            ck_assert_uint_lt(count, most);
            spikes[count++] = now += after;
            state = quad_advance(&lif, &state, after);
            state.u = (quad)neuron->V_reset - (quad)neuron->E_L;
            continue;
        }
        state = quad_advance(&lif, &state, next - now);
        now = next;
        if (k < n && neuron->tau_2 > 0.0)
            state.b += weight[k];
        else if (k < n)
            state.i += weight[k];
        k++;
    }
    return count;
}

static const pm_neuron TESTED = {.C_m = 250.0, .g_L = 25.0, .V_th = 15.0, .tau_1 = 5.0, .tau_2 = 1.25};
enum { ARRIVALS = 5, MOST = 64 };
static const pm_event EVENTS[ARRIVALS] = {{.time = 1.1},
                                          {.time = 4.3, .neuron = 1},
                                          {.time = 9.7, .neuron = 2},
                                          {.time = 17.9, .neuron = 3},
                                          {.time = 23.3, .neuron = 4}};
static const double WEIGHTS[ARRIVALS] = {9000.0, 3000.0, 8000.0, 11000.0, 4000.0}; /* pA */

/* The tested neuron hears five spikes; beside it lives a silent neuron, whose loop or whose membrane makes slabs short.
 */
static pm_network *beside_a_loop(double delay, double tau_m) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron silent = TESTED;
    silent.C_m = silent.g_L * (tau_m > 0.0 ? tau_m : 10.0);
    pm_synapse synapses[ARRIVALS];
    for (uint32_t k = 0; k < ARRIVALS; k++)
        synapses[k] = (pm_synapse){k, 0, WEIGHTS[k], 0.0};
    net->duration = 40.0;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", ARRIVALS, EVENTS, ARRIVALS, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &TESTED, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "silent", 1, &silent, NULL, &error), PM_OK);
    const pm_projection in = {.to = 1, .rule = PM_SYNAPSE_LIST, .synapses = synapses, .n_synapses = ARRIVALS};
    const pm_projection loop = {.from = 2, .to = 2, .weight.a = 1.0, .delay.a = delay};
    ck_assert_int_eq(pm_network_connect(net, &in, &error), PM_OK);
    if (delay > 0.0)
        ck_assert_int_eq(pm_network_connect(net, &loop, &error), PM_OK);
    return net;
}

/* However long the slabs are, spikes stay within 2e-13 ms of the truth, some roundings of times of some 10 ms: in slabs
 * from 1/16 to 4 ms they are off by 6e-15 to 1.2e-13, now more, now less. */
START_TEST(slabs_cost_no_digits) {
    static const double delay[] = {0.0, 0.1, 1e-3, 1e-4, 1e-5, 0.0}, tau_m[] = {0.0, 0.0, 0.0, 0.0, 0.0, 1e-3};
    quad expected[MOST];
    const size_t n = reference(&TESTED, EVENTS, WEIGHTS, ARRIVALS, 40.0, expected, MOST);
    ck_assert_uint_ge(n, 6);
    pm_network *net = beside_a_loop(delay[_i], tau_m[_i]);
    times got = run(net, 1);
    ck_assert_uint_eq(got.count, n);
    for (size_t k = 0; k < n; k++)
        ck_assert_double_le((double)fabsq(got.items[k] - expected[k]), 2e-13);
    free(got.items);
    pm_network_free(net);
}
END_TEST

/* Currents that outlast a fast membrane by far, after three of their time constants. */
START_TEST(slow_currents) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    const pm_neuron neuron = {.C_m = 25.0, .g_L = 250.0, .V_th = 1e6, .tau_1 = 500.0};
    const pm_event spike = {.time = 0.3};
    const pm_projection p = {.to = 1, .weight.a = 1000.0};
    double potential, current;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", 1, &spike, 1, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    pm_simulation *simulation = NULL;
    ck_assert_int_eq(pm_simulation_new(net, NULL, &simulation, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_run(simulation, 1500.0, &error), PM_OK);
    ck_assert_int_eq(pm_simulation_state(simulation, 1, 0, &potential, &current, &error), PM_OK);
    const quad expected = 1000 * expq(-(1500 - (quad)0.3) / 500);
    ck_assert_double_le((double)fabsq(current / expected - 1), 2e-15);
    pm_simulation_free(simulation);
    pm_network_free(net);
}
END_TEST

/* Regular spikes do not drift: after 1e6 ms a spike is one unit in the last place off at most, and some roundings of
 * its interval. _i: with t_ref. */
START_TEST(regular_spikes) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    neuron.V_th = -55.0;
    neuron.I_e = 700.0;
    neuron.t_ref = _i ? 1.7 : 0.0;
    net->duration = 1e6;
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &neuron, NULL, &error), PM_OK);
    times got = run(net, 0);
    const quad interval = 10 * logq((quad)700 / (700 - 15 * 30)), pause = neuron.t_ref;
    ck_assert_uint_eq(got.count, (size_t)((1e6 + pause) / (interval + pause)));
    for (size_t k = 0; k < got.count; k++) {
        const quad expected = (quad)(k + 1) * interval + (quad)k * pause;
        const double unit = nextafter(got.items[k], INFINITY) - got.items[k];
        ck_assert_double_le((double)fabsq(got.items[k] - expected), unit + 1e-13);
    }
    free(got.items);
    pm_network_free(net);
}
END_TEST

/* The same input after 2^20 ms gives the same intervals, but for the spacing of numbers there: what rounding the times
 * of spikes leaves is not lost, in potentials and currents, with and without refractoriness. */
START_TEST(late_spikes) {
    pm_error error = {0};
    times lists[2];
    const double shift[] = {0.0, 0x1p20};
    for (int late = 0; late < 2; late++) {
        pm_network *net = pm_network_new();
        pm_neuron neuron = TESTED;
        neuron.V_reset = -5.0;
        neuron.t_ref = _i ? 0.3 : 0.0;
        pm_event spikes[10] = {{0}};
        for (int k = 0; k < 10; k++)
            spikes[k].time = shift[late] + 2.5 * k;
        pm_projection p = {.to = 1, .weight.a = 3000.0};
        net->duration = shift[late] + 100.0;
        ck_assert_int_eq(pm_network_add_spike_source(net, "in", 1, spikes, 10, NULL, &error), PM_OK);
        ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &neuron, NULL, &error), PM_OK);
        ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
        lists[late] = run(net, 1);
        pm_network_free(net);
    }
    ck_assert_uint_gt(lists[0].count, 15);
    ck_assert_uint_eq(lists[0].count, lists[1].count);
    for (size_t k = 0; k < lists[0].count; k++) /* half of 2^-32 ms, and roundings */
        ck_assert_double_le(fabs(lists[1].items[k] - shift[1] - lists[0].items[k]), 0x1p-33 + 1e-12);
    free(lists[0].items);
    free(lists[1].items);
}
END_TEST

/* N simultaneous spikes of weight 6144/N are one of 6144: what arrives at an instant is summed without loss. */
START_TEST(crowds) {
    static const uint32_t sizes[] = {1, 1024, 4096, 1 << 18};
    const double weight[] = {6144.0};
    const pm_event arrival[] = {{.time = 0.7}};
    pm_error error = {0};
    quad expected[MOST];
    const uint32_t size = sizes[_i];
    const size_t n = reference(&TESTED, arrival, weight, 1, 40.0, expected, MOST);
    ck_assert_uint_ge(n, 1);
    pm_network *net = pm_network_new();
    pm_event *events = malloc(size * sizeof *events);
    for (uint32_t k = 0; k < size; k++)
        events[k] = (pm_event){0.7, k};
    const pm_projection p = {.to = 1, .weight.a = 6144.0 / size};
    net->duration = 40.0;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", size, events, size, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "cell", 1, &TESTED, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_connect(net, &p, &error), PM_OK);
    times got = run(net, 1);
    ck_assert_uint_eq(got.count, n);
    for (size_t k = 0; k < n; k++)
        ck_assert_double_le((double)fabsq(got.items[k] - expected[k]), 1e-13);
    free(events);
    free(got.items);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_digits(void);
Suite *pm_suite_digits(void) {
    Suite *suite = suite_create("digits");
    TCase *tests = tcase_create("digits");
    tcase_add_loop_test(tests, slabs_cost_no_digits, 0, 6);
    tcase_add_test(tests, slow_currents);
    tcase_add_loop_test(tests, regular_spikes, 0, 2);
    tcase_add_loop_test(tests, late_spikes, 0, 2);
    tcase_add_loop_test(tests, crowds, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
