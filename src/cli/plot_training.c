/* Pictures of training: what there is to draw follows from summary.json and from the folders of kept trials. */
#define _GNU_SOURCE
#include "cli/plot_training.h"

#include "cli/gnuplot.h"
#include "io/output.h"
#include "io/summary.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const json_t *experiment_of(const json_t *summary) { return json_object_get(summary, "experiment"); }

/* A run that begins with the last part of its folder's name. */
static pm_status add_run(pm_picture *picture, size_t index, const char *folder, const json_t *summary,
                         pm_error *error) {
    char *path = NULL, *name = strdup(folder);
    if (!name || asprintf(&path, "%s/correlation.dat", folder) < 0) {
        free(name);
        return pm_fail_memory(error, "a path");
    }
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        name[--length] = '\0';
    const char *slash = strrchr(name, '/');
    pm_status status = access(path, R_OK) == 0 ? PM_OK : pm_fail(error, PM_INVALID, "%s: there is no such file", path);
    pm_picture_text(picture, "file", index, path);
    pm_picture_text(picture, "name", index, slash ? slash + 1 : name);
    pm_picture_number(picture, "trials", index, json_number_value(json_object_get(summary, "trials")));
    free(path);
    free(name);
    return status;
}

pm_status pm_plot_comparison(const char *const *folders, size_t n, const char *output, pm_error *error) {
    pm_picture picture;
    pm_status status = pm_folder_make(output, error);
    if (!status)
        status = pm_picture_begin(&picture, output, "learning", error);
    if (status)
        return status;
    for (size_t k = 0; !status && k < n; k++) {
        json_t *summary = NULL;
        status = pm_summary_read(folders[k], &summary, error);
        if (!status)
            status = add_run(&picture, k + 1, folders[k], summary, error);
        json_decref(summary);
    }
    pm_picture_number(&picture, "n_runs", 0, (double)n);
    if (!status)
        return pm_picture_draw(&picture, "learning.gp", error);
    pm_picture_abandon(&picture);
    return status;
}

/* One kept trial. */
typedef struct kept {
    char *folder;
    const json_t *experiment;
    size_t n_patterns;
    double iterations;
} kept;

static void set_path(pm_picture *picture, const char *variable, size_t index, const kept *t, const char *name) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", t->folder, name) >= 0) {
        pm_picture_text(picture, variable, index, path);
        free(path);
    }
}

static pm_status draw_outputs(const kept *t, pm_error *error) {
    pm_picture picture;
    pm_status status = pm_picture_begin(&picture, t->folder, "outputs", error);
    if (status)
        return status;
    set_path(&picture, "outputs", 0, t, "outputs.dat");
    for (size_t k = 0; k < t->n_patterns; k++) {
        char name[64];
        snprintf(name, sizeof name, "pattern-%zu-target.dat", k);
        set_path(&picture, "target", k + 1, t, name);
    }
    pm_picture_number(&picture, "n_patterns", 0, (double)t->n_patterns);
    pm_picture_number(&picture, "iterations", 0, t->iterations);
    pm_picture_number(&picture, "duration", 0, json_number_value(json_object_get(t->experiment, "duration")));
    return pm_picture_draw(&picture, "outputs.gp", error);
}

/* The spikes of all layers on one pattern, before or after training. */
static pm_status draw_layers(const kept *t, const char *when, size_t pattern, pm_error *error) {
    const json_t *layers = json_object_get(t->experiment, "layers"), *layer;
    char name[160];
    size_t l;
    pm_picture picture;
    snprintf(name, sizeof name, "spikes-%s-%zu", when, pattern);
    pm_status status = pm_picture_begin(&picture, t->folder, name, error);
    if (status)
        return status;
    json_array_foreach(layers, l, layer) {
        const char *of = json_string_value(json_object_get(layer, "name"));
        char file[160];
        snprintf(file, sizeof file, "spikes-%s-%zu-%.100s.dat", when, pattern, of ? of : "");
        set_path(&picture, "file", l + 1, t, file);
        pm_picture_text(&picture, "name", l + 1, of ? of : "");
        pm_picture_number(&picture, "size", l + 1, json_number_value(json_object_get(layer, "size")));
    }
    pm_picture_number(&picture, "n_populations", 0, (double)json_array_size(layers));
    pm_picture_number(&picture, "duration", 0, json_number_value(json_object_get(t->experiment, "duration")));
    return pm_picture_draw(&picture, "raster.gp", error);
}

static size_t count_patterns(const char *folder) {
    size_t n = 0;
    for (bool there = true; there; n += there) {
        char *path = NULL;
        there = asprintf(&path, "%s/pattern-%zu-target.dat", folder, n) >= 0 && access(path, R_OK) == 0;
        free(path);
    }
    return n;
}

static pm_status draw_trial(const kept *t, pm_error *error) {
    pm_status status = draw_outputs(t, error);
    for (size_t k = 0; !status && k < t->n_patterns && k < 4; k++) {
        status = draw_layers(t, "before", k, error);
        if (!status)
            status = draw_layers(t, "after", k, error);
    }
    return status;
}

pm_status pm_plot_training(const char *folder, const json_t *summary, pm_error *error) {
    const json_t *results = json_object_get(summary, "results"), *row;
    pm_picture picture;
    size_t k;
    pm_status status = pm_picture_begin(&picture, folder, "learning", error);
    if (status)
        return status;
    pm_picture_number(&picture, "n_runs", 0, 1.0);
    status = add_run(&picture, 1, folder, summary, error);
    if (status) {
        pm_picture_abandon(&picture);
        return status;
    }
    status = pm_picture_draw(&picture, "learning.gp", error);
    json_array_foreach(results, k, row) {
        kept t = {.experiment = experiment_of(summary),
                  .iterations = json_number_value(json_object_get(row, "iterations"))};
        if (asprintf(&t.folder, "%s/trial-%lld", folder, (long long)json_integer_value(json_object_get(row, "trial"))) <
            0)
            return pm_fail_memory(error, "a path");
        if (!status && (t.n_patterns = count_patterns(t.folder)) > 0)
            status = draw_trial(&t, error);
        free(t.folder);
    }
    return status;
}
