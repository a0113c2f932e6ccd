/* Weights in a file of their own. Both formats begin by saying which network they belong to (sizes of the layers, a
 * hash of the neurons' parameters and receptors) and end with what a file that is cut short lacks: a checksum, or the
 * line "# end". */
#define _GNU_SOURCE
#include "io/weights_file.h"

#include "base/room.h"
#include "classify/classification.h"
#include "io/file.h"
#include "model/neuron.h"
#include "net/limits.h"
#include "net/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, MOST_LAYERS = 64 };
static const char MAGIC[8] = "PMWEIGH", FIRST_LINE[] = "# punctum weights 1\n", LAST_LINE[] = "# end\n";

/* The beginning of the binary format; numbers are in the machine's own order of bytes. */
typedef struct head {
    char magic[8];
    uint32_t format, n_layers;
    uint64_t neurons; /* hash of their parameters, and receptors */
    uint32_t sizes[MOST_LAYERS];
} head;

/* Whose weights they are. */
typedef struct owner {
    head head;
    char names[MOST_LAYERS][40]; /* of the layers, cut if they are longer */
    uint32_t columns[MOST_LAYERS]; /* of each layer's weights: those that are before, if it has no kernels */
    size_t n;                    /* weights */
} owner;

static owner owner_new(uint64_t neurons) {
    owner o = {.head = {.format = FORMAT, .neurons = neurons}};
    memcpy(o.head.magic, MAGIC, sizeof MAGIC);
    return o;
}

static void add_layer(owner *o, size_t size, size_t columns, const char *name) {
    const uint32_t l = o->head.n_layers++;
    o->n += columns * size;
    o->columns[l] = (uint32_t)columns;
    o->head.sizes[l] = (uint32_t)size;
    (void)snprintf(o->names[l], sizeof o->names[l], "%s", name);
}

/* How many of n sources come over each receptor of a layer. */
static uint64_t sources_hash(uint64_t h, const uint32_t *sources, size_t n_receptors, size_t n) {
    for (size_t k = 0; k < n_receptors; k++) {
        const uint64_t over = sources[k] == PM_ALL_SOURCES ? n : sources[k];
        h = pm_hash(h, &over, sizeof over);
    }
    return h;
}

static owner owner_of_times(const pm_experiment *e) {
    uint64_t neurons = pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &e->neuron);
    neurons = pm_receptors_hash(neurons, e->receptors, e->n_receptors);
    for (size_t l = 1; l < e->n_layers && e->n_receptors > 0; l++)
        neurons = sources_hash(neurons, e->layers[l].sources ? e->layers[l].sources : &PM_ALL_SOURCES, e->n_receptors,
                               e->layers[l - 1].size);
    owner o = owner_new(neurons);
    for (size_t l = 0; l < e->n_layers && l < MOST_LAYERS; l++)
        add_layer(&o, e->layers[l].size, l > 0 ? e->layers[l - 1].size : 0, e->layers[l].name);
    return o;
}

