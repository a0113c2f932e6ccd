/* Experiments in classification: what is refused, and training whose bits do not depend on threads. */
#include "classify/classification.h"
#include "support/presets.h"

#include <check.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* An experiment whose desired train is impossible is refused with a message that names the key. */
START_TEST(trains_refused) {
    const double trains_given[][2] = {{0.0, 5.0}, {5.0, 30.0}, {6.0, 6.0}, {NAN, 7.0}};
    pm_classification *c = pm_classification_new();
    pm_error error;
    pm_classification_set_loss(c, &pm_loss_trains);
    c->layers[0] = (pm_classification_layer){.size = 3, .rate = 1.0};
    c->n_layers = 1;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "loss.trains: the desired train has no spikes"));
    c->desired = malloc(2 * sizeof *c->desired);
    c->n_desired = 2;
    for (size_t k = 0; k < sizeof trains_given / sizeof *trains_given; k++) {
        memcpy(c->desired, trains_given[k], sizeof *trains_given);
        ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "loss.trains: "));
    }
    c->desired[0] = 6.0;
    c->desired[1] = 7.0;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_OK);
    *c->loss_parameters = -1.0; /* tau */
    ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
    pm_classification_free(c);
}
END_TEST

/* Trains on Yin-Yang with so many threads; the weights go to `weights`, the scores of the test to `score`. */
static void train_small(const pm_loss *loss, int threads, double *weights, size_t n, pm_score *score) {
    static const double desired[] = {16.0, 19.5, 23.0}; /* ms */
    pm_classification *c = pm_classification_new();
    pm_class_trainer *t = NULL;
    pm_dataset train, test;
    c->neuron.V_th = c->readout.V_th = -50.0;
    pm_classification_set_loss(c, loss);
    if (loss == &pm_loss_discounted)
        set_value(&loss->head, c->loss_parameters, "scale", 0.3);
    c->duration = 40.0;
    set_value(&c->coding.code->head, c->coding.parameters, "to", 20.0);
    set_value(&c->coding.code->head, c->coding.parameters, "threshold", -1.0);
    c->layers[0] = (pm_classification_layer){.size = 40, .mean = 900.0, .std = 600.0, .dropout = 0.1, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = 3, .mean = 50.0, .std = 30.0, .rate = 1.0};
    c->n_layers = 2;
    c->n_classes = 3;
    c->batch = 50;
    c->n_desired = sizeof desired / sizeof *desired;
    c->desired = malloc(sizeof desired);
    memcpy(c->desired, desired, sizeof desired);
    c->coding.bias = 0.0;
    c->opposition = 0.2;
    c->rate = 20.0;
    c->average = 0.9;
    ck_assert_int_eq(pm_classification_check(c, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_yin_yang(1, "train", 600, &train, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_yin_yang(1, "test", 300, &test, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_new(c, &train, &t, NULL), PM_OK);
    omp_set_num_threads(threads);
    for (int epoch = 0; epoch < 4; epoch++)
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, score, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_test(t, &test, NULL, score, NULL), PM_OK);
    size_t length = 0;
    const double *array = pm_class_trainer_array(t, 0, &length);
    ck_assert_uint_ge(length, n);
    memcpy(weights, array, n * sizeof *weights);
    pm_class_trainer_free(t);
    pm_dataset_free(&train);
    pm_dataset_free(&test);
    pm_classification_free(c);
}

/* Training gives the same bits with 1, 2 and 3 threads, and learns: the exact gradient and NormAD. */
START_TEST(threads) {
    enum { N = 5 * 40 };
    const pm_loss *const losses[] = {&pm_loss_discounted, &pm_loss_trains};
    double one[N], other[N];
    pm_score first, score;
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++) {
        train_small(losses[k], 1, one, N, &first);
        ck_assert_uint_gt(first.correct, 180); /* of 300; 100 by chance */
        for (int n = 2; n <= 3; n++) {
            train_small(losses[k], n, other, N, &score);
            ck_assert_int_eq(memcmp(one, other, sizeof one), 0);
            ck_assert_int_eq(memcmp(&score.loss, &first.loss, sizeof score.loss), 0);
            ck_assert_uint_eq(score.correct, first.correct);
        }
    }
}
END_TEST

/* A silent neuron's weights are raised by what it misses, in proportion to the spikes of their sources: three features,
 * of which the first fires in all of four examples, the second in two, the third in none; by half in the second epoch,
 * where the rate is. */
START_TEST(activity) {
    enum { N = 4, FEATURES = 3 };
    double values[N * FEATURES] = {1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0};
    uint8_t labels[N] = {0, 1, 0, 1};
    const pm_dataset data = {.n = N, .n_features = FEATURES, .n_classes = 2, .values = values, .label = labels};
    pm_classification *c = pm_classification_new();
    pm_class_trainer *t = NULL;
    pm_score score;
    c->neuron.V_th = c->readout.V_th = -50.0;
    pm_classification_set_loss(c, &pm_loss_discounted);
    c->duration = 20.0;
    set_value(&c->coding.code->head, c->coding.parameters, "threshold", 0.5);
    set_value(&c->coding.code->head, c->coding.parameters, "to", 5.0);
    c->layers[0] = (pm_classification_layer){.size = 1, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = 2, .rate = 1.0};
    c->n_layers = c->n_classes = 2;
    c->batch = N;
    c->lowest = 0.5;
    c->lift = 8.0;
    c->fade = 1.0;
    c->decay = 0.5;
    ck_assert_int_eq(pm_classification_check(c, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_new(c, &data, &t, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
    size_t length = 0, stride = PM_LAYER_LANES;
    const double *weight = pm_class_trainer_array(t, 0, &length);
    ck_assert_uint_ge(length, FEATURES * stride);
    ck_assert_double_eq(weight[0], 4.0);
    ck_assert_double_eq(weight[stride], 2.0);
    ck_assert_double_eq(weight[2 * stride], 0.0);
    ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
    ck_assert_double_eq(weight[0], 6.0);
    pm_class_trainer_free(t);
    pm_classification_free(c);
}
END_TEST

Suite *pm_suite_classification(void);
Suite *pm_suite_classification(void) {
    Suite *suite = suite_create("classification");
    TCase *tests = tcase_create("classification");
    tcase_add_test(tests, trains_refused);
    tcase_add_test(tests, threads);
    tcase_add_test(tests, activity);
    suite_add_tcase(suite, tests);
    return suite;
}
