/* A point of a search is the experiment's document with some of its values replaced: everything that an experiment file
 * can say can be varied, and the checks of experiment files apply. */
#define _GNU_SOURCE
#include "io/search_yaml.h"

#include "base/random.h"
#include "io/experiment_yaml.h"
#include "io/tree_edit.h"
#include "math/elementary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 100000, MOST_TRIALS = 1000000, MOST_CHECKED = 256 };

static pm_status read_choices(const pm_node *list, pm_vary *vary, pm_error *error) {
    pm_status status = pm_list_check(list, 1, 1000, "of values", error);
    const size_t n = status ? 0 : pm_list_length(list);
    vary->choices = calloc(n + 1, sizeof *vary->choices);
    if (!status && !vary->choices)
        return pm_fail_memory(error, "a search");
    for (size_t k = 0; !status && k < n; k++) {
        pm_node item = pm_list_item(list, k);
        const char *text = NULL;
        status = pm_node_text(&item, "a value", &text, error);
        if (!status && !(vary->choices[vary->n_choices++] = strdup(text)))
            status = pm_fail_memory(error, "a search");
    }
    return status;
}

static pm_status read_range(const pm_node *list, pm_vary *vary, pm_error *error) {
    pm_status status = pm_list_check(list, 2, 2, "[lowest, highest]", error);
    double *const ends[] = {&vary->low, &vary->high};
    for (size_t k = 0; !status && k < 2; k++) {
        pm_node item = pm_list_item(list, k);
        status = pm_node_number(&item, "a number", ends[k], error);
    }
    if (!status && !(vary->low < vary->high))
        status = pm_node_fail(list, error, "the lowest value must be below the highest");
    if (!status && vary->kind == PM_VARY_LOG_UNIFORM && !(vary->low > 0.0))
        status = pm_node_fail(list, error, "values whose logarithm is drawn must be positive");
    return status;
}

static pm_status read_vary(const pm_node *map, const pm_node *key, pm_vary *vary, pm_error *error) {
    static const char *const kinds[] = {"choice", "uniform", "log_uniform", NULL};
    const char *path = NULL;
    pm_status status = pm_node_text(key, "a path such as rule.normad.tau_hat", &path, error);
    if (!status)
        status = pm_map_check(map, kinds, error);
    size_t found = 0;
    pm_node how = {.id = 0};
    for (size_t k = 0; !status && kinds[k]; k++) {
        pm_node node = pm_map_find(map, kinds[k]);
        if (!pm_node_exists(&node))
            continue;
        found++;
        how = node;
        vary->kind = (pm_vary_kind)k;
    }
    if (!status && found != 1)
        status = pm_node_fail(map, error,
                              "must be one of {choice: [...]}, {uniform: [low, high]}, {log_uniform: [low, high]}");
    if (!status && !(vary->path = strdup(path)))
        status = pm_fail_memory(error, "a search");
    if (status)
        return status;
    return vary->kind == PM_VARY_CHOICE ? read_choices(&how, vary, error) : read_range(&how, vary, error);
}

static pm_status optional(const pm_node *root, const char *key, const char *what, uint64_t most, uint32_t *value,
                          pm_error *error) {
    pm_node node = pm_map_find(root, key);
    uint64_t number = *value;
    pm_status status = pm_node_exists(&node) ? pm_node_count(&node, what, 1, most, &number, error) : PM_OK;
    *value = (uint32_t)number;
    return status;
}

/* Without samples: all combinations. */
static pm_status count_points(pm_search *s, const pm_node *vary, pm_error *error) {
    uint64_t points = 1;
    s->all = s->samples == 0;
    for (size_t v = 0; s->all && v < s->n_vary; v++) {
        if (s->vary[v].kind != PM_VARY_CHOICE)
            return pm_node_fail(vary, error, "%s is drawn from a range: say with 'samples: N' how many points to try",
                                s->vary[v].path);
        points *= s->vary[v].n_choices;
        if (points > MOST_POINTS)
            return pm_node_fail(vary, error, "more than %d combinations; 'samples: N' tries some of them", MOST_POINTS);
    }
    if (s->all)
        s->samples = (uint32_t)points;
    return PM_OK;
}

