/* The loop over mini-batches. A batch is cut into a fixed number of parts; each part is run by one thread into a
 * gradient of its own, and a step along their sum follows (classification_step.c). Invariant:
 * nothing depends on which thread or rank did what, so results have the same bits for any number of them; they are a
 * function of the experiment, the number of parts included. */
#include "classify/classification_trainer.h"

#include "base/random.h"
#include "base/room.h"
#include "classify/fields.h"
#include "math/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- made and freed ----------------------------------------------------------------------------------------------- */

static bool part_new(pm_class_part *p, const pm_class_trainer *t, pm_error *error) {
    const pm_classifier *net = &t->net;
    if (pm_lane_new(&p->lane, net, error))
        return false;
    p->lane.adjoint.input_times = t->of->opposition > 0.0;
    if (pm_deformation_any(&t->of->deform)) {
        p->picture = malloc(t->train->n_features);
        if (!p->picture || pm_deformer_new(&t->of->deform, t->train->width, t->train->height, &p->deformer, error))
            return false;
    }
    for (size_t l = 0; l < net->n_layers; l++) {
        p->gradient[l] = aligned_alloc(64, pm_classifier_weights(net, l) * sizeof(double));
        p->wanted[l] = l + 1 < net->n_layers && t->of->layers[l].rate <= 0.0 ? NULL : p->gradient[l];
        p->fired[l] = calloc(net->sizes[l], sizeof(uint32_t));
        p->dropped[l] = calloc(net->sizes[l], 1);
        if (!p->gradient[l] || !p->fired[l] || !p->dropped[l])
            return false;
    }
    return true;
}

static void part_free(pm_class_part *p) {
    pm_lane_free(&p->lane);
    pm_deformer_free(p->deformer);
    free(p->picture);
    for (size_t l = 0; l < PM_CLASSIFIER_MOST_LAYERS; l++) {
        free(p->gradient[l]);
        free(p->fired[l]);
        free(p->dropped[l]);
    }
}

void pm_class_trainer_free(pm_class_trainer *t) {
    if (!t)
        return;
    for (size_t p = 0; t->parts && p < t->n_parts; p++)
        part_free(&t->parts[p]);
    for (size_t p = 0; t->testers && p < t->n_parts; p++)
        pm_lane_free(&t->testers[p]);
    for (size_t l = 0; l < PM_CLASSIFIER_MOST_LAYERS; l++) {
        free(t->memory[l]);
        free(t->average[l]);
    }
    free(t->parts);
    free(t->testers);
    free(t->outcomes);
    free(t->scores);
    free(t->fired);
    free(t->lift);
    free(t->order);
    free(t->fields);
    pm_classifier_free(&t->net);
    pm_classifier_free(&t->tested);
    pm_image_trainer_free(t->images);
    free(t);
}

static uint64_t key_of(uint64_t seed, const char *word) {
    const char *const words[] = {"classification", word};
    return pm_stream_key(seed, words, 2);
}

static void draw_weights(pm_class_trainer *t) {
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    for (size_t l = 0; l < t->net.n_layers; l++) {
        const char *const words[] = {"classifier weights"};
        uint64_t key = pm_stream_key(t->of->seed + l * 0x100000000u, words, 1);
        for (size_t i = 0; i < t->net.sizes[l]; i++) {
            pm_stream_start(rng, key, i);
            for (size_t j = 0; j < t->net.sizes[l + 1]; j++)
                t->net.weight[l][i * t->net.strides[l] + j] =
                    t->of->layers[l].mean + pm_draw_normal(rng, t->of->layers[l].std);
        }
    }
}

/* Receptive fields of the first layer, if wanted, and no weights outside of them. */
static pm_status limit_fields(pm_class_trainer *t, pm_error *error) {
    const pm_classifier *net = &t->net;
    if (t->of->layers[0].field == 0)
        return PM_OK;
    pm_status status = pm_fields_new(t->train, net->sizes[0], net->sizes[1], net->strides[0], t->of->layers[0].field,
                                     key_of(t->of->seed, "fields"), &t->fields, error);
    for (size_t k = 0; !status && k < pm_classifier_weights(net, 0); k++)
        net->weight[0][k] *= t->fields[k];
    return status;
}

