/* Running a network, exactly: event by event, without a time grid; or, to compare with, in time steps.
 *
 * A simulation is made of a network's description, runs in slices of any length, and reports every spike in the order
 * of (time, population, neuron). Neither the slices nor the number of threads change a single bit of what it reports.
 * There is no global state: simulations in different threads are independent. */
#ifndef PUNCTUM_SIMULATION_H
#define PUNCTUM_SIMULATION_H

#include <punctum/exchange.h>
#include <punctum/network.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_simulation pm_simulation;

typedef struct pm_spike {
    double time;  /* ms */
    double slope; /* dV/dt just before the spike, mV/ms; 0 for sources, and where V jumped */
    uint32_t population;
    uint32_t neuron;
} pm_spike;

typedef enum pm_sample_kind {
    PM_SAMPLE,       /* a multiple of the recording interval */
    PM_SAMPLE_SPIKE, /* at a spike: V_th, followed by a second sample with V_reset */
    PM_SAMPLE_CURVE  /* in between, so that straight lines through all samples follow the curve to about 0.1 mV */
} pm_sample_kind;

typedef struct pm_sample {
    double time;      /* ms */
    double potential; /* mV */
    size_t record;    /* index into network->potentials */
    size_t neuron;    /* index into that record's neurons */
    pm_sample_kind kind;
} pm_sample;

/* Called for every spike of every population with record_spikes set, in the order of (time, population, neuron). A
 * status other than PM_OK ends the run. */
typedef pm_status pm_spike_callback(const pm_spike *spike, void *user, pm_error *error);
/* Called for every sample of every recorded potential; per neuron in order of time. */
typedef pm_status pm_sample_callback(const pm_sample *sample, void *user, pm_error *error);

typedef enum pm_engine_kind {
    PM_ENGINE_EVENT, /* exact */
    PM_ENGINE_CLOCK  /* in time steps, as other simulators do it: a reference, and a measure of what a grid costs */
} pm_engine_kind;

/* How PM_ENGINE_CLOCK moves potentials over a step. */
typedef enum pm_clock_scheme {
    PM_CLOCK_EXACT, /* propagator matrices: exact between arrivals */
    PM_CLOCK_RK     /* one step of the Runge-Kutta-Fehlberg method of order 5 */
} pm_clock_scheme;

/* Where it puts spikes. */
typedef enum pm_clock_interpolation {
    PM_CLOCK_GRID,   /* at the ends of steps */
    PM_CLOCK_LINEAR, /* where a straight line through V at both ends of a piece meets V_th */
    PM_CLOCK_CUBIC   /* the same with the cubic through V and dV/dt at both ends */
} pm_clock_interpolation;

/* Their names, by number; NULL ends them. */
PM_API extern const char *const pm_clock_schemes[];        /* exact, rk */
PM_API extern const char *const pm_clock_interpolations[]; /* grid, linear, cubic */

/* How to simulate; zeros are exact, on all cores. */
typedef struct pm_options {
    int threads; /* 0: as many as OpenMP would use; 1 for none. PM_ENGINE_CLOCK has one */
    /* NULL: one rank. Otherwise all ranks make and run the same simulation; bits do not depend on their number. Spikes
     * and samples are passed on where exchange.h says. Not with PM_ENGINE_CLOCK. */
    const pm_exchange *exchange;
    pm_engine_kind engine;
    double dt; /* PM_ENGINE_CLOCK: the step, ms, > 0 */
    pm_clock_scheme scheme;
    pm_clock_interpolation interpolation;
    size_t size; /* of this structure, bytes: fields that a later version adds are not looked for beyond it; 0: the
                    structure ends here */
} pm_options;

typedef struct pm_counts {
    uint64_t neurons, synapses;
    uint64_t spikes; /* of LIF neurons */
    uint64_t source_spikes;
    uint64_t synaptic_events; /* spikes arrived, one per synapse */
    uint64_t bytes;           /* memory of synapses and state */
} pm_counts;

/* Draws the synapses and prepares the run; `options` may be NULL. The network must outlive the simulation.
 * Errors: PM_INVALID for a cycle of zero delay beside impulses of zero delay (the message names it), a weight that is
 * drawn too large, an interval of recording that is too short, a step that is not positive; PM_NO_MEMORY. Cost: of
 * drawing, linear in the synapses. */
PM_API pm_status pm_simulation_new(const pm_network *network, const pm_options *options, pm_simulation **simulation,
                                   pm_error *error);
PM_API void pm_simulation_free(pm_simulation *simulation); /* NULL is allowed */

/* Who is told of spikes and of samples from now on, with `user`; NULL: nobody. See also recording.h. */
PM_API void pm_simulation_on_spike(pm_simulation *simulation, pm_spike_callback *callback, void *user);
PM_API void pm_simulation_on_sample(pm_simulation *simulation, pm_sample_callback *callback, void *user);

/* Runs on until time `until` (ms, absolute, not before the present): afterwards every spike before `until` has been
 * reported, and none at or after it; nothing is settled at or after it. Errors: PM_FAILED for runaway activity (the
 * message names neuron and time), PM_STOPPED after pm_simulation_stop, PM_INVALID for a time that is in the past or not
 * finite, or so late that the shortest delays of the network are lost in its rounding. */
PM_API pm_status pm_simulation_run(pm_simulation *simulation, double until, pm_error *error);

/* Asks a running simulation to return at the next clean point, also from the middle of a long burst of one neuron (on
 * one rank); safe in signal handlers and from other threads. */
PM_API void pm_simulation_stop(pm_simulation *simulation);

PM_API double pm_simulation_time(const pm_simulation *simulation); /* ms */
/* On several ranks: neurons and spikes of all, the rest of this one. */
PM_API pm_counts pm_simulation_counts(const pm_simulation *simulation);
/* Spikes so far of a population of LIF neurons, by its number in the network; 0 of a source, or where there is none. On
 * several ranks: those of all. */
PM_API uint64_t pm_simulation_spikes(const pm_simulation *simulation, uint32_t population);

/* Lets a neuron of a spike source fire at `time` (ms), which must not lie before the present; in time steps, not
 * before the end of the last one. Errors: PM_INVALID for what is no spike source, PM_NO_MEMORY. */
PM_API pm_status pm_simulation_inject(pm_simulation *simulation, uint32_t population, uint32_t neuron, double time,
                                      pm_error *error);

/* Membrane potential (mV) and synaptic current (pA) of a LIF neuron at the present (in time steps: at the end of the
 * last one); either pointer may be NULL. On several ranks: PM_INVALID, as pm_simulation_inject. */
PM_API pm_status pm_simulation_state(pm_simulation *simulation, uint32_t population, uint32_t neuron, double *potential,
                                     double *current, pm_error *error);

/* Back to t = 0: the same synapses, the same sources, no injected spikes. */
PM_API pm_status pm_simulation_reset(pm_simulation *simulation, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
