#include "rule/optimiser.h"
#include "classify/stbp.h"
#include "support/pictures.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = 9 };

static const uint32_t two[] = {INPUTS, OUTPUTS}, three[] = {INPUTS, HIDDEN, OUTPUTS},
                      four[] = {INPUTS, HIDDEN, HIDDEN, OUTPUTS};

static pm_stbp_parameters some(double input, double reset, double spike) {
    pm_stbp_parameters p = *(const pm_stbp_parameters *)presets_of(&pm_image_model_stbp.head);
    p.steps = 6.0;
    p.norm = 0.8;
    p.width = 1.3;
    p.decay = 0.4;
    p.input = input;
    p.reset = reset;
    p.spike = spike;
    return p;
}

static void make(pm_image_net *net, const uint32_t *sizes, size_t n_layers, const pm_stbp_parameters *p, int threads) {
    pm_error error = {0};
    ck_assert_int_eq(pm_image_net_new(net, &pm_image_model_stbp, sizes, n_layers, p, 5, threads, &error), PM_OK);
}

static double mean_loss(pm_image_net *net, const pm_images *images) {
    pm_image_outcome outcome;
    ck_assert_int_eq(pm_image_net_run(net, images, false, &outcome, NULL, NULL), PM_OK);
    return outcome.loss / (double)images->n;
}

/* With ramps instead of steps the loss is differentiable, and the gradient is its derivative. */
START_TEST(gradient) {
    const uint32_t *sizes[] = {two, three, four};
    static set s;
    make_set(&s, 1);
    s.images.n = 10;
    for (size_t n_layers = 2; n_layers <= 4; n_layers++)
        for (int kind = 0; kind < 4; kind++) {
            pm_stbp_parameters p = some(kind & 1, kind >> 1, PM_STBP_RAMP);
            pm_image_net net;
            pm_image_outcome outcome;
            make(&net, sizes[n_layers - 2], n_layers, &p, 1);
            ck_assert_int_eq(pm_image_net_run(&net, &s.images, true, &outcome, NULL, NULL), PM_OK);
            double largest = 0.0;
            for (size_t k = 0; k < net.n_learnt; k++) {
                const double h = 1e-7;
                double old = net.learnt[k];
                net.learnt[k] = old + h;
                double up = mean_loss(&net, &s.images);
                net.learnt[k] = old - h;
                double down = mean_loss(&net, &s.images);
                net.learnt[k] = old;
                /* rounding of the loss is 1e-16 / h = 1e-9; few images, so that no ramp bends within h */
                ck_assert_double_eq_tol(net.sums[k], (up - down) / (2.0 * h), 3e-8);
                largest = fmax(largest, fabs(net.sums[k]));
            }
            ck_assert_double_gt(largest, 1e-3); /* the comparison means something */
            pm_image_net_free(&net);
        }
}
END_TEST

