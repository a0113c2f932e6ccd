#include "classify/lee.h"
#include "base/random.h"
#include "support/pictures.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 9, SECOND = 7, LAYERS = 4 };

static const uint32_t sizes[LAYERS] = {INPUTS, FIRST, SECOND, OUTPUTS};

static pm_lee_parameters defaults(void) { return *(const pm_lee_parameters *)presets_of(&pm_image_model_lee.head); }

static void make(pm_image_net *net, size_t n_layers, const pm_lee_parameters *p, int threads) {
    const uint32_t three[] = {INPUTS, FIRST, OUTPUTS};
    pm_error error = {0};
    ck_assert_int_eq(
        pm_image_net_new(net, &pm_image_model_lee, n_layers == 3 ? three : sizes, n_layers, p, 5, threads, &error),
        PM_OK);
}

typedef struct net_of_rates {
    double a[LAYERS][16];
    const double *inhibition; /* of each layer */
} net_of_rates;

/* Solves a_i = s_i/theta_i + c sum_{j != i} a_j by iteration, layer after layer; returns 1/2 |a - y|^2. */
static double solve(net_of_rates *r, const double *learnt, const double *x, const double *y) {
    double loss = 0.0;
    memcpy(r->a[0], x, INPUTS * sizeof *x);
    for (size_t l = 1; l < LAYERS; l++) {
        size_t n_in = sizes[l - 1], n = sizes[l];
        double s[16] = {0}, total = 0.0;
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n_in; k++)
                s[i] += learnt[k * n + i] * r->a[l - 1][k];
            s[i] /= learnt[n_in * n + i];
            r->a[l][i] = s[i];
        }
        for (int step = 0; step < 400; step++) /* one neuron after the other: converges for small c */
            for (size_t i = 0; i < n; i++) {
                total = 0.0;
                for (size_t j = 0; j < n; j++)
                    total += j == i ? 0.0 : r->a[l][j];
                r->a[l][i] = s[i] + r->inhibition[l] * total;
            }
        learnt += (n_in + 1) * n;
    }
    for (size_t i = 0; i < OUTPUTS; i++) {
        ck_assert_double_gt(r->a[LAYERS - 1][i], 0.0);
        loss += 0.5 * (r->a[LAYERS - 1][i] - y[i]) * (r->a[LAYERS - 1][i] - y[i]);
    }
    return loss;
}

/* Without the published normalisation, errors are the derivatives of the equation for mean spike trains that the rule
 * starts from, lateral inhibition included. */
START_TEST(gradient) {
    pm_lee_parameters p = defaults();
    double x[INPUTS], y[OUTPUTS], e[LAYERS][16];
    double inhibition[LAYERS] = {0.0, -0.04, -0.04, -0.2};
    net_of_rates r = {.inhibition = inhibition}, other = r;
    pm_lee_traces traces = {0};
    pm_image_net net;
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    p.normalise = 0.0;
    p.inhibition = 0.04;
    p.inhibition_output = 0.2;
    make(&net, LAYERS, &p, 1);
    for (size_t k = 0; k < net.n_learnt; k++)
        net.learnt[k] = 0.5 + gsl_rng_uniform(rng); /* so that every neuron is active */
    for (size_t k = 0; k < INPUTS; k++)
        x[k] = 0.5 + gsl_rng_uniform(rng);
    for (size_t i = 0; i < OUTPUTS; i++)
        y[i] = 100.0 * gsl_rng_uniform(rng);
    solve(&r, net.learnt, x, y);
    for (size_t l = 0; l < LAYERS; l++) {
        traces.x[l] = r.a[l];
        traces.error[l] = e[l];
        for (size_t i = 0; i < sizes[l]; i++)
            ck_assert_double_gt(r.a[l][i], 0.0);
    }
    for (size_t i = 0; i < OUTPUTS; i++)
        e[LAYERS - 1][i] = r.a[LAYERS - 1][i] - y[i];
    pm_lee_backward(net.model, net.learnt, &traces, 1, net.sums);
    for (size_t k = 0; k < net.n_learnt; k++) {
        const double h = 1e-5;
        double old = net.learnt[k];
        net.learnt[k] = old + h;
        double up = solve(&other, net.learnt, x, y);
        net.learnt[k] = old - h;
        double down = solve(&other, net.learnt, x, y);
        net.learnt[k] = old;
        double slope = (up - down) / (2.0 * h);
        /* third derivatives times h^2: 1e-10; rounding of the loss over h: 1e-11 of it */
        ck_assert_double_eq_tol(net.sums[k], slope, 1e-7 * fabs(slope) + 1e-4);
        ck_assert_double_gt(fabs(slope), 1e-2);
    }
    gsl_rng_free(rng);
    pm_image_net_free(&net);
}
END_TEST

