/* The event-driven engine as a whole: the calls of punctum/simulation.h, for it alone. */
#ifndef PM_SIM_EXACT_H
#define PM_SIM_EXACT_H

#include "base/archive.h"
#include "net/wiring.h"

#include <punctum/simulation.h>

typedef struct pm_exact pm_exact;

pm_status pm_exact_new(const pm_network *network, const pm_options *options, pm_exact **exact, pm_error *error);
void pm_exact_free(pm_exact *exact);
void pm_exact_on_spike(pm_exact *exact, pm_spike_callback *callback, void *user);
void pm_exact_on_sample(pm_exact *exact, pm_sample_callback *callback, void *user);
pm_status pm_exact_run(pm_exact *exact, double until, pm_error *error);
void pm_exact_stop(pm_exact *exact);
double pm_exact_time(const pm_exact *exact);
pm_counts pm_exact_counts(const pm_exact *exact);
uint64_t pm_exact_spikes(const pm_exact *exact, uint32_t population);
pm_status pm_exact_inject(pm_exact *exact, uint32_t population, uint32_t neuron, double time, pm_error *error);
pm_status pm_exact_state(pm_exact *exact, uint32_t population, uint32_t neuron, double *potential, double *current,
                         pm_error *error);
pm_status pm_exact_reset(pm_exact *exact, pm_error *error);

/* The state between two runs, but for what can be drawn anew and for weights: written, or read into a simulation of the
 * same network. After an error in reading it can only be reset or freed. Errors: PM_NO_MEMORY, PM_INVALID. */
pm_status pm_exact_archive(pm_exact *exact, pm_archive *archive, pm_error *error);

/* Its synapses, whose weights and signs may be changed at t = 0; afterwards pm_exact_reweigh takes notice. */
pm_wiring *pm_exact_wiring(pm_exact *exact);
void pm_exact_reweigh(pm_exact *exact);

#endif
