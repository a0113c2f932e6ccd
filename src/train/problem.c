/* Drawing problems. Everything random of a trial comes from streams whose key is the seed and a purpose and whose index
 * is the trial, so that trials do not depend on each other, nor weights on patterns. */
#include "train/problem.h"

#include "base/list.h"
#include "net/events.h"
#include "model/neuron.h"
#include "base/random.h"
#include "math/draw.h"
#include "rule/rule.h"
#include "net/limits.h"
#include "base/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_patterns_free(pm_pattern *patterns, size_t count) {
    for (size_t k = 0; patterns && k < count; k++) {
        free(patterns[k].input);
        free(patterns[k].target);
    }
    free(patterns);
}

static pm_status check_goal(const pm_goal *goal, pm_error *error) {
    if (goal->correlation == 0.0 && goal->within == 0.0)
        return pm_fail(error, PM_INVALID,
                       "the goal is missing: a correlation, or a distance in ms within which spikes are");
    if (!(goal->correlation >= 0.0 && goal->correlation <= 1.0))
        return pm_fail(error, PM_INVALID, "a correlation of %g is asked for; it must be between 0 and 1",
                       goal->correlation);
    if (!(goal->within >= 0.0 && isfinite(goal->within)) || !(goal->tau > 0.0 && isfinite(goal->tau)))
        return pm_fail(error, PM_INVALID, "the goal's times are %g and %g ms; they must be positive", goal->within,
                       goal->tau);
    return PM_OK;
}

/* Two desired spikes of a neuron that it cannot both fire. */
static pm_status check_gap(const pm_experiment *e, size_t k, const pm_event *first, const pm_event *next,
                           pm_error *error) {
    double gap = next->time - first->time;
    if (next->neuron != first->neuron || (gap > 0.0 && gap >= e->neuron.t_ref))
        return PM_OK;
    if (gap == 0.0)
        return pm_fail(error, PM_INVALID,
                       "pattern %zu: two spikes of neuron %u are desired at the same instant, %.17g ms", k,
                       first->neuron, first->time);
    return pm_fail(
        error, PM_INVALID,
        "pattern %zu: two spikes of neuron %u are desired %.17g ms apart, within the refractory time of %g ms", k,
        first->neuron, gap, e->neuron.t_ref);
}

/* What the output can do at all: a target needs input before it and room for the refractory time. */
static pm_status check_pattern(const pm_experiment *e, size_t k, pm_error *error) {
    const pm_pattern *p = &e->problem.patterns[k];
    if (p->n_input == 0)
        return pm_fail(error, PM_INVALID, "pattern %zu has no input spikes; without them no output can fire", k);
    double first = INFINITY;
    for (size_t i = 0; i < p->n_input; i++)
        first = fmin(first, p->input[i].time);
    pm_status status = PM_OK;
    for (size_t i = 0; !status && i < p->n_target; i++) {
        if (p->target[i].time <= first && e->neuron.I_e == 0.0)
            return pm_fail(error, PM_INVALID,
                           "pattern %zu: a spike is desired at %.17g ms, but the first input comes at %.17g ms; it "
                           "must come before all desired spikes",
                           k, p->target[i].time, first);
        if (p->target[i].time >= e->duration)
            return pm_fail(error, PM_INVALID,
                           "pattern %zu: a spike is desired at %.17g ms, but the pattern lasts %.17g ms; desired "
                           "spikes must come before its end",
                           k, p->target[i].time, e->duration);
        for (size_t j = i + 1; !status && j < p->n_target; j++)
            status = check_gap(e, k, &p->target[i], &p->target[j], error);
    }
    return status;
}

/* *pattern: the one that is at fault, n_patterns for none in particular. */
static pm_status check_patterns(const pm_experiment *e, size_t *pattern, pm_error *error) {
    const pm_problem *p = &e->problem;
    size_t desired = 0;
    pm_status status = PM_OK;
    *pattern = p->n_patterns;
    if (p->n_patterns == 0)
        return pm_fail(error, PM_INVALID, "there are no patterns to learn");
    for (size_t k = 0; !status && k < p->n_patterns; k++) {
        status = check_pattern(e, k, error);
        *pattern = status ? k : p->n_patterns;
        desired += p->patterns[k].n_target;
    }
    if (!status && desired == 0)
        return pm_fail(error, PM_INVALID, "no pattern has a desired spike: there is nothing to learn");
    return status;
}

