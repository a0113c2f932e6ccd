/* Experiments in classification as JSON, and their checkpoints: the trainer's counters, the epochs so far, and its
 * arrays are the parts. */
#define _GNU_SOURCE
#include "io/classification_file.h"
#include "base/random.h"
#include "io/checkpoint.h"
#include "io/network_experiment.h"
#include "io/output.h"
#include "io/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- configuration ------------------------------------------------------------------------------------------------ */

static json_t *kind_json(const pm_kind *kind, const void *parameters) {
    json_t *map = json_object();
    pm_kind_json(&map, kind, parameters);
    return map;
}

static json_t *delays_json(const pm_classification_delays *delays) {
    json_t *map = json_object();
    pm_json_set(&map, "initial", pm_distribution_json(&delays->initial));
    pm_kind_json(&map, &pm_classification_delay, delays);
    return map;
}

static json_t *layers_json(const pm_classification *c) {
    json_t *layers = json_array();
    for (size_t l = 0; l < c->n_layers; l++) {
        const pm_classification_layer *layer = &c->layers[l];
        json_t *map = json_object();
        if (layer->convolved)
            pm_json_set(&map, "convolution", kind_json(&pm_classification_convolution, &layer->convolution));
        else
            pm_json_set(&map, "size", json_integer((json_int_t)layer->size));
        pm_json_update(&map, json_pack("{s:f, s:f}", "mean", layer->mean, "std", layer->std));
        pm_kind_json(&map, &pm_classification_layers, layer);
        if (layer->delays.given)
            pm_json_set(&map, "delays", delays_json(&layer->delays));
        if (layer->learns_V_th)
            pm_json_set(&map, "parameters",
                        json_pack("{s:o}", "V_th", kind_json(&pm_learnt_parameters, &layer->V_th)));
        if (layer->divided)
            pm_json_set(&map, "receptor", pm_sources_json(c->receptors, layer->sources, c->n_receptors));
        pm_json_append(&layers, map);
    }
    return layers;
}

static json_t *data_json(const pm_classification *c) {
    static const char *const kinds[] = {"idx", "yin_yang", "nmnist", "given", "examples"};
    json_t *data = json_pack("{s:s, s:I}", "kind", c->data == PM_DATA_TASK ? c->task->head.name : kinds[c->data],
                             "classes", (json_int_t)c->n_classes);
    if (c->data == PM_DATA_TASK)
        pm_kind_json(&data, &c->task->head, c->task_parameters);
    if (c->data == PM_DATA_EXAMPLES)
        pm_json_update(&data,
                       json_pack("{s:s, s:s}", "recordings", c->recordings, "test_recordings", c->test_recordings));
    pm_kind_json(&data, &pm_classification_sets, c);
    if (c->data == PM_DATA_IDX)
        pm_json_update(&data, json_pack("{s:s, s:s, s:s, s:s}", "images", c->images, "labels", c->labels, "test_images",
                                        c->test_images, "test_labels", c->test_labels));
    if (c->published)
        pm_json_set(&data, "seeds",
                    json_pack("[I, I, I]", (json_int_t)c->seeds[0], (json_int_t)c->seeds[1], (json_int_t)c->seeds[2]));
    if (c->data == PM_DATA_NMNIST)
        pm_json_update(&data, json_pack("{s:s, s:s, s:[f, f], s:I}", "recordings", c->recordings, "test_recordings",
                                        c->test_recordings, "window", c->window[0], c->window[1], "most_events",
                                        (json_int_t)c->most_events));
    if (pm_deformation_any(&c->deform))
        pm_json_set(&data, "deform", kind_json(&pm_deformation_kind, &c->deform));
    return data;
}

static json_t *named_json(const pm_kind *kind, const void *parameters) {
    json_t *map = json_pack("{s:s}", "name", kind->name);
    pm_kind_json(&map, kind, parameters);
    return map;
}

/* Whether a field is a key of a list, or in a map that is one. */
static bool is_among(const pm_field *field, const char *const *keys) {
    size_t length = strcspn(field->name, ".");
    for (size_t k = 0; keys[k]; k++)
        if (strlen(keys[k]) == length && strncmp(keys[k], field->name, length) == 0)
            return true;
    return false;
}

