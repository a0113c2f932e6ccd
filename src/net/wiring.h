/* The synapses of a network, drawn from its projections, stored by source.
 *
 * Every neuron, sources included, has a row: its synapses sorted by (delay, class of target, receptor, target).
 * Synapses that share delay, class and receptor form a group, the unit of delivery; targets and weights of a group are
 * contiguous. Per synapse there is a target (4 bytes) and a weight (8 bytes), nothing else. */
#ifndef PM_NET_WIRING_H
#define PM_NET_WIRING_H

#include <punctum/exchange.h>
#include <punctum/network.h>

/* A class is a set of LIF parameters; populations with equal parameters share one, general ones have their own. */
typedef struct pm_group {
    double delay;   /* ms */
    uint64_t begin; /* first synapse; the next group's begin is its end */
    double weight;  /* of every synapse, pA; NAN: they differ */
    uint32_t class;
    int16_t sign;      /* 1: no weight is negative; -1: none is positive; 0: mixed */
    uint16_t receptor; /* of the targets */
} pm_group;

typedef struct pm_wiring {
    uint32_t n_neurons;     /* of all populations, numbered in file order */
    uint32_t n_cells;       /* LIF neurons here, numbered in file order: targets are such numbers */
    uint32_t *first_neuron; /* n_populations + 1 */
    uint32_t *first_cell;   /* n_populations + 1; a population of sources has no cells */
    uint32_t *first_here;   /* of each population: the number of its first neuron that is a cell here */
    uint32_t *class;        /* of each population */
    uint32_t n_classes;
    uint64_t *first_group; /* n_neurons + 1 */
    pm_group *groups;      /* n_groups + 1 */
    uint64_t n_groups;
    uint32_t *targets;
    double *weights; /* pA */
    uint64_t n_synapses;
    double *min_delay; /* per projection, over all ranks, ms; INFINITY for one without synapses */
    double *min_positive_delay;
    uint32_t *drive_receptor; /* of each population: that of its first projection from Poisson sources, or 0 */
} pm_wiring;

/* On several ranks, the cells are this rank's share of every population, and the synapses those onto its cells; rows
 * are for the neurons of all ranks. NULL: one rank. The same rows for any number of threads. */
pm_status pm_wiring_share(const pm_network *network, const pm_exchange *exchange, int threads, pm_wiring **wiring,
                          pm_error *error);
/* Linear in the numbers of populations, projections and synapses. */
pm_status pm_wiring_new(const pm_network *network, pm_wiring **wiring, pm_error *error);
void pm_wiring_free(pm_wiring *wiring);
/* The same synapses with their numbers in place of weights: projection by projection, in the order of drawing; those of
 * projection k begin with first[k], of n_projections + 1. */
pm_status pm_wiring_numbers(const pm_network *network, uint64_t *first, pm_wiring **wiring, pm_error *error);
/* Weight and sign of every group, after weights have changed. */
void pm_wiring_weigh(pm_wiring *wiring);

/* The population of a cell. */
uint32_t pm_wiring_population_of_cell(const pm_wiring *wiring, const pm_network *network, uint32_t cell);

#endif