/* The normalisation is the published one: factors for each layer between plain and normalised errors. */
START_TEST(normalisation) {
    pm_lee_parameters p = defaults();
    pm_image_net plain, scaled;
    double x[INPUTS] = {0}, a[FIRST] = {0}, b[OUTPUTS] = {1.0, 2.0, 0.0}, e[2][16], f[2][16];
    const double error[OUTPUTS] = {0.3, -0.2, 0.5};
    p.inhibition_output = 0.0;
    make(&scaled, 3, &p, 1);
    p.normalise = 0.0;
    make(&plain, 3, &p, 1);
    for (size_t k = 0; k < INPUTS; k += 3)
        x[k] = 1.0 + (double)k; /* 4 active */
    for (size_t i = 0; i < FIRST; i += 2)
        a[i] = 2.0 + (double)i; /* 5 active */
    memcpy(e[1], error, sizeof error);
    memcpy(f[1], error, sizeof error);
    pm_lee_traces to_e = {{x, a, b}, {NULL, e[0], e[1]}}, to_f = {{x, a, b}, {NULL, f[0], f[1]}};
    pm_lee_backward(plain.model, plain.learnt, &to_e, 1, plain.sums);
    pm_lee_backward(scaled.model, scaled.learnt, &to_f, 1, scaled.sums);
    const size_t second = (INPUTS + 1) * FIRST, at_first = INPUTS * FIRST, at_second = second + FIRST * OUTPUTS;
    double theta_1 = plain.learnt[at_first], theta_2 = plain.learnt[at_second];
    for (size_t k = 0; k < FIRST * OUTPUTS; k++) /* sqrt(N/m); the output's 1/theta is 1 */
        ck_assert_double_eq_tol(scaled.sums[second + k], plain.sums[second + k] * theta_2 * sqrt(3.0 / 5.0), 1e-12);
    for (size_t i = 0; i < OUTPUTS; i++) /* sqrt(N/(m M)) */
        ck_assert_double_eq_tol(scaled.sums[at_second + i], plain.sums[at_second + i] * theta_2 * sqrt(3.0 / 45.0),
                                1e-12);
    double below = theta_2 * sqrt(9.0 / 5.0), gain = theta_1; /* sqrt(M/m); equal thresholds: 1/theta becomes 1 */
    for (size_t k = 0; k < INPUTS * FIRST; k++) {
        ck_assert_double_eq_tol(scaled.sums[k], plain.sums[k] * below * gain * sqrt(9.0 / 4.0), 1e-12);
        if ((k % FIRST) % 2 || (k / FIRST) % 3)
            ck_assert(scaled.sums[k] == 0.0); /* silent neurons and silent inputs learn nothing */
    }
    for (size_t i = 0; i < FIRST; i++)
        ck_assert_double_eq_tol(scaled.sums[at_first + i],
                                plain.sums[at_first + i] * below * gain * sqrt(9.0 / (4.0 * 12.0)), 1e-12);
    for (size_t i = 0; i < FIRST; i++) /* who fired is counted */
        ck_assert(scaled.sums[scaled.n_learnt + i] == (i % 2 ? 0.0 : 1.0));
    ck_assert(scaled.sums[scaled.n_learnt + FIRST + 1] == 1.0 && scaled.sums[scaled.n_learnt + FIRST + 2] == 0.0);
    pm_image_net_free(&plain);
    pm_image_net_free(&scaled);
}
END_TEST

