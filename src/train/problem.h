/* What a trial is about: its patterns and its initial weights, drawn from streams of its own. */
#ifndef PM_TRAIN_PROBLEM_H
#define PM_TRAIN_PROBLEM_H

#include "layer/layered.h"

#include <punctum/training.h>

/* The patterns of a trial; freed with pm_patterns_free. Errors: PM_NO_MEMORY. */
pm_status pm_patterns_draw(const pm_experiment *experiment, uint32_t trial, pm_pattern **patterns, size_t *count,
                           pm_error *error);
void pm_patterns_free(pm_pattern *patterns, size_t count);

/* Bytes that a trainer of the experiment takes at least, its spikes apart. */
double pm_experiment_bytes(const pm_experiment *experiment);

/* Initial weights of all layers, for the trial's first attempt (0) or a further one. */
pm_status pm_weights_draw(const pm_experiment *experiment, uint32_t trial, uint32_t attempt, pm_layered *net,
                          pm_error *error);
/* Weights in the order of pm_experiment_set_weights: whether they fit, and into a network. */
pm_status pm_weights_check(const pm_experiment *experiment, const double *weights, size_t n, pm_error *error);
void pm_weights_put(const double *weights, pm_layered *net);

/* Which receptor of layer l's a source reaches it over. */
size_t pm_training_receptor(const pm_training_layer *layer, size_t source);

/* PM_INVALID with a message, unless sizes, goal and problem fit together. */
pm_status pm_experiment_check(const pm_experiment *experiment, pm_error *error);
/* The same; *key is then the key of an experiment file that is at fault, and *pattern, where that is "problem", the
 * number of the pattern, n_patterns for none in particular. */
pm_status pm_experiment_fault(const pm_experiment *experiment, const char **key, size_t *pattern, pm_error *error);

#endif
