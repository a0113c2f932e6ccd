/* The trainer of all classifiers: epochs, the order of examples, steps, running means, validation. Models (see
 * classifier_model.h) run examples and know gradients. Invariant: what is learnt after an epoch is a function of the
 * arrays and counters before it and of the experiment, whoever did which part of a batch. */
#include "classify/classifier_model.h"

#include "base/room.h"
#include "classify/candidates.h"
#include "classify/connections.h"
#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What became of a part, in training or in a test. */
typedef struct outcome {
    pm_status status;
    pm_error error;
} outcome;

struct pm_class_trainer {
    const pm_classification *of;
    const pm_dataset *train;
    const pm_classifier_model *kind;
    void *model;
    const pm_relay *relay;            /* NULL: there is one rank */
    size_t all_parts, first, n_parts; /* of a batch; this rank's parts */
    size_t n_arrays;
    double *memory[PM_CLASSIFIER_MOST_ARRAYS];  /* of the optimiser */
    double *average[PM_CLASSIFIER_MOST_ARRAYS]; /* running mean of what is learnt, if wanted */
    double *best[PM_CLASSIFIER_MOST_ARRAYS];    /* what was tested after the best epoch, if that is to be kept */
    double record[2];         /* of that epoch: correct ones of the validation set, -1: none yet; loss */
    pm_candidates candidates; /* what the best one of several has learnt, if there are */
    pm_score *scores;         /* of own parts */
    outcome *outcomes;        /* of own parts */
    uint32_t *order;
    uint64_t counters[2]; /* epochs, steps */
    pm_class_look look;   /* at the last example that was looked at */
};

static const pm_exchange *ranks_of(const pm_class_trainer *t) { return t->relay ? t->relay->ranks : NULL; }

/* --- made and freed ----------------------------------------------------------------------------------------------- */

void pm_class_trainer_free(pm_class_trainer *t) {
    if (!t)
        return;
    if (t->model)
        t->kind->destroy(t->model);
    free(t->model);
    for (size_t k = 0; k < PM_CLASSIFIER_MOST_ARRAYS; k++) {
        free(t->memory[k]);
        free(t->average[k]);
        free(t->best[k]);
    }
    pm_candidates_free(&t->candidates);
    free(t->scores);
    free(t->outcomes);
    free(t->order);
    free(t);
}

static bool keeps_best(const pm_class_trainer *t) { return t->of->keep > 0.0; }

/* Arrays from which training goes on: what is learnt, the optimiser's memory, running means. */
static size_t states_of(const pm_class_trainer *t) { return t->n_arrays * (2 + (size_t)(t->of->average > 0.0)); }

static pm_status build(pm_class_trainer *t, pm_error *error) {
    const pm_classification *c = t->of;
    t->model = calloc(1, t->kind->size);
    if (!t->model)
        return pm_fail_memory(error, "the training of a network");
    pm_status status = t->kind->create(t->model, c, t->train, t->relay, t->n_parts, error);
    if (status)
        return status;
    t->scores = calloc(t->n_parts, sizeof *t->scores);
    t->outcomes = calloc(t->n_parts, sizeof *t->outcomes);
    t->order = malloc((t->train->n + 1) * sizeof *t->order);
    bool enough = t->scores && t->outcomes && t->order;
    const double *array = NULL;
    size_t n = 0;
    for (; enough && (array = t->kind->array(t->model, t->n_arrays, &n)); t->n_arrays++) {
        double **memory = &t->memory[t->n_arrays], **average = &t->average[t->n_arrays];
        *memory = calloc(n * c->optimiser->memory + 1, sizeof **memory);
        *average = c->average > 0.0 ? malloc((n + 1) * sizeof **average) : NULL;
        t->best[t->n_arrays] = keeps_best(t) ? calloc(n + 1, sizeof **t->best) : NULL;
        enough = *memory && (c->average <= 0.0 || *average) && (!keeps_best(t) || t->best[t->n_arrays]);
        if (enough && *average)
            memcpy(*average, array, n * sizeof **average);
    }
    if (!enough)
        return pm_fail_memory(error, "the training of a network");
    return c->candidates > 1 ? pm_candidates_new(&t->candidates, t, states_of(t), error) : PM_OK;
}

