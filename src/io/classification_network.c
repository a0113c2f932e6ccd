/* Layers become populations, "layer-1" and so on; outputs that only integrate have a threshold that they never reach.
 * Of a layer with windows, each window becomes a neuron of "pool-1": any impulse makes it fire at once, and it is
 * refractory from then to the end, so that it fires with the first of its window. Synapses over each receptor are a
 * projection of their own. */
#include "io/classification_network.h"

#include "io/output.h"
#include "io/summary.h"
#include "model/neuron.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double NEVER = 1e9; /* mV: a threshold */

typedef struct network {
    pm_results *to;
    const pm_classification *of;
    const pm_classifier *net;
    bool fires; /* the output layer */
} network;

/* The name of the population whose spikes layer l receives. */
static const char *source_of(const network *n, size_t l, char *name, size_t size) {
    if (l == 0)
        return "input";
    const pm_patches *before = n->net->patches[l - 1];
    snprintf(name, size, before && before->window ? "pool-%zu" : "layer-%zu", l);
    return name;
}

static pm_status write_input(const network *n, const pm_raster *input, pm_error *error) {
    pm_output output;
    pm_status status = pm_output_open_in(&output, n->to, "input.dat", error);
    if (!status)
        status = pm_output_write(&output, error, "# neuron time_ms\n");
    for (size_t k = 0; !status && k < input->n; k++)
        status = pm_output_write(&output, error, "%" PRIu32 " %.17g\n", input->neuron[k], input->time[k]);
    return pm_output_close(&output, status, error);
}

static pm_status write_synapse(const network *n, pm_output *output, size_t l, size_t source, size_t target,
                               double weight, pm_error *error) {
    const pm_delays *d = &n->net->delays[l];
    return pm_output_write(output, error, "%zu %zu %.17g %.17g\n", source, target, weight,
                           d->value ? d->value[pm_delay_place(d, source, target)] : 0.0);
}

static pm_status write_patch(const network *n, pm_output *output, size_t l, const pm_patch *patch, pm_error *error) {
    const pm_patches *p = n->net->patches[l];
    pm_status status = PM_OK;
    for (size_t i = 0; i < patch->n_sources; i++)
        for (size_t j = 0; !status && j < patch->n_targets; j++) {
            const double weight = n->net->weight[l][(patch->row + i) * p->stride + j];
            if (weight != 0.0)
                status = write_synapse(n, output, l, p->source[patch->source + i], p->target[patch->target + j],
                                       weight, error);
        }
    return status;
}

/* What layer l hears over a receptor: sources from `first` to `end` - 1, and the file of their synapses. A layer
 * without receptors has one way. */
typedef struct way {
    size_t first, end;
    char file[160];
} way;

static size_t ways_of(const network *n, size_t l) { return n->net->sources[l] ? n->net->n_receptors : 1; }

static way way_over(const network *n, size_t l, size_t receptor) {
    const uint32_t *sources = n->net->sources[l];
    way w = {.end = n->net->sizes[l]};
    snprintf(w.file, sizeof w.file, "synapses-%zu.dat", l + 1);
    if (!sources)
        return w;
    for (size_t r = 0; r < receptor; r++)
        w.first += sources[r] == PM_ALL_SOURCES ? n->net->sizes[l] : sources[r];
    w.end = sources[receptor] == PM_ALL_SOURCES ? n->net->sizes[l] : w.first + sources[receptor];
    snprintf(w.file, sizeof w.file, "synapses-%zu-%s.dat", l + 1, n->net->receptors[receptor].name);
    return w;
}

static pm_status write_synapses(const network *n, size_t l, size_t receptor, pm_error *error) {
    const pm_patches *p = n->net->patches[l];
    const way w = way_over(n, l, receptor);
    pm_output output;
    if (w.first == w.end)
        return PM_OK;
    pm_status status = pm_output_open_in(&output, n->to, w.file, error);
    if (!status)
        status = pm_output_write(&output, error, "# source target weight_pA delay_ms\n");
    for (size_t q = 0; p && !status && q < p->n; q++)
        status = write_patch(n, &output, l, &p->patch[q], error);
    for (size_t i = w.first; !p && i < w.end; i++)
        for (size_t j = 0; !status && j < n->net->sizes[l + 1]; j++)
            status = write_synapse(n, &output, l, i, j, n->net->weight[l][i * n->net->strides[l] + j], error);
    return pm_output_close(&output, status, error);
}

static pm_status write_windows(const network *n, size_t l, pm_error *error) {
    const pm_patches *p = n->net->patches[l];
    char name[40];
    pm_output output;
    if (!p || !p->window)
        return PM_OK;
    snprintf(name, sizeof name, "pool-%zu.dat", l + 1);
    pm_status status = pm_output_open_in(&output, n->to, name, error);
    if (!status)
        status = pm_output_write(&output, error, "# neuron window weight_mV delay_ms\n");
    for (size_t j = 0; !status && j < p->n_out; j++)
        status = pm_output_write(&output, error, "%zu %" PRIu32 " 1 0\n", j, p->window[j]);
    return pm_output_close(&output, status, error);
}

static pm_status write_thresholds(const network *n, size_t l, pm_error *error) {
    char name[40];
    pm_output output;
    if (!n->net->V_th[l])
        return PM_OK;
    snprintf(name, sizeof name, "V_th-%zu.dat", l + 1);
    pm_status status = pm_output_open_in(&output, n->to, name, error);
    for (size_t j = 0; !status && j < n->net->sizes[l + 1]; j++)
        status = pm_output_write(&output, error, "%.17g\n", n->net->V_th[l][j]);
    return pm_output_close(&output, status, error);
}

