/* Training a model of images: examples go through a buffer of one batch, as numbers. Invariant: the draws of an example
 * depend on seed, epoch and the example's place in the data set, its deformation on
 * the number of its presentation, so an epoch is a function of the state before it. */
#include "classify/image_trainer.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

struct pm_image_trainer {
    pm_image_training of;
    const pm_dataset *train;
    pm_image_net net;
    double *memory; /* of the optimiser */
    uint32_t *order;
    double *pixel; /* of a batch */
    uint8_t *label, *guess;
    uint64_t *number;
    pm_deformer *deformer; /* NULL: pictures are as they are */
    uint8_t *picture;      /* deformed */
    size_t capacity;       /* examples in the buffer */
    uint64_t counters[2];  /* epochs, steps */
};

static uint64_t key_of(uint64_t seed, const char *word) {
    const char *const words[] = {"image", word};
    return pm_stream_key(seed, words, 2);
}

static int threads(void) {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static pm_status build(pm_image_trainer *t, pm_error *error) {
    const pm_image_training *of = &t->of;
    pm_status status = pm_image_net_new(&t->net, of->kind, of->sizes, of->n_layers, of->parameters,
                                        key_of(of->seed, "weights"), threads(), error);
    if (status != PM_OK)
        return status;
    t->capacity = t->train->n / (t->train->n / of->batch) + 1;
    t->memory = calloc(t->net.n_learnt * of->optimiser->memory + 1, sizeof *t->memory);
    t->order = malloc(t->train->n * sizeof *t->order);
    t->pixel = malloc(t->capacity * t->net.n_inputs * sizeof *t->pixel);
    t->label = malloc(t->capacity);
    t->guess = malloc(t->capacity);
    t->number = malloc(t->capacity * sizeof *t->number);
    t->picture = malloc(t->train->n_features);
    if (!t->picture || !t->memory || !t->order || !t->pixel || !t->label || !t->guess || !t->number)
        return pm_fail_memory(error, "the training of a network");
    return of->deform && pm_deformation_any(of->deform)
               ? pm_deformer_new(of->deform, t->train->width, t->train->height, &t->deformer, error)
               : PM_OK;
}

pm_status pm_image_trainer_new(const pm_image_training *training, const pm_dataset *train, pm_image_trainer **trainer,
                               pm_error *error) {
    size_t inputs = training->sizes[0], outputs = training->sizes[training->n_layers - 1];
    *trainer = NULL;
    if (inputs != train->n_features)
        return pm_fail(error, PM_INVALID, "layers: %zu inputs, but the data has %zu features", inputs,
                       train->n_features);
    if (outputs != train->n_classes)
        return pm_fail(error, PM_INVALID, "layers: the output layer has %zu neurons, but the data has %zu classes",
                       outputs, train->n_classes);
    if (training->batch == 0 || training->batch > train->n)
        return pm_fail(error, PM_INVALID, "batch: a batch of %zu does not fit a training set of %zu examples",
                       training->batch, train->n);
    bool pictures = train->bytes && train->width * train->height == train->n_features;
    if (training->deform && pm_deformation_any(training->deform) && !pictures)
        return pm_fail(error, PM_INVALID, "data.deform: the examples are no pictures");
    pm_image_trainer *t = calloc(1, sizeof *t);
    if (!t)
        return pm_fail_memory(error, "the training of a network");
    t->of = *training;
    t->train = train;
    pm_status status = build(t, error);
    t->of.sizes = NULL;
    if (status == PM_OK)
        *trainer = t;
    else
        pm_image_trainer_free(t);
    return status;
}

void pm_image_trainer_free(pm_image_trainer *t) {
    if (!t)
        return;
    if (t->net.kind)
        pm_image_net_free(&t->net);
    free(t->memory);
    free(t->order);
    free(t->pixel);
    free(t->label);
    free(t->guess);
    free(t->number);
    free(t->picture);
    pm_deformer_free(t->deformer);
    free(t);
}

/* Deforms the examples of the buffer; the first is presentation number `presentation`. */
static void deform(pm_image_trainer *t, size_t n, uint64_t presentation) {
    uint64_t key = key_of(t->of.seed, "deform");
    size_t size = t->train->n_features;
    for (size_t i = 0; i < n; i++) {
        pm_deform(t->deformer, key, presentation + i, t->train->bytes + t->number[i] * size, t->picture);
        for (size_t k = 0; k < size; k++)
            t->pixel[i * size + k] = t->picture[k] * (1.0 / 255.0);
    }
}

/* Examples order[from], ... of a set (NULL: from, from + 1, ...) into the buffer. */
static pm_images fill(pm_image_trainer *t, const pm_dataset *data, const uint32_t *order, size_t from, size_t n,
                      uint64_t key) {
    for (size_t i = 0; i < n; i++) {
        size_t example = order ? order[from + i] : from + i;
        t->label[i] = data->label[example];
        t->number[i] = example;
        for (size_t k = 0; k < data->n_features; k++)
            t->pixel[i * data->n_features + k] = pm_dataset_value(data, example, k);
    }
    return (pm_images){n, t->pixel, t->label, t->number, key};
}

static void add(pm_image_outcome *to, const pm_image_outcome *from) {
    to->loss += from->loss;
    to->correct += from->correct;
    for (size_t l = 0; l < PM_IMAGE_LAYERS; l++)
        to->spikes[l] += from->spikes[l];
}

pm_status pm_image_trainer_epoch(pm_image_trainer *t, double rate,
                                 void (*progress)(void *, size_t, const pm_image_outcome *), void *argument,
                                 const volatile int *stop, pm_image_outcome *outcome, pm_error *error) {
    size_t n = t->train->n, batches = n / t->of.batch;
    uint64_t key = key_of(t->of.seed, "input") + t->counters[0];
    pm_image_outcome part;
    *outcome = (pm_image_outcome){0};
    pm_shuffle(key_of(t->of.seed, "shuffle"), t->counters[0], n, t->order);
    for (size_t b = 0; b < batches; b++) {
        size_t from = n * b / batches, to = n * (b + 1) / batches;
        if (stop && *stop)
            return pm_fail(error, PM_STOPPED, "stopped");
        pm_images images = fill(t, t->train, t->order, from, to - from, key);
        if (t->deformer)
            deform(t, images.n, t->counters[0] * n + from);
        pm_status status = pm_image_net_run(&t->net, &images, true, &part, NULL, error);
        if (status != PM_OK)
            return status;
        pm_image_net_step(&t->net, images.n, t->of.optimiser, t->of.optimiser_parameters, t->memory, ++t->counters[1],
                          rate);
        add(outcome, &part);
        if (progress)
            progress(argument, to, outcome);
    }
    t->counters[0]++;
    return PM_OK;
}

pm_status pm_image_trainer_test(pm_image_trainer *t, const pm_dataset *data, uint32_t *confusion,
                                pm_image_outcome *outcome, pm_error *error) {
    uint64_t key = key_of(t->of.seed, "test");
    pm_image_outcome part;
    *outcome = (pm_image_outcome){0};
    if (confusion)
        memset(confusion, 0, data->n_classes * data->n_classes * sizeof *confusion);
    if (data->n_features != t->net.n_inputs || data->n_classes > t->net.n_outputs)
        return pm_fail(error, PM_INVALID,
                       "the network has %zu inputs and %zu outputs, but the data %zu features and %zu classes",
                       t->net.n_inputs, t->net.n_outputs, data->n_features, data->n_classes);
    for (size_t from = 0; from < data->n; from += t->capacity) {
        size_t n = data->n - from < t->capacity ? data->n - from : t->capacity;
        pm_images images = fill(t, data, NULL, from, n, key);
        pm_status status = pm_image_net_run(&t->net, &images, false, &part, t->guess, error);
        if (status != PM_OK)
            return status;
        add(outcome, &part);
        for (size_t i = 0; i < n && confusion; i++)
            confusion[t->label[i] * data->n_classes + t->guess[i]]++;
    }
    return PM_OK;
}

double *pm_image_trainer_array(pm_image_trainer *t, size_t which, size_t *n) {
    *n = t->net.n_learnt * (which == 0 ? 1 : t->of.optimiser->memory);
    return which == 0 ? t->net.learnt : t->memory;
}

uint64_t *pm_image_trainer_counters(pm_image_trainer *t) { return t->counters; }
