/* Weights in a file of their own. Both formats begin by saying which network they belong to (sizes of the layers, a
 * hash of the neurons' parameters) and end with what a file that is cut short lacks: a checksum, or the line "# end".
 */
#define _GNU_SOURCE
#include "io/weights_file.h"

#include "io/file.h"
#include "net/mark.h"
#include "model/neuron.h"
#include "base/room.h"
#include "train/problem.h"

#include <punctum/training.h>

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
    uint64_t neurons; /* hash of their parameters */
    uint32_t sizes[MOST_LAYERS];
} head;

static head head_of(const pm_experiment *e) {
    head h = {.format = FORMAT,
              .n_layers = (uint32_t)e->n_layers,
              .neurons = pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &e->neuron)};
    memcpy(h.magic, MAGIC, sizeof MAGIC);
    for (size_t l = 0; l < e->n_layers && l < MOST_LAYERS; l++)
        h.sizes[l] = e->layers[l].size;
    return h;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static pm_status write_binary(pm_output *output, const pm_experiment *e, const double *weights, pm_error *error) {
    head h = head_of(e);
    size_t bytes = pm_experiment_weights(e) * sizeof *weights;
    uint64_t sum = pm_hash(pm_hash(PM_HASH_START, &h, sizeof h), weights, bytes);
    pm_status status = pm_output_bytes(output, &h, sizeof h, error);
    if (!status)
        status = pm_output_bytes(output, weights, bytes, error);
    return status ? status : pm_output_bytes(output, &sum, sizeof sum, error);
}

static pm_status write_text(pm_output *output, const pm_experiment *e, const double *weights, pm_error *error) {
    head h = head_of(e);
    pm_status status = pm_output_write(output, error, "%s# layers", FIRST_LINE);
    for (size_t l = 0; !status && l < e->n_layers; l++)
        status = pm_output_write(output, error, " %" PRIu32, e->layers[l].size);
    if (!status)
        status = pm_output_write(output, error, "\n# neurons %016" PRIx64 "\n", h.neurons);
    for (size_t l = 1; !status && l < e->n_layers; l++) {
        status = pm_output_write(output, error, "# pA: one row per neuron of %s, one column per neuron of %s\n",
                                 e->layers[l].name, e->layers[l - 1].name);
        for (uint32_t j = 0; !status && j < e->layers[l].size; j++)
            for (uint32_t i = 0; !status && i < e->layers[l - 1].size; i++)
                status =
                    pm_output_write(output, error, "%.17g%s", *weights++, i + 1 < e->layers[l - 1].size ? " " : "\n");
    }
    return status ? status : pm_output_write(output, error, "%s", LAST_LINE);
}

static double *gather(const pm_trainer *trainer, pm_error *error) {
    const pm_experiment *e = pm_trainer_experiment(trainer);
    double *weights = calloc(pm_experiment_weights(e) + 1, sizeof *weights), *at = weights;
    if (!weights)
        (void)pm_fail_memory(error, "weights");
    for (size_t l = 1; weights && l < e->n_layers; l++)
        for (uint32_t j = 0; j < e->layers[l].size; j++)
            for (uint32_t i = 0; i < e->layers[l - 1].size; i++)
                *at++ = pm_trainer_weight(trainer, l, i, j);
    return weights;
}

pm_status pm_weights_write(pm_output *output, const pm_trainer *trainer, pm_weights_format format, pm_error *error) {
    const pm_experiment *e = pm_trainer_experiment(trainer);
    double *weights = gather(trainer, error);
    pm_status status = !weights                      ? PM_NO_MEMORY
                       : format == PM_WEIGHTS_BINARY ? write_binary(output, e, weights, error)
                                                     : write_text(output, e, weights, error);
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

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void print_sizes(const head *h, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t l = 0; l < h->n_layers && l < MOST_LAYERS && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRIu32, l > 0 ? "-" : "", h->sizes[l]);
}

/* Whether weights under that head are those of the experiment's network. */
static pm_status check_network(const char *path, const head *found, const pm_experiment *e, pm_error *error) {
    head wanted = head_of(e);
    char has[120], needs[120];
    if (found->n_layers != wanted.n_layers || memcmp(found->sizes, wanted.sizes, sizeof wanted.sizes) != 0) {
        print_sizes(found, has, sizeof has);
        print_sizes(&wanted, needs, sizeof needs);
        return pm_fail(error, PM_INVALID,
                       "%s: these weights belong to another network: its layers are %s, those here %s", path, has,
                       needs);
    }
    if (found->neurons != wanted.neurons)
        return pm_fail(error, PM_INVALID,
                       "%s: these weights belong to another network: its neurons have other parameters than those here",
                       path);
    return PM_OK;
}

