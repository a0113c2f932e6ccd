/* The gradient of a classifier against finite differences, and training whose bits do not depend on threads. */
#include "learn/classification.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 12 };

static pm_neuron small_neuron(double tau_2, double t_ref) {
    pm_neuron n = pm_neuron_default();
    n.g_L = 15.0;
    n.V_th = -50.0;
    n.tau_2 = tau_2;
    n.t_ref = t_ref;
    return n;
}

static void draw(pm_classifier *net, pm_raster *input, uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t i = 0; i < net->sizes[l]; i++)
            for (size_t j = 0; j < net->sizes[l + 1]; j++)
                net->weight[l][i * net->strides[l] + j] = 250.0 + gsl_ran_gaussian(rng, 700.0);
    input->n = 0;
    for (uint32_t k = 0; k < 2 * INPUTS; k++)
        ck_assert_int_eq(pm_raster_append(input, 12.0 * gsl_rng_uniform(rng), k % INPUTS, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(input, NULL), PM_OK);
    gsl_rng_free(rng);
}

static double loss_of(pm_lane *lane, const pm_raster *input, const uint8_t *const *dropped, size_t label) {
    ck_assert_int_eq(pm_raster_copy(&lane->net.rasters[0], input, NULL), PM_OK);
    ck_assert_int_eq(pm_lane_run(lane, dropped, NULL), PM_OK);
    return pm_lane_loss(lane, label);
}

/* Compares every third weight; returns how many derivatives were compared that are not 0. */
static size_t compare(pm_loss_kind kind, const size_t *sizes, size_t n_layers, double tau_2, double t_ref,
                      uint64_t seed) {
    pm_neuron neuron = small_neuron(tau_2, t_ref);
    pm_classifier net;
    pm_lane lane;
    pm_raster input = {0};
    ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, kind, sizes, n_layers, NULL), PM_OK);
    net.duration = 40.0;
    net.scale = kind == PM_LOSS_DISCOUNTED ? 0.3 : 3.0;
    net.tau = 7.0;
    draw(&net, &input, seed);
    ck_assert_int_eq(pm_lane_new(&lane, &net, NULL), PM_OK);
    uint8_t lost[8] = {0, 1, 0, 0, 0, 0, 0, 0};
    const uint8_t *dropped[4] = {NULL, lost, NULL, NULL};
    const size_t label = 1;
    (void)loss_of(&lane, &input, dropped, label);
    double *gradient[4] = {NULL};
    for (size_t l = 0; l < n_layers; l++)
        gradient[l] = aligned_alloc(64, pm_classifier_weights(&net, l) * sizeof(double));
    for (size_t l = 0; l < n_layers; l++)
        memset(gradient[l], 0, pm_classifier_weights(&net, l) * sizeof(double));
    size_t spikes = pm_lane_spikes(&lane);
    ck_assert_int_eq(pm_lane_back(&lane, label, gradient, NULL), PM_OK);
    size_t compared = 0;
    for (size_t l = 0; l < n_layers; l++)
        for (size_t k = 0; k < pm_classifier_weights(&net, l); k += 3) {
            if (k % net.strides[l] >= sizes[l + 1])
                continue;
            double *w = &net.weight[l][k], kept = *w, h = 1e-4, at[2];
            bool same = true;
            for (size_t side = 0; side < 2; side++) {
                *w = kept + (side ? h : -h);
                at[side] = loss_of(&lane, &input, dropped, label);
                same = same && pm_lane_spikes(&lane) == spikes; /* else a spike came or went: no derivative */
            }
            *w = kept;
            double difference = (at[1] - at[0]) / (2.0 * h);
            /* rounding 1e-16 of the loss / h, third derivatives times h^2 */
            if (same)
                ck_assert_double_eq_tol(gradient[l][k], difference, 1e-9 + 2e-5 * fabs(difference));
            compared += same && fabs(difference) > 1e-7;
        }
    for (size_t l = 0; l < n_layers; l++)
        free(gradient[l]);
    pm_raster_free(&input);
    pm_lane_free(&lane);
    pm_classifier_free(&net);
    return compared;
}

/* All losses, one and two hidden layers, double and single currents, with and without refractoriness and a dropped
 * neuron: the gradient is that of the loss. */
START_TEST(gradients) {
    const size_t one[] = {INPUTS, 8, 3}, two[] = {INPUTS, 8, 7, 3};
    size_t compared = 0;
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int kind = PM_LOSS_MAXIMUM; kind <= (int)PM_LOSS_DISCOUNTED; kind++) {
            compared += compare((pm_loss_kind)kind, one, 2, 1.25, 0.0, seed);
            compared += compare((pm_loss_kind)kind, two, 3, 1.25, 0.0, seed);
            compared += compare((pm_loss_kind)kind, two, 3, 1.25, 2.0, seed);
            compared += compare((pm_loss_kind)kind, one, 2, 0.0, 1.0, seed);
        }
    ck_assert_uint_gt(compared, 600);
}
END_TEST

/* z_o of the discounted loss is the integral that its definition names, here of the potentials of a layer without
 * spikes, by the trapezoidal rule in steps of 0.01 ms: error below 1e-6 of it. */
