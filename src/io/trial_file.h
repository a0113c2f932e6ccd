/* Files of trials: what came of one, so that an interrupted experiment can go on. */
#ifndef PM_IO_TRIAL_FILE_H
#define PM_IO_TRIAL_FILE_H

#include <jansson.h>
#include <punctum/training.h>

/* The full configuration of an experiment, all defaults filled in. NULL when there is no memory. */
json_t *pm_experiment_json(const pm_experiment *experiment);

/* A number that stands for everything that decides what a trial of the experiment does (not the number of trials).
 * Errors: PM_NO_MEMORY. */
pm_status pm_experiment_mark(const pm_experiment *experiment, uint64_t *mark, pm_error *error);

/* Writes "folder/trial-<number>.bin", a checkpoint. Errors: PM_FAILED. */
pm_status pm_trial_write(const char *folder, uint64_t mark, const pm_trial *trial, pm_error *error);

/* Removes the trials of other experiments, and of earlier versions, from a folder. Errors: PM_FAILED. */
pm_status pm_trials_clear(const char *folder, uint64_t mark, pm_error *error);

/* Reads it again, to the same bits; wall time and spikes excepted. *found is false where there is no such file. Errors:
 * PM_INVALID as for all checkpoints (io/checkpoint.h), with advice. */
pm_status pm_trial_read(const char *folder, uint64_t mark, uint32_t number, pm_trial *trial, bool *found,
                        pm_error *error);

#endif
