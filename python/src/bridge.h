/* What the Python package needs in C beside the public headers: runs that record into arrays and that Ctrl-C ends at a
 * clean point, drawn synapses as arrays, and states as bytes. Arrays handed out are freed with pm_python_free. */
#ifndef PM_PYTHON_BRIDGE_H
#define PM_PYTHON_BRIDGE_H

#include <punctum/punctum.h>

/* Spikes of a population, or of all of them. */
typedef struct pm_python_spikes {
    double *time;     /* ms */
    double *slope;    /* mV/ms */
    uint32_t *neuron; /* within its population */
    size_t n, capacity;
} pm_python_spikes;

/* Samples of one recorded neuron. */
typedef struct pm_python_samples {
    double *time;  /* ms */
    double *value; /* mV or pA */
    uint8_t *kind; /* pm_sample_kind */
    size_t n, capacity;
} pm_python_samples;

typedef struct pm_python_run pm_python_run;

/* How to run: exactly, or with a time step (ms, > 0; 0: exactly), by names as in docs/command-line.md. */
typedef struct pm_python_options {
    int threads;
    double dt;
    const char *scheme, *interpolation;
} pm_python_options;

/* Draws the synapses. The network must outlive the run. Errors: those of pm_simulation_new, and PM_INVALID for an
 * unknown scheme or interpolation. */
PM_API pm_status pm_python_run_new(const pm_network *network, const pm_python_options *options, pm_python_run **run,
                                   pm_error *error);
PM_API void pm_python_run_free(pm_python_run *run); /* NULL is allowed */
/* The simulation; NULL with a time step. */
PM_API pm_simulation *pm_python_run_simulation(pm_python_run *run);

/* On until `until` (ms). With `watch`, SIGINT ends it at the next clean point (PM_STOPPED) and *interrupted is 1
 * afterwards. To be called with `watch` by one thread at a time. */
PM_API pm_status pm_python_run_until(pm_python_run *run, double until, bool watch, int *interrupted, pm_error *error);
PM_API void pm_python_run_stop(pm_python_run *run);
PM_API double pm_python_run_time(const pm_python_run *run); /* ms */
PM_API pm_counts pm_python_run_counts(const pm_python_run *run);
PM_API pm_status pm_python_run_reset(pm_python_run *run, pm_error *error);

/* Lets neurons of sources fire (population, neuron, time of each of n spikes), as pm_simulation_inject. */
PM_API pm_status pm_python_inject(pm_simulation *simulation, const pm_spike *spikes, size_t n, pm_error *error);

/* Runs n examples from 0 until `until` (ms), each with spikes of its own of sources: those from first[k] to first[k +
 * 1] of `given`. The spikes of all populations that are recorded, from found[k] to found[k + 1] of *spikes, are in the
 * order that a gradient needs; the array is the caller's, `found` has room for n + 1. Callbacks of the simulation end.
 */
PM_API pm_status pm_python_batch_run(pm_simulation *simulation, const pm_spike *given, const size_t *first, size_t n,
                                     double until, pm_spike **spikes, size_t *found, pm_error *error);

/* pm_simulation_gradient of each of n examples, with `spikes` and dl_dt from first[k] to first[k + 1]; sums, and times
 * of all spikes (`time`, which must be there), go into `into`. */
PM_API pm_status pm_python_batch_gradient(pm_simulation *simulation, const pm_spike *spikes, const size_t *first,
                                          size_t n, const double *dl_dt, double slope_floor, const pm_gradient *into,
                                          pm_error *error);

/* What was recorded since the last time; the arrays are the caller's. `neuron` is a place in the record's neurons. */
PM_API pm_python_spikes pm_python_take_spikes(pm_python_run *run, uint32_t population);
PM_API pm_python_samples pm_python_take_samples(pm_python_run *run, size_t record, size_t neuron);
PM_API void pm_python_free(void *array);

/* The complete state of an exact run, to be restored in a run of the same network. Errors: PM_INVALID for a run with a
 * time step, and for the state of another network. */
PM_API pm_status pm_python_run_save(pm_python_run *run, uint8_t **bytes, size_t *size, pm_error *error);
PM_API pm_status pm_python_run_restore(pm_python_run *run, const uint8_t *bytes, size_t size, pm_error *error);

/* Potential (mV) and synaptic current (pA) of every neuron of a population. */
PM_API pm_status pm_python_run_state(pm_python_run *run, uint32_t population, double *potential, double *current,
                                     pm_error *error);

/* The synapses of a projection as every simulation of the network draws them, in the order of synapses.h; the array is
 * the caller's. Cost: that of drawing this projection alone. */
PM_API pm_status pm_python_synapses(const pm_network *network, size_t projection, pm_synapse **synapses, size_t *n,
                                    pm_error *error);

#endif
