/* punctum plot: pictures of what lies in a folder, as its summary.json tells. */
#define _GNU_SOURCE
#include "cli/plot.h"
#include "cli/command.h"
#include "cli/gnuplot.h"
#include "cli/options.h"
#include "cli/plot_classification.h"
#include "cli/plot_potential.h"
#include "cli/plot_raster.h"
#include "cli/plot_results.h"
#include "cli/plot_training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FOLDERS = 8 };

typedef struct options {
    const char *folders[MOST_FOLDERS];
    int n_folders;      /* the rest are NULL */
    const char *output; /* where the pictures go; NULL: into the folder */
    double from, to;    /* ms; NAN: the whole run */
} options;

static const char *text_of(const json_t *map, const char *key) {
    const char *text = json_string_value(json_object_get(map, key));
    return text ? text : "";
}

static double number_of(const json_t *map, const char *key) { return json_number_value(json_object_get(map, key)); }

/* The name of a population, of which file names are made. */
static pm_status check_name(const pm_plot *o, const char *name, pm_error *error) {
    return *name && !strchr(name, '/')
               ? PM_OK
               : pm_fail(error, PM_INVALID, "%s/summary.json: '%s' is no name of a population", o->folder, name);
}

/* The path folder/kind-name[-neuron].dat, freed by the caller; NULL if there is no such file. */
static char *find_file(const char *folder, const char *kind, const char *name, long neuron) {
    char *path = neuron < 0 ? pm_plot_path("%s/%s-%s.dat", folder, kind, name)
                            : pm_plot_path("%s/%s-%s-%ld.dat", folder, kind, name, neuron);
    if (!path || pm_plot_has(path))
        return path;
    free(path);
    return NULL;
}

static pm_status missing(const pm_plot *o, const char *files, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the files %s that summary.json speaks of are gone", o->folder, files);
}

/* The part of a run to draw. */
typedef struct window {
    double from, to; /* ms */
    char suffix[64]; /* of the pictures' names; none for the whole run */
} window;

/* As short as it can be told. */
static void write_time(double time, char *text, size_t size) {
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, time);
        if (strtod(text, NULL) == time)
            return;
    }
}

static pm_status find_window(const pm_plot *o, window *w, pm_error *error) {
    double reached = number_of(o->summary, "reached_ms");
    *w = (window){.from = isnan(o->from) ? 0.0 : o->from, .to = isnan(o->to) ? reached : o->to};
    if (isnan(o->from) && isnan(o->to))
        return PM_OK;
    char from[24], to[24], end[24];
    write_time(w->from, from, sizeof from);
    write_time(w->to, to, sizeof to);
    write_time(reached, end, sizeof end);
    if (w->from >= reached || w->to > reached || w->to - w->from < PM_LEAST_WINDOW)
        return pm_fail(error, PM_INVALID, "--from %s --to %s: the run in %s covers 0 to %s ms; give a part of that",
                       from, to, o->folder, end);
    snprintf(w->suffix, sizeof w->suffix, "@%s-%s", from, to);
    return PM_OK;
}

static pm_status draw_raster(const pm_plot *o, const window *w, pm_error *error) {
    const json_t *populations = json_object_get(json_object_get(o->summary, "network"), "populations"), *p;
    char name[80];
    size_t k, n = 0;
    pm_band *bands = calloc(json_array_size(populations) + 1, sizeof *bands);
    if (!bands)
        return pm_fail_memory(error, "a picture");
    json_array_foreach(populations, k, p) {
        if (!json_is_true(json_object_get(p, "record_spikes")))
            continue;
        bands[n] = (pm_band){.path = find_file(o->folder, "spikes", text_of(p, "name"), -1),
                             .name = text_of(p, "name"),
                             .size = fmax(1.0, number_of(p, "size")),
                             .colour = k + 1};
        n += bands[n].path != NULL;
    }
    snprintf(name, sizeof name, "raster%s", w->suffix);
    pm_status status =
        n > 0 ? pm_draw_raster(o->output, name, bands, n, w->from, w->to, error) : missing(o, "spikes-*.dat", error);
    for (k = 0; k < n; k++)
        free(bands[k].path);
    free(bands);
    return status;
}

/* The recorded neurons of a population; those with a file get into the list, if there is one. */
static size_t list_traces(const pm_plot *o, const char *name, pm_trace *found) {
    const json_t *records = json_object_get(json_object_get(o->summary, "network"), "potential"), *record, *neuron;
    size_t k, j, n = 0;
    json_array_foreach(records, k, record) {
        if (strcmp(text_of(record, "population"), name) != 0)
            continue;
        json_array_foreach(json_object_get(record, "neurons"), j, neuron) {
            long number = (long)json_integer_value(neuron);
            if (found)
                found[n] = (pm_trace){
                    .path = find_file(o->folder, "curve", name, number), .neuron = (double)number, .V_th = NAN};
            n += !found || found[n].path;
        }
    }
    return n;
}

