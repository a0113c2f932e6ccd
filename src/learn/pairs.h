/* Observed and desired spikes of the output in pairs, and what a rule that moves spikes asks of them. */
#ifndef PM_LEARN_PAIRS_H
#define PM_LEARN_PAIRS_H

#include "learn/tally.h"

/* The spikes of one neuron, in order of time; `slope` may be NULL. `times` has room for raster->n. */
size_t pm_train_of(const pm_raster *raster, uint32_t neuron, double *times, double *slope);

/* Observed and desired spikes of one neuron, aligned at the least cost: 1 for each spike without partner,
 * (t - t~)^2/(2 tau^2) for a pair. */
typedef struct pm_alignment {
    double *observed, *desired, *slope; /* ms, ms, mV/ms */
    size_t n, m;
    size_t *partner_of_observed, *partner_of_desired; /* PM_ALONE: none */
    double *cost;
    size_t capacity, cost_capacity;
} pm_alignment;

static const size_t PM_ALONE = (size_t)-1;

pm_status pm_align(pm_alignment *a, const pm_raster *observed, const pm_raster *desired, uint32_t neuron, double tau,
                   pm_error *error);
void pm_alignment_free(pm_alignment *a);

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
