/* Experiments as JSON, and what came of their trials: a checkpoint of each, the result and the history. */
#define _GNU_SOURCE
#include "io/trial_file.h"

#include "io/checkpoint.h"
#include "io/file.h"
#include "io/output.h"
#include "io/summary.h"
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

static const char ENDING[] = "bin";

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
        pm_json_set(&map, "bounds", json_pack("[f,f]", fmax(layer->lowest, -1e300), fmin(layer->highest, 1e300)));
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
        pm_json_append(&patterns,
                       json_pack("{s:o, s:o}", "input", events_json(p->patterns[k].input, p->patterns[k].n_input),
                                 "target", events_json(p->patterns[k].target, p->patterns[k].n_target)));
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
    json_t *map =
        json_pack("{s:f, s:I, s:I, s:I, s:o, s:o, s:o, s:{s:f, s:f, s:f}, s:s, s:{s:f, s:f}, s:{s:f, s:I}, s:f, s:o}",
                  "duration", e->duration, "seed", (json_int_t)e->seed, "iterations", (json_int_t)e->iterations,
                  "restart", (json_int_t)e->restart, "neuron", pm_neuron_json(&e->neuron), "layers", layers, "problem",
                  problem_json(&e->problem), "goal", "correlation", e->goal.correlation, "tau", e->goal.tau, "within",
                  e->goal.within, "order", e->online ? "online" : "batch", "schedule", "decay", e->decay, "power",
                  e->power, "polish", "within", e->polish_within, "iterations", (json_int_t)e->polish_iterations,
                  "momentum", e->momentum, "rule", rule_json(e));
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

/* A trial as it stands in its file, before its history. */
typedef struct result {
    uint64_t number, converged, iterations, polished;
    double correlation, best, off; /* off: ms */
    char message[200];
} result;

enum { RESULT, HISTORY, N_PARTS };

static void name_of(uint32_t number, const char *ending, char *name, size_t size) {
    snprintf(name, size, "trial-%04" PRIu32 ".%s", number, ending);
}

pm_status pm_trial_write(const char *folder, uint64_t mark, const pm_trial *trial, pm_error *error) {
    char name[40];
    pm_output output = {0};
    result r = {trial->number,      trial->converged, trial->iterations, trial->polished,
                trial->correlation, trial->best,      trial->off,        ""};
    const pm_part parts[N_PARTS] = {{&r, sizeof r}, {trial->history, trial->n_history * sizeof *trial->history}};
    snprintf(r.message, sizeof r.message, "%s", trial->message);
    name_of(trial->number, ENDING, name, sizeof name);
    pm_status status = pm_output_open(&output, folder, name, error);
    return status ? status : pm_checkpoint_write(&output, &pm_checkpoint_of_trial, mark, parts, N_PARTS, error);
}

/* Whether a file is a trial as earlier versions wrote it. */
static bool is_earlier(const char *path) {
    static const char begin[] = "# trial ";
    char found[sizeof begin] = "";
    FILE *file = NULL;
    if (pm_file_open(path, &file, NULL))
        return false;
    const size_t n = fread(found, 1, sizeof begin - 1, file);
    (void)fclose(file);
    return n == sizeof begin - 1 && strcmp(found, begin) == 0;
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
        const bool other = pm_checkpoint_is_other(path, &pm_checkpoint_of_trial, mark) || is_earlier(path);
        if (other && unlink(path) != 0 && errno != ENOENT)
            status = pm_fail(error, PM_FAILED, "%s: cannot be removed: %s", path, strerror(errno));
        free(path);
    }
    if (list)
        (void)closedir(list);
    return status;
}

/* What was read may come from anywhere. */
static bool take(const pm_checkpoint *c, uint32_t number, pm_trial *trial) {
    result r;
    if (c->n_parts != N_PARTS || c->sizes[RESULT] != sizeof r || c->sizes[HISTORY] % sizeof(double) != 0)
        return false;
    memcpy(&r, pm_checkpoint_part(c, RESULT), sizeof r);
    const size_t n = c->sizes[HISTORY] / sizeof(double);
    bool sound = r.number == number && r.iterations <= n + 1 && r.polished <= r.iterations &&
                 r.iterations <= UINT32_MAX && memchr(r.message, '\0', sizeof r.message) && !strchr(r.message, '\n');
    *trial = (pm_trial){.number = number,
                        .iterations = (uint32_t)r.iterations,
                        .polished = (uint32_t)r.polished,
                        .converged = r.converged != 0,
                        .correlation = r.correlation,
                        .best = r.best,
                        .off = r.off,
                        .n_history = n,
                        .history = malloc(c->sizes[HISTORY] + 1)};
    if (trial->history)
        memcpy(trial->history, pm_checkpoint_part(c, HISTORY), c->sizes[HISTORY]);
    for (size_t k = 0; sound && trial->history && k < n; k++)
        sound = isfinite(trial->history[k]);
    if (sound)
        memcpy(trial->message, r.message, sizeof r.message);
    return sound;
}

/* A trial of an earlier version is no trial to go on from, and not to be passed over in silence. */
static pm_status refuse_earlier(const char *folder, uint32_t number, pm_error *error) {
    char name[40], *path = NULL;
    bool found = false;
    name_of(number, "dat", name, sizeof name);
    pm_status status = pm_file_find(folder, name, &path, &found, error);
    if (!status && found && is_earlier(path))
        status = pm_fail(error, PM_INVALID, "%s: the trial was written by another version", path);
    free(path);
    return status;
}

pm_status pm_trial_read(const char *folder, uint64_t mark, uint32_t number, pm_trial *trial, bool *found,
                        pm_error *error) {
    char name[40];
    pm_checkpoint c;
    name_of(number, ENDING, name, sizeof name);
    *trial = (pm_trial){0};
    pm_status status = pm_checkpoint_find(folder, name, &pm_checkpoint_of_trial, mark, &c, found, error);
    if (!status && !*found)
        status = refuse_earlier(folder, number, error);
    if (!status && *found && !take(&c, number, trial))
        status = pm_checkpoint_blame(&c, c.parts, "no trial can have come to this", error);
    if (!status && *found && !trial->history)
        status = pm_fail_memory(error, "a trial");
    if (status)
        pm_trial_free(trial);
    *found = *found && !status;
    pm_checkpoint_free(&c);
    return pm_checkpoint_advise(status, error);
}
