/* Spikes and samples of a simulation in arrays that grow. */
#ifndef PUNCTUM_RECORDING_H
#define PUNCTUM_RECORDING_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Spikes of one population, in order of (time, neuron): arrays of n. */
typedef struct pm_recorded_spikes {
    double *time;     /* ms */
    double *slope;    /* dV/dt just before the spike, mV/ms; 0 for sources, and where V jumped */
    uint32_t *neuron; /* within the population */
    size_t n, capacity;
} pm_recorded_spikes;

/* Samples of one recorded neuron, in order of time: arrays of n. */
typedef struct pm_recorded_samples {
    double *time;  /* ms */
    double *value; /* mV, or pA of a current */
    uint8_t *kind; /* a pm_sample_kind */
    size_t n, capacity;
} pm_recorded_samples;

typedef struct pm_recording pm_recording;

/* An empty recording for simulations of a network, which must outlive it: of all that the network says is to be
 * recorded. Errors: PM_NO_MEMORY. */
PM_API pm_status pm_recording_new(const pm_network *network, pm_recording **recording, pm_error *error);
PM_API void pm_recording_free(pm_recording *recording); /* NULL is allowed */
/* Forgets everything so far; what was taken stays. */
PM_API void pm_recording_clear(pm_recording *recording);

/* Records what the simulation reports from now on, in place of the callbacks that were set. The recording must outlive
 * the runs. Cost: 20 bytes a spike, 17 a sample, up to twice that while the arrays grow. */
PM_API void pm_simulation_record(pm_simulation *simulation, pm_recording *recording);
/* The callbacks behind it, with the recording as `user`: to be called by callbacks of one's own. */
PM_API pm_status pm_recording_on_spike(const pm_spike *spike, void *user, pm_error *error);
PM_API pm_status pm_recording_on_sample(const pm_sample *sample, void *user, pm_error *error);

/* What was recorded of a population so far; the arrays are those of the recording and move in the next run. Errors:
 * PM_INVALID for a population that there is not. */
PM_API pm_status pm_recording_spikes(const pm_recording *recording, uint32_t population, pm_recorded_spikes *spikes,
                                     pm_error *error);
/* The same of neuron number `neuron` of the network's record number `record`, as in pm_sample. */
PM_API pm_status pm_recording_samples(const pm_recording *recording, size_t record, size_t neuron,
                                      pm_recorded_samples *samples, pm_error *error);
/* The same, but the arrays now belong to the caller, who frees each with pm_free; the recording goes on with none. */
PM_API pm_status pm_recording_take_spikes(pm_recording *recording, uint32_t population, pm_recorded_spikes *spikes,
                                          pm_error *error);
PM_API pm_status pm_recording_take_samples(pm_recording *recording, size_t record, size_t neuron,
                                           pm_recorded_samples *samples, pm_error *error);

/* Spikes of all populations so far, in order of (time, population, neuron). The caller frees *spikes with pm_free.
 * Errors: PM_NO_MEMORY. Cost: n log n. */
PM_API pm_status pm_recording_all(const pm_recording *recording, pm_spike **spikes, size_t *n, pm_error *error);

/* free() of the C library that punctum was linked with: for arrays that punctum has handed out. */
PM_API void pm_free(void *array);

#ifdef __cplusplus
}
#endif
#endif
