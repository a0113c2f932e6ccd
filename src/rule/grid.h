/* NormAD on a grid of time, for comparison: what a time-stepped simulator does for the same rule.
 *
 * Layers advance together, step by step, by exact subthreshold propagation (Rotter and Diesmann 1999). Spikes lie on
 * the grid: inputs are moved to the nearest point, a neuron at or above threshold at a point fires there. Errors on
 * their way back are carried step by step too. For neurons without refractory time and constant current. */
#ifndef PM_RULE_GRID_H
#define PM_RULE_GRID_H

#include "gradient/traces.h"
#include "layer/layered.h"

typedef struct pm_grid {
    const pm_layered *net; /* whose weights are used */
    double step;           /* ms */
    size_t n_steps;
    double slope_floor; /* mV/ms */
    size_t window;      /* steps */
    pm_raster rasters[PM_MOST_LAYERS + 1];
    size_t *at_step[PM_MOST_LAYERS + 1];           /* spikes at[k] to at[k + 1] fire in step k */
    pm_traces state[PM_MOST_LAYERS];               /* membranes of each layer */
    pm_traces errors[PM_MOST_LAYERS];              /* errors on their way back */
    pm_lif_basis membrane, kernel[PM_MOST_LAYERS]; /* of one step */
    double *psp, *lag; /* after 0, 1, ... window steps: the output layer's kernel, and the derivative of the others' */
    double *coefficient[PM_MOST_LAYERS];
    size_t capacity[PM_MOST_LAYERS];
    size_t offset[PM_MOST_LAYERS], row; /* of each layer's part of a gradient, laid out like its weights */
} pm_grid;

/* An error of one output neuron. */
typedef struct pm_grid_event {
    double time; /* ms */
    uint32_t neuron;
} pm_grid_event;

/* The network must outlive the grid. tau_hat: of the output layer's traces; tau_hat_hidden: of all below; ms. Errors:
 * PM_INVALID for too many layers or for neurons that this is not for, PM_NO_MEMORY. */
pm_status pm_grid_new(pm_grid *grid, const pm_layered *net, double step, double duration, double tau_hat,
                      double tau_hat_hidden, double slope_floor, double window, pm_error *error);
void pm_grid_free(pm_grid *grid);

/* Runs the network from rest: rasters receive the spikes of all layers. */
pm_status pm_grid_run(pm_grid *grid, const pm_raster *input, pm_error *error);
/* The gradients of the output neurons' potentials at the events, a row each, all layers plastic. */
pm_status pm_grid_gradients(pm_grid *grid, const pm_grid_event *events, size_t n, double *rows, pm_error *error);

#endif
