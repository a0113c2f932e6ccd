/* From an experiment file to an experiment; the same manners as for network files. */
#include "io/experiment_yaml.h"

#include "io/spikes.h"
#include "io/values.h"
#include "layer/layer_receptors.h"
#include "net/population.h"
#include "rule/rule.h"
#include "train/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number that may be absent. */
static pm_status optional_number(const pm_node *map, const char *key, const char *what, double *value,
                                 pm_error *error) {
    pm_node node = pm_map_find(map, key);
    return pm_node_exists(&node) ? pm_node_number(&node, what, value, error) : PM_OK;
}

static pm_status optional_count(const pm_node *map, const char *key, const char *what, uint32_t *value,
                                pm_error *error) {
    pm_node node = pm_map_find(map, key);
    uint64_t count = *value;
    pm_status status = pm_node_exists(&node) ? pm_node_count(&node, what, 1, UINT32_MAX, &count, error) : PM_OK;
    *value = (uint32_t)count;
    return status;
}

static pm_status optional_flag(const pm_node *map, const char *key, const char *what, bool *value, pm_error *error) {
    pm_node node = pm_map_find(map, key);
    return pm_node_exists(&node) ? pm_node_flag(&node, what, value, error) : PM_OK;
}

/* {share: S, uniform: [low, high]}, {share: S, normal: [mean, std]} or {share: S, value: W}. */
static pm_status read_part(const pm_experiment *e, const pm_node *map, pm_weight_part *part, pm_error *error) {
    static const char *const keys[] = {"share", "uniform", "normal", "value", "receptor", NULL};
    pm_status status = pm_map_check(map, keys, error);
    pm_node receptor = pm_map_find(map, "receptor");
    if (!status && pm_node_exists(&receptor)) {
        status = pm_read_receptor(&receptor, e->receptors, e->n_receptors, &part->receptor, error);
        part->receptor++;
    }
    if (status)
        return status;
    pm_node uniform = pm_map_find(map, "uniform"), normal = pm_map_find(map, "normal"),
            value = pm_map_find(map, "value");
    part->share = 1.0;
    status = optional_number(map, "share", "a share", &part->share, error);
    if (status)
        return status;
    if (pm_node_exists(&uniform) + pm_node_exists(&normal) + pm_node_exists(&value) != 1)
        return pm_node_fail(map, error, "give one of uniform, normal and value");
    if (pm_node_exists(&value))
        return pm_node_number(&value, "a weight in pA", &part->draw.a, error);
    part->draw.kind = pm_node_exists(&uniform) ? PM_UNIFORM : PM_NORMAL;
    return part->draw.kind == PM_UNIFORM ? pm_read_spread(&uniform, "[low, high] in pA", 2, &part->draw, error)
                                         : pm_read_spread(&normal, "[mean, std] in pA", 2, &part->draw, error);
}

/* A number, or one part, or a list of parts. */
static pm_status read_parts(const pm_experiment *e, const pm_node *node, pm_weight_part **parts, size_t *count,
                            pm_error *error) {
    bool list = pm_node_is_list(node);
    size_t n = list ? pm_list_length(node) : 1;
    *parts = calloc(n + 1, sizeof **parts);
    *count = n;
    if (!*parts)
        return pm_fail_memory(error, "weights");
    if (!list && !pm_node_is_map(node)) {
        (*parts)[0].share = 1.0;
        return pm_node_number(node, "a weight in pA, {uniform: [low, high]}, {normal: [mean, std]}, or a list of parts",
                              &(*parts)[0].draw.a, error);
    }
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        pm_node item = list ? pm_list_item(node, k) : *node;
        status = read_part(e, &item, &(*parts)[k], error);
    }
    return status;
}

static pm_status read_bounds(const pm_node *map, pm_training_layer *layer, pm_error *error) {
    pm_node bounds = pm_map_find(map, "bounds");
    pm_distribution d = {0};
    if (!pm_node_exists(&bounds))
        return PM_OK;
    pm_status status = pm_read_spread(&bounds, "[lowest, highest] in pA", 2, &d, error);
    layer->lowest = d.a;
    layer->highest = d.b;
    return status;
}

