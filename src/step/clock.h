/* A time-stepped simulator, beside the event-driven one and with nothing in common with it but the description of the
 * network, its synapses and the spikes of its sources: a reference, and a measure of what a time grid costs.
 *
 * On the grid (no interpolation): LIF neurons fire at the end of the step in which V reaches V_th; delays and
 * refractory times are rounded to the nearest multiple of dt (0 included); spikes of sources are put at the next grid
 * point. A spike that arrives at a grid point changes V after it, so zero delays need no order among the neurons.
 *
 * With interpolation: every spike carries its offset within the step, arrivals split the step into smooth pieces, and a
 * piece at whose end V has reached V_th gets its spike by interpolation (A. Morrison et al., Neural Computation 19,
 * 2007). Delays and refractory times are not rounded. Populations are taken in topological order of the projections
 * that have delays below dt, so that feedforward networks may have zero delays; in cycles with delays below dt, a spike
 * that would arrive within the same step at a neuron that has been settled arrives at the end of that step instead.
 *
 * In both, crossings that begin and end within a step (a piece) go unnoticed. */
#ifndef PM_STEP_CLOCK_H
#define PM_STEP_CLOCK_H

#include "base/archive.h"
#include "net/wiring.h"
#include "step/stepper.h"

#include <punctum/simulation.h>

typedef struct pm_clock pm_clock;

typedef struct pm_clock_options {
    double dt; /* ms, > 0 */
    pm_clock_scheme scheme;
    pm_clock_interpolation interpolation;
} pm_clock_options;

/* Draws the same synapses as pm_simulation_new. The network must outlive the clock. Errors: PM_INVALID for a step that
 * is not a positive number, PM_NO_MEMORY. */
pm_status pm_clock_new(const pm_network *network, const pm_clock_options *options, pm_clock **clock, pm_error *error);
void pm_clock_free(pm_clock *clock);

/* As for pm_simulation. Samples are taken at grid points, the interval being rounded to a multiple of dt, and at
 * spikes; there are none of kind PM_SAMPLE_CURVE. */
void pm_clock_on_spike(pm_clock *clock, pm_spike_callback *callback, void *user);
void pm_clock_on_sample(pm_clock *clock, pm_sample_callback *callback, void *user);

/* Runs the steps that begin before `until` (ms, absolute) and reports all spikes before it, in order. Errors: PM_FAILED
 * for runaway activity or an unstable step (the message names neuron and time), PM_STOPPED after pm_clock_stop,
 * PM_INVALID for a time that is in the past or not finite. */
pm_status pm_clock_run(pm_clock *clock, double until, pm_error *error);
void pm_clock_stop(pm_clock *clock);

double pm_clock_time(const pm_clock *clock); /* ms */
pm_counts pm_clock_counts(const pm_clock *clock);
uint64_t pm_clock_spikes(const pm_clock *clock, uint32_t population); /* so far, of one that exists */

/* As for pm_simulation. Spikes cannot be injected into steps that have been taken. */
pm_status pm_clock_inject(pm_clock *clock, uint32_t population, uint32_t neuron, double time, pm_error *error);
/* At the end of the last step: potential (mV) and synaptic current (pA) of a LIF neuron; NULL: not wanted. */
void pm_clock_state(const pm_clock *clock, uint32_t population, uint32_t neuron, double *potential, double *current);
pm_status pm_clock_reset(pm_clock *clock, pm_error *error);
pm_status pm_clock_archive(pm_clock *clock, pm_archive *archive, pm_error *error);
/* Its synapses, whose weights may be changed. */
pm_wiring *pm_clock_wiring(pm_clock *clock);

#endif
