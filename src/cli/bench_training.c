/* punctum bench B3, B4, layers-3, xor: dense layers beside the time to stream the weights that are touched, and whole
 * iterations of training beside the same rule on a grid of 0.1 ms. Weights are scaled until the layers fire at the
 * rates wanted, and stay what they are: the rule's longest step is next to nothing. */
#include "cli/bench_training.h"

#include "base/random.h"
#include "cli/command.h"
#include "gradient/errors.h"
#include "io/summary.h"
#include "model/neuron.h"
#include "rule/grid.h"
#include "rule/rule.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LAYERS = 3, MAX_PATTERNS = 4 };
static const double GRID_STEP = 0.1, WINDOW = 40.0; /* ms */

typedef struct benchmark {
    const char *name;
    uint32_t sizes[MAX_LAYERS + 1];
    size_t n_layers;
    double duration;           /* ms */
    double spikes[MAX_LAYERS]; /* wanted per pattern, of each layer */
    pm_problem_kind problem;   /* PM_PROBLEM_PATTERNS: one, of 150 inputs that fire once in the first 10 ms */
    bool trained;
} benchmark;

static const benchmark set[] = {
    {"B3", {784, 800, 800, 10}, 3, 30.0, {400.0, 400.0, 5.0}, PM_PROBLEM_PATTERNS, false},
    {"B4", {100, 50, 25, 1}, 3, 500.0, {1000.0, 1000.0, 5.0}, PM_PROBLEM_POISSON, false},
    {"layers-3", {100, 50, 25, 1}, 3, 500.0, {1000.0, 1000.0, 5.0}, PM_PROBLEM_POISSON, true},
    {"xor", {54, 54, 1}, 2, 30.0, {180.0, 1.0}, PM_PROBLEM_XOR, true},
};

/* One benchmark set up. */
typedef struct bench {
    const benchmark *b;
    pm_experiment *experiment;
    pm_trainer *trainer;
    pm_layered net;
    pm_raster inputs[MAX_PATTERNS], targets[MAX_PATTERNS];
    size_t n_patterns;
    pm_grid grid;
    pm_error_events errors;
    pm_grid_event *events;
    double *rows, *accumulator;
    size_t capacity;
} bench;

static void bench_free(bench *t) {
    pm_trainer_free(t->trainer);
    pm_experiment_free(t->experiment);
    pm_layered_free(&t->net);
    for (size_t k = 0; k < MAX_PATTERNS; k++) {
        pm_raster_free(&t->inputs[k]);
        pm_raster_free(&t->targets[k]);
    }
    pm_grid_free(&t->grid);
    pm_errors_free(&t->errors);
    free(t->events);
    free(t->rows);
    free(t->accumulator);
}

static pm_status add_layers(bench *t, pm_error *error) {
    static const char *const names[] = {"input", "hidden1", "hidden2", "output"};
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l <= t->b->n_layers; l++) {
        pm_weight_part parts[] = {{.share = 0.8, .draw = {.kind = PM_UNIFORM, .a = 0.0, .b = 1000.0}},
                                  {.share = 0.2, .draw = {.kind = PM_UNIFORM, .a = -4000.0, .b = 0.0}}};
        char name[16];
        snprintf(name, sizeof name, "%s", names[l]);
        pm_training_layer layer = {.name = name,
                                   .size = t->b->sizes[l],
                                   .parts = parts,
                                   .n_parts = l == 0               ? 0
                                              : l < t->b->n_layers ? 2
                                                                   : 1,
                                   .plastic = true,
                                   .rate = 1.0,
                                   .lowest = -INFINITY,
                                   .highest = INFINITY};
        status = pm_experiment_add_layer(t->experiment, &layer, error);
    }
    return status;
}

static pm_status add_image(bench *t, pm_error *error) {
    enum { INPUTS = 150 };
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    pm_event input[INPUTS], target = {.time = 15.0};
    pm_stream_start(rng, 3, 0);
    for (uint32_t k = 0; k < INPUTS; k++)
        input[k] = (pm_event){.time = 10.0 * gsl_rng_uniform(rng), .neuron = k * 5};
    return pm_experiment_add_pattern(t->experiment, input, INPUTS, &target, 1, error);
}

static pm_status describe(bench *t, pm_error *error) {
    pm_experiment *e = t->experiment = pm_experiment_new();
    if (!e)
        return pm_fail_memory(error, "an experiment");
    pm_status status = add_layers(t, error);
    if (!status && t->b->problem == PM_PROBLEM_PATTERNS)
        status = add_image(t, error);
    if (!status)
        status = pm_experiment_set_parameter(e, "longest_step", 1e-9, error);
    e->seed = 1;
    e->duration = t->b->duration;
    e->problem.kind = t->b->problem;
    e->problem.input_rate = 20.0;
    e->problem.target_rate = 10.0;
    e->problem.target_from = 20.0;
    e->problem.interval = 1.0;
    e->problem.bit_at = 6.0;
    e->problem.target_0 = 16.0;
    e->problem.target_1 = 10.0;
    e->goal = (pm_goal){.correlation = 1.0, .tau = 5.0, .within = 1e-12};
    return status;
}

