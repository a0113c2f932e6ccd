/* Drawn synapses by projection. The wiring forgets which projection a synapse came from; a second wiring with numbers
 * in place of weights has the same order and tells. Invariant: `places` has the numbers of all synapses, or is empty.
 */
#include "net/limits.h"
#include "run/simulation.h"

#include <punctum/synapses.h>
#include <stdlib.h>

static pm_status number(pm_places *places, const pm_wiring *numbered, pm_error *error) {
    places->place = malloc((numbered->n_synapses + 1) * sizeof *places->place);
    if (!places->place)
        return pm_fail_memory(error, "the places of synapses");
    for (uint64_t k = 0; k < numbered->n_synapses; k++)
        places->place[(uint64_t)numbered->weights[k]] = k;
    return PM_OK;
}

pm_status pm_simulation_number(pm_simulation *simulation, pm_error *error) {
    pm_simulation *s = simulation;
    pm_wiring *numbered = NULL;
    if (s->exchange)
        return pm_fail(error, PM_INVALID, "synapses cannot be asked for on several ranks");
    if (s->places.place)
        return PM_OK;
    free(s->places.first);
    s->places.first = calloc(s->network->n_projections + 1, sizeof *s->places.first);
    if (!s->places.first)
        return pm_fail_memory(error, "the places of synapses");
    pm_status status = pm_wiring_numbers(s->network, s->places.first, &numbered, error);
    if (!status)
        status = number(&s->places, numbered, error);
    pm_wiring_free(numbered);
    return status;
}

/* The numbers of a projection's synapses: [begin, begin + n). */
static pm_status range_of(pm_simulation *s, size_t projection, uint64_t *begin, size_t *n, pm_error *error) {
    if (projection >= s->network->n_projections)
        return pm_fail(error, PM_INVALID, "there is no projection %zu; the network has %zu", projection,
                       s->network->n_projections);
    pm_status status = pm_simulation_number(s, error);
    if (status)
        return status;
    *begin = s->places.first[projection];
    *n = (size_t)(s->places.first[projection + 1] - *begin);
    return PM_OK;
}

static pm_status range_of_n(pm_simulation *s, size_t projection, size_t n, uint64_t *begin, pm_error *error) {
    size_t there = 0;
    pm_status status = range_of(s, projection, begin, &there, error);
    if (!status && n != there)
        return pm_fail(error, PM_INVALID, "%zu weights for projection %zu, which has %zu synapses", n, projection,
                       there);
    return status;
}

pm_status pm_simulation_synapse_count(pm_simulation *simulation, size_t projection, size_t *n, pm_error *error) {
    uint64_t begin;
    return range_of(simulation, projection, &begin, n, error);
}

pm_status pm_simulation_synapses(pm_simulation *simulation, size_t projection, pm_synapse *synapses, pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(simulation);
    uint64_t begin = 0;
    size_t n = 0;
    pm_status status = range_of(simulation, projection, &begin, &n, error);
    uint64_t *group_of = malloc((w->n_synapses + 1) * sizeof *group_of); /* source and delay are those of groups */
    uint32_t *source_of = malloc((w->n_groups + 1) * sizeof *source_of);
    if (!status && (!group_of || !source_of))
        status = pm_fail_memory(error, "the synapses");
    for (uint32_t source = 0; !status && source < w->n_neurons; source++)
        for (uint64_t g = w->first_group[source]; g < w->first_group[source + 1]; g++) {
            source_of[g] = source;
            for (uint64_t k = pm_group_begin(w, g); k < pm_group_begin(w, g + 1); k++)
                group_of[k] = g;
        }
    for (size_t k = 0; !status && k < n; k++) {
        const pm_projection *p = &simulation->network->projections[projection];
        const uint64_t place = simulation->places.place[begin + k], g = group_of[place];
        synapses[k] = (pm_synapse){source_of[g] - w->first_neuron[p->from], w->targets[place] - w->first_cell[p->to],
                                   w->weights[place], pm_group_delay(w, g)};
    }
    free(group_of);
    free(source_of);
    return status;
}

pm_status pm_simulation_weights(pm_simulation *simulation, size_t projection, double *weights, size_t n,
                                pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(simulation);
    uint64_t begin = 0;
    pm_status status = range_of_n(simulation, projection, n, &begin, error);
    for (size_t k = 0; !status && k < n; k++)
        weights[k] = w->weights[simulation->places.place[begin + k]];
    return status;
}

pm_status pm_simulation_set_weights(pm_simulation *simulation, size_t projection, const double *weights, size_t n,
                                    pm_error *error) {
    pm_wiring *w = pm_simulation_wiring(simulation);
    uint64_t begin = 0;
    pm_status status = range_of_n(simulation, projection, n, &begin, error);
    if (!status && pm_simulation_time(simulation) > 0.0)
        return pm_fail(error, PM_INVALID, "weights are set at t = 0; the simulation is at %.17g ms: reset it before",
                       pm_simulation_time(simulation));
    for (size_t k = 0; !status && k < n; k++)
        if (!pm_weight_fits(weights[k]))
            return pm_fail(error, PM_INVALID, "weight %zu is %g; at most %g in magnitude is possible", k, weights[k],
                           PM_LARGEST_WEIGHT);
    if (status)
        return status;
    for (size_t k = 0; k < n; k++)
        w->weights[simulation->places.place[begin + k]] = weights[k];
    pm_simulation_reweigh(simulation);
    return PM_OK;
}
