/* Sets and outcomes. A set that was given belongs to the caller, one that was read to `own`; nobody else has to know
 * which it is. */
#include "task/classes.h"

#include <stdlib.h>

pm_status pm_class_sets_find(pm_class_sets *sets, const pm_classification *c, const pm_class_sets *given,
                             pm_error *error) {
    *sets = (pm_class_sets){.train = given->train, .validation = given->validation, .test = given->test};
    pm_dataset *own = sets->own;
    const bool all_given = given->train && given->test;
    pm_status status = all_given ? PM_OK
                                 : pm_classification_data(c, given->train ? NULL : &own[0],
                                                          given->train || given->validation ? NULL : &own[1],
                                                          given->test ? NULL : &own[2], error);
    if (!sets->train)
        sets->train = &own[0];
    if (!sets->validation)
        sets->validation = &own[1];
    if (!sets->test)
        sets->test = &own[2];
    return status;
}

void pm_class_sets_free(pm_class_sets *sets) {
    for (size_t k = 0; k < sizeof sets->own / sizeof *sets->own; k++)
        pm_dataset_free(&sets->own[k]);
}

pm_status pm_class_outcome_new(pm_class_outcome *outcome, const pm_dataset *test, pm_error *error) {
    *outcome = (pm_class_outcome){.n_classes = test->n_classes};
    outcome->confusion = calloc(test->n_classes * test->n_classes + 1, sizeof *outcome->confusion);
    return outcome->confusion ? PM_OK : pm_fail_memory(error, "a confusion matrix");
}

void pm_class_outcome_free(pm_class_outcome *outcome) {
    free(outcome->confusion);
    free(outcome->epochs);
    *outcome = (pm_class_outcome){0};
}
