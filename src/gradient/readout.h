/* Output neurons that integrate but do not fire, and the maxima of their potentials over a run, which are exact.
 * u = V - E_L; times in ms, weights in pA, potentials in mV. */
#ifndef PM_GRADIENT_READOUT_H
#define PM_GRADIENT_READOUT_H

#include "gradient/adjoint.h"

/* The largest u on [0, h] in the course from `start`, `end` being the state h ms later; *at receives its time. The
 * place is exact to 1e-12 of h, the value to rounding. */
double pm_lif_maximum(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, double *at);

typedef struct pm_readout {
    double *maximum;      /* mV, of each output */
    double *when;         /* ms */
    double *climb;        /* mV/ms: u' just before it, where an arrival ended the rise (tau_2 = 0) */
    size_t *ended;        /* that arrival, or SIZE_MAX: a number of the input */
    double *state;        /* workspace */
    pm_basis_table steps; /* between arrivals */
    pm_raster maxima;     /* in order of time */
    size_t n_out;
} pm_readout;

/* For a layer that lives as long; one whose targets have delays of their own gets receptors, if it has none, of the
 * neuron it is made of. Errors: PM_NO_MEMORY. */
pm_status pm_readout_new(pm_readout *readout, pm_layer *layer, const pm_neuron *neuron, pm_error *error);
void pm_readout_free(pm_readout *readout);

/* Runs the output layer from rest over [0, duration]: maximum[] and when[]. No neuron fires, whatever its threshold.
 * Errors: PM_NO_MEMORY. */
pm_status pm_readout_run(pm_readout *readout, pm_layer *layer, const pm_raster *in, double duration, pm_error *error);
/* The same for a layer with receptors (readout_receptors.c), from maxima of 0. Delays of axons have been added. */
pm_status pm_readout_walk(pm_readout *readout, pm_layer *layer, const pm_raster *in, double duration, pm_error *error);

/* The derivative of a loss whose derivatives with respect to maximum[] are dl_du[] (per mV): adds to the gradient. The
 * time of a maximum does not move its value: u' = 0 there, or it is an end of the run; unless an arrival ended the rise
 * of u, which then would have gone on until a later one. Errors: PM_NO_MEMORY. */
pm_status pm_readout_back(pm_readout *readout, pm_adjoint_layers *adjoint, const pm_layer *layer, const pm_raster *in,
                          const double *dl_du, const pm_layer_gradient *gradient, pm_error *error);

#endif
