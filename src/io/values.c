/* Values that network and experiment files have in common. A kind's table says which keys a map may have and what may
 * stand there; a dot in a field's name leads into a map within. */
#include "io/values.h"

#include "net/distribution.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- fields ------------------------------------------------------------------------------------------------------- */

/* The length of the first key of a name: of what stands before its dot, if it has one. */
static size_t first_key(const char *name) { return strcspn(name, "."); }

static pm_node find(const pm_node *map, const char *name) {
    char key[PM_KEY_SIZE];
    size_t length = first_key(name);
    if (!name[length])
        return pm_map_find(map, name);
    snprintf(key, sizeof key, "%.*s", (int)length, name);
    pm_node within = pm_map_find(map, key);
    return pm_map_find(&within, name + length + 1);
}

static pm_status read_word(const pm_node *node, const pm_field *field, double *value, pm_error *error) {
    const char *word = NULL;
    char range[300];
    pm_status status = pm_node_text(node, pm_field_range(field, range, sizeof range), &word, error);
    for (size_t k = 0; !status && field->words[k]; k++)
        if (strcmp(field->words[k], word) == 0) {
            *value = (double)k;
            return PM_OK;
        }
    return status ? status : pm_node_fail(node, error, "'%.60s' is none of %s", word, range + strlen("one of "));
}

static pm_status read_field(const pm_node *node, const pm_field *field, void *structure, pm_error *error) {
    char what[60];
    double value = 0.0;
    snprintf(what, sizeof what, "%s%s%s", field->type == PM_NUMBER ? "a finite number" : "a whole number",
             field->unit[0] ? " in " : "", field->unit);
    pm_status status =
        field->words ? read_word(node, field, &value, error) : pm_node_number(node, what, &value, error);
    if (!status)
        status = pm_node_blame(node, pm_field_check(field, value, error), error);
    if (!status)
        pm_field_set(field, structure, value);
    return status;
}

/* Checks the keys of the map within `map` that field k is the first one to name. */
static pm_status check_within(const pm_node *map, const pm_kind *kind, size_t k, pm_error *error) {
    const char *keys[PM_MOST_KEYS] = {NULL}, *name = kind->fields[k].name;
    size_t length = first_key(name), n = 0;
    char key[PM_KEY_SIZE];
    for (size_t j = 0; j < k; j++)
        if (strncmp(kind->fields[j].name, name, length + 1) == 0)
            return PM_OK;
    for (size_t j = k; j < kind->n_fields && n + 1 < PM_MOST_KEYS; j++)
        if (strncmp(kind->fields[j].name, name, length + 1) == 0)
            keys[n++] = kind->fields[j].name + length + 1;
    snprintf(key, sizeof key, "%.*s", (int)length, name);
    pm_node within = pm_map_find(map, key);
    return pm_node_exists(&within) ? pm_map_check(&within, keys, error) : PM_OK;
}

pm_status pm_read_fields(const pm_node *map, const pm_kind *kind, void *structure, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < kind->n_fields; k++) {
        const pm_field *field = &kind->fields[k];
        if (field->name[first_key(field->name)])
            status = check_within(map, kind, k, error);
        pm_node value = find(map, field->name);
        if (!status && pm_node_exists(&value))
            status = read_field(&value, field, structure, error);
    }
    return status;
}

pm_status pm_blame_field(const pm_node *map, pm_status status, pm_error *error) {
    pm_node value = status && error ? find(map, error->key) : *map;
    return pm_node_blame(pm_node_exists(&value) ? &value : map, status, error);
}

/* The keys of a kind's map, which are so many; `room` holds them. */
static size_t list_keys(const pm_kind *kind, const char **keys, char room[][PM_KEY_SIZE]) {
    size_t n = 0;
    for (size_t k = 0; k < kind->n_fields && n + 1 < PM_MOST_KEYS; k++) {
        size_t length = first_key(kind->fields[k].name);
        snprintf(room[n], PM_KEY_SIZE, "%.*s", (int)length, kind->fields[k].name);
        if (n == 0 || strcmp(room[n - 1], room[n]) != 0) { /* fields of a map stand together */
            keys[n] = room[n];
            n++;
        }
    }
    return n;
}

pm_status pm_check_keys(const pm_node *map, const pm_kind *kind, const char *const *others, pm_error *error) {
    const char *keys[2 * PM_MOST_KEYS] = {NULL};
    char room[PM_MOST_KEYS][PM_KEY_SIZE];
    size_t n = list_keys(kind, keys, room);
    for (size_t k = 0; others && others[k] && n + 1 < sizeof keys / sizeof *keys; k++)
        keys[n++] = others[k];
    return pm_map_check(map, keys, error);
}

pm_status pm_read_kind(const pm_node *map, const pm_kind *kind, const char *const *others, void *structure,
                       pm_error *error) {
    pm_status status = pm_check_keys(map, kind, others, error);
    if (!status)
        status = pm_read_fields(map, kind, structure, error);
    for (size_t k = 0; !status && k < kind->n_fields; k++) {
        const pm_field *field = &kind->fields[k];
        if (isnan(pm_field_value(field, structure)) && !field->otherwise)
            status = pm_node_fail(map, error, "the key '%s' is missing", field->name);
    }
    return status ? status : pm_blame_field(map, pm_kind_check(kind, structure, error), error);
}

