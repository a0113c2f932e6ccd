/* A network of any populations and projections whose synapses and neurons learn: what is learnt of it, as one array of
 * numbers, and its place in the network. Times in ms, weights in pA (impulses: mV). */
#ifndef PM_CLASSIFY_CIRCUIT_H
#define PM_CLASSIFY_CIRCUIT_H

#include "base/kind.h"

#include <punctum/gradient.h>

typedef enum pm_learnt_kind { PM_LEARNT_WEIGHTS, PM_LEARNT_DELAYS, PM_LEARNT_PARAMETER } pm_learnt_kind;
typedef enum pm_delay_owner { PM_DELAY_PER_SYNAPSE, PM_DELAY_PER_AXON } pm_delay_owner;

/* One quantity that is learnt: of all synapses from one population to another, or a parameter of all neurons of one. */
typedef struct pm_learnt {
    pm_learnt_kind kind;
    uint32_t from, to;  /* populations; of a parameter: to */
    char parameter[16]; /* of pm_neuron, or V_m at t = 0 */
    double rate;        /* of weights, a factor of the learning rate; otherwise in its place */
    double min, max;    /* in the unit of the quantity */
    double per;         /* of delays, a pm_delay_owner */
} pm_learnt;
extern const pm_kind pm_learnt_weights, pm_learnt_delays, pm_learnt_parameters;

/* What a network file, an experiment and its seed make together. */
typedef struct pm_circuit {
    pm_network *net; /* with all synapses as lists; those to outputs that do not fire are left out */
    uint32_t input, output;
    bool fires; /* the outputs */
    const pm_learnt *learnt;
    size_t n_learnt;
    size_t *at;             /* n_learnt + 1: the first number of each */
    double *initial;        /* at[n_learnt] numbers */
    pm_synapse **synapses;  /* of each projection */
    size_t *count;          /* of each projection */
    size_t *first;          /* of each projection: its first synapse among all: those that are simulated come first */
    size_t n_synapses;      /* of all projections */
    uint32_t *first_neuron; /* of each population, and one more */
    bool neurons;           /* some parameter is learnt */
} pm_circuit;

/* Takes the network over, also when it fails; draws its synapses. Errors: PM_INVALID where what is learnt is not there
 * or cannot be learnt, PM_NO_MEMORY. */
pm_status pm_circuit_new(pm_circuit *c, pm_network *net, uint32_t input, uint32_t output, bool fires,
                         const pm_learnt *learnt, size_t n_learnt, pm_error *error);
void pm_circuit_free(pm_circuit *c);

/* Puts numbers that were learnt into the network. */
void pm_circuit_put(pm_circuit *c, const double *values);
/* What a gradient of the network says of the numbers of quantity k: added to into[]. */
void pm_circuit_collect(const pm_circuit *c, const pm_gradient *gradient, size_t k, double *into);
/* Keeps the numbers of quantity k within their bounds; false where one is not finite. */
bool pm_circuit_bound(const pm_circuit *c, size_t k, double *values);

/* Whether a projection is simulated. */
static inline bool pm_circuit_simulates(const pm_circuit *c, size_t projection) {
    return c->fires || c->net->projections[projection].to != c->output;
}

#endif
