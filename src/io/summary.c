/* Kinds as JSON, and the file. */
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
        bool starved = false;
        *summary = pm_json_load(file, &problem, &starved);
        if (starved)
            status = pm_fail_memory(error, path);
        else if (!*summary)
            status = pm_fail(error, PM_INVALID, "%s:%d: %s; a summary that punctum wrote is wanted", path,
                             problem.line > 0 ? problem.line : 1, problem.text);
        (void)fclose(file);
    }
    free(path);
    return status;
}