/* 1/2 |n / max n - y|^2 */
static double loss_of_counts(const double *n, uint8_t label) {
    double most = 0.0, loss = 0.0;
    for (size_t i = 0; i < OUTPUTS; i++)
        most = fmax(most, n[i]);
    for (size_t i = 0; i < OUTPUTS; i++)
        loss += 0.5 * pow(n[i] / most - (i == label ? 1.0 : 0.0), 2.0);
    return loss;
}

/* The errors of a single layer's output neurons for the first image of a set, times the trace of its first input. */
static void errors_of(set *s, double relative, uint8_t label, uint64_t key, double *e) {
    const uint32_t two[] = {INPUTS, OUTPUTS};
    pm_lee_parameters p = defaults();
    pm_image_net net;
    pm_image_outcome outcome;
    p.normalise = p.lateral = p.weight_penalty = p.inhibition_output = 0.0;
    p.relative = relative;
    p.alpha_output = 3.0;
    ck_assert_int_eq(pm_image_net_new(&net, &pm_image_model_lee, two, 2, &p, key, 1, NULL), PM_OK);
    s->images.n = 1;
    s->images.key = key;
    s->label[0] = label;
    ck_assert_int_eq(pm_image_net_run(&net, &s->images, true, &outcome, NULL, NULL), PM_OK);
    for (size_t i = 0; i < OUTPUTS; i++)
        e[i] = net.sums[i] * net.learnt[INPUTS * OUTPUTS + i];
    pm_image_net_free(&net);
}

/* Errors of the output are the derivatives of the loss with respect to counts of spikes, times the largest count; on
 * request they are those of outputs that are not divided by it. */
START_TEST(relative_errors) {
    static set s;
    size_t seen[2] = {0}; /* where the label leads, and where another neuron does */
    make_set(&s, 8);
    for (uint64_t key = 0; key < 60; key++) {
        double e[OUTPUTS], other[OUTPUTS], follows[OUTPUTS], o[OUTPUTS];
        size_t first = 0, ties = 0;
        errors_of(&s, 0.0, 1, key, e);
        errors_of(&s, 0.0, 0, key, other);
        errors_of(&s, 1.0, 1, key, follows);
        double trace = other[1] - e[1]; /* o - 0 less o - 1 */
        ck_assert_double_gt(trace, 0.0);
        for (size_t i = 0; i < OUTPUTS; i++) {
            o[i] = e[i] / trace + (i == 1 ? 1.0 : 0.0);
            first = o[i] > o[first] ? i : first;
        }
        for (size_t i = 0; i < OUTPUTS; i++)
            ties += o[i] > 0.999;
        if (ties != 1)
            continue;
        ck_assert_double_eq_tol(o[first], 1.0, 1e-12);
        seen[first != 1]++;
        for (size_t i = 0; i < OUTPUTS; i++) {
            const double h = 1e-5;
            double at = o[i];
            o[i] = at + h;
            double up = loss_of_counts(o, 1);
            o[i] = at - h;
            double slope = (up - loss_of_counts(o, 1)) / (2.0 * h);
            o[i] = at;
            ck_assert_double_eq_tol(follows[i] / trace, slope, 1e-8);
        }
    }
    ck_assert_uint_gt(seen[0], 5);
    ck_assert_uint_gt(seen[1], 5);
}
END_TEST

