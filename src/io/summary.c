/* Networks as JSON, and the file. */
#define _GNU_SOURCE
#include "io/summary.h"

#include "io/file.h"
#include "model/neuron.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *value_json(const pm_field *field, double value) {
    if (field->words)
        return json_string(field->words[(size_t)value]);
    if (field->type == PM_COUNT)
        return isinf(value) ? json_string("all") : json_integer((json_int_t)value);
    return isfinite(value) ? json_real(value) : json_null();
}

void pm_field_json(json_t **map, const pm_field *field, const void *structure) {
    json_t *value = value_json(field, pm_field_value(field, structure));
    const char *name = field->result ? field->result : field->name, *dot = strchr(name, '.');
    if (!dot) {
        pm_json_set(map, name, value);
        return;
    }
    char key[PM_KEY_SIZE];
    snprintf(key, sizeof key, "%.*s", (int)(dot - name), name);
    json_t *within = json_incref(json_object_get(*map, key));
    if (!within)
        within = json_object();
    pm_json_set(&within, dot + 1, value);
    pm_json_set(map, key, within);
}

void pm_kind_json(json_t **map, const pm_kind *kind, const void *structure) {
    for (size_t k = 0; k < kind->n_fields; k++)
        pm_field_json(map, &kind->fields[k], structure);
}

json_t *pm_neuron_json(const pm_neuron *neuron) {
    json_t *map = json_object();
    pm_kind_json(&map, &pm_neuron_lif, neuron);
    return map;
}

static json_t *population_json(const pm_population *p) {
    json_t *map = json_pack("{s:s, s:I, s:b}", "name", p->name, "size", (json_int_t)p->size, "record_spikes",
                            (int)p->record_spikes);
    if (p->kind == PM_LIF)
        pm_json_set(&map, "neuron", pm_neuron_json(&p->neuron));
    else if (p->kind == PM_POISSON_SOURCE)
        pm_json_set(&map, "source", json_pack("{s:{s:f}}", "poisson", "rate", p->rate));
    else
        pm_json_set(&map, "source", json_pack("{s:I}", "spikes", (json_int_t)p->n_events));
    return map;
}

static json_t *distribution_json(const pm_distribution *d) {
    switch (d->kind) {
    case PM_NORMAL:
        return json_pack("{s:[f,f]}", "normal", d->a, d->b);
    case PM_UNIFORM:
        return json_pack("{s:[f,f]}", "uniform", d->a, d->b);
    case PM_UNIFORM_STEPS:
        return json_pack("{s:[f,f,f]}", "uniform", d->a, d->b, d->step);
    case PM_MATRIX:
        return json_string("matrix");
    default:
        return json_real(d->a);
    }
}

static json_t *rule_json(const pm_projection *p) {
    switch (p->rule) {
    case PM_ONE_TO_ONE:
        return json_string("one_to_one");
    case PM_FIXED_INDEGREE:
        return json_pack("{s:I}", "fixed_indegree", (json_int_t)p->indegree);
    case PM_PAIRWISE_BERNOULLI:
        return json_pack("{s:f}", "pairwise_bernoulli", p->probability);
    case PM_SYNAPSE_LIST:
        return json_pack("{s:I}", "synapses", (json_int_t)p->n_synapses);
    default:
        return json_string("all_to_all");
    }
}

static json_t *projection_json(const pm_network *network, const pm_projection *p) {
    json_t *map = json_pack("{s:s, s:s, s:o}", "from", network->populations[p->from].name, "to",
                            network->populations[p->to].name, "connect", rule_json(p));
    if (p->rule != PM_SYNAPSE_LIST) {
        pm_json_set(&map, "weight", distribution_json(&p->weight));
        pm_json_set(&map, "delay", distribution_json(&p->delay));
    }
    return map;
}

static json_t *potential_json(const pm_network *network, const pm_potential_record *record) {
    json_t *neurons = json_array();
    for (size_t k = 0; k < record->n_neurons; k++)
        pm_json_append(&neurons, json_integer((json_int_t)record->neurons[k]));
    return json_pack("{s:s, s:o, s:f}", "population", network->populations[record->population].name, "neurons", neurons,
                     "interval", record->interval);
}

json_t *pm_network_json(const pm_network *network) {
    json_t *populations = json_array(), *projections = json_array(), *potentials = json_array();
    for (size_t p = 0; p < network->n_populations; p++)
        pm_json_append(&populations, population_json(&network->populations[p]));
    for (size_t k = 0; k < network->n_projections; k++)
        pm_json_append(&projections, projection_json(network, &network->projections[k]));
    for (size_t k = 0; k < network->n_potentials; k++)
        pm_json_append(&potentials, potential_json(network, &network->potentials[k]));
    return json_pack("{s:f, s:I, s:o, s:o, s:o}", "duration", network->duration, "seed", (json_int_t)network->seed,
                     "populations", populations, "projections", projections, "potential", potentials);
}

pm_status pm_summary_write(pm_output *output, const json_t *summary, pm_error *error) {
    char *text = pm_json_text(summary, JSON_INDENT(2));
    if (!text)
        return pm_fail_memory(error, "summary.json");
    pm_status status = pm_output_write(output, error, "%s\n", text);
    free(text);
    return status;
}

bool pm_summary_names(const json_t *summary, const char *file) {
    const json_t *files = json_object_get(summary, "files"), *item;
    size_t k;
    json_array_foreach(files, k, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), file) == 0)
            return true;
    }
    return !json_is_array(files);
}

pm_status pm_summary_read(const char *folder, json_t **summary, pm_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s/summary.json", folder) < 0)
        return pm_fail_memory(error, "a path");
    FILE *file = NULL;
    *summary = NULL;
    pm_status status = pm_file_open(path, &file, error);
    if (status == PM_INVALID) {
        status = pm_fail(error, PM_INVALID, "%s: cannot be read; a folder with the results of punctum is wanted", path);
    } else if (!status) {
        json_error_t problem = {.line = 1};
        *summary = json_loadf(file, 0, &problem);
        if (!*summary && json_error_code(&problem) == json_error_out_of_memory)
            status = pm_fail_memory(error, path);
        else if (!*summary)
            status = pm_fail(error, PM_INVALID, "%s:%d: %s; a summary that punctum wrote is wanted", path,
                             problem.line > 0 ? problem.line : 1, problem.text);
        (void)fclose(file);
    }
    free(path);
    return status;
}
