/* Classifiers through the public header alone, on examples that the program gives. */
#include <punctum/punctum.h>

#include "support/folder.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60, FEATURES = 2, CLASSES = 2 };

/* Which of two intensities is larger. */
typedef struct examples {
    double values[N * FEATURES];
    uint8_t labels[N];
    pm_dataset set;
} examples;

static void fill(examples *e) {
    for (size_t k = 0; k < N; k++) {
        e->labels[k] = k % 2;
        e->values[2 * k] = (k % 2 ? 0.1 : 0.6) + 0.3 * (double)(7 * k % N) / N;
        e->values[2 * k + 1] = (k % 2 ? 0.6 : 0.1) + 0.3 * (double)(11 * k % N) / N;
    }
    e->set = (pm_dataset){.n = N,
                          .n_features = FEATURES,
                          .n_classes = CLASSES,
                          .values = e->values,
                          .label = e->labels,
                          .size = sizeof e->set};
}

static const char TEXT[] =
    "{\"duration\": 30, \"seed\": 5, \"data\": {\"given\": {\"classes\": 2}}, \"coding\": "
    "{\"latency\": {\"to\": 15}, \"bias\": 0}, \"neuron\": {\"V_th\": -55}, \"layers\": [{\"size\": 12, "
    "\"weight\": {\"normal\": [900, 400]}}, {\"size\": 2, \"weight\": {\"normal\": [50, 30]}}], "
    "\"loss\": {\"discounted\": {\"scale\": 0.3, \"tau\": 10}}, "
    "\"epochs\": 20, \"batch\": 20, \"rate\": 10.0}";

static pm_classification *experiment(void) {
    pm_classification *c = NULL;
    pm_error error = {0};
    ck_assert_msg(pm_classification_parse(TEXT, "text", &c, &error) == PM_OK, "%s", error.message);
    return c;
}

/* A training as a whole learns, and is the same as one epoch by epoch. */
START_TEST(whole_and_stepwise_training_agree) {
    examples e;
    pm_error error = {0};
    pm_classification *c = experiment();
    pm_class_trainer *t = NULL;
    pm_class_outcome outcome;
    uint32_t confusion[CLASSES * CLASSES];
    pm_score score;
    fill(&e);
    const pm_class_training how = {.train = &e.set, .test = &e.set, .size = sizeof how};
    ck_assert_msg(pm_classification_train(c, &how, &outcome, &error) == PM_OK, "%s", error.message);
    ck_assert_uint_eq(outcome.n_epochs, 20);
    ck_assert_uint_ge(outcome.test.correct, 55);
    ck_assert_int_eq(pm_class_trainer_new(c, &e.set, &t, &error), PM_OK);
    for (size_t k = 0; k < outcome.n_epochs; k++) {
        pm_epoch epoch;
        ck_assert_int_eq(pm_class_trainer_advance(t, NULL, NULL, NULL, NULL, &epoch, &error), PM_OK);
        ck_assert_double_eq(epoch.train.loss, outcome.epochs[k].train.loss);
        ck_assert_double_eq(epoch.rate, 10.0);
    }
    ck_assert_uint_eq(pm_class_trainer_epochs(t), 20);
    ck_assert_int_eq(pm_class_trainer_test(t, &e.set, confusion, &score, &error), PM_OK);
    ck_assert_double_eq(score.loss, outcome.test.loss);
    ck_assert_mem_eq(confusion, outcome.confusion, sizeof confusion);
    pm_class_outcome_free(&outcome);
    pm_class_trainer_free(t);
    pm_classification_free(c);
}
END_TEST

/* What a folder holds after a training is tested with the same score, and a trainer that is restored from it goes on.
 */
