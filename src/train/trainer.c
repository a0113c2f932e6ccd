/* One trial. Invariant between steps: the rasters belong to the pattern that ran last; `report` speaks of the last
 * complete forward pass. Weights change in one place, `apply`. */
#include "base/list.h"
#include "base/room.h"
#include "base/simd.h"
#include "layer/layer_receptors.h"
#include "math/elementary.h"
#include "model/neuron.h"
#include "rule/pairs.h"
#include "rule/rule.h"
#include "train/problem.h"
#include <punctum/metric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pm_trainer {
    const pm_experiment *experiment;
    pm_layered net;
    pm_pattern *patterns;
    size_t n_patterns;
    pm_raster *inputs, *targets; /* of each pattern */
    size_t ran;                  /* the pattern whose spikes the rasters hold; n_patterns: none */
    size_t frozen;               /* layers below this one are not plastic */
    uint32_t trial;
    void *rule, *newton; /* states of the learning rule, and of the one that polishes; NULL: not there yet */
    double *change[PM_MOST_LAYERS], *velocity[PM_MOST_LAYERS], *best[PM_MOST_LAYERS];
    signed char *sign[PM_MOST_LAYERS]; /* of each initial weight, where signs are kept */
    double *times[2];                  /* two trains of one neuron */
    size_t times_capacity;
    double pace;  /* share of a Newton step that is taken */
    double off;   /* ms, of the weights in `best` while polishing */
    double moved; /* sum of squared changes of weights in the present step, pA^2 */
    pm_progress_report report;
};

enum { SPIKES_PER_LAYER = 200000 }; /* more than that in one pattern is runaway activity */

static size_t weights_of(const pm_layer *layer) { return layer->n_in * layer->stride; }

void pm_trainer_free(pm_trainer *t) {
    if (!t)
        return;
    for (size_t k = 0; k < t->n_patterns; k++) {
        if (t->inputs)
            pm_raster_free(&t->inputs[k]);
        if (t->targets)
            pm_raster_free(&t->targets[k]);
    }
    free(t->inputs);
    free(t->targets);
    for (size_t l = 0; l < PM_MOST_LAYERS; l++) {
        free(t->change[l]);
        free(t->velocity[l]);
        free(t->best[l]);
        free(t->sign[l]);
    }
    free(t->times[0]);
    free(t->times[1]);
    pm_rule_free(t->experiment->rule, t->rule);
    pm_rule_free(&pm_rule_normad, t->newton);
    pm_patterns_free(t->patterns, t->n_patterns);
    pm_layered_free(&t->net);
    free(t);
}

static pm_status fill_raster(pm_raster *raster, const pm_event *events, size_t n, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++)
        status = pm_raster_append(raster, events[k].time, events[k].neuron, 0.0, error);
    return status;
}

static pm_status prepare_patterns(pm_trainer *t, uint32_t trial, pm_error *error) {
    pm_status status = pm_patterns_draw(t->experiment, trial, &t->patterns, &t->n_patterns, error);
    if (status)
        return status;
    t->inputs = calloc(t->n_patterns, sizeof *t->inputs);
    t->targets = calloc(t->n_patterns, sizeof *t->targets);
    if (!t->inputs || !t->targets)
        return pm_fail_memory(error, "patterns");
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        status = fill_raster(&t->inputs[k], t->patterns[k].input, t->patterns[k].n_input, error);
        if (!status)
            status = fill_raster(&t->targets[k], t->patterns[k].target, t->patterns[k].n_target, error);
    }
    return status;
}

static const uint32_t *sources_of(const pm_experiment *e, size_t l) {
    return e->layers[l].sources ? e->layers[l].sources : &PM_ALL_SOURCES; /* of the only receptor */
}