/* This rank's block of the parts. */
static pm_status share(pm_class_trainer *t, const pm_relay *relay, pm_error *error) {
    const pm_classification *c = t->of;
    t->n_parts = t->all_parts = t->kind->divided ? c->parts : 1;
    if (!relay || relay->ranks->size == 1)
        return PM_OK;
    const pm_exchange *ranks = relay->ranks;
    if (!t->kind->divided)
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

/* What the arrays of all weights take: of networks, gradients of this rank's parts of a batch, the optimiser, a mean.
 */
static double bytes_of(const pm_class_trainer *t) {
    const pm_classification *c = t->of;
    const double chunks = fmin((double)c->batch / PM_IMAGE_CHUNK + 1.0, (double)t->train->n);
    const double tried = c->candidates > 1 ? 1.0 + (double)c->optimiser->memory + (c->average > 0.0) : 0.0;
    const double copies = 2.0 + (c->model ? chunks : (double)t->n_parts + tried) + (c->average > 0.0);
    double weights = 0.0, tables = 0.0,
           inputs = c->model ? (double)t->train->n_features : (double)pm_coding_inputs(&c->coding, t->train);
    pm_connections n;
    const bool sized = !c->model && !c->network && !pm_connections_size(&n, c, t->train, NULL);
    for (size_t l = 0; l < c->n_layers; l++) {
        const pm_convolution *own = &c->layers[l].convolution;
        const double size = sized ? (double)n.sizes[l + 1] : (double)c->layers[l].size;
        double synapses = (inputs + 1.0) * (size + 1.0);
        if (sized && c->layers[l].convolved) {
            const double kernel = (double)(n.shapes[l].channels * own->size * own->size + 1);
            tables += kernel * (double)(n.shapes[l].height * n.shapes[l].width) / (double)(own->stride * own->stride);
            synapses = kernel * (double)(own->channels + PM_LAYER_LANES);
        }
        weights += c->layers[l].delays.given ? 2.0 * synapses : synapses;
        inputs = size;
    }
    return sizeof(double) * (weights * (copies + (double)c->optimiser->memory) + 2.0 * tables);
}

pm_status pm_class_trainer_new(const pm_classification *c, const pm_dataset *train, pm_class_trainer **trainer,
                               pm_error *error) {
    return pm_class_trainer_new_shared(c, train, NULL, trainer, error);
}

pm_status pm_class_trainer_new_shared(const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                                      pm_class_trainer **trainer, pm_error *error) {
    *trainer = NULL;
    pm_status status = pm_classification_check(c, error);
    if (!status)
        status = pm_dataset_check(train, error);
    if (status)
        return status;
    if (c->layers[c->n_layers - 1].size != train->n_classes)
        return pm_fail(error, PM_INVALID, "layers: the output layer has %zu neurons, but the data has %zu classes",
                       c->layers[c->n_layers - 1].size, train->n_classes);
    if (!train->first == c->coding.code->events)
        return pm_fail(error, PM_INVALID, "coding: %s is for %s, which the examples are not", c->coding.code->head.name,
                       train->first ? "intensities" : "spikes");
    if (c->batch > train->n)
        return pm_fail(error, PM_INVALID, "batch: a batch of %zu is larger than the training set of %zu examples",
                       c->batch, train->n);
    if (pm_deformation_any(&c->deform) && (!train->bytes || train->width * train->height != train->n_features))
        return pm_fail(error, PM_INVALID, "data.deform: the examples are no pictures");
    pm_class_trainer own = {.record = {-1.0},
                            .of = c,
                            .train = train,
                            .kind = c->network ? &pm_classifier_network
                                    : c->model ? &pm_classifier_of_images
                                               : &pm_classifier_exact};
    status = share(&own, relay, error);
    if (!status)
        status = pm_room_check_all(bytes_of(&own), "the weights of all layers", ranks_of(&own), error);
    if (status)
        return status;
    pm_class_trainer *t = calloc(1, sizeof *t);
    if (!t)
        return pm_fail_memory(error, "the training of a network");
    *t = own;
    status = build(t, error);
    if (status) {
        pm_class_trainer_free(t);
        return status;
    }
    *trainer = t;
    return PM_OK;
}

/* --- parts -------------------------------------------------------------------------------------------------------- */

/* Examples of a batch that is learnt, or of a set that is tested. */
typedef struct examples {
    const pm_class_batch *batch; /* NULL: a test */
    const pm_dataset *data;
    uint32_t *confusion;
    size_t n;
} examples;

static void run_part(pm_class_trainer *t, size_t part, const examples *e) {
    outcome *o = &t->outcomes[part];
    const size_t from = e->n * (t->first + part) / t->all_parts, to = e->n * (t->first + part + 1) / t->all_parts;
    t->scores[part] = (pm_score){0};
    if (e->batch) {
        const pm_class_batch *b = e->batch, own = {b->order + from, to - from, b->epoch, b->first + from};
        o->status = t->kind->learn(t->model, part, &own, &t->scores[part], &o->error);
    } else {
        o->status = t->kind->test(t->model, part, e->data, from, to, e->confusion, &t->scores[part], &o->error);
    }
}

/* Own parts; the first failure counts. */
static pm_status run_parts(pm_class_trainer *t, const examples *e, pm_error *error) {
#pragma omp parallel for schedule(dynamic, 1) if (t->n_parts > 1)
    for (size_t p = 0; p < t->n_parts; p++)
        run_part(t, p, e);
    size_t p = 0;
    while (p < t->n_parts && !t->outcomes[p].status)
        p++;
    if (p == t->n_parts)
        return PM_OK;
    if (error)
        *error = t->outcomes[p].error;
    return t->outcomes[p].status;
}

/* Turns sums over examples into means. */
static void finish(pm_score *score) {
    double n = score->n ? (double)score->n : 1.0;
    score->loss /= n;
    score->spikes /= n;
    score->input /= n;
}

/* Adds up the scores of all parts in their order, unless something failed on this rank or another. */
static pm_status conclude(pm_class_trainer *t, pm_status status, pm_score *score, pm_error *error) {
    const pm_exchange *ranks = ranks_of(t);
    const pm_score *all = t->scores;
    status = pm_exchange_agree(ranks, status, error);
    if (!status && ranks)
        all = ranks->gather(ranks->user, t->scores, t->n_parts * sizeof *all, NULL);
    for (size_t p = 0; !status && p < t->all_parts; p++) {
        score->n += all[p].n;
        score->correct += all[p].correct;
        score->loss += all[p].loss;
        score->spikes += all[p].spikes;
        score->input += all[p].input;
    }
    return status;
}

/* --- training ----------------------------------------------------------------------------------------------------- */

/* The rate of the coming epoch. */
static double rate_of(const pm_class_trainer *t) {
    const size_t epoch = pm_candidates_own_epoch(t->of, (size_t)t->counters[0]);
    const size_t drops = t->of->decay_every > 0 ? epoch / t->of->decay_every : 0;
    return t->of->rate * pm_pow(t->of->decay, (double)drops);
}

/* Moves a row of what is learnt, and of its running mean. */
static bool step_row(const pm_class_trainer *t, size_t k, const pm_class_block *b, size_t row, size_t n, double rate) {
    const pm_classification *c = t->of;
    size_t length = 0, at = b->from + row * b->columns;
    double *values = t->kind->array(t->model, b->array, &length) + at;
    const double *gradient = t->kind->gradient(t->model, k, row, n);
    if (b->share > 0.0)
        c->optimiser->step(c->optimiser_parameters, t->memory[b->array] + at * c->optimiser->memory, t->counters[1],
                           rate * b->share, b->columns, gradient, values);
    bool sound = !t->kind->settle || t->kind->settle(t->model, k, row, n);
    double steps = (double)t->counters[1], old = steps / (steps + 10.0); /* the first weights are soon forgotten */
    double *average = t->average[b->array];
    old = old < c->average ? old : c->average;
    for (size_t j = 0; average && j < b->columns; j++)
        average[at + j] += (1.0 - old) * (values[j] - average[at + j]);
    return sound;
}

/* One step of the optimiser after a batch of n; common to all ranks. */
static pm_status step(pm_class_trainer *t, size_t n, pm_error *error) {
    double rate = rate_of(t);
    int diverged = 0;
    pm_class_block b;
    t->counters[1]++;
    for (size_t k = 0; t->kind->block(t->model, k, &b); k++) {
        if (t->kind->gather)
            t->kind->gather(t->model, k, n, rate);
#pragma omp parallel for schedule(static) reduction(| : diverged) if (b.rows > 1)
        for (size_t row = 0; row < b.rows; row++)
            diverged |= !step_row(t, k, &b, row, n, rate);
    }
    return diverged
               ? pm_fail(error, PM_FAILED,
                         "training diverged: weights are no finite numbers any more after step %llu; a smaller rate "
                         "may help",
                         (unsigned long long)t->counters[1])
               : PM_OK;
}

static pm_status run_batch(pm_class_trainer *t, size_t from, size_t n, bool stop, pm_score *score, pm_error *error) {
    const uint64_t epoch = t->counters[0];
    const pm_class_batch batch = {t->order + from, n, epoch, epoch * t->train->n + from};
    if (t->kind->prepare)
        t->kind->prepare(t->model, NULL);
    pm_status status =
        stop ? pm_fail(error, PM_STOPPED, "stopped") : run_parts(t, &(examples){.batch = &batch, .n = n}, error);
    status = conclude(t, status, score, error);
    return status ? status : step(t, n, error);
}

/* Whether nothing can ever change. */
static bool stuck(const pm_class_trainer *t, const pm_score *score) {
    const pm_classification *c = t->of;
    return t->kind->only_by_spikes && c->n_layers > 1 && score->spikes <= 0.0 && !(c->lift > 0.0 && c->lowest > 0.0);
}

pm_status pm_class_trainer_epoch(pm_class_trainer *t, pm_class_progress *progress, void *user, const volatile int *stop,
                                 pm_score *score, pm_error *error) {
    size_t n = t->train->n, batches = n / t->of->batch;
    *score = (pm_score){0};
    pm_shuffle(pm_class_key(t->kind, t->of->seed, "shuffle"), t->counters[0], n, t->order);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < batches; k++) { /* n / batches examples each, the last ones of a set too */
        size_t from = n * k / batches, to = n * (k + 1) / batches;
        status = run_batch(t, from, to - from, stop && *stop, score, error);
        if (!status && progress)
            progress(user, to, score);
    }
    if (status)
        return status;
    finish(score);
    if (!isfinite(score->loss))
        status = pm_fail(error, PM_FAILED, "training diverged: the mean loss of an epoch is %g", score->loss);
    if (!status && stuck(t, score))
        status =
            pm_fail(error, PM_FAILED,
                    "training is stuck: no neuron of the network fired in the whole epoch; larger weights, a smaller "
                    "rate or activity (lowest and lift) may help");
    t->counters[0] += !status;
    return status;
}

