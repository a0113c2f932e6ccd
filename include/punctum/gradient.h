/* The exact gradient of a loss on spike times with respect to everything that moves them.
 *
 * A loss is any function of the recorded spikes. Given its derivative with respect to the time of every spike as if
 * that one moved alone, the gradient follows what depends on what: a weight moves a spike, that spike its arrivals,
 * these the spikes behind them, through resets and refractory times, back to the input. It is that of the network as
 * long as it fires the same spikes in the same order; the equations are in docs/model.md. Neurons of all populations
 * are numbered through in their order, synapses as in synapses.h. */
#ifndef PUNCTUM_GRADIENT_H
#define PUNCTUM_GRADIENT_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where derivatives go; each array may be NULL. Units: of the loss per ... */
typedef struct pm_gradient {
    double *weight;    /* pA, of every synapse; added to */
    double *delay;     /* ms, of every synapse; added to */
    double *threshold; /* mV, of every neuron; added to */
    double *time;      /* ms, of every spike, given ones included: with all that depends on it; written */
    size_t size;       /* of this structure, bytes, as in pm_options */
} pm_gradient;

/* `spikes`: all n spikes of a run, of all populations, sources included, in order of time, as pm_recording_all gives
 * them; dl_dt: the derivative of the loss with respect to each, per ms. dV/dt is taken to be at least slope_floor
 * (mV/ms, >= 0) at spikes, as 1/(dV/dt) is without bound where a spike grazes the threshold; with 0 the gradient is
 * exact. Weights are those of the simulation, which is not run. Errors: PM_INVALID for spikes out of order or of
 * unknown neurons, for neurons that are more than one current and a fixed threshold, on several ranks; PM_FAILED for a
 * spike that grazes the threshold; PM_NO_MEMORY. Cost: about that of the run. */
PM_API pm_status pm_simulation_gradient(pm_simulation *simulation, const pm_spike *spikes, size_t n,
                                        const double *dl_dt, double slope_floor, const pm_gradient *gradient,
                                        pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