static pm_status prepare_network(pm_trainer *t, uint32_t trial, pm_error *error) {
    const pm_experiment *e = t->experiment;
    size_t n = e->n_layers - 1;
    size_t *sizes = calloc(e->n_layers, sizeof *sizes);
    if (!sizes)
        return pm_fail_memory(error, "a network");
    for (size_t l = 0; l < e->n_layers; l++)
        sizes[l] = e->layers[l].size;
    pm_lif lif = pm_lif_of_neuron(&e->neuron);
    pm_status status = pm_layered_new(&t->net, &lif, sizes, n, error);
    free(sizes);
    if (!status) {
        t->net.limit = SPIKES_PER_LAYER;
        status = pm_weights_draw(e, trial, 0, &t->net, error);
    }
    for (size_t l = 0; !status && l < n && e->n_receptors > 0; l++)
        status =
            pm_layer_divide(&t->net.layers[l], &e->neuron, e->receptors, sources_of(e, l + 1), e->n_receptors, error);
    for (size_t l = 0; !status && l < n; l++) {
        const pm_layer *layer = &t->net.layers[l];
        size_t size = weights_of(layer);
        if (!e->layers[l + 1].plastic)
            continue;
        t->change[l] = calloc(size, sizeof(double));
        t->velocity[l] = calloc(size, sizeof(double));
        t->best[l] = malloc(size * sizeof(double));
        t->sign[l] = calloc(size, 1);
        if (!t->change[l] || !t->velocity[l] || !t->best[l] || !t->sign[l])
            return pm_fail_memory(error, "changes of weights");
    }
    return status;
}

/* Training knows nothing but the weights as they are. */
static void forget(pm_trainer *t) {
    t->ran = t->n_patterns;
    for (size_t l = 0; l < t->net.n_layers; l++) {
        const pm_layer *layer = &t->net.layers[l];
        size_t size = weights_of(layer);
        if (!t->best[l])
            continue;
        memset(t->change[l], 0, size * sizeof(double));
        memset(t->velocity[l], 0, size * sizeof(double));
        for (size_t k = 0; t->experiment->layers[l + 1].keep_sign && k < size; k++)
            t->sign[l][k] = (signed char)((layer->weight[k] > 0.0) - (layer->weight[k] < 0.0));
    }
}

static void copy_weights(pm_trainer *t) {
    for (size_t l = t->frozen; l < t->net.n_layers; l++)
        if (t->best[l])
            memcpy(t->best[l], t->net.layers[l].weight, weights_of(&t->net.layers[l]) * sizeof(double));
}

/* As before the first step, with the weights as they are. */
static void begin(pm_trainer *t) {
    t->report = (pm_progress_report){.off = INFINITY, .best = -1.0};
    forget(t);
    copy_weights(t);
}

/* The rule of the experiment, or Newton's, which moves the topmost plastic layer only: spikes of layers below then
 * neither come nor go, and nothing stands in the way of whole steps. */
static pm_status prepare_rule(pm_trainer *t, bool newton, pm_error *error) {
    const pm_experiment *e = t->experiment;
    bool plastic[PM_MOST_LAYERS] = {false};
    double rate[PM_MOST_LAYERS] = {0.0}, parameters[PM_RULE_PARAMETERS_SIZE / sizeof(double)];
    while (!e->layers[t->frozen + 1].plastic)
        t->frozen++;
    for (size_t l = 0; l + 1 < e->n_layers; l++) {
        plastic[l] = e->layers[l + 1].plastic;
        rate[l] = e->layers[l + 1].rate;
    }
    pm_plasticity plasticity = {plastic, rate};
    for (size_t l = e->n_layers - 1, top = 0; newton && l-- > 0; top += plastic[l] ? 1 : 0)
        plastic[l] = plastic[l] && top == 0;
    if (!newton)
        return pm_rule_new(e->rule, &t->net, &plasticity, e->rule_parameters, &t->rule, error);
    pm_normad_newton(parameters);
    return pm_rule_new(&pm_rule_normad, &t->net, &plasticity, parameters, &t->newton, error);
}

pm_status pm_trainer_new(const pm_experiment *experiment, uint32_t trial, pm_trainer **trainer, pm_error *error) {
    *trainer = NULL;
    pm_status status = pm_experiment_check(experiment, error);
    if (status)
        return status;
    if (experiment->n_layers > PM_MOST_LAYERS + 1)
        return pm_fail(error, PM_INVALID, "%zu layers; at most %d can be trained", experiment->n_layers,
                       PM_MOST_LAYERS + 1);
    status = pm_room_check(pm_experiment_bytes(experiment), "the weights of all layers", error);
    if (status)
        return status;
    pm_trainer *t = calloc(1, sizeof *t);
    if (!t)
        return pm_fail_memory(error, "a trainer");
    t->experiment = experiment;
    t->trial = trial;
    status = prepare_patterns(t, trial, error);
    if (!status)
        status = prepare_network(t, trial, error);
    if (!status)
        status = prepare_rule(t, false, error);
    if (status) {
        pm_trainer_free(t);
        return status;
    }
    begin(t);
    *trainer = t;
    return PM_OK;
}

