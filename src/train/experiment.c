/* Building and checking experiments. Invariant: an experiment holds only what passed its checks, all of it copied. */
#include "base/list.h"
#include "base/sized.h"
#include "model/kernel.h"
#include "net/events.h"
#include "net/limits.h"
#include "net/population.h"
#include "rule/rule.h"
#include "train/problem.h"

#include <punctum/training.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pm_experiment *pm_experiment_new(void) {
    pm_experiment *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    *e = (pm_experiment){
        .seed = 1, .trials = 1, .iterations = 1000, .neuron = pm_neuron_default(), .goal.tau = 5.0, .decay = 1000.0};
    (void)pm_experiment_set_rule(e, pm_rules[0]->name, NULL);
    return e;
}

void pm_experiment_free(pm_experiment *e) {
    if (!e)
        return;
    for (size_t l = 0; l < e->n_layers; l++) {
        free(e->layers[l].name);
        free(e->layers[l].parts);
        free(e->layers[l].sources);
    }
    pm_receptors_free(e->receptors, e->n_receptors);
    for (size_t k = 0; k < e->problem.n_patterns; k++) {
        free(e->problem.patterns[k].input);
        free(e->problem.patterns[k].target);
    }
    free(e->problem.patterns);
    free(e->layers);
    free(e->weights);
    free(e);
}

static pm_status check_part(const pm_weight_part *part, pm_error *error) {
    const pm_distribution *d = &part->draw;
    if (!isfinite(part->share) || part->share <= 0.0)
        return pm_fail(error, PM_INVALID, "a share of %g of the weights; shares are positive", part->share);
    if (!pm_weight_fits(d->a) || !pm_weight_fits(d->b))
        return pm_fail(error, PM_INVALID, "a weight of %g pA; at most %g in magnitude is possible",
                       pm_weight_fits(d->a) ? d->b : d->a, PM_LARGEST_WEIGHT);
    if (d->kind == PM_NORMAL && d->b < 0.0)
        return pm_fail(error, PM_INVALID, "the standard deviation of the weights is %g pA; it must not be negative",
                       d->b);
    if (d->kind == PM_UNIFORM && d->b < d->a)
        return pm_fail(error, PM_INVALID, "weights uniform over [%g, %g]; the first must not exceed the second", d->a,
                       d->b);
    if (d->kind != PM_CONSTANT && d->kind != PM_NORMAL && d->kind != PM_UNIFORM)
        return pm_fail(error, PM_INVALID, "initial weights are a number, normal or uniform");
    return PM_OK;
}

pm_status pm_experiment_set_receptors(pm_experiment *e, const pm_receptor *receptors, size_t n, pm_error *error) {
    pm_receptor *copy = NULL;
    if (e->n_layers > 0)
        return pm_fail(error, PM_INVALID, "receptors come before the layers");
    pm_status status = pm_receptors_copy("the experiment", receptors, n, &copy, error);
    for (size_t k = 0; !status && k < n; k++)
        if (copy[k].kernel->impulse)
            status = pm_fail_key(error, copy[k].name, "receptor '%s' is impulse; training wants synaptic currents",
                                 copy[k].name);
    if (status) {
        pm_receptors_free(copy, copy ? n : 0);
        return status;
    }
    pm_receptors_free(e->receptors, e->n_receptors);
    e->receptors = copy;
    e->n_receptors = n;
    return PM_OK;
}

/* How many sources reach a layer over receptor k. */
static uint64_t sources_over(const pm_experiment *e, const pm_training_layer *layer, size_t k) {
    return layer->sources ? layer->sources[k] : e->layers[e->n_layers - 1].size;
}

