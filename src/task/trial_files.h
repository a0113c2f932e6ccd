/* What a training run leaves behind: tables over all trials, and the details of single ones. */
#ifndef PM_TASK_TRIAL_FILES_H
#define PM_TASK_TRIAL_FILES_H

#include "io/results.h"

#include <punctum/training.h>

/* Writes "trials.dat" (a row per trial) and "correlation.dat" (mean and standard deviation over trials
 * per iteration; a trial that is over keeps its last correlation). Errors: PM_FAILED. */
pm_status pm_training_tables_write(pm_results *results, const pm_trial *trials, size_t n, pm_error *error);

/* Repeats a trial and writes into its subfolder "trial-<number>" its patterns, its weights before and after, the spikes
 * of all layers before and after, the output spikes of every iteration, and network-before-<pattern>.yaml and
 * network-after-<pattern>.yaml, with which `punctum run` repeats what the network does. `result` says how long the
 * trial was. */
pm_status pm_trial_details_write(pm_results *results, const pm_experiment *experiment, const pm_trial *result,
                                 pm_error *error);

#endif
