/* Field by field: padding has no meaning. */
#include "net/mark.h"

#include "model/neuron.h"

#include <string.h>

uint64_t pm_hash(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t k = 0; k < size; k++)
        hash = (hash ^ at[k]) * 0x100000001b3u;
    return hash;
}

uint64_t pm_kind_hash(uint64_t hash, const pm_kind *kind, const void *structure) {
    for (size_t k = 0; k < kind->n_fields; k++) {
        double value = pm_field_value(&kind->fields[k], structure) + 0.0; /* -0 is 0 */
        hash = pm_hash(hash, &value, sizeof value);
    }
    return hash;
}

#define HASH(hash, value) pm_hash(hash, &(value), sizeof(value))

static uint64_t of_population(uint64_t h, const pm_population *p) {
    h = pm_hash(h, p->name, strlen(p->name) + 1);
    h = HASH(h, p->size);
    h = HASH(h, p->kind);
    h = HASH(h, p->record_spikes);
    h = HASH(h, p->rate);
    if (p->kind == PM_LIF)
        h = pm_kind_hash(h, &pm_neuron_lif, &p->neuron);
    h = HASH(h, p->n_events);
    for (size_t k = 0; k < p->n_events; k++) {
        h = HASH(h, p->events[k].time);
        h = HASH(h, p->events[k].neuron);
    }
    return h;
}

static uint64_t of_distribution(uint64_t h, const pm_distribution *d, size_t n) {
    h = HASH(h, d->kind);
    h = HASH(h, d->a);
    h = HASH(h, d->b);
    h = HASH(h, d->step);
    return d->kind == PM_MATRIX ? pm_hash(h, d->values, n * sizeof *d->values) : h;
}

static uint64_t of_projection(uint64_t h, const pm_network *network, const pm_projection *p) {
    size_t pairs = (size_t)network->populations[p->from].size * network->populations[p->to].size;
    h = HASH(h, p->from);
    h = HASH(h, p->to);
    h = HASH(h, p->rule);
    h = HASH(h, p->indegree);
    h = HASH(h, p->probability);
    h = HASH(h, p->n_synapses);
    for (size_t k = 0; k < p->n_synapses; k++) {
        h = HASH(h, p->synapses[k].source);
        h = HASH(h, p->synapses[k].target);
        h = HASH(h, p->synapses[k].weight);
        h = HASH(h, p->synapses[k].delay);
    }
    h = of_distribution(h, &p->weight, pairs);
    return of_distribution(h, &p->delay, pairs);
}

uint64_t pm_network_mark(const pm_network *network) {
    uint64_t h = HASH(PM_HASH_START, network->seed);
    h = HASH(h, network->n_populations);
    for (size_t p = 0; p < network->n_populations; p++)
        h = of_population(h, &network->populations[p]);
    h = HASH(h, network->n_projections);
    for (size_t k = 0; k < network->n_projections; k++)
        h = of_projection(h, network, &network->projections[k]);
    h = HASH(h, network->n_potentials);
    for (size_t k = 0; k < network->n_potentials; k++) {
        const pm_potential_record *r = &network->potentials[k];
        h = HASH(h, r->population);
        h = HASH(h, r->interval);
        h = HASH(h, r->n_neurons);
        h = pm_hash(h, r->neurons, r->n_neurons * sizeof *r->neurons);
    }
    return h;
}
