/* Pictures of trained classifiers: a row of a table per picture, with the file it is drawn from. Not every model leaves
 * every file; a picture whose file is absent is left out. */
#define _GNU_SOURCE
#include "cli/plot_classification.h"

#include "cli/gnuplot.h"
#include "cli/plot_results.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder, and what the pictures share. */
typedef struct scene {
    const pm_plot *plot;
    const json_t *experiment, *layers;
    const json_t *populations; /* of a network file, the input first; NULL: layers */
    size_t n_inputs; /* a bias included; 0: not known */
    bool bias;
} scene;

static double number_of(const json_t *map, const char *key) { return json_number_value(json_object_get(map, key)); }

static bool is_word(const json_t *map, const char *key, const char *word) {
    const char *text = json_string_value(json_object_get(map, key));
    return text && strcmp(text, word) == 0;
}

size_t pm_count_columns(const char *path) {
    FILE *file = pm_plot_open(path);
    char *line = NULL;
    size_t room = 0, n = 0;
    while (file && n == 0 && getline(&line, &room, file) > 0) {
        bool between = true;
        for (const char *c = line; *c && line[0] != '#'; c++) {
            n += between && !isspace((unsigned char)*c);
            between = isspace((unsigned char)*c);
        }
    }
    free(line);
    if (file)
        (void)fclose(file);
    return n;
}

/* Neurons of a layer; 0 is the input. */
static double size_of(const scene *s, size_t layer) {
    if (s->populations)
        return number_of(json_array_get(s->populations, layer), "size");
    const json_t *entry = layer == 0 ? NULL : json_array_get(s->layers, layer - 1);
    return layer == 0              ? (double)s->n_inputs
           : json_is_object(entry) ? number_of(entry, "size")
                                   : json_number_value(entry);
}

static void set_names(pm_picture *picture, const scene *s, size_t n) {
    size_t last = json_array_size(s->layers);
    char name[32];
    pm_picture_number(picture, "n_layers", 0, (double)n);
    for (size_t l = 0; l < n; l++) {
        snprintf(name, sizeof name, last > 2 ? "hidden %zu" : "hidden", l);
        const char *given = json_string_value(json_object_get(json_array_get(s->populations, l), "name"));
        pm_picture_text(picture, "name", l + 1, given ? given : l == 0 ? "input" : l == last ? "output" : name);
    }
    pm_picture_number(picture, "duration", 0, number_of(s->experiment, "duration"));
}

/* --- what the scripts want to know; false: the picture makes no sense -----------------------------------------------
 */

static bool set_learning(pm_picture *picture, const scene *s, const char *path) {
    const json_t *test = json_object_get(s->plot->summary, "test");
    (void)path;
    if (json_is_object(test)) {
        pm_picture_number(picture, "test_percent", 0, number_of(test, "percent"));
        pm_picture_number(picture, "test_loss", 0, number_of(test, "loss"));
        pm_picture_number(picture, "test_spikes", 0, number_of(test, "spikes_per_example"));
    }
    return true;
}

static bool set_confusion(pm_picture *picture, const scene *s, const char *path) {
    (void)picture;
    (void)s;
    return pm_count_columns(path) > 0;
}

static bool set_latency(pm_picture *picture, const scene *s, const char *path) {
    size_t n = pm_count_columns(path);
    if (n > 1)
        set_names(picture, s, n - 1);
    return n > 1;
}

/* The highest numbers of an example and of a layer in raster.dat; false: there is no spike. */
static bool highest_numbers(const char *path, size_t *example, size_t *layer) {
    FILE *file = pm_plot_open(path);
    char line[256];
    bool found = false;
    while (file && fgets(line, sizeof line, file)) {
        char *rest = line;
        size_t values[2] = {0, 0};
        if (line[0] == '#')
            continue;
        for (size_t k = 0; k < 2; k++)
            values[k] = strtoul(rest, &rest, 10);
        *example = values[0] > *example ? values[0] : *example;
        *layer = values[1] > *layer ? values[1] : *layer;
        found = true;
    }
    if (file)
        (void)fclose(file);
    return found;
}

