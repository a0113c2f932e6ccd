/* A network is run into a folder of results, as punctum run does it: files of spikes and samples, a summary,
 * checkpoints. Formats: docs/formats.md. */
#ifndef PUNCTUM_RUN_H
#define PUNCTUM_RUN_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How to run; `folder` must be given, zeros are: the exact engine, on all cores, without checkpoints. */
typedef struct pm_network_job {
    const char *folder; /* for the results, made if need be */
    const char *file;   /* where the network was read: results may not replace it; NULL: nowhere */
    pm_options options; /* on several ranks the first one writes the summary, each its share of the rest */
    double every;       /* ms of model time between checkpoints; 0: none */
    bool resume;        /* goes on from the last checkpoint in the folder, or begins where there is none */
    /* Called with the simulation before it runs, so that others can stop it, and with NULL afterwards; may be NULL. */
    void (*running)(void *user, pm_simulation *simulation);
    /* Called now and then, where the run is (ms) and how many spikes there were; NULL: nobody asks. */
    void (*progress)(void *user, double now, uint64_t spikes);
    /* Called where a run that is to be resumed begins anew in a folder that has results; may be NULL. */
    void (*anew)(void *user);
    void *user;
    size_t size; /* of this structure, bytes, as in pm_options */
} pm_network_job;

/* What a run came to, over all ranks. */
typedef struct pm_network_outcome {
    pm_counts counts;
    double reached;                /* ms */
    double build_seconds, seconds; /* preparing and running */
    double peak_megabytes;         /* of the rank that needs most */
    uint32_t ranks;
    double *rates; /* spikes/s of a neuron, of each population; 0 of sources */
} pm_network_outcome;

PM_API void pm_network_outcome_free(pm_network_outcome *outcome); /* an empty one stays behind */

/* Runs a network for its duration. Errors: those of simulations and of folders of results; PM_STOPPED after
 * pm_simulation_stop, with complete files up to there, or with a checkpoint where there are to be some; PM_INVALID for
 * checkpoints of the time-stepped engine. There is nothing to free then. Cost: that of the simulation, and of the
 * files. */
PM_API pm_status pm_network_run(const pm_network *network, const pm_network_job *how, pm_network_outcome *outcome,
                                pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