/* How weights change; of a model of its own, what applies to it. The optimiser stands before the rate. */
static void learning_json(json_t **map, const pm_classification *c) {
    const pm_kind *kind = &pm_classification_learning;
    for (size_t k = 0; k < kind->n_fields; k++) {
        if (c->model && !is_among(&kind->fields[k], pm_class_model_keys))
            continue;
        if (strcmp(kind->fields[k].name, "rate") == 0)
            pm_json_set(map, "optimiser", named_json(&c->optimiser->head, c->optimiser_parameters));
        pm_field_json(map, &kind->fields[k], c);
    }
    /* marks of checkpoints do not name what did not use to be there */
    if (c->model && c->average <= 0.0)
        json_object_del(*map, "average");
    if (c->keep <= 0.0)
        json_object_del(*map, "keep");
    if (c->judge <= 0.0)
        json_object_del(*map, "judge");
    if (c->candidates <= 1) {
        json_object_del(*map, "candidates_networks");
        json_object_del(*map, "candidates_epochs");
    }
}

/* A model of its own: what applies to it. */
static json_t *model_json(const pm_classification *c) {
    json_t *sizes = json_array();
    for (size_t l = 0; l < c->n_layers; l++)
        pm_json_append(&sizes, json_integer((json_int_t)c->layers[l].size));
    json_t *map = json_pack("{s:I, s:o, s:o, s:o}", "seed", (json_int_t)c->seed, "model",
                            named_json(&c->model->head, c->model_parameters), "data", data_json(c), "layers", sizes);
    learning_json(&map, c);
    return map;
}

/* Parameters that stand in every summary, with what stands there for codes and losses that do not have them: what
 * reads summaries, and checkpoints' marks, count on them. */
typedef struct always {
    const char *name;
    double value;
} always;
static const always of_codes[] = {{"threshold", 0.0}, {"from", 0.0}, {"to", 10.0}, {"rate", 100.0}, {0}};
static const always of_losses[] = {{"scale", 1.0}, {0}};

static void always_json(json_t **map, const always *list, const pm_kind *kind, const void *parameters) {
    for (; list->name; list++) {
        const pm_field *field = pm_kind_field(kind, list->name);
        pm_json_set(map, list->name, json_real(field ? pm_field_value(field, parameters) : list->value));
    }
}

/* All other parameters. */
static void others_json(json_t **map, const always *list, const pm_kind *kind, const void *parameters) {
    for (size_t k = 0; k < kind->n_fields; k++) {
        const always *found = list;
        while (found->name && strcmp(found->name, kind->fields[k].name) != 0)
            found++;
        if (!found->name)
            pm_field_json(map, &kind->fields[k], parameters);
    }
}

static json_t *coding_json(const pm_classification *c) {
    const pm_kind *code = &c->coding.code->head, *input = &pm_classification_input;
    json_t *map = json_pack("{s:s}", "kind", code->name);
    always_json(&map, of_codes, code, c->coding.parameters);
    for (size_t k = 0; k < input->n_fields; k++) {
        const bool last = k + 1 == input->n_fields;
        if (last)
            others_json(&map, of_codes, code, c->coding.parameters);
        if (!last || pm_field_value(&input->fields[k], c) > 0.0)
            pm_field_json(&map, &input->fields[k], c);
    }
    return map;
}

static json_t *desired_json(const pm_classification *c) {
    json_t *desired = json_array();
    for (size_t s = 0; s < c->n_desired; s++)
        pm_json_append(&desired, json_real(c->desired[s]));
    return desired;
}

/* A network of a network file. */
static json_t *network_json(const pm_classification *c) {
    json_t *learn = json_array(), *loss = named_json(&c->network_loss->head, c->network_loss_parameters);
    for (size_t k = 0; k < c->n_learnt; k++)
        pm_json_append(&learn, pm_learnt_json(&c->learnt[k]));
    char mark[20];
    snprintf(mark, sizeof mark, "%016llx", (unsigned long long)c->network_mark);
    json_t *map =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "network", c->network, "network_mark", mark, "input",
                  (json_int_t)c->input, "output", (json_int_t)c->output, "seed", (json_int_t)c->seed, "data",
                  data_json(c), "coding", coding_json(c), "learn", learn, "loss", loss);
    learning_json(&map, c);
    json_t *populations = json_array();
    for (size_t k = 0; k < c->n_populations; k++)
        pm_json_append(&populations, json_pack("{s:s, s:I}", "name", c->populations[k].name, "size",
                                               (json_int_t)c->populations[k].size));
    pm_json_set(&map, "populations", populations);
    pm_json_set(&map, "duration", json_real(c->duration));
    return map;
}