static pm_status read_layer(pm_experiment *e, const pm_node *map, pm_error *error) {
    static const char *const input_keys[] = {"name", "size", NULL};
    static const char *const keys[] = {"name",   "size",      "weight",   "plastic", "rate",
                                       "bounds", "keep_sign", "receptor", NULL};
    pm_training_layer layer = {.plastic = true, .rate = 1.0, .lowest = -INFINITY, .highest = INFINITY};
    uint32_t sources[PM_MOST_RECEPTORS];
    pm_node name_node, size_node, weight = pm_map_find(map, "weight");
    const char *name = NULL;
    uint64_t size = 0;
    pm_status status = pm_map_check(map, e->n_layers == 0 ? input_keys : keys, error);
    if (!status)
        status = pm_map_get(map, "name", &name_node, error);
    if (!status)
        status = pm_node_text(&name_node, "the name of a layer", &name, error);
    if (!status)
        status = pm_map_get(map, "size", &size_node, error);
    if (!status)
        status = pm_node_count(&size_node, "a number of neurons", 1, 1000000, &size, error);
    if (!status)
        status = optional_flag(map, "plastic", "whether the layer is trained", &layer.plastic, error);
    if (!status)
        status = optional_number(map, "rate", "a learning rate, a number above 0", &layer.rate, error);
    if (!status)
        status = optional_flag(map, "keep_sign", "whether weights keep their sign", &layer.keep_sign, error);
    if (!status)
        status = read_bounds(map, &layer, error);
    if (!status && e->n_layers > 0)
        status = pm_read_sources(map, e->receptors, e->n_receptors, sources, error);
    for (size_t k = 0; !status && e->n_layers > 0 && k < e->n_receptors; k++)
        if (sources[k] == PM_ALL_SOURCES)
            sources[k] = e->layers[e->n_layers - 1].size;
    if (!status && pm_node_exists(&weight))
        status = read_parts(e, &weight, &layer.parts, &layer.n_parts, error);
    char copy[128] = "";
    if (!status)
        snprintf(copy, sizeof copy, "%s", name);
    layer.name = copy;
    layer.size = (uint32_t)size;
    layer.sources = e->n_receptors > 0 ? sources : NULL;
    if (!status)
        status = pm_node_blame(map, pm_experiment_add_layer(e, &layer, error), error);
    free(layer.parts);
    return status;
}

static pm_status read_events(const pm_node *map, const char *key, const pm_training_layer *layer, pm_event **events,
                             size_t *n, pm_error *error) {
    pm_node node;
    const char *relative = NULL;
    pm_status status = pm_map_get(map, key, &node, error);
    if (!status)
        status = pm_node_text(&node, "the name of a spike file", &relative, error);
    if (status)
        return status;
    char *path = pm_tree_path(map->tree, relative);
    status = path ? pm_events_read(path, layer->name, layer->size, events, n, error) : pm_fail_memory(error, "a path");
    free(path);
    return status;
}

static pm_status read_pattern(pm_experiment *e, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"input", "target", NULL};
    pm_event *input = NULL, *target = NULL;
    size_t n_input = 0, n_target = 0;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = read_events(map, "input", &e->layers[0], &input, &n_input, error);
    if (!status)
        status = read_events(map, "target", &e->layers[e->n_layers - 1], &target, &n_target, error);
    if (!status)
        status = pm_node_blame(map, pm_experiment_add_pattern(e, input, n_input, target, n_target, error), error);
    free(input);
    free(target);
    return status;
}

static pm_status read_poisson(pm_problem *p, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"input_rate", "target_rate", "target_from", "target_gap", NULL};
    *p = (pm_problem){.kind = PM_PROBLEM_POISSON, .input_rate = 20.0, .target_rate = 10.0, .target_from = 20.0};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = optional_number(map, "input_rate", "a rate in spikes/s", &p->input_rate, error);
    if (!status)
        status = optional_number(map, "target_rate", "a rate in spikes/s", &p->target_rate, error);
    if (!status)
        status = optional_number(map, "target_from", "a time in ms", &p->target_from, error);
    if (!status)
        status = optional_number(map, "target_gap", "an interval in ms", &p->target_gap, error);
    return status;
}

static pm_status read_xor(pm_problem *p, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"interval", "bit_at", "target_0", "target_1", NULL};
    *p = (pm_problem){.kind = PM_PROBLEM_XOR, .interval = 1.0, .bit_at = 6.0, .target_0 = 16.0, .target_1 = 10.0};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = optional_number(map, "interval", "an interval in ms", &p->interval, error);
    if (!status)
        status = optional_number(map, "bit_at", "a time in ms", &p->bit_at, error);
    if (!status)
        status = optional_number(map, "target_0", "a time in ms", &p->target_0, error);
    if (!status)
        status = optional_number(map, "target_1", "a time in ms", &p->target_1, error);
    return status;
}

