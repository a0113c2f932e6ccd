/* Files of spikes and of synapses. */
#ifndef PM_IO_SPIKES_H
#define PM_IO_SPIKES_H

#include "io/file.h"

#include <punctum/network.h>
#include <punctum/simulation.h>

/* Spikes for a source population of that name and size, in file order; freed by the caller with free(). Errors:
 * PM_INVALID with file and line. */
pm_status pm_events_read(const char *path, const char *population, uint32_t size, pm_event **events, size_t *count,
                         pm_error *error);

/* The spike `neuron time_ms [slope]` in a row of a file. Errors: PM_INVALID with file and line. */
pm_status pm_spike_of_row(const pm_rows *rows, pm_spike *spike, pm_error *error);

/* Synapses between two populations. */
pm_status pm_synapses_read(const char *path, const pm_population *from, const pm_population *to, pm_synapse **synapses,
                           size_t *count, pm_error *error);

#endif
