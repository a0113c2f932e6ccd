/* The gradient of a classifier against finite differences; NormAD on it. */
#include "classify/classifier.h"
#include "gradient/alignment.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "support/starve.h"
#include <punctum/metric.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
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

static void set_loss(pm_classifier *net, const char *name, double value) {
    ck_assert_int_eq(pm_kind_set(&net->loss->head, net->loss_parameters, name, value, NULL), PM_OK);
}

/* The train that the label's output is to fire. */
static void set_goal(pm_classifier *net, const double *desired, size_t n, double tau_hat) {
    net->desired = desired;
    net->n_desired = n;
    set_loss(net, "tau_hat", tau_hat);
}

/* Compares every third weight; returns how many derivatives were compared that are not 0. */
static size_t compare(const pm_loss *loss, const size_t *sizes, size_t n_layers, double tau_2, double t_ref,
                      uint64_t seed) {
    pm_neuron neuron = small_neuron(tau_2, t_ref);
    pm_classifier net;
    pm_lane lane;
    pm_raster input = {0};
    ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, loss, sizes, n_layers, NULL), PM_OK);
    net.duration = 40.0;
    set_loss(&net, "scale", loss == &pm_loss_discounted ? 0.3 : 3.0);
    if (loss == &pm_loss_discounted)
        set_loss(&net, "tau", 7.0);
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
        for (size_t k = 0; pm_losses[k]; k++) {
            const pm_loss *loss = pm_loss_of(pm_losses[k]);
            if (loss->desired) /* its gradient is none */
                continue;
            compared += compare(loss, one, 2, 1.25, 0.0, seed);
            compared += compare(loss, two, 3, 1.25, 0.0, seed);
            compared += compare(loss, two, 3, 1.25, 2.0, seed);
            compared += compare(loss, one, 2, 0.0, 1.0, seed);
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
        pm_lif lif = pm_lif_of_neuron(&neuron);
        pm_classifier net;
        pm_lane lane;
        pm_raster input = {0};
        ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, &pm_loss_discounted, sizes, 1, NULL), PM_OK);
        net.duration = 40.0;
        set_loss(&net, "scale", 0.7);
        set_loss(&net, "tau", tau);
        draw(&net, &input, 9);
        ck_assert_int_eq(pm_lane_new(&lane, &net, NULL), PM_OK);
        (void)loss_of(&lane, &input, NULL, 0);
        for (size_t o = 0; o < sizes[1]; o++) {
            double sum = 0.0;
            for (size_t k = 0; k < input.n; k++)
                for (double t = 0.0; t < 120.0; t += step)
                    sum += (t > 0.0 ? 1.0 : 0.5) * net.weight[0][input.neuron[k] * net.strides[0] + o] *
                           pm_lif_psp(&lif, t) * exp(-(t + input.time[k]) / tau) / tau * step;
            ck_assert_double_eq_tol(lane.score[o], sum / 0.7, 1e-5 * (1.0 + fabs(sum)));
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
        ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, &pm_loss_discounted, sizes, 2, NULL), PM_OK);
        net.duration = 40.0;
        set_loss(&net, "scale", 0.3);
        set_loss(&net, "tau", 7.0);
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

/* --- desired trains ----------------------------------------------------------------------------------------------- */

static const double DESIRED[] = {8.0, 11.5, 15.0};
enum { N_DESIRED = sizeof DESIRED / sizeof *DESIRED, OUTPUTS = 3 };

/* What outputs have: */
enum { PLAIN, RECEPTORS, DELAYS, BOTH, N_KINDS };
static const pm_receptor TWO[] = {
    {.name = "a", .kernel = &pm_kernel_double_exponential, .parameters = {5.0, 1.25}},
    {.name = "b", .kernel = &pm_kernel_exponential, .parameters = {7.0}},
};
static const uint32_t OVER[2][2] = {{9, 3}, {5, 3}}; /* of inputs, of hidden neurons */

/* A network whose outputs are to fire trains, and its gradient for the label 1. */
typedef struct trains {
    pm_neuron neuron;
    int kind;
    double tau_hat;
    pm_classifier net;
    pm_lane lane;
    pm_raster input;
    double *gradient[2];
} trains;

static void give_outputs(trains *s) {
    const size_t top = s->net.n_layers - 1;
    if (s->kind == RECEPTORS || s->kind == BOTH) {
        s->net.receptors = TWO;
        s->net.n_receptors = 2;
        s->net.sources[top] = OVER[top];
    }
    if (s->kind >= DELAYS)
        ck_assert_int_eq(pm_classifier_delay(&s->net, top, PM_PER_SYNAPSE, NULL), PM_OK);
    for (size_t k = 0; k < pm_classifier_delays(&s->net, top); k++)
        s->net.delays[top].value[k] = 0.5 * (double)(k % 7);
}

