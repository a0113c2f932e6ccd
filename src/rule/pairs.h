/* What a rule that moves spikes asks of observed and desired output spikes in pairs. */
#ifndef PM_RULE_PAIRS_H
#define PM_RULE_PAIRS_H

#include "gradient/alignment.h"
#include "gradient/errors.h"
#include "rule/tally.h"

/* Descent on E = 1/2 sum (t - t~)^2 over pairs of observed and desired output spikes. A spike without partner has no
 * gradient: the potential at its instant is moved by `recruit`, up where a spike is missing and down where one is
 * superfluous, on the shortest way. */
typedef struct pm_pairing {
    double window;  /* ms: spikes further apart are no pair */
    double recruit; /* mV; 0: not at all */
    bool first;     /* of the missing spikes of a neuron, only its first one counts */
    pm_alignment alignment;
    pm_sensitivity sensitivity;
} pm_pairing;

/* Sets up `pairing` for the output layer of `net`; window, recruit and first are given. */
pm_status pm_pairing_new(pm_pairing *pairing, const pm_layered *net, pm_error *error);
void pm_pairing_free(pm_pairing *pairing);
/* After the network's last run: adds dE/dt (ms) of every output spike to delta, and to `change` (pA, in the layout of
 * the output layer's weights; NULL: not plastic) what recruits spikes. */
pm_status pm_pairing_judge(pm_pairing *pairing, const pm_layered *net, const pm_raster *desired, double *delta,
                           double *change, pm_error *error);

/* For the output layer: adds rate * size * kernel(of, t - t_i) to the weight of every spike t_i that came in and every
 * error event (an observed spike of size -1, a desired one of size 1) at t; `causal`: of spikes before it only. Errors:
 * PM_NO_MEMORY. Cost: the product of both numbers. */
typedef double pm_pair_kernel(const void *of, double lag); /* ms */
pm_status pm_pairs_correlate(pm_tally *tally, pm_error_events *errors, const pm_layered *net, const pm_raster *desired,
                             pm_pair_kernel *kernel, const void *of, bool causal, pm_error *error);

#endif
