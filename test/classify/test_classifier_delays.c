/* Classifiers with delays: the gradient against finite differences, and training. */
#include "classify/classification.h"
#include "model/kernel.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 6, LAYERS = 3, LABEL = 1 };
static const size_t SIZES[LAYERS + 1] = {INPUTS, 8, 7, 3};

typedef struct subject {
    pm_classifier net;
    pm_lane lane;
    pm_raster input;
    double *weight[LAYERS], *delay[LAYERS], *V_th[LAYERS]; /* derivatives */
    size_t spikes;
} subject;

static double loss_of(subject *s) {
    ck_assert_int_eq(pm_raster_copy(&s->lane.net.rasters[0], &s->input, NULL), PM_OK);
    ck_assert_int_eq(pm_lane_run(&s->lane, NULL, NULL), PM_OK);
    return pm_lane_loss(&s->lane, LABEL);
}

static void draw(subject *s, uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    for (size_t l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < SIZES[l]; i++)
            for (size_t j = 0; j < SIZES[l + 1]; j++)
                s->net.weight[l][i * s->net.strides[l] + j] = 350.0 + gsl_ran_gaussian(rng, 800.0);
        for (size_t k = 0; k < pm_classifier_delays(&s->net, l); k++)
            s->net.delays[l].value[k] = 5.0 * gsl_rng_uniform(rng);
    }
    for (uint32_t k = 0; k < 3 * INPUTS; k++)
        ck_assert_int_eq(pm_raster_append(&s->input, 12.0 * gsl_rng_uniform(rng), k % INPUTS, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(&s->input, NULL), PM_OK);
    gsl_rng_free(rng);
}

/* Several receptors for all layers that may have them. */
static void give_receptors(subject *s) {
    static const pm_receptor receptors[] = {
        {.name = "a", .kernel = &pm_kernel_double_exponential, .parameters = {5.0, 1.25}},
        {.name = "b", .kernel = &pm_kernel_alpha, .parameters = {2.0}},
        {.name = "c", .kernel = &pm_kernel_exponential, .parameters = {8.0}}};
    static const uint32_t sources[LAYERS][3] = {{2, 1, 3}, {3, 0, 5}, {0, 4, 3}};
    s->net.receptors = receptors;
    s->net.n_receptors = 3;
    for (size_t l = 0; l < LAYERS; l++)
        s->net.sources[l] = sources[l];
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t k = 0; k < pm_classifier_weights(&s->net, l); k++)
            s->net.weight[l][k] *= 0.6; /* these currents carry more */
}

/* Thresholds of their own for all neurons that fire, in two of four subjects. */
static void give_thresholds(subject *s, uint64_t seed) {
    for (size_t l = 0; seed % 4 > 1 && l + !s->net.loss->fires < LAYERS; l++) {
        ck_assert_int_eq(pm_classifier_part_thresholds(&s->net, l, NULL), PM_OK);
        for (size_t j = 0; j < SIZES[l + 1]; j++)
            s->net.V_th[l][j] += 0.5 * (double)(j % 5) - 1.0;
    }
}

/* Outputs of which some are silent, and have a pseudospike. */
static void give_silence(subject *s) {
    const size_t top = LAYERS - 1;
    ck_assert_int_eq(pm_kind_set(&s->net.loss->head, s->net.loss_parameters, "climb", 0.7, NULL), PM_OK);
    for (size_t k = 0; k < pm_classifier_weights(&s->net, top); k++)
        s->net.weight[top][k] *= 0.4;
}

static size_t silent_of(const subject *s) {
    bool fired[PM_LAYER_LANES] = {false};
    size_t silent = SIZES[LAYERS];
    const pm_raster *out = &s->lane.net.rasters[LAYERS];
    for (size_t k = 0; s->net.loss->fires && k < out->n; k++) {
        silent -= !fired[out->neuron[k]];
        fired[out->neuron[k]] = true;
    }
    return silent;
}