static void trains_new(trains *s, int kind, size_t n_layers, double tau_2, double t_ref, double tau_hat,
                       uint64_t seed) {
    const size_t sizes[] = {INPUTS, n_layers == 1 ? OUTPUTS : 8, OUTPUTS};
    *s = (trains){.neuron = small_neuron(tau_2, t_ref), .kind = kind};
    s->tau_hat = tau_hat > 0.0 ? tau_hat : s->neuron.C_m / s->neuron.g_L;
    ck_assert_int_eq(pm_classifier_new(&s->net, &s->neuron, &s->neuron, &pm_loss_trains, sizes, n_layers, NULL), PM_OK);
    s->net.duration = 40.0;
    set_goal(&s->net, DESIRED, N_DESIRED, tau_hat);
    draw(&s->net, &s->input, seed);
    give_outputs(s);
    ck_assert_int_eq(pm_lane_new(&s->lane, &s->net, NULL), PM_OK);
    for (size_t l = 0; l < n_layers; l++)
        s->gradient[l] = aligned_alloc(64, pm_classifier_weights(&s->net, l) * sizeof(double));
}

static void trains_free(trains *s) {
    free(s->gradient[0]);
    free(s->gradient[1]);
    pm_raster_free(&s->input);
    pm_lane_free(&s->lane);
    pm_classifier_free(&s->net);
}

static void trains_run(trains *s) {
    (void)loss_of(&s->lane, &s->input, NULL, 1);
    for (size_t l = 0; l < s->net.n_layers; l++)
        memset(s->gradient[l], 0, pm_classifier_weights(&s->net, l) * sizeof(double));
    ck_assert_int_eq(pm_lane_back(&s->lane, 1, s->gradient, NULL), PM_OK);
}

/* (e^{-t/tau} - e^{-t/tau_hat}) tau tau_hat / (C_m (tau - tau_hat)): the kernel of one exponential. */
static double kernel_part(const trains *s, double tau, double t) {
    return (exp(-t / tau) - exp(-t / s->tau_hat)) * tau * s->tau_hat / (s->neuron.C_m * (tau - s->tau_hat));
}

/* Of source i. */
static double kernel(const trains *s, uint32_t i, double t) {
    const bool several = s->kind == RECEPTORS || s->kind == BOTH;
    const double fast = several ? 1.25 : s->neuron.tau_2;
    if (several && i >= OVER[s->net.n_layers - 1][0])
        return kernel_part(s, 7.0, t);
    return kernel_part(s, 5.0, t) - (fast > 0.0 ? kernel_part(s, fast, t) : 0.0);
}

/* d^_i(t) of output o. */
static double trace_of(const trains *s, uint32_t i, uint32_t o, double t) {
    const size_t top = s->net.n_layers - 1;
    const pm_raster *in = &s->lane.net.rasters[top];
    const double late = s->kind >= DELAYS ? s->net.delays[top].value[pm_delay_place(&s->net.delays[top], i, o)] : 0.0;
    double sum = 0.0;
    for (size_t k = 0; k < in->n; k++)
        sum += in->neuron[k] == i && in->time[k] + late < t ? kernel(s, i, t - in->time[k] - late) : 0.0;
    return sum;
}

static double norm_of(const trains *s, uint32_t o, double t) {
    double squares = 0.0;
    for (uint32_t i = 0; i < s->net.sizes[s->net.n_layers - 1]; i++)
        squares += trace_of(s, i, o, t) * trace_of(s, i, o, t);
    return sqrt(squares);
}

typedef struct output_error {
    double time, size;
    uint32_t output;
} output_error;

/* +1 where output 1 should fire, -1 where any output fires. */
static size_t errors_of(const trains *s, output_error *errors) {
    const pm_raster *out = &s->lane.net.rasters[s->net.n_layers];
    size_t n = 0;
    for (; n < N_DESIRED; n++)
        errors[n] = (output_error){DESIRED[n], 1.0, 1};
    ck_assert_uint_lt(out->n, 400);
    for (size_t k = 0; k < out->n; k++)
        errors[n++] = (output_error){out->time[k], -1.0, out->neuron[k]};
    return n;
}

