/* punctum bench images: whole epochs of a classifier 784-350-10 on one thread, coding, batches and the optimiser's
 * steps included. The images are drawings of four strokes per class, with about as many bright pixels as handwritten
 * digits, so that the benchmark needs no data. */
#include "cli/bench_images.h"

#include "cli/command.h"

#include "base/random.h"
#include "classify/classification.h"
#include "io/summary.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const pm_bench_images_name = "images";

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, STROKES = 4, HIDDEN = 350, BATCH = 256, EXAMPLES = 2048 };

typedef struct stroke {
    double x[2], y[2]; /* pixels, both ends */
} stroke;

static double distance(const stroke *s, double x, double y) {
    double dx = s->x[1] - s->x[0], dy = s->y[1] - s->y[0];
    double along = ((x - s->x[0]) * dx + (y - s->y[0]) * dy) / (dx * dx + dy * dy + 1e-9);
    along = fmin(1.0, fmax(0.0, along));
    double right = x - s->x[0] - along * dx, down = y - s->y[0] - along * dy;
    return sqrt(right * right + down * down);
}

static void draw(gsl_rng *rng, const stroke *of_class, uint8_t *image) {
    const double thickness = 2.0, jitter = 1.5; /* pixels */
    stroke strokes[STROKES];
    for (size_t s = 0; s < STROKES; s++)
        for (size_t end = 0; end < 2; end++) {
            strokes[s].x[end] = of_class[s].x[end] + jitter * (2.0 * gsl_rng_uniform(rng) - 1.0);
            strokes[s].y[end] = of_class[s].y[end] + jitter * (2.0 * gsl_rng_uniform(rng) - 1.0);
        }
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            double nearest = INFINITY;
            for (size_t s = 0; s < STROKES; s++)
                nearest = fmin(nearest, distance(&strokes[s], (double)x, (double)y));
            image[y * SIDE + x] = (uint8_t)(255.0 * fmax(0.0, 1.0 - nearest / thickness));
        }
}

static pm_status draw_all(pm_dataset *data, pm_error *error) {
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    stroke classes[CLASSES][STROKES];
    *data = (pm_dataset){.n = EXAMPLES, .n_features = PIXELS, .n_classes = CLASSES, .width = SIDE, .height = SIDE};
    data->bytes = malloc((size_t)EXAMPLES * PIXELS);
    data->label = malloc(EXAMPLES);
    if (!data->bytes || !data->label)
        return pm_fail_memory(error, "images");
    pm_stream_start(rng, 5, 0);
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t s = 0; s < STROKES; s++)
            for (size_t end = 0; end < 2; end++) {
                classes[c][s].x[end] = 6.0 + 16.0 * gsl_rng_uniform(rng);
                classes[c][s].y[end] = 6.0 + 16.0 * gsl_rng_uniform(rng);
            }
    for (size_t k = 0; k < EXAMPLES; k++) {
        data->label[k] = (uint8_t)(k % CLASSES);
        draw(rng, classes[k % CLASSES], data->bytes + k * PIXELS);
    }
    return PM_OK;
}

static void describe(pm_classification *c) {
    c->neuron.C_m = c->readout.C_m = 300.0;
    c->neuron.g_L = c->readout.g_L = 15.0;
    c->neuron.V_th = c->readout.V_th = -50.0;
    (void)pm_kind_set(&c->coding.code->head, c->coding.parameters, "threshold", 0.2, NULL);
    c->coding.bias = 0.0;
    c->layers[0] = (pm_classification_layer){.size = HIDDEN, .mean = 20.0, .std = 60.0, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = CLASSES, .mean = 0.0, .std = 50.0, .rate = 1.0};
    c->n_layers = 2;
    (void)pm_kind_set(&c->loss->head, c->loss_parameters, "scale", 2.0, NULL); /* mV, of the loss maximum */
    c->batch = BATCH;
    c->rate = 1.0;
}

/* Of this thread, which is the only one, s. */
static double processor_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct rates {
    double forward, training; /* images per second */
    pm_score score;           /* of the last forward pass */
} rates;

static pm_status measure(pm_class_trainer *trainer, const pm_dataset *data, rates *r, pm_error *error) {
    enum { ROUNDS = 6 };
    pm_status status = PM_OK;
    *r = (rates){0};
    for (int round = 0; !status && round < ROUNDS; round++) {
        double begun = processor_seconds(), trained = 0.0;
        status = pm_class_trainer_epoch(trainer, NULL, NULL, NULL, &r->score, error);
        trained = processor_seconds();
        if (!status)
            status = pm_class_trainer_test(trainer, data, NULL, &r->score, error);
        r->training = fmax(r->training, (double)data->n / (trained - begun));
        r->forward = fmax(r->forward, (double)data->n / (processor_seconds() - trained));
    }
    return status;
}

static pm_status write_summary(pm_results *results, const rates *r, pm_error *error) {
    json_t *summary =
        json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f}", "version", PM_VERSION, "command", "bench", "name",
                  pm_bench_images_name, "forward_images_per_second", r->forward, "training_images_per_second",
                  r->training, "input_spikes", r->score.input, "spikes", r->score.spikes);
    pm_watch_signals(NULL); /* what has begun is finished */
    pm_status status = pm_results_commit(results, summary, error);
    json_decref(summary);
    return status;
}

pm_status pm_bench_images(pm_results *results, pm_error *error) {
    pm_dataset data = {0};
    pm_class_trainer *trainer = NULL;
    rates r = {0};
    int threads = omp_get_max_threads();
    pm_classification *c = pm_classification_new();
    pm_status status = c ? draw_all(&data, error) : pm_fail_memory(error, "a benchmark");
    if (!status) {
        describe(c);
        status = pm_class_trainer_new(c, &data, &trainer, error);
    }
    omp_set_num_threads(1);
    if (!status)
        status = measure(trainer, &data, &r, error);
    omp_set_num_threads(threads);
    if (!status) {
        printf("name    network      batch  inputs  spikes  forward images/s  training images/s\n");
        printf("%-7s 784-350-10 %7d %7.0f %7.0f %17.0f %18.0f\n", pm_bench_images_name, BATCH, r.score.input,
               r.score.spikes, r.forward, r.training);
        (void)fflush(stdout);
    }
    if (!status && results)
        status = write_summary(results, &r, error);
    pm_class_trainer_free(trainer);
    pm_dataset_free(&data);
    pm_classification_free(c);
    return status;
}