START_TEST(discounted_integral) {
    const size_t sizes[] = {INPUTS, 3};
    const double tau = 6.0, step = 0.01;
    for (int single = 0; single < 2; single++) {
        pm_neuron neuron = small_neuron(single ? 0.0 : 1.25, 0.0);
        pm_lif lif = pm_lif_new(&neuron);
        pm_classifier net;
        pm_lane lane;
        pm_raster input = {0};
        ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, PM_LOSS_DISCOUNTED, sizes, 1, NULL), PM_OK);
        net.duration = 40.0;
        net.scale = 0.7;
        net.tau = tau;
        draw(&net, &input, 9);
        ck_assert_int_eq(pm_lane_new(&lane, &net, NULL), PM_OK);
        (void)loss_of(&lane, &input, NULL, 0);
        for (size_t o = 0; o < sizes[1]; o++) {
            double sum = 0.0;
            for (size_t k = 0; k < input.n; k++)
                for (double t = 0.0; t < 120.0; t += step)
                    sum += (t > 0.0 ? 1.0 : 0.5) * net.weight[0][input.neuron[k] * net.strides[0] + o] *
                           pm_lif_psp(&lif, t) * exp(-(t + input.time[k]) / tau) / tau * step;
            ck_assert_double_eq_tol(lane.score[o], sum / net.scale, 1e-5 * (1.0 + fabs(sum)));
        }
        pm_raster_free(&input);
        pm_lane_free(&lane);
        pm_classifier_free(&net);
    }
}
END_TEST

/* Moved against the network, by little, spikes make the loss grow; the bias stays where it is, and the order holds. */
START_TEST(opposition) {
    const size_t sizes[] = {INPUTS, 8, 3};
    size_t grown = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        pm_neuron neuron = small_neuron(1.25, 0.0);
        pm_classifier net;
        pm_lane lane;
        pm_raster input = {0};
        ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, PM_LOSS_DISCOUNTED, sizes, 2, NULL), PM_OK);
        net.duration = 40.0;
        net.scale = 0.3;
        net.tau = 7.0;
        draw(&net, &input, seed);
        ck_assert_int_eq(pm_lane_new(&lane, &net, NULL), PM_OK);
        lane.adjoint.input_times = true;
        double before = loss_of(&lane, &input, NULL, 1), *gradient[2];
        for (size_t l = 0; l < 2; l++) {
            gradient[l] = aligned_alloc(64, pm_classifier_weights(&net, l) * sizeof(double));
            memset(gradient[l], 0, pm_classifier_weights(&net, l) * sizeof(double));
        }
        ck_assert_int_eq(pm_lane_back(&lane, 1, gradient, NULL), PM_OK);
        ck_assert_int_eq(pm_lane_oppose(&lane, INPUTS - 1, 1e-4, NULL), PM_OK);
        const pm_raster *moved = &lane.net.rasters[0];
        for (size_t k = 0; k < moved->n; k++) {
            ck_assert(k == 0 || moved->time[k] >= moved->time[k - 1]);
            for (size_t i = 0; moved->neuron[k] == INPUTS - 1 && i < input.n; i++)
                if (input.neuron[i] == INPUTS - 1 && fabs(input.time[i] - moved->time[k]) < 2e-4)
                    ck_assert_double_eq(input.time[i], moved->time[k]);
        }
        ck_assert_int_eq(pm_lane_run(&lane, NULL, NULL), PM_OK);
        grown += pm_lane_loss(&lane, 1) > before;
        for (size_t l = 0; l < 2; l++)
            free(gradient[l]);
        pm_raster_free(&input);
        pm_lane_free(&lane);
        pm_classifier_free(&net);
    }
    ck_assert_uint_eq(grown, 6);
}
END_TEST

/* Trains on Yin-Yang with so many threads; the weights go to `weights`, the scores of the test to `score`. */
static void train_small(int threads, double *weights, size_t n, pm_score *score) {
    pm_classification *c = pm_classification_new();
    pm_class_trainer *t = NULL;
    pm_dataset train, test;
    c->neuron.V_th = c->readout.V_th = -50.0;
    c->loss = PM_LOSS_DISCOUNTED;
    c->scale = 0.3;
    c->duration = 40.0;
    c->coding.to = 20.0;
    c->coding.threshold = -1.0;
    c->coding.bias = 0.0;
    c->opposition = 0.2;
    c->layers[0] = (pm_classification_layer){.size = 40, .mean = 900.0, .std = 600.0, .dropout = 0.1, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = 3, .mean = 50.0, .std = 30.0, .rate = 1.0};
    c->n_layers = 2;
    c->n_classes = 3;
    c->rate = 20.0;
    c->batch = 50;
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

/* Training gives the same bits with 1, 2 and 3 threads, and learns. */
START_TEST(threads) {
    enum { N = 5 * 40 };
    double one[N], other[N];
    pm_score first, score;
    train_small(1, one, N, &first);
    ck_assert_uint_gt(first.correct, 180); /* of 300; 100 by chance */
    for (int n = 2; n <= 3; n++) {
        train_small(n, other, N, &score);
        ck_assert_int_eq(memcmp(one, other, sizeof one), 0);
        ck_assert_int_eq(memcmp(&score.loss, &first.loss, sizeof score.loss), 0);
        ck_assert_uint_eq(score.correct, first.correct);
    }
}
END_TEST

Suite *pm_suite_classifier(void);
Suite *pm_suite_classifier(void) {
    Suite *suite = suite_create("classifier");
    TCase *tests = tcase_create("classifier");
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, discounted_integral);
    tcase_add_test(tests, opposition);
    tcase_add_test(tests, threads);
    suite_add_tcase(suite, tests);
    return suite;
}
