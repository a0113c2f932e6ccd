/* A trial's file ends with the line "# end", without which it is not complete. Numbers have 17 digits, so that they
 * come back with the same bits. */
#define _GNU_SOURCE
#include "io/trial_file.h"

#include "io/file.h"
#include "io/output.h"
#include "io/summary.h"
#include "base/list.h"
#include "net/mark.h"
#include "rule/rule.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *part_json(const pm_experiment *e, const pm_weight_part *part) {
    json_t *map = json_pack("{s:f}", "share", part->share);
    if (part->receptor > 0)
        pm_json_set(&map, "receptor", json_string(e->receptors[part->receptor - 1].name));
    const char *key = part->draw.kind == PM_NORMAL ? "normal" : "uniform";
    if (part->draw.kind == PM_CONSTANT)
        pm_json_set(&map, "value", json_real(part->draw.a));
    else
        pm_json_set(&map, key, json_pack("[f,f]", part->draw.a, part->draw.b));
    return map;
}

static json_t *layer_json(const pm_experiment *e, const pm_training_layer *layer, bool input) {
    json_t *map = json_pack("{s:s, s:I}", "name", layer->name, "size", (json_int_t)layer->size);
    if (input)
        return map;
    json_t *parts = json_array();
    for (size_t k = 0; k < layer->n_parts; k++)
        pm_json_append(&parts, part_json(e, &layer->parts[k]));
    pm_json_set(&map, "weight", parts);
    if (layer->sources)
        pm_json_set(&map, "receptor", pm_sources_json(e->receptors, layer->sources, e->n_receptors));
    pm_json_set(&map, "plastic", json_boolean(layer->plastic));
    pm_json_set(&map, "rate", json_real(layer->rate));
    pm_json_set(&map, "keep_sign", json_boolean(layer->keep_sign));
    if (isfinite(layer->lowest) || isfinite(layer->highest))
        pm_json_set(&map, "bounds",
                    json_pack("[f,f]", fmax(layer->lowest, -1e300), fmin(layer->highest, 1e300)));
    return map;
}

static json_t *events_json(const pm_event *events, size_t n) {
    json_t *list = json_array();
    for (size_t k = 0; k < n; k++)
        pm_json_append(&list, json_pack("[I,f]", (json_int_t)events[k].neuron, events[k].time));
    return list;
}

static json_t *problem_json(const pm_problem *p) {
    if (p->kind == PM_PROBLEM_POISSON)
        return json_pack("{s:{s:f, s:f, s:f, s:f}}", "poisson", "input_rate", p->input_rate, "target_rate",
                         p->target_rate, "target_from", p->target_from, "target_gap", p->target_gap);
    if (p->kind == PM_PROBLEM_XOR)
        return json_pack("{s:{s:f, s:f, s:f, s:f}}", "xor", "interval", p->interval, "bit_at", p->bit_at, "target_0",
                         p->target_0, "target_1", p->target_1);
    json_t *patterns = json_array();
    for (size_t k = 0; k < p->n_patterns; k++)
        pm_json_append(&patterns, json_pack("{s:o, s:o}", "input",
                                            events_json(p->patterns[k].input, p->patterns[k].n_input), "target",
                                            events_json(p->patterns[k].target, p->patterns[k].n_target)));
    return json_pack("{s:o}", "patterns", patterns);
}

static json_t *rule_json(const pm_experiment *e) {
    json_t *map = json_object();
    pm_kind_json(&map, &e->rule->head, e->rule_parameters);
    return json_pack("{s:o}", e->rule->head.name, map);
}

/* What stands for weights that were given. */
static json_t *weights_json(const pm_experiment *e) {
    char text[20];
    snprintf(text, sizeof text, "%016" PRIx64,
             pm_hash(PM_HASH_START, e->weights, pm_experiment_weights(e) * sizeof *e->weights));
    return json_string(text);
}

json_t *pm_experiment_json(const pm_experiment *e) {
    json_t *layers = json_array();
    for (size_t l = 0; l < e->n_layers; l++)
        pm_json_append(&layers, layer_json(e, &e->layers[l], l == 0));
    json_t *map = json_pack(
        "{s:f, s:I, s:I, s:I, s:o, s:o, s:o, s:{s:f, s:f, s:f}, s:s, s:{s:f, s:f}, s:{s:f, s:I}, s:f, s:o}", "duration",
        e->duration, "seed", (json_int_t)e->seed, "iterations", (json_int_t)e->iterations, "restart",
        (json_int_t)e->restart, "neuron", pm_neuron_json(&e->neuron), "layers", layers, "problem",
        problem_json(&e->problem), "goal", "correlation", e->goal.correlation, "tau", e->goal.tau, "within",
        e->goal.within, "order", e->online ? "online" : "batch", "schedule", "decay", e->decay, "power", e->power,
        "polish", "within", e->polish_within, "iterations", (json_int_t)e->polish_iterations, "momentum", e->momentum,
        "rule", rule_json(e));
    if (e->n_receptors > 0)
        pm_json_set(&map, "receptors", pm_receptors_json(e->receptors, e->n_receptors));
    if (e->weights)
        pm_json_set(&map, "weights", weights_json(e));
    return map;
}