static void subject_new(subject *s, const pm_loss *loss, pm_delays_per per, double tau_2, double t_ref, uint64_t seed,
                        bool receptors) {
    pm_neuron neuron = pm_neuron_default();
    neuron.g_L = 15.0;
    neuron.V_th = -50.0;
    neuron.tau_2 = tau_2;
    neuron.t_ref = t_ref;
    *s = (subject){0};
    ck_assert_int_eq(pm_classifier_new(&s->net, &neuron, &neuron, loss, SIZES, LAYERS, NULL), PM_OK);
    s->net.duration = 40.0;
    const double scale = loss == &pm_loss_discounted ? 0.3 : 3.0;
    ck_assert_int_eq(pm_kind_set(&loss->head, s->net.loss_parameters, "scale", scale, NULL), PM_OK);
    for (size_t l = 0; l < LAYERS; l++)
        ck_assert_int_eq(pm_classifier_delay(&s->net, l, per, NULL), PM_OK);
    draw(s, seed);
    if (receptors)
        give_receptors(s);
    give_thresholds(s, seed);
    if (loss == &pm_loss_first_spike && seed % 4 % 3 > 0) /* half of them, and of those with thresholds */
        give_silence(s);
    ck_assert_int_eq(pm_lane_new(&s->lane, &s->net, NULL), PM_OK);
    for (size_t l = 0; l < LAYERS; l++) {
        s->weight[l] = calloc(pm_classifier_weights(&s->net, l) + 1, sizeof(double));
        s->delay[l] = calloc(pm_classifier_delays(&s->net, l) + 1, sizeof(double));
        s->V_th[l] = s->net.V_th[l] ? calloc(s->net.strides[l] + 1, sizeof(double)) : NULL;
    }
    s->lane.adjoint.delay = s->delay;
    s->lane.adjoint.V_th = s->V_th;
    (void)loss_of(s);
    s->spikes = pm_lane_spikes(&s->lane);
    ck_assert_int_eq(pm_lane_back(&s->lane, LABEL, s->weight, NULL), PM_OK);
}

static void subject_free(subject *s) {
    for (size_t l = 0; l < LAYERS; l++) {
        free(s->weight[l]);
        free(s->delay[l]);
        free(s->V_th[l]);
    }
    pm_raster_free(&s->input);
    pm_lane_free(&s->lane);
    pm_classifier_free(&s->net);
}

/* Compares one derivative, unless a spike comes or goes; returns whether it is not 0. */
static size_t compare(subject *s, double *number, double gradient, double h) {
    const double kept = *number;
    double at[2];
    bool same = true;
    for (size_t side = 0; side < 2; side++) {
        *number = kept + (side ? h : -h);
        at[side] = loss_of(s);
        same = same && pm_lane_spikes(&s->lane) == s->spikes;
    }
    *number = kept;
    const double difference = (at[1] - at[0]) / (2.0 * h);
    if (same) /* rounding 1e-16 of the loss / h, third derivatives times h^2 */
        ck_assert_double_eq_tol(gradient, difference, 1e-14 / h * 10.0 + 5e-5 * fabs(difference));
    return same && fabs(difference) > 1e-7;
}

/* All losses, delays of synapses, axons and dendrites, double and single currents, one or several receptors, thresholds
 * of their own, with and without refractoriness, outputs with pseudospikes: the derivatives by weights, delays and
 * thresholds are those of the loss. */
