/* From an experiment file to an experiment in classification; the same manners as for network files. */
#include "io/classification_file.h"
#include "io/network_experiment.h"
#include "io/nmnist.h"
#include "io/tree.h"
#include "io/values.h"
#include "model/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number or a count that may be absent. */
static pm_status number(const pm_node *map, const char *key, const char *what, double *value, pm_error *error) {
    pm_node node = pm_map_find(map, key);
    return pm_node_exists(&node) ? pm_node_number(&node, what, value, error) : PM_OK;
}

static pm_status count(const pm_node *map, const char *key, const char *what, uint64_t least, size_t *value,
                       pm_error *error) {
    pm_node node = pm_map_find(map, key);
    uint64_t n = 0;
    if (!pm_node_exists(&node))
        return PM_OK;
    pm_status status = pm_node_count(&node, what, least, 1000000000, &n, error);
    if (!status)
        *value = (size_t)n;
    return status;
}

/* --- data --------------------------------------------------------------------------------------------------------- */

static pm_status read_path(const pm_node *map, const char *key, const char *what, char **path, pm_error *error) {
    pm_node node;
    const char *text = NULL;
    pm_status status = pm_map_get(map, key, &node, error);
    if (!status)
        status = pm_node_text(&node, what, &text, error);
    if (status)
        return status;
    *path = pm_tree_path(map->tree, text);
    return *path ? PM_OK : pm_fail_memory(error, "a path");
}

static pm_status read_idx(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"images", "labels", "test_images", "test_labels", "classes", NULL};
    static const char what[] = "the name of an IDX file";
    c->data = PM_DATA_IDX;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = read_path(map, "images", what, &c->images, error);
    if (!status)
        status = read_path(map, "labels", what, &c->labels, error);
    if (!status)
        status = read_path(map, "test_images", what, &c->test_images, error);
    if (!status)
        status = read_path(map, "test_labels", what, &c->test_labels, error);
    return status ? status : count(map, "classes", "a number of classes", 2, &c->n_classes, error);
}

/* "window: [from, to]" in ms, or "saccade: 1" */
static pm_status read_window(pm_classification *c, const pm_node *map, pm_error *error) {
    enum { SACCADES = 3 };
    static const double saccade = 100.0; /* ms */
    pm_node window = pm_map_find(map, "window"), which = pm_map_find(map, "saccade");
    if (pm_node_exists(&window) && pm_node_exists(&which))
        return pm_node_fail(&which, error, "give one of window and saccade");
    if (pm_node_exists(&which)) {
        uint64_t n = 0;
        pm_status status = pm_node_count(&which, "the number of a saccade", 1, SACCADES, &n, error);
        c->window[0] = saccade * ((double)n - 1.0);
        c->window[1] = saccade * (double)n;
        return status;
    }
    if (!pm_node_exists(&window))
        return PM_OK;
    pm_status status = pm_list_check(&window, 2, 2, "[from, to] in ms", error);
    for (size_t k = 0; !status && k < 2; k++) {
        pm_node item = pm_list_item(&window, k);
        status = pm_node_number(&item, "a time in ms", &c->window[k], error);
    }
    return status;
}

static pm_status read_nmnist(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"train", "test", "window", "saccade", "events_per_pixel", NULL};
    static const char what[] = "the name of a folder with a folder of event files per digit";
    c->data = PM_DATA_NMNIST;
    c->n_classes = PM_NMNIST_CLASSES;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = read_path(map, "train", what, &c->recordings, error);
    if (!status)
        status = read_path(map, "test", what, &c->test_recordings, error);
    if (!status)
        status = count(map, "events_per_pixel", "a number of events", 0, &c->most_events, error);
    return status ? status : read_window(c, map, error);
}

/* Examples that the calling program has. */
static pm_status read_given(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"classes", NULL};
    c->data = PM_DATA_GIVEN;
    pm_status status = pm_map_check(map, keys, error);
    return status ? status : count(map, "classes", "a number of classes", 2, &c->n_classes, error);
}

/* Files of examples: a network's, whose sizes they go by. */
static pm_status read_examples(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"train", "test", NULL};
    static const char what[] = "the name of a file of examples";
    c->data = PM_DATA_EXAMPLES;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = read_path(map, "train", what, &c->recordings, error);
    return status ? status : read_path(map, "test", what, &c->test_recordings, error);
}

