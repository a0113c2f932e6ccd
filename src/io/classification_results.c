/* Tables of a trained classifier, each made by one pass over what it is about. */
#define _GNU_SOURCE
#include "io/classification_results.h"

#include "io/classification_file.h"
#include "io/output.h"
#include "io/summary.h"

#include <punctum/punctum.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char LEARNING[] = "learning.dat";

static double percent(const pm_score *s) { return s->n ? 100.0 * (double)s->correct / (double)s->n : NAN; }

static pm_status write_learning_curve(pm_output *out, const pm_epoch *epochs, size_t n, pm_error *error) {
    pm_status status = pm_output_write(out, error,
                                       "# epoch train_loss train_percent validation_loss validation_percent rate "
                                       "spikes_per_example cpu_seconds\n");
    for (size_t k = 0; !status && k < n; k++) {
        const pm_epoch *e = &epochs[k];
        status = pm_output_write(out, error, "%zu %.17g %.17g %.17g %.17g %.17g %.17g %.3f\n", k + 1, e->train.loss,
                                 percent(&e->train), e->validation.n ? e->validation.loss : NAN,
                                 percent(&e->validation), e->rate, e->train.spikes, e->cpu_seconds);
    }
    return pm_output_close(out, status, error);
}

pm_status pm_learning_curve_write(const char *folder, const pm_epoch *epochs, size_t n, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open(&out, folder, LEARNING, error);
    return status ? status : write_learning_curve(&out, epochs, n, error);
}

pm_status pm_confusion_write(pm_results *to, const uint32_t *confusion, size_t n, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open_in(&out, to, "confusion.dat", error);
    if (!status)
        status = pm_output_write(&out, error, "# test examples; a row per label, a column per decision\n");
    for (size_t k = 0; !status && k < n * n; k++)
        status = pm_output_write(&out, error, "%u%s", confusion[k], (k + 1) % n == 0 ? "\n" : " ");
    return pm_output_close(&out, status, error);
}

/* A file of `rows` times `columns` numbers, of which number i of row j is numbers[i * stride + j]. */
static pm_status write_table(pm_results *to, const char *name, const char *head, const double *numbers, size_t rows,
                             size_t columns, size_t stride, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open_in(&out, to, name, error);
    if (!status)
        status = pm_output_write(&out, error, "# %s\n", head);
    for (size_t j = 0; !status && j < rows; j++)
        for (size_t i = 0; !status && i < columns; i++)
            status = pm_output_write(&out, error, "%.17g%s", numbers[i * stride + j], i + 1 == columns ? "\n" : " ");
    return pm_output_close(&out, status, error);
}

static pm_status write_weights(pm_results *to, const pm_classifier *net, size_t l, pm_error *error) {
    char name[48];
    snprintf(name, sizeof name, "weights-%zu.dat", l + 1);
    return write_table(to, name, "pA; a row per target, a column per source", net->weight[l], net->sizes[l + 1],
                       net->sizes[l], net->strides[l], error);
}

/* Of a model of its own: for each layer the weights and, in a file "neurons-<layer>.dat", a number of each neuron. */
static pm_status write_model(pm_results *to, const pm_class_results *r, pm_error *error) {
    const pm_classification *c = r->experiment;
    size_t n = 0, n_in = r->test->n_features;
    const double *w = pm_class_trainer_array(r->trainer, 0, &n);
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l < c->n_layers; l++) {
        size_t n_out = c->layers[l].size;
        char name[48];
        snprintf(name, sizeof name, "weights-%zu.dat", l + 1);
        status = write_table(to, name, "a row per target, a column per source", w, n_out, n_in, n_out, error);
        snprintf(name, sizeof name, "neurons-%zu.dat", l + 1);
        if (!status)
            status = write_table(to, name, c->model->of_neuron, w + n_in * n_out, n_out, 1, n_out, error);
        w += (n_in + 1) * n_out;
        n_in = n_out;
    }
    return status;
}

/* --- latencies and rasters ---------------------------------------------------------------------------------------- */

enum { BINS = 120, LATENCY_EXAMPLES = 1000, RASTER_EXAMPLES = 3 };

typedef struct looks {
    const pm_class_results *of;
    pm_lane lane;
    size_t n, populations; /* examples to look at; layers whose spikes are known, the input included */
    uint64_t *bins;        /* populations x BINS: first spikes */
    bool *fired;           /* of the neurons of one population */
    pm_output raster;
} looks;

/* Spikes of one population for one example. */
static pm_status look_at(looks *v, size_t l, size_t example, pm_error *error) {
    const pm_raster *spikes = &v->lane.net.rasters[l];
    const pm_classifier *net = v->lane.of;
    memset(v->fired, 0, net->sizes[l] * sizeof *v->fired);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < spikes->n; k++) {
        double t = spikes->time[k];
        size_t bin = (size_t)(t / net->duration * BINS);
        if (!v->fired[spikes->neuron[k]])
            v->bins[l * BINS + (bin < BINS ? bin : BINS - 1)]++;
        v->fired[spikes->neuron[k]] = true;
        if (example < RASTER_EXAMPLES)
            status = pm_output_write(&v->raster, error, "%zu %zu %u %.17g\n", example, l, spikes->neuron[k], t);
    }
    return status;
}

