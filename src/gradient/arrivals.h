/* Synapses in compressed form, whatever network they come from, and the arrivals of recorded spikes in order of time,
 * forwards or backwards. Neurons of all populations, sources included, are numbered through from 0. */
#ifndef PM_GRADIENT_ARRIVALS_H
#define PM_GRADIENT_ARRIVALS_H

#include "math/lif.h"
#include "net/wiring.h"
#include "layer/layer.h"

#include <punctum/network.h>
#include <stdbool.h>

static const uint32_t PM_IS_SOURCE = UINT32_MAX; /* the class of a neuron that is no LIF neuron */

/* Synapses of one source that share a delay. */
typedef struct pm_fan {
    double delay; /* ms */
    size_t begin; /* the next fan's begin is its end */
} pm_fan;

typedef struct pm_synapses {
    size_t n_neurons, n_synapses, n_classes;
    pm_lif *classes;
    uint32_t *class;          /* of each neuron, or PM_IS_SOURCE */
    double *weight;           /* pA, in the order of the list that was given; may be changed at any time */
    size_t *first_fan;        /* n_neurons + 1 */
    pm_fan *fans;             /* of each source in ascending order of delay; one more ends them */
    uint32_t *target;         /* of each synapse, fan by fan */
    size_t *place;            /* of each synapse in the list that was given */
    double shortest, longest; /* ms, of all delays */
} pm_synapses;

/* Copies everything. `class` has one entry per neuron; source and target of the synapses are numbers of neurons.
 * Errors: PM_INVALID for unknown neurons or classes, a target that is a source, a delay that is negative or not finite;
 * PM_NO_MEMORY. */
pm_status pm_synapses_new(pm_synapses *synapses, const pm_lif *classes, size_t n_classes, const uint32_t *class,
                          size_t n_neurons, const pm_synapse *list, size_t n_synapses, pm_error *error);
/* Those of a network as drawn, in the order of its wiring. Neurons have the numbers first_neuron[population] + neuron.
 * Errors: PM_INVALID for neurons that are not plain (pm_population_need_plain), PM_NO_MEMORY. */
pm_status pm_synapses_of_wiring(pm_synapses *synapses, const pm_network *network, const pm_wiring *wiring,
                                pm_error *error);
void pm_synapses_free(pm_synapses *synapses);

typedef struct pm_flying {
    double key; /* ms: time of the arrival, or minus that */
    size_t spike;
    size_t fan;
} pm_flying;

/* A walk through all arrivals. */
typedef struct pm_arrivals {
    const pm_synapses *synapses;
    const pm_raster *spikes;
    bool backwards;
    pm_flying *heap;
    size_t n, capacity;
    size_t entered; /* spikes that have been put into the heap */
} pm_arrivals;

/* One spike reaches one fan. */
typedef struct pm_landing {
    double time; /* ms */
    size_t spike, fan;
    size_t begin, end; /* synapses */
} pm_landing;

/* Begins a walk. `spikes` is sorted by time, neurons numbered through. Errors: PM_NO_MEMORY. */
pm_status pm_arrivals_begin(pm_arrivals *walk, const pm_synapses *synapses, const pm_raster *spikes, bool backwards,
                            pm_error *error);
/* The next arrival; false at the end. */
bool pm_arrivals_next(pm_arrivals *walk, pm_landing *landing);
void pm_arrivals_free(pm_arrivals *walk);

#endif
