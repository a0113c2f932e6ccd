/* What trainings and tests of classifiers share. */
#ifndef PM_TASK_CLASSES_H
#define PM_TASK_CLASSES_H

#include <punctum/classification.h>

/* The sets of an experiment: those that the caller gave, or its own. */
typedef struct pm_class_sets {
    const pm_dataset *train, *validation, *test; /* not NULL */
    pm_dataset own[3];
} pm_class_sets;

/* Reads what is not given (NULL). There is something to free also after an error. Errors: as of pm_classification_data.
 */
pm_status pm_class_sets_find(pm_class_sets *sets, const pm_classification *c, const pm_class_sets *given,
                             pm_error *error);
void pm_class_sets_free(pm_class_sets *sets);

/* Room for what comes of a test set. Errors: PM_NO_MEMORY. */
pm_status pm_class_outcome_new(pm_class_outcome *outcome, const pm_dataset *test, pm_error *error);

#endif