/* A task whose examples are drawn. */
static pm_status read_task(pm_classification *c, const pm_node *map, const pm_kind *kind, pm_error *error) {
    c->data = PM_DATA_TASK;
    c->task = pm_task_of(kind);
    c->n_classes = c->task->classes;
    c->train = c->train == SIZE_MAX ? 1000 : c->train;
    c->test = c->test == SIZE_MAX ? 1000 : c->test;
    pm_kind_preset(kind, c->task_parameters);
    return pm_read_kind(map, kind, NULL, c->task_parameters, error);
}

static pm_status read_deformation(pm_classification *c, const pm_node *map, pm_error *error) {
    pm_status status = pm_read_kind(map, &pm_deformation_kind, NULL, &c->deform, error);
    if (!status && (c->data == PM_DATA_NMNIST || c->data == PM_DATA_YIN_YANG))
        return pm_node_fail(map, error, "%s are no pictures; only images in IDX files can be deformed",
                            c->data == PM_DATA_NMNIST ? "recordings of events" : "the examples of yin_yang");
    return status;
}

/* "yin_yang: {}", or "yin_yang: {seeds: [42, 41, 40]}" for the published generator. */
static pm_status read_yin_yang(pm_classification *c, const pm_node *map, pm_error *error) {
    enum { SETS = 3 };
    static const char *const keys[] = {"seeds", NULL};
    pm_status status = pm_map_check(map, keys, error);
    pm_node seeds = pm_map_find(map, "seeds");
    if (status || !pm_node_exists(&seeds))
        return status;
    c->published = true;
    status = pm_list_check(&seeds, SETS, SETS, "of three seeds: for training, validation, test", error);
    for (size_t k = 0; !status && k < SETS; k++) {
        uint64_t seed = 0;
        pm_node item = pm_list_item(&seeds, k);
        status = pm_node_count(&item, "a seed", 1, UINT32_MAX, &seed, error);
        c->seeds[k] = (uint32_t)seed;
    }
    return status;
}

static pm_status read_sets(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const sources[] = {"idx",         "yin_yang",     "nmnist", "given", "examples",
                                          "delayed_xor", "store_recall", "deform", NULL};
    pm_status status = pm_check_keys(map, &pm_classification_sets, sources, error);
    pm_node idx = pm_map_find(map, "idx"), yin_yang = pm_map_find(map, "yin_yang");
    pm_node nmnist = pm_map_find(map, "nmnist"), given = pm_map_find(map, "given");
    pm_node examples = pm_map_find(map, "examples"), task = {0};
    const pm_kind *kind = NULL;
    int sets = pm_node_exists(&idx) + pm_node_exists(&yin_yang) + pm_node_exists(&nmnist) + pm_node_exists(&given) +
               pm_node_exists(&examples);
    for (size_t k = 0; pm_tasks[k]; k++) {
        pm_node found = pm_map_find(map, pm_tasks[k]->name);
        sets += pm_node_exists(&found);
        kind = pm_node_exists(&found) ? pm_tasks[k] : kind;
        task = pm_node_exists(&found) ? found : task;
    }
    if (!status && sets != 1)
        return pm_node_fail(map, error,
                            "give one of idx, yin_yang, nmnist, given, examples, delayed_xor and store_recall");
    if (!status && !c->network && (kind || pm_node_exists(&examples)))
        return pm_node_fail(kind ? &task : &examples, error,
                            "these examples are for the network of a network file; give the key network");
    if (!status)
        status = pm_read_fields(map, &pm_classification_sets, c, error);
    if (status || pm_node_exists(&idx))
        return status ? status : read_idx(c, &idx, error);
    if (pm_node_exists(&nmnist))
        return read_nmnist(c, &nmnist, error);
    if (pm_node_exists(&given))
        return read_given(c, &given, error);
    if (pm_node_exists(&examples))
        return read_examples(c, &examples, error);
    if (kind)
        return read_task(c, &task, kind, error);
    c->data = PM_DATA_YIN_YANG;
    c->n_classes = 3;
    c->train = c->train == SIZE_MAX ? 5000 : c->train;
    c->test = c->test == SIZE_MAX ? 1000 : c->test;
    return read_yin_yang(c, &yin_yang, error);
}