static pm_status net_new(pm_classifier *net, const pm_classification *c, const size_t *sizes, pm_error *error) {
    pm_status status = pm_classifier_new(net, &c->neuron, &c->readout, c->loss, sizes, c->n_layers, error);
    net->duration = c->duration;
    memcpy(net->loss_parameters, c->loss_parameters, sizeof net->loss_parameters);
    net->desired = c->desired;
    net->n_desired = c->n_desired;
    net->slope_floor = c->slope_floor;
    return status;
}

static pm_status build(pm_class_trainer *t, pm_error *error) {
    const pm_classification *c = t->of;
    size_t sizes[PM_CLASSIFIER_MOST_LAYERS + 1] = {pm_coding_inputs(&c->coding, t->train)};
    for (size_t l = 0; l < c->n_layers; l++)
        sizes[l + 1] = c->layers[l].size;
    pm_status status = net_new(&t->net, c, sizes, error);
    if (!status)
        status = net_new(&t->tested, c, sizes, error);
    if (status)
        return status;
    draw_weights(t);
    status = limit_fields(t, error);
    if (status)
        return status;
    size_t widest = 0;
    for (size_t l = 0; l < c->n_layers; l++) {
        widest = t->net.strides[l] > widest ? t->net.strides[l] : widest;
        t->n_sources += sizes[l];
    }
    t->parts = calloc(t->n_parts, sizeof *t->parts);
    t->testers = calloc(t->n_parts, sizeof *t->testers);
    t->outcomes = calloc(t->n_parts, sizeof *t->outcomes);
    t->scores = calloc(t->n_parts, sizeof *t->scores);
    t->fired = calloc(t->n_sources + 1, sizeof *t->fired);
    t->lift = calloc(widest + 1, sizeof *t->lift);
    t->order = malloc((t->train->n + 1) * sizeof *t->order);
    bool enough = t->parts && t->testers && t->outcomes && t->scores && t->fired && t->lift && t->order;
    for (size_t p = 0; enough && p < t->n_parts; p++)
        enough = part_new(&t->parts[p], t, error) && !pm_lane_new(&t->testers[p], &t->tested, error);
    for (size_t l = 0; enough && l < c->n_layers; l++) {
        size_t n = pm_classifier_weights(&t->net, l);
        t->memory[l] = calloc(n * c->optimiser->memory + 1, sizeof(double));
        t->average[l] = c->average > 0.0 ? malloc((n + 1) * sizeof(double)) : NULL;
        enough = t->memory[l] && (c->average <= 0.0 || t->average[l]);
        if (enough && t->average[l])
            memcpy(t->average[l], t->net.weight[l], n * sizeof(double));
    }
    return enough ? PM_OK : pm_fail_memory(error, "the training of a network");
}

static const pm_exchange *ranks_of(const pm_class_trainer *t) { return t->relay ? t->relay->ranks : NULL; }

/* This rank's block of the parts. */
static pm_status share(pm_class_trainer *t, const pm_relay *relay, pm_error *error) {
    const pm_classification *c = t->of;
    t->n_parts = c->parts;
    if (!relay || relay->ranks->size == 1)
        return PM_OK;
    const pm_exchange *ranks = relay->ranks;
    if (c->model)
        return pm_fail(error, PM_INVALID, "model %s is trained by one process, not %u; threads share its work",
                       c->model->head.name, ranks->size);
    if (ranks->size > c->parts)
        return pm_fail(error, PM_INVALID, "parts: %zu parts of a batch are too few for %u processes", c->parts,
                       ranks->size);
    t->relay = relay;
    t->first = pm_share_begin(ranks, ranks->rank, (uint32_t)c->parts);
    t->n_parts = pm_share_begin(ranks, ranks->rank + 1, (uint32_t)c->parts) - t->first;
    return PM_OK;
}

pm_status pm_class_trainer_new(const pm_classification *c, const pm_dataset *train, pm_class_trainer **trainer,
                               pm_error *error) {
    return pm_class_trainer_new_shared(c, train, NULL, trainer, error);
}

/* What the arrays of all weights take: of networks, gradients of this rank's parts of a batch, the optimiser, a mean. */
static double bytes_of(const pm_class_trainer *t) {
    const pm_classification *c = t->of;
    const double chunks = fmin((double)c->batch / PM_IMAGE_CHUNK + 1.0, (double)t->train->n);
    const double copies = c->model ? 2.0 + chunks : 2.0 + (double)t->n_parts + (c->average > 0.0);
    double weights = 0.0, inputs = c->model ? (double)t->train->n_features : (double)pm_coding_inputs(&c->coding, t->train);
    for (size_t l = 0; l < c->n_layers; l++) {
        weights += (inputs + 1.0) * ((double)c->layers[l].size + 1.0);
        inputs = (double)c->layers[l].size;
    }
    return sizeof(double) * weights * (copies + (double)c->optimiser->memory);
}

