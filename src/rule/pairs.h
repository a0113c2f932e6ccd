/* What a rule that moves spikes asks of observed and desired output spikes in pairs. */
#ifndef PM_RULE_PAIRS_H
#define PM_RULE_PAIRS_H

#include "gradient/alignment.h"
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

#endif