static pm_status read_data(pm_classification *c, const pm_node *map, pm_error *error) {
    pm_node deform = pm_map_find(map, "deform");
    pm_status status = read_sets(c, map, error);
    return status || !pm_node_exists(&deform) ? status : read_deformation(c, &deform, error);
}

/* What a code leaves to the duration has no end of its own. */
static void end_with(double duration, const pm_kind *kind, void *parameters) {
    for (size_t k = 0; k < kind->n_fields; k++)
        if (isinf(pm_field_value(&kind->fields[k], parameters)))
            pm_field_set(&kind->fields[k], parameters, duration);
}

static pm_status read_coding(pm_classification *c, const pm_node *map, pm_error *error) {
    static const char *const others[] = {"bias", "dropout", "opposition", NULL};
    const pm_kind *kind = NULL;
    pm_coding *coding = &c->coding;
    pm_status status = pm_read_choice(map, pm_codes, "code", others, &kind, coding->parameters, error);
    if (status)
        return status;
    coding->code = pm_code_of(kind);
    end_with(c->duration, kind, coding->parameters);
    pm_node own = pm_map_find(map, kind->name);
    if (coding->code->events == pm_classification_of_events(c))
        status = coding->code->fit(coding->parameters, c->duration,
                                   c->data == PM_DATA_NMNIST ? c->window[1] - c->window[0] : 0.0, error);
    if (status)
        return pm_blame_field(pm_node_exists(&own) ? &own : map, status, error);
    return pm_read_fields(map, &pm_classification_input, c, error);
}

/* --- network ------------------------------------------------------------------------------------------------------ */

/* "delays: {per: axon, initial: {uniform: [0, 5]}, rate: 0.1}" */
static pm_status read_delays(pm_classification_delays *delays, const pm_node *map, pm_error *error) {
    static const char *const others[] = {"initial", NULL};
    pm_node initial;
    delays->given = true;
    pm_status status = pm_read_kind(map, &pm_classification_delay, others, delays, error);
    if (!status)
        status = pm_map_get(map, "initial", &initial, error);
    if (!status)
        status = pm_read_distribution(&initial, "a delay in ms", &delays->initial, NULL, error);
    return status ? status
                  : pm_node_blame(&initial, pm_distribution_check(&delays->initial, "delays", 1e9, error), error);
}

/* "parameters: {V_th: {rate: 0.01, min: -60.0}}" */
static pm_status read_parameters(pm_classification_layer *layer, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"V_th", NULL};
    pm_node threshold;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = pm_map_get(map, "V_th", &threshold, error);
    layer->learns_V_th = !status;
    return status ? status : pm_read_kind(&threshold, &pm_learnt_parameters, NULL, &layer->V_th, error);
}

static pm_status read_size(const pm_node *map, uint64_t *n, pm_error *error) {
    pm_node size;
    pm_status status = pm_map_get(map, "size", &size, error);
    return status ? status : pm_node_count(&size, "a number of neurons", 1, 100000, n, error);
}

static pm_status read_convolution(pm_classification_layer *layer, const pm_node *map, const pm_node *own,
                                  pm_error *error) {
    pm_node size = pm_map_find(map, "size");
    if (pm_node_exists(&size))
        return pm_node_fail(&size, error, "give one of size and convolution");
    layer->convolved = true;
    return pm_read_kind(own, &pm_classification_convolution, NULL, &layer->convolution, error);
}

static pm_status read_layer(pm_classification *c, const pm_node *map, bool last, pm_error *error) {
    static const char *const others[] = {"size", "convolution", "weight", "delays", "receptor", "parameters", NULL};
    static const char *const weight_keys[] = {"normal", NULL};
    pm_classification_layer *layer = &c->layers[c->n_layers++];
    pm_node weight, normal, convolution = pm_map_find(map, "convolution");
    uint64_t n = 0;
    pm_distribution d = {0};
    pm_kind_preset(&pm_classification_layers, layer);
    pm_kind_preset(&pm_classification_delay, &layer->delays);
    pm_kind_preset(&pm_classification_convolution, &layer->convolution);
    pm_kind_preset(&pm_learnt_parameters, &layer->V_th);
    pm_status status = pm_read_kind(map, &pm_classification_layers, others, layer, error);
    if (!status && pm_node_exists(&convolution))
        status = read_convolution(layer, map, &convolution, error);
    else if (!status)
        status = read_size(map, &n, error);
    if (!status)
        status = pm_map_get(map, "weight", &weight, error);
    if (!status)
        status = pm_map_check(&weight, weight_keys, error);
    if (!status)
        status = pm_map_get(&weight, "normal", &normal, error);
    if (!status)
        status = pm_read_spread(&normal, "[mean, std] in pA", 2, &d, error);
    layer->size = (size_t)n;
    layer->mean = d.a;
    layer->std = d.b;
    pm_node receptor = pm_map_find(map, "receptor");
    layer->divided = pm_node_exists(&receptor) || (c->n_receptors > 0 && !last);
    if (!status && layer->divided)
        status = pm_read_sources(map, c->receptors, c->n_receptors, layer->sources, error);
    pm_node delays = pm_map_find(map, "delays"), parameters = pm_map_find(map, "parameters");
    if (!status && pm_node_exists(&delays))
        status = read_delays(&layer->delays, &delays, error);
    return status || !pm_node_exists(&parameters) ? status : read_parameters(layer, &parameters, error);
}