/* The penalty's gradient is its derivative; the drift of thresholds keeps their mean and ends at the floor. */
START_TEST(regularisation) {
    pm_lee_parameters p = defaults();
    pm_image_net net;
    p.weight_penalty = 0.03;
    p.weight_steepness = 2.0;
    p.threshold_drift = 0.001;
    make(&net, 3, &p, 1);
    memset(net.sums, 0, net.n_sums * sizeof *net.sums);
    pm_image_model_lee.finish(net.model, 1, net.learnt, net.sums);
    for (size_t i = 0; i < FIRST; i++) {
        const double h = 1e-5;
        double value[2], square = 0.0, *w = &net.learnt[3 * FIRST + i];
        for (int side = 0; side < 2; side++) {
            *w += side ? -2.0 * h : h;
            square = 0.0;
            for (size_t k = 0; k < INPUTS; k++)
                square += net.learnt[k * FIRST + i] * net.learnt[k * FIRST + i];
            value[side] = 0.5 * 0.03 * exp(2.0 * (square - 1.0));
        }
        *w += h;
        ck_assert_double_eq_tol(net.sums[3 * FIRST + i], (value[0] - value[1]) / (2.0 * h), 1e-9);
    }
    double *fired = net.sums + net.n_learnt, *threshold = net.learnt + INPUTS * FIRST, first = threshold[0];
    double mean = 0.0;
    fired[0] = 1.0;
    fired[1] = 0.25; /* in a quarter of the images */
    pm_image_model_lee.settle(net.model, 0, net.sums, net.learnt); /* weights, which have nothing of the kind */
    ck_assert(threshold[0] == first && threshold[1] == first);
    pm_image_model_lee.settle(net.model, 1, net.sums, net.learnt);
    ck_assert_double_eq_tol(threshold[0], first + 0.001 * (FIRST - 1.25), 1e-15);
    ck_assert_double_eq_tol(threshold[1], first + 0.001 * (FIRST * 0.25 - 1.25), 1e-15);
    ck_assert_double_eq_tol(threshold[2], first - 0.001 * 1.25, 1e-15);
    for (size_t i = 0; i < FIRST; i++)
        mean += threshold[i] / FIRST;
    ck_assert_double_eq_tol(mean, first, 1e-14);
    for (int step = 0; step < 10000; step++)
        pm_image_model_lee.settle(net.model, 1, net.sums, net.learnt);
    ck_assert_double_eq_tol(threshold[2], p.threshold_floor * first, 1e-15);
    pm_image_net_free(&net);
}
END_TEST

/* An image has as many input spikes as asked for, shared out by brightness; a black image has none. */
START_TEST(input) {
    static set s;
    pm_lee_parameters p = defaults();
    pm_image_net net;
    pm_image_outcome outcome;
    const uint32_t copy[] = {INPUTS, INPUTS};
    make_set(&s, 3);
    p.input_spikes = 300.0;
    p.inhibition_output = 0.0;
    p.t_ref = 0.0;
    ck_assert_int_eq(pm_image_net_new(&net, &pm_image_model_lee, copy, 2, &p, 1, 1, NULL), PM_OK);
    for (size_t k = 0; k < INPUTS * INPUTS; k++) /* every neuron repeats one input */
        net.learnt[k] = k / INPUTS == k % INPUTS ? 1.0 : 0.0;
    for (size_t i = 0; i < INPUTS; i++)
        net.learnt[INPUTS * INPUTS + i] = 1.0;
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, false, &outcome, NULL, NULL), PM_OK);
    double expected = 300.0 * IMAGES;
    ck_assert_double_le(fabs((double)outcome.spikes[0] - expected), 4.0 * sqrt(expected));
    ck_assert_uint_eq(outcome.spikes[1], outcome.spikes[0]);
    for (size_t k = 0; k < INPUTS; k++) {
        double share = 0.0, count = 0.0;
        s.images.n = 1;
        for (size_t j = 0; j < INPUTS; j++)
            share += s.pixel[j];
        for (size_t j = 0; j < INPUTS; j++)
            net.learnt[INPUTS * INPUTS + j] = j == k ? 1.0 : 1e9; /* only this one is heard */
        for (uint64_t draw = 0; draw < 50; draw++) {
            s.images.key = draw;
            ck_assert_int_eq(pm_image_net_run(&net, &s.images, false, &outcome, NULL, NULL), PM_OK);
            count += (double)outcome.spikes[1];
        }
        expected = 50.0 * 300.0 * s.pixel[k] / share;
        ck_assert_double_le(fabs(count - expected), 4.0 * sqrt(expected));
    }
    memset(s.pixel, 0, sizeof s.pixel);
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, true, &outcome, NULL, NULL), PM_OK);
    ck_assert_uint_eq(outcome.spikes[0], 0);
    ck_assert_double_eq(outcome.loss, 0.5);
    pm_image_net_free(&net);
}
END_TEST

