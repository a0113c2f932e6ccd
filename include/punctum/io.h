/* Network files, spike files, and scripts for other simulators. Formats: docs/formats.md. */
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

typedef enum pm_simulator { PM_BRIAN2, PM_NEST } pm_simulator;

/* What to export; zeros where nothing is asked for. */
typedef struct pm_export {
    pm_simulator to;
    const char *script;       /* its path, which ends with .py; synapses and input spikes go into files beside it */
    const char *name;         /* of the network, as messages call it; NULL: "the network" */
    const volatile int *stop; /* ends the export with PM_STOPPED once it is other than 0; NULL: never */
    size_t size;              /* of this structure, bytes, as in pm_options */
} pm_export;

/* Which model of the simulator plays a population. */
typedef struct pm_export_model {
    const char *model; /* of NEST; NULL: none is named, or a source */
    bool grid;         /* spikes at the ends of steps */
} pm_export_model;

/* Writes a network as a script for another simulator, with every synapse and input spike: all files or none. `models`
 * receives one entry for each population; NULL: not wanted. Errors: PM_INVALID for what the simulator cannot do (the
 * message names the key) and for a script of another name (key "script"); PM_FAILED where files cannot be written.
 * Cost: linear in the synapses. */
PM_API pm_status pm_network_export(const pm_network *network, const pm_export *how, pm_export_model *models,
                                   pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