static pm_status read_search(pm_search *s, const pm_tree *tree, pm_error *error) {
    static const char *const keys[] = {"experiment", "seed", "samples", "trials", "iterations", "rounds", "vary", NULL};
    pm_node root = pm_tree_root(tree), file, seed, vary;
    const char *name = NULL;
    pm_status status = pm_map_check(&root, keys, error);
    if (!status)
        status = pm_map_get(&root, "experiment", &file, error);
    if (!status)
        status = pm_node_text(&file, "the path of an experiment file", &name, error);
    if (!status && !(s->experiment = pm_tree_path(tree, name)))
        status = pm_fail_memory(error, "a path");
    if (!status)
        status = pm_map_get(&root, "seed", &seed, error);
    if (!status)
        status = pm_node_count(&seed, "a seed", 0, UINT64_C(1) << 53, &s->seed, error);
    if (!status)
        status = optional(&root, "samples", "a number of points", MOST_POINTS, &s->samples, error);
    if (!status)
        status = optional(&root, "trials", "a number of trials", 1000000, &s->trials, error);
    if (!status)
        status = optional(&root, "iterations", "a number of iterations", UINT32_MAX, &s->iterations, error);
    if (!status)
        status = optional(&root, "rounds", "a number of rounds", 16, &s->rounds, error);
    if (!status)
        status = pm_map_get(&root, "vary", &vary, error);
    if (!status && !pm_node_is_map(&vary))
        status =
            pm_node_fail(&vary, error, "must be a map from paths to ranges: rule.normad.tau_hat: {uniform: [1, 5]}");
    const size_t n = status ? 0 : pm_map_length(&vary);
    if (!status && n == 0)
        status = pm_node_fail(&vary, error, "nothing is varied");
    s->vary = calloc(n + 1, sizeof *s->vary);
    if (!status && !s->vary)
        status = pm_fail_memory(error, "a search");
    for (size_t k = 0; !status && k < n; k++) {
        pm_node key = pm_map_key(&vary, k), value = pm_map_value(&vary, k);
        status = read_vary(&value, &key, &s->vary[s->n_vary++], error);
        for (size_t j = 0; !status && j < k; j++)
            if (strcmp(s->vary[j].path, s->vary[k].path) == 0)
                status = pm_node_fail(&value, error, "this path stands here twice");
    }
    return status ? status : count_points(s, &vary, error);
}

/* What the experiment itself says must make sense, and its problems are not those of the search. */
static pm_status check_experiment(pm_search *s, const pm_tree *tree, pm_error *error) {
    pm_experiment *experiment = NULL;
    pm_node root = pm_tree_root(tree), file = pm_map_find(&root, "experiment");
    pm_tree *own = NULL;
    pm_status status = pm_tree_text(s->experiment, &s->text, &s->size, error);
    if (!status)
        status = pm_tree_parse(s->experiment, s->text, s->size, &own, error);
    if (!status)
        status = pm_experiment_read(own, &experiment, error);
    pm_tree_free(own);
    if (status)
        return pm_node_blame(&file, status, error);
    pm_node seed = pm_map_find(&root, "seed"), rounds = pm_map_find(&root, "rounds");
    if (experiment->seed == s->seed)
        status = pm_node_fail(&seed, error,
                              "this is the seed of the experiment; what is found on its own problems says nothing");
    s->trials = s->trials ? s->trials : experiment->trials;
    s->iterations = s->iterations ? s->iterations : experiment->iterations;
    if (!status && (uint64_t)s->trials << (s->rounds - 1) > MOST_TRIALS)
        status = pm_node_fail(pm_node_exists(&rounds) ? &rounds : &root, error,
                              "the trials double in each round; there would be more than %d of a point", MOST_TRIALS);
    pm_experiment_free(experiment);
    for (uint32_t k = 0; !status && k < s->samples && k < MOST_CHECKED; k++) {
        status = pm_search_experiment(s, k, &experiment, error);
        if (status) {
            pm_node vary = pm_map_find(&root, "vary");
            return pm_node_blame(&vary, status, error);
        }
        pm_experiment_free(experiment);
    }
    return status;
}

