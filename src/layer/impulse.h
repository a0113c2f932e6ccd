/* One dense layer of LIF neurons with impulse synapses, without delays: an arriving spike moves the membrane potential
 * at once, so potentials only decay between arrivals, and neurons fire at arrivals. Times in ms, potentials u = V - E_L
 * and weights in mV. */
#ifndef PM_LAYER_IMPULSE_H
#define PM_LAYER_IMPULSE_H

#include "layer/layer.h"

#include <punctum/error.h>
#include <stddef.h>

/* At every instant t of arrivals, over all neurons i (J. H. Lee, T. Delbruck and M. Pfeiffer, Front. Neurosci. 10:508,
 * 2016):
 *   1. u_i decays, and jumps by d_i times the sum of the weights that arrive at t, where d_i = ((t - t_i) / t_ref)^2
 *      less than t_ref after the neuron's own last spike t_i, and 1 otherwise;
 *   2. every neuron with u_i >= threshold_i fires: u_i falls by threshold_i;
 *   3. every neuron i is inhibited by each neuron j that fired, but not by itself: u_i moves by inhibition threshold_i.
 * A neuron that is still at its threshold after its spike fires again at the next arrival, not before. */
typedef struct pm_impulse {
    size_t n_in, n_out;
    double tau;              /* membrane time constant */
    double t_ref;            /* 0: none */
    double inhibition;       /* share of the threshold, 0 or less; 0: none */
    const double *weight;    /* weight[source * n_out + target] */
    const double *threshold; /* n_out, positive */
} pm_impulse;

/* What a run needs besides; one for each thread. */
typedef struct pm_impulse_state {
    double *u;    /* n_out potentials: at the last arrival, or at the end of the run */
    double *last; /* own last spike; -INFINITY: none */
    double *jump; /* weights that arrive together */
    double *kept; /* potentials of recovering neurons */
    uint32_t *recovering;
    int64_t *reached; /* of each block of neurons: nonzero if one may be at its threshold */
    size_t n_out;
} pm_impulse_state;

/* Errors: PM_NO_MEMORY. */
pm_status pm_impulse_state_new(pm_impulse_state *state, size_t n_out, pm_error *error);
void pm_impulse_state_free(pm_impulse_state *state);

/* Runs the layer from rest over [0, duration) with the given input (sorted by time, within the run, sources < n_in)
 * and replaces `out` by its spikes; their slopes are 0, for potentials jump. Leaves the potentials at the end in
 * state->u. Errors: PM_NO_MEMORY. */
pm_status pm_impulse_run(const pm_impulse *layer, pm_impulse_state *state, const pm_raster *in, double duration,
                         pm_raster *out, pm_error *error);

/* trace[k] = sum over the spikes t of neuron k of exp((t - at) / tau), for n neurons; no spike is later than `at`. */
void pm_impulse_traces(const pm_raster *spikes, double tau, double at, size_t n, double *trace);

#endif
