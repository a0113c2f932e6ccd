/* Drawing problems. Everything random of a trial comes from streams whose key is the seed and a purpose and whose index
 * is the trial, so that trials do not depend on each other, nor weights on patterns. */
#include "learn/problem.h"

#include "net/events.h"
#include "net/parameter.h"
#include "net/random.h"

#include <gsl/gsl_randist.h>
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

/* What the output can do at all: a target needs input before it and room for the refractory time. */
static pm_status check_pattern(const pm_experiment *e, size_t k, pm_error *error) {
    const pm_pattern *p = &e->problem.patterns[k];
    if (p->n_input == 0)
        return pm_fail(error, PM_INVALID, "pattern %zu has no input spikes", k);
    double first = INFINITY;
    for (size_t i = 0; i < p->n_input; i++)
        first = fmin(first, p->input[i].time);
    for (size_t i = 0; i < p->n_target; i++) {
        if (p->target[i].time <= first && e->neuron.I_e == 0.0)
            return pm_fail(error, PM_INVALID,
                           "pattern %zu: a spike is desired at %.17g ms, but the first input comes at %.17g ms", k,
                           p->target[i].time, first);
        if (p->target[i].time >= e->duration)
            return pm_fail(error, PM_INVALID,
                           "pattern %zu: a spike is desired at %.17g ms, but the pattern lasts %.17g ms", k,
                           p->target[i].time, e->duration);
        for (size_t j = i + 1; j < p->n_target; j++) {
            double gap = p->target[j].time - p->target[i].time;
            if (p->target[j].neuron == p->target[i].neuron && (gap < e->neuron.t_ref || gap == 0.0))
                return pm_fail(error, PM_INVALID,
                               "pattern %zu: two spikes of neuron %u are desired %.17g ms apart, within the "
                               "refractory time of %g ms",
                               k, p->target[i].neuron, gap, e->neuron.t_ref);
        }
    }
    return PM_OK;
}

static pm_status check_problem(const pm_experiment *e, pm_error *error) {
    const pm_problem *p = &e->problem;
    pm_status status = PM_OK;
    switch (p->kind) {
    case PM_PROBLEM_PATTERNS:
        if (p->n_patterns == 0)
            return pm_fail(error, PM_INVALID, "there are no patterns to learn");
        for (size_t k = 0; !status && k < p->n_patterns; k++)
            status = check_pattern(e, k, error);
        return status;
    case PM_PROBLEM_XOR:
        if (e->layers[0].size % 3 != 0 || e->layers[e->n_layers - 1].size != 1)
            return pm_fail(error, PM_INVALID,
                           "the XOR problem needs three sets of inputs of the same size and one output");
        if (!(p->interval > 0.0 && p->bit_at >= 0.0 && p->target_0 > 0.0 && p->target_1 > 0.0 &&
              fmax(p->target_0, p->target_1) < e->duration))
            return pm_fail(error, PM_INVALID, "the times of the XOR problem must be positive and within the duration");
        return PM_OK;
    default:
        if (!(p->input_rate > 0.0 && p->target_rate > 0.0 && p->input_rate <= 1e6 && p->target_rate <= 1e6))
            return pm_fail(error, PM_INVALID, "rates of %g and %g spikes/s; they must be positive", p->input_rate,
                           p->target_rate);
        if (!(p->target_from >= 0.0 && p->target_from < e->duration))
            return pm_fail(error, PM_INVALID, "targets begin at %g ms; that must be within the duration of %g ms",
                           p->target_from, e->duration);
        if (!(p->target_gap >= e->neuron.t_ref && p->target_gap * p->target_rate < 1000.0))
            return pm_fail(error, PM_INVALID,
                           "the smallest interval between target spikes is %g ms; it must be at least the "
                           "refractory time of %g ms and below the mean interval of %g ms",
                           p->target_gap, e->neuron.t_ref, 1000.0 / p->target_rate);
        return PM_OK;
    }
}

pm_status pm_experiment_check(const pm_experiment *e, pm_error *error) {
    if (e->n_layers < 2)
        return pm_fail(error, PM_INVALID, "at least an input and an output layer are needed");
    if (!(e->duration > 0.0 && isfinite(e->duration)))
        return pm_fail(error, PM_INVALID, "the duration is %g ms; it must be positive", e->duration);
    if (!(e->momentum >= 0.0 && e->momentum < 1.0) || !(e->decay > 0.0) || !(e->power >= 0.0))
        return pm_fail(error, PM_INVALID,
                       "momentum is %g, decay %g, power %g; they must be in [0, 1), positive, and at least 0",
                       e->momentum, e->decay, e->power);
    if (e->polish_iterations > 0 && (e->online || e->neuron.t_ref > 0.0 || !(e->polish_within > 0.0)))
        return pm_fail(error, PM_INVALID,
                       "polishing is for weights that change after all patterns (order: batch), neurons with "
                       "t_ref 0, and a positive distance in ms");
    bool any = false;
    for (size_t l = 1; l < e->n_layers; l++)
        any = any || e->layers[l].plastic;
    if (!any)
        return pm_fail(error, PM_INVALID, "no layer is plastic: there is nothing to train");
    pm_status status = pm_neuron_check(&e->neuron, error);
    if (!status)
        status = pm_neuron_need_current(&e->neuron, "training", error);
    if (!status)
        status = check_goal(&e->goal, error);
    return status ? status : check_problem(e, error);
}