static pm_status read_problem(pm_experiment *e, const pm_node *node, pm_error *error) {
    static const char *const keys[] = {"poisson", "xor", "patterns", NULL};
    pm_status status = pm_map_check(node, keys, error);
    if (status)
        return status;
    pm_node poisson = pm_map_find(node, "poisson"), xor_node = pm_map_find(node, "xor");
    pm_node patterns = pm_map_find(node, "patterns");
    if (pm_node_exists(&poisson) + pm_node_exists(&xor_node) + pm_node_exists(&patterns) != 1)
        return pm_node_fail(node, error, "give one of poisson, xor and patterns");
    if (pm_node_exists(&poisson))
        return read_poisson(&e->problem, &poisson, error);
    if (pm_node_exists(&xor_node))
        return read_xor(&e->problem, &xor_node, error);
    status = pm_list_check(&patterns, 1, UINT32_MAX, "of {input: FILE, target: FILE}, at least one", error);
    for (size_t k = 0; !status && k < pm_list_length(&patterns); k++) {
        pm_node item = pm_list_item(&patterns, k);
        status = read_pattern(e, &item, error);
    }
    return status;
}

static pm_status read_goal(pm_experiment *e, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"correlation", "tau", "within", NULL};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = optional_number(map, "correlation", "a correlation from 0 to 1", &e->goal.correlation, error);
    if (!status)
        status = optional_number(map, "tau", "a time constant in ms", &e->goal.tau, error);
    if (!status)
        status = optional_number(map, "within", "a distance in ms", &e->goal.within, error);
    const pm_node correlation = pm_map_find(map, "correlation"), within = pm_map_find(map, "within");
    const pm_node *given = pm_node_exists(&within) ? &within : &correlation;
    if (!status && e->goal.correlation == 0.0 && e->goal.within == 0.0 && pm_node_exists(given))
        status = pm_node_fail(given, error, "0 is no goal; it must be positive");
    return status;
}

static pm_status read_rule(pm_experiment *e, const pm_node *node, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_status status = pm_read_choice(node, pm_rules, "learning rule", NULL, &kind, e->rule_parameters, error);
    e->rule = status ? e->rule : pm_rule_of(kind);
    return status;
}

static pm_status read_schedule(pm_experiment *e, const pm_node *root, pm_error *error) {
    static const char *const keys[] = {"decay", "power", NULL};
    pm_node schedule = pm_map_find(root, "schedule"), order = pm_map_find(root, "order");
    pm_status status = PM_OK;
    if (pm_node_exists(&schedule)) {
        status = pm_map_check(&schedule, keys, error);
        if (!status)
            status = optional_number(&schedule, "decay", "a number of iterations", &e->decay, error);
        if (!status)
            status = optional_number(&schedule, "power", "a number", &e->power, error);
    }
    if (!status)
        status = optional_number(root, "momentum", "a share from 0 to 1", &e->momentum, error);
    if (!status && pm_node_exists(&order)) {
        const char *word = NULL;
        status = pm_node_text(&order, "online or batch", &word, error);
        if (!status && strcmp(word, "online") != 0 && strcmp(word, "batch") != 0)
            status = pm_node_fail(&order, error, "'%.60s' is neither online nor batch", word);
        e->online = !status && strcmp(word, "online") == 0;
    }
    return status;
}

static pm_status read_polish(pm_experiment *e, const pm_node *root, pm_error *error) {
    static const char *const keys[] = {"within", "iterations", NULL};
    pm_node polish = pm_map_find(root, "polish"), within;
    if (!pm_node_exists(&polish))
        return PM_OK;
    e->polish_iterations = 50;
    pm_status status = pm_map_check(&polish, keys, error);
    if (!status)
        status = pm_map_get(&polish, "within", &within, error);
    if (!status)
        status = pm_node_number(&within, "a distance in ms", &e->polish_within, error);
    return status ? status
                  : optional_count(&polish, "iterations", "a number of iterations", &e->polish_iterations, error);
}

