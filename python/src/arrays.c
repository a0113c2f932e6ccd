/* Drawn synapses, gradients and weights as arrays.
 *
 * A projection is drawn alone in a copy of the network whose other projections are lists without synapses: the
 * streams of its random numbers depend on its place among those between the same two populations, and so it has the
 * synapses that every run has. */
#define _GNU_SOURCE
#include "bridge.h"

#include "gradient/adjoint.h"
#include "model/neuron.h"
#include "net/wiring.h"

#include <stdlib.h>
#include <string.h>

static pm_status copy_rows(const pm_wiring *w, uint32_t from, uint32_t to, pm_synapse **synapses, size_t *n,
                           pm_error *error) {
    *n = 0;
    *synapses = malloc((w->n_synapses + 1) * sizeof **synapses);
    if (!*synapses)
        return pm_fail_memory(error, "the synapses");
    for (uint32_t source = w->first_neuron[from]; source < w->first_neuron[from + 1]; source++)
        for (uint64_t g = w->first_group[source]; g < w->first_group[source + 1]; g++)
            for (uint64_t k = w->groups[g].begin; k < w->groups[g + 1].begin; k++)
                (*synapses)[(*n)++] = (pm_synapse){source - w->first_neuron[from], w->targets[k] - w->first_cell[to],
                                                   w->weights[k], w->groups[g].delay};
    return PM_OK;
}

pm_status pm_python_synapses(const pm_network *network, size_t projection, pm_synapse **synapses, size_t *n,
                             pm_error *error) {
    const pm_projection *p = &network->projections[projection];
    if (p->rule == PM_SYNAPSE_LIST) {
        *n = p->n_synapses;
        *synapses = malloc((*n + 1) * sizeof **synapses);
        if (!*synapses)
            return pm_fail_memory(error, "the synapses");
        if (*n > 0)
            memcpy(*synapses, p->synapses, *n * sizeof **synapses);
        return PM_OK;
    }
    pm_network alone = *network;
    alone.projections = calloc(network->n_projections, sizeof *alone.projections);
    if (!alone.projections)
        return pm_fail_memory(error, "the synapses");
    for (size_t k = 0; k < network->n_projections; k++)
        alone.projections[k] = k == projection ? *p
                                               : (pm_projection){.from = network->projections[k].from,
                                                                 .to = network->projections[k].to,
                                                                 .rule = PM_SYNAPSE_LIST};
    pm_wiring *wiring = NULL;
    pm_status status = pm_wiring_new(&alone, &wiring, error);
    if (!status)
        status = copy_rows(wiring, p->from, p->to, synapses, n, error);
    pm_wiring_free(wiring);
    free(alone.projections);
    return status;
}

/* A class for each population, and the class of each neuron. */
static pm_status number_classes(const pm_network *network, pm_lif *classes, uint32_t *class, pm_error *error) {
    for (uint32_t p = 0, k = 0; p < network->n_populations; p++) {
        const pm_population *population = &network->populations[p];
        if (population->kind == PM_LIF) {
            pm_status status = pm_neuron_need_current(&population->neuron, "the exact gradient", error);
            if (!status && pm_population_needs_general(network, p))
                status = pm_fail(error, PM_INVALID,
                                 "the exact gradient does not take several receptors, adaptation, varied parameters or "
                                 "injected currents yet, as population '%s' has",
                                 population->name);
            if (status)
                return status;
            classes[p] = pm_lif_new(&population->neuron);
        }
        for (uint32_t j = 0; j < population->size; j++)
            class[k++] = population->kind == PM_LIF ? p : PM_IS_SOURCE;
    }
    return PM_OK;
}

static pm_status sweep(const pm_python_gradient *g, const pm_lif *classes, size_t n_classes, const uint32_t *class,
                       size_t n_neurons, pm_error *error) {
    pm_synapses synapses = {0};
    pm_adjoint adjoint = {.slope_floor = g->slope_floor};
    const pm_raster spikes = {.time = (double *)(uintptr_t)g->spike_time,
                              .slope = (double *)(uintptr_t)g->spike_slope,
                              .neuron = (uint32_t *)(uintptr_t)g->spike_neuron,
                              .n = g->n_spikes,
                              .capacity = g->n_spikes};
    const pm_adjoint_gradient into = {.weight = g->weight, .delay = g->delay, .threshold = g->threshold};
    pm_status status =
        pm_synapses_new(&synapses, classes, n_classes, class, n_neurons, g->synapses, g->n_synapses, error);
    if (!status)
        status = pm_adjoint_run(&adjoint, &synapses, &spikes, g->dl_dt, &into, error);
    if (!status && g->n_spikes > 0)
        memcpy(g->time, adjoint.time, g->n_spikes * sizeof *g->time);
    pm_adjoint_free(&adjoint);
    pm_synapses_free(&synapses);
    return status;
}

pm_status pm_python_backward(const pm_network *network, const pm_python_gradient *gradient, pm_error *error) {
    size_t n_neurons = 0;
    for (size_t p = 0; p < network->n_populations; p++)
        n_neurons += network->populations[p].size;
    pm_lif *classes = calloc(network->n_populations + 1, sizeof *classes);
    uint32_t *class = calloc(n_neurons + 1, sizeof *class);
    pm_status status =
        classes && class ? number_classes(network, classes, class, error) : pm_fail_memory(error, "a gradient");
    if (!status)
        status = sweep(gradient, classes, network->n_populations, class, n_neurons, error);
    free(classes);
    free(class);
    return status;
}

void pm_python_trainer_weights(const pm_trainer *trainer, double *weights) {
    const pm_experiment *e = pm_trainer_experiment(trainer);
    for (size_t l = 1; l < e->n_layers; l++)
        for (uint32_t target = 0; target < e->layers[l].size; target++)
            for (uint32_t source = 0; source < e->layers[l - 1].size; source++)
                *weights++ = pm_trainer_weight(trainer, l, source, target);
}
