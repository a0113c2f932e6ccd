/* What the losses of networks share: the list of them, and potentials of outputs as sums over arriving spikes. Between
 * spikes of their own outputs are linear, so that any linear functional of a potential is a sum over what arrives. */
#include "classify/network_loss.h"

#include "classify/circuit.h"

#define HEAD(name) &pm_network_loss_##name.head,
const pm_kind *const pm_network_losses[] = {PM_NETWORK_LOSSES(HEAD) NULL};
#undef HEAD

/* The synapses of a spike's neuron onto outputs: from *begin to the end, which is returned. */
static size_t onto_of(const pm_answer *a, const pm_spike *s, size_t *begin) {
    const size_t neuron = a->circuit->first_neuron[s->population] + s->neuron;
    *begin = a->first_onto[neuron];
    return a->first_onto[neuron + 1];
}

void pm_view_sum(const pm_answer *a, pm_view *view, double *sum) {
    for (size_t k = 0; k < a->n; k++) {
        size_t j, end = onto_of(a, &a->spikes[k], &j);
        for (; j < end; j++) {
            const pm_synapse *s = a->onto[j].synapse;
            double slope;
            sum[s->target] += s->weight * view(a, a->spikes[k].time + s->delay, &slope);
        }
    }
}

void pm_view_back(const pm_answer *a, pm_view *view, const double *dl_dv) {
    for (size_t k = 0; k < a->n; k++) {
        size_t j, end = onto_of(a, &a->spikes[k], &j);
        for (; j < end; j++) {
            const pm_synapse *s = a->onto[j].synapse;
            const double by = dl_dv[s->target];
            if (by == 0.0)
                continue;
            double slope, value = view(a, a->spikes[k].time + s->delay, &slope);
            a->weight[a->onto[j].number] += by * value;
            a->delay[a->onto[j].number] += by * s->weight * slope;
            a->dl_dt[k] += by * s->weight * slope;
        }
    }
}
