/* Counting without drawing. The formulas are those of rows.c and order.c: what it allocates while it makes rows, and
 * what stays of it beside the state of the cells while a network runs. */
#include "net/need.h"

#include "base/room.h"
#include "model/synapse.h"
#include "net/steps.h"
#include "net/wiring.h"

#include <math.h>
#include <stdio.h>

/* Per cell and per neuron that is a source: states, twice, what arrives in a slab, random streams. */
enum { CELL_BYTES = 128, SOURCE_BYTES = 24, SORT_BYTES = 48, ROW_BYTES = 3 * sizeof(uint64_t) };

size_t pm_different_delays(const pm_projection *p) {
    if (p->rule == PM_SYNAPSE_LIST)
        return p->n_synapses > 0 ? SIZE_MAX : 0;
    if (p->delay.step > 1e-12 * p->delay.b)
        return (size_t)fmin(pm_steps_of(&p->delay).count, 1e9);
    return p->delay.kind == PM_CONSTANT ? 1 : SIZE_MAX;
}

size_t pm_delay_width(const pm_network *network, size_t *n) {
    const size_t most = (size_t)UINT16_MAX + 1;
    const pm_projection *all = network->projections;
    bool same = true;
    for (size_t k = 0; same && k < network->n_projections; k++)
        same = all[k].rule != PM_SYNAPSE_LIST && all[k].delay.kind == PM_CONSTANT && all[k].delay.a == all[0].delay.a;
    *n = network->n_projections > 0;
    if (same)
        return 0;
    *n = 0;
    for (size_t k = 0; k < network->n_projections; k++) {
        size_t more = pm_different_delays(&all[k]);
        if (more > most - *n)
            return *n = 0, sizeof(double);
        *n += more;
    }
    return *n > UINT8_MAX + 1 ? 2 : 1;
}

/* The state of a cell, and of one with more than the usual terms. */
static double cell_bytes(const pm_population *p) {
    const double terms = 2.0 * (double)p->n_receptors + (double)p->n_threshold + (double)p->n_after_spike;
    return CELL_BYTES + 3.0 * sizeof(double) * terms;
}

/* The neurons of a population that are here. */
static double share_of(const pm_exchange *exchange, uint32_t size) {
    uint32_t rank = exchange ? exchange->rank : 0;
    return pm_share_begin(exchange, rank + 1, size) - pm_share_begin(exchange, rank, size);
}

double pm_projection_synapses(const pm_network *network, const pm_projection *p, const pm_exchange *exchange) {
    const double sources = network->populations[p->from].size;
    const double targets =
        exchange ? share_of(exchange, network->populations[p->to].size) : network->populations[p->to].size;
    switch (p->rule) {
    case PM_ALL_TO_ALL:
        return targets * sources;
    case PM_FIXED_INDEGREE:
        return targets * p->indegree;
    case PM_PAIRWISE_BERNOULLI:
        return targets * sources * p->probability;
    case PM_SYNAPSE_LIST:
        return (double)p->n_synapses / (exchange ? exchange->size : 1);
    case PM_FIXED_OUTDEGREE:
        return sources * p->outdegree * targets / network->populations[p->to].size;
    case PM_FIXED_TOTAL_NUMBER:
        return (double)p->total * targets / network->populations[p->to].size;
    default:
        return targets;
    }
}

/* x to the n-th power. */
static double power(double x, double n) {
    double y = 1.0;
    for (uint64_t k = (uint64_t)fmin(n, 1e15); k > 0; k /= 2, x *= x)
        y = k % 2 ? y * x : y;
    return y;
}

/* Different delays among the synapses of a row, in the mean. */
static double groups_of(const pm_projection *p, double synapses, double sources) {
    const double in_row = synapses / sources;
    const size_t different = pm_different_delays(p);
    if (different == SIZE_MAX || in_row <= 1.0)
        return synapses;
    const double n = (double)different;
    return fmin(synapses, sources * fmax(1.0, n * (1.0 - power(1.0 - 1.0 / n, in_row))));
}

pm_need pm_network_need(const pm_network *network, const pm_exchange *exchange) {
    pm_need need = {0};
    double neurons = 0.0, cells = 0.0, states = 0.0, longest = 0.0, synaptic = 0.0;
    bool receptors = false;
    size_t n = 0;
    for (size_t p = 0; p < network->n_populations; p++) {
        const pm_population *population = &network->populations[p];
        const double here = exchange ? share_of(exchange, population->size) : population->size;
        neurons += population->size;
        cells += population->kind == PM_LIF ? here : 0.0;
        states += population->kind == PM_LIF ? here * cell_bytes(population) : (double)population->size * SOURCE_BYTES;
    }
    for (size_t k = 0; k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        const double synapses = pm_projection_synapses(network, p, exchange), from = network->populations[p->from].size;
        need.synapses += synapses;
        need.groups += groups_of(p, synapses, from);
        const size_t width = pm_projection_model(p)->width;
        synaptic += width > 0 ? groups_of(p, synapses, from) * (double)(1 + width) * sizeof(double) : 0.0;
        longest += synapses / from;
        receptors = receptors || p->receptor > 0;
    }
    const bool typed = synaptic > 0.0; /* a group has a type, and says where its state is */
    const double single = typed ? INFINITY : need.synapses * (sizeof(double) + receptors);
    const double own = fmin(need.groups * sizeof(pm_group), single);
    const double of_types = typed ? need.groups * (sizeof(uint8_t) + sizeof(uint32_t)) + synaptic : 0.0;
    const double kept = need.synapses * (sizeof(uint32_t) + sizeof(double)) + own + of_types;
    const double making = need.synapses * (sizeof(uint8_t) + (double)pm_delay_width(network, &n) + receptors + typed) +
                          neurons * ROW_BYTES + cells * sizeof(uint32_t) + longest * SORT_BYTES;
    const double running = neurons * sizeof(uint64_t) + states;
    need.bytes = kept + fmax(making, running);
    return need;
}

pm_status pm_network_check_room(const pm_network *network, const pm_exchange *exchange, pm_error *error) {
    const pm_need need = pm_network_need(network, exchange);
    char what[60];
    snprintf(what, sizeof what, "%.3g synapses", need.synapses);
    return pm_room_check_all(need.bytes, what, exchange, error);
}
