/* Experiments with spike times: what their files may say, and what training keeps of it. */
#include "support/folder.h"
#include "support/lines.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[TEST_FOLDER_SIZE];

static void make_folder(void) { test_folder_make(folder); }
static void remove_folder(void) { test_folder_remove(folder); }

static const line GOOD[] = {
    {"duration", "40.0"},
    {"neuron", "{t_ref: 0.0}"},
    {"layers",
     "[{name: in, size: 6}, {name: mid, size: 5, weight: {uniform: [0.0, 8000.0]}, rate: 30.0}, "
     "{name: out, size: 1, weight: [{share: 0.5, value: 3000.0}, {share: 0.5, normal: [2000.0, 500.0]}], rate: 30.0}]"},
    {"problem", "{patterns: [{input: in.dat, target: out.dat}]}"},
    {"goal", "{within: 0.01}"},
    {"order", "batch"},
    {"schedule", "{decay: 10.0, power: 0.0}"},
    {"momentum", "0.0"},
    {"polish", "{within: 1.0e-6}"},
    {"iterations", "5"},
};
static pm_status load(const line *change, pm_experiment **e, pm_error *error) {
    text_put(folder, "in.dat", "0 0.0\n1 3.0\n2 6.0\n3 9.0\n4 12.0\n5 15.0\n");
    text_put(folder, "out.dat", "0 12.0\n0 25.0\n");
    lines_put(folder, "e.yaml", GOOD, sizeof GOOD / sizeof *GOOD, change);
    return pm_experiment_load(test_folder_place(folder, "e.yaml"), e, error);
}

static pm_experiment *load_good(const line *change) {
    pm_experiment *e = NULL;
    pm_error error = {0};
    ck_assert_msg(load(change, &e, &error) == PM_OK, "%s", error.message);
    return e;
}

#define LAYERS(of_mid) "[{name: in, size: 6}, {name: mid, size: 5, " of_mid "}, {name: out, size: 1, weight: 1000.0}]"

/* Whatever is wrong in a file is refused with the line of its key, and a message that says what would be right. */
START_TEST(refused) {
    static const struct {
        line change;
        const char *message;
    } cases[] = {
        {{"duration", "0.0"}, "e.yaml:1: duration: the duration is 0 ms; it must be positive"},
        {{"layers", "[{name: in, size: 6}]"}, "e.yaml:3: layers: .*of 2 to 9 layers"},
        {{"layers", "[{name: in, size: 6}, {name: in, size: 1}]"}, "e.yaml:3: layers.*two layers named 'in'"},
        {{"layers", LAYERS("weight: {uniform: [2.0, 1.0]}")}, "e.yaml:3: layers.*the first must not exceed the second"},
        {{"layers", LAYERS("weight: {normal: [2.0, -1.0]}")}, "e.yaml:3: layers.*must not be negative"},
        {{"layers", LAYERS("weight: 1e16")}, "e.yaml:3: layers.*at most 1e+15 in magnitude"},
        {{"layers", LAYERS("weight: [{share: 0.0, value: 1.0}]")}, "e.yaml:3: layers.*shares are positive"},
        {{"layers", LAYERS("weight: {uniform: [0.0, 1.0], value: 1.0}")}, "give one of uniform, normal and value"},
        {{"layers", LAYERS("bounds: [2.0, 1.0]")}, "e.yaml:3: layers.*mid"},
        {{"layers", LAYERS("rate: 0.0")}, "e.yaml:3: layers.*mid"},
        {{"problem", "{patterns: []}"}, "e.yaml:4: problem"},
        {{"problem", "{xor: {interval: 1.0, bit_at: 6.0, target_0: 16.0, target_1: 50.0}}"},
         "e.yaml:4: problem: the times of the XOR problem must be positive and within the duration"},
        {{"problem", "{poisson: {}, xor: {}}"}, "e.yaml:4: problem: give one of poisson, xor and patterns"},
        {{"problem", "{poisson: {input_rate: 0.0}}"}, "e.yaml:4: problem: rates of 0 "},
        {{"problem", "{poisson: {target_from: 40.0}}"}, "e.yaml:4: problem: targets begin at 40 ms"},
        {{"problem", "{poisson: {target_rate: 100.0, target_gap: 10.0}}"},
         "e.yaml:4: problem: the smallest interval between target spikes is 10 ms"},
        {{"goal", "{}"}, "e.yaml:5: goal"},
        {{"goal", "{correlation: 1.5}"}, "e.yaml:5: goal: a correlation of 1.5 is asked for"},
        {{"goal", "{within: -1.0}"}, "e.yaml:5: goal: the goal's times are -1"},
        {{"order", "sideways"}, "e.yaml:6: order: 'sideways' is neither online nor batch"},
        {{"schedule", "{decay: 0.0}"}, "e.yaml:7: schedule: decay is 0 iterations; it must be positive"},
        {{"schedule", "{power: -1.0}"}, "e.yaml:7: schedule: power is -1; it must be at least 0"},
        {{"momentum", "1.0"}, "e.yaml:8: momentum: momentum is 1"},
        {{"polish", "{}"}, "e.yaml:9: polish.*within"},
        {{"polish", "{within: 0.0}"}, "e.yaml:9: polish: polishing is to bring spikes within 0 ms"},
        {{"order", "online"}, "e.yaml:9: polish: polishing is for weights that change after all patterns"},
        {{"neuron", "{t_ref: 1.0}"}, "e.yaml:9: polish: .*neurons with t_ref 0"},
        {{"polish", "{within: 1.0, iterations: 0}"}, "e.yaml:9: polish.iterations"},
        {{"iterations", "0"}, "e.yaml:10: iterations"},
    };
    pm_experiment_free(load_good(NULL));
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        pm_experiment *e = NULL;
        pm_error error = {0};
        pm_status status = load(&cases[k].change, &e, &error);
        ck_assert_msg(status == PM_INVALID, "%s: %s is taken", cases[k].change.key, cases[k].change.value);
        ck_assert_ptr_null(e);
        ck_assert_msg(text_holds(error.message, cases[k].message), "%s: no '%s' in '%s'", cases[k].change.value,
                      cases[k].message, error.message);
    }
}
END_TEST