/* Trials without a desired spike are drawn again, which must not take for ever. */
static pm_status check_rates(const pm_experiment *e, pm_error *error) {
    const pm_problem *p = &e->problem;
    double inputs = 1e-3 * p->input_rate * e->duration * e->layers[0].size;
    double targets = 1e-3 * p->target_rate * (e->duration - p->target_from) * e->layers[e->n_layers - 1].size;
    if (inputs < 0.01 || targets < 0.01)
        return pm_fail(error, PM_INVALID,
                       "with these rates a trial has %.2g input spikes and %.2g desired ones in the mean; they must be "
                       "at least 0.01",
                       inputs, targets);
    return PM_OK;
}

static pm_status check_problem(const pm_experiment *e, size_t *pattern, pm_error *error) {
    const pm_problem *p = &e->problem;
    switch (p->kind) {
    case PM_PROBLEM_PATTERNS:
        return check_patterns(e, pattern, error);
    case PM_PROBLEM_XOR:
        if (e->layers[0].size % 3 != 0 || e->layers[e->n_layers - 1].size != 1)
            return pm_fail(error, PM_INVALID,
                           "the XOR problem needs three sets of inputs of the same size and one output; here are %u "
                           "inputs and %u outputs",
                           e->layers[0].size, e->layers[e->n_layers - 1].size);
        if (!(p->interval > 0.0 && p->bit_at >= 0.0 && p->target_0 > 0.0 && p->target_1 > 0.0 &&
              fmax(p->target_0, p->target_1) < e->duration))
            return pm_fail(error, PM_INVALID, "the times of the XOR problem must be positive and within the duration");
        return PM_OK;
    default:
        if (!(p->input_rate > 0.0 && p->target_rate > 0.0 && p->input_rate <= 1e6 && p->target_rate <= 1e6))
            return pm_fail(error, PM_INVALID,
                           "rates of %g (inputs) and %g (targets) spikes/s; they must be positive and at most 1e6",
                           p->input_rate, p->target_rate);
        if (!(p->target_from >= 0.0 && p->target_from < e->duration))
            return pm_fail(error, PM_INVALID, "targets begin at %g ms; that must be within the duration of %g ms",
                           p->target_from, e->duration);
        if (!(p->target_gap >= e->neuron.t_ref && p->target_gap * p->target_rate < 1000.0))
            return pm_fail(error, PM_INVALID,
                           "the smallest interval between target spikes is %g ms; it must be at least the "
                           "refractory time of %g ms and below the mean interval of %g ms",
                           p->target_gap, e->neuron.t_ref, 1000.0 / p->target_rate);
        return check_rates(e, error);
    }
}

static pm_status check_schedule(const pm_experiment *e, const char **key, pm_error *error) {
    *key = "momentum";
    if (!(e->momentum >= 0.0 && e->momentum < 1.0))
        return pm_fail(error, PM_INVALID, "momentum is %g; it must be at least 0 and below 1", e->momentum);
    *key = "schedule";
    if (!(e->decay > 0.0))
        return pm_fail(error, PM_INVALID, "decay is %g iterations; it must be positive", e->decay);
    if (!(e->power >= 0.0))
        return pm_fail(error, PM_INVALID, "power is %g; it must be at least 0", e->power);
    *key = "polish";
    if (e->polish_iterations == 0)
        return PM_OK;
    if (!(e->polish_within > 0.0))
        return pm_fail(error, PM_INVALID, "polishing is to bring spikes within %g ms; that must be positive",
                       e->polish_within);
    if (e->online || e->neuron.t_ref > 0.0)
        return pm_fail(error, PM_INVALID,
                       "polishing is for weights that change after all patterns (order: batch) and neurons with "
                       "t_ref 0");
    return PM_OK;
}

