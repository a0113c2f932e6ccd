/* Networks of network files that learn: gradients by differences, bounds, threads, what is refused. */
#define _GNU_SOURCE
#include "classify/classifier_model.h"
#include "io/classification_file.h"

#include <check.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static const char *place(const char *name) {
    static char path[2][160];
    static size_t next;
    char *to = path[next++ % 2];
    snprintf(to, sizeof path[0], "%s/%s", folder, name);
    return to;
}

static void put(const char *name, const char *text) {
    FILE *file = fopen(place(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* Two populations that reach each other, with delays; outputs that fire or are silent. */
static const char NETWORK[] =
    "duration: 45.0\n"
    "neuron: {C_m: 100.0, g_L: 10.0, E_L: -70.0, V_th: -60.0, V_reset: -70.0, t_ref: 1.0, tau_1: 5.0, tau_2: 1.0}\n"
    "populations:\n"
    "  - {name: a, size: 6, neuron: {I_e: 110.0}}\n"
    "  - {name: out, size: 2}\n"
    "  - {name: in, size: 4, source: {spikes: []}}\n"
    "projections:\n"
    "  - {from: a, to: out, connect: all_to_all, weight: {uniform: [20, 200]}, delay: {uniform: [1.0, 4.0]}}\n"
    "  - {from: in, to: a, connect: all_to_all, weight: {normal: [150.0, 60.0]}, delay: {uniform: [1.0, 9.0]}}\n"
    "  - {from: a, to: a, connect: {fixed_indegree: 3}, weight: {normal: [0.0, 60.0]}, delay: {uniform: [1.0, 9.0]}}\n";

static const char EXPERIMENT[] = "network: net.yaml\ninput: in\noutput: out\nseed: 3\n"
                                 "data: {delayed_xor: {gap: 30.0, width: 4.0}, train: 20, test: 20}\n"
                                 "learn:\n"
                                 "  - {from: in, to: a, weights: {}, delays: {rate: 0.1, per: axon}}\n"
                                 "  - {from: a, to: a, weights: {max: 300.0}, delays: {rate: 0.1, min: 0.5}}\n"
                                 "  - {from: a, to: out, weights: {}, delays: {rate: 0.1}}\n"
                                 "%s"
                                 "loss: %s\nslope_floor: 0.0\nepochs: 2\nbatch: 10\nparts: 2\nrate: 2.0\n";

static pm_classification *load(const char *parameters, const char *loss, const char *network) {
    char text[2000];
    pm_error error = {0};
    pm_classification *c = NULL;
    snprintf(folder, sizeof folder, "/tmp/punctum-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put("net.yaml", network);
    snprintf(text, sizeof text, EXPERIMENT, parameters, loss);
    put("e.yaml", text);
    ck_assert_msg(pm_classification_load(place("e.yaml"), &c, &error) == PM_OK, "%s", error.message);
    return c;
}

static void drop(pm_classification *c) {
    pm_classification_free(c);
    ck_assert_int_eq(unlink(place("net.yaml")), 0);
    ck_assert_int_eq(unlink(place("e.yaml")), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static const char PARAMETERS[] = "  - {neurons: a, parameters: {V_th: {rate: 0.1}, I_e: {rate: 0.1}}}\n";

/* The mean loss of a set with these numbers. */
static double loss_of(void *model, const double *values, const pm_dataset *data, size_t parts) {
    pm_score all = {0};
    pm_error error = {0};
    pm_classifier_network.prepare(model, &values);
    for (size_t p = 0; p < parts; p++)
        ck_assert_msg(pm_classifier_network.test(model, p, data, data->n * p / parts, data->n * (p + 1) / parts, NULL,
                                                 &all, &error) == PM_OK,
                      "%s", error.message);
    return all.loss / (double)data->n;
}

/* Every derivative of the loss of a batch is what differences of the loss say. */
static void check_gradient(const char *parameters, const char *loss, const char *network) {
    pm_classification *c = load(parameters, loss, network);
    pm_dataset train = {0}, test = {0};
    void *model = calloc(1, pm_classifier_network.size);
    omp_set_num_threads(1);
    pm_error error = {0};
    const uint32_t order[] = {0, 1};
    size_t n = 0, differ = 0, some = 0;
    pm_class_block b;
    ck_assert_int_eq(pm_classification_data(c, &train, NULL, &test, NULL), PM_OK);
    ck_assert_msg(pm_classifier_network.create(model, c, &train, NULL, c->parts, &error) == PM_OK, "%s", error.message);
    double *values = pm_classifier_network.array(model, 0, &n);
    double *gradient = calloc(n, sizeof *gradient);
    ck_assert_ptr_nonnull(gradient);
    pm_score score = {0};
    const size_t n_batch = sizeof order / sizeof *order;
    pm_classifier_network.prepare(model, NULL);
    for (size_t p = 0; p < c->parts; p++) {
        const size_t from = n_batch * p / c->parts, to = n_batch * (p + 1) / c->parts;
        const pm_class_batch batch = {order + from, to - from, 0, from};
        ck_assert_msg(pm_classifier_network.learn(model, p, &batch, &score, &error) == PM_OK, "%s", error.message);
    }
    train.n = n_batch;
    for (size_t k = 0; pm_classifier_network.block(model, k, &b); k++) {
        pm_classifier_network.gather(model, k, n_batch, c->rate);
        memcpy(gradient + b.from, pm_classifier_network.gradient(model, k, 0, n_batch), b.columns * sizeof *gradient);
    }
    for (size_t k = 0; k < n; k++) {
        const double was = values[k], h = 1e-5;
        values[k] = was + h;
        const double up = loss_of(model, values, &train, c->parts);
        values[k] = was - h;
        const double down = loss_of(model, values, &train, c->parts), by = (up - down) / (2.0 * h);
        values[k] = was;
        some += fabs(by) > 1e-6;
        differ += fabs(by - gradient[k]) > 1e-5 * fabs(by) + 1e-8; /* rounding of differences, and their curvature */
    }
    ck_assert_msg(differ == 0, "%s: %zu of %zu derivatives are wrong", loss, differ, n);
    ck_assert_uint_gt(some, n / 4);
    free(gradient);
    pm_classifier_network.destroy(model);
    free(model);
    pm_dataset_free(&train);
    pm_dataset_free(&test);
    drop(c);
}

START_TEST(gradients) {
    check_gradient("", "{potential: {from: 20.0, to: 40.0, fade: 30.0, scale: 0.5}}", NETWORK);
    check_gradient(PARAMETERS, "potential", NETWORK);
    check_gradient("", "{count: {from: 10.0}}", NETWORK);
    check_gradient("", "{earliest: {from: 12.0, scale: 2.0}}", NETWORK);
}
END_TEST

/* Outputs that never fire learn from their potential at the end. */
START_TEST(pseudospikes) {
    char *network = strdup(NETWORK);
    ck_assert_ptr_nonnull(network);
    memcpy(strstr(network, "[20, 200]"), "[-9, 9.0]", 9);
    check_gradient("", "{earliest: {scale: 2.0, climb: 0.5}}", network);
    free(network);
}
END_TEST

/* Training has the same bits on any number of threads, and keeps numbers within their bounds. */
START_TEST(threads) {
    pm_classification *c = load(PARAMETERS, "potential", NETWORK);
    pm_dataset train = {0}, test = {0};
    double *first = NULL;
    ck_assert_int_eq(pm_classification_data(c, &train, NULL, &test, NULL), PM_OK);
    for (int n_threads = 1; n_threads < 4; n_threads += 2) {
        pm_class_trainer *trainer = NULL;
        pm_score score;
        pm_error error = {0};
        size_t n = 0;
        omp_set_num_threads(n_threads);
        ck_assert_int_eq(pm_class_trainer_new(c, &train, &trainer, NULL), PM_OK);
        for (size_t epoch = 0; epoch < c->epochs; epoch++)
            ck_assert_msg(pm_class_trainer_epoch(trainer, NULL, NULL, NULL, &score, &error) == PM_OK, "%s",
                          error.message);
        const double *values = pm_class_trainer_array(trainer, 0, &n);
        if (!first) {
            first = malloc(n * sizeof *first);
            ck_assert_ptr_nonnull(first);
            memcpy(first, values, n * sizeof *first);
        }
        ck_assert_mem_eq(first, values, n * sizeof *first);
        for (size_t k = 0; k < 18; k++) /* weights within a, after 24 weights and 4 delays */
            ck_assert_double_le(values[28 + k], 300.0);
        for (size_t k = 0; k < 18; k++)
            ck_assert_double_ge(values[46 + k], 0.5);
        ck_assert_int_eq(pm_class_trainer_test(trainer, &test, NULL, &score, NULL), PM_OK);
        ck_assert_uint_eq(score.n, 20);
        pm_class_trainer_free(trainer);
    }
    free(first);
    pm_dataset_free(&train);
    pm_dataset_free(&test);
    drop(c);
}
END_TEST

Suite *pm_suite_network_model(void);
Suite *pm_suite_network_model(void) {
    Suite *suite = suite_create("network_model");
    TCase *tests = tcase_create("network_model");
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, pseudospikes);
    tcase_add_test(tests, threads);
    suite_add_tcase(suite, tests);
    return suite;
}