/* The first step is that of the numbers that are there now. */
static void begin(pm_class_trainer *t) {
    for (size_t k = 0; k < t->n_arrays; k++) {
        size_t n = 0;
        const double *array = t->kind->array(t->model, k, &n);
        memset(t->memory[k], 0, n * t->of->optimiser->memory * sizeof(double));
        if (t->average[k])
            memcpy(t->average[k], array, n * sizeof *array);
    }
    t->counters[1] = 0;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

/* The running means, or what is learnt itself, are what is tested. */
static double *tested(const pm_class_trainer *t, size_t k, size_t *n) {
    double *learnt = t->kind->array(t->model, k, n);
    return t->average[k] ? t->average[k] : learnt;
}

static void prepare(pm_class_trainer *t, bool best) {
    const double *arrays[PM_CLASSIFIER_MOST_ARRAYS] = {NULL};
    size_t n = 0;
    for (size_t k = 0; k < t->n_arrays; k++)
        arrays[k] = best ? t->best[k] : tested(t, k, &n);
    if (t->kind->prepare)
        t->kind->prepare(t->model, arrays);
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

/* Whether a set is one, and one for this network. */
static pm_status check_set(const pm_class_trainer *t, const pm_dataset *data, pm_error *error) {
    const pm_dataset *as = t->train;
    pm_status status = pm_dataset_check(data, error);
    if (!status &&
        (data->n_features != as->n_features || data->n_classes != as->n_classes || !data->first != !as->first))
        status =
            pm_fail(error, PM_INVALID,
                    "examples: %zu features and %zu classes; the network was made for %zu features and %zu classes",
                    data->n_features, data->n_classes, as->n_features, as->n_classes);
    return status;
}

/* The best network so far, or the present one. */
static pm_status run_test(pm_class_trainer *t, const pm_dataset *data, bool best, uint32_t *confusion, pm_score *score,
                          pm_error *error) {
    const size_t cells = data->n_classes * data->n_classes;
    *score = (pm_score){0};
    pm_status status = check_set(t, data, error);
    if (status)
        return status;
    prepare(t, best && t->record[0] >= 0.0);
    if (confusion)
        memset(confusion, 0, cells * sizeof *confusion);
    status = run_parts(t, &(examples){.data = data, .confusion = confusion, .n = data->n}, error);
    status = conclude(t, status, score, error);
    if (!status && confusion && t->relay)
        sum_counts(t->relay->ranks, confusion, cells);
    finish(score);
    return status;
}

pm_status pm_class_trainer_test(pm_class_trainer *t, const pm_dataset *data, uint32_t *confusion, pm_score *score,
                                pm_error *error) {
    return run_test(t, data, keeps_best(t), confusion, score, error);
}

static void keep_better(pm_class_trainer *t, const pm_score *score) {
    const bool better = pm_candidates_beats(t->record, score);
    for (size_t k = 0; better && k < t->n_arrays; k++) {
        size_t n = 0;
        const double *from = tested(t, k, &n);
        memcpy(t->best[k], from, n * sizeof *from);
    }
}

/* After a candidate's last epoch the next one begins, or the best one goes on. */
static void change_candidates(pm_class_trainer *t, const pm_score *score) {
    const pm_classification *c = t->of;
    const size_t done = (size_t)t->counters[0];
    if (done > pm_candidates_epochs(c) || done % c->trial_epochs > 0)
        return;
    pm_candidates_keep(&t->candidates, t, score);
    if (done == pm_candidates_epochs(c)) {
        pm_candidates_restore(&t->candidates, t);
        return;
    }
    t->kind->redraw(t->model, done / c->trial_epochs);
    begin(t);
}

/* Epochs and candidates are judged by `score`: that in validation, or with `judge` that of both sets. */
static pm_status judge(pm_class_trainer *t, pm_score *score, pm_error *error) {
    pm_score more = {0};
    pm_status status = t->of->judge > 0.0 ? run_test(t, t->train, false, NULL, &more, error) : PM_OK;
    const double share = more.n > 0 ? (double)more.n / (double)(score->n + more.n) : 0.0;
    score->loss = (1.0 - share) * score->loss + share * more.loss;
    score->correct += more.correct;
    score->n += more.n;
    return status;
}

/* Of all threads of this process. */
static double processor_seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

pm_status pm_class_trainer_advance(pm_class_trainer *t, const pm_dataset *validation, pm_class_progress *progress,
                                   void *user, const volatile int *stop, pm_epoch *epoch, pm_error *error) {
    *epoch = (pm_epoch){.rate = rate_of(t)};
    double begun = processor_seconds();
    pm_status status = pm_class_trainer_epoch(t, progress, user, stop, &epoch->train, error);
    epoch->cpu_seconds = processor_seconds() - begun;
    if (!status && validation && validation->n > 0)
        status = run_test(t, validation, false, NULL, &epoch->validation, error);
    if (!status && !isfinite(epoch->validation.loss))
        status = pm_fail(error, PM_FAILED, "training diverged: the loss on the validation set is %g",
                         epoch->validation.loss);
    pm_score score = epoch->validation;
    if (!status && (keeps_best(t) || t->of->candidates > 1))
        status = judge(t, &score, error);
    if (!status && keeps_best(t) && score.n > 0)
        keep_better(t, &score);
    if (!status && t->of->candidates > 1)
        change_candidates(t, &score);
    return status;
}

/* --- what has been learnt ----------------------------------------------------------------------------------------- */

bool pm_class_trainer_looks(const pm_class_trainer *t) { return t->kind->look; }

const pm_classification *pm_class_trainer_experiment(const pm_class_trainer *t) { return t->of; }

size_t pm_class_trainer_epochs(const pm_class_trainer *t) { return (size_t)t->counters[0]; }

pm_status pm_class_trainer_look(pm_class_trainer *t, const pm_dataset *data, size_t example, pm_class_look *look,
                                pm_error *error) {
    t->look = (pm_class_look){0};
    if (!t->kind->look || example >= data->n)
        return pm_fail(error, PM_INVALID,
                       t->kind->look ? "there is no example %zu"
                                     : "example %zu: the spikes of this "
                                       "model have no times",
                       example);
    pm_status status = t->kind->look(t->model, data, example, look, error);
    t->look = status ? t->look : *look;
    return status;
}

pm_status pm_class_trainer_run(pm_class_trainer *t, const pm_dataset *data, size_t example, pm_error *error) {
    pm_class_look look;
    pm_status status = check_set(t, data, error);
    return status ? status : pm_class_trainer_look(t, data, example, &look, error);
}

size_t pm_class_trainer_spikes(const pm_class_trainer *t, size_t population, const double **time,
                               const uint32_t **neuron, const double **slope) {
    static const pm_raster none = {0};
    const pm_raster *spikes = population < t->look.populations ? &t->look.rasters[population] : &none;
    if (time)
        *time = spikes->time;
    if (neuron)
        *neuron = spikes->neuron;
    if (slope)
        *slope = spikes->slope;
    return spikes->n;
}

bool pm_class_trainer_table(const pm_class_trainer *t, size_t k, pm_class_table *table) {
    return t->kind->table(t->model, k, table);
}

bool pm_class_trainer_layered(const pm_class_trainer *t) { return t->kind == &pm_classifier_exact; }

const pm_classifier *pm_class_trainer_classifier(const pm_class_trainer *t) {
    return t->kind->layers ? t->kind->layers(t->model) : NULL;
}

/* Where a number of a table is in its array; SIZE_MAX: nowhere. */
static size_t place_of(const pm_class_trainer *t, const pm_class_table *shape, size_t k, size_t column, size_t row) {
    return t->kind->place ? t->kind->place(t->model, k, column, row) : column * shape->stride + row;
}

void pm_class_trainer_weights(const pm_class_trainer *t, double *weights) {
    pm_class_table shape;
    size_t n = 0;
    for (size_t l = 0; l < t->of->n_layers && t->kind->table(t->model, l, &shape); l++) {
        const double *from = t->record[0] >= 0.0 ? t->best[l] : tested(t, l, &n);
        for (size_t target = 0; target < shape.rows; target++)
            for (size_t source = 0; source < shape.columns; source++) {
                const size_t at = place_of(t, &shape, l, source, target);
                *weights++ = at == SIZE_MAX ? 0.0 : from[at];
            }
    }
}

void pm_class_trainer_set_weights(pm_class_trainer *t, const double *weights) {
    pm_class_table shape;
    size_t n = 0;
    for (size_t l = 0; l < t->of->n_layers && t->kind->table(t->model, l, &shape); l++) {
        double *to = t->kind->array(t->model, l, &n);
        for (size_t target = 0; target < shape.rows; target++)
            for (size_t source = 0; source < shape.columns; source++, weights++) {
                const size_t at = place_of(t, &shape, l, source, target);
                if (at != SIZE_MAX)
                    to[at] = *weights;
            }
    }
    if (t->kind->adopt)
        t->kind->adopt(t->model);
    t->record[0] = t->candidates.record[0] = -1.0;
    t->counters[0] = 0;
    begin(t);
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static size_t own_arrays(const pm_class_trainer *t) { return states_of(t) + (keeps_best(t) ? t->n_arrays + 1 : 0); }

size_t pm_class_trainer_arrays(const pm_class_trainer *t) {
    return own_arrays(t) + (t->of->candidates > 1 ? t->candidates.n + 1 : 0);
}

/* What is learnt, the optimiser's memory, running means, what was best, and how good that was; then what the best
 * candidate has learnt, and how good it was. */
double *pm_class_trainer_array(pm_class_trainer *t, size_t k, size_t *n) {
    double **const kinds[] = {t->memory, t->of->average > 0.0 ? t->average : t->best, t->best};
    const size_t which = k % t->n_arrays, kind = k / t->n_arrays, own = own_arrays(t);
    *n = 2;
    if (keeps_best(t) && k + 1 == own)
        return t->record;
    if (k == own + t->candidates.n)
        return t->candidates.record;
    if (k >= own) { /* as long as the one of which it is a copy */
        (void)pm_class_trainer_array(t, k - own, n);
        return t->candidates.kept[k - own];
    }
    double *learnt = t->kind->array(t->model, which, n);
    *n *= kind == 1 ? t->of->optimiser->memory : 1;
    return kind == 0 ? learnt : kinds[kind - 1][which];
}

uint64_t *pm_class_trainer_counters(pm_class_trainer *t) { return t->counters; }