/* A list of spikes that grows. */
typedef struct train {
    pm_event *events;
    size_t n, capacity;
} train;

static pm_status add(train *t, double time, uint32_t neuron, pm_error *error) {
    if (t->n == t->capacity) {
        size_t capacity = 2 * t->capacity + 64;
        pm_event *grown = realloc(t->events, capacity * sizeof *grown);
        if (!grown)
            return pm_fail_memory(error, "a pattern");
        t->events = grown;
        t->capacity = capacity;
    }
    t->events[t->n++] = (pm_event){.time = time, .neuron = neuron};
    return PM_OK;
}

static pm_status start(gsl_rng **rng, uint64_t seed, const char *what, const char *which, uint32_t trial,
                       pm_error *error) {
    const char *words[] = {"trial", what, which};
    *rng = gsl_rng_alloc(pm_rng_philox);
    if (!*rng)
        return pm_fail_memory(error, "a generator of random numbers");
    pm_stream_start(*rng, pm_stream_key(seed, words, 3), trial);
    return PM_OK;
}

/* Poisson trains of `size` neurons from `from` on, with dead time `gap` after each spike; at the same mean rate
 * (spikes/s). */
static pm_status poisson(gsl_rng *rng, uint32_t size, double rate, double from, double gap, double until, train *t,
                         pm_error *error) {
    double mean = 1000.0 / rate - gap;
    pm_status status = PM_OK;
    for (uint32_t neuron = 0; neuron < size; neuron++)
        for (double time = from + gsl_ran_exponential(rng, mean); !status && time < until;
             time += gap + gsl_ran_exponential(rng, mean))
            status = add(t, time, neuron, error);
    pm_events_sort(t->events, t->n);
    return status;
}

static pm_status draw_poisson(const pm_experiment *e, uint32_t trial, pm_pattern *pattern, pm_error *error) {
    const pm_problem *p = &e->problem;
    train input = {0}, target = {0};
    gsl_rng *rng = NULL;
    pm_status status = start(&rng, e->seed, "problem", "input", trial, error);
    if (!status)
        status = poisson(rng, e->layers[0].size, p->input_rate, 0.0, 0.0, e->duration, &input, error);
    if (rng)
        gsl_rng_free(rng);
    rng = NULL;
    if (!status)
        status = start(&rng, e->seed, "problem", "target", trial, error);
    uint32_t outputs = e->layers[e->n_layers - 1].size;
    while (!status && target.n == 0) /* a target without any spike is no problem */
        status = poisson(rng, outputs, p->target_rate, p->target_from, p->target_gap, e->duration, &target, error);
    if (rng)
        gsl_rng_free(rng);
    *pattern = (pm_pattern){input.events, target.events, input.n, target.n};
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
    pm_events_sort(input.events, input.n);
    if (!status)
        status = add(&target, on[1] != on[2] ? p->target_1 : p->target_0, 0, error);
    *pattern = (pm_pattern){input.events, target.events, input.n, target.n};
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

/* The part that a uniform number selects. */
static const pm_distribution *choose(const pm_training_layer *layer, double uniform) {
    double total = 0.0, sum = 0.0;
    for (size_t k = 0; k < layer->n_parts; k++)
        total += layer->parts[k].share;
    size_t k = 0;
    while (k + 1 < layer->n_parts && (sum += layer->parts[k].share) <= uniform * total)
        k++;
    return &layer->parts[k].draw;
}

static double draw(gsl_rng *rng, const pm_training_layer *layer) {
    if (layer->n_parts == 0)
        return 0.0;
    const pm_distribution *d = choose(layer, gsl_rng_uniform(rng));
    double weight = d->kind == PM_NORMAL    ? d->a + gsl_ran_gaussian_ziggurat(rng, d->b)
                    : d->kind == PM_UNIFORM ? gsl_ran_flat(rng, d->a, d->b)
                                            : d->a;
    return fmin(fmax(weight, layer->lowest), layer->highest);
}

void pm_weights_put(const double *weights, pm_layered *net) {
    for (size_t l = 0; l < net->n_layers; l++) {
        pm_layer *layer = &net->layers[l];
        for (size_t j = 0; j < layer->n_out; j++)
            for (size_t i = 0; i < layer->n_in; i++)
                layer->weight[i * layer->stride + j] = *weights++;
    }
}

pm_status pm_weights_draw(const pm_experiment *e, uint32_t trial, pm_layered *net, pm_error *error) {
    if (e->weights) {
        pm_weights_put(e->weights, net);
        return PM_OK;
    }
    for (size_t l = 0; l < net->n_layers; l++) {
        pm_layer *layer = &net->layers[l];
        gsl_rng *rng = NULL;
        pm_status status = start(&rng, e->seed, "weights", e->layers[l + 1].name, trial, error);
        if (status)
            return status;
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                layer->weight[i * layer->stride + j] = draw(rng, &e->layers[l + 1]);
        gsl_rng_free(rng);
    }
    return PM_OK;
}