/* A recording's events are the input spikes, its window lasting as long as an image is shown. */
START_TEST(recordings) {
    static uint64_t first[] = {0, 3};
    static double time[] = {10.0, 30.0, 90.0}; /* ms */
    static uint16_t feature[] = {2, 5, 1};
    pm_lee_parameters p = defaults();
    pm_image_net net;
    pm_image_outcome outcome;
    const uint32_t two[] = {INPUTS, OUTPUTS};
    const pm_dataset data = {.n = 1, .n_features = INPUTS, .first = first, .time = time, .feature = feature};
    const pm_images events = {.n = 1,
                              .label = (const uint8_t[]){1},
                              .number = (const uint64_t[]){0},
                              .recordings = &data,
                              .window = 100.0};
    p.weight_penalty = 0.0;
    p.relative = 0.0;
    ck_assert_int_eq(pm_image_net_new(&net, &pm_image_model_lee, two, 2, &p, 1, 1, NULL), PM_OK);
    for (size_t k = 0; k < INPUTS * OUTPUTS; k++)
        net.learnt[k] = k % OUTPUTS ? 0.0 : 10.0; /* neuron 0 fires, which it should not */
    ck_assert_int_eq(pm_image_net_run(&net, &events, true, &outcome, NULL, NULL), PM_OK);
    ck_assert_uint_eq(outcome.spikes[0], 3);
    ck_assert_uint_eq(outcome.spikes[1], 3);
    const double *g = net.sums; /* dL/dw has the input's trace as factor */
    ck_assert_double_gt(g[OUTPUTS], 0.0);
    ck_assert_double_eq_tol(g[2 * OUTPUTS] / g[OUTPUTS], exp(-(90.0 - 10.0) / 2.0 / p.tau), 1e-12);
    ck_assert_double_eq_tol(g[5 * OUTPUTS] / g[OUTPUTS], exp(-(90.0 - 30.0) / 2.0 / p.tau), 1e-12);
    for (size_t k = 0; k < INPUTS; k++)
        ck_assert(k == 1 || k == 2 || k == 5 || g[k * OUTPUTS] == 0.0);
    pm_image_net_free(&net);
}
END_TEST

/* Gradients, losses and guesses have the same bits for any number of threads. */
START_TEST(threads) {
    static set s;
    pm_lee_parameters p = defaults();
    pm_image_net one, more;
    pm_image_outcome a, b;
    uint8_t guess_a[IMAGES], guess_b[IMAGES];
    make_set(&s, 4);
    p.alpha = p.alpha_output = 1.5;
    p.inhibition = 0.05;
    make(&one, LAYERS, &p, 1);
    ck_assert_int_eq(pm_image_net_run(&one, &s.images, true, &a, guess_a, NULL), PM_OK);
    ck_assert_uint_gt(a.spikes[LAYERS - 1], IMAGES);
    for (int n = 2; n <= 4; n++) {
        make(&more, LAYERS, &p, n);
        ck_assert_int_eq(pm_image_net_run(&more, &s.images, true, &b, guess_b, NULL), PM_OK);
        ck_assert_mem_eq(one.sums, more.sums, one.n_sums * sizeof *one.sums);
        ck_assert_mem_eq(guess_a, guess_b, sizeof guess_a);
        ck_assert(a.loss == b.loss && a.correct == b.correct && a.spikes[2] == b.spikes[2]);
        pm_image_net_free(&more);
    }
    pm_image_net_free(&one);
}
END_TEST