static bool set_raster(pm_picture *picture, const scene *s, const char *path) {
    const json_t *labels = json_object_get(s->plot->summary, "raster_labels");
    size_t example = 0, layer = 0;
    char text[64];
    const size_t most = s->populations ? json_array_size(s->populations) - 1 : json_array_size(s->layers);
    if ((!s->populations && s->n_inputs == 0) || most == 0 || !highest_numbers(path, &example, &layer) || example > 8 ||
        layer > most)
        return false;
    /* Layers that happen to be silent are drawn too; only a readout that decides by first spikes fires. */
    size_t firing = s->populations ? most : most - !is_word(s->experiment, "loss", "first_spike");
    layer = firing > layer ? firing : layer;
    set_names(picture, s, layer + 1);
    for (size_t l = 0; l <= layer; l++)
        pm_picture_number(picture, "size", l + 1, size_of(s, l));
    snprintf(text, sizeof text, s->bias ? "%zu and a bias" : "%zu inputs", s->n_inputs - s->bias);
    if (!s->populations)
        pm_picture_text(picture, "note", 1, text);
    pm_picture_number(picture, "n_examples", 0, (double)(example + 1));
    for (size_t k = 0; k <= example; k++) {
        const json_t *label = json_array_get(labels, k);
        int n = snprintf(text, sizeof text, "Test example %zu", k);
        if (label)
            snprintf(text + n, sizeof text - (size_t)n, ", label %lld", (long long)json_integer_value(label));
        pm_picture_text(picture, "title", k + 1, text);
    }
    return true;
}

/* The weights of a square picture's pixels. */
static bool set_weights(pm_picture *picture, const scene *s, const char *path) {
    size_t pixels = s->n_inputs - s->bias, side = 1;
    (void)path;
    while (side * side < pixels)
        side++;
    if (!is_word(json_object_get(s->experiment, "data"), "kind", "idx") || s->n_inputs == 0 || side * side != pixels)
        return false;
    pm_picture_number(picture, "side", 0, (double)side);
    pm_picture_text(picture, "unit", 0, json_object_get(s->experiment, "model") ? "" : "pA");
    return true;
}

static const struct {
    const char *name, *file, *script;
    bool (*set)(pm_picture *picture, const scene *scene, const char *path);
} pictures[] = {
    {"learning", "learning.dat", "epochs.gp", set_learning},
    {"confusion", "confusion.dat", "confusion.gp", set_confusion},
    {"raster", "raster.dat", "examples.gp", set_raster},
    {"latency", "latency.dat", "latency.gp", set_latency},
    {"weights", "weights-1.dat", "weights.gp", set_weights},
};
enum { PICTURES = sizeof pictures / sizeof *pictures };

/* One picture, if its file is there; *drawn counts them. */
static pm_status draw(const scene *s, size_t k, size_t *drawn, pm_error *error) {
    pm_picture picture;
    char *path = NULL;
    if (asprintf(&path, "%s/%s", s->plot->folder, pictures[k].file) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = PM_OK;
    if (pm_plot_has(path)) {
        status = pm_picture_begin(&picture, s->plot->output, pictures[k].name, error);
        if (!status && pictures[k].set(&picture, s, path)) {
            ++*drawn;
            status = pm_picture_file(&picture, "file", 0, path, error);
            status = pm_picture_draw(&picture, status, pictures[k].script, error);
        } else if (!status) {
            pm_picture_abandon(&picture);
        }
    }
    free(path);
    return status;
}

pm_status pm_plot_classification(const pm_plot *plot, pm_error *error) {
    const json_t *experiment = json_object_get(plot->summary, "experiment");
    const json_t *bias = json_object_get(json_object_get(experiment, "coding"), "bias");
    scene s = {.plot = plot,
               .experiment = experiment,
               .layers = json_object_get(experiment, "layers"),
               .populations = json_object_get(experiment, "populations"),
               .bias = json_is_number(bias)};
    char *path = NULL;
    size_t drawn = 0;
    if (asprintf(&path, "%s/weights-1.dat", plot->folder) < 0)
        return pm_fail_memory(error, "a path");
    s.n_inputs = pm_count_columns(path);
    free(path);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < PICTURES; k++)
        status = draw(&s, k, &drawn, error);
    if (!status && drawn == 0)
        status = pm_fail(error, PM_INVALID,
                         "%s: none of the files is there that 'punctum train' leaves of a classifier", plot->folder);
    return status;
}
