/* A model of images (image_model.h), STBP or Lee, as a model of classifiers: examples go through a buffer of one batch,
 * as numbers; recordings stay where they are. Invariant: the draws of an example depend on seed, epoch and the example's place in the data set, its
 * deformation on the number of its presentation, so an epoch is a function of the state before it. */
#include "classify/classifier_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

typedef struct images {
    const pm_classification *of;
    const pm_dataset *train;
    pm_image_net net;
    double *pixel; /* of a batch of pictures */
    uint8_t *label, *guess;
    uint64_t *number;
    pm_deformer *deformer; /* NULL: pictures are as they are */
    uint8_t *picture;      /* deformed */
    size_t capacity;       /* examples in the buffer */
} images;

static uint64_t key_of(const images *m, const char *word) {
    return pm_class_key(&pm_classifier_of_images, m->of->seed, word);
}

static int threads(void) {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static pm_status build(images *m, pm_error *error) {
    const pm_classification *c = m->of;
    uint32_t sizes[PM_MOST_LAYERS + 1] = {(uint32_t)m->train->n_features};
    for (size_t l = 0; l < c->n_layers; l++)
        sizes[l + 1] = (uint32_t)c->layers[l].size;
    pm_status status = pm_image_net_new(&m->net, c->model, sizes, c->n_layers + 1, c->model_parameters,
                                        key_of(m, "weights"), threads(), error);
    if (status)
        return status;
    m->capacity = m->train->n / (m->train->n / c->batch) + 1;
    m->pixel = malloc(m->train->first ? 1 : m->capacity * m->net.n_inputs * sizeof *m->pixel);
    m->label = malloc(m->capacity);
    m->guess = malloc(m->capacity);
    m->number = malloc(m->capacity * sizeof *m->number);
    m->picture = malloc(m->train->n_features);
    if (!m->picture || !m->pixel || !m->label || !m->guess || !m->number)
        return pm_fail_memory(error, "the training of a network");
    return pm_deformation_any(&c->deform)
               ? pm_deformer_new(&c->deform, m->train->width, m->train->height, &m->deformer, error)
               : PM_OK;
}

static void destroy(void *model) {
    images *m = model;
    if (m->net.kind)
        pm_image_net_free(&m->net);
    free(m->pixel);
    free(m->label);
    free(m->guess);
    free(m->number);
    free(m->picture);
    pm_deformer_free(m->deformer);
}

static pm_status create(void *model, const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                        size_t n_parts, pm_error *error) {
    (void)relay, (void)n_parts;
    images *m = model;
    m->of = c;
    m->train = train;
    return build(m, error);
}

static double *array(void *model, size_t k, size_t *n) {
    const images *m = model;
    *n = k == 0 ? m->net.n_learnt : 0;
    return k == 0 ? m->net.learnt : NULL;
}

/* The pieces of the model, each in one row. */
static bool block(const void *model, size_t k, pm_class_block *b) {
    const pm_image_net *net = &((const images *)model)->net;
    *b = (pm_class_block){.rows = 1, .columns = net->n_learnt, .share = 1.0};
    return net->kind->piece ? net->kind->piece(net->model, k, &b->from, &b->columns, &b->share) : k == 0;
}

/* Examples order[from], ... of a set (NULL: from, from + 1, ...) into the buffer. */
static pm_images fill(images *m, const pm_dataset *data, const uint32_t *order, size_t from, size_t n, uint64_t key) {
    for (size_t i = 0; i < n; i++) {
        size_t example = order ? order[from + i] : from + i;
        m->label[i] = data->label[example];
        m->number[i] = example;
        for (size_t k = 0; !data->first && k < data->n_features; k++)
            m->pixel[i * data->n_features + k] = pm_dataset_value(data, example, k);
    }
    return (pm_images){.n = n,
                       .pixel = data->first ? NULL : m->pixel,
                       .label = m->label,
                       .number = m->number,
                       .key = key,
                       .recordings = data->first ? data : NULL,
                       .window = m->of->window[1] - m->of->window[0]};
}

/* Deforms the examples of the buffer; the first is presentation number `presentation`. */
static void deform(images *m, size_t n, uint64_t presentation) {
    uint64_t key = key_of(m, "deform");
    size_t size = m->train->n_features;
    for (size_t i = 0; i < n; i++) {
        pm_deform(m->deformer, key, presentation + i, m->train->bytes + m->number[i] * size, m->picture);
        for (size_t k = 0; k < size; k++)
            m->pixel[i * size + k] = m->picture[k] * (1.0 / 255.0);
    }
}

static void add_outcome(pm_score *score, size_t n, const pm_image_outcome *outcome) {
    score->n += n;
    score->correct += outcome->correct;
    score->loss += outcome->loss;
    score->input += (double)outcome->spikes[0];
    for (size_t l = 1; l < PM_IMAGE_LAYERS; l++)
        score->spikes += (double)outcome->spikes[l];
}

static pm_status learn(void *model, size_t part, const pm_class_batch *batch, pm_score *score, pm_error *error) {
    images *m = model;
    (void)part;
    pm_image_outcome outcome;
    pm_images examples = fill(m, m->train, batch->order, 0, batch->n, key_of(m, "input") + batch->epoch);
    if (m->deformer)
        deform(m, batch->n, batch->first);
    pm_status status = pm_image_net_run(&m->net, &examples, true, &outcome, NULL, error);
    add_outcome(score, batch->n, &outcome);
    return status;
}

static const double *gradient(void *model, size_t block_of, size_t row, size_t n) {
    const images *m = model;
    pm_class_block b;
    (void)row, (void)n;
    (void)block(model, block_of, &b);
    return m->net.sums + b.from;
}

static bool settle(void *model, size_t block_of, size_t row, size_t n) {
    images *m = model;
    (void)row, (void)n;
    if (m->net.kind->settle)
        m->net.kind->settle(m->net.model, block_of, m->net.sums, m->net.learnt);
    return true; /* a gradient that is no number has been refused before, and the loss that comes will be */
}

static void prepare(void *model, const double *const *arrays) {
    ((images *)model)->net.tested = arrays ? arrays[0] : NULL;
}

static pm_status test(void *model, size_t part, const pm_dataset *data, size_t from, size_t to, uint32_t *confusion,
                      pm_score *score, pm_error *error) {
    images *m = model;
    const uint64_t key = key_of(m, "test");
    (void)part;
    if (data->n_features != m->net.n_inputs || data->n_classes > m->net.n_outputs)
        return pm_fail(error, PM_INVALID,
                       "the network has %zu inputs and %zu outputs, but the data %zu features and %zu classes",
                       m->net.n_inputs, m->net.n_outputs, data->n_features, data->n_classes);
    for (; from < to; from += m->capacity) {
        size_t n = to - from < m->capacity ? to - from : m->capacity;
        pm_images examples = fill(m, data, NULL, from, n, key);
        pm_image_outcome outcome;
        pm_status status = pm_image_net_run(&m->net, &examples, false, &outcome, m->guess, error);
        if (status)
            return status;
        add_outcome(score, n, &outcome);
        for (size_t i = 0; i < n; i++)
            pm_class_count(confusion, data, from + i, m->guess[i]);
    }
    return PM_OK;
}

/* For each layer the weights, then a number of each neuron. */
static bool table(const void *model, size_t k, pm_class_table *t) {
    const images *m = model;
    const double *at = m->net.tested ? m->net.tested : m->net.learnt;
    size_t l = 0, n_in = m->net.n_inputs, n_out = m->of->layers[0].size;
    for (; l < k / 2 && l + 1 < m->of->n_layers; l++) {
        at += (n_in + 1) * n_out;
        n_in = n_out;
        n_out = m->of->layers[l + 1].size;
    }
    if (l < k / 2)
        return false;
    const bool weights = k % 2 == 0;
    *t = (pm_class_table){.head = weights ? "a row per target, a column per source" : m->net.kind->of_neuron,
                          .numbers = weights ? at : at + n_in * n_out,
                          .rows = n_out,
                          .columns = weights ? n_in : 1,
                          .stride = n_out};
    snprintf(t->name, sizeof t->name, "%s-%zu", weights ? "weights" : "neurons", l + 1);
    return true;
}

const pm_classifier_model pm_classifier_of_images = {.streams = "image",
                                                     .size = sizeof(images),
                                                     .create = create,
                                                     .destroy = destroy,
                                                     .array = array,
                                                     .block = block,
                                                     .learn = learn,
                                                     .gradient = gradient,
                                                     .settle = settle,
                                                     .prepare = prepare,
                                                     .test = test,
                                                     .table = table};