pm_status pm_experiment_mark(const pm_experiment *experiment, uint64_t *mark, pm_error *error) {
    json_t *json = pm_experiment_json(experiment);
    char *text = pm_json_text(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    if (!text)
        return pm_fail_memory(error, "the experiment");
    *mark = pm_hash(PM_HASH_START, text, strlen(text));
    free(text);
    return PM_OK;
}

static void name_of(uint32_t number, char *name, size_t size) {
    snprintf(name, size, "trial-%04" PRIu32 ".dat", number);
}

pm_status pm_trial_write(const char *folder, uint64_t mark, const pm_trial *trial, pm_error *error) {
    char name[40];
    pm_output output = {0};
    name_of(trial->number, name, sizeof name);
    pm_status status = pm_output_open(&output, folder, name, error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "# trial %" PRIu32 " of %016" PRIx64 "\n# %d %" PRIu32 " %" PRIu32
                                 " %zu %.17g %.17g %.17g\n# %s\n"
                                 "# iteration correlation\n",
                                 trial->number, mark, trial->converged, trial->iterations, trial->polished,
                                 trial->n_history, trial->correlation, trial->best, trial->off, trial->message);
    for (size_t k = 0; !status && k < trial->n_history; k++)
        status = pm_output_write(&output, error, "%zu %.17g\n", k, trial->history[k]);
    if (!status)
        status = pm_output_write(&output, error, "# end\n");
    return pm_output_close(&output, status, error);
}

/* Whether a file is a trial, and of another experiment. */
static bool is_other(const char *path, uint64_t mark) {
    uint32_t number = 0;
    uint64_t of = mark;
    FILE *file = NULL;
    if (pm_file_open(path, &file, NULL))
        return false;
    bool trial = fscanf(file, "# trial %" SCNu32 " of %" SCNx64 "\n", &number, &of) == 2;
    (void)fclose(file);
    return trial && of != mark;
}

pm_status pm_trials_clear(const char *folder, uint64_t mark, pm_error *error) {
    DIR *list = opendir(folder);
    const struct dirent *found;
    pm_status status = PM_OK;
    while (list && !status && (found = readdir(list))) {
        char *path = NULL;
        if (strncmp(found->d_name, "trial-", 6) != 0)
            continue;
        if (asprintf(&path, "%s/%s", folder, found->d_name) < 0)
            return (void)closedir(list), pm_fail_memory(error, "a path");
        if (is_other(path, mark) && unlink(path) != 0 && errno != ENOENT)
            status = pm_fail(error, PM_FAILED, "%s: cannot be removed: %s", path, strerror(errno));
        free(path);
    }
    if (list)
        (void)closedir(list);
    return status;
}

static bool read_head(FILE *file, uint64_t mark, uint32_t number, pm_trial *trial) {
    uint32_t written = 0;
    uint64_t of = 0;
    int converged = 0;
    char line[256] = "";
    if (fscanf(file, "# trial %" SCNu32 " of %" SCNx64 "\n", &written, &of) != 2 || written != number || of != mark)
        return false;
    if (fscanf(file, "# %d %" SCNu32 " %" SCNu32 " %zu %lf %lf %lf\n", &converged, &trial->iterations, &trial->polished,
               &trial->n_history, &trial->correlation, &trial->best, &trial->off) != 7)
        return false;
    if (!fgets(line, sizeof line, file) || line[0] != '#' || line[1] != ' ')
        return false;
    line[strcspn(line, "\n")] = '\0';
    snprintf(trial->message, sizeof trial->message, "%.199s", line + 2);
    trial->number = number;
    trial->converged = converged != 0;
    return fgets(line, sizeof line, file) != NULL;
}

/* Memory grows with what is there, not with what the head announces. */
static pm_status read_history(FILE *file, const char *path, pm_trial *trial, bool *good, pm_error *error) {
    char line[80] = "";
    size_t capacity = 0;
    for (size_t k = 0; *good && k < trial->n_history; k++) {
        size_t iteration = 0;
        if (!pm_list_reserve((void **)&trial->history, &capacity, k + 1, sizeof *trial->history))
            return pm_fail_memory(error, path);
        *good = fscanf(file, "%zu %lf\n", &iteration, &trial->history[k]) == 2 && iteration == k &&
                isfinite(trial->history[k]);
    }
    *good = *good && fgets(line, sizeof line, file) && strcmp(line, "# end\n") == 0;
    return PM_OK;
}

pm_status pm_trial_read(const char *folder, uint64_t mark, uint32_t number, pm_trial *trial, bool *found,
                        pm_error *error) {
    char name[40], *path = NULL;
    FILE *file = NULL;
    name_of(number, name, sizeof name);
    *trial = (pm_trial){0};
    pm_status status = pm_file_find(folder, name, &path, found, error);
    if (!status && *found)
        status = pm_file_open(path, &file, error);
    if (file) {
        errno = 0;
        bool good = read_head(file, mark, number, trial) && trial->iterations <= trial->n_history + 1;
        status = read_history(file, path, trial, &good, error);
        if (!status && ferror(file))
            status = pm_file_refuse(path, errno, error);
        else if (!status && !good)
            status = pm_fail(error, PM_INVALID,
                             "%s: this is not a complete trial of this experiment; remove it, or run "
                             "without --resume",
                             path);
        (void)fclose(file);
    }
    if (status)
        pm_trial_free(trial);
    *found = *found && !status;
    free(path);
    return status;
}