static pm_status copy_events(pm_raster *raster, const pm_event *events, size_t n, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++)
        status = pm_raster_append(raster, events[k].time, events[k].neuron, 0.0, error);
    return status;
}

/* A network with the trainer's weights, and its patterns. */
static pm_status copy_trainer(bench *t, pm_error *error) {
    size_t sizes[MAX_LAYERS + 1] = {0};
    pm_lif lif = pm_lif_of_neuron(&t->experiment->neuron);
    for (size_t l = 0; l <= t->b->n_layers; l++)
        sizes[l] = t->b->sizes[l];
    pm_status status = pm_layered_new(&t->net, &lif, sizes, t->b->n_layers, error);
    for (size_t l = 0; !status && l < t->net.n_layers; l++)
        for (uint32_t i = 0; i < sizes[l]; i++)
            for (uint32_t j = 0; j < sizes[l + 1]; j++)
                t->net.layers[l].weight[i * t->net.layers[l].stride + j] = pm_trainer_weight(t->trainer, l + 1, i, j);
    const pm_pattern *patterns = pm_trainer_patterns(t->trainer, &t->n_patterns);
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        status = copy_events(&t->inputs[k], patterns[k].input, patterns[k].n_input, error);
        if (!status)
            status = copy_events(&t->targets[k], patterns[k].target, patterns[k].n_target, error);
    }
    return status;
}

static pm_status forward(bench *t, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < t->n_patterns; k++)
        status = pm_layered_run(&t->net, &t->inputs[k], t->b->duration, 0, error);
    return status;
}

/* Spikes of population l per pattern. */
static pm_status count(bench *t, size_t l, double *spikes, pm_error *error) {
    pm_status status = PM_OK;
    *spikes = 0.0;
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        status = pm_layered_run(&t->net, &t->inputs[k], t->b->duration, 0, error);
        *spikes += (double)t->net.rasters[l].n / (double)t->n_patterns;
    }
    return status;
}

/* Scales each layer's weights, from the first to the last, until it fires as often as wanted. */
static pm_status calibrate(bench *t, pm_error *error) {
    enum { HALVINGS = 24 };
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l < t->net.n_layers; l++) {
        pm_layer *layer = &t->net.layers[l];
        size_t size = layer->n_in * layer->stride;
        double factor = 0.01, now = 1.0, ratio = 100.0;
        for (int k = 0; !status && k < HALVINGS; k++, ratio = sqrt(ratio)) {
            double spikes, next = factor * ratio / now;
            for (size_t j = 0; j < size; j++)
                layer->weight[j] *= next;
            now *= next;
            status = count(t, l + 1, &spikes, error);
            factor = spikes <= t->b->spikes[l] ? now : factor;
        }
    }
    for (size_t l = 0; !status && l < t->net.n_layers; l++)
        for (uint32_t i = 0; i < t->b->sizes[l]; i++)
            for (uint32_t j = 0; j < t->b->sizes[l + 1]; j++)
                pm_trainer_set_weight(t->trainer, l + 1, i, j,
                                      t->net.layers[l].weight[i * t->net.layers[l].stride + j]);
    return status;
}

static pm_status reserve_events(bench *t, size_t n, pm_error *error) {
    if (n <= t->capacity)
        return PM_OK;
    free(t->events);
    free(t->rows);
    t->events = malloc(2 * n * sizeof *t->events);
    t->rows = aligned_alloc(64, 2 * n * t->grid.row * sizeof *t->rows);
    t->capacity = t->events && t->rows ? 2 * n : 0;
    return t->capacity > 0 ? PM_OK : pm_fail_memory(error, "gradients");
}

/* The rule of the paper: gradients divided by their norms and added up, then to the weights (next to nothing of them).
 */
static void update(bench *t, size_t n) {
    for (size_t l = 0; l < t->net.n_layers; l++) {
        pm_layer *layer = &t->net.layers[l];
        size_t size = layer->n_in * layer->stride;
        double *total = t->rows + t->grid.offset[l];
        for (size_t e = 1; e < n; e++) {
            const double *part = t->rows + e * t->grid.row + t->grid.offset[l];
            double norm = sqrt(pm_sum_squares(size, part));
            if (norm > 0.0)
                pm_axpy(size, 1e-9 / norm, part, total);
        }
        if (n > 0)
            pm_axpy(size, 1e-12, total, layer->weight);
    }
}

static pm_status grid_iteration(bench *t, pm_error *error) {
    const pm_error_pairing pairing = {.window = 5.0, .step = 10.0, .approach = 0.2, .slope = 1.0};
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        const pm_raster *out = &t->grid.rasters[t->net.n_layers];
        status = pm_grid_run(&t->grid, &t->inputs[k], error);
        if (!status)
            status = pm_errors_paired(&t->errors, out, &t->targets[k], t->b->sizes[t->net.n_layers], &pairing, error);
        if (!status)
            status = reserve_events(t, t->errors.n + 1, error);
        for (size_t e = 0; !status && e < t->errors.n; e++)
            t->events[e] = (pm_grid_event){t->errors.events[e].time, t->errors.events[e].neuron};
        if (!status)
            status = pm_grid_gradients(&t->grid, t->events, t->errors.n, t->rows, error);
        if (!status)
            update(t, t->errors.n);
    }
    return status;
}

