/* What a layer's receptors are: the ports of one membrane, which all its neurons share; the part of the input that
 * comes over each; and neurons that have but one of them, which are enough for all that is linear. */
#include "layer/layer_receptors.h"

#include "base/list.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "net/population.h"

#include <stdlib.h>

pm_status pm_layer_set_receptors(pm_layer *layer, const pm_receptor *receptors, const uint32_t *sources, size_t n,
                                 pm_error *error) {
    const pm_lif *lif = &layer->lif;
    pm_layer_receptors *r = calloc(1, sizeof *r);
    if (!r)
        return pm_fail_memory(error, "the receptors of a layer");
    pm_layer_receptors_free(layer->receptors);
    layer->receptors = r;
    r->n = n;
    for (size_t k = 0; k < n; k++) {
        r->ports[k] = receptors[k].kernel->port(receptors[k].parameters, receptors[k].peak, 1.0 / lif->l_m);
        r->first[k + 1] = r->first[k] + sources[k];
    }
    r->membrane = (pm_membrane){.l_m = lif->l_m,
                                .inv_C = lif->inv_C,
                                .u_inf = lif->u_inf,
                                .theta = lif->theta,
                                .t_ref = lif->t_ref,
                                .add = lif->u_reset,
                                .n_ports = n,
                                .ports = r->ports};
    pm_membrane_complete(&r->membrane);
    return PM_OK;
}

pm_status pm_layer_divide(pm_layer *layer, const pm_neuron *neuron, const pm_receptor *receptors,
                          const uint32_t *sources, size_t n, pm_error *error) {
    pm_receptor used[PM_MEMBRANE_TERMS];
    uint32_t of_used[PM_MEMBRANE_TERMS];
    size_t n_used = 0;
    for (size_t k = 0; k < n; k++) {
        used[n_used] = receptors[k];
        of_used[n_used] = sources[k] == PM_ALL_SOURCES ? (uint32_t)layer->n_in : sources[k];
        n_used += sources[k] > 0;
    }
    if (n_used != 1 || layer->V_th || !pm_receptor_is_plain(&used[0]))
        return pm_layer_set_receptors(layer, used, of_used, n_used, error);
    pm_neuron own = *neuron;
    own.tau_1 = used[0].parameters[0];
    own.tau_2 = used[0].parameters[1];
    layer->lif = pm_lif_of_neuron(&own);
    return PM_OK;
}

void pm_layer_receptors_free(pm_layer_receptors *receptors) {
    if (receptors) {
        free(receptors->rows);
        free(receptors->states);
        free(receptors->low);
    }
    free(receptors);
}

/* --- part by part ------------------------------------------------------------------------------------------------- */

void pm_layer_part_free(pm_layer_part *part) {
    pm_raster_free(&part->spikes);
    free(part->place);
    *part = (pm_layer_part){0};
}

pm_status pm_layer_part_take(pm_layer_part *part, const pm_layer *layer, size_t receptor, const pm_raster *in,
                             pm_error *error) {
    const size_t first = pm_layer_first_source(layer, receptor), end = pm_layer_first_source(layer, receptor + 1);
    pm_raster *spikes = &part->spikes;
    if (!pm_list_reserve((void **)&part->place, &part->capacity, in->n, sizeof *part->place))
        return pm_fail_memory(error, "the spikes over a receptor");
    pm_status status = PM_OK;
    spikes->n = 0;
    for (size_t k = 0; !status && k < in->n; k++)
        if (in->neuron[k] >= first && in->neuron[k] < end) {
            part->place[spikes->n] = k;
            status = pm_raster_append(spikes, in->time[k], in->neuron[k], in->slope[k], error);
        }
    return status;
}

/* --- kernels ------------------------------------------------------------------------------------------------------ */

pm_lif pm_layer_kernel_with(const pm_layer *layer, size_t receptor, double tau_m) {
    const pm_port *port = &layer->receptors->ports[receptor];
    pm_neuron neuron = pm_neuron_default();
    neuron.C_m = 1.0 / layer->lif.inv_C;
    neuron.g_L = neuron.C_m / tau_m;
    neuron.I_e = 0.0;
    neuron.tau_1 = 1.0 / port->l_1;
    neuron.tau_2 = port->kind == PM_PORT_SINGLE ? 0.0 : 1.0 / port->l_2;
    pm_lif kernel = pm_lif_of_neuron(&neuron);
    if (!kernel.single)
        kernel.d12 = port->k * port->jump;
    return kernel;
}

pm_lif pm_layer_kernel(const pm_layer *layer, size_t receptor) {
    const pm_lif *lif = &layer->lif;
    if (!layer->receptors)
        return *lif;
    pm_lif kernel = pm_layer_kernel_with(layer, receptor, 1.0 / lif->l_m);
    kernel.u_inf = lif->u_inf;
    kernel.theta = lif->theta;
    kernel.u_reset = lif->u_reset;
    kernel.t_ref = lif->t_ref;
    return kernel;
}