pm_status pm_class_trainer_new_shared(const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                                      pm_class_trainer **trainer, pm_error *error) {
    *trainer = NULL;
    if (c->layers[c->n_layers - 1].size != train->n_classes)
        return pm_fail(error, PM_INVALID, "layers: the output layer has %zu neurons, but the data has %zu classes",
                       c->layers[c->n_layers - 1].size, train->n_classes);
    if (c->batch > train->n)
        return pm_fail(error, PM_INVALID, "batch: a batch of %zu is larger than the training set of %zu examples",
                       c->batch, train->n);
    if (pm_deformation_any(&c->deform) && (!train->bytes || train->width * train->height != train->n_features))
        return pm_fail(error, PM_INVALID, "data.deform: the examples are no pictures");
    pm_class_trainer own = {.of = c, .train = train};
    pm_status status = share(&own, relay, error);
    if (!status)
        status = pm_room_check_all(bytes_of(&own), "the weights of all layers", ranks_of(&own), error);
    if (status)
        return status;
    pm_class_trainer *t = calloc(1, sizeof *t);
    if (!t)
        return pm_fail_memory(error, "the training of a network");
    *t = own;
    t->shuffle_key = key_of(c->seed, "shuffle");
    t->code_key = key_of(c->seed, "code");
    t->drop_key = key_of(c->seed, "dropout");
    t->deform_key = key_of(c->seed, "deform");
    status = c->model ? pm_model_new(c, train, &t->images, error) : build(t, error);
    if (status) {
        pm_class_trainer_free(t);
        return status;
    }
    *trainer = t;
    return PM_OK;
}

/* --- one example -------------------------------------------------------------------------------------------------- */

/* Which neurons of a population are dropped in this presentation; the bias never is. */
static void draw_dropped(const pm_class_trainer *t, size_t layer, double probability, uint64_t presentation, size_t n,
                         uint8_t *dropped) {
    uint32_t limit = (uint32_t)(probability * 0x1p32), word[4] = {0};
    uint64_t key = t->drop_key + layer;
    for (size_t k = 0; k < n; k++) {
        if (k % 4 == 0)
            pm_philox_block(key, presentation, k / 4, word);
        dropped[k] = word[k % 4] < limit;
    }
}

static double dropout_of(const pm_classification *c, size_t population) {
    return population == 0 ? c->input_dropout : c->layers[population - 1].dropout;
}

static void add_score(pm_score *to, const pm_score *from) {
    to->n += from->n;
    to->correct += from->correct;
    to->loss += from->loss;
    to->spikes += from->spikes;
    to->input += from->input;
}

static void score_example(const pm_lane *lane, size_t label, pm_score *score) {
    score->n++;
    score->correct += pm_lane_decision(lane) == label;
    score->loss += pm_lane_loss(lane, label);
    score->spikes += (double)pm_lane_spikes(lane);
    score->input += (double)lane->net.rasters[0].n;
}

/* The input spikes of one presentation. */
static pm_status present(const pm_class_trainer *t, pm_class_part *p, size_t example, uint64_t presentation,
                         pm_error *error) {
    pm_presentation of = {t->train, example, t->code_key, presentation};
    pm_raster *to = &p->lane.net.rasters[0];
    if (!p->deformer)
        return pm_encode(&t->of->coding, &of, to, error);
    pm_dataset one = *t->train;
    pm_deform(p->deformer, t->deform_key, presentation, one.bytes + example * one.n_features, p->picture);
    one.bytes = p->picture;
    of.data = &one;
    of.example = 0;
    return pm_encode(&t->of->coding, &of, to, error);
}