/* Of a recorded current: entered where the neuron is among the traces and the file is there. */
static bool add_current(const pm_plot *o, pm_curves *t, const json_t *record, long neuron) {
    const char *receptor = json_string_value(json_object_get(record, "receptor"));
    char *middle = receptor ? pm_plot_path("%s-%s", t->population, receptor) : pm_plot_path("%s", t->population);
    const bool memory = middle != NULL;
    size_t at = 0;
    while (at < t->n && t->list[at].neuron != (double)neuron)
        at++;
    char *path = memory && at < t->n ? find_file(o->folder, "current", middle, neuron) : NULL;
    free(middle);
    if (path)
        t->currents[t->n_currents++] = (pm_current_trace){path, receptor, at};
    return memory;
}

static pm_status list_currents(const pm_plot *o, pm_curves *t, pm_error *error) {
    const json_t *records = json_object_get(json_object_get(o->summary, "network"), "current"), *record, *neuron;
    size_t k, j, most = 0;
    json_array_foreach(records, k, record) most += json_array_size(json_object_get(record, "neurons"));
    bool memory = (t->currents = calloc(most + 1, sizeof *t->currents)) != NULL;
    json_array_foreach(records, k, record) {
        if (memory && t->n <= PM_CURRENT_PANELS && strcmp(text_of(record, "population"), t->population) == 0)
            json_array_foreach(json_object_get(record, "neurons"), j, neuron) memory =
                memory && add_current(o, t, record, (long)json_integer_value(neuron));
    }
    return memory ? PM_OK : pm_fail_memory(error, "a picture");
}

/* Thresholds: V_th of all neurons, or where it differs what was recorded at t = 0. */
static pm_status find_thresholds(const pm_plot *o, const json_t *population, pm_curves *t, pm_error *error) {
    const json_t *rises = json_object_get(population, "threshold"), *rise;
    size_t k;
    pm_status status = PM_OK;
    t->varied = json_object_get(json_object_get(population, "varied"), "V_th") != NULL;
    json_array_foreach(rises, k, rise) {
        const double tau = number_of(rise, "tau");
        if (t->n_rises < PM_MOST_JUMPS && tau > 0.0)
            t->rises[t->n_rises++] = (pm_rise){number_of(rise, "jump"), tau};
    }
    for (k = 0; !status && k < t->n; k++) {
        pm_table *table = NULL;
        const double *values = NULL;
        size_t n = 0;
        char *path = t->varied ? find_file(o->folder, "threshold", t->population, (long)t->list[k].neuron) : NULL;
        if (!t->varied)
            t->list[k].V_th = number_of(json_object_get(population, "neuron"), "V_th");
        if (path && !(status = pm_table_open(path, &table, error)) &&
            !(status = pm_table_next(table, &values, &n, error)) && n >= 2 && values[0] == 0.0)
            t->list[k].V_th = values[1];
        pm_table_close(table);
        free(path);
    }
    return status;
}

/* All recorded neurons of one population in one picture. */
static pm_status draw_potentials(const pm_plot *o, const window *w, const json_t *population, size_t place,
                                 pm_error *error) {
    const char *name = text_of(population, "name");
    pm_trace *found = calloc(list_traces(o, name, NULL) + 1, sizeof *found);
    char *title = NULL;
    if (!found || asprintf(&title, "potential-%s%s", name, w->suffix) < 0) {
        free(found);
        return pm_fail_memory(error, "a picture");
    }
    pm_curves traces = {.population = name,
                        .colour = place,
                        .V_reset = number_of(json_object_get(population, "neuron"), "V_reset"),
                        .list = found,
                        .n = list_traces(o, name, found)};
    pm_status status = traces.n > 0 ? find_thresholds(o, population, &traces, error) : missing(o, "curve-*.dat", error);
    if (!status)
        status = list_currents(o, &traces, error);
    if (!status)
        status = pm_draw_potentials(o->output, title, &traces, w->from, w->to, error);
    for (size_t k = 0; k < traces.n; k++)
        free(found[k].path);
    for (size_t k = 0; k < traces.n_currents; k++)
        free(traces.currents[k].path);
    free(traces.currents);
    free(found);
    free(title);
    return status;
}