/* Whether receptors, sources and parts of a layer behind the input fit together. */
static pm_status check_sources(const pm_experiment *e, const pm_training_layer *layer, pm_error *error) {
    const pm_training_layer *from = &e->layers[e->n_layers - 1];
    uint64_t sum = 0;
    if (layer->sources && e->n_receptors == 0)
        return pm_fail(error, PM_INVALID, "layer '%s' divides its sources among receptors, of which there are none",
                       layer->name);
    if (!layer->sources && e->n_receptors > 1)
        return pm_fail(error, PM_INVALID, "there are %zu receptors; layer '%s' has to say which its sources reach",
                       e->n_receptors, layer->name);
    for (size_t k = 0; layer->sources && k < e->n_receptors; k++)
        sum += layer->sources[k];
    if (layer->sources && sum != from->size)
        return pm_fail(error, PM_INVALID,
                       "layer '%s' has receptors for %llu sources; they must be as many as '%s' has neurons, %u",
                       layer->name, (unsigned long long)sum, from->name, from->size);
    for (size_t p = 0; p < layer->n_parts; p++)
        if (layer->parts[p].receptor > e->n_receptors)
            return pm_fail(error, PM_INVALID, "weights over receptor %u of layer '%s'; there are %zu",
                           layer->parts[p].receptor - 1, layer->name, e->n_receptors);
    for (size_t k = 0; layer->n_parts > 0 && k < e->n_receptors; k++) {
        bool any = sources_over(e, layer, k) == 0;
        for (size_t p = 0; p < layer->n_parts; p++)
            any = any || layer->parts[p].receptor == 0 || layer->parts[p].receptor == k + 1;
        if (!any)
            return pm_fail(error, PM_INVALID, "layer '%s' has no weight for what comes over receptor '%s'", layer->name,
                           e->receptors[k].name);
    }
    return PM_OK;
}

static pm_status check_layer(const pm_experiment *e, const pm_training_layer *layer, pm_error *error) {
    const char *name = layer->name && layer->name[0] ? layer->name : NULL;
    if (!name)
        return pm_fail(error, PM_INVALID, "a layer needs a name");
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    if (strlen(name) > 100 || name[strspn(name, letters)] || strchr("0123456789-.", name[0]))
        return pm_fail(error, PM_INVALID,
                       "the layer name '%.30s' may hold up to 100 letters, digits, '_', '-' and '.', and begins with a "
                       "letter or '_'",
                       name);
    for (size_t l = 0; l < e->n_layers; l++)
        if (strcmp(e->layers[l].name, name) == 0)
            return pm_fail(error, PM_INVALID, "there are two layers named '%s'", name);
    if (layer->size == 0)
        return pm_fail(error, PM_INVALID, "layer '%s' has size 0; it must be at least 1", name);
    if (e->n_layers == 0)
        return PM_OK;
    if (layer->plastic && !(layer->rate > 0.0 && isfinite(layer->rate)))
        return pm_fail(error, PM_INVALID, "the learning rate of layer '%s' is %g; it must be positive", name,
                       layer->rate);
    if (!(layer->lowest < layer->highest))
        return pm_fail(error, PM_INVALID,
                       "the weights of layer '%s' are bounded by [%g, %g] pA; the first must be below the "
                       "second",
                       name, layer->lowest, layer->highest);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < layer->n_parts; k++)
        status = check_part(&layer->parts[k], error);
    return status ? status : check_sources(e, layer, error);
}

pm_status pm_experiment_add_layer(pm_experiment *e, const pm_training_layer *layer, pm_error *error) {
    pm_training_layer copy;
    pm_status status = pm_sized_copy(&copy, sizeof copy, layer, layer->bytes,
                                     offsetof(pm_training_layer, bytes) + sizeof copy.bytes, "a layer", error);
    if (!status)
        status = check_layer(e, &copy, error);
    if (status)
        return status;
    copy.name = strdup(layer->name);
    copy.parts = calloc(layer->n_parts + 1, sizeof *copy.parts);
    const uint32_t *sources = e->n_layers > 0 ? copy.sources : NULL;
    copy.sources = sources ? calloc(e->n_receptors, sizeof *copy.sources) : NULL;
    size_t capacity = e->n_layers;
    bool grown = pm_list_reserve((void **)&e->layers, &capacity, e->n_layers + 1, sizeof *e->layers);
    if (!copy.name || !copy.parts || (sources && !copy.sources) || !grown) {
        free(copy.name);
        free(copy.sources);
        free(copy.parts);
        return pm_fail_memory(error, "a layer");
    }
    if (layer->n_parts > 0)
        memcpy(copy.parts, layer->parts, layer->n_parts * sizeof *copy.parts);
    if (sources)
        memcpy(copy.sources, sources, e->n_receptors * sizeof *copy.sources);
    e->layers[e->n_layers++] = copy;
    return PM_OK;
}