pm_status pm_trainer_run(pm_trainer *t, size_t pattern, pm_error *error) {
    if (pattern >= t->n_patterns)
        return pm_fail(error, PM_INVALID, "there is no pattern %zu; the trial has %zu", pattern, t->n_patterns);
    size_t from = t->ran == pattern ? t->frozen : 0;
    t->ran = t->n_patterns; /* none, should the run fail */
    pm_status status = pm_layered_run(&t->net, &t->inputs[pattern], t->experiment->duration, from, error);
    if (!status)
        t->ran = pattern;
    if (status == PM_FAILED && error && t->n_patterns > 1) {
        pm_error why = *error;
        (void)pm_fail(error, status, "pattern %zu, %.900s", pattern, why.message);
    }
    return status;
}

static pm_status reserve_times(pm_trainer *t, size_t n, pm_error *error) {
    size_t first = t->times_capacity, second = t->times_capacity;
    if (!pm_list_reserve((void **)&t->times[0], &first, n, sizeof *t->times[0]) ||
        !pm_list_reserve((void **)&t->times[1], &second, n, sizeof *t->times[1]))
        return pm_fail_memory(error, "spike trains");
    t->times_capacity = first < second ? first : second;
    return PM_OK;
}

/* What one pass over all patterns showed. */
typedef struct score {
    double correlation; /* sum over patterns and outputs */
    double off;         /* ms */
    uint64_t spikes;
    uint64_t below; /* spikes of the layer before the output */
    bool good;      /* every output of every pattern meets the goal */
} score;

/* Adds the outputs of the pattern that ran last. */
static pm_status judge(pm_trainer *t, score *s, pm_error *error) {
    const pm_goal *goal = &t->experiment->goal;
    size_t last = t->net.n_layers;
    const pm_raster *observed = &t->net.rasters[last], *desired = &t->targets[t->ran];
    pm_status status = reserve_times(t, (observed->n > desired->n ? observed->n : desired->n) + 1, error);
    if (status)
        return status;
    for (uint32_t o = 0; o < t->net.layers[last - 1].n_out; o++) {
        size_t n = pm_train_of(observed, o, t->times[0], NULL), m = pm_train_of(desired, o, t->times[1], NULL);
        double c = pm_train_correlation(t->times[0], n, t->times[1], m, goal->tau);
        double off = n == m ? 0.0 : INFINITY;
        for (size_t k = 0; n == m && k < n; k++)
            off = fmax(off, fabs(t->times[0][k] - t->times[1][k]));
        s->correlation += c;
        s->off = fmax(s->off, off);
        s->good = s->good && c >= goal->correlation && (goal->within == 0.0 || off <= goal->within);
    }
    for (size_t l = 1; l <= last; l++)
        s->spikes += t->net.rasters[l].n;
    s->below += t->net.rasters[last - 1].n;
    return PM_OK;
}

static inline double greater(double a, double b) { return a > b ? a : b; }
static inline double lesser(double a, double b) { return a < b ? a : b; }

typedef struct limits {
    double lowest, highest; /* pA */
} limits;

/* Applies and clears the changes of n weights; returns the sum of their squares, in no order: whether it is 0, and a
 * number, is all that matters. */
PM_SIMD static double apply_row(size_t n, double factor, double momentum, limits bounds,
                                const signed char *restrict sign, double *restrict change, double *restrict velocity,
                                double *restrict weight) {
    double moved = 0.0;
#pragma omp simd reduction(+ : moved)
    for (size_t k = 0; k < n; k++) {
        double v = (momentum != 0.0 ? momentum * velocity[k] : 0.0) + change[k];
        double low = sign[k] > 0 ? greater(0.0, bounds.lowest) : bounds.lowest;
        double high = sign[k] < 0 ? lesser(0.0, bounds.highest) : bounds.highest;
        velocity[k] = v;
        change[k] = 0.0;
        moved += v * v;
        weight[k] = lesser(greater(weight[k] + factor * v, low), high);
    }
    return moved;
}