static pm_status grid_forward(bench *t, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < t->n_patterns; k++)
        status = pm_grid_run(&t->grid, &t->inputs[k], error);
    return status;
}

static pm_status exact_iteration(bench *t, pm_error *error) { return pm_trainer_step(t->trainer, error); }

/* Reads the row of weights of every spike of the last run once, and adds it up. */
static pm_status stream(bench *t, pm_error *error) {
    (void)error;
    for (size_t l = 0; l < t->net.n_layers; l++) {
        const pm_layer *layer = &t->net.layers[l];
        const pm_raster *in = &t->net.rasters[l];
        for (size_t k = 0; k < in->n; k++)
            pm_axpy(layer->stride, 1.0, layer->weight + in->neuron[k] * layer->stride, t->accumulator);
    }
    return PM_OK;
}

/* Of this thread, which is the only one, s. */
static double processor_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least time of a pattern over several rounds, s: whatever else the machine does only adds to it. */
static pm_status least_time(bench *t, pm_status (*work)(bench *, pm_error *), size_t patterns, double *seconds,
                            pm_error *error) {
    enum { ROUNDS = 50 };
    const double round_seconds = 0.03;
    pm_status status = work(t, error); /* buffers have grown, caches are warm */
    *seconds = INFINITY;
    for (int round = 0; !status && round < ROUNDS; round++) {
        double begun = processor_seconds(), spent = 0.0;
        size_t n = 0;
        for (; !status && spent < round_seconds; n++, spent = processor_seconds() - begun)
            status = work(t, error);
        *seconds = fmin(*seconds, spent / (double)n / (double)patterns);
    }
    return status;
}

typedef struct times {
    double exact, grid, limit; /* s; limit: forward only */
    double spikes;             /* per pattern, of all layers */
} times;

static pm_status measure(bench *t, times *result, pm_error *error) {
    const pm_experiment *e = t->experiment;
    enum { WIDEST = 1024 };
    t->accumulator = aligned_alloc(64, WIDEST * sizeof *t->accumulator);
    if (!t->accumulator)
        return pm_fail_memory(error, "a benchmark");
    memset(t->accumulator, 0, WIDEST * sizeof *t->accumulator);
    pm_status status = pm_trainer_new(e, 0, &t->trainer, error);
    if (!status)
        status = copy_trainer(t, error);
    if (!status)
        status = calibrate(t, error);
    if (status)
        return status;
    status = pm_grid_new(&t->grid, &t->net, GRID_STEP, e->duration, 7.0, 7.0, 9.0, WINDOW, error);
    for (size_t l = 1; !status && l <= t->net.n_layers; l++) {
        double spikes;
        status = count(t, l, &spikes, error);
        result->spikes += spikes;
    }
    if (!status)
        status = least_time(t, t->b->trained ? exact_iteration : forward, t->n_patterns, &result->exact, error);
    if (!status)
        status = least_time(t, stream, 1, &result->limit, error);
    if (!status)
        status = least_time(t, t->b->trained ? grid_iteration : grid_forward, t->n_patterns, &result->grid, error);
    return status;
}

static pm_status write_summary(pm_results *results, const benchmark *b, const times *r, pm_error *error) {
    json_t *summary =
        json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "version", PM_VERSION, "command", "bench", "name",
                  b->name, "duration", b->duration, "spikes", r->spikes, "pattern_seconds", r->exact, "stream_seconds",
                  r->limit, "grid_step", GRID_STEP, "grid_seconds", r->grid);
    pm_watch_signals(NULL); /* what has begun is finished */
    pm_status status = pm_results_commit(results, summary, error);
    json_decref(summary);
    return status;
}

static pm_status run_one(const benchmark *b, pm_results *results, pm_error *error) {
    bench t = {.b = b};
    times r = {0};
    pm_status status = describe(&t, error);
    if (!status)
        status = measure(&t, &r, error);
    bench_free(&t);
    if (status)
        return status;
    printf("%-8s %-9s %9.0f %11.1f %11.1f %10.2f %11.1f %10.2f\n", b->name, b->trained ? "iteration" : "forward",
           r.spikes, r.exact * 1e6, r.limit * 1e6, r.exact / r.limit, r.grid * 1e6, r.grid / r.exact);
    (void)fflush(stdout);
    return results ? write_summary(results, b, &r, error) : PM_OK;
}

bool pm_bench_training_has(const char *name) {
    for (size_t k = 0; k < sizeof set / sizeof *set; k++)
        if (strcmp(name, set[k].name) == 0)
            return true;
    return false;
}

pm_status pm_bench_training(const char *name, pm_results *results, pm_error *error) {
    pm_status status = PM_OK;
    printf("name     what         spikes  us/pattern    limit us exact/lim. 0.1 ms grid grid/exact\n");
    for (size_t k = 0; !status && k < sizeof set / sizeof *set; k++)
        if (!name || strcmp(name, set[k].name) == 0)
            status = run_one(&set[k], results, error);
    return status;
}