START_TEST(gradients) {
    const bool receptors = _i > PM_PER_DENDRITE;
    const pm_delays_per per = (pm_delays_per)(_i % (PM_PER_DENDRITE + 1));
    size_t weights = 0, delays = 0, thresholds = 0, silent = 0;
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (size_t which = 0; pm_losses[which]; which++) {
            if (pm_loss_of(pm_losses[which])->desired) /* its gradient is none */
                continue;
            subject s;
            subject_new(&s, pm_loss_of(pm_losses[which]), per, seed % 2 ? 1.25 : 0.0, seed % 3 ? 0.0 : 2.0, seed,
                        receptors);
            silent += pm_losses[which] == &pm_loss_first_spike.head && seed % 4 % 3 > 0 ? silent_of(&s) : 0;
            for (size_t l = 0; l < LAYERS; l++) {
                for (size_t k = seed % 5; k < pm_classifier_weights(&s.net, l); k += 5)
                    weights += compare(&s, &s.net.weight[l][k], s.weight[l][k], 1e-4);
                for (size_t k = seed % 2; k < pm_classifier_delays(&s.net, l); k += 2)
                    delays += compare(&s, &s.net.delays[l].value[k], s.delay[l][k], 1e-6);
                for (size_t j = 0; s.V_th[l] && j < SIZES[l + 1]; j++)
                    thresholds += compare(&s, &s.net.V_th[l][j], s.V_th[l][j], 1e-6);
            }
            subject_free(&s);
        }
    ck_assert_uint_gt(weights, 100);
    ck_assert_uint_gt(delays, 50);
    ck_assert_uint_gt(thresholds, 50);
    ck_assert_uint_gt(silent, 2);
}
END_TEST

/* u of an output at t, by definition. */
static double potential(const subject *s, const pm_lif *kernels, uint32_t o, double t) {
    const size_t top = LAYERS - 1;
    const pm_raster *in = &s->lane.net.rasters[top];
    double sum = 0.0;
    for (size_t k = 0; k < in->n; k++) {
        const uint32_t i = in->neuron[k];
        const double since = t - in->time[k] - s->net.delays[top].value[pm_delay_place(&s->net.delays[top], i, o)];
        sum += since > 0.0 ? s->net.weight[top][i * s->net.strides[top] + o] *
                                 pm_lif_psp(&kernels[pm_layer_receptor_of(&s->lane.output, i)], since)
                           : 0.0;
    }
    return sum;
}

/* With the loss `maximum` the score is the largest potential of an output, of one or several receptors and with all
 * kinds of delays: no sampled potential is larger, and the largest one is near. */
START_TEST(maxima) {
    enum { SAMPLES = 8000 };
    for (uint64_t seed = 1; seed <= 4; seed++) {
        subject s;
        pm_lif kernels[3];
        subject_new(&s, &pm_loss_maximum, (pm_delays_per)(_i % (PM_PER_DENDRITE + 1)), seed % 2 ? 1.25 : 0.0, 0.0, seed,
                    _i > PM_PER_DENDRITE);
        for (size_t r = 0; r < pm_layer_n_receptors(&s.lane.output); r++)
            kernels[r] = pm_layer_kernel(&s.lane.output, r);
        for (uint32_t o = 0; o < SIZES[LAYERS]; o++) {
            double most = 0.0;
            for (size_t k = 0; k <= SAMPLES; k++)
                most = fmax(most, potential(&s, kernels, o, s.net.duration * (double)k / SAMPLES));
            const double maximum = 3.0 * s.lane.score[o];
            ck_assert_double_ge(maximum, most - 1e-9 * (1.0 + most));
            ck_assert_double_le(maximum, most + 0.01 * (1.0 + most)); /* u' up to 10 mV/ms times half a sample */
        }
        subject_free(&s);
    }
}
END_TEST

Suite *pm_suite_classifier_delays(void);
Suite *pm_suite_classifier_delays(void) {
    Suite *suite = suite_create("classifier_delays");
    TCase *tests = tcase_create("classifier_delays");
    tcase_add_loop_test(tests, maxima, 0, 2 * (PM_PER_DENDRITE + 1));
    tcase_add_loop_test(tests, gradients, 0, 2 * (PM_PER_DENDRITE + 1));
    suite_add_tcase(suite, tests);
    return suite;
}
