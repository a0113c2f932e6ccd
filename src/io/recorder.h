/* What a run writes: a file for the spikes of each recorded population, and two for each neuron whose potential is
 * recorded. Under several ranks each file belongs to one of them. */
#ifndef PM_IO_RECORDER_H
#define PM_IO_RECORDER_H

#include "base/archive.h"
#include "io/output.h"
#include "io/results.h"

#include <punctum/simulation.h>

typedef struct pm_recorder {
    const pm_network *network;
    const pm_exchange *ranks;
    pm_results *results;
    pm_output *spikes;     /* of each population; unopened where this rank does not write them */
    pm_output *potentials; /* samples of each recorded neuron */
    pm_output *curves;     /* the same with points in between, for drawing; potentials only */
    double *fired;         /* time of the last spike among the samples, ms */
    size_t *first;         /* of each potential record: its first index in the two above */
    size_t n_neurons;      /* recorded neurons */
} pm_recorder;

/* A recorder is closed also after an error. */
pm_status pm_recorder_open(pm_recorder *recorder, const pm_network *network, const pm_exchange *ranks,
                           pm_results *results, pm_error *error);
/* Closes all files; they are then ready for pm_results_commit. */
pm_status pm_recorder_commit(pm_recorder *recorder, pm_error *error);
/* Drops what was not committed, or leaves it for a run that goes on. */
void pm_recorder_close(pm_recorder *recorder, bool leave);
/* Whether files that a run left are missing: they have got their names already, or are lost. */
bool pm_recorder_missing(const pm_recorder *recorder);
/* Writing: brings everything so far to disk and notes how long the files are. Reading: goes on with files that were
 * left, from that length on. */
pm_status pm_recorder_archive(pm_recorder *recorder, pm_archive *archive, pm_error *error);

/* Callbacks of the simulation; `user` is the recorder. */
pm_status pm_recorder_spike(const pm_spike *spike, void *user, pm_error *error);
pm_status pm_recorder_sample(const pm_sample *sample, void *user, pm_error *error);

#endif
