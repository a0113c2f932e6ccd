/* Pictures of training: what there is to draw follows from summary.json and from the folders of kept trials. */
#define _GNU_SOURCE
#include "cli/plot_training.h"

#include "cli/gnuplot.h"
#include "cli/plot_raster.h"
#include "cli/plot_results.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PATTERNS = 8, CELLS_ACROSS = 800, CELLS_UP = 400 }; /* of outputs.gp: panels, and what they can show */

/* A run that begins with the last part of its folder's name. */
static pm_status add_run(pm_picture *picture, size_t index, const char *folder, const json_t *summary,
                         pm_error *error) {
    const char *command = json_string_value(json_object_get(summary, "command"));
    char *path = NULL, *name = strdup(folder);
    if (!command || strcmp(command, "train") != 0) {
        free(name);
        return pm_fail(error, PM_INVALID, "%s: results of 'punctum train' are wanted, of an experiment with trials",
                       folder);
    }
    if (!name || asprintf(&path, "%s/correlation.dat", folder) < 0) {
        free(name);
        return pm_fail_memory(error, "a path");
    }
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        name[--length] = '\0';
    const char *slash = strrchr(name, '/');
    pm_status status = pm_plot_has(path) ? pm_picture_file(picture, "file", index, path, error)
                                         : pm_fail(error, PM_INVALID, "%s: there is no such file", path);
    pm_picture_text(picture, "name", index, slash && slash[1] ? slash + 1 : name);
    pm_picture_number(picture, "trials", index, json_number_value(json_object_get(summary, "trials")));
    free(path);
    free(name);
    return status;
}

static pm_status draw_learning(pm_picture *picture, size_t n, pm_status status, pm_error *error) {
    pm_picture_number(picture, "n_runs", 0, (double)n);
    return pm_picture_draw(picture, status, "learning.gp", error);
}

pm_status pm_plot_comparison(const char *const *folders, size_t n, const char *output, pm_error *error) {
    pm_picture picture;
    pm_status status = pm_plot_begin(output, NULL, error);
    if (!status)
        status = pm_picture_begin(&picture, output, "learning", error);
    if (status) {
        pm_plot_end();
        return status;
    }
    for (size_t k = 0; !status && k < n; k++) {
        json_t *summary = NULL;
        status = pm_summary_read(folders[k], &summary, error);
        if (!status)
            status = add_run(&picture, k + 1, folders[k], summary, error);
        json_decref(summary);
    }
    status = draw_learning(&picture, n, status, error);
    pm_plot_end();
    return status;
}

/* One kept trial. */
typedef struct kept {
    char *folder, *output;
    const json_t *experiment;
    size_t n_patterns;
    double iterations;
} kept;

static double duration_of(const kept *t) { return json_number_value(json_object_get(t->experiment, "duration")); }

/* Output spikes, of those that would lie on each other in the picture one. */
static pm_status thin_out(const kept *t, const char *path, FILE *to, pm_error *error) {
    unsigned char *seen = calloc((size_t)MOST_PATTERNS * CELLS_UP, CELLS_ACROSS);
    pm_table *table = NULL;
    const double *row = NULL;
    size_t n = 0;
    pm_status status = seen ? pm_table_open(path, &table, error) : pm_fail_memory(error, "a picture");
    while (!status && !(status = pm_table_next(table, &row, &n, error)) && n > 0) {
        if (n < 4) {
            status = pm_table_refuse(table, "too few columns; 'iteration pattern neuron time_ms' is wanted", error);
            break;
        }
        double up = row[0] / (t->iterations + 1.0), across = row[3] / duration_of(t);
        double pattern = row[1];
        if (!(up >= 0.0 && up < 1.0 && across >= 0.0 && across < 1.0 && pattern >= 0.0 && pattern < MOST_PATTERNS) ||
            row[2] != 0.0)
            continue;
        size_t cell =
            ((size_t)pattern * CELLS_UP + (size_t)(up * CELLS_UP)) * CELLS_ACROSS + (size_t)(across * CELLS_ACROSS);
        if (!seen[cell])
            fprintf(to, "%.17g %.17g 0 %.17g\n", row[0], pattern, row[3]);
        seen[cell] = 1;
    }
    pm_table_close(table);
    free(seen);
    return status;
}

