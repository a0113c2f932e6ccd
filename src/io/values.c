/* Values that network and experiment files have in common. */
#include "io/values.h"

#include "net/distribution.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static pm_status read_neuron(const pm_node *map, bool skip_maps, pm_neuron *neuron, pm_error *error) {
    const char *keys[PM_NEURON_PARAMETERS + 1] = {NULL};
    for (size_t k = 0; k < PM_NEURON_PARAMETERS; k++)
        keys[k] = pm_neuron_parameters[k].name;
    pm_status status = pm_map_check(map, keys, error);
    for (size_t k = 0; !status && k < PM_NEURON_PARAMETERS; k++) {
        pm_node value = pm_map_find(map, keys[k]);
        if (skip_maps && pm_node_is_map(&value)) {
            pm_distribution d = {.a = NAN};
            pm_node file;
            status = pm_read_distribution(&value, "a finite number", &d, &file, error);
            if (!status && !isnan(d.a))
                *pm_parameter_of(neuron, &pm_neuron_parameters[k]) = pm_distribution_typical(&d);
        } else if (pm_node_exists(&value)) {
            char what[40];
            snprintf(what, sizeof what, "a finite number in %s", pm_neuron_parameters[k].unit);
            status = pm_node_number(&value, what, pm_parameter_of(neuron, &pm_neuron_parameters[k]), error);
        }
    }
    return status;
}

pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error) {
    return read_neuron(map, false, neuron, error);
}

pm_status pm_read_neuron_numbers(const pm_node *map, pm_neuron *neuron, pm_error *error) {
    return read_neuron(map, true, neuron, error);
}

pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error) {
    pm_status status = pm_neuron_check(neuron, error);
    if (status != PM_INVALID)
        return status;
    pm_node own = pm_map_find(population, "neuron");
    const pm_node *maps[] = {&own, shared};
    for (size_t m = 0; m < 2; m++)
        for (size_t k = 0; k < PM_NEURON_PARAMETERS; k++) {
            const char *name = pm_neuron_parameters[k].name;
            size_t length = strlen(name);
            pm_node value = {0};
            if (pm_node_exists(maps[m]) && strncmp(error->message, name, length) == 0 && error->message[length] == ' ')
                value = pm_map_find(maps[m], name);
            if (pm_node_exists(&value))
                return pm_node_blame(&value, status, error);
        }
    return pm_node_blame(pm_node_exists(&own) ? &own : population, status, error);
}

pm_status pm_read_spread(const pm_node *list, const char *what, size_t most, pm_distribution *d, pm_error *error) {
    double *const values[3] = {&d->a, &d->b, &d->step};
    pm_status status = pm_list_check(list, 2, most, what, error);
    for (size_t k = 0; !status && k < 3 && k < pm_list_length(list); k++) {
        pm_node item = pm_list_item(list, k);
        status = pm_node_number(&item, "a finite number", values[k], error);
    }
    return status;
}

pm_status pm_read_required(const pm_node *map, const char *key, const char *what, double *value, pm_error *error) {
    pm_node node;
    pm_status status = pm_map_get(map, key, &node, error);
    return status ? status : pm_node_number(&node, what, value, error);
}

pm_status pm_read_optional(const pm_node *map, const char *key, const char *what, double *value, pm_error *error) {
    pm_node node = pm_map_find(map, key);
    return pm_node_exists(&node) ? pm_node_number(&node, what, value, error) : PM_OK;
}

/* The kinds by their keys. */
static const struct {
    const char *key, *list;
    size_t most; /* numbers; 1: no list */
    pm_distribution_kind kind;
} distributions[] = {
    {"normal", "[mean, std]", 2, PM_NORMAL},
    {"uniform", "[low, high] or [low, high, step]", 3, PM_UNIFORM},
    {"lognormal", "[mu, sigma] of the logarithm", 2, PM_LOGNORMAL},
    {"exponential", "a mean", 1, PM_EXPONENTIAL},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof *distributions };

static pm_status read_bounds(const pm_node *map, pm_distribution *d, pm_error *error) {
    pm_node low = pm_map_find(map, "low"), high = pm_map_find(map, "high");
    d->bounded = pm_node_exists(&low) || pm_node_exists(&high);
    d->low = -INFINITY;
    d->high = INFINITY;
    pm_status status = pm_read_optional(map, "low", "the smallest value", &d->low, error);
    return status ? status : pm_read_optional(map, "high", "the largest value", &d->high, error);
}

pm_status pm_read_distribution(const pm_node *node, const char *what, pm_distribution *d, pm_node *file,
                               pm_error *error) {
    static const char *const keys[] = {"normal", "uniform", "lognormal", "exponential", "low", "high", "file", NULL};
    static const char *const keys_alone[] = {"normal", "uniform", "lognormal", "exponential", "low", "high", NULL};
    char text[240];
    snprintf(text, sizeof text,
             "%s, or {normal: [mean, std]}, {uniform: [low, high]}, {lognormal: [mu, sigma]}, "
             "{exponential: mean}%s",
             what, file ? " or {file: FILE}" : "");
    if (!pm_node_is_map(node))
        return pm_node_number(node, text, &d->a, error);
    pm_status status = pm_map_check(node, file ? keys : keys_alone, error);
    if (status)
        return status;
    size_t given = 0, kind = 0;
    for (size_t k = 0; k < N_DISTRIBUTIONS; k++) {
        pm_node value = pm_map_find(node, distributions[k].key);
        if (pm_node_exists(&value)) {
            given++;
            kind = k;
        }
    }
    if (file) {
        *file = pm_map_find(node, "file");
        given += pm_node_exists(file);
    }
    if (given != 1)
        return pm_node_fail(node, error, "give one of normal, uniform, lognormal%s exponential%s", file ? "," : " and",
                            file ? " and file" : "");
    status = read_bounds(node, d, error);
    if (status || (file && pm_node_exists(file)))
        return status;
    pm_node value = pm_map_find(node, distributions[kind].key);
    d->kind = distributions[kind].kind;
    if (distributions[kind].most == 1)
        return pm_node_number(&value, distributions[kind].list, &d->a, error);
    status = pm_read_spread(&value, distributions[kind].list, distributions[kind].most, d, error);
    if (!status && d->kind == PM_UNIFORM && pm_list_length(&value) == 3)
        d->kind = PM_UNIFORM_STEPS;
    return status;
}