/* The paper's equations, neuron by neuron, for one image in three layers with linear reset: f(o) = decay (1 - o). */
static void by_the_book(const pm_stbp_parameters *p, const double *w1, const double *w2, const double *image, int label,
                        double *loss, double *g1, double *g2) {
    enum { T = 6 };
    double u1[T][HIDDEN] = {{0}}, o1[T][HIDDEN] = {{0}}, u2[T][OUTPUTS] = {{0}}, o2[T][OUTPUTS] = {{0}};
    double later = p->gradient == PM_STBP_SPACE ? 0.0 : p->decay; /* what errors of the next step count */
    double mean[OUTPUTS] = {0}, d1[T + 1][HIDDEN] = {{0}}, d2[T + 1][OUTPUTS] = {{0}};
    for (int t = 0; t < T; t++) {
        for (int i = 0; i < HIDDEN; i++) {
            u1[t][i] = w1[INPUTS * HIDDEN + i] + (t ? p->decay * (1.0 - o1[t - 1][i]) * u1[t - 1][i] : 0.0);
            for (int j = 0; j < INPUTS; j++)
                u1[t][i] += w1[j * HIDDEN + i] * image[j];
            o1[t][i] = u1[t][i] >= p->threshold;
        }
        for (int i = 0; i < OUTPUTS; i++) {
            u2[t][i] = w2[HIDDEN * OUTPUTS + i] + (t ? p->decay * (1.0 - o2[t - 1][i]) * u2[t - 1][i] : 0.0);
            for (int j = 0; j < HIDDEN; j++)
                u2[t][i] += w2[j * OUTPUTS + i] * o1[t][j];
            o2[t][i] = u2[t][i] >= p->threshold;
            mean[i] += o2[t][i] / T;
        }
    }
    for (int t = T; t-- > 0;) {
        for (int i = 0; i < OUTPUTS; i++) {
            double off = mean[i] - (i == label);
            *loss += t == 0 ? 0.5 * off * off : 0.0;
            double h = fabs(u2[t][i] - p->threshold) < p->width / 2 ? 1.0 / p->width : 0.0;
            d2[t][i] = (off / T - d2[t + 1][i] * u2[t][i] * later) * h + d2[t + 1][i] * later * (1.0 - o2[t][i]);
            g2[HIDDEN * OUTPUTS + i] += d2[t][i];
            for (int j = 0; j < HIDDEN; j++)
                g2[j * OUTPUTS + i] += d2[t][i] * o1[t][j];
        }
        for (int i = 0; i < HIDDEN; i++) {
            double above = 0.0;
            for (int k = 0; k < OUTPUTS; k++)
                above += w2[i * OUTPUTS + k] * d2[t][k];
            double h = fabs(u1[t][i] - p->threshold) < p->width / 2 ? 1.0 / p->width : 0.0;
            d1[t][i] = (above - d1[t + 1][i] * u1[t][i] * later) * h + d1[t + 1][i] * later * (1.0 - o1[t][i]);
            g1[INPUTS * HIDDEN + i] += d1[t][i];
            for (int j = 0; j < INPUTS; j++)
                g1[j * HIDDEN + i] += d1[t][i] * image[j];
        }
    }
}

/* With spikes, loss and gradient are those of the published equations, with and without their terms in time. */
START_TEST(published) {
    enum { FIRST = (INPUTS + 1) * HIDDEN, SECOND = (HIDDEN + 1) * OUTPUTS };
    static set s;
    make_set(&s, 2);
    pm_stbp_parameters p = some(PM_STBP_CURRENT, PM_STBP_LINEAR, PM_STBP_STEP);
    pm_image_net net;
    pm_image_outcome outcome;
    double loss = 0.0, g[FIRST + SECOND] = {0};
    p.gradient = _i;
    make(&net, three, 3, &p, 1);
    ck_assert_uint_eq(net.n_learnt, FIRST + SECOND);
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, true, &outcome, NULL, NULL), PM_OK);
    for (size_t i = 0; i < IMAGES; i++)
        by_the_book(&p, net.learnt, net.learnt + FIRST, s.pixel + i * INPUTS, s.label[i], &loss, g, g + FIRST);
    ck_assert_double_eq_tol(outcome.loss, loss, 1e-12);
    ck_assert_uint_gt(outcome.spikes[1], IMAGES);
    ck_assert_uint_eq(outcome.spikes[0], 0);
    for (size_t k = 0; k < net.n_learnt; k++)
        ck_assert_double_eq_tol(net.sums[k], g[k] / IMAGES, 1e-14);
    pm_image_net_free(&net);
}
END_TEST

/* A recording's event is a spike in the step of its share of the window, however many a pixel has there: bits are those of
 * an image whose white pixels fire in every step. */