/* What a step against the gradient does to the output weights is NormAD's change, sum of e d^(t) / |d^(t)|, here from
 * sums over all spikes and the closed form of the kernel: one and two layers, both kinds of currents, with and without
 * refractoriness, tau_hat given or not; outputs of all kinds. */
START_TEST(trains_normad) {
    size_t compared = 0, fired = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        trains s;
        output_error errors[N_DESIRED + 400];
        trains_new(&s, _i, 1 + seed % 2, seed % 3 == 0 ? 0.0 : 1.25, seed % 5 == 0 ? 2.0 : 0.0,
                   seed % 4 < 2 ? 0.0 : 9.0, seed);
        trains_run(&s);
        size_t n = errors_of(&s, errors), top = s.net.n_layers - 1;
        for (uint32_t i = 0; i < s.net.sizes[top]; i++)
            for (uint32_t o = 0; o < OUTPUTS; o++) {
                double change = 0.0;
                for (size_t e = 0; e < n; e++)
                    if (errors[e].output == o && norm_of(&s, o, errors[e].time) > 0.0)
                        change += errors[e].size * trace_of(&s, i, o, errors[e].time) / norm_of(&s, o, errors[e].time);
                /* sums of some 10 terms of order 1, from kernels whose exponentials cancel a few digits */
                ck_assert_double_eq_tol(-s.gradient[top][i * s.net.strides[top] + o], change, 1e-10);
                compared += change != 0.0;
            }
        fired += n - N_DESIRED;
        trains_free(&s);
    }
    ck_assert_uint_gt(compared, 150);
    ck_assert_uint_gt(fired, 50);
}
END_TEST

/* sum of e / |d^| V^_o(t) over given errors: what hidden weights are to raise. */
static double aim(const trains *s, const output_error *errors, const double *norm, size_t n) {
    double sum = 0.0;
    for (size_t e = 0; e < n; e++)
        for (uint32_t i = 0; norm[e] > 0.0 && i < s->net.sizes[1]; i++)
            sum += errors[e].size / norm[e] * s->net.weight[1][i * s->net.strides[1] + errors[e].output] *
                   trace_of(s, i, errors[e].output, errors[e].time);
    return sum;
}

/* Below the outputs the gradient is exact: that of the potentials V^ at the errors, weighted by e / |d^|, as the hidden
 * spikes move; by central differences. */
START_TEST(trains_hidden) {
    size_t compared = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        trains s;
        output_error errors[N_DESIRED + 400];
        double norm[N_DESIRED + 400];
        trains_new(&s, _i, 2, seed % 3 == 0 ? 0.0 : 1.25, seed % 2 ? 0.0 : 2.0, seed % 2 ? 0.0 : 9.0, seed);
        trains_run(&s);
        size_t n = errors_of(&s, errors), spikes = s.lane.net.rasters[1].n;
        for (size_t e = 0; e < n; e++)
            norm[e] = norm_of(&s, errors[e].output, errors[e].time);
        for (size_t k = 0; k < pm_classifier_weights(&s.net, 0); k += 2) {
            double *w = &s.net.weight[0][k], kept = *w, h = 1e-4, at[2];
            bool same = true;
            for (size_t side = 0; side < 2; side++) {
                *w = kept + (side ? h : -h);
                (void)loss_of(&s.lane, &s.input, NULL, 1);
                same = same && s.lane.net.rasters[1].n == spikes;
                at[side] = aim(&s, errors, norm, n);
            }
            *w = kept;
            double difference = (at[1] - at[0]) / (2.0 * h);
            /* rounding 1e-16 of sums of order 100 / h, third derivatives times h^2 */
            if (same)
                ck_assert_double_eq_tol(-s.gradient[0][k], difference, 1e-7 + 2e-5 * fabs(difference));
            compared += same && fabs(difference) > 1e-5;
        }
        trains_free(&s);
    }
    ck_assert_uint_gt(compared, 100);
}
END_TEST

/* Score and loss are the correlation and the van Rossum distances that metric/ computes. */
START_TEST(trains_metrics) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        trains s;
        trains_new(&s, PLAIN, 2, 1.25, 0.0, 0.0, seed);
        trains_run(&s);
        const pm_raster *out = &s.lane.net.rasters[2];
        double *train = malloc((out->n + 1) * sizeof *train), sum = 0.0;
        for (uint32_t o = 0; o < OUTPUTS; o++) {
            size_t n = pm_train_of(out, o, train, NULL);
            double distance = pm_train_van_rossum(train, n, DESIRED, o == 1 ? N_DESIRED : 0, 5.0);
            sum += distance * distance;
            ck_assert_double_eq_tol(s.lane.score[o], pm_train_correlation(train, n, DESIRED, N_DESIRED, 5.0), 1e-12);
        }
        ck_assert_double_eq_tol(pm_lane_loss(&s.lane, 1), sum, 1e-10);
        free(train);
        trains_free(&s);
    }
}
END_TEST

