/* Looks at what a trained network does with the examples of a test set: when its neurons fire first, and all spikes of
 * a few examples. */
#ifndef PM_CLASSIFY_LOOKS_H
#define PM_CLASSIFY_LOOKS_H

#include "base/list.h"
#include "classify/classification.h"

enum {
    PM_LOOK_BINS = 120,      /* of the histograms, over the duration of an example */
    PM_LOOK_EXAMPLES = 1000, /* looked at, at most */
    PM_LOOK_SHOWN = 3        /* of them with all spikes */
};

typedef struct pm_class_spike {
    uint32_t example, population, neuron; /* population 0: the input */
    double time;                          /* ms */
} pm_class_spike;

typedef struct pm_class_looks {
    size_t examples, populations;   /* both 0 of models whose spikes have no times */
    double duration;                /* ms */
    const size_t *sizes;            /* of the populations; the trainer's */
    uint64_t *bins;                 /* populations x PM_LOOK_BINS: first spikes of neurons, over all examples */
    PM_LIST(pm_class_spike) spikes; /* of the first PM_LOOK_SHOWN examples, example after example */
} pm_class_looks;

/* After a test, whose network it is. Errors: as of a test, PM_NO_MEMORY. There is something to free in any case. */
pm_status pm_class_looks_take(pm_class_trainer *trainer, const pm_dataset *test, pm_class_looks *looks,
                              pm_error *error);
void pm_class_looks_free(pm_class_looks *looks);

#endif
