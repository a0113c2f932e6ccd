/* Networks with everything that neurons may have, in both engines: recordings, states, memory. */
#include "support/folder.h"
#include "support/lines.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char NETWORK[] =
    "duration: 20.0\nneuron: {t_ref: 1.0}\n"
    "populations:\n"
    "  - {name: given, size: 3, source: {spikes: in.dat}}\n"
    "  - {name: cells, size: 3, receptors: {a: {tau_1: 4.0, tau_2: 1.0}, b: {alpha: 3.0}, c: impulse},\n"
    "     threshold: [{jump: 2.0, tau: 20.0}], after_spike: [{jump: -50.0, tau: 30.0}], reset: {subtract: 20.0}}\n"
    "  - {name: plain, size: 2}\n"
    "projections:\n"
    "  - {from: given, to: cells, connect: all_to_all, receptor: a, weight: %s, delay: 1.0}\n"
    "  - {from: given, to: cells, connect: one_to_one, receptor: b, weight: 100.0, delay: 0.5}\n"
    "  - {from: given, to: cells, connect: one_to_one, receptor: c, weight: 0.5, delay: 1.45}\n"
    "  - {from: given, to: plain, connect: all_to_all, weight: %s, delay: 1.0}\n"
    "  - {from: cells, to: plain, connect: all_to_all, weight: -100.0, delay: 1.0}\n"
    "currents:\n"
    "  - {population: cells, steps: [[2.0, 50.0], [12.0, 0.0]]}\n"
    "  - {population: cells, sine: {amplitude: 20.0, frequency: 100.0}}\n"
    "record:\n"
    "  spikes: [given, cells, plain]\n"
    "  potential: [{population: cells, neurons: [0, 1], interval: 0.5}, {population: plain, neurons: [1], interval: "
    "0.5}]\n"
    "  current: [{population: cells, neurons: [0], interval: 0.5}, {population: cells, neurons: [0], interval: 0.5, "
    "receptor: a},\n"
    "            {population: plain, neurons: [0], interval: 0.5}]\n"
    "  threshold: [{population: cells, neurons: [0], interval: 0.5}, {population: plain, neurons: [0], interval: "
    "0.5}]\n";
enum { RECORDS = 7 };

static char folder[TEST_FOLDER_SIZE];

static void make_folder(void) { test_folder_make(folder); }
static void remove_folder(void) { test_folder_remove(folder); }

/* Cells that fire, or that only come close to it. */
static pm_network *load(bool firing) {
    char text[3000];
    pm_network *net = NULL;
    pm_error error = {0};
    snprintf(text, sizeof text, NETWORK, firing ? "9000.0" : "300.0", firing ? "12000.0" : "300.0");
    text_put(folder, "in.dat", "0 1.0\n1 2.0\n2 3.5\n0 6.0\n1 7.0\n2 11.0\n0 14.0\n");
    text_put(folder, "n.yaml", text);
    ck_assert_msg(pm_network_load(test_folder_place(folder, "n.yaml"), &net, &error) == PM_OK, "%s", error.message);
    return net;
}

static const pm_options ENGINES[] = {
    {.threads = 1},
    {.engine = PM_ENGINE_CLOCK, .dt = 0.05, .scheme = PM_CLOCK_RK, .interpolation = PM_CLOCK_CUBIC},
    {.engine = PM_ENGINE_CLOCK, .dt = 0.05, .interpolation = PM_CLOCK_LINEAR}};
enum { N_ENGINES = 3 };

typedef struct run {
    pm_simulation *simulation;
    pm_recording *recording;
} run;

static pm_status begin(const pm_network *net, const pm_options *options, run *r, pm_error *error) {
    *r = (run){NULL, NULL};
    pm_status status = pm_simulation_new(net, options, &r->simulation, error);
    if (!status)
        status = pm_recording_new(net, &r->recording, error);
    if (!status)
        pm_simulation_record(r->simulation, r->recording);
    return status;
}

static void end(run *r) {
    pm_recording_free(r->recording);
    pm_simulation_free(r->simulation);
}

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