static pm_status look(looks *v, pm_results *to, pm_error *error) {
    const pm_classification *c = v->of->experiment;
    pm_status status = pm_output_open_in(&v->raster, to, "raster.dat", error);
    if (!status)
        status = pm_output_write(&v->raster, error, "# test_example layer neuron time_ms (layer 0: input)\n");
    for (size_t k = 0; !status && k < v->n; k++) {
        status = pm_encode(&c->coding, &(pm_presentation){v->of->test, k, c->seed, k}, &v->lane.net.rasters[0], error);
        if (!status)
            status = pm_lane_run(&v->lane, NULL, error);
        for (size_t l = 0; !status && l < v->populations; l++)
            status = look_at(v, l, k, error);
    }
    return pm_output_close(&v->raster, status, error);
}

static pm_status write_latencies(const looks *v, pm_results *to, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open_in(&out, to, "latency.dat", error);
    if (!status)
        status =
            pm_output_write(&out, error, "# first spikes per example: middle of the bin in ms, a column per layer\n");
    for (size_t b = 0; !status && b < BINS; b++) {
        status = pm_output_write(&out, error, "%.17g", ((double)b + 0.5) * v->of->experiment->duration / BINS);
        for (size_t l = 0; !status && l < v->populations; l++)
            status = pm_output_write(&out, error, " %.17g", (double)v->bins[l * BINS + b] / (double)v->n);
        if (!status)
            status = pm_output_write(&out, error, "\n");
    }
    return pm_output_close(&out, status, error);
}

static pm_status write_looks(pm_results *to, const pm_class_results *r, const pm_classifier *net, pm_error *error) {
    looks v = {.of = r, .n = r->test->n < LATENCY_EXAMPLES ? r->test->n : LATENCY_EXAMPLES};
    size_t widest = 1;
    for (size_t l = 0; l <= net->n_layers; l++)
        widest = net->sizes[l] > widest ? net->sizes[l] : widest;
    pm_status status = pm_lane_new(&v.lane, net, error);
    if (!status) {
        v.populations = v.lane.net.n_layers + 1;
        v.bins = calloc(v.populations * BINS, sizeof *v.bins);
        v.fired = malloc(widest * sizeof *v.fired);
        status = v.bins && v.fired ? look(&v, to, error) : pm_fail_memory(error, "histograms");
    }
    if (!status)
        status = write_latencies(&v, to, error);
    free(v.bins);
    free(v.fired);
    pm_lane_free(&v.lane);
    return status;
}

/* --- summary ------------------------------------------------------------------------------------------------------ */

json_t *pm_score_json(const pm_score *s) {
    return s->n == 0 ? json_null()
                     : json_pack("{s:I, s:I, s:f, s:f, s:f, s:f}", "examples", (json_int_t)s->n, "correct",
                                 (json_int_t)s->correct, "percent", percent(s), "loss", s->loss, "spikes_per_example",
                                 s->spikes, "input_spikes_per_example", s->input);
}

static pm_status write_summary(pm_results *to, const pm_class_results *r, pm_error *error) {
    json_t *epochs = json_array();
    double seconds = 0.0;
    for (size_t k = 0; k < r->n_epochs; k++) {
        const pm_epoch *e = &r->epochs[k];
        pm_json_append(&epochs, json_pack("{s:I, s:o, s:o, s:f, s:f}", "epoch", (json_int_t)k + 1, "train",
                                          pm_score_json(&e->train), "validation", pm_score_json(&e->validation),
                                          "rate", e->rate, "cpu_seconds", e->cpu_seconds));
        seconds += e->cpu_seconds;
    }
    errno = 0;
    char *path = realpath(r->file, NULL);
    if (!path && errno == ENOMEM) {
        json_decref(epochs);
        return pm_fail_memory(error, "summary.json");
    }
    json_t *summary = json_pack(
        "{s:s, s:s, s:s, s:I, s:f, s:o, s:o, s:o}", "version", PM_VERSION, "command", "train (classification)", "file",
        path ? path : r->file, "seed", (json_int_t)r->experiment->seed, "training_cpu_seconds", seconds, "test",
        pm_score_json(&r->score), "experiment", pm_classification_json(r->experiment), "epochs", epochs);
    free(path);
    if (!r->experiment->model) {
        json_t *labels = json_array();
        for (size_t k = 0; k < RASTER_EXAMPLES && k < r->test->n; k++)
            pm_json_append(&labels, json_integer(r->test->label[k]));
        pm_json_set(&summary, "raster_labels", labels);
    }
    pm_status status = pm_results_commit(to, summary, error);
    json_decref(summary);
    return status;
}

pm_status pm_class_results_write(pm_results *to, const pm_class_results *r, pm_error *error) {
    pm_output curve = {0};
    pm_status status = r->n_epochs > 0 ? pm_results_add(to, PM_CLASS_CHECKPOINT, error) : PM_OK;
    if (!status)
        status = pm_output_open_in(&curve, to, LEARNING, error);
    if (!status)
        status = write_learning_curve(&curve, r->epochs, r->n_epochs, error);
    if (!status)
        status = pm_confusion_write(to, r->confusion, r->test->n_classes, error);
    if (!status && r->experiment->model)
        status = write_model(to, r, error);
    if (status || r->experiment->model)
        return status ? status : write_summary(to, r, error);
    const pm_classifier *net = pm_class_trainer_tested(r->trainer);
    for (size_t l = 0; !status && l < net->n_layers; l++)
        status = write_weights(to, net, l, error);
    if (!status)
        status = write_looks(to, r, net, error);
    return status ? status : write_summary(to, r, error);
}
