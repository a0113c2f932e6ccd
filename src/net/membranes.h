/* The neurons of a population as math/membrane.h wants them: every number of a membrane is made here. */
#ifndef PM_NET_MEMBRANES_H
#define PM_NET_MEMBRANES_H

#include "math/membrane.h"

#include <punctum/network.h>

typedef struct pm_membranes {
    const pm_network *network;
    const pm_population *population;
    uint32_t number; /* of the population */
    size_t n;        /* 1 where all neurons are alike, or one for each */
    pm_membrane *items;
    pm_neuron *neurons; /* their parameters */
    double *V_m;        /* mV, at t = 0 */
    pm_port *ports;
    pm_decay *decays; /* thresholds, then after-spike currents */
    pm_sine *sines;   /* one for each sine of the network that goes into the population */
    size_t n_sines;
} pm_membranes;

/* The membrane of a neuron of that population with those parameters. Its ports, decays (of thresholds, then of
 * after-spike currents) and sines are written to where these are given. */
void pm_membrane_of_neuron(const pm_network *network, uint32_t population, const pm_neuron *neuron,
                           pm_membrane *membrane, pm_port *ports, pm_decay *decays, pm_sine *sines);

/* Of a LIF population. The network must outlive them. Errors: PM_INVALID for more sines than PM_MEMBRANE_TERMS and as
 * for pm_network_neuron, PM_NO_MEMORY. */
pm_status pm_membranes_new(pm_membranes *membranes, const pm_network *network, uint32_t population, pm_error *error);
void pm_membranes_free(pm_membranes *membranes);

static inline size_t pm_membranes_place(const pm_membranes *membranes, uint32_t neuron) {
    return membranes->n > 1 ? neuron : 0;
}

/* The first change of the currents injected into a neuron after `time`, ms; INFINITY if there is none. */
double pm_membranes_next_change(const pm_membranes *membranes, uint32_t neuron, double time);
/* What is injected into a neuron from `time` (ms) on: puts the sines (off: 0) into its state, and returns the
 * membrane's u_inf with the constants that hold until the next change, mV. */
double pm_membranes_inject(const pm_membranes *membranes, uint32_t neuron, double time, double *state);

#endif
