/* Network files and spike files. Formats: docs/formats.md. */
#ifndef PUNCTUM_IO_H
#define PUNCTUM_IO_H

#include <punctum/network.h>
#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads a network file (YAML) and the files that it names. Errors: PM_INVALID with file, line, key and what would be
 * right. The caller frees *network. */
PM_API pm_status pm_network_load(const char *path, pm_network **network, pm_error *error);

/* Reads a spike file: `neuron time_ms` and any further columns, '#' starts a comment. *spikes is allocated, in file
 * order, and freed by the caller with free(). The third column, if there is one, is the slope. */
PM_API pm_status pm_spikes_read(const char *path, pm_spike **spikes, size_t *count, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