json_t *pm_classification_json(const pm_classification *c) {
    if (c->network)
        return network_json(c);
    if (c->model)
        return model_json(c);
    json_t *activity = json_object();
    json_t *map =
        json_pack("{s:f, s:I, s:o, s:o, s:o, s:o, s:o, s:s}", "duration", c->duration, "seed", (json_int_t)c->seed,
                  "neuron", pm_neuron_json(&c->neuron), "readout", pm_neuron_json(&c->readout), "data", data_json(c),
                  "coding", coding_json(c), "layers", layers_json(c), "loss", c->loss->head.name);
    always_json(&map, of_losses, &c->loss->head, c->loss_parameters);
    if (c->n_receptors > 0)
        pm_json_set(&map, "receptors", pm_receptors_json(c->receptors, c->n_receptors));
    learning_json(&map, c);
    others_json(&map, of_losses, &c->loss->head, c->loss_parameters);
    if (c->loss->desired)
        pm_json_set(&map, "desired", desired_json(c));
    pm_kind_json(&activity, &pm_classification_activity, c);
    if (c->fade <= 0.0) /* likewise */
        json_object_del(activity, "fade");
    pm_json_set(&map, "activity", activity);
    return map;
}

pm_status pm_classification_mark(const pm_classification *c, uint64_t *mark, pm_error *error) {
    json_t *map = pm_classification_json(c);
    json_object_del(map, "epochs");
    json_object_del(map, "network"); /* its place; the mark of what is in it stays */
    json_t *data = json_object_get(map, "data");
    static const char *const places[] = {"images",      "labels",     "test_images",
                                         "test_labels", "recordings", "test_recordings"};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        json_object_del(data, places[k]);
    char *text = pm_json_text(map, JSON_SORT_KEYS);
    json_decref(map);
    if (!text)
        return pm_fail_memory(error, "the experiment");
    const char *const words[] = {text};
    *mark = pm_stream_key(0, words, 1);
    free(text);
    return PM_OK;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

pm_status pm_class_trainer_save(pm_class_trainer *t, const char *folder, const pm_epoch *epochs, pm_error *error) {
    uint64_t mark = 0;
    pm_status status = pm_classification_mark(pm_class_trainer_experiment(t), &mark, error);
    return status ? status : pm_class_checkpoint_write(folder, mark, t, epochs, error);
}

pm_status pm_class_trainer_restore(pm_class_trainer *t, const char *folder, pm_epoch **epochs, bool *found,
                                   pm_error *error) {
    uint64_t mark = 0;
    *epochs = NULL;
    pm_status status = pm_classification_mark(pm_class_trainer_experiment(t), &mark, error);
    return status ? status : pm_class_checkpoint_read(folder, mark, t, epochs, found, error);
}

enum { COUNTERS, EPOCHS, ARRAYS /* the first of them */ };

pm_status pm_class_checkpoint_write(const char *folder, uint64_t mark, pm_class_trainer *t, const pm_epoch *epochs,
                                    pm_error *error) {
    const uint64_t *counters = pm_class_trainer_counters(t);
    const uint32_t n = (uint32_t)pm_class_trainer_arrays(t);
    pm_part *parts = malloc((ARRAYS + n) * sizeof *parts);
    pm_output output = {0};
    if (!parts)
        return pm_fail_memory(error, "a checkpoint");
    parts[COUNTERS] = (pm_part){counters, 2 * sizeof *counters};
    parts[EPOCHS] = (pm_part){epochs, counters[0] * sizeof *epochs};
    for (uint32_t k = 0; k < n; k++) {
        size_t length = 0;
        const double *array = pm_class_trainer_array(t, k, &length);
        parts[ARRAYS + k] = (pm_part){array, length * sizeof *array};
    }
    pm_status status = pm_output_open(&output, folder, PM_CLASS_CHECKPOINT, error);
    if (!status)
        status = pm_checkpoint_write(&output, &pm_checkpoint_of_classifier, mark, parts, ARRAYS + n, error);
    free(parts);
    return status;
}

/* What was read may come from anywhere. */
static bool score_is_sound(const pm_score *s) {
    return s->correct <= s->n && isfinite(s->loss) && isfinite(s->spikes) && isfinite(s->input);
}

static bool epoch_is_sound(const pm_epoch *e) {
    return score_is_sound(&e->train) && score_is_sound(&e->validation) && isfinite(e->rate) && isfinite(e->cpu_seconds);
}

/* Whether the parts have the sizes that they must have for the trainer. */
static bool parts_fit(const pm_checkpoint *c, pm_class_trainer *t) {
    bool fit = c->n_parts == ARRAYS + pm_class_trainer_arrays(t) && c->sizes[COUNTERS] == 2 * sizeof(uint64_t);
    uint64_t counters[2] = {0, 0};
    if (fit)
        memcpy(counters, pm_checkpoint_part(c, COUNTERS), sizeof counters);
    fit = fit && counters[0] == c->sizes[EPOCHS] / sizeof(pm_epoch) && c->sizes[EPOCHS] % sizeof(pm_epoch) == 0;
    for (uint32_t k = ARRAYS; fit && k < c->n_parts; k++) {
        size_t n = 0;
        (void)pm_class_trainer_array(t, k - ARRAYS, &n);
        fit = c->sizes[k] == n * sizeof(double);
    }
    return fit;
}

static pm_status take_epochs(const pm_checkpoint *c, pm_epoch **epochs, pm_error *error) {
    const unsigned char *from = pm_checkpoint_part(c, EPOCHS);
    const size_t n = c->sizes[EPOCHS] / sizeof **epochs;
    *epochs = malloc(c->sizes[EPOCHS] + 1);
    if (!*epochs)
        return pm_fail_memory(error, "epochs");
    memcpy(*epochs, from, c->sizes[EPOCHS]);
    for (size_t k = 0; k < n; k++)
        if (!epoch_is_sound(*epochs + k))
            return pm_checkpoint_blame(c, from + k * sizeof **epochs, "no epoch can have come to this", error);
    return PM_OK;
}

static pm_status take_array(const pm_checkpoint *c, uint32_t part, pm_class_trainer *t, pm_error *error) {
    const unsigned char *from = pm_checkpoint_part(c, part);
    size_t n = 0;
    double *array = pm_class_trainer_array(t, part - ARRAYS, &n);
    memcpy(array, from, c->sizes[part]);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(array[k]))
            return pm_checkpoint_blame(c, from + k * sizeof *array, "this is not a finite number", error);
    return PM_OK;
}