pm_status pm_experiment_fault(const pm_experiment *e, const char **key, size_t *pattern, pm_error *error) {
    *pattern = e->problem.n_patterns;
    *key = "layers";
    if (e->n_layers < 2)
        return pm_fail(error, PM_INVALID, "at least an input and an output layer are needed");
    bool any = false;
    for (size_t l = 1; l < e->n_layers; l++)
        any = any || e->layers[l].plastic;
    if (!any)
        return pm_fail(error, PM_INVALID, "no layer is plastic: there is nothing to train");
    *key = "duration";
    if (!(e->duration > 0.0 && isfinite(e->duration)))
        return pm_fail(error, PM_INVALID, "the duration is %g ms; it must be positive", e->duration);
    pm_status status = check_schedule(e, key, error);
    if (status)
        return status;
    *key = "neuron";
    status = pm_neuron_check(&e->neuron, error);
    if (!status)
        status = pm_neuron_need_current(&e->neuron, "training", error);
    if (status)
        return status;
    *key = "rule";
    status = pm_kind_check(&e->rule->head, e->rule_parameters, error);
    if (status)
        return status;
    *key = "goal";
    status = check_goal(&e->goal, error);
    if (status)
        return status;
    *key = "problem";
    return check_problem(e, pattern, error);
}

pm_status pm_experiment_check(const pm_experiment *e, pm_error *error) {
    const char *key = NULL;
    size_t pattern = 0;
    return pm_experiment_fault(e, &key, &pattern, error);
}

size_t pm_training_receptor(const pm_training_layer *layer, size_t source) {
    size_t k = 0;
    for (size_t end = layer->sources ? layer->sources[0] : SIZE_MAX; source >= end; end += layer->sources[k])
        k++;
    return k;
}

typedef PM_LIST(pm_event) train;

static pm_status add(train *t, double time, uint32_t neuron, pm_error *error) {
    bool added = PM_LIST_ADD(*t, (pm_event){.time = time, .neuron = neuron});
    return added ? PM_OK : pm_fail_memory(error, "a pattern");
}

static gsl_rng *start(pm_stream *stream, uint64_t seed, const char *what, const char *which, uint64_t trial) {
    const char *words[] = {"trial", what, which};
    gsl_rng *rng = pm_stream_new(stream);
    pm_stream_start(rng, pm_stream_key(seed, words, 3), trial);
    return rng;
}

/* Poisson trains of `size` neurons from `from` on, with dead time `gap` after each spike; at the same mean rate
 * (spikes/s). */
static pm_status poisson(gsl_rng *rng, uint32_t size, double rate, double from, double gap, double until, train *t,
                         pm_error *error) {
    double mean = 1000.0 / rate - gap;
    pm_status status = pm_room_check((until - from) / (mean + gap) * size * sizeof *t->items, "a pattern", error);
    for (uint32_t neuron = 0; neuron < size; neuron++)
        for (double time = from + pm_draw_exponential(rng, mean); !status && time < until;
             time += gap + pm_draw_exponential(rng, mean))
            status = add(t, time, neuron, error);
    pm_events_sort(t->items, t->count);
    return status;
}

static pm_status draw_poisson(const pm_experiment *e, uint32_t trial, pm_pattern *pattern, pm_error *error) {
    const pm_problem *p = &e->problem;
    train input = {0}, target = {0};
    pm_stream stream;
    gsl_rng *rng = start(&stream, e->seed, "problem", "input", trial);
    pm_status status = poisson(rng, e->layers[0].size, p->input_rate, 0.0, 0.0, e->duration, &input, error);
    rng = start(&stream, e->seed, "problem", "target", trial);
    uint32_t outputs = e->layers[e->n_layers - 1].size;
    while (!status && target.count == 0) /* a target without any spike is no problem */
        status = poisson(rng, outputs, p->target_rate, p->target_from, p->target_gap, e->duration, &target, error);
    *pattern = (pm_pattern){input.items, target.items, input.count, target.count};
    return status;
}

/* Pattern k: bit 0 and bit 1 of k, and a bias. */
static pm_status make_xor(const pm_experiment *e, uint32_t k, pm_pattern *pattern, pm_error *error) {
    const pm_problem *p = &e->problem;
    uint32_t set = e->layers[0].size / 3;
    const bool on[] = {true, k & 1, k & 2};
    train input = {0}, target = {0};
    pm_status status = PM_OK;
    for (uint32_t s = 0; s < 3; s++)
        for (uint32_t i = 0; !status && on[s] && i < set; i++)
            status = add(&input, (s > 0 ? p->bit_at : 0.0) + i * p->interval, s * set + i, error);
    pm_events_sort(input.items, input.count);
    if (!status)
        status = add(&target, on[1] != on[2] ? p->target_1 : p->target_0, 0, error);
    *pattern = (pm_pattern){input.items, target.items, input.count, target.count};
    return status;
}