static pm_status read_receptors(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node map = pm_map_find(root, "receptors");
    pm_receptor receptors[PM_MOST_RECEPTORS];
    size_t n = 0;
    if (!pm_node_exists(&map))
        return PM_OK;
    pm_status status = pm_read_receptors(&map, receptors, &n, error);
    for (size_t k = 0; !status && k < n; k++) {
        pm_node value = pm_map_value(&map, k);
        if (receptors[k].kernel->impulse)
            status = pm_node_fail(&value, error, "receptor '%s' is impulse; training wants synaptic currents",
                                  receptors[k].name);
    }
    if (!status)
        status = pm_node_blame(&map, pm_receptors_copy("the network", receptors, n, &c->receptors, error), error);
    c->n_receptors = status ? 0 : n;
    return status;
}

static pm_status read_layers(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node layers;
    pm_status status = pm_map_get(root, "layers", &layers, error);
    if (!status)
        status = pm_list_check(&layers, 1, PM_MOST_LAYERS,
                               "of 1 to 8 layers {size: N, weight: {normal: [mean, std]}}, the output last", error);
    for (size_t k = 0; !status && k < pm_list_length(&layers); k++) {
        pm_node item = pm_list_item(&layers, k);
        status = read_layer(c, &item, k + 1 == pm_list_length(&layers), error);
    }
    return status;
}

static pm_status read_neurons(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node neuron = pm_map_find(root, "neuron"), readout = pm_map_find(root, "readout");
    pm_status status = pm_node_exists(&neuron) ? pm_read_neuron(&neuron, &c->neuron, error) : PM_OK;
    if (!status && pm_node_exists(&neuron))
        status = pm_check_neuron(&neuron, root, &c->neuron, error);
    c->readout = c->neuron;
    if (!status && pm_node_exists(&readout))
        status = pm_read_neuron(&readout, &c->readout, error);
    if (!status && pm_node_exists(&readout))
        status = pm_check_neuron(&readout, root, &c->readout, error);
    return status;
}

enum { MOST_DESIRED = 10000 };

/* "times: [6.0, 9.5]", or "from: 6.0, to: 28.0, interval: 3.5" */
static pm_status read_desired(pm_classification *c, const pm_node *map, pm_error *error) {
    pm_node times = pm_map_find(map, "times"), from = pm_map_find(map, "from"), to = pm_map_find(map, "to");
    pm_node interval = pm_map_find(map, "interval");
    bool list = pm_node_exists(&times);
    int parts = pm_node_exists(&from) + pm_node_exists(&to) + pm_node_exists(&interval);
    if (list ? parts != 0 : parts != 3)
        return pm_node_fail(map, error, "give either times, or all of from, to and interval");
    double first = 0.0, last = 0.0, step = 1.0;
    pm_status status = list ? pm_list_check(&times, 1, MOST_DESIRED, "of times in ms", error) : PM_OK;
    if (!status)
        status = number(map, "from", "a time in ms", &first, error);
    if (!status)
        status = number(map, "to", "a time in ms", &last, error);
    if (!status)
        status = number(map, "interval", "a time in ms", &step, error);
    if (!status && !list && !(step > 0.0 && last >= first && (last - first) / step < MOST_DESIRED))
        return pm_node_fail(&interval, error, "from %g to %g ms in steps of %g ms is no train of 1 to %d spikes", first,
                            last, step, (int)MOST_DESIRED);
    if (status)
        return status;
    c->n_desired = list ? pm_list_length(&times) : 1 + (size_t)floor((last - first) / step * (1.0 + 1e-12));
    c->desired = malloc(c->n_desired * sizeof *c->desired);
    if (!c->desired)
        return pm_fail_memory(error, "the desired train");
    for (size_t k = 0; !status && k < c->n_desired; k++) {
        pm_node item = list ? pm_list_item(&times, k) : (pm_node){0};
        c->desired[k] = first + step * (double)k;
        status = list ? pm_node_number(&item, "a time in ms", &c->desired[k], error) : PM_OK;
    }
    return status;
}