static pm_status take(const pm_checkpoint *c, pm_class_trainer *t, pm_epoch **epochs, pm_error *error) {
    if (!parts_fit(c, t))
        return pm_checkpoint_blame(c, c->parts, "what is here has other sizes than the network", error);
    pm_status status = take_epochs(c, epochs, error);
    for (uint32_t k = ARRAYS; !status && k < c->n_parts; k++)
        status = take_array(c, k, t, error);
    if (!status)
        memcpy(pm_class_trainer_counters(t), pm_checkpoint_part(c, COUNTERS), c->sizes[COUNTERS]);
    return status;
}

pm_status pm_class_checkpoint_read(const char *folder, uint64_t mark, pm_class_trainer *t, pm_epoch **epochs,
                                   bool *found, pm_error *error) {
    const pm_checkpoint_kind *kind = &pm_checkpoint_of_classifier;
    pm_checkpoint c = {0};
    char *path = NULL;
    bool there = true;
    *epochs = NULL;
    if (asprintf(&path, "%s/" PM_CLASS_CHECKPOINT, folder) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = found ? pm_checkpoint_find(folder, PM_CLASS_CHECKPOINT, kind, mark, &c, &there, error)
                             : pm_checkpoint_read(path, kind, mark, &c, error);
    if (found)
        *found = there;
    if (!status && there)
        status = take(&c, t, epochs, error);
    if (status) {
        free(*epochs);
        *epochs = NULL;
    }
    pm_checkpoint_free(&c);
    free(path);
    return status;
}