/* A run goes on from its state in the middle as if nothing had happened: the same spikes and samples, to the bit. */
START_TEST(states) {
    pm_network *net = load(true);
    for (size_t k = 0; k < N_ENGINES; k++) {
        run whole, first, second;
        pm_error error = {0};
        void *bytes = NULL;
        size_t size = 0, fired = 0, sampled = 0;
        good(begin(net, &ENGINES[k], &whole, &error), &error);
        good(pm_simulation_run(whole.simulation, 20.0, &error), &error);
        good(begin(net, &ENGINES[k], &first, &error), &error);
        good(pm_simulation_run(first.simulation, 9.5, &error), &error);
        good(pm_simulation_save(first.simulation, &bytes, &size, &error), &error);
        good(begin(net, &ENGINES[k], &second, &error), &error);
        good(pm_simulation_restore(second.simulation, bytes, size, &error), &error);
        good(pm_simulation_run(second.simulation, 20.0, &error), &error);
        for (uint32_t p = 0; p < 3; p++) {
            pm_recorded_spikes all, part[2];
            good(pm_recording_spikes(whole.recording, p, &all, &error), &error);
            good(pm_recording_take_spikes(first.recording, p, &part[0], &error), &error);
            good(pm_recording_spikes(second.recording, p, &part[1], &error), &error);
            ck_assert_uint_eq(all.n, part[0].n + part[1].n);
            for (size_t h = 0, at = 0; h < 2; at += part[h++].n) {
                if (part[h].n == 0)
                    continue;
                ck_assert_int_eq(memcmp(all.time + at, part[h].time, part[h].n * sizeof *all.time), 0);
                ck_assert_int_eq(memcmp(all.neuron + at, part[h].neuron, part[h].n * sizeof *all.neuron), 0);
            }
            fired += p > 0 ? part[1].n : 0;
            pm_free(part[0].time); /* what was taken is the taker's */
            pm_free(part[0].slope);
            pm_free(part[0].neuron);
            good(pm_recording_spikes(first.recording, p, &part[0], &error), &error);
            ck_assert_uint_eq(part[0].n, 0);
        }
        for (size_t record = 0; record < RECORDS; record++) {
            pm_recorded_samples all, part[2];
            good(pm_recording_samples(whole.recording, record, 0, &all, &error), &error);
            good(pm_recording_samples(first.recording, record, 0, &part[0], &error), &error);
            good(pm_recording_samples(second.recording, record, 0, &part[1], &error), &error);
            ck_assert_uint_eq(all.n, part[0].n + part[1].n);
            for (size_t h = 0, at = 0; h < 2; at += part[h++].n)
                ck_assert_int_eq(memcmp(all.value + at, part[h].value, part[h].n * sizeof *all.value), 0);
            sampled += part[1].n;
        }
        ck_assert_uint_gt(fired, 5);
        ck_assert_uint_gt(sampled, RECORDS * 15);
        pm_free(bytes);
        end(&whole);
        end(&first);
        end(&second);
    }
    pm_network_free(net);
}
END_TEST

/* Leaves the multiples of the interval. */
static void drop_curve(pm_recorded_samples *s) {
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++)
        if (s->kind[k] == PM_SAMPLE) {
            s->time[n] = s->time[k];
            s->value[n] = s->value[k];
            s->kind[n++] = PM_SAMPLE;
        }
    s->n = n;
}

/* Where nothing fires and arrivals fall on the grid, time steps record what the exact engine records: potentials,
 * currents of all receptors and of one, thresholds. */
START_TEST(engines_record_alike) {
    pm_network *net = load(false);
    run exact, clock;
    pm_error error = {0};
    for (size_t k = 1; k < N_ENGINES; k++) {
        good(begin(net, &ENGINES[0], &exact, &error), &error);
        good(pm_simulation_run(exact.simulation, 20.0, &error), &error);
        good(begin(net, &ENGINES[k], &clock, &error), &error);
        good(pm_simulation_run(clock.simulation, 20.0, &error), &error);
        for (size_t record = 0; record < RECORDS; record++) {
            pm_recorded_samples a, b;
            double least = INFINITY, most = -INFINITY;
            good(pm_recording_samples(exact.recording, record, 0, &a, &error), &error);
            good(pm_recording_samples(clock.recording, record, 0, &b, &error), &error);
            drop_curve(&a);
            drop_curve(&b);
            ck_assert_uint_eq(a.n, 40);
            ck_assert_uint_eq(b.n, 40);
            for (size_t j = 0; j < a.n; j++) {
                ck_assert_double_eq_tol(a.time[j], b.time[j], 1e-12);
                ck_assert_msg(fabs(a.value[j] - b.value[j]) <
                                  1e-6 * fmax(1.0, fabs(a.value[j])), /* order 4 in 0.05 ms */
                              "record %zu at %g ms: %.12g and %.12g", record, a.time[j], a.value[j], b.value[j]);
                least = fmin(least, a.value[j]);
                most = fmax(most, a.value[j]);
            }
            ck_assert(record >= RECORDS - 2 || most > least + 0.1);
        }
        ck_assert_uint_eq(pm_simulation_counts(exact.simulation).spikes, 0);
        end(&exact);
        end(&clock);
    }
    pm_network_free(net);
}
END_TEST

/* Memory may run out anywhere in a run, its recording or its state: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    pm_network *net = load(true);
    for (size_t k = 0; k < N_ENGINES; k++)
        for (size_t n = 1;; n++) {
            run first, second = {NULL, NULL};
            pm_error error = {0};
            void *bytes = NULL;
            pm_spike *all = NULL;
            size_t size = 0, n_all = 0;
            starve(n);
            pm_status status = begin(net, &ENGINES[k], &first, &error);
            if (!status)
                status = pm_simulation_run(first.simulation, 9.5, &error);
            if (!status)
                status = pm_simulation_save(first.simulation, &bytes, &size, &error);
            if (!status)
                status = begin(net, &ENGINES[k], &second, &error);
            if (!status)
                status = pm_simulation_restore(second.simulation, bytes, size, &error);
            if (!status)
                status = pm_simulation_run(second.simulation, 15.0, &error);
            if (!status)
                status = pm_recording_all(second.recording, &all, &n_all, &error);
            const bool hit = starved();
            starve(0);
            pm_free(all);
            pm_free(bytes);
            end(&first);
            end(&second);
            ck_assert_msg(status == (hit ? PM_NO_MEMORY : PM_OK), "engine %zu, allocation %zu: %s", k, n,
                          error.message);
            if (!hit)
                break;
        }
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_general_run(void);
Suite *pm_suite_general_run(void) {
    Suite *suite = suite_create("general_run");
    TCase *tests = tcase_create("general_run");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, states);
    tcase_add_test(tests, engines_record_alike);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