static pm_status read_loss(pm_classification *c, const pm_node *root, pm_error *error) {
    static const char *const train_keys[] = {"times", "from", "to", "interval", NULL};
    const pm_kind *kind = NULL;
    pm_node loss = pm_map_find(root, "loss"), own;
    if (!pm_node_exists(&loss))
        return PM_OK;
    pm_status status = pm_find_choice(&loss, pm_losses, "loss", NULL, &kind, &own, error);
    if (status)
        return status;
    pm_classification_set_loss(c, pm_loss_of(kind));
    if (pm_node_exists(&own))
        status = pm_read_kind(&own, kind, c->loss->desired ? train_keys : NULL, c->loss_parameters, error);
    return status || !c->loss->desired ? status : read_desired(c, pm_node_exists(&own) ? &own : &loss, error);
}

/* --- training ----------------------------------------------------------------------------------------------------- */

static pm_status read_optimiser(pm_classification *c, const pm_node *root, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_node node = pm_map_find(root, "optimiser");
    if (!pm_node_exists(&node))
        return PM_OK;
    pm_status status = pm_read_choice(&node, pm_optimisers, "optimiser", NULL, &kind, c->optimiser_parameters, error);
    c->optimiser = status ? c->optimiser : pm_optimiser_of(kind);
    return status;
}

/* How it learns, which comes last: the whole is checked then. */
static pm_status read_training(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node activity = pm_map_find(root, "activity");
    pm_status status = pm_read_fields(root, &pm_classification_learning, c, error);
    if (!status)
        status = read_optimiser(c, root, error);
    if (!status && pm_node_exists(&activity))
        status = pm_read_kind(&activity, &pm_classification_activity, NULL, c, error);
    return status ? status : pm_node_blame(root, pm_classification_check(c, error), error);
}

/* --- what all experiments have ------------------------------------------------------------------------------------ */

static pm_status read_seed(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node seed = pm_map_find(root, "seed");
    return pm_node_exists(&seed) ? pm_node_count(&seed, "a seed", 0, INT64_MAX, &c->seed, error) : PM_OK;
}

static pm_status read_set(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node data;
    pm_status status = pm_map_get(root, "data", &data, error);
    return status ? status : read_data(c, &data, error);
}

/* --- models of their own ------------------------------------------------------------------------------------------ */

/* "model: stbp" or "model: {stbp: {steps: 20}}" */
static pm_status read_model(pm_classification *c, const pm_node *node, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_status status = pm_read_choice(node, pm_image_models, "model", NULL, &kind, c->model_parameters, error);
    c->model = status ? NULL : pm_image_model_of(kind);
    return status;
}

/* "layers: [400, 10]" */
static pm_status read_sizes(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node layers;
    pm_status status = pm_map_get(root, "layers", &layers, error);
    if (!status)
        status = pm_list_check(&layers, 1, PM_MOST_LAYERS, "of 1 to 8 sizes of layers, the output last", error);
    for (size_t k = 0; !status && k < pm_list_length(&layers); k++) {
        pm_node item = pm_list_item(&layers, k);
        uint64_t n = 0;
        status = pm_node_count(&item, "a number of neurons", 1, 100000, &n, error);
        c->layers[c->n_layers++].size = (size_t)n;
    }
    return status;
}

const char *const pm_class_model_keys[] = {"seed",      "model",    "data",    "layers", "epochs", "batch", "rate",
                                           "optimiser", "schedule", "average", "keep",   "judge",  NULL};

