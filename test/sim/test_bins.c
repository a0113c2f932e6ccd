/* Very many neurons that hear little: arrivals are sorted by blocks of neurons before they are delivered. A general
 * neuron beside them, which nobody hears, has them delivered one after the other. Spikes are the same, and for several
 * threads and slices. */
#include "support/recorded.h"

#include <punctum/punctum.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NEURONS = 70001 }; /* 17 blocks and some neurons */

static void connect(pm_network *net, const pm_projection *p) {
    pm_error error = {0};
    ck_assert_msg(pm_network_connect(net, p, &error) == PM_OK, "%s", error.message);
}

/* Neurons that fire by themselves, so many at once that a slab brings more arrivals than there are neurons. */
static pm_network *sparse_network(bool equal, bool beside) {
    pm_error error = {0};
    pm_network *net = pm_network_new();
    const pm_neuron neuron = {.C_m = 250.0, .g_L = 25.0, .V_th = 20.0, .t_ref = 2.0, .tau_1 = 2.0, .I_e = 550.0};
    const pm_distribution start = {.kind = PM_UNIFORM, .a = 15.0, .b = 20.0};
    net->duration = 6.0;
    ck_assert_int_eq(pm_network_add_lif(net, "many", NEURONS, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_vary(net, 0, "V_m", &start, &error), PM_OK);
    pm_projection excitation = {.rule = PM_FIXED_INDEGREE, .indegree = 3, .weight.a = 90.0, .delay.a = 1.5};
    if (!equal) {
        excitation.weight = (pm_distribution){.kind = PM_UNIFORM, .a = 10.0, .b = 170.0};
        excitation.delay = (pm_distribution){.kind = PM_UNIFORM_STEPS, .a = 1.5, .b = 2.5, .step = 0.5};
    }
    connect(net, &excitation);
    connect(net, &(pm_projection){.rule = PM_FIXED_INDEGREE, .indegree = 2, .weight.a = -200.0, .delay.a = 1.5});
    if (beside) {
        ck_assert_int_eq(pm_network_add_lif(net, "beside", 1, &neuron, NULL, &error), PM_OK);
        ck_assert_int_eq(pm_network_set_threshold(net, 1, &(pm_jump){1.0, 10.0}, 1, &error), PM_OK);
        ck_assert_int_eq(pm_network_record_spikes(net, 1, false, &error), PM_OK);
    }
    return net;
}

static pm_simulation *start(const pm_network *net, int threads, recorded *r) {
    pm_error error = {0};
    pm_simulation *s = NULL;
    const pm_options options = {.threads = threads};
    ck_assert_msg(pm_simulation_new(net, &options, &s, &error) == PM_OK, "%s", error.message);
    pm_simulation_on_spike(s, record, r);
    return s;
}

/* Each slice goes on from what the one before has saved: spikes of neurons that nobody hears are on their way, too. */
static recorded run(const pm_network *net, int threads, int slices) {
    recorded r = {0};
    pm_error error = {0};
    pm_simulation *s = start(net, threads, &r);
    for (int k = 1; k <= slices; k++) {
        void *bytes = NULL;
        size_t size = 0;
        ck_assert_int_eq(pm_simulation_run(s, net->duration * k / slices, &error), PM_OK);
        if (k == slices)
            break;
        ck_assert_int_eq(pm_simulation_save(s, &bytes, &size, &error), PM_OK);
        pm_simulation_free(s);
        s = start(net, threads, &r);
        ck_assert_msg(pm_simulation_restore(s, bytes, size, &error) == PM_OK, "%s", error.message);
        pm_free(bytes);
    }
    pm_simulation_free(s);
    return r;
}

START_TEST(same_bits) {
    static const int cases[][3] = {{1, 1, true}, {2, 1, false}, {1, 3, false}};
    pm_network *net = sparse_network(_i, false);
    recorded whole = run(net, 1, 1);
    ck_assert_uint_gt(whole.count, NEURONS / 4);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        pm_network *again = sparse_network(_i, cases[k][2]);
        recorded other = run(again, cases[k][0], cases[k][1]);
        ck_assert_uint_eq(other.count, whole.count);
        ck_assert_int_eq(memcmp(other.items, whole.items, whole.count * sizeof *whole.items), 0);
        free(other.items);
        pm_network_free(again);
    }
    free(whole.items);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_bins(void);
Suite *pm_suite_bins(void) {
    Suite *suite = suite_create("bins");
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, same_bits, 0, 2);
    suite_add_tcase(suite, cases);
    return suite;
}