static pm_status train_example(pm_class_trainer *t, pm_class_part *p, size_t example, uint64_t presentation,
                               pm_class_outcome *o) {
    const pm_classification *c = t->of;
    const uint8_t *dropped[PM_CLASSIFIER_MOST_LAYERS] = {NULL};
    pm_lane *lane = &p->lane;
    size_t label = t->train->label[example];
    pm_status status = present(t, p, example, presentation, &o->error);
    for (size_t l = 0; l < c->n_layers; l++) {
        size_t n = l == 0 ? t->train->n_features : t->net.sizes[l];
        if (dropout_of(c, l) <= 0.0)
            continue;
        draw_dropped(t, l, dropout_of(c, l), presentation, n, p->dropped[l]);
        dropped[l] = p->dropped[l];
    }
    if (!status)
        status = pm_lane_run(lane, dropped, &o->error);
    if (status)
        return status;
    score_example(lane, label, &o->score);
    for (size_t l = 0; l < c->n_layers; l++)
        for (size_t k = 0; k < lane->net.rasters[l].n; k++)
            p->fired[l][lane->net.rasters[l].neuron[k]]++;
    status = pm_lane_back(lane, label, p->wanted, &o->error);
    if (status || c->opposition <= 0.0)
        return status;
    status = pm_lane_oppose(lane, t->train->n_features, c->opposition, &o->error);
    if (!status)
        status = pm_lane_run(lane, dropped, &o->error);
    return status ? status : pm_lane_back(lane, label, p->wanted, &o->error);
}

/* The examples of the n from `begin` on that are in own part `which`. */
static size_t part_begin(const pm_class_trainer *t, size_t which, size_t begin, size_t n) {
    return begin + n * (t->first + which) / t->of->parts;
}

static void run_part(pm_class_trainer *t, size_t which, size_t begin, size_t n, uint64_t presentation) {
    pm_class_part *p = &t->parts[which];
    pm_class_outcome *o = &t->outcomes[which];
    size_t from = part_begin(t, which, begin, n), to = part_begin(t, which + 1, begin, n);
    o->status = PM_OK;
    o->score = (pm_score){0};
    for (size_t l = 0; l < t->net.n_layers; l++) {
        memset(p->gradient[l], 0, pm_classifier_weights(&t->net, l) * sizeof(double));
        memset(p->fired[l], 0, t->net.sizes[l] * sizeof(uint32_t));
    }
    for (size_t k = from; !o->status && k < to; k++)
        o->status = train_example(t, p, t->order[k], presentation + k, o);
}

/* --- all parts, of all ranks -------------------------------------------------------------------------------------- */

/* Adds up the scores of all parts in their order, unless this rank is to stop or a part failed, here or elsewhere. */
static pm_status conclude(pm_class_trainer *t, bool stop, pm_score *score, pm_error *error) {
    const pm_exchange *ranks = ranks_of(t);
    const pm_score *all = t->scores;
    pm_status status = stop ? pm_fail(error, PM_STOPPED, "stopped") : PM_OK;
    for (size_t p = 0; !status && p < t->n_parts; p++) {
        status = t->outcomes[p].status;
        if (status && error)
            *error = t->outcomes[p].error;
        t->scores[p] = t->outcomes[p].score;
    }
    status = pm_exchange_agree(ranks, status, error);
    if (!status && ranks)
        all = ranks->gather(ranks->user, t->scores, t->n_parts * sizeof *all, NULL);
    for (size_t p = 0; !status && p < t->of->parts; p++)
        add_score(score, &all[p]);
    return status;
}

static pm_status run_batch(pm_class_trainer *t, size_t begin, size_t n, bool stop, pm_score *score, pm_error *error) {
    uint64_t presentation = t->counters[0] * t->train->n;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t p = 0; p < t->n_parts; p++)
        if (!stop)
            run_part(t, p, begin, n, presentation);
    pm_status status = conclude(t, stop, score, error);
    return status ? status : pm_class_trainer_step(t, n, error);
}

/* Whether nothing can ever change: hidden neurons that do not fire have no gradient. */
static bool silent(const pm_classification *c, const pm_score *score) {
    return c->n_layers > 1 && score->spikes <= 0.0 && !(c->lift > 0.0 && c->lowest > 0.0);
}

pm_status pm_class_trainer_epoch(pm_class_trainer *t, void (*progress)(void *, size_t, const pm_score *),
                                 void *argument, const volatile int *stop, pm_score *score, pm_error *error) {
    if (t->images)
        return pm_model_epoch(t->images, t->train->n, pm_class_trainer_rate(t), progress, argument, stop, score, error);
    size_t n = t->train->n, batches = n / t->of->batch;
    *score = (pm_score){0};
    pm_shuffle(t->shuffle_key, t->counters[0], n, t->order);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < batches; k++) { /* n / batches examples each, the last ones of a set too */
        size_t from = n * k / batches, to = n * (k + 1) / batches;
        status = run_batch(t, from, to - from, stop && *stop, score, error);
        if (!status && progress)
            progress(argument, to, score);
    }
    if (status)
        return status;
    pm_score_finish(score);
    if (!isfinite(score->loss))
        status = pm_fail(error, PM_FAILED, "training diverged: the mean loss of an epoch is %g", score->loss);
    if (!status && silent(t->of, score))
        status =
            pm_fail(error, PM_FAILED,
                    "training is stuck: no neuron of the network fired in the whole epoch; larger weights, a smaller "
                    "rate or activity (lowest and lift) may help");
    t->counters[0] += !status;
    return status;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