static pm_status read_model_experiment(pm_classification *c, const pm_node *root, const pm_node *model,
                                       pm_error *error) {
    pm_node receptors = pm_map_find(root, "receptors");
    if (pm_node_exists(&receptors))
        return pm_node_fail(&receptors, error,
                            "a model has synapses of its own kind; receptors are for networks of exact spike times");
    pm_status status = pm_map_check(root, pm_class_model_keys, error);
    if (!status)
        status = read_seed(c, root, error);
    if (!status)
        status = read_set(c, root, error);
    if (!status && c->data == PM_DATA_NMNIST)
        c->coding = pm_coding_new(&pm_code_events);
    if (!status)
        status = read_model(c, model, error);
    if (!status)
        status = read_sizes(c, root, error);
    return status ? status : read_training(c, root, error);
}

/* --- networks of network files ---------------------------------------------------------------------------------- */

static pm_status read_network_experiment(pm_classification *c, const pm_node *root, pm_error *error) {
    static const char *const others[] = {"seed",   "network", "input", "output",    "data",
                                         "coding", "learn",   "loss",  "optimiser", NULL};
    pm_node coding = pm_map_find(root, "coding");
    pm_status status = pm_check_keys(root, &pm_classification_learning, others, error);
    if (!status)
        status = read_seed(c, root, error);
    if (!status)
        status = pm_read_network_of(c, root, error);
    if (!status)
        status = read_set(c, root, error);
    if (!status && pm_node_exists(&coding))
        status = read_coding(c, &coding, error);
    else if (!status && (c->data == PM_DATA_GIVEN || pm_classification_of_events(c)))
        c->coding = pm_coding_new(&pm_code_events);
    return status ? status : read_training(c, root, error);
}

/* --- the experiment ----------------------------------------------------------------------------------------------- */

static pm_status read_experiment(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node model = pm_map_find(root, "model");
    if (pm_node_exists(&model))
        return read_model_experiment(c, root, &model, error);
    pm_node network = pm_map_find(root, "network");
    if (pm_node_exists(&network))
        return read_network_experiment(c, root, error);
    static const char *const others[] = {"duration", "seed", "neuron",    "readout",  "data",      "coding",
                                         "layers",   "loss", "optimiser", "activity", "receptors", NULL};
    pm_node coding, duration;
    pm_status status = pm_check_keys(root, &pm_classification_learning, others, error);
    if (!status)
        status = pm_map_get(root, "duration", &duration, error);
    if (!status)
        status = pm_node_number(&duration, "a duration in ms", &c->duration, error);
    if (!status)
        status = read_seed(c, root, error);
    if (!status)
        status = read_set(c, root, error);
    if (!status)
        status = pm_map_get(root, "coding", &coding, error);
    if (!status)
        status = read_coding(c, &coding, error);
    if (!status)
        status = read_neurons(c, root, error);
    if (!status)
        status = read_receptors(c, root, error);
    if (!status)
        status = read_layers(c, root, error);
    if (!status)
        status = read_loss(c, root, error);
    return status ? status : read_training(c, root, error);
}

pm_status pm_classification_load(const char *path, pm_classification **loaded, pm_error *error) {
    *loaded = NULL;
    pm_tree *tree = NULL;
    pm_status status = pm_tree_load(path, &tree, error);
    if (!status)
        status = pm_classification_read(tree, loaded, error);
    pm_tree_free(tree);
    return status;
}

pm_status pm_classification_parse(const char *text, const char *name, pm_classification **loaded, pm_error *error) {
    *loaded = NULL;
    pm_tree *tree = NULL;
    pm_status status = pm_tree_parse(name, (const unsigned char *)text, strlen(text), &tree, error);
    if (!status)
        status = pm_classification_read(tree, loaded, error);
    pm_tree_free(tree);
    return status;
}

pm_status pm_classification_read(const pm_tree *tree, pm_classification **loaded, pm_error *error) {
    *loaded = NULL;
    pm_classification *c = pm_classification_new();
    pm_node root = pm_tree_root(tree);
    if (c)
        c->file = strdup(pm_tree_name(tree));
    pm_status status = c && c->file ? read_experiment(c, &root, error) : pm_fail_memory(error, "the experiment");
    if (status) {
        pm_classification_free(c);
        return status;
    }
    *loaded = c;
    return PM_OK;
}

bool pm_classification_is(const pm_tree *tree) {
    pm_node root = pm_tree_root(tree), data = pm_map_find(&root, "data");
    return pm_node_exists(&data);
}