START_TEST(a_trained_folder_can_be_tested) {
    examples e;
    pm_error error = {0};
    pm_classification *c = experiment();
    pm_class_outcome outcome, again;
    pm_class_trainer *t = NULL;
    pm_results *results = NULL;
    pm_epoch *epochs = NULL;
    fill(&e);
    char folder[TEST_FOLDER_SIZE];
    test_folder_make(folder);
    pm_class_training how = {.folder = folder, .train = &e.set, .test = &e.set};
    ck_assert_msg(pm_classification_train(c, &how, &outcome, &error) == PM_OK, "%s", error.message);
    const pm_class_exam exam = {.trained = folder, .train = &e.set, .test = &e.set, .size = sizeof exam};
    ck_assert_msg(pm_classification_test(c, &exam, &again, &error) == PM_OK, "%s", error.message);
    ck_assert_double_eq(again.test.loss, outcome.test.loss);
    ck_assert_uint_eq(again.n_epochs, 20);
    ck_assert_double_eq(again.epochs[19].train.loss, outcome.epochs[19].train.loss);
    ck_assert_int_eq(pm_class_trainer_new(c, &e.set, &t, &error), PM_OK);
    ck_assert_int_eq(pm_class_trainer_restore(t, folder, &epochs, NULL, &error), PM_OK);
    ck_assert_uint_eq(pm_class_trainer_epochs(t), 20);
    ck_assert_int_eq(pm_class_trainer_save(t, folder, epochs, &error), PM_OK);
    ck_assert_int_eq(pm_results_open(folder, NULL, true, &results, &error), PM_OK);
    ck_assert_int_eq(pm_classification_test_write(results, c, &exam, &again, &error), PM_OK);
    pm_results_close(results, false);
    /* one epoch more than is left to do */
    ck_assert_int_eq(pm_classification_set(c, "epochs", 5.0, &error), PM_OK);
    how.resume = true;
    pm_class_outcome_free(&outcome);
    ck_assert_int_eq(pm_classification_train(c, &how, &outcome, &error),
                     PM_OK); /* its checkpoint went with the results */
    ck_assert_uint_eq(outcome.n_epochs, 5);
    pm_class_trainer_free(t);
    pm_free(epochs);
    pm_class_outcome_free(&outcome);
    pm_class_outcome_free(&again);
    pm_classification_free(c);
    test_folder_remove(folder);
}
END_TEST

/* Spikes of one example are those of the network, in order; the weights are tables. */
START_TEST(an_example_is_seen) {
    examples e;
    pm_error error = {0};
    pm_classification *c = experiment();
    pm_class_trainer *t = NULL;
    pm_score score;
    pm_class_table table;
    const double *time = NULL, *slope = NULL;
    const uint32_t *neuron = NULL;
    fill(&e);
    ck_assert_int_eq(pm_class_trainer_new(c, &e.set, &t, &error), PM_OK);
    ck_assert_int_eq(pm_class_trainer_test(t, &e.set, NULL, &score, &error), PM_OK);
    ck_assert(pm_class_trainer_looks(t));
    ck_assert_uint_eq(pm_class_trainer_spikes(t, 0, NULL, NULL, NULL), 0);
    ck_assert_int_eq(pm_class_trainer_run(t, &e.set, 3, &error), PM_OK);
    ck_assert_uint_eq(pm_class_trainer_spikes(t, 0, &time, &neuron, NULL), FEATURES + 1); /* and the bias */
    for (size_t k = 1; k <= FEATURES; k++)
        ck_assert_double_eq_tol(time[k], 15.0 * (1.0 - e.values[3 * FEATURES + neuron[k]]), 1e-12);
    size_t n = pm_class_trainer_spikes(t, 1, &time, &neuron, &slope);
    ck_assert_uint_gt(n, 0);
    for (size_t k = 0; k < n; k++) {
        ck_assert_double_gt(slope[k], 0.0);
        ck_assert_uint_lt(neuron[k], 12);
    }
    ck_assert_uint_eq(pm_class_trainer_spikes(t, 9, &time, &neuron, &slope), 0);
    ck_assert_int_eq(pm_class_trainer_run(t, &e.set, N, &error), PM_INVALID);
    ck_assert(pm_class_trainer_table(t, 0, &table));
    ck_assert_str_eq(table.name, "weights-1");
    ck_assert_uint_eq(table.rows, 12);
    ck_assert_uint_eq(table.columns, FEATURES + 1);
    pm_class_trainer_free(t);
    pm_classification_free(c);
}
END_TEST