pm_status pm_search_load(const char *path, pm_search **loaded, pm_error *error) {
    *loaded = NULL;
    pm_tree *tree = NULL;
    pm_search *search = calloc(1, sizeof *search);
    char *file = search ? strdup(path) : NULL;
    pm_status status = file ? pm_tree_load(path, &tree, error) : pm_fail_memory(error, "a search");
    if (search)
        *search = (pm_search){.file = file, .rounds = 1};
    if (!status)
        status = read_search(search, tree, error);
    if (!status)
        status = check_experiment(search, tree, error);
    pm_tree_free(tree);
    if (status)
        pm_search_free(search);
    else
        *loaded = search;
    return status;
}

void pm_search_free(pm_search *search) {
    if (!search)
        return;
    for (size_t v = 0; v < search->n_vary; v++) {
        for (size_t k = 0; k < search->vary[v].n_choices; k++)
            free(search->vary[v].choices[k]);
        free(search->vary[v].choices);
        free(search->vary[v].path);
    }
    free(search->vary);
    free(search->experiment);
    free(search->text);
    free(search->file);
    free(search);
}

void pm_search_value(const pm_search *search, uint32_t point, size_t v, char *text, size_t size) {
    const pm_vary *vary = &search->vary[v];
    if (v >= search->n_vary) {
        snprintf(text, size, "%s", "");
        return;
    }
    if (search->all) {
        for (size_t k = 0; k < v; k++)
            point /= (uint32_t)search->vary[k].n_choices;
        snprintf(text, size, "%s", vary->choices[point % vary->n_choices]);
        return;
    }
    const char *const words[] = {"search", vary->path};
    uint32_t bits[4];
    pm_philox_block(pm_stream_key(search->seed, words, 2), point, 0, bits);
    double share = (double)((uint64_t)bits[0] << 20 | bits[1] >> 12) * 0x1p-52;
    if (vary->kind == PM_VARY_CHOICE)
        snprintf(text, size, "%s", vary->choices[(size_t)(share * (double)vary->n_choices)]);
    else if (vary->kind == PM_VARY_UNIFORM)
        snprintf(text, size, "%.4g", vary->low + share * (vary->high - vary->low));
    else
        snprintf(text, size, "%.4g", vary->low * pm_pow(vary->high / vary->low, share));
}

/* The experiment's document at a point. */
static pm_status tree_at(const pm_search *search, uint32_t point, pm_tree **tree, pm_error *error) {
    pm_status status = pm_tree_parse(search->experiment, search->text, search->size, tree, error);
    for (size_t v = 0; !status && v < search->n_vary; v++) {
        char text[PM_SEARCH_VALUE_SIZE];
        pm_search_value(search, point, v, text, sizeof text);
        status = pm_tree_set(*tree, search->vary[v].path, text, error);
    }
    return status;
}

pm_status pm_search_experiment(const pm_search *search, uint32_t point, pm_experiment **experiment, pm_error *error) {
    pm_tree *tree = NULL;
    *experiment = NULL;
    pm_status status = tree_at(search, point, &tree, error);
    if (!status)
        status = pm_experiment_read(tree, experiment, error);
    pm_tree_free(tree);
    if (status)
        return status;
    (*experiment)->seed = search->seed;
    (*experiment)->trials = search->trials;
    (*experiment)->iterations = search->iterations;
    return PM_OK;
}

pm_status pm_search_write(const pm_search *search, uint32_t point, pm_output *output, pm_error *error) {
    pm_tree *tree = NULL;
    pm_status status = tree_at(search, point, &tree, error);
    if (!status)
        status = pm_tree_write(tree, output, error);
    pm_tree_free(tree);
    return status;
}