/* A plain step along the gradient, and what the model does besides. */
static void step_net(pm_image_net *net, double rate) {
    size_t from, n;
    double share;
    for (size_t k = 0; net->kind->piece(net->model, k, &from, &n, &share); k++) {
        for (size_t i = from; i < from + n; i++)
            net->learnt[i] -= share * rate * net->sums[i];
        net->kind->settle(net->model, k, net->sums, net->learnt);
    }
}

/* It learns what a few images have in common: images that it has not seen are told apart. */
START_TEST(learns) {
    static set seen, unseen;
    pm_lee_parameters p = defaults();
    pm_image_net net;
    pm_image_outcome outcome;
    make_set(&seen, 5);
    make_set(&unseen, 6);
    p.alpha = p.alpha_output = 2.0;
    p.input_spikes = 100.0;
    make(&net, 3, &p, 1);
    for (uint64_t step = 1; step <= 200; step++) {
        seen.images.key = step;
        ck_assert_int_eq(pm_image_net_run(&net, &seen.images, true, &outcome, NULL, NULL), PM_OK);
        step_net(&net, 0.01);
    }
    ck_assert_int_eq(pm_image_net_run(&net, &unseen.images, false, &outcome, NULL, NULL), PM_OK);
    ck_assert_uint_ge(outcome.correct, IMAGES - 3); /* a third by chance */
    pm_image_net_free(&net);
}
END_TEST

static void refused(pm_lee_parameters p, const char *word) {
    pm_image_net net;
    pm_error error = {0};
    ck_assert_int_eq(pm_image_net_new(&net, &pm_image_model_lee, sizes, LAYERS, &p, 1, 1, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s", error.message);
    ck_assert_ptr_null(net.learnt);
}

/* Impossible parameters are refused by name. */
START_TEST(refusals) {
    const pm_lee_parameters good = defaults();
    pm_lee_parameters p = good;
    p.inhibition_output = 1.0, refused(p, "inhibition_output");
    p = good, p.tau = 0.0, refused(p, "tau");
    p = good, p.input_spikes = 1e7, refused(p, "input_spikes");
    p = good, p.duration = INFINITY, refused(p, "duration");
    p = good, p.lateral = 0.5, refused(p, "lateral");
    for (size_t k = 0; pm_image_models[k]; k++)
        ck_assert_uint_le(pm_image_models[k]->size, PM_IMAGE_MODEL_PARAMETERS_SIZE);
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    static set s;
    const pm_lee_parameters p = defaults();
    make_set(&s, 8);
    for (size_t n = 1;; n++) {
        pm_image_net net;
        pm_image_outcome outcome;
        pm_error error = {0};
        starve(n);
        pm_status status = pm_image_net_new(&net, &pm_image_model_lee, sizes, LAYERS, &p, 1, 2, &error);
        if (status == PM_OK)
            status = pm_image_net_run(&net, &s.images, true, &outcome, NULL, &error);
        bool hit = starved();
        starve(0);
        pm_image_net_free(&net);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit)
            break;
        ck_assert_str_ne(error.message, "");
    }
}
END_TEST

Suite *pm_suite_lee(void);
Suite *pm_suite_lee(void) {
    Suite *suite = suite_create("lee");
    TCase *tests = tcase_create("lee");
    tcase_add_test(tests, gradient);
    tcase_add_test(tests, normalisation);
    tcase_add_test(tests, relative_errors);
    tcase_add_test(tests, regularisation);
    tcase_add_test(tests, input);
    tcase_add_test(tests, recordings);
    tcase_add_test(tests, threads);
    tcase_add_test(tests, learns);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