START_TEST(recordings) {
    static set s;
    static uint64_t first[] = {0, 24, 24};
    double time[24];
    uint16_t feature[24];
    make_set(&s, 3);
    pm_stbp_parameters p = some(PM_STBP_RATE, PM_STBP_LINEAR, PM_STBP_STEP);
    pm_image_net of_images, of_events;
    pm_image_outcome a, b;
    for (size_t k = 0; k < 24; k++) { /* pixels 3 and 7, twice in each of 6 steps of 1 ms */
        time[k] = 0.5 * (double)(k / 2);
        feature[k] = k % 2 ? 3 : 7;
    }
    pm_dataset data = {.n = 2, .n_features = INPUTS, .first = first, .time = time, .feature = feature};
    pm_images events = {
        .n = 2, .label = s.label, .number = (const uint64_t[]){0, 1}, .recordings = &data, .window = 6.0};
    memset(s.pixel, 0, sizeof s.pixel);
    s.pixel[3] = s.pixel[7] = 1.0;
    s.images.n = 2;
    make(&of_images, three, 3, &p, 1);
    make(&of_events, three, 3, &p, 1);
    ck_assert_int_eq(pm_image_net_run(&of_images, &s.images, true, &a, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_image_net_run(&of_events, &events, true, &b, NULL, NULL), PM_OK);
    ck_assert_uint_eq(b.spikes[0], 12);
    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_mem_eq(of_images.sums, of_events.sums, of_images.n_sums * sizeof(double));
    pm_image_net_free(&of_images);
    pm_image_net_free(&of_events);
}
END_TEST

/* A pixel fires with its brightness as probability; an image draws the same whatever lies beside it. */
START_TEST(rate_code) {
    static set s;
    make_set(&s, 3);
    pm_stbp_parameters p = some(PM_STBP_RATE, PM_STBP_LINEAR, PM_STBP_STEP);
    pm_image_net net;
    pm_image_outcome all, one, sum = {0};
    double expected = 0.0, variance = 0.0;
    p.steps = 50.0;
    make(&net, two, 2, &p, 1);
    for (size_t k = 0; k < IMAGES * INPUTS; k++) {
        expected += 50.0 * s.pixel[k];
        variance += 50.0 * s.pixel[k] * (1.0 - s.pixel[k]);
    }
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, false, &all, NULL, NULL), PM_OK);
    ck_assert_double_le(fabs((double)all.spikes[0] - expected), 4.0 * sqrt(variance));
    for (size_t i = 0; i < IMAGES; i++) {
        pm_images image = s.images;
        image.n = 1;
        image.pixel += i * INPUTS;
        image.label += i;
        image.number += i;
        ck_assert_int_eq(pm_image_net_run(&net, &image, false, &one, NULL, NULL), PM_OK);
        sum.spikes[0] += one.spikes[0];
        sum.spikes[1] += one.spikes[1];
    }
    ck_assert_uint_eq(sum.spikes[0], all.spikes[0]);
    ck_assert_uint_eq(sum.spikes[1], all.spikes[1]);
    pm_image_net_free(&net);
}
END_TEST

/* Gradients, losses and guesses have the same bits for any number of threads. */
START_TEST(threads) {
    static set s;
    make_set(&s, 4);
    pm_stbp_parameters p = some(PM_STBP_RATE, PM_STBP_EXPONENTIAL, PM_STBP_STEP);
    pm_image_net one, more;
    pm_image_outcome a, b;
    uint8_t guess_a[IMAGES], guess_b[IMAGES];
    make(&one, four, 4, &p, 1);
    ck_assert_int_eq(pm_image_net_run(&one, &s.images, true, &a, guess_a, NULL), PM_OK);
    for (int n = 2; n <= 4; n++) {
        make(&more, four, 4, &p, n);
        ck_assert_int_eq(pm_image_net_run(&more, &s.images, true, &b, guess_b, NULL), PM_OK);
        ck_assert_mem_eq(one.sums, more.sums, one.n_sums * sizeof *one.sums);
        ck_assert_mem_eq(guess_a, guess_b, sizeof guess_a);
        ck_assert(a.loss == b.loss && a.correct == b.correct && a.spikes[2] == b.spikes[2]);
        pm_image_net_free(&more);
    }
    pm_image_net_free(&one);
}
END_TEST

