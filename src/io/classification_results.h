/* What the training of a classifier leaves behind. Formats: docs/classification.md. */
#ifndef PM_IO_CLASSIFICATION_RESULTS_H
#define PM_IO_CLASSIFICATION_RESULTS_H

#include "classify/looks.h"
#include "io/results.h"

#include <jansson.h>

/* "folder/learning.dat": a row per epoch. Errors: PM_FAILED. */
pm_status pm_learning_curve_write(const char *folder, const pm_epoch *epochs, size_t n, pm_error *error);

/* "confusion.dat" of n classes: a row per label, a column per decision. Errors: PM_FAILED. */
pm_status pm_confusion_write(pm_results *results, const uint32_t *confusion, size_t n, pm_error *error);

/* A score for summary.json; null where there are no examples. NULL when there is no memory. */
json_t *pm_score_json(const pm_score *score);

typedef struct pm_class_results {
    const pm_classification *experiment;
    const pm_class_trainer *trainer;
    const pm_dataset *test;
    const pm_epoch *epochs;
    size_t n_epochs;
    pm_score score;              /* on the test set */
    const uint32_t *confusion;   /* likewise */
    const pm_class_looks *looks; /* likewise */
} pm_class_results;

/* Commits, with the checkpoint of the last epoch, "learning.dat", "confusion.dat" (a row per label, a column per
 * decision), the weights "weights-<layer>.dat" (a row per target, a column per source, pA), "latency.dat" (histogram of
 * the first spikes of each layer), "raster.dat" (the spikes of the first test examples, whose labels are in the
 * summary) and "summary.json". Errors: PM_FAILED, PM_NO_MEMORY. */
pm_status pm_class_results_write(pm_results *to, const pm_class_results *results, pm_error *error);

#endif
