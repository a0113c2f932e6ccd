/* The exact gradient of a loss on spike times with respect to everything that moves them.
 *
 * A loss is any function of the recorded spikes. Given its derivative with respect to the time of every spike as if
 * that one moved alone, the gradient follows what depends on what: a weight moves a spike, that spike its arrivals,
 * these the spikes behind them, through resets and refractory times, back to the input. It is that of the network as
 * long as it fires the same spikes in the same order; the equations are in docs/model.md. Neurons of all populations
 * are numbered through in their order, synapses as in synapses.h. */
#ifndef PUNCTUM_GRADIENT_H
#define PUNCTUM_GRADIENT_H

#include <punctum/network.h>
#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PM_NEURON_PARAMETERS = 10 }; /* those of pm_neuron in their order, then V_m at t = 0 */

/* Derivatives with respect to what the neurons of a population share, added to; each may be NULL. Units: of the loss
 * per unit of the parameter. */
typedef struct pm_shared_gradient {
    double *receptors; /* 4 for each receptor: its parameters; without receptors: of tau_1 and tau_2 */
    pm_jump *threshold;
    pm_jump *after_spike;
    pm_reset *reset;
} pm_shared_gradient;

/* Where derivatives go; each array may be NULL. Units: of the loss per ... */
typedef struct pm_gradient {
    double *weight;    /* pA (impulses: mV), of every synapse; added to */
    double *delay;     /* ms, of every synapse; added to */
    double *threshold; /* mV, of every neuron: of V_th; added to */
    double *time;      /* ms, of every spike, given ones included: with all that depends on it; written */
    double *neuron; /* unit of the parameter: PM_NEURON_PARAMETERS for every neuron; E_L with V_m as it is; added to */
    pm_shared_gradient *populations; /* of every population; added to */
    size_t size;                     /* of this structure, bytes, as in pm_options */
} pm_gradient;

/* `spikes`: all n spikes of a run, of all populations, sources included, in order of time, as pm_recording_all gives
 * them; dl_dt: the derivative of the loss with respect to each, per ms. d(V - threshold)/dt is taken to be at least
 * slope_floor (mV/ms, >= 0) at spikes, as its inverse is without bound where a spike grazes the threshold; with 0 the
 * gradient is exact. Weights are those of the simulation, which is not run. Errors: PM_INVALID for spikes out of order
 * or of unknown neurons, and on several ranks; PM_FAILED for a spike that grazes the threshold; PM_NO_MEMORY. Cost:
 * about that of the run; with `neuron` or `populations` some ten times that. */
PM_API pm_status pm_simulation_gradient(pm_simulation *simulation, const pm_spike *spikes, size_t n,
                                        const double *dl_dt, double slope_floor, const pm_gradient *gradient,
                                        pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