static pm_status cut_short(const char *path, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the weights are cut short", path);
}

static pm_status read_binary(const char *path, const unsigned char *bytes, size_t size, const pm_experiment *e,
                             double *weights, pm_error *error) {
    head h;
    uint64_t sum = 0;
    const size_t most = pm_experiment_weights(e) * sizeof *weights, all = sizeof h + most + sizeof sum;
    if (size < sizeof h)
        return cut_short(path, error);
    memcpy(&h, bytes, sizeof h);
    if (h.format != FORMAT)
        return pm_fail(error, PM_INVALID, "%s: the weights are in format %" PRIu32 "; format %d can be read", path,
                       h.format, FORMAT);
    pm_status status = check_network(path, &h, e, error);
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

static pm_status read_text_rows(const char *path, const pm_experiment *e, double *weights, pm_error *error) {
    pm_rows rows = {0};
    pm_status status = pm_rows_open(&rows, path, error);
    for (size_t l = 1; !status && l < e->n_layers; l++)
        for (uint32_t j = 0; !status && j < e->layers[l].size; j++) {
            status = pm_rows_next(&rows, error);
            if (!status && rows.n != e->layers[l - 1].size)
                status =
                    pm_rows_fail(&rows, error,
                                 "%zu weights; neuron %" PRIu32 " of %s has one from each of %" PRIu32 " neurons of %s",
                                 rows.n, j, e->layers[l].name, e->layers[l - 1].size, e->layers[l - 1].name);
            if (!status)
                memcpy(weights, rows.values, rows.n * sizeof *weights);
            weights += e->layers[l - 1].size;
        }
    if (!status)
        status = pm_rows_next(&rows, error);
    if (!status && rows.n > 0)
        status = pm_rows_fail(&rows, error, "one row too many");
    pm_rows_close(&rows);
    return status;
}

static pm_status read_text(const char *path, const char *bytes, size_t size, const pm_experiment *e, double *weights,
                           pm_error *error) {
    head h;
    const size_t end = strlen(LAST_LINE);
    if (size < end || strcmp(bytes + size - end, LAST_LINE) != 0)
        return cut_short(path, error);
    pm_status status = read_text_head(path, bytes, &h, error);
    if (!status)
        status = check_network(path, &h, e, error);
    return status ? status : read_text_rows(path, e, weights, error);
}

/* The weights that the file holds for the network of the experiment; freed by the caller. */
static pm_status read_weights(const char *path, const pm_experiment *e, double **weights, pm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *weights = NULL;
    pm_status status = pm_room_check(pm_experiment_bytes(e), "the weights of all layers", error);
    if (!status)
        status = pm_file_read(path, &bytes, &size, error);
    if (!status) {
        *weights = malloc((pm_experiment_weights(e) + 1) * sizeof **weights);
        if (!*weights)
            status = pm_fail_memory(error, path);
        else if (size >= sizeof MAGIC && memcmp(bytes, MAGIC, sizeof MAGIC) == 0)
            status = read_binary(path, bytes, size, e, *weights, error);
        else if (strncmp((char *)bytes, FIRST_LINE, strlen(FIRST_LINE)) == 0)
            status = read_text(path, (char *)bytes, size, e, *weights, error);
        else
            status = pm_fail(error, PM_INVALID, "%s: these are no weights that were saved by punctum", path);
    }
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
    double *weights = NULL;
    pm_error own = {0};
    pm_status status = read_weights(path, experiment, &weights, error);
    if (!status)
        status = blame(path, pm_experiment_set_weights(experiment, weights, pm_experiment_weights(experiment), &own),
                       &own, error);
    free(weights);
    return status;
}

pm_status pm_trainer_load(pm_trainer *trainer, const char *path, pm_error *error) {
    const pm_experiment *e = pm_trainer_experiment(trainer);
    double *weights = NULL;
    pm_error own = {0};
    pm_status status = read_weights(path, e, &weights, error);
    if (!status)
        status = blame(path, pm_trainer_set_weights(trainer, weights, pm_experiment_weights(e), &own), &own, error);
    free(weights);
    return status;
}