/* Outputs that are as hidden neurons make no difference: both trainers' networks are then the same. */
static pm_status owner_of_classes(const pm_class_trainer *trainer, owner *o, pm_error *error) {
    const pm_classification *c = pm_class_trainer_experiment(trainer);
    pm_class_table table;
    uint64_t neurons = pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &c->neuron);
    if (pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &c->readout) != neurons)
        neurons = pm_kind_hash(neurons, &pm_neuron_lif, &c->readout);
    neurons = pm_receptors_hash(neurons, c->receptors, c->n_receptors);
    *o = owner_new(neurons);
    if (!pm_class_trainer_layered(trainer))
        return pm_fail(error, PM_INVALID, "weights: only networks of layers of integrate-and-fire neurons have such");
    for (size_t l = 0; l < c->n_layers && pm_class_trainer_table(trainer, l, &table); l++) {
        if (l == 0)
            add_layer(o, table.columns, 0, "the input");
        if (c->layers[l].divided)
            o->head.neurons = sources_hash(o->head.neurons, c->layers[l].sources, c->n_receptors, table.columns);
        if (c->layers[l].convolved)
            o->head.neurons =
                pm_kind_hash(o->head.neurons, &pm_classification_convolution, &c->layers[l].convolution);
        (void)snprintf(table.name, sizeof table.name, "layer %zu", l + 1);
        add_layer(o, table.rows, table.columns, table.name);
    }
    return PM_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static pm_status write_binary(pm_output *output, const owner *o, const double *weights, pm_error *error) {
    const size_t bytes = o->n * sizeof *weights;
    uint64_t sum = pm_hash(pm_hash(PM_HASH_START, &o->head, sizeof o->head), weights, bytes);
    pm_status status = pm_output_bytes(output, &o->head, sizeof o->head, error);
    if (!status)
        status = pm_output_bytes(output, weights, bytes, error);
    return status ? status : pm_output_bytes(output, &sum, sizeof sum, error);
}

static pm_status write_text(pm_output *output, const owner *o, const double *weights, pm_error *error) {
    const uint32_t n_layers = o->head.n_layers, *sizes = o->head.sizes;
    pm_status status = pm_output_write(output, error, "%s# layers", FIRST_LINE);
    for (uint32_t l = 0; !status && l < n_layers; l++)
        status = pm_output_write(output, error, " %" PRIu32, sizes[l]);
    if (!status)
        status = pm_output_write(output, error, "\n# neurons %016" PRIx64 "\n", o->head.neurons);
    for (uint32_t l = 1; !status && l < n_layers; l++) {
        status = pm_output_write(output, error, "# pA: one row per neuron of %s, one column per neuron of %s\n",
                                 o->names[l], o->names[l - 1]);
        for (uint32_t j = 0; !status && j < sizes[l]; j++)
            for (uint32_t i = 0; !status && i < o->columns[l]; i++)
                status = pm_output_write(output, error, "%.17g%s", *weights++, i + 1 < o->columns[l] ? " " : "\n");
    }
    return status ? status : pm_output_write(output, error, "%s", LAST_LINE);
}

static pm_status write(pm_output *output, const owner *o, const double *weights, pm_weights_format format,
                       pm_error *error) {
    return format == PM_WEIGHTS_BINARY ? write_binary(output, o, weights, error)
                                       : write_text(output, o, weights, error);
}

static pm_status room_for(const owner *o, double **weights, pm_error *error) {
    *weights = calloc(o->n + 1, sizeof **weights);
    return *weights ? PM_OK : pm_fail_memory(error, "weights");
}

pm_status pm_weights_write(pm_output *output, const pm_trainer *trainer, pm_weights_format format, pm_error *error) {
    const owner o = owner_of_times(pm_trainer_experiment(trainer));
    double *weights = NULL;
    pm_status status = room_for(&o, &weights, error);
    if (!status)
        status = pm_trainer_weights(trainer, weights, o.n, error);
    if (!status)
        status = write(output, &o, weights, format, error);
    free(weights);
    return status;
}

pm_status pm_class_weights_write(pm_output *output, const pm_class_trainer *trainer, pm_weights_format format,
                                 pm_error *error) {
    owner o;
    double *weights = NULL;
    pm_status status = owner_of_classes(trainer, &o, error);
    if (!status)
        status = room_for(&o, &weights, error);
    if (!status) {
        pm_class_trainer_weights(trainer, weights);
        status = write(output, &o, weights, format, error);
    }
    free(weights);
    return status;
}

pm_status pm_trainer_save(const pm_trainer *trainer, const char *path, pm_weights_format format, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_path(&output, path, error);
    if (!status)
        status = pm_weights_write(&output, trainer, format, error);
    return pm_output_close(&output, status, error);
}

