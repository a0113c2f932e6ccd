/* Network files: everything that they say has its place in the network's mark, in the description that results keep of
 * it, and a message where it is wrong. */
#include "io/json.h"
#include "io/summary.h"
#include "net/mark.h"
#include "support/folder.h"
#include "support/lines.h"

#include <check.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

static char folder[TEST_FOLDER_SIZE];

static void make_folder(void) { test_folder_make(folder); }
static void remove_folder(void) { test_folder_remove(folder); }

#define NOISE "{name: noise, size: 3, source: {poisson: {rate: 100.0}}}"
#define SOURCE(source) "[{name: noise, size: 3, source: " source "}, {name: cells, size: 4}]"
#define PROJECTION(more) "[{from: noise, to: cells, " more "}]"

static const line GOOD[] = {
    {"duration", "20.0"},
    {"seed", "1"},
    {"neuron", "{t_ref: 1.0}"},
    {"receptors", "{a: {tau_1: 4.0, tau_2: 1.0}, b: {alpha: 3.0}}"},
    {"threshold", "[{jump: 2.0, tau: 20.0}]"},
    {"after_spike", "[{jump: -50.0, tau: 30.0}]"},
    {"reset", "{subtract: 20.0}"},
    {"initial", "{V_m: -65.0}"},
    {"populations", "[" NOISE ", {name: cells, size: 4}]"},
    {"projections", PROJECTION("connect: {fixed_outdegree: 2}, receptor: a, weight: 900.0, delay: 1.0")},
    {"currents", "[{population: cells, steps: [[2.0, 100.0], [5.0, 0.0]]}]"},
    {"record", "{spikes: [cells], potential: [{population: cells, neurons: [0], interval: 1.0}]}"},
};

static pm_status load(const line *change, pm_network **network, pm_error *error) {
    lines_put(folder, "n.yaml", GOOD, sizeof GOOD / sizeof *GOOD, change);
    text_put(folder, "in.dat", "0 1.0\n1 2.0\n");
    text_put(folder, "w.dat", "1 2 3\n4 5 6\n7 8 9\n10 11 12\n");
    return pm_network_load(test_folder_place(folder, "n.yaml"), network, error);
}

/* The mark of a network and the text of its description, to be freed. */
static uint64_t take(const line *change, char **text) {
    pm_network *net = NULL;
    pm_error error = {0};
    ck_assert_msg(load(change, &net, &error) == PM_OK, "%s", error.message);
    const uint64_t mark = pm_network_mark(net);
    json_t *json = pm_network_json(net);
    *text = pm_json_text(json, JSON_SORT_KEYS);
    ck_assert_ptr_nonnull(*text);
    json_decref(json);
    pm_network_free(net);
    return mark;
}

/* Networks that differ in anything have different marks, so that no checkpoint is taken for that of another one, and
 * different descriptions; the same network has the same ones. The duration may change. */
