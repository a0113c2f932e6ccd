/* Observed and desired spikes of a neuron, aligned at the least cost. */
#ifndef PM_GRADIENT_ALIGNMENT_H
#define PM_GRADIENT_ALIGNMENT_H

#include "layer/layer.h"

/* The spikes of one neuron, in order of time; `slope` may be NULL. `times` has room for raster->n. */
size_t pm_train_of(const pm_raster *raster, uint32_t neuron, double *times, double *slope);

/* What it costs to make a pair of spikes that are d ms apart; a spike without partner costs 1. */
typedef enum pm_pair_cost {
    PM_PAIR_LINEAR, /* |d|/scale (Victor and Purpura) */
    PM_PAIR_SQUARE, /* d^2/(2 scale^2) (Florian's chronotron) */
} pm_pair_cost;

static const size_t PM_ALONE = (size_t)-1;

typedef struct pm_alignment {
    double *observed, *desired, *slope;               /* ms, ms, mV/ms */
    size_t n, m;                                      /* observed and desired spikes */
    size_t *partner_of_observed, *partner_of_desired; /* PM_ALONE: none */
    double *cost;
    size_t capacity, cost_capacity;
} pm_alignment;

/* Aligns the trains of one neuron; spikes of either beyond the 2000th are left out. Desired spikes that are less than
 * `closest` apart are first moved to that distance from each other, by the smallest sum of squared moves. Scale and
 * closest in ms. Errors: PM_NO_MEMORY. */
pm_status pm_align(pm_alignment *a, const pm_raster *observed, const pm_raster *desired, uint32_t neuron,
                   pm_pair_cost kind, double scale, double closest, pm_error *error);
void pm_alignment_free(pm_alignment *a);

#endif