pm_status pm_class_trainer_save_weights(const pm_class_trainer *trainer, const char *path, pm_weights_format format,
                                        pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_path(&output, path, error);
    if (!status)
        status = pm_class_weights_write(&output, trainer, format, error);
    return pm_output_close(&output, status, error);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void print_sizes(const head *h, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t l = 0; l < h->n_layers && l < MOST_LAYERS && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRIu32, l > 0 ? "-" : "", h->sizes[l]);
}

/* Whether weights under that head are those of the owner's network. */
static pm_status check_network(const char *path, const head *found, const owner *o, pm_error *error) {
    const head *wanted = &o->head;
    char has[120], needs[120];
    if (found->n_layers != wanted->n_layers || memcmp(found->sizes, wanted->sizes, sizeof wanted->sizes) != 0) {
        print_sizes(found, has, sizeof has);
        print_sizes(wanted, needs, sizeof needs);
        return pm_fail(error, PM_INVALID,
                       "%s: these weights belong to another network: its layers are %s, those here %s", path, has,
                       needs);
    }
    if (found->neurons != wanted->neurons)
        return pm_fail(error, PM_INVALID,
                       "%s: these weights belong to another network: its neurons have other parameters than those here",
                       path);
    return PM_OK;
}

static pm_status cut_short(const char *path, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the weights are cut short", path);
}

static pm_status read_binary(const char *path, const unsigned char *bytes, size_t size, const owner *o, double *weights,
                             pm_error *error) {
    head h;
    uint64_t sum = 0;
    const size_t most = o->n * sizeof *weights, all = sizeof h + most + sizeof sum;
    if (size < sizeof h)
        return cut_short(path, error);
    memcpy(&h, bytes, sizeof h);
    if (h.format != FORMAT)
        return pm_fail(error, PM_INVALID, "%s: the weights are in format %" PRIu32 "; format %d can be read", path,
                       h.format, FORMAT);
    pm_status status = check_network(path, &h, o, error);
    if (status)
        return status;
    if (size < all)
        return cut_short(path, error);
    memcpy(&sum, bytes + sizeof h + most, sizeof sum);
    if (size > all || sum != pm_hash(PM_HASH_START, bytes, size - sizeof sum))
        return pm_fail(error, PM_INVALID, "%s: the weights are damaged: their checksum does not fit", path);
    memcpy(weights, bytes + sizeof h, most);
    return PM_OK;
}

/* The comments with which the text begins; `bytes` end with 0. */
static pm_status read_text_head(const char *path, const char *bytes, head *h, pm_error *error) {
    static const char layers[] = "# layers", neurons[] = "\n# neurons ";
    *h = (head){.format = FORMAT};
    const char *at = bytes + strlen(FIRST_LINE);
    bool good = strncmp(at, layers, strlen(layers)) == 0;
    for (at += good ? strlen(layers) : 0; good && *at == ' ' && h->n_layers < MOST_LAYERS; h->n_layers++) {
        int used = 0;
        good = sscanf(at, " %" SCNu32 "%n", &h->sizes[h->n_layers], &used) == 1;
        at += used;
    }
    good = good && h->n_layers > 1 && strncmp(at, neurons, strlen(neurons)) == 0 &&
           sscanf(at + strlen(neurons), "%16" SCNx64, &h->neurons) == 1;
    return good ? PM_OK
                : pm_fail(error, PM_INVALID,
                          "%s: the second line must be '# layers SIZE SIZE ...' and the third '# neurons HASH'", path);
}

