/* Tables of a trained classifier. What stands in them comes from the trainer and the looks at its network; nothing is
 * run here. */
#define _GNU_SOURCE
#include "io/classification_results.h"

#include "io/classification_file.h"
#include "io/output.h"
#include "io/summary.h"
#include "io/weights_file.h"

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

static pm_status write_table(pm_results *to, const pm_class_table *t, pm_error *error) {
    char name[sizeof t->name + 4];
    pm_output out = {0};
    snprintf(name, sizeof name, "%s.dat", t->name);
    pm_status status = pm_output_open_in(&out, to, name, error);
    if (!status)
        status = pm_output_write(&out, error, "# %s\n", t->head);
    for (size_t j = 0; !status && j < t->rows; j++)
        for (size_t i = 0; !status && i < t->columns; i++)
            status = pm_output_write(&out, error, "%.17g%s", t->numbers[i * t->stride + j],
                                     i + 1 == t->columns ? "\n" : " ");
    return pm_output_close(&out, status, error);
}

/* --- latencies and rasters ---------------------------------------------------------------------------------------- */

static pm_status write_weights(pm_results *to, const pm_class_trainer *trainer, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_in(&output, to, "weights", error);
    if (!status)
        status = pm_class_weights_write(&output, trainer, PM_WEIGHTS_BINARY, error);
    return pm_output_close(&output, status, error);
}

static pm_status write_raster(pm_results *to, const pm_class_looks *looks, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open_in(&out, to, "raster.dat", error);
    if (!status)
        status = pm_output_write(&out, error, "# test_example layer neuron time_ms (layer 0: input)\n");
    for (size_t k = 0; !status && k < looks->spikes.count; k++) {
        const pm_class_spike *s = &looks->spikes.items[k];
        status = pm_output_write(&out, error, "%u %u %u %.17g\n", s->example, s->population, s->neuron, s->time);
    }
    return pm_output_close(&out, status, error);
}

static pm_status write_latencies(pm_results *to, const pm_class_looks *looks, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open_in(&out, to, "latency.dat", error);
    if (!status)
        status =
            pm_output_write(&out, error, "# first spikes per example: middle of the bin in ms, a column per layer\n");
    for (size_t b = 0; !status && b < PM_LOOK_BINS; b++) {
        status = pm_output_write(&out, error, "%.17g", ((double)b + 0.5) * looks->duration / PM_LOOK_BINS);
        for (size_t l = 0; !status && l < looks->populations; l++)
            status = pm_output_write(&out, error, " %.17g",
                                     (double)looks->bins[l * PM_LOOK_BINS + b] / (double)looks->examples);
        if (!status)
            status = pm_output_write(&out, error, "\n");
    }
    return pm_output_close(&out, status, error);
}

/* --- summary ------------------------------------------------------------------------------------------------------ */

json_t *pm_score_json(const pm_score *s) {
    return s->n == 0 ? json_null()
                     : json_pack("{s:I, s:I, s:f, s:f, s:f, s:f}", "examples", (json_int_t)s->n, "correct",
                                 (json_int_t)s->correct, "percent", percent(s), "loss", s->loss, "spikes_per_example",
                                 s->spikes, "input_spikes_per_example", s->input);
}

/* Sizes of convolutions, which the experiment does not say. */
static json_t *populations_json(const pm_class_results *r) {
    json_t *list = json_array();
    for (size_t l = 0; l < r->looks->populations; l++)
        pm_json_append(&list, json_pack("{s:I}", "size", (json_int_t)r->looks->sizes[l]));
    return list;
}

static json_t *experiment_json(const pm_class_results *r) {
    json_t *map = pm_classification_json(r->experiment);
    bool convolved = false;
    for (size_t l = 0; l < r->experiment->n_layers; l++)
        convolved = convolved || r->experiment->layers[l].convolved;
    if (convolved)
        pm_json_set(&map, "populations", populations_json(r));
    return map;
}

static pm_status write_summary(pm_results *to, const pm_class_results *r, pm_error *error) {
    json_t *epochs = json_array();
    double seconds = 0.0;
    for (size_t k = 0; k < r->n_epochs; k++) {
        const pm_epoch *e = &r->epochs[k];
        pm_json_append(&epochs, json_pack("{s:I, s:o, s:o, s:f, s:f}", "epoch", (json_int_t)k + 1, "train",
                                          pm_score_json(&e->train), "validation", pm_score_json(&e->validation), "rate",
                                          e->rate, "cpu_seconds", e->cpu_seconds));
        seconds += e->cpu_seconds;
    }
    errno = 0;
    char *path = realpath(r->experiment->file, NULL);
    if (!path && errno == ENOMEM) {
        json_decref(epochs);
        return pm_fail_memory(error, "summary.json");
    }
    json_t *summary = json_pack(
        "{s:s, s:s, s:s, s:I, s:f, s:o, s:o, s:o}", "version", PM_VERSION, "command", "train (classification)", "file",
        path ? path : r->experiment->file, "seed", (json_int_t)r->experiment->seed, "training_cpu_seconds", seconds,
        "test", pm_score_json(&r->score), "experiment", experiment_json(r), "epochs", epochs);
    free(path);
    if (r->looks->populations > 0) {
        json_t *labels = json_array();
        for (size_t k = 0; k < PM_LOOK_SHOWN && k < r->test->n; k++)
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
    pm_class_table table;
    for (size_t k = 0; !status && pm_class_trainer_table(r->trainer, k, &table); k++)
        status = write_table(to, &table, error);
    if (!status && r->n_epochs > 0 && pm_class_trainer_layered(r->trainer))
        status = write_weights(to, r->trainer, error);
    if (!status && r->looks->populations > 0)
        status = write_raster(to, r->looks, error);
    if (!status && r->looks->populations > 0)
        status = write_latencies(to, r->looks, error);
    return status ? status : write_summary(to, r, error);
}
