/* Layers of patches: convolutions against dense layers with the same weights at every place, pooling against its
 * definition, receptive fields against dense layers with zeros, gradients against finite differences. */
#include "classify/classifier.h"
#include "model/neuron.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static pm_neuron test_neuron(double t_ref) {
    pm_neuron n = pm_neuron_default();
    n.g_L = 15.0;
    n.V_th = -50.0;
    n.t_ref = t_ref;
    return n;
}

static void draw_input(pm_raster *input, size_t n_in, size_t n, uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    input->n = 0;
    for (size_t k = 0; k < n; k++)
        ck_assert_int_eq(pm_raster_append(input, 12.0 * gsl_rng_uniform(rng), (uint32_t)(k % n_in), 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(input, NULL), PM_OK);
    gsl_rng_free(rng);
}

/* Weights of all layers, where there are neurons. */
static void draw_weights(pm_classifier *net, double mean, double std, uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    for (size_t l = 0; l < net->n_layers; l++) {
        const pm_patches *p = net->patches[l];
        const size_t columns = p ? p->patch[0].n_targets : net->sizes[l + 1];
        for (size_t i = 0; i < net->rows[l]; i++)
            for (size_t j = 0; j < columns; j++)
                net->weight[l][i * net->strides[l] + j] = mean + gsl_ran_gaussian(rng, std);
    }
    gsl_rng_free(rng);
}

static double loss_of(pm_lane *lane, const pm_raster *input, size_t label) {
    ck_assert_int_eq(pm_raster_copy(&lane->net.rasters[0], input, NULL), PM_OK);
    ck_assert_int_eq(pm_lane_run(lane, NULL, NULL), PM_OK);
    return pm_lane_loss(lane, label);
}

static double *zeros(const pm_classifier *net, size_t l) {
    double *x = aligned_alloc(64, pm_classifier_weights(net, l) * sizeof *x);
    memset(x, 0, pm_classifier_weights(net, l) * sizeof *x);
    return x;
}

/* A network whose first layer has patches, and its twin in which that layer is dense with the same synapses. */
typedef struct twins {
    pm_classifier sparse, dense;
    pm_lane of_sparse, of_dense;
    double *gradient[2][2]; /* of both layers; sparse, dense */
} twins;

static void twins_new(twins *t, const pm_patches *p, double t_ref, uint64_t seed) {
    const size_t sizes[] = {p->n_in, p->n_out, 3};
    const pm_neuron neuron = test_neuron(t_ref);
    ck_assert_ptr_null(p->window);
    ck_assert_int_eq(pm_classifier_new(&t->sparse, &neuron, &neuron, &pm_loss_first_spike, sizes, 2, NULL), PM_OK);
    ck_assert_int_eq(pm_classifier_new(&t->dense, &neuron, &neuron, &pm_loss_first_spike, sizes, 2, NULL), PM_OK);
    ck_assert_int_eq(pm_classifier_patch(&t->sparse, 0, p, NULL), PM_OK);
    t->sparse.duration = t->dense.duration = 40.0;
    draw_weights(&t->sparse, 400.0, 700.0, seed);
    for (size_t i = 0; i < p->n_in; i++)
        for (size_t j = 0; j < p->n_out; j++) {
            const size_t at = pm_patches_place(p, i, j);
            t->dense.weight[0][i * t->dense.strides[0] + j] = at == PM_NO_WEIGHT ? 0.0 : t->sparse.weight[0][at];
        }
    memcpy(t->dense.weight[1], t->sparse.weight[1], pm_classifier_weights(&t->dense, 1) * sizeof(double));
    ck_assert_int_eq(pm_lane_new(&t->of_sparse, &t->sparse, NULL), PM_OK);
    ck_assert_int_eq(pm_lane_new(&t->of_dense, &t->dense, NULL), PM_OK);
    t->of_sparse.adjoint.input_times = t->of_dense.adjoint.input_times = true;
    for (size_t l = 0; l < 2; l++) {
        t->gradient[0][l] = zeros(&t->sparse, l);
        t->gradient[1][l] = zeros(&t->dense, l);
    }
}

static void twins_free(twins *t) {
    pm_lane_free(&t->of_sparse);
    pm_lane_free(&t->of_dense);
    pm_classifier_free(&t->sparse);
    pm_classifier_free(&t->dense);
    for (size_t l = 0; l < 4; l++)
        free(t->gradient[l / 2][l % 2]);
}

/* Spikes within 1e-10 ms, which rounding does not reach in 40 ms; gradients within 1e-7 of the largest, as that of
 * spikes is divided by slopes down to some 1e-3 of the usual ones. */
static void compare_twins(twins *t, const pm_patches *p, const pm_raster *input) {
    (void)loss_of(&t->of_sparse, input, 1);
    (void)loss_of(&t->of_dense, input, 1);
    for (size_t l = 1; l <= 2; l++) {
        const pm_raster *a = &t->of_sparse.net.rasters[l], *b = &t->of_dense.net.rasters[l];
        ck_assert_uint_eq(a->n, b->n);
        ck_assert_uint_gt(a->n, l == 1 ? 8 : 0);
        for (size_t k = 0; k < a->n; k++) {
            ck_assert_uint_eq(a->neuron[k], b->neuron[k]);
            ck_assert_double_eq_tol(a->time[k], b->time[k], 1e-10);
        }
    }
    ck_assert_int_eq(pm_lane_back(&t->of_sparse, 1, t->gradient[0], NULL), PM_OK);
    ck_assert_int_eq(pm_lane_back(&t->of_dense, 1, t->gradient[1], NULL), PM_OK);
    double *sum = zeros(&t->sparse, 0), largest = 0.0;
    for (size_t i = 0; i < p->n_in; i++)
        for (size_t j = 0; j < p->n_out; j++) {
            const size_t at = pm_patches_place(p, i, j);
            if (at != PM_NO_WEIGHT)
                sum[at] += t->gradient[1][0][i * t->dense.strides[0] + j];
        }
    for (size_t k = 0; k < pm_classifier_weights(&t->sparse, 0); k++)
        largest = fmax(largest, fabs(sum[k]));
    ck_assert_double_gt(largest, 0.0);
    for (size_t k = 0; k < p->n_rows * p->stride; k++)
        if (sum[k] != 0.0 || p->shared)
            ck_assert_double_eq_tol(t->gradient[0][0][k], sum[k], 1e-7 * largest);
    for (size_t k = 0; k < input->n; k++)
        ck_assert_double_eq_tol(t->of_sparse.adjoint.time[0][k], t->of_dense.adjoint.time[0][k],
                                1e-7 * fmax(1.0, fabs(t->of_dense.adjoint.time[0][k])));
    free(sum);
}

/* A convolution is the dense layer that has its kernel at every place: spikes, dL/dw, dL/dt of the input; also with
 * strides, several channels, a bias and refractoriness. */
START_TEST(convolution_is_dense_with_shared_weights) {
    const pm_maps shapes[] = {{1, 7, 6}, {2, 5, 8}, {1, 3, 3}};
    const pm_convolution kernels[] = {{3, 3, 1, 1}, {4, 3, 2, 1}, {2, 3, 1, 1}};
    for (size_t k = 0; k < 3; k++)
        for (size_t bias = 0; bias < 2; bias++) {
            pm_patches p;
            pm_raster input = {0};
            twins t;
            const size_t n_in = pm_maps_size(&shapes[k]) + bias;
            ck_assert_int_eq(pm_patches_convolve(&p, &kernels[k], &shapes[k], n_in, NULL), PM_OK);
            twins_new(&t, &p, bias ? 2.0 : 0.0, 5 + k);
            draw_input(&input, n_in, 2 * n_in + 40, 11 + k);
            compare_twins(&t, &p, &input);
            twins_free(&t);
            pm_raster_free(&input);
            pm_patches_free(&p);
        }
}
END_TEST

/* Receptive fields are the dense layer with zeros, whatever neurons are put together, and every synapse is there. */
START_TEST(fields_are_dense_with_zeros) {
    enum { IN = 30, OUT = 21 };
    const size_t widths[] = {1, 8, 16, OUT, 80};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
        uint8_t fields[IN * OUT];
        pm_patches p;
        pm_raster input = {0};
        twins t;
        size_t targets = 0;
        for (size_t q = 0; q < IN * OUT; q++)
            fields[q] = gsl_rng_uniform(rng) < 0.4;
        ck_assert_int_eq(pm_patches_gather(&p, fields, IN, OUT, OUT, widths[k], NULL), PM_OK);
        for (size_t i = 0; i < IN; i++)
            for (size_t j = 0; j < OUT; j++)
                ck_assert(!fields[i * OUT + j] || pm_patches_place(&p, i, j) != PM_NO_WEIGHT);
        for (size_t q = 0; q < p.n; q++)
            targets += p.patch[q].n_targets;
        ck_assert_uint_eq(targets, OUT);
        twins_new(&t, &p, 0.0, 3);
        draw_input(&input, IN, 3 * IN, 7);
        compare_twins(&t, &p, &input);
        twins_free(&t);
        pm_raster_free(&input);
        pm_patches_free(&p);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Of each window the earliest spike goes on, and nothing else does: compared with the same layer without windows. */
START_TEST(first_spikes_of_windows) {
    const pm_maps in = {1, 9, 8};
    const pm_convolution all = {3, 3, 1, 1}, first = {3, 3, 1, 2};
    const pm_neuron neuron = test_neuron(0.0);
    const pm_lif lif = pm_lif_of_neuron(&neuron);
    pm_patches p[2];
    pm_layer layer[2];
    pm_raster input = {0}, out[2] = {{0}};
    pm_maps fires, passes;
    ck_assert(pm_convolution_shapes(&first, &in, &fires, &passes));
    ck_assert_uint_eq(passes.height, 4); /* of 7: the last window has one row */
    ck_assert_uint_eq(passes.width, 3);
    draw_input(&input, 72, 100, 2);
    double *weight = aligned_alloc(64, 9 * 8 * sizeof *weight);
    for (size_t k = 0; k < 72; k++)
        weight[k] = k % 8 < 3 ? 900.0 + 100.0 * (double)(k % 5) : 0.0;
    for (size_t k = 0; k < 2; k++) {
        ck_assert_int_eq(pm_patches_convolve(&p[k], k ? &first : &all, &in, 72, NULL), PM_OK);
        ck_assert_int_eq(pm_layer_new(&layer[k], &lif, 1, 8, NULL), PM_OK);
        free(layer[k].weight);
        layer[k].weight = weight;
        ck_assert_int_eq(pm_layer_patch(&layer[k], &p[k], NULL), PM_OK);
        ck_assert_int_eq(pm_layer_run(&layer[k], &input, 30.0, 10000, &out[k], NULL), PM_OK);
    }
    double earliest[36];
    size_t windows = 0;
    for (size_t w = 0; w < 36; w++)
        earliest[w] = INFINITY;
    for (size_t k = 0; k < out[0].n; k++) {
        const size_t w = p[1].window[out[0].neuron[k]];
        earliest[w] = fmin(earliest[w], out[0].time[k]);
    }
    for (size_t w = 0; w < 36; w++)
        windows += earliest[w] < INFINITY;
    ck_assert_uint_gt(out[0].n, 2 * windows); /* neurons fire several times */
    ck_assert_uint_gt(windows, 10);
    ck_assert_uint_eq(out[1].n, windows);
    for (size_t k = 0; k < out[1].n; k++) {
        ck_assert(out[1].time[k] == earliest[out[1].neuron[k]]);
        ck_assert(k == 0 || out[1].time[k] >= out[1].time[k - 1]);
        earliest[out[1].neuron[k]] = NAN; /* once */
    }
    for (size_t k = 0; k < 2; k++) {
        layer[k].weight = NULL;
        pm_layer_free(&layer[k]);
        pm_patches_free(&p[k]);
        pm_raster_free(&out[k]);
    }
    free(weight);
    pm_raster_free(&input);
}
END_TEST

/* Two convolutions with windows, then outputs: the gradient of every loss is that of finite differences. */
START_TEST(gradients) {
    const pm_maps in = {1, 10, 10};
    const pm_convolution kernels[] = {{4, 3, 1, 2}, {5, 2, 1, 2}};
    pm_maps fires, shapes[3] = {in};
    size_t sizes[4] = {101, 0, 0, 3}, compared = 0;
    pm_patches p[2];
    for (size_t l = 0; l < 2; l++) {
        ck_assert(pm_convolution_shapes(&kernels[l], &shapes[l], &fires, &shapes[l + 1]));
        ck_assert_int_eq(pm_patches_convolve(&p[l], &kernels[l], &shapes[l], sizes[l], NULL), PM_OK);
        sizes[l + 1] = pm_maps_size(&shapes[l + 1]);
    }
    for (size_t k = 0; pm_losses[k]; k++) {
        const pm_loss *loss = pm_loss_of(pm_losses[k]);
        if (loss->desired)
            continue;
        const pm_neuron neuron = test_neuron(k % 2 ? 1.0 : 0.0);
        pm_classifier net;
        pm_lane lane;
        pm_raster input = {0};
        double *gradient[3];
        ck_assert_int_eq(pm_classifier_new(&net, &neuron, &neuron, loss, sizes, 3, NULL), PM_OK);
        net.duration = 40.0;
        for (size_t l = 0; l < 2; l++)
            ck_assert_int_eq(pm_classifier_patch(&net, l, &p[l], NULL), PM_OK);
        draw_weights(&net, 300.0, 500.0, 4 + k);
        draw_input(&input, 101, 160, 6 + k);
        ck_assert_int_eq(pm_lane_new(&lane, &net, NULL), PM_OK);
        const double h = 1e-4;
        (void)loss_of(&lane, &input, 1);
        const size_t spikes = pm_lane_spikes(&lane);
        for (size_t l = 0; l < 3; l++)
            gradient[l] = zeros(&net, l);
        ck_assert_int_eq(pm_lane_back(&lane, 1, gradient, NULL), PM_OK);
        for (size_t l = 0; l < 2; l++)
            for (size_t q = 0; q < pm_classifier_weights(&net, l); q++) {
                if (q % net.strides[l] >= kernels[l].channels)
                    continue;
                double *w = &net.weight[l][q], kept = *w, at[2];
                bool same = true;
                for (size_t side = 0; side < 2; side++) {
                    *w = kept + (side ? h : -h);
                    at[side] = loss_of(&lane, &input, 1);
                    same = same && pm_lane_spikes(&lane) == spikes;
                }
                *w = kept;
                const double difference = (at[1] - at[0]) / (2.0 * h);
                /* rounding 1e-16 of the loss / h, third derivatives times h^2; another neuron of a window may come
                 * first, too, but no weight here is within h of that */
                if (same)
                    ck_assert_double_eq_tol(gradient[l][q], difference, 1e-9 + 5e-5 * fabs(difference));
                compared += same && fabs(difference) > 1e-7;
            }
        for (size_t l = 0; l < 3; l++)
            free(gradient[l]);
        pm_lane_free(&lane);
        pm_classifier_free(&net);
        pm_raster_free(&input);
    }
    ck_assert_uint_gt(compared, 150);
    for (size_t l = 0; l < 2; l++)
        pm_patches_free(&p[l]);
}
END_TEST

/* A kernel that is larger than what it sees is refused, and so is nothing else. */
START_TEST(kernels_fit) {
    const pm_maps in = {1, 4, 6};
    pm_maps fires, passes;
    pm_patches p;
    const pm_convolution large = {2, 5, 1, 1}, fits = {2, 4, 1, 1};
    ck_assert(!pm_convolution_shapes(&large, &in, &fires, &passes));
    ck_assert_int_eq(pm_patches_convolve(&p, &large, &in, 24, NULL), PM_INVALID);
    ck_assert(pm_convolution_shapes(&fits, &in, &fires, &passes));
    ck_assert_uint_eq(fires.height, 1);
    ck_assert_uint_eq(fires.width, 3);
}
END_TEST

Suite *pm_suite_patches(void);
Suite *pm_suite_patches(void) {
    Suite *suite = suite_create("patches");
    TCase *tc = tcase_create("patches");
    tcase_add_test(tc, convolution_is_dense_with_shared_weights);
    tcase_add_test(tc, fields_are_dense_with_zeros);
    tcase_add_test(tc, first_spikes_of_windows);
    tcase_add_test(tc, gradients);
    tcase_add_test(tc, kernels_fit);
    suite_add_tcase(suite, tc);
    return suite;
}