/* It learns what a few images have in common: images that it has not seen are told apart. */
START_TEST(learns) {
    static set seen, unseen;
    double memory[2 * ((INPUTS + 1) * HIDDEN + (HIDDEN + 1) * OUTPUTS)] = {0};
    make_set(&seen, 5);
    make_set(&unseen, 6);
    pm_stbp_parameters p = some(PM_STBP_RATE, PM_STBP_LINEAR, PM_STBP_STEP);
    pm_image_net net;
    pm_image_outcome outcome;
    p.steps = 10.0;
    make(&net, three, 3, &p, 1);
    for (uint64_t step = 1; step <= 200; step++) {
        seen.images.key = step;
        ck_assert_int_eq(pm_image_net_run(&net, &seen.images, true, &outcome, NULL, NULL), PM_OK);
        pm_optimiser_adam.step(presets_of(&pm_optimiser_adam.head), memory, step, 0.01, net.n_learnt, net.sums,
                               net.learnt);
    }
    ck_assert_int_eq(pm_image_net_run(&net, &unseen.images, false, &outcome, NULL, NULL), PM_OK);
    ck_assert_uint_ge(outcome.correct, IMAGES - 3); /* a third by chance */
    pm_image_net_free(&net);
}
END_TEST

static void refused(const uint32_t *sizes, size_t n_layers, pm_stbp_parameters p, const char *word) {
    pm_image_net net;
    pm_error error = {0};
    ck_assert_int_eq(pm_image_net_new(&net, &pm_image_model_stbp, sizes, n_layers, &p, 1, 1, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s", error.message);
    ck_assert_ptr_null(net.learnt);
}

/* Impossible parameters, sizes and labels are refused by name; a weight that is no number is diverged training. */
START_TEST(refusals) {
    static set s;
    const pm_stbp_parameters good = some(0, 0, 0);
    pm_stbp_parameters p = good;
    const uint32_t hollow[] = {INPUTS, 0, OUTPUTS}, many[] = {INPUTS, 257};
    p.steps = 2.5, refused(three, 3, p, "steps");
    p.steps = 0.0, refused(three, 3, p, "steps");
    p.steps = 1e9, refused(three, 3, p, "steps");
    p = good, p.decay = 1.0, refused(three, 3, p, "decay");
    p = good, p.width = -1.0, refused(three, 3, p, "width");
    p = good, p.threshold = NAN, refused(three, 3, p, "threshold");
    p = good, p.input = 2.0, refused(three, 3, p, "input");
    refused(hollow, 3, good, "layer 1");
    refused(many, 2, good, "257");
    refused(two, 1, good, "layers");

    pm_image_net net;
    pm_image_outcome outcome;
    pm_error error = {0};
    make_set(&s, 7);
    make(&net, three, 3, &good, 1);
    s.label[50] = OUTPUTS;
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, true, &outcome, NULL, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "image 7050 has label 3"));
    s.label[50] = 0;
    net.learnt[0] = NAN;
    ck_assert_int_eq(pm_image_net_run(&net, &s.images, true, &outcome, NULL, &error), PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "diverged"));
    pm_image_net_free(&net);
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    static set s;
    make_set(&s, 8);
    const pm_stbp_parameters p = some(0, 0, 0);
    for (size_t n = 1;; n++) {
        pm_image_net net;
        pm_image_outcome outcome;
        pm_error error = {0};
        starve(n);
        pm_status status = pm_image_net_new(&net, &pm_image_model_stbp, three, 3, &p, 1, 2, &error);
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

Suite *pm_suite_stbp(void);
Suite *pm_suite_stbp(void) {
    Suite *suite = suite_create("stbp");
    TCase *tests = tcase_create("stbp");
    tcase_add_test(tests, gradient);
    tcase_add_loop_test(tests, published, PM_STBP_SPACE_TIME, PM_STBP_SPACE + 1);
    tcase_add_test(tests, recordings);
    tcase_add_test(tests, rate_code);
    tcase_add_test(tests, threads);
    tcase_add_test(tests, learns);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
