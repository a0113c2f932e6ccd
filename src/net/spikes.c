/* The order is complete: no two spikes of a neuron are at one instant. */
#include "net/spikes.h"

#include <math.h>

int pm_compare_spikes(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->population != b->population)
        return a->population < b->population ? -1 : 1;
    return a->neuron < b->neuron ? -1 : a->neuron > b->neuron;
}

void pm_spikes_sort(pm_spike_list *spikes, size_t from) {
    if (spikes->count > from)
        pm_sort(spikes->items + from, spikes->count - from, sizeof *spikes->items, pm_compare_spikes);
}

bool pm_spike_is_of(const pm_network *network, const pm_spike *spike, pm_population_kind kind) {
    return spike->population < network->n_populations && network->populations[spike->population].kind == kind &&
           spike->neuron < network->populations[spike->population].size && spike->time >= 0.0 && isfinite(spike->time);
}