/* `own`: number of the layer whose thresholds are in a file, or 0. */
static pm_status write_neuron(pm_output *output, const pm_neuron *neuron, size_t own, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < pm_neuron_lif.n_fields; k++) {
        const pm_field *field = &pm_neuron_lif.fields[k];
        const char *before = k > 0 ? ", " : "{";
        if (own > 0 && strcmp(field->name, "V_th") == 0)
            status = pm_output_write(output, error, "%sV_th: {file: V_th-%zu.dat}", before, own);
        else
            status =
                pm_output_write(output, error, "%s%s: %.17g", before, field->name, pm_field_value(field, neuron));
    }
    return status ? status : pm_output_write(output, error, "}");
}

static pm_status write_receptors(const network *n, pm_output *output, size_t l, pm_error *error) {
    return n->net->sources[l]
               ? pm_receptors_write(output, ", ", n->net->receptors, n->net->n_receptors, "", error)
               : PM_OK;
}

static pm_status write_population(const network *n, pm_output *output, size_t l, pm_error *error) {
    const pm_patches *p = n->net->patches[l];
    const bool last = l + 1 == n->net->n_layers;
    pm_neuron neuron = n->net->neurons[last];
    neuron.V_th = last && !n->fires ? NEVER : neuron.V_th;
    pm_status status = pm_output_write(output, error, "  - {name: layer-%zu, size: %zu, neuron: ", l + 1,
                                       p ? p->n_out : n->net->sizes[l + 1]);
    if (!status)
        status = write_neuron(output, &neuron, n->net->V_th[l] ? l + 1 : 0, error);
    if (!status)
        status = write_receptors(n, output, l, error);
    if (!status)
        status = pm_output_write(output, error, "}\n");
    if (status || !p || !p->window)
        return status;
    neuron.E_L = neuron.V_reset = neuron.I_e = neuron.tau_1 = neuron.tau_2 = 0.0;
    neuron.V_th = 0.5; /* mV, of impulses of 1 mV */
    neuron.t_ref = n->net->duration;
    status = pm_output_write(output, error, "  - {name: pool-%zu, size: %zu, neuron: ", l + 1, p->n_windows);
    if (!status)
        status = write_neuron(output, &neuron, 0, error);
    return status ? status : pm_output_write(output, error, "}\n");
}

static pm_status write_projection(const network *n, pm_output *output, size_t l, pm_error *error) {
    char from[40];
    pm_status status = PM_OK;
    for (size_t r = 0; !status && r < ways_of(n, l); r++) {
        const way w = way_over(n, l, r);
        const char *receptor = n->net->sources[l] ? n->net->receptors[r].name : "";
        if (w.first < w.end)
            status = pm_output_write(output, error, "  - {from: %s, to: layer-%zu, connect: {file: %s}%s%s}\n",
                                     source_of(n, l, from, sizeof from), l + 1, w.file,
                                     *receptor ? ", receptor: " : "", receptor);
    }
    if (!status && n->net->patches[l] && n->net->patches[l]->window)
        status = pm_output_write(output, error, "  - {from: layer-%zu, to: pool-%zu, connect: {file: pool-%zu.dat}}\n",
                                 l + 1, l + 1, l + 1);
    return status;
}

static pm_status write_record(const network *n, pm_output *output, pm_error *error) {
    const size_t top = n->net->n_layers;
    char name[40];
    pm_status status = pm_output_write(output, error, "record:\n  spikes: [input");
    for (size_t l = 1; !status && l < top; l++)
        status = pm_output_write(output, error, ", %s", source_of(n, l, name, sizeof name));
    if (!status && n->fires)
        return pm_output_write(output, error, ", layer-%zu]\n", top);
    if (!status)
        status = pm_output_write(output, error, "]\n  potential:\n    - {population: layer-%zu, neurons: [0", top);
    for (size_t j = 1; !status && j < n->net->sizes[top]; j++)
        status = pm_output_write(output, error, ", %zu", j);
    return status ? status : pm_output_write(output, error, "], interval: 0.1}\n");
}

static pm_status write_network(const network *n, size_t example, pm_error *error) {
    pm_output output;
    pm_status status = pm_output_open_in(&output, n->to, "network.yaml", error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "# A trained classifier, on test example %zu.\nduration: %.17g\npopulations:\n"
                                 "  - {name: input, size: %zu, source: {spikes: input.dat}}\n",
                                 example, n->net->duration, n->net->sizes[0]);
    for (size_t l = 0; !status && l < n->net->n_layers; l++)
        status = write_population(n, &output, l, error);
    if (!status)
        status = pm_output_write(&output, error, "projections:\n");
    for (size_t l = 0; !status && l < n->net->n_layers; l++)
        status = write_projection(n, &output, l, error);
    if (!status)
        status = write_record(n, &output, error);
    return pm_output_close(&output, status, error);
}

pm_status pm_class_network_write(pm_results *to, pm_class_trainer *trainer, const pm_dataset *data, size_t example,
                                 pm_error *error) {
    network n = {.to = to, .of = pm_class_trainer_experiment(trainer), .net = pm_class_trainer_classifier(trainer)};
    if (!n.net)
        return pm_fail_key(error, "network", "only networks of layers of integrate-and-fire neurons are written");
    n.fires = n.net->loss->fires;
    pm_class_look look;
    pm_status status = pm_class_trainer_look(trainer, data, example, &look, error);
    if (!status)
        status = write_input(&n, &look.rasters[0], error);
    for (size_t l = 0; !status && l < n.net->n_layers; l++) {
        for (size_t r = 0; !status && r < ways_of(&n, l); r++)
            status = write_synapses(&n, l, r, error);
        if (!status)
            status = write_windows(&n, l, error);
        if (!status)
            status = write_thresholds(&n, l, error);
    }
    return status ? status : write_network(&n, example, error);
}
