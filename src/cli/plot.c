/* punctum plot: pictures of what lies in a folder, as its summary.json tells. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/gnuplot.h"
#include "cli/options.h"
#include "cli/plot_classification.h"
#include "cli/plot_training.h"

#include "io/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FOLDERS = 8 };

typedef struct options {
    const char *folders[MOST_FOLDERS];
    int n_folders;      /* the rest are NULL */
    const char *folder; /* the one being drawn */
    const char *output; /* of pictures of several folders */
    double from, to;    /* ms; NAN: the whole run */
} options;

static const char *text_of(const json_t *map, const char *key) {
    const char *text = json_string_value(json_object_get(map, key));
    return text ? text : "";
}

static double number_of(const json_t *map, const char *key) { return json_number_value(json_object_get(map, key)); }

static void set_times(pm_picture *picture, const options *o, const json_t *summary) {
    double reached = number_of(summary, "reached_ms");
    pm_picture_number(picture, "duration", 0, reached);
    pm_picture_number(picture, "t_from", 0, isnan(o->from) ? 0.0 : o->from);
    pm_picture_number(picture, "t_to", 0, isnan(o->to) ? reached : o->to);
}

/* Sets file_<index> to folder/kind-name.dat; false if there is no such file. */
static bool set_file(pm_picture *picture, const char *folder, size_t index, const char *kind, const char *name,
                     long neuron) {
    char *path = NULL;
    int made = neuron < 0 ? asprintf(&path, "%s/%s-%s.dat", folder, kind, name)
                          : asprintf(&path, "%s/%s-%s-%ld.dat", folder, kind, name, neuron);
    bool there = made >= 0 && access(path, R_OK) == 0;
    if (there)
        pm_picture_text(picture, "file", index, path);
    if (made >= 0)
        free(path);
    return there;
}

static pm_status missing(const options *o, const char *files, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the files %s that summary.json speaks of are gone", o->folder, files);
}

static pm_status draw_raster(const options *o, const json_t *summary, pm_error *error) {
    const json_t *populations = json_object_get(json_object_get(summary, "network"), "populations"), *p;
    pm_picture picture;
    size_t k, n = 0;
    pm_status status = pm_picture_begin(&picture, o->folder, "raster", error);
    if (status)
        return status;
    json_array_foreach(populations, k, p) {
        if (!json_is_true(json_object_get(p, "record_spikes")) ||
            !set_file(&picture, o->folder, n + 1, "spikes", text_of(p, "name"), -1))
            continue;
        n++;
        pm_picture_text(&picture, "name", n, text_of(p, "name"));
        pm_picture_number(&picture, "size", n, number_of(p, "size"));
    }
    if (n == 0) {
        pm_picture_abandon(&picture);
        return missing(o, "spikes-*.dat", error);
    }
    pm_picture_number(&picture, "n_populations", 0, (double)n);
    set_times(&picture, o, summary);
    return pm_picture_draw(&picture, "raster.gp", error);
}

/* All recorded neurons of one population in one picture. */
static pm_status draw_potentials(const options *o, const json_t *summary, const json_t *population, pm_error *error) {
    const json_t *records = json_object_get(json_object_get(summary, "network"), "potential"), *record, *neuron;
    const json_t *parameters = json_object_get(population, "neuron");
    const char *name = text_of(population, "name");
    char title[128];
    size_t k, j, n = 0;
    snprintf(title, sizeof title, "potential-%s", name);
    pm_picture picture;
    pm_status status = pm_picture_begin(&picture, o->folder, title, error);
    if (status)
        return status;
    json_array_foreach(records, k, record) {
        if (strcmp(text_of(record, "population"), name) != 0)
            continue;
        json_array_foreach(json_object_get(record, "neurons"), j, neuron) {
            if (!set_file(&picture, o->folder, n + 1, "curve", name, (long)json_integer_value(neuron)))
                continue;
            n++;
            pm_picture_number(&picture, "neuron", n, (double)json_integer_value(neuron));
        }
    }
    if (n == 0) {
        pm_picture_abandon(&picture);
        return missing(o, "curve-*.dat", error);
    }
    pm_picture_text(&picture, "name", 0, name);
    pm_picture_number(&picture, "n_traces", 0, (double)n);
    pm_picture_number(&picture, "V_th", 0, number_of(parameters, "V_th"));
    pm_picture_number(&picture, "V_reset", 0, number_of(parameters, "V_reset"));
    set_times(&picture, o, summary);
    return pm_picture_draw(&picture, "potential.gp", error);
}

static bool has_potentials(const json_t *summary, const json_t *population) {
    const json_t *records = json_object_get(json_object_get(summary, "network"), "potential"), *record;
    size_t k;
    json_array_foreach(records, k, record) {
        if (strcmp(text_of(record, "population"), text_of(population, "name")) == 0 &&
            json_array_size(json_object_get(record, "neurons")) > 0)
            return true;
    }
    return false;
}