static pm_status read_head(pm_experiment *e, const pm_node *root, pm_error *error) {
    pm_node duration, seed = pm_map_find(root, "seed"), neuron = pm_map_find(root, "neuron");
    pm_status status = pm_map_get(root, "duration", &duration, error);
    if (!status)
        status = pm_node_number(&duration, "a duration in ms", &e->duration, error);
    if (!status && pm_node_exists(&seed))
        status = pm_node_count(&seed, "a seed", 0, INT64_MAX, &e->seed, error);
    if (!status)
        status = optional_count(root, "trials", "a number of trials", &e->trials, error);
    if (!status)
        status = optional_count(root, "iterations", "a number of iterations", &e->iterations, error);
    if (!status)
        status = optional_count(root, "restart", "a number of iterations", &e->restart, error);
    if (!status && pm_node_exists(&neuron)) {
        status = pm_read_neuron(&neuron, &e->neuron, error);
        if (!status)
            status = pm_check_neuron(&neuron, root, &e->neuron, error);
    }
    return status;
}

static pm_status read_receptors(pm_experiment *e, const pm_node *root, pm_error *error) {
    pm_node map = pm_map_find(root, "receptors");
    pm_receptor receptors[PM_MOST_RECEPTORS];
    size_t n = 0;
    if (!pm_node_exists(&map))
        return PM_OK;
    pm_status status = pm_read_receptors(&map, receptors, &n, error);
    return status ? status : pm_node_blame(&map, pm_experiment_set_receptors(e, receptors, n, error), error);
}

/* What fits together only as a whole; blamed on the part of the document that is at fault. */
static pm_status check_whole(const pm_experiment *e, const pm_node *root, pm_error *error) {
    const char *key = NULL;
    size_t pattern = 0;
    pm_status status = pm_experiment_fault(e, &key, &pattern, error);
    pm_node node = status ? pm_map_find(root, key) : *root;
    if (status && strcmp(key, "problem") == 0 && pattern < e->problem.n_patterns) {
        pm_node patterns = pm_map_find(&node, "patterns");
        node = pm_list_item(&patterns, pattern);
    }
    return pm_node_blame(pm_node_exists(&node) ? &node : root, status, error);
}

static pm_status read_experiment(pm_experiment *e, const pm_node *root, pm_error *error) {
    static const char *const keys[] = {"duration", "seed",    "trials",    "iterations", "restart", "neuron",
                                       "layers",   "problem", "goal",      "rule",       "order",   "schedule",
                                       "momentum", "polish",  "receptors", NULL};
    pm_node layers, problem, goal, rule = pm_map_find(root, "rule");
    pm_status status = pm_map_check(root, keys, error);
    if (!status)
        status = read_head(e, root, error);
    if (!status)
        status = read_receptors(e, root, error);
    if (!status)
        status = pm_map_get(root, "layers", &layers, error);
    if (!status)
        status = pm_list_check(&layers, 2, PM_MOST_LAYERS + 1,
                               "of 2 to 9 layers {name: NAME, size: N, ...}, the input first", error);
    for (size_t k = 0; !status && k < pm_list_length(&layers); k++) {
        pm_node item = pm_list_item(&layers, k);
        status = read_layer(e, &item, error);
    }
    if (!status)
        status = pm_map_get(root, "problem", &problem, error);
    if (!status)
        status = read_problem(e, &problem, error);
    if (!status)
        status = pm_map_get(root, "goal", &goal, error);
    if (!status)
        status = read_goal(e, &goal, error);
    if (!status && pm_node_exists(&rule))
        status = read_rule(e, &rule, error);
    if (!status)
        status = read_schedule(e, root, error);
    if (!status)
        status = read_polish(e, root, error);
    return status ? status : check_whole(e, root, error);
}

pm_status pm_experiment_load(const char *path, pm_experiment **experiment, pm_error *error) {
    *experiment = NULL;
    pm_tree *tree = NULL;
    pm_status status = pm_tree_load(path, &tree, error);
    if (!status)
        status = pm_experiment_read(tree, experiment, error);
    pm_tree_free(tree);
    return status;
}

pm_status pm_experiment_read(const pm_tree *tree, pm_experiment **experiment, pm_error *error) {
    *experiment = NULL;
    pm_experiment *loaded = pm_experiment_new();
    pm_node root = pm_tree_root(tree);
    pm_status status = loaded ? read_experiment(loaded, &root, error) : pm_fail_memory(error, "the experiment");
    if (status) {
        pm_experiment_free(loaded);
        return status;
    }
    *experiment = loaded;
    return PM_OK;
}