/* A sorted copy of events of a layer. */
static pm_status copy_events(const pm_training_layer *layer, const pm_event *events, size_t n, pm_event **copy,
                             pm_error *error) {
    for (size_t k = 0; k < n; k++) {
        if (events[k].neuron >= layer->size)
            return pm_fail(error, PM_INVALID, "a spike of neuron %u; layer '%s' has %u neurons, numbered from 0",
                           events[k].neuron, layer->name, layer->size);
        if (!isfinite(events[k].time) || events[k].time < 0.0)
            return pm_fail(error, PM_INVALID, "a spike at %g ms; times must be finite and not negative",
                           events[k].time);
    }
    return pm_events_copy(events, n, copy, error);
}

pm_status pm_experiment_add_pattern(pm_experiment *e, const pm_event *input, size_t n_input, const pm_event *target,
                                    size_t n_target, pm_error *error) {
    if (e->n_layers < 2)
        return pm_fail(error, PM_INVALID, "patterns come after the layers");
    pm_pattern pattern = {.n_input = n_input, .n_target = n_target};
    pm_problem *problem = &e->problem;
    size_t capacity = problem->n_patterns;
    if (!pm_list_reserve((void **)&problem->patterns, &capacity, problem->n_patterns + 1, sizeof pattern))
        return pm_fail_memory(error, "a pattern");
    pm_status status = copy_events(&e->layers[0], input, n_input, &pattern.input, error);
    if (!status)
        status = copy_events(&e->layers[e->n_layers - 1], target, n_target, &pattern.target, error);
    if (status) {
        free(pattern.input);
        return status;
    }
    problem->patterns[problem->n_patterns++] = pattern;
    return PM_OK;
}

pm_status pm_experiment_set_rule(pm_experiment *e, const char *name, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_status status = pm_kind_choose(pm_rules, "learning rule", name, &kind, error);
    if (status)
        return status;
    _Static_assert(sizeof e->rule_parameters >= PM_RULE_PARAMETERS_SIZE, "room for the parameters of any rule");
    e->rule = pm_rule_of(kind);
    pm_kind_preset(kind, e->rule_parameters);
    return PM_OK;
}

pm_status pm_experiment_set_parameter(pm_experiment *e, const char *name, double value, pm_error *error) {
    return pm_kind_set(&e->rule->head, e->rule_parameters, name, value, error);
}

size_t pm_experiment_weights(const pm_experiment *e) {
    size_t n = 0;
    for (size_t l = 1; l < e->n_layers; l++)
        n += (size_t)e->layers[l - 1].size * e->layers[l].size;
    return n;
}

double pm_experiment_bytes(const pm_experiment *e) {
    enum { KEPT = 4, RULE = 3 }; /* numbers of a weight: itself, its change, velocity and best; those of a rule */
    double weights = 0.0;
    for (size_t l = 1; l < e->n_layers; l++)
        weights += (double)e->layers[l - 1].size * e->layers[l].size;
    return weights * ((KEPT + RULE) * sizeof(double) + 1);
}

pm_status pm_weights_check(const pm_experiment *e, const double *weights, size_t n, pm_error *error) {
    size_t wanted = pm_experiment_weights(e);
    if (n != wanted)
        return pm_fail(error, PM_INVALID, "%zu weights; the layers have %zu", n, wanted);
    for (size_t l = 1; l < e->n_layers; l++) {
        const pm_training_layer *layer = &e->layers[l];
        for (size_t k = (size_t)e->layers[l - 1].size * layer->size; k > 0; k--, weights++)
            if (!pm_weight_fits(*weights))
                return pm_fail(error, PM_INVALID,
                               "a weight of layer '%s' is %g pA; at most %g in magnitude is possible", layer->name,
                               *weights, PM_LARGEST_WEIGHT);
            else if (*weights < layer->lowest || *weights > layer->highest)
                return pm_fail(error, PM_INVALID, "a weight of layer '%s' is %g pA; its bounds are [%g, %g] pA",
                               layer->name, *weights, layer->lowest, layer->highest);
    }
    return PM_OK;
}

pm_status pm_experiment_set_weights(pm_experiment *e, const double *weights, size_t n, pm_error *error) {
    pm_status status = pm_weights_check(e, weights, n, error);
    if (status)
        return status;
    double *copy = malloc((n + 1) * sizeof *copy);
    if (!copy)
        return pm_fail_memory(error, "weights");
    if (n > 0)
        memcpy(copy, weights, n * sizeof *copy);
    free(e->weights);
    e->weights = copy;
    return PM_OK;
}
