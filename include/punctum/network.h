/* The description of a network: populations, projections between them, what to record. It holds rules and
 * parameters, no synapses: those are drawn when a simulation is made of it (simulation.h).
 *
 * The structures are open for reading. Build a network with the functions below, which check and copy what they
 * are given, or load one from a file (io.h). Populations are numbered from 0 in the order in which they were added. */
#ifndef PUNCTUM_NETWORK_H
#define PUNCTUM_NETWORK_H

#include <punctum/error.h>
#include <punctum/neuron.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pm_population_kind {
    PM_LIF,           /* leaky integrate-and-fire neurons */
    PM_SPIKE_SOURCE,  /* neurons that fire at given instants */
    PM_POISSON_SOURCE /* neurons that fire as independent Poisson processes */
} pm_population_kind;

/* One given spike of a source population. */
typedef struct pm_event {
    double time;     /* ms, >= 0 */
    uint32_t neuron; /* < size of the population */
} pm_event;

typedef struct pm_population {
    char *name;
    uint32_t size;
    pm_population_kind kind;
    pm_neuron neuron; /* PM_LIF */
    double rate;      /* PM_POISSON_SOURCE: spikes/s of each neuron */
    pm_event *events; /* PM_SPIKE_SOURCE: sorted by (time, neuron) */
    size_t n_events;
    bool record_spikes;
} pm_population;

typedef enum pm_rule {
    PM_ALL_TO_ALL,         /* every source to every target, a neuron to itself included */
    PM_ONE_TO_ONE,         /* neuron k to neuron k; sizes must be equal */
    PM_FIXED_INDEGREE,     /* each target draws `indegree` sources, uniformly and with replacement */
    PM_PAIRWISE_BERNOULLI, /* each pair with probability `probability` */
    PM_SYNAPSE_LIST        /* the synapses given */
} pm_rule;

typedef enum pm_distribution_kind {
    PM_CONSTANT,      /* value a */
    PM_NORMAL,        /* mean a, standard deviation b */
    PM_UNIFORM,       /* [a, b) */
    PM_UNIFORM_STEPS, /* a, a + step, ..., up to b, each as likely */
    PM_MATRIX         /* values[target * n_sources + source] */
} pm_distribution_kind;

typedef struct pm_distribution {
    pm_distribution_kind kind;
    double a, b, step;
    double *values; /* PM_MATRIX: target_size x source_size, row-major */
} pm_distribution;

typedef struct pm_synapse {
    uint32_t source, target; /* numbers within their populations */
    double weight;           /* pA; at most 1e15 in magnitude, as all weights */
    double delay;            /* ms, >= 0 */
} pm_synapse;

typedef struct pm_projection {
    uint32_t from, to; /* populations; `to` is of kind PM_LIF */
    pm_rule rule;
    uint32_t indegree;    /* PM_FIXED_INDEGREE */
    double probability;   /* PM_PAIRWISE_BERNOULLI */
    pm_synapse *synapses; /* PM_SYNAPSE_LIST: these carry weight and delay, the distributions are not used */
    size_t n_synapses;
    pm_distribution weight; /* pA */
    pm_distribution delay;  /* ms; PM_MATRIX is not allowed; normal is not allowed */
} pm_projection;

typedef struct pm_potential_record {
    uint32_t population;
    uint32_t *neurons;
    size_t n_neurons;
    double interval; /* ms, > 0; at least 2^-52 of the duration, or no simulation can be made */
} pm_potential_record;

typedef struct pm_network {
    double duration; /* ms; a run covers [0, duration) */
    uint64_t seed;
    pm_population *populations;
    size_t n_populations;
    pm_projection *projections;
    size_t n_projections;
    pm_potential_record *potentials;
    size_t n_potentials;
} pm_network;

/* An empty network (duration 0, seed 1), or NULL when there is no memory. */
pm_network *pm_network_new(void);
void pm_network_free(pm_network *network); /* NULL is allowed */

/* Each adds a population and stores its number in *number (which may be NULL). Errors: PM_INVALID for an empty or
 * taken name, a size of 0, unusable parameters, a negative or not-a-number rate or time, an unknown neuron. Names
 * consist of letters, digits, '_', '-' and '.', and begin with a letter or '_' (they become parts of file names).
 * Spikes of LIF populations are recorded unless pm_network_record_spikes says otherwise. */
pm_status pm_network_add_lif(pm_network *network, const char *name, uint32_t size, const pm_neuron *neuron,
                             uint32_t *number, pm_error *error);
pm_status pm_network_add_spike_source(pm_network *network, const char *name, uint32_t size, const pm_event *events,
                                      size_t n_events, uint32_t *number, pm_error *error);
pm_status pm_network_add_poisson_source(pm_network *network, const char *name, uint32_t size, double rate,
                                        uint32_t *number, pm_error *error);

/* Adds a projection; synapses and matrix values are copied. Errors: PM_INVALID for unknown populations or neurons, a
 * target that is not LIF, sizes that do not fit the rule, unusable distributions, negative or not finite delays. */
pm_status pm_network_connect(pm_network *network, const pm_projection *projection, pm_error *error);

pm_status pm_network_record_spikes(pm_network *network, uint32_t population, bool record, pm_error *error);
pm_status pm_network_record_potential(pm_network *network, uint32_t population, const uint32_t *neurons,
                                      size_t n_neurons, double interval, pm_error *error);

/* The population of that name, or n_populations. */
size_t pm_network_find(const pm_network *network, const char *name);

#ifdef __cplusplus
}
#endif
#endif