/* Excitatory input: a silent label is pulled up and nothing else moves; outputs that should be silent are pulled down.
 * Outputs that do what they should are left alone, and so is everything where no input fires. */
START_TEST(trains_signs) {
    trains s;
    trains_new(&s, PLAIN, 1, 1.25, 0.0, 0.0, 3);
    size_t stride = s.net.strides[0];
    memset(s.net.weight[0], 0, INPUTS * stride * sizeof(double));
    trains_run(&s);
    ck_assert_uint_eq(pm_lane_spikes(&s.lane), 0);
    ck_assert_double_eq_tol(pm_lane_loss(&s.lane, 1), 0.5 * pm_train_product(DESIRED, 3, DESIRED, 3, 5.0), 1e-12);
    for (size_t i = 0; i < INPUTS; i++) {
        ck_assert_double_lt(s.gradient[0][i * stride + 1], 0.0);
        ck_assert_double_eq(s.gradient[0][i * stride + 0], 0.0);
        s.net.weight[0][i * stride + 2] = 900.0;
    }
    trains_run(&s);
    ck_assert_uint_gt(pm_lane_spikes(&s.lane), 2);
    ck_assert_uint_eq(pm_lane_decision(&s.lane), 2);
    for (size_t i = 0; i < INPUTS; i++) {
        ck_assert_double_ge(s.gradient[0][i * stride + 2], 0.0);
        s.net.weight[0][i * stride + 1] = 900.0;
        s.net.weight[0][i * stride + 2] = 0.0;
    }
    (void)loss_of(&s.lane, &s.input, NULL, 1);
    pm_raster fired = {0};
    ck_assert_int_eq(pm_raster_copy(&fired, &s.lane.net.rasters[1], NULL), PM_OK);
    pm_lane_free(&s.lane);
    set_goal(&s.net, fired.time, fired.n, 0.0);
    ck_assert_int_eq(pm_lane_new(&s.lane, &s.net, NULL), PM_OK);
    trains_run(&s);
    ck_assert_double_eq_tol(pm_lane_loss(&s.lane, 1), 0.0, 1e-10);
    ck_assert_double_eq_tol(s.lane.score[1], 1.0, 1e-12);
    for (size_t k = 0; k < INPUTS * stride; k++)
        ck_assert_double_eq_tol(s.gradient[0][k], 0.0, 1e-12);
    s.input.n = 0;
    trains_run(&s);
    for (size_t k = 0; k < INPUTS * stride; k++)
        ck_assert_double_eq(s.gradient[0][k], 0.0);
    pm_raster_free(&fired);
    trains_free(&s);
}
END_TEST

/* Whichever allocation fails, the answer is PM_NO_MEMORY. */
START_TEST(trains_memory) {
    trains s;
    pm_lane lane;
    trains_new(&s, PLAIN, 2, 1.25, 0.0, 0.0, 5);
    trains_run(&s);
    for (size_t n = 1;; n++) {
        pm_error error = {0};
        starve(n);
        pm_status status = pm_lane_new(&lane, &s.net, &error);
        bool made = !status;
        if (!status)
            status = pm_raster_copy(&lane.net.rasters[0], &s.input, &error);
        if (!status)
            status = pm_lane_run(&lane, NULL, &error);
        if (!status)
            status = pm_lane_back(&lane, 1, s.gradient, &error);
        bool hit = starved();
        starve(0);
        if (made)
            pm_lane_free(&lane);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit) {
            ck_assert_uint_gt(n, 20);
            break;
        }
    }
    trains_free(&s);
}
END_TEST

Suite *pm_suite_classifier(void);
Suite *pm_suite_classifier(void) {
    Suite *suite = suite_create("classifier");
    TCase *tests = tcase_create("classifier");
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, discounted_integral);
    tcase_add_test(tests, opposition);
    tcase_add_loop_test(tests, trains_normad, PLAIN, N_KINDS);
    tcase_add_loop_test(tests, trains_hidden, PLAIN, N_KINDS);
    tcase_add_test(tests, trains_metrics);
    tcase_add_test(tests, trains_signs);
    tcase_add_test(tests, trains_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