/* Moves the weights along what the rule has gathered. */
static void apply(pm_trainer *t) {
    const pm_experiment *e = t->experiment;
    const uint32_t age = e->restart > 0 ? t->report.iteration % e->restart : t->report.iteration;
    const double factor = t->newton ? t->pace : pm_pow(1.0 + age / e->decay, -e->power);
    const double momentum = t->newton ? 0.0 : e->momentum;
    for (size_t l = t->frozen; l < t->net.n_layers; l++) {
        const pm_training_layer *description = &e->layers[l + 1];
        const limits bounds = {description->lowest, description->highest};
        pm_layer *layer = &t->net.layers[l];
        for (size_t i = 0; description->plastic && i < layer->n_in; i++) {
            const size_t k = i * layer->stride;
            t->moved += apply_row(layer->n_out, factor, momentum, bounds, t->sign[l] + k, t->change[l] + k,
                                  t->velocity[l] + k, layer->weight + k);
        }
    }
}

static void remember(pm_trainer *t, const score *s) {
    double outputs = (double)t->n_patterns * (double)t->net.layers[t->net.n_layers - 1].n_out;
    t->report.correlation = s->correlation / outputs;
    t->report.off = s->off;
    t->report.spikes = s->spikes;
    if (t->report.correlation <= t->report.best)
        return;
    t->report.best = t->report.correlation;
    if (!t->newton)
        copy_weights(t);
}

/* All patterns forwards; `learn`: the rule gathers what each asks for, and online weights change at once. */
static pm_status pass(pm_trainer *t, bool learn, score *s, pm_error *error) {
    const pm_experiment *e = t->experiment;
    const pm_learning_rule *rule = t->newton ? &pm_rule_normad : e->rule;
    void *state = t->newton ? t->newton : t->rule;
    *s = (score){.good = true};
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        status = pm_trainer_run(t, k, error);
        if (!status)
            status = judge(t, s, error);
        if (!status && learn)
            status = rule->gather(state, &t->net, &t->targets[k], error);
        if (!status && learn && (e->online || k + 1 == t->n_patterns)) {
            status = rule->settle(state, &t->net, t->change, error);
            if (!status && e->online)
                apply(t);
        }
    }
    return status;
}

/* Whether the step could move anything, and only so far. */
static pm_status check_moved(const pm_trainer *t, const score *s, pm_error *error) {
    if (!isfinite(t->moved))
        return pm_fail(error, PM_FAILED, "the weights have run away in iteration %u", t->report.iteration);
    if (t->moved == 0.0 && s->below == 0)
        return pm_fail(error, PM_FAILED,
                       "no error has a gradient in iteration %u: the layer before the output is silent",
                       t->report.iteration);
    if (t->moved == 0.0)
        return pm_fail(error, PM_FAILED, "the rule asks for no change in iteration %u, and the goal is not reached",
                       t->report.iteration);
    return PM_OK;
}

static void forget_changes(pm_trainer *t) {
    for (size_t l = t->frozen; l < t->net.n_layers; l++)
        if (t->change[l])
            memset(t->change[l], 0, weights_of(&t->net.layers[l]) * sizeof(double));
}

/* A Newton step that made things worse is taken back and tried again at half the length. True if so. */
static bool take_back(pm_trainer *t, const score *s) {
    if (!t->newton)
        return false;
    if (s->good && s->off < t->off) {
        copy_weights(t);
        t->off = s->off;
        t->pace = fmin(1.0, 2.0 * t->pace);
        return false;
    }
    if (s->good && s->off == t->off) /* back at the weights from which the last step was taken */
        return false;
    pm_trainer_restore_best(t);
    forget_changes(t);
    t->pace *= 0.5;
    t->moved = 1.0; /* a step all the same */
    return true;
}

/* The learning rule as before the first step; where there is no memory for it, all is as it was. */
static pm_status renew_rule(pm_trainer *t, pm_error *error) {
    void *rule = t->rule;
    t->rule = NULL;
    pm_status status = prepare_rule(t, false, error);
    pm_rule_free(t->experiment->rule, status ? t->rule : rule);
    t->rule = status ? rule : t->rule;
    return status;
}

/* What was trained for so long without success is not a good place to go on from: other initial weights. */
static pm_status restart(pm_trainer *t, pm_error *error) {
    const pm_experiment *e = t->experiment;
    const uint32_t done = t->report.iteration;
    if (e->restart == 0 || done == 0 || done % e->restart != 0 || t->newton)
        return PM_OK;
    pm_status status = renew_rule(t, error);
    if (!status)
        status = pm_weights_draw(e, t->trial, done / e->restart, &t->net, error);
    if (!status)
        forget(t);
    return status;
}