/* The one kind that a map names among its keys, and what stands there. */
static pm_status find_in_map(const pm_node *map, const pm_kind *const *list, const char *what,
                             const char *const *others, const pm_kind **kind, pm_node *inner, pm_error *error) {
    const char *keys[PM_MOST_KEYS] = {NULL};
    size_t n = 0, found = 0;
    for (size_t k = 0; list[k] && n + 1 < PM_MOST_KEYS; k++)
        keys[n++] = list[k]->name;
    for (size_t k = 0; others && others[k] && n + 1 < PM_MOST_KEYS; k++)
        keys[n++] = others[k];
    pm_status status = pm_map_check(map, keys, error);
    for (size_t k = 0; !status && list[k]; k++) {
        pm_node value = pm_map_find(map, list[k]->name);
        if (!pm_node_exists(&value))
            continue;
        *kind = list[k];
        *inner = value;
        found++;
    }
    if (!status && found > 1)
        return pm_node_fail(map, error, "an experiment has one %s; here are %zu", what, found);
    if (!status && found == 0)
        return pm_node_fail(map, error, "which %s? {%s: {...}} for one", what, keys[0] ? keys[0] : "NAME");
    return status;
}

pm_status pm_find_choice(const pm_node *node, const pm_kind *const *list, const char *what, const char *const *others,
                         const pm_kind **kind, pm_node *inner, pm_error *error) {
    const char *name = NULL;
    char wanted[60];
    *inner = (pm_node){0};
    if (pm_node_is_map(node))
        return find_in_map(node, list, what, others, kind, inner, error);
    snprintf(wanted, sizeof wanted, "the name of a %s", what);
    pm_status status = pm_node_text(node, wanted, &name, error);
    return status ? status : pm_node_blame(node, pm_kind_choose(list, what, name, kind, error), error);
}

pm_status pm_read_choice(const pm_node *node, const pm_kind *const *list, const char *what, const char *const *others,
                         const pm_kind **kind, void *structure, pm_error *error) {
    pm_node inner;
    pm_status status = pm_find_choice(node, list, what, others, kind, &inner, error);
    if (status)
        return status;
    pm_kind_preset(*kind, structure);
    return pm_node_exists(&inner) ? pm_read_kind(&inner, *kind, NULL, structure, error) : PM_OK;
}

/* --- neurons and distributions ------------------------------------------------------------------------------------ */

pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error) {
    pm_status status = pm_check_keys(map, &pm_neuron_lif, NULL, error);
    return status ? status : pm_read_fields(map, &pm_neuron_lif, neuron, error);
}

/* What may differ from neuron to neuron stands there as a map: of a distribution, a typical value. */
static pm_status read_typical(const pm_node *node, double *value, pm_error *error) {
    pm_distribution d = {.a = NAN};
    pm_node file;
    pm_status status = pm_read_distribution(node, "a finite number", &d, &file, error);
    if (!status && !isnan(d.a))
        *value = pm_distribution_typical(&d);
    return status;
}

pm_status pm_read_neuron_numbers(const pm_node *map, pm_neuron *neuron, pm_error *error) {
    pm_status status = pm_check_keys(map, &pm_neuron_lif, NULL, error);
    for (size_t k = 0; !status && k < pm_neuron_lif.n_fields; k++) {
        const pm_field *field = &pm_neuron_lif.fields[k];
        pm_node value = pm_map_find(map, field->name);
        double typical = pm_field_value(field, neuron);
        if (pm_node_is_map(&value)) {
            status = read_typical(&value, &typical, error);
            pm_field_set(field, neuron, typical);
        } else if (pm_node_exists(&value)) {
            status = read_field(&value, field, neuron, error);
        }
    }
    return status;
}

pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error) {
    pm_error why = {0};
    pm_status status = pm_neuron_check(neuron, &why);
    if (!status)
        return PM_OK;
    pm_node own = pm_map_find(population, "neuron"), value = pm_map_find(&own, why.key);
    if (!pm_node_exists(&value) && pm_node_exists(shared))
        value = pm_map_find(shared, why.key);
    if (pm_node_exists(&value))
        return pm_node_fail(&value, error, "%s", why.message);
    return pm_node_fail(pm_node_exists(&own)     ? &own
                        : pm_node_exists(shared) ? shared
                                                 : population,
                        error, "%s (%s is not given; that is its default)", why.message, why.key);
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
    pm_node low = pm_map_find(map, "low"), high = pm_map_find(map, "high"), step = pm_map_find(map, "step");
    d->bounded = pm_node_exists(&low) || pm_node_exists(&high);
    d->low = -INFINITY;
    d->high = INFINITY;
    pm_status status = pm_read_optional(map, "low", "the smallest value", &d->low, error);
    if (!status)
        status = pm_read_optional(map, "high", "the largest value", &d->high, error);
    if (!status)
        status = pm_read_optional(map, "step", "a positive step", &d->step, error);
    return !status && pm_node_exists(&step) && !(d->step > 0.0) ? pm_node_fail(&step, error, "must be positive")
                                                                : status;
}

pm_status pm_read_distribution(const pm_node *node, const char *what, pm_distribution *d, pm_node *file,
                               pm_error *error) {
    static const char *const keys[] = {"normal", "uniform", "lognormal", "exponential", "low",
                                       "high",   "step",    "file",      NULL};
    static const char *const keys_alone[] = {"normal", "uniform", "lognormal", "exponential", "low",
                                             "high",   "step",    NULL};
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
    const bool in_steps = d->kind == PM_UNIFORM && pm_node_is_list(&value) && pm_list_length(&value) == 3;
    if (in_steps && d->step > 0.0)
        return pm_node_fail(&value, error, "has a step of its own; give one of both");
    if (in_steps)
        d->kind = PM_UNIFORM_STEPS;
    return pm_read_spread(&value, distributions[kind].list, distributions[kind].most, d, error);
}
