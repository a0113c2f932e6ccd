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
    net.scale = 3.0;
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

/* Both losses, one and two hidden layers, double and single currents, with and without refractoriness and a dropped
 * neuron: the gradient is that of the loss. */
START_TEST(gradients) {
    const size_t one[] = {INPUTS, 8, 3}, two[] = {INPUTS, 8, 7, 3};
    size_t compared = 0;
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int kind = PM_LOSS_MAXIMUM; kind <= (int)PM_LOSS_FIRST_SPIKE; kind++) {
            compared += compare((pm_loss_kind)kind, one, 2, 1.25, 0.0, seed);
            compared += compare((pm_loss_kind)kind, two, 3, 1.25, 0.0, seed);
            compared += compare((pm_loss_kind)kind, two, 3, 1.25, 2.0, seed);
            compared += compare((pm_loss_kind)kind, one, 2, 0.0, 1.0, seed);
        }
    ck_assert_uint_gt(compared, 400);
}
END_TEST

Suite *pm_suite_classifier(void);
Suite *pm_suite_classifier(void) {
    Suite *suite = suite_create("classifier");
    TCase *tests = tcase_create("classifier");
    tcase_add_test(tests, gradients);
    suite_add_tcase(suite, tests);
    return suite;
}