/* Weights of the running mean, if there is one; those from neurons that were dropped now and then are scaled down to
 * what they delivered on average. */
const pm_classifier *pm_class_trainer_tested(pm_class_trainer *t) {
    for (size_t l = 0; l < t->net.n_layers; l++) {
        const double *from = t->average[l] ? t->average[l] : t->net.weight[l];
        double left = 1.0 - dropout_of(t->of, l);
        for (size_t i = 0; i < t->net.sizes[l]; i++) {
            double scale = l == 0 && i >= t->train->n_features ? 1.0 : left;
            for (size_t j = 0; j < t->net.strides[l]; j++)
                t->tested.weight[l][i * t->net.strides[l] + j] = scale * from[i * t->net.strides[l] + j];
        }
    }
    return &t->tested;
}

static void test_part(pm_class_trainer *t, size_t which, const pm_dataset *data, uint64_t key, uint32_t *confusion) {
    pm_lane *lane = &t->testers[which];
    pm_class_outcome *o = &t->outcomes[which];
    o->status = PM_OK;
    o->score = (pm_score){0};
    for (size_t k = part_begin(t, which, 0, data->n); k < part_begin(t, which + 1, 0, data->n); k++) {
        const pm_presentation of = {data, k, key, k};
        o->status = pm_encode(&t->of->coding, &of, &lane->net.rasters[0], &o->error);
        if (!o->status)
            o->status = pm_lane_run(lane, NULL, &o->error);
        if (o->status)
            return;
        score_example(lane, data->label[k], &o->score);
        if (confusion) {
            uint32_t *count = &confusion[data->label[k] * data->n_classes + pm_lane_decision(lane)];
#pragma omp atomic
            ++*count;
        }
    }
}

static void sum_counts(const pm_exchange *ranks, uint32_t *count, size_t n) {
    enum { PIECE = 256 };
    for (size_t from = 0; from < n; from += PIECE) {
        uint64_t total[PIECE];
        size_t m = n - from < PIECE ? n - from : PIECE;
        for (size_t k = 0; k < m; k++)
            total[k] = count[from + k];
        ranks->sum(ranks->user, total, m);
        for (size_t k = 0; k < m; k++)
            count[from + k] = (uint32_t)total[k];
    }
}

pm_status pm_class_trainer_test(pm_class_trainer *t, const pm_dataset *data, uint32_t *confusion, pm_score *score,
                                pm_error *error) {
    *score = (pm_score){0};
    if (t->images)
        return pm_model_test(t->images, data, confusion, score, error);
    uint64_t key = key_of(t->of->seed, "test");
    size_t cells = data->n_classes * data->n_classes;
    (void)pm_class_trainer_tested(t);
    if (confusion)
        memset(confusion, 0, cells * sizeof *confusion);
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t p = 0; p < t->n_parts; p++)
        test_part(t, p, data, key, confusion);
    pm_status status = conclude(t, false, score, error);
    if (!status && confusion && t->relay)
        sum_counts(t->relay->ranks, confusion, cells);
    pm_score_finish(score);
    return status;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

size_t pm_class_trainer_arrays(const pm_class_trainer *t) {
    return t->images ? 2 : t->net.n_layers * (t->of->average > 0.0 ? 3 : 2);
}

double *pm_class_trainer_array(pm_class_trainer *t, size_t k, size_t *n) {
    if (t->images)
        return pm_image_trainer_array(t->images, k, n);
    size_t l = k % t->net.n_layers, kind = k / t->net.n_layers;
    *n = pm_classifier_weights(&t->net, l) * (kind == 1 ? t->of->optimiser->memory : 1);
    return kind == 0 ? t->net.weight[l] : kind == 1 ? t->memory[l] : t->average[l];
}

uint64_t *pm_class_trainer_counters(pm_class_trainer *t) {
    return t->images ? pm_image_trainer_counters(t->images) : t->counters;
}