static pm_trainer *start(const pm_experiment *e, uint32_t trial) {
    pm_trainer *t = NULL;
    pm_error error = {0};
    ck_assert_msg(pm_trainer_new(e, trial, &t, &error) == PM_OK, "%s", error.message);
    return t;
}

/* Weights stay within the bounds of their layer, some at them, and keep their sign where that is asked for. */
START_TEST(bounds_and_signs) {
    const line change = {"layers", "[{name: in, size: 6}, {name: mid, size: 5, weight: {uniform: [-500.0, 8000.0]}, "
                                   "rate: 3000.0, keep_sign: yes}, {name: out, size: 1, weight: {uniform: [500.0, "
                                   "4000.0]}, rate: 3000.0, bounds: [0.0, 4000.0]}]"};
    pm_experiment *e = load_good(&change);
    size_t at_bounds = 0, at_zero = 0;
    e->goal.within = 1e-12; /* not to be reached */
    e->polish_iterations = 0;
    for (uint32_t trial = 0; trial < 10; trial++) {
        pm_trainer *t = start(e, trial);
        double before[35], after[35];
        ck_assert_uint_eq(pm_experiment_weights(e), 35);
        ck_assert_int_eq(pm_trainer_weights(t, before, 35, NULL), PM_OK);
        for (int k = 0; k < 20 && pm_trainer_step(t, NULL) == PM_OK; k++) {
            ck_assert_int_eq(pm_trainer_weights(t, after, 35, NULL), PM_OK);
            for (size_t w = 0; w < 30; w++) {
                ck_assert(before[w] * after[w] >= 0.0);
                at_zero += after[w] == 0.0;
            }
            for (size_t w = 30; w < 35; w++) {
                ck_assert(after[w] >= 0.0 && after[w] <= 4000.0);
                at_bounds += after[w] == 0.0 || after[w] == 4000.0;
            }
        }
        pm_trainer_free(t);
    }
    ck_assert_uint_gt(at_bounds, 0);
    ck_assert_uint_gt(at_zero, 0);
    pm_experiment_free(e);
}
END_TEST

/* The schedule multiplies the change of iteration n by (1 + n/decay)^-power and nothing else. */
START_TEST(schedule) {
    double weights[2][3][35];
    for (size_t which = 0; which < 2; which++) {
        const line change = {"schedule", which ? "{decay: 1.0, power: 2.0}" : "{decay: 1.0}"};
        pm_experiment *e = load_good(&change);
        pm_trainer *t = start(e, 3);
        for (size_t k = 0; k < 3; k++) {
            ck_assert_int_eq(pm_trainer_weights(t, weights[which][k], 35, NULL), PM_OK);
            ck_assert_int_eq(pm_trainer_step(t, NULL), PM_OK);
        }
        pm_trainer_free(t);
        pm_experiment_free(e);
    }
    double largest = 0.0;
    for (size_t w = 0; w < 35; w++) {
        ck_assert_double_eq(weights[0][1][w], weights[1][1][w]); /* n = 0 */
        const double whole = weights[0][2][w] - weights[0][1][w], part = weights[1][2][w] - weights[1][1][w];
        largest = fmax(largest, fabs(whole));
        ck_assert_double_eq_tol(part, 0.25 * whole, 1e-8); /* rounding of sums with the weight */
    }
    ck_assert_double_gt(largest, 1.0);
}
END_TEST

