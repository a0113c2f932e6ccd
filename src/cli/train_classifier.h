/* punctum train for experiments in classification. */
#ifndef PM_CLI_TRAIN_CLASSIFIER_H
#define PM_CLI_TRAIN_CLASSIFIER_H

#include "base/relay.h"
#include "io/tree.h"

#include <punctum/error.h>
#include <stdbool.h>

typedef struct pm_class_options {
    const char *file, *folder;
    const pm_tree *tree;   /* what the file says */
    double seed, epochs;   /* NAN: as in the file */
    int jobs;              /* 0: all cores */
    const pm_relay *relay; /* NULL: there is one rank */
    bool resume, quiet;
} pm_class_options;

/* *stop other than 0 ends the training at a clean point. Rank 0 writes the results and prints; the outcome is that of
 * all ranks. */
pm_status pm_train_classifier(const pm_class_options *options, const volatile int *stop, pm_error *error);

#endif