pm_status pm_trainer_step(pm_trainer *t, pm_error *error) {
    score s;
    if (t->report.converged)
        return PM_OK;
    t->moved = 0.0;
    pm_status status = restart(t, error);
    if (!status)
        status = pass(t, true, &s, error);
    if (status)
        return status;
    if (!t->experiment->online) {
        bool polish = t->experiment->polish_iterations > 0;
        if (s.good && polish && !t->newton && s.off > t->experiment->polish_within) {
            forget_changes(t);
            status = prepare_rule(t, true, error);
            t->pace = 0.5; /* doubled for the first step */
            t->off = INFINITY;
            if (!status)
                status = pass(t, true, &s, error);
            if (status)
                return status;
        }
        remember(t, &s);
        t->report.converged = s.good && (!polish || s.off <= t->experiment->polish_within);
        t->report.polished += t->newton && !t->report.converged;
        if (t->report.converged)
            forget_changes(t);
        else if (!take_back(t, &s))
            apply(t);
        if (t->newton && !t->report.converged && t->report.polished > t->experiment->polish_iterations)
            return pm_fail(error, PM_FAILED, "polishing came as close as %g ms in %u iterations, not to %g ms", t->off,
                           t->experiment->polish_iterations, t->experiment->polish_within);
    } else if (s.good) { /* each pattern was good before the change after it: are all of them, with these weights? */
        status = pass(t, false, &s, error);
        remember(t, &s);
        t->report.converged = !status && s.good;
    } else {
        remember(t, &s);
    }
    t->report.iteration += !t->report.converged || t->experiment->online;
    return status || t->report.converged ? status : check_moved(t, &s, error);
}

pm_progress_report pm_trainer_report(const pm_trainer *t) { return t->report; }

void pm_trainer_restore_best(pm_trainer *t) {
    for (size_t l = t->frozen; l < t->net.n_layers; l++)
        if (t->best[l])
            memcpy(t->net.layers[l].weight, t->best[l], weights_of(&t->net.layers[l]) * sizeof(double));
}

const pm_pattern *pm_trainer_patterns(const pm_trainer *t, size_t *count) {
    *count = t->n_patterns;
    return t->patterns;
}

size_t pm_trainer_spikes(const pm_trainer *t, size_t layer, const double **time, const uint32_t **neuron,
                         const double **slope) {
    const pm_raster none = {0}, *raster = layer <= t->net.n_layers ? &t->net.rasters[layer] : &none;
    *time = raster->time;
    *neuron = raster->neuron;
    *slope = raster->slope;
    return raster->n;
}

/* Where a weight is; NULL: there is none. */
static double *find_weight(const pm_trainer *t, size_t layer, uint32_t source, uint32_t target) {
    if (layer < 1 || layer > t->net.n_layers)
        return NULL;
    const pm_layer *l = &t->net.layers[layer - 1];
    return source < l->n_in && target < l->n_out ? &l->weight[source * l->stride + target] : NULL;
}

double pm_trainer_weight(const pm_trainer *t, size_t layer, uint32_t source, uint32_t target) {
    const double *weight = find_weight(t, layer, source, target);
    return weight ? *weight : NAN;
}

void pm_trainer_set_weight(pm_trainer *t, size_t layer, uint32_t source, uint32_t target, double weight) {
    double *place = find_weight(t, layer, source, target);
    if (!place)
        return;
    *place = weight;
    t->ran = t->n_patterns;
}

pm_status pm_trainer_weights(const pm_trainer *t, double *weights, size_t n, pm_error *error) {
    const size_t all = pm_experiment_weights(t->experiment);
    if (n != all)
        return pm_fail(error, PM_INVALID, "room for %zu weights; there are %zu", n, all);
    for (size_t l = 0; l < t->net.n_layers; l++)
        for (uint32_t target = 0; target < t->net.layers[l].n_out; target++)
            for (uint32_t source = 0; source < t->net.layers[l].n_in; source++)
                *weights++ = t->net.layers[l].weight[source * t->net.layers[l].stride + target];
    return PM_OK;
}

const pm_experiment *pm_trainer_experiment(const pm_trainer *t) { return t->experiment; }

pm_status pm_trainer_set_weights(pm_trainer *t, const double *weights, size_t n, pm_error *error) {
    pm_status status = pm_weights_check(t->experiment, weights, n, error);
    if (!status)
        status = renew_rule(t, error);
    if (status)
        return status;
    pm_rule_free(&pm_rule_normad, t->newton);
    t->newton = NULL;
    pm_weights_put(weights, &t->net);
    begin(t);
    return PM_OK;
}