static const char PRECISE[] =
    "duration: 30.0\nseed: 2020\niterations: 400\n"
    "layers:\n  - {name: input, size: 54}\n  - name: hidden\n    size: 54\n"
    "    weight: [{share: 0.8, normal: [1760.0, 880.0]}, {share: 0.2, normal: [-1760.0, 880.0]}]\n"
    "  - {name: output, size: 1}\n"
    "problem: {xor: {interval: 1.0, bit_at: 6.0, target_0: 16.0, target_1: 10.0}}\ngoal: {within: 0.05}\n"
    "rule: {normad: {tau_hat: 3.0, tau_hat_hidden: 3.0, step: 30.0, approach: 0.5, longest_step: 15000.0}}\n";

/* Newton steps bring a solution of the XOR problem to within 1e-9 ms of its instants, where it was not before; and what
 * they cannot reach is said. */
START_TEST(polish) {
    static const char *const kinds[] = {"", "polish: {within: 1.0e-9}\n",
                                        "polish: {within: 1.0e-300, iterations: 3}\n"};
    for (size_t k = 0; k < 3; k++) {
        char text[1000];
        pm_experiment *e = NULL;
        pm_trial trial;
        pm_error error = {0};
        snprintf(text, sizeof text, "%s%s", PRECISE, kinds[k]);
        text_put(folder, "precise.yaml", text);
        ck_assert_msg(pm_experiment_load(test_folder_place(folder, "precise.yaml"), &e, &error) == PM_OK, "%s",
                      error.message);
        ck_assert_msg(pm_trial_run(e, 0, NULL, NULL, NULL, &trial, &error) == PM_OK, "%s", error.message);
        ck_assert_int_eq(trial.converged, k < 2);
        ck_assert_int_eq(trial.polished > 0, k > 0);
        ck_assert(k != 0 || (trial.off > 1e-6 && trial.off <= 0.05));
        ck_assert(k != 1 || trial.off <= 1e-9);
        ck_assert(k != 2 || strstr(trial.message, "polishing came as close as"));
        pm_trial_free(&trial);
        pm_experiment_free(e);
    }
}
END_TEST

