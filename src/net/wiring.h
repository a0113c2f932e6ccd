/* The synapses of a network, drawn from its projections, stored by source.
 *
 * Every neuron, sources included, has a row: its synapses sorted by (delay, class of target, receptor, target).
 * Synapses that share delay, class and receptor form a group, the unit of delivery; targets and weights of a group are
 * contiguous. Per synapse there is a target (4 bytes) and a weight (8 bytes), nothing else. Where most groups would
 * hold one synapse, every synapse is a group, and has a delay (8 bytes) besides. Where synapses are not all static, the
 * order is (delay, class of target, receptor, type, target), groups are kept, and a group has a type (1 byte). */
#ifndef PM_NET_WIRING_H
#define PM_NET_WIRING_H

#include "base/list.h"
#include "model/synapse.h"

#include <punctum/exchange.h>
#include <punctum/network.h>

/* A class is a set of LIF parameters; populations with equal parameters share one, general ones have their own. */
typedef struct pm_group {
    double delay;        /* ms */
    uint64_t begin : 38; /* first synapse; the next group's begin is its end */
    uint64_t class : 18;
    uint64_t receptor : 5; /* of the targets */
    uint64_t equal : 1;    /* all weights are */
    int64_t sign : 2;      /* 1: no weight is negative; -1: none is positive; 0: mixed */
} pm_group;

/* A model of synapses with its parameters; projections that have both in common share one. */
typedef struct pm_synapse_type {
    const pm_synapse_model *model;
    double parameters[PM_SYNAPSE_PARAMETERS];
} pm_synapse_type;

enum { PM_MOST_TYPES = 256 };

static const uint64_t PM_MOST_SYNAPSES = ((uint64_t)1 << 38) - 1;
static const uint32_t PM_MOST_CLASSES = 1 << 18;

typedef struct pm_wiring {
    uint32_t n_neurons;     /* of all populations, numbered in file order */
    uint32_t n_cells;       /* LIF neurons here, numbered in file order: targets are such numbers */
    uint32_t *first_neuron; /* n_populations + 1 */
    uint32_t *first_cell;   /* n_populations + 1; a population of sources has no cells */
    uint32_t *first_here;   /* of each population: the number of its first neuron that is a cell here */
    uint32_t *class;        /* of each population */
    uint32_t n_classes;
    uint64_t *first_group; /* n_neurons + 1 */
    uint64_t n_groups;
    pm_group *groups;               /* n_groups + 1; NULL: every synapse is a group, and has these: */
    double *delays;                 /* ms */
    uint8_t *receptors;             /* NULL: all are the first */
    uint8_t *type_of;               /* of each group; NULL: all are static */
    PM_LIST(pm_synapse_type) types; /* the first is static */
    uint32_t *cell_class;           /* of each cell */
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
/* Group number n_groups, too. */
static inline uint64_t pm_group_begin(const pm_wiring *w, uint64_t group) {
    return w->groups ? w->groups[group].begin : group;
}
static inline double pm_group_delay(const pm_wiring *w, uint64_t group) {
    return w->groups ? w->groups[group].delay : w->delays[group];
}
static inline uint32_t pm_group_receptor(const pm_wiring *w, uint64_t group) {
    return w->groups ? w->groups[group].receptor : w->receptors ? w->receptors[group] : 0;
}
static inline uint32_t pm_group_class(const pm_wiring *w, uint64_t group) {
    return w->groups ? w->groups[group].class : w->cell_class[w->targets[group]];
}
/* Among the types of the wiring. */
static inline uint32_t pm_group_type(const pm_wiring *w, uint64_t group) { return w->type_of ? w->type_of[group] : 0; }
/* As in pm_group. */
static inline int pm_group_sign(const pm_wiring *w, uint64_t group) {
    return w->groups ? w->groups[group].sign : w->weights[group] < 0.0 ? -1 : 1;
}
/* Whether delays take less memory than groups. */
static inline bool pm_groups_are_single(double n_groups, double n_synapses) {
    return n_groups * sizeof(pm_group) > n_synapses * sizeof(double);
}
/* The memory of synapses and groups. */
static inline uint64_t pm_wiring_bytes(const pm_wiring *w) {
    const uint64_t single = w->groups ? 0 : sizeof *w->delays + (w->receptors ? sizeof *w->receptors : 0);
    return w->n_synapses * (sizeof *w->targets + sizeof *w->weights + single) +
           (w->groups ? w->n_groups * sizeof *w->groups : 0) + (w->type_of ? w->n_groups * sizeof *w->type_of : 0) +
           w->n_neurons * sizeof *w->first_group;
}

/* Weight and sign of every group, after weights have changed. */
void pm_wiring_weigh(pm_wiring *wiring);

/* The population of a cell. */
uint32_t pm_wiring_population_of_cell(const pm_wiring *wiring, const pm_network *network, uint32_t cell);

#endif
