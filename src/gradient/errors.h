/* Errors of output spike trains as events at which a potential should have been higher or lower. */
#ifndef PM_GRADIENT_ERRORS_H
#define PM_GRADIENT_ERRORS_H

#include "gradient/alignment.h"

typedef struct pm_error_event {
    double time;     /* ms */
    double size;     /* > 0: the potential should be higher. Plain events: +1 or -1; paired events: mV */
    uint32_t neuron; /* of the output */
    bool excess;     /* paired events: an observed spike without partner */
} pm_error_event;

typedef struct pm_error_events {
    pm_error_event *events; /* in order of time */
    size_t n, capacity;
    pm_alignment alignment; /* workspace of the pairing */
} pm_error_events;

void pm_errors_free(pm_error_events *errors);

/* +1 at every desired and -1 at every observed spike. */
pm_status pm_errors_plain(pm_error_events *errors, const pm_raster *observed, const pm_raster *desired,
                          pm_error *error);

typedef struct pm_error_pairing {
    double window;   /* ms: spikes further apart are no pair */
    double step;     /* mV: size of the event of an unpaired spike, and limit for paired ones */
    double approach; /* the share of the way that a pair goes at once */
    double slope;    /* mV/ms: smallest slope dV/dt of a pair's observed spike */
    double closest;  /* ms: desired spikes nearer to each other are moved apart to this distance (pm_align) */
} pm_error_pairing;

/* Observed and desired spikes of each neuron are paired at the least cost (Victor and Purpura: 1 for an unpaired spike,
 * 2 d/window for a pair at distance d). A desired spike without partner gives +step at its instant, an observed one
 * -step; a pair gives one event at the observed spike, of the size that would move it by `approach` of the distance:
 * approach * V' * (t_observed - t_desired), at most step. */
pm_status pm_errors_paired(pm_error_events *errors, const pm_raster *observed, const pm_raster *desired,
                           uint32_t n_neurons, const pm_error_pairing *pairing, pm_error *error);

#endif