START_TEST(marks) {
    static const line others[] = {
        {"seed", "2"},
        {"neuron", "{t_ref: 1.5}"},
        {"neuron", "{t_ref: 1.0, V_th: {normal: [20.0, 1.0]}}"},
        {"neuron", "{t_ref: 1.0, V_th: {lognormal: [3.0, 0.1]}}"},
        {"neuron", "{t_ref: 1.0, V_th: {lognormal: [3.0, 0.1], high: 25.0}}"},
        {"neuron", "{t_ref: {exponential: 1.0}}"},
        {"neuron", "{t_ref: {uniform: [1.0, 2.0]}}"},
        {"neuron", "{t_ref: {uniform: [1.0, 2.0, 0.5]}}"},
        {"neuron", "{t_ref: {uniform: [1.0, 2.0, 0.5], low: 1.2, high: 1.9}}"},
        {"receptors", "{a: {tau_1: 4.0, tau_2: 1.0}, c: {alpha: 3.0}}"},
        {"receptors", "{a: {tau_1: 4.0, tau_2: 1.0}, b: {tau: 3.0}}"},
        {"receptors", "{a: {tau_1: 4.0, tau_2: 1.0}, b: impulse}"},
        {"receptors", "{a: {tau_1: 4.0, tau_2: 2.0}, b: {alpha: 3.0}}"},
        {"receptors", "{a: {tau_1: 4.0, tau_2: 1.0, peak: true}, b: {alpha: 3.0}}"},
        {"threshold", "[{jump: 2.0, tau: 21.0}]"},
        {"threshold", "[{jump: 2.0, tau: 20.0}, {jump: 1.0, tau: 5.0}]"},
        {"after_spike", "[{jump: -51.0, tau: 30.0}]"},
        {"after_spike", "[]"},
        {"reset", "{subtract: 21.0}"},
        {"reset", "{fraction: 0.5, add: 1.0}"},
        {"reset", "{fraction: 0.5, add: 2.0}"},
        {"reset", "{fraction: 0.25, add: 1.0}"},
        {"reset", "{to: -60.0}"},
        {"initial", "{V_m: -66.0}"},
        {"initial", "{V_m: {uniform: [-66.0, -60.0]}}"},
        {"populations", "[{name: noise, size: 4, source: {poisson: {rate: 100.0}}}, {name: cells, size: 4}]"},
        {"populations", SOURCE("{poisson: {rate: 101.0}}")},
        {"populations", SOURCE("{poisson: {rate: [[0.0, 100.0], [5.0, 50.0]]}}")},
        {"populations", SOURCE("{poisson: {rate: [[0.0, 100.0], [6.0, 50.0]]}}")},
        {"populations", SOURCE("{sinusoidal_poisson: {rate: 100.0, amplitude: 50.0, frequency: 10.0}}")},
        {"populations", SOURCE("{sinusoidal_poisson: {rate: 100.0, amplitude: 50.0, frequency: 10.0, phase: 90.0}}")},
        {"populations", SOURCE("{sinusoidal_poisson: {rate: 100.0, amplitude: 40.0, frequency: 10.0}}")},
        {"populations", SOURCE("{sinusoidal_poisson: {rate: 100.0, amplitude: 50.0, frequency: 11.0}}")},
        {"populations", SOURCE("{spikes: in.dat}")},
        {"populations", SOURCE("{spikes: []}")},
        {"projections", PROJECTION("connect: {fixed_outdegree: 3}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_indegree: 2}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_total_number: 2}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_total_number: 3}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {pairwise_bernoulli: 0.5}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: all_to_all, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: all_to_all, receptor: a, weight: {file: w.dat}, delay: 1.0")},
        {"projections",
         PROJECTION("connect: {fixed_outdegree: 2, multapses: no}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections",
         PROJECTION("connect: {fixed_outdegree: 2, autapses: no}, receptor: a, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_outdegree: 2}, receptor: b, weight: 900.0, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_outdegree: 2}, receptor: a, weight: 901.0, delay: 1.0")},
        {"projections",
         PROJECTION("connect: {fixed_outdegree: 2}, receptor: a, weight: {exponential: 900.0}, delay: 1.0")},
        {"projections",
         PROJECTION(
             "connect: {fixed_outdegree: 2}, receptor: a, weight: {exponential: 900.0, high: 2000.0}, delay: 1.0")},
        {"projections", PROJECTION("connect: {fixed_outdegree: 2}, receptor: a, weight: 900.0, delay: 1.1")},
        {"currents", "[{population: cells, steps: [[2.0, 100.0], [6.0, 0.0]]}]"},
        {"currents", "[{population: cells, neurons: [1], steps: [[2.0, 100.0], [5.0, 0.0]]}]"},
        {"currents", "[{population: cells, neurons: [2], steps: [[2.0, 100.0], [5.0, 0.0]]}]"},
        {"currents", "[{population: cells, noise: {mean: 1.0, std: 2.0, interval: 1.0}}]"},
        {"currents", "[{population: cells, noise: {mean: 1.0, std: 2.0, interval: 1.0, from: 5.0}}]"},
        {"currents", "[{population: cells, sine: {amplitude: 50.0, frequency: 8.0}}]"},
        {"currents", "[{population: cells, sine: {amplitude: 50.0, frequency: 8.0, phase: 10.0}}]"},
        {"currents", "[{population: cells, sine: {amplitude: 50.0, frequency: 8.0, to: 10.0}}]"},
        {"record", "{spikes: [], potential: [{population: cells, neurons: [0], interval: 1.0}]}"},
        {"record", "{spikes: [cells], potential: [{population: cells, neurons: [1], interval: 1.0}]}"},
        {"record", "{spikes: [cells], potential: [{population: cells, neurons: [0], interval: 2.0}]}"},
        {"record", "{spikes: [cells], current: [{population: cells, neurons: [0], interval: 1.0}]}"},
        {"record", "{spikes: [cells], current: [{population: cells, neurons: [0], interval: 1.0, receptor: b}]}"},
        {"record", "{spikes: [cells], threshold: [{population: cells, neurons: [0], interval: 1.0}]}"},
    };
    enum { N = sizeof others / sizeof *others };
    uint64_t mark[N + 1];
    char *text[N + 1], *again, *longer;
    for (size_t k = 0; k < N; k++)
        mark[k] = take(&others[k], &text[k]);
    mark[N] = take(NULL, &text[N]);
    for (size_t k = 0; k <= N; k++)
        for (size_t j = 0; j < k; j++) {
            ck_assert_msg(mark[k] != mark[j], "%s: %s", others[j].key, others[j].value);
            ck_assert_msg(strcmp(text[k], text[j]) != 0, "%s: %s", others[j].key, others[j].value);
        }
    ck_assert(take(NULL, &again) == mark[N] && strcmp(again, text[N]) == 0);
    ck_assert(take(&(line){"duration", "30.0"}, &longer) == mark[N] && strcmp(longer, text[N]) != 0);
    for (size_t k = 0; k <= N; k++)
        free(text[k]);
    free(again);
    free(longer);
}
END_TEST

/* What cannot be is refused with the line of its key, and a message that says what would be right. */
START_TEST(refused) {
    static const struct {
        line change;
        const char *message;
    } cases[] = {
        {{"duration", "-1.0"}, "n.yaml:1: duration: the duration is -1 ms; it must not be negative"},
        {{"projections", PROJECTION("connect: all_to_all, receptor: a, weight: {lognormal: [30.0, 5.0]}, delay: 1.0")},
         "n.yaml:10: projections.*values would exceed"},
        {{"projections", PROJECTION("connect: all_to_all, receptor: d, weight: 1.0, delay: 1.0")},
         "n.yaml:10: projections.*'d'"},
        {{"projections",
          PROJECTION("connect: {fixed_outdegree: 5, multapses: no}, receptor: a, weight: 1.0, delay: 1.0")},
         "n.yaml:10: projections"},
        {{"neuron", "{V_th: {exponential: 0.0}}"}, "n.yaml:3: neuron.V_th.*must be positive"},
        {{"neuron", "{V_th: {uniform: [10.0, 20.0], low: 30.0, high: 40.0}}"},
         "n.yaml:3: neuron.V_th.*less than once in a million draws"},
        {{"neuron", "{t_ref: {exponential: 1.0, low: 20.0}}"},
         "n.yaml:3: neuron.t_ref.*less than once in a million draws"},
        {{"neuron", "{t_ref: {uniform: [1.0, 2.0, 0.5], low: 1.1, high: 1.4}}"},
         "n.yaml:3: neuron.t_ref.*less than once in a million draws"},
        {{"receptors", "{a: {tau_1: 4.0, tau_2: 1e-12}, b: {alpha: 3.0}}"},
         "n.yaml:4: receptors.a.*tau_2 is 1e-12 ms; it must be 0 or at least"},
        {{"threshold", "[{jump: 1e99, tau: 20.0}]"}, "n.yaml:5: threshold.*jump is 1e+99 mV"},
        {{"threshold", "[{jump: 1.0, tau: 0.0}]"}, "n.yaml:5: threshold.*tau"},
        {{"after_spike", "[{jump: 1.0, tau: -1.0}]"}, "n.yaml:6: after_spike.*tau"},
        {{"reset", "{subtract: 0.0}"}, "n.yaml:7: reset.*subtract is 0 mV; it must be positive and finite"},
        {{"reset", "{fraction: 0.5, add: .inf}"}, "n.yaml:7: reset"},
        {{"reset", "{fraction: 0.5, subtract: 1.0}"}, "n.yaml:7: reset"},
        {{"populations", SOURCE("{sinusoidal_poisson: {rate: 1.0, amplitude: 2.0, frequency: 1.0}}")},
         "n.yaml:9: .*amplitude"},
        {{"populations", SOURCE("{poisson: {rate: [[-1.0, 2.0]]}}")},
         "n.yaml:9: .*step 0 is at -1 ms; times must be finite and not negative"},
        {{"populations", SOURCE("{poisson: {rate: [[0.0, 1e30]]}}")},
         "n.yaml:9: .*step 0 has the value 1e+30 spikes/s"},
        {{"currents", "[{population: noise, steps: [[0.0, 1.0]]}]"}, "n.yaml:11: currents.*"},
        {{"currents", "[{population: cells, sine: {amplitude: 1.0, frequency: 1.0, from: 5.0, to: 2.0}}]"},
         "n.yaml:11: currents.*it must begin at 0 or later and end after that"},
        {{"record", "{current: [{population: cells, neurons: [0], interval: 1.0, receptor: c}]}"},
         "n.yaml:12: record.*'c'"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        pm_network *net = NULL;
        pm_error error = {0};
        ck_assert_msg(load(&cases[k].change, &net, &error) == PM_INVALID, "%s: %s is taken", cases[k].change.key,
                      cases[k].change.value);
        ck_assert_ptr_null(net);
        ck_assert_msg(text_holds(error.message, cases[k].message), "%s: no '%s' in '%s'", cases[k].change.value,
                      cases[k].message, error.message);
    }
}
END_TEST

Suite *pm_suite_network_text(void);
Suite *pm_suite_network_text(void) {
    Suite *suite = suite_create("network_text");
    TCase *tests = tcase_create("network_text");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, marks);
    tcase_add_test(tests, refused);
    suite_add_tcase(suite, tests);
    return suite;
}