/* Whether a file can be read and holds more than comments. */
static bool has_rows(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    bool found = false;
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file))
        found = line[0] != '#' && line[0] != '\n';
    (void)fclose(file);
    return found;
}

/* What 'punctum validate' left. */
static pm_status draw_validation(const options *o, pm_error *error) {
    pm_picture picture;
    char *path = NULL;
    pm_status status = pm_picture_begin(&picture, o->folder, "validation", error);
    if (status)
        return status;
    bool named = asprintf(&path, "%s/validation.dat", o->folder) >= 0;
    if (!named || !has_rows(path)) {
        pm_picture_abandon(&picture);
        status = missing(o, "validation.dat", error);
    } else {
        pm_picture_text(&picture, "file", 0, path);
        status = pm_picture_draw(&picture, "validation.gp", error);
    }
    if (named)
        free(path);
    return status;
}

static pm_status draw_all(const options *o, const json_t *summary, pm_error *error) {
    const json_t *populations = json_object_get(json_object_get(summary, "network"), "populations"), *p;
    size_t k;
    bool spikes = false;
    pm_status status = PM_OK;
    if (!json_is_array(populations))
        return pm_fail(error, PM_INVALID,
                       "%s/summary.json: no populations; a folder that 'punctum run' wrote is wanted", o->folder);
    json_array_foreach(populations, k, p) spikes = spikes || json_is_true(json_object_get(p, "record_spikes"));
    if (spikes)
        status = draw_raster(o, summary, error);
    json_array_foreach(populations, k, p) {
        if (!status && has_potentials(summary, p))
            status = draw_potentials(o, summary, p, error);
    }
    return status;
}

/* The pictures of one folder, by the command that filled it. */
static pm_status draw_folder(options *o, const char *folder, pm_error *error) {
    json_t *summary = NULL;
    o->folder = folder;
    pm_status status = pm_summary_read(folder, &summary, error);
    if (!status && strcmp(text_of(summary, "command"), "train") == 0)
        status = pm_plot_training(folder, summary, error);
    else if (!status && (strcmp(text_of(summary, "command"), "train (classification)") == 0 ||
                         strcmp(text_of(summary, "command"), "test") == 0))
        status = pm_plot_classification(folder, summary, error);
    else if (!status && strcmp(text_of(summary, "command"), "validate") == 0)
        status = draw_validation(o, error);
    else if (!status)
        status = draw_all(o, summary, error);
    json_decref(summary);
    return status;
}

static const pm_operand operands[] = {{"DIR", offsetof(options, folders), MOST_FOLDERS, "which folder?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_NUMBER, "from", 'f', "MS", "begin of the pictures (default 0)", .target = offsetof(options, from),
     .least = 0.0, .most = 1e15},
    {PM_OPTION_NUMBER, "to", 't', "MS", "end of the pictures (default: the end of the run)",
     .target = offsetof(options, to), .least = 0.0, .most = 1e15},
    {PM_OPTION_TEXT, "output", 'o', "DIR", "several folders of 'punctum train': draw them side by side into DIR",
     .target = offsetof(options, output)},
    {0},
};

static const pm_call call = {
    "plot",
    "Draw what 'punctum run', 'train', 'test' or 'validate' left in DIR, as SVG and PNG, with gnuplot.",
    operands,
    list,
    "Of a run: the spikes of the recorded populations with their rates (raster), and the recorded membrane "
    "potentials (potential-POPULATION). Of training: correlation and converged trials over iterations "
    "(learning), and for each kept trial its output spikes in the course of training (outputs) and the spikes "
    "of all layers before and after. Of a trained classifier: errors and loss over epochs (learning), confusion "
    "matrix (confusion), spikes of the first test examples (raster), times of first spikes (latency), hidden "
    "weights as pictures (weights). Of a validation: the errors of time-stepped schemes (validation).",
    (const char *const[]){"punctum plot results", "punctum plot results --from 100 --to 150",
                          "punctum plot layers-1 layers-2 layers-3 -o comparison", NULL},
    NULL};

static void check(options *o) {
    while (o->n_folders < MOST_FOLDERS && o->folders[o->n_folders])
        o->n_folders++;
    if (o->output && o->n_folders == 1)
        pm_call_refuse(&call, "-o is for pictures of several folders");
    if (o->from >= o->to)
        pm_call_refuse(&call, "--from must be before --to");
}

static int run(int argc, char **argv) {
    options o = {.from = NAN, .to = NAN};
    pm_error error = {0};
    pm_status status = PM_OK;
    pm_call_read(&call, argc, argv, &o);
    check(&o);
    if (o.output)
        status = pm_plot_comparison(o.folders, (size_t)o.n_folders, o.output, &error);
    for (int k = 0; !status && !o.output && k < o.n_folders; k++)
        status = draw_folder(&o, o.folders[k], &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_plot = {"plot", "draw what lies in a folder of results", run};