static pm_status read_text_rows(const char *path, const owner *o, double *weights, pm_error *error) {
    const uint32_t *sizes = o->head.sizes;
    pm_rows rows = {0};
    pm_status status = pm_rows_open(&rows, path, error);
    for (uint32_t l = 1; !status && l < o->head.n_layers; l++)
        for (uint32_t j = 0; !status && j < sizes[l]; j++) {
            status = pm_rows_next(&rows, error);
            if (!status && rows.n != o->columns[l])
                status =
                    pm_rows_fail(&rows, error,
                                 "%zu weights; neuron %" PRIu32 " of %s has one from each of %" PRIu32 " neurons of %s",
                                 rows.n, j, o->names[l], o->columns[l], o->names[l - 1]);
            if (!status)
                memcpy(weights, rows.values, rows.n * sizeof *weights);
            weights += o->columns[l];
        }
    if (!status)
        status = pm_rows_next(&rows, error);
    if (!status && rows.n > 0)
        status = pm_rows_fail(&rows, error, "one row too many");
    pm_rows_close(&rows);
    return status;
}

static pm_status read_text(const char *path, const char *bytes, size_t size, const owner *o, double *weights,
                           pm_error *error) {
    head h;
    const size_t end = strlen(LAST_LINE);
    if (size < end || strcmp(bytes + size - end, LAST_LINE) != 0)
        return cut_short(path, error);
    pm_status status = read_text_head(path, bytes, &h, error);
    if (!status)
        status = check_network(path, &h, o, error);
    return status ? status : read_text_rows(path, o, weights, error);
}

/* The weights that the file holds for the network of the owner; freed by the caller. */
static pm_status read_weights(const char *path, const owner *o, double **weights, pm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *weights = NULL;
    pm_status status = pm_room_check((double)o->n * sizeof **weights, "the weights of all layers", error);
    if (!status)
        status = pm_file_read(path, &bytes, &size, error);
    if (!status)
        status = room_for(o, weights, error);
    if (status) {
        free(bytes);
        return status;
    }
    if (size >= sizeof MAGIC && memcmp(bytes, MAGIC, sizeof MAGIC) == 0)
        status = read_binary(path, bytes, size, o, *weights, error);
    else if (strncmp((char *)bytes, FIRST_LINE, strlen(FIRST_LINE)) == 0)
        status = read_text(path, (char *)bytes, size, o, *weights, error);
    else
        status = pm_fail(error, PM_INVALID, "%s: these are no weights that were saved by punctum", path);
    free(bytes);
    if (status) {
        free(*weights);
        *weights = NULL;
    }
    return status;
}

/* Weights that were read, but do not suit the experiment: the file is named. */
static pm_status blame(const char *path, pm_status status, const pm_error *own, pm_error *error) {
    return status ? pm_fail(error, status, "%s: %s", path, own->message) : PM_OK;
}

pm_status pm_experiment_load_weights(pm_experiment *experiment, const char *path, pm_error *error) {
    const owner o = owner_of_times(experiment);
    double *weights = NULL;
    pm_error own = {0};
    pm_status status = read_weights(path, &o, &weights, error);
    if (!status)
        status = blame(path, pm_experiment_set_weights(experiment, weights, o.n, &own), &own, error);
    free(weights);
    return status;
}

pm_status pm_trainer_load(pm_trainer *trainer, const char *path, pm_error *error) {
    const owner o = owner_of_times(pm_trainer_experiment(trainer));
    double *weights = NULL;
    pm_error own = {0};
    pm_status status = read_weights(path, &o, &weights, error);
    if (!status)
        status = blame(path, pm_trainer_set_weights(trainer, weights, o.n, &own), &own, error);
    free(weights);
    return status;
}

pm_status pm_class_trainer_load_weights(pm_class_trainer *trainer, const char *path, pm_error *error) {
    owner o;
    double *weights = NULL;
    pm_status status = owner_of_classes(trainer, &o, error);
    if (!status)
        status = read_weights(path, &o, &weights, error);
    for (size_t k = 0; !status && k < o.n; k++)
        if (!pm_weight_fits(weights[k]))
            status = pm_fail(error, PM_INVALID, "%s: a weight is %g pA; at most %g in magnitude is possible", path,
                             weights[k], PM_LARGEST_WEIGHT);
    if (!status)
        pm_class_trainer_set_weights(trainer, weights);
    free(weights);
    return status;
}