static pm_status set_outputs(pm_picture *picture, const kept *t, pm_error *error) {
    char *path = NULL;
    FILE *data = NULL;
    if (asprintf(&path, "%s/outputs.dat", t->folder) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_picture_data(picture, "outputs", 0, &data, error);
    if (!status) {
        status = thin_out(t, path, data, error);
        pm_status end = pm_picture_data_end(data, status ? NULL : error);
        status = status ? status : end;
    }
    free(path);
    return status;
}

static pm_status draw_outputs(const kept *t, pm_error *error) {
    pm_picture picture;
    pm_status status = pm_picture_begin(&picture, t->output, "outputs", error);
    if (status)
        return status;
    status = set_outputs(&picture, t, error);
    for (size_t k = 0; !status && k < t->n_patterns; k++) {
        char *path = NULL;
        if (asprintf(&path, "%s/pattern-%zu-target.dat", t->folder, k) < 0)
            status = pm_fail_memory(error, "a path");
        else
            status = pm_picture_file(&picture, "target", k + 1, path, error);
        free(path);
    }
    pm_picture_number(&picture, "n_patterns", 0, (double)t->n_patterns);
    pm_picture_number(&picture, "iterations", 0, t->iterations);
    pm_picture_number(&picture, "duration", 0, duration_of(t));
    return pm_picture_draw(&picture, status, "outputs.gp", error);
}

/* The spikes of all layers on one pattern, before or after training. */
static pm_status draw_layers(const kept *t, const char *when, size_t pattern, pm_error *error) {
    const json_t *layers = json_object_get(t->experiment, "layers"), *layer;
    char name[64];
    size_t l, n = 0;
    pm_band *bands = calloc(json_array_size(layers) + 1, sizeof *bands);
    pm_status status = bands ? PM_OK : pm_fail_memory(error, "a picture");
    json_array_foreach(layers, l, layer) {
        const char *of = json_string_value(json_object_get(layer, "name"));
        char *path = NULL;
        if (status || asprintf(&path, "%s/spikes-%s-%zu-%s.dat", t->folder, when, pattern, of ? of : "") < 0)
            continue;
        double size = json_number_value(json_object_get(layer, "size"));
        bands[n++] = (pm_band){path, of ? of : "", size > 1.0 ? size : 1.0, l + 1};
    }
    snprintf(name, sizeof name, "spikes-%s-%zu", when, pattern);
    if (!status && n > 0)
        status = pm_draw_raster(t->output, name, bands, n, 0.0, duration_of(t), error);
    for (l = 0; l < n; l++)
        free(bands[l].path);
    free(bands);
    return status;
}

static size_t count_patterns(const char *folder) {
    size_t n = 0;
    for (bool there = true; there; n += there) {
        char *path = pm_plot_path("%s/pattern-%zu-target.dat", folder, n);
        there = path && pm_plot_has(path);
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

pm_status pm_plot_training(const pm_plot *plot, pm_error *error) {
    const json_t *results = json_object_get(plot->summary, "results"), *row;
    pm_picture picture;
    size_t k;
    pm_status status = pm_picture_begin(&picture, plot->output, "learning", error);
    if (!status)
        status = draw_learning(&picture, 1, add_run(&picture, 1, plot->folder, plot->summary, error), error);
    json_array_foreach(results, k, row) {
        kept t = {.experiment = json_object_get(plot->summary, "experiment"),
                  .iterations = json_number_value(json_object_get(row, "iterations"))};
        long long trial = json_integer_value(json_object_get(row, "trial"));
        if (asprintf(&t.folder, "%s/trial-%lld", plot->folder, trial) < 0)
            return pm_fail_memory(error, "a path");
        if (asprintf(&t.output, "%s/trial-%lld", plot->output, trial) < 0) {
            free(t.folder);
            return pm_fail_memory(error, "a path");
        }
        if (!status && (t.n_patterns = count_patterns(t.folder)) > 0)
            status = draw_trial(&t, error);
        free(t.folder);
        free(t.output);
    }
    return status;
}