/* What is asked for and is not there is an error or no number, and nothing happens. */
START_TEST(misuse) {
    pm_experiment *e = pm_experiment_new(), *good = load_good(NULL);
    const pm_event event = {.time = 1.0}, late = {.time = 1.0, .neuron = 6}, early = {.time = -1.0};
    pm_error error = {0};
    double weights[35], again[35];
    ck_assert_int_eq(pm_experiment_add_pattern(e, &event, 1, &event, 1, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "patterns come after the layers");
    ck_assert_int_eq(pm_experiment_set_rule(e, "nonesuch", &error), PM_INVALID);
    ck_assert_int_eq(pm_experiment_add_pattern(good, &late, 1, &event, 1, &error), PM_INVALID);
    ck_assert(strstr(error.message, "a spike of neuron 6; layer 'in' has 6 neurons"));
    ck_assert_int_eq(pm_experiment_add_pattern(good, &event, 1, &early, 1, &error), PM_INVALID);
    ck_assert(strstr(error.message, "a spike at -1 ms"));
    pm_trainer *t = start(good, 0);
    ck_assert_int_eq(pm_trainer_run(t, 1, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "there is no pattern 1; the trial has 1");
    ck_assert_int_eq(pm_trainer_weights(t, weights, 34, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "room for 34 weights; there are 35");
    ck_assert_int_eq(pm_trainer_weights(t, weights, 35, NULL), PM_OK);
    for (uint32_t source = 0; source < 6; source++) /* layer by layer, a row for each target */
        for (uint32_t target = 0; target < 5; target++)
            ck_assert_double_eq(weights[6 * target + source], pm_trainer_weight(t, 1, source, target));
    ck_assert(isnan(pm_trainer_weight(t, 0, 0, 0)) && isnan(pm_trainer_weight(t, 1, 6, 0)) &&
              isnan(pm_trainer_weight(t, 3, 0, 0)));
    pm_trainer_set_weight(t, 3, 0, 0, 1.0);
    ck_assert_int_eq(pm_trainer_weights(t, again, 35, NULL), PM_OK);
    ck_assert_int_eq(memcmp(weights, again, sizeof weights), 0);
    pm_trainer_free(t);
    pm_experiment_free(e);
    pm_experiment_free(good);
}
END_TEST

/* Memory may run out anywhere, polishing and a new beginning included: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    pm_experiment *e = load_good(NULL);
    e->restart = 2;
    for (size_t n = 1;; n++) {
        pm_trainer *t = NULL;
        pm_error error = {0};
        starve(n);
        pm_status status = pm_trainer_new(e, 0, &t, &error);
        for (int k = 0; k < 4 && status == PM_OK; k++)
            status = pm_trainer_step(t, &error);
        const bool hit = starved();
        starve(0);
        pm_trainer_free(t);
        ck_assert_msg(status == (hit ? PM_NO_MEMORY : PM_OK), "%zu: %s", n, error.message);
        if (!hit)
            break;
    }
    pm_experiment_free(e);
}
END_TEST

/* Through the library, too, receptors, sources and weights have to go together; what is refused leaves nothing. */
START_TEST(receptors) {
    const pm_receptor two[] = {{.name = "a", .kernel = pm_kernel_find("exponential"), .parameters = {5.0}},
                               {.name = "b", .kernel = pm_kernel_find("alpha"), .parameters = {2.0}}};
    const pm_receptor jumps = {.name = "c", .kernel = pm_kernel_find("impulse")};
    uint32_t right[] = {2, 1}, wrong[] = {2, 2};
    pm_weight_part only_a = {.share = 1.0, .draw = {.a = 7.0}, .receptor = 1},
                   of_neither = {.share = 1.0, .receptor = 3};
    pm_weight_part parts[] = {only_a, {.share = 1.0, .draw = {.a = 9.0}, .receptor = 2}};
    pm_training_layer in = {.name = "in", .size = 3};
    pm_training_layer out = {
        .name = "out", .size = 2, .plastic = true, .rate = 1.0, .lowest = -INFINITY, .highest = INFINITY};
    pm_experiment *e = pm_experiment_new();
    pm_error error = {0};
    ck_assert_int_eq(pm_experiment_set_receptors(e, &jumps, 1, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "'c' is impulse"));
    ck_assert_int_eq(pm_experiment_add_layer(e, &in, &error), PM_OK);
    out.sources = right;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "of which there are none"));
    ck_assert_int_eq(pm_experiment_set_receptors(e, two, 2, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "before the layers"));
    pm_experiment_free(e);

    e = pm_experiment_new();
    ck_assert_int_eq(pm_experiment_set_receptors(e, two, 2, &error), PM_OK);
    ck_assert_int_eq(pm_experiment_add_layer(e, &in, &error), PM_OK);
    out.sources = NULL;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "has to say which its sources reach"));
    out.sources = wrong;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "for 4 sources; they must be as many as 'in' has neurons, 3"));
    out.sources = right;
    out.parts = &of_neither;
    out.n_parts = 1;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "weights over receptor 2 of layer 'out'; there are 2"));
    out.parts = &only_a;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "no weight for what comes over receptor 'b'"));
    out.parts = parts;
    out.n_parts = 2;
    ck_assert_int_eq(pm_experiment_add_layer(e, &out, &error), PM_OK);
    const pm_event spike = {.time = 1.0}, wanted = {.time = 5.0};
    ck_assert_int_eq(pm_experiment_add_pattern(e, &spike, 1, &wanted, 1, &error), PM_OK);
    e->duration = 10.0;
    e->goal.within = 1.0;
    pm_trainer *t = NULL;
    ck_assert_int_eq(pm_experiment_set_rule(e, "span", &error), PM_OK);
    ck_assert_int_eq(pm_trainer_new(e, 0, &t, &error), PM_OK);
    pm_trainer_free(t);
    ck_assert_int_eq(pm_experiment_set_rule(e, "normad", &error), PM_OK);
    ck_assert_int_eq(pm_trainer_new(e, 0, &t, &error), PM_OK);
    for (uint32_t i = 0; i < in.size; i++)
        for (uint32_t j = 0; j < out.size; j++)
            ck_assert(pm_trainer_weight(t, 1, i, j) == (i < 2 ? 7.0 : 9.0));
    pm_trainer_free(t);
    pm_experiment_free(e);
}
END_TEST

Suite *pm_suite_experiment(void);
Suite *pm_suite_experiment(void) {
    Suite *suite = suite_create("experiment");
    TCase *tests = tcase_create("experiment");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, bounds_and_signs);
    tcase_add_test(tests, schedule);
    tcase_add_test(tests, polish);
    tcase_add_test(tests, misuse);
    tcase_add_test(tests, memory_runs_out);
    tcase_add_test(tests, receptors);
    suite_add_tcase(suite, tests);
    return suite;
}