/* Numbers of an experiment are set and read by their keys, within their ranges. */
START_TEST(numbers_have_keys) {
    pm_classification *c = experiment();
    pm_error error = {0};
    ck_assert_double_eq(pm_classification_number(c, "batch"), 20.0);
    ck_assert_int_eq(pm_classification_set(c, "schedule.factor", 0.5, &error), PM_OK);
    ck_assert_double_eq(pm_classification_number(c, "schedule.factor"), 0.5);
    ck_assert_int_eq(pm_classification_set(c, "seed", 7.0, &error), PM_OK);
    ck_assert_double_eq(pm_classification_number(c, "seed"), 7.0);
    ck_assert_int_eq(pm_classification_set(c, "seed", 0.5, &error), PM_INVALID);
    ck_assert_int_eq(pm_classification_set(c, "rate", -1.0, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "rate");
    ck_assert_int_eq(pm_classification_set(c, "no such", 1.0, &error), PM_INVALID);
    ck_assert(isnan(pm_classification_number(c, "no such")));
    pm_classification_free(c);
}
END_TEST

/* Examples that are none are refused with the reason, and so are tests on other features than the network has. */
START_TEST(examples_are_checked) {
    examples e;
    pm_error error = {0};
    pm_classification *c = experiment();
    pm_class_trainer *t = NULL;
    pm_dataset own;
    pm_score score;
    fill(&e);
    ck_assert_int_eq(pm_classification_data(c, &own, NULL, NULL, &error), PM_INVALID);
    struct {
        pm_dataset set;
        const char *words;
    } wrong[] = {{e.set, "no set"},    {e.set, "one of bytes"},   {e.set, "pictures of 2 x 2"},
                 {e.set, "2 classes"}, {e.set, "from 0 to 1"},    {e.set, "1 bytes"},
                 {e.set, "no set"},    {e.set, "recordings need"}};
    uint8_t labels[N] = {2};
    double values[N * FEATURES] = {NAN};
    uint64_t first[N + 1] = {0};
    wrong[0].set.label = NULL;
    wrong[1].set.bytes = labels;
    wrong[2].set.width = wrong[2].set.height = 2;
    wrong[3].set.label = labels;
    wrong[4].set.values = values;
    wrong[5].set.size = 1;
    wrong[6].set.n = 0;
    wrong[7].set.values = NULL;
    wrong[7].set.first = first;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_int_eq(pm_class_trainer_new(c, &wrong[k].set, &t, &error), PM_INVALID);
        ck_assert_msg(strstr(error.message, wrong[k].words) != NULL, "%s", error.message);
    }
    ck_assert_int_eq(pm_class_trainer_new(c, &e.set, &t, &error), PM_OK);
    pm_dataset other = e.set;
    other.n_features = 1;
    ck_assert_int_eq(pm_class_trainer_test(t, &other, NULL, &score, &error), PM_INVALID);
    pm_class_trainer_free(t);
    pm_classification_free(c);
}
END_TEST

Suite *pm_suite_classes(void);
Suite *pm_suite_classes(void) {
    Suite *suite = suite_create("classes");
    TCase *all = tcase_create("all");
    tcase_add_test(all, whole_and_stepwise_training_agree);
    tcase_add_test(all, a_trained_folder_can_be_tested);
    tcase_add_test(all, an_example_is_seen);
    tcase_add_test(all, numbers_have_keys);
    tcase_add_test(all, examples_are_checked);
    suite_add_tcase(suite, all);
    return suite;
}