static pm_status copy_pattern(const pm_pattern *from, pm_pattern *to, pm_error *error) {
    *to = (pm_pattern){.n_input = from->n_input, .n_target = from->n_target};
    pm_status status = pm_events_copy(from->input, from->n_input, &to->input, error);
    return status ? status : pm_events_copy(from->target, from->n_target, &to->target, error);
}

size_t pm_experiment_patterns(const pm_experiment *e) {
    return e->problem.kind == PM_PROBLEM_XOR ? 4 : e->problem.kind == PM_PROBLEM_POISSON ? 1 : e->problem.n_patterns;
}

pm_status pm_patterns_draw(const pm_experiment *e, uint32_t trial, pm_pattern **patterns, size_t *count,
                           pm_error *error) {
    size_t n = pm_experiment_patterns(e);
    pm_pattern *all = calloc(n, sizeof *all);
    if (!all)
        return pm_fail_memory(error, "patterns");
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++)
        status = e->problem.kind == PM_PROBLEM_XOR       ? make_xor(e, (uint32_t)k, &all[k], error)
                 : e->problem.kind == PM_PROBLEM_POISSON ? draw_poisson(e, trial, &all[k], error)
                                                         : copy_pattern(&e->problem.patterns[k], &all[k], error);
    if (status) {
        pm_patterns_free(all, n);
        return status;
    }
    *patterns = all;
    *count = n;
    return PM_OK;
}

static double share_over(const pm_weight_part *part, size_t receptor) {
    return part->receptor == 0 || part->receptor == receptor + 1 ? part->share : 0.0;
}

/* The part that a uniform number selects, of those for that receptor. */
static const pm_distribution *choose(const pm_training_layer *layer, size_t receptor, double uniform) {
    double total = 0.0, sum = 0.0;
    size_t last = 0;
    for (size_t k = 0; k < layer->n_parts; k++) {
        const double share = share_over(&layer->parts[k], receptor);
        total += share;
        last = share > 0.0 ? k : last;
    }
    size_t k = 0;
    while (k < last && (sum += share_over(&layer->parts[k], receptor)) <= uniform * total)
        k++;
    return &layer->parts[k].draw;
}

static double draw(gsl_rng *rng, const pm_training_layer *layer, size_t receptor) {
    if (layer->n_parts == 0)
        return 0.0;
    const pm_distribution *d = choose(layer, receptor, gsl_rng_uniform(rng));
    double weight = d->kind == PM_NORMAL    ? d->a + pm_draw_normal(rng, d->b)
                    : d->kind == PM_UNIFORM ? pm_draw_flat(rng, d->a, d->b)
                                            : d->a;
    return fmin(fmax(weight, layer->lowest), layer->highest);
}

static pm_status check_drawn(const pm_layer *layer, const char *name, pm_error *error) {
    for (size_t i = 0; i < layer->n_in; i++)
        for (size_t j = 0; j < layer->n_out; j++)
            if (!pm_weight_fits(layer->weight[i * layer->stride + j]))
                return pm_fail(error, PM_INVALID,
                               "a weight of %g pA is drawn for layer '%s'; at most %g in magnitude is "
                               "possible",
                               layer->weight[i * layer->stride + j], name, PM_LARGEST_WEIGHT);
    return PM_OK;
}

void pm_weights_put(const double *weights, pm_layered *net) {
    for (size_t l = 0; l < net->n_layers; l++) {
        pm_layer *layer = &net->layers[l];
        for (size_t j = 0; j < layer->n_out; j++)
            for (size_t i = 0; i < layer->n_in; i++)
                layer->weight[i * layer->stride + j] = *weights++;
    }
}

pm_status pm_weights_draw(const pm_experiment *e, uint32_t trial, uint32_t attempt, pm_layered *net, pm_error *error) {
    if (e->weights && attempt == 0) {
        pm_weights_put(e->weights, net);
        return PM_OK;
    }
    for (size_t l = 0; l < net->n_layers; l++) {
        pm_layer *layer = &net->layers[l];
        pm_stream stream;
        gsl_rng *rng = start(&stream, e->seed, "weights", e->layers[l + 1].name, trial | (uint64_t)attempt << 32);
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                layer->weight[i * layer->stride + j] =
                    draw(rng, &e->layers[l + 1], pm_training_receptor(&e->layers[l + 1], i));
        pm_status status = check_drawn(layer, e->layers[l + 1].name, error);
        if (status)
            return status;
    }
    return PM_OK;
}