/* What 'punctum validate' left. */
static pm_status draw_validation(const pm_plot *o, pm_error *error) {
    pm_picture picture;
    char *path = NULL;
    if (asprintf(&path, "%s/validation.dat", o->folder) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_plot_has(path) && pm_count_columns(path) > 0 ? PM_OK : missing(o, "validation.dat", error);
    if (!status)
        status = pm_picture_begin(&picture, o->output, "validation", error);
    if (!status)
        status = pm_picture_draw(&picture, pm_picture_file(&picture, "file", 0, path, error), "validation.gp", error);
    free(path);
    return status;
}

static pm_status draw_run(const pm_plot *o, pm_error *error) {
    const json_t *populations = json_object_get(json_object_get(o->summary, "network"), "populations"), *p;
    size_t k;
    bool spikes = false;
    window w;
    pm_status status = PM_OK;
    if (!json_is_array(populations))
        return pm_fail(error, PM_INVALID,
                       "%s/summary.json: no populations; a folder that 'punctum run' wrote is wanted", o->folder);
    json_array_foreach(populations, k, p) {
        spikes = spikes || json_is_true(json_object_get(p, "record_spikes"));
        if (!status)
            status = check_name(o, text_of(p, "name"), error);
    }
    if (!status)
        status = find_window(o, &w, error);
    if (!status && spikes)
        status = draw_raster(o, &w, error);
    json_array_foreach(populations, k, p) {
        if (!status && list_traces(o, text_of(p, "name"), NULL) > 0)
            status = draw_potentials(o, &w, p, k + 1, error);
    }
    return status;
}

/* The pictures of one folder, by the command that filled it. */
static pm_status draw_folder(const options *o, const char *folder, pm_error *error) {
    json_t *summary = NULL;
    pm_status status = pm_plot_begin(folder, &summary, error);
    const char *command = text_of(summary, "command");
    bool training = strcmp(command, "train") == 0, validation = strcmp(command, "validate") == 0;
    bool classifier = strcmp(command, "train (classification)") == 0 || strcmp(command, "test") == 0;
    pm_plot plot = {folder, o->output ? o->output : folder, o->from, o->to, summary};
    if (!status && (training || classifier || validation) && !(isnan(o->from) && isnan(o->to)))
        status =
            pm_fail(error, PM_INVALID, "--from and --to are for folders of 'punctum run'; %s is one of 'punctum %s'",
                    folder, command);
    else if (!status && training)
        status = pm_plot_training(&plot, error);
    else if (!status && classifier)
        status = pm_plot_classification(&plot, error);
    else if (!status && validation)
        status = draw_validation(&plot, error);
    else if (!status)
        status = draw_run(&plot, error);
    pm_plot_end();
    json_decref(summary);
    return status;
}

static const pm_operand operands[] = {{"DIR", offsetof(options, folders), MOST_FOLDERS, "which folder?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_NUMBER, "from", 'f', "MS",
     "begin of the part of a run to draw (default 0); its pictures are named after it",
     .target = offsetof(options, from), .least = 0.0, .most = 1e15},
    {PM_OPTION_NUMBER, "to", 't', "MS", "its end (default: the end of the run)", .target = offsetof(options, to),
     .least = 0.0, .most = 1e15},
    {PM_OPTION_TEXT, "output", 'o', "DIR",
     "pictures into DIR; several folders of 'punctum train' become one picture with a curve each",
     .target = offsetof(options, output)},
    {0},
};

static const pm_call call = {
    "plot",
    "Draw what 'punctum run', 'train', 'test' or 'validate' left in DIR, as SVG and PNG, with gnuplot.",
    operands,
    list,
    "Of a run: the spikes of the recorded populations with their rates (raster), and the recorded membrane "
    "potentials with thresholds and currents (potential-POPULATION). Of training: correlation and converged trials "
    "over iterations "
    "(learning), and for each kept trial its output spikes in the course of training (outputs) and the spikes "
    "of all layers before and after. Of a trained classifier: errors and loss over epochs (learning), confusion "
    "matrix (confusion), spikes of the first test examples (raster), times of first spikes (latency), hidden "
    "weights as pictures (weights). Of a validation: the errors of time-stepped schemes (validation).",
    (const char *const[]){"punctum plot results", "punctum plot results --from 100 --to 150 -o pictures",
                          "punctum plot layers-1 layers-2 layers-3 -o comparison", NULL},
    NULL};

static void check(options *o) {
    while (o->n_folders < MOST_FOLDERS && o->folders[o->n_folders])
        o->n_folders++;
    if (o->from >= o->to)
        pm_call_refuse(&call, "--from must be before --to");
}

static int run(int argc, char **argv) {
    options o = {.from = NAN, .to = NAN};
    pm_error error = {0};
    pm_status status = PM_OK;
    pm_call_read(&call, argc, argv, &o);
    check(&o);
    pm_watch_signals(pm_picture_stop);
    if (o.output && o.n_folders > 1)
        status = pm_plot_comparison(o.folders, (size_t)o.n_folders, o.output, &error);
    for (int k = 0; !status && (!o.output || o.n_folders == 1) && k < o.n_folders; k++)
        status = draw_folder(&o, o.folders[k], &error);
    if (pm_plot_starved())
        status = pm_fail_memory(&error, "all pictures");
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_plot = {"plot", "draw what lies in a folder of results", run};
