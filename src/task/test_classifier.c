/* A trained classifier, as its checkpoint holds it, on the test set of its experiment or on other examples. Nothing is
 * trained, and nothing in the folder of the training changes. */
#define _GNU_SOURCE
#include "base/sized.h"
#include "io/classification_file.h"
#include "io/classification_network.h"
#include "io/classification_results.h"
#include "io/results.h"
#include "io/summary.h"
#include "task/classes.h"

#include <omp.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>

/* A checkpoint that the summary beside it does not name is what another training has left. */
static pm_status check_folder(const char *folder, pm_error *error) {
    json_t *summary = NULL;
    pm_status status = PM_OK;
    if (pm_summary_read(folder, &summary, NULL) == PM_OK && !pm_summary_names(summary, PM_CLASS_CHECKPOINT))
        status = pm_fail(error, PM_INVALID,
                         "%s: summary.json is not that of the training of a classifier: it does not name %s", folder,
                         PM_CLASS_CHECKPOINT);
    json_decref(summary);
    return status;
}

/* The network as files that can be run; the checkpoint is still needed. */
static pm_status leave_network(const pm_classification *c, const pm_class_exam *how, pm_class_trainer *trainer,
                               const pm_dataset *test, pm_error *error) {
    char *checkpoint = NULL;
    pm_results *results = NULL;
    if (asprintf(&checkpoint, "%s/" PM_CLASS_CHECKPOINT, how->trained) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_results_open(how->network, checkpoint, true, &results, error);
    free(checkpoint);
    if (!status)
        status = pm_class_network_write(results, trainer, test, 0, error);
    if (!status) {
        json_t *summary = json_pack("{s:s, s:s, s:s, s:s, s:I}", "version", PM_VERSION, "command", "test (network)",
                                    "file", c->file, "trained", how->trained, "seed", (json_int_t)c->seed);
        status = pm_results_commit(results, summary, error);
        json_decref(summary);
    }
    pm_results_close(results, false);
    return status;
}

/* The mark in the checkpoint is that of the experiment with its own test set. */
static pm_status examine(const pm_classification *c, const pm_classification *with, const pm_class_exam *how,
                         pm_class_sets *sets, pm_class_trainer **trainer, pm_class_outcome *outcome, pm_error *error) {
    const pm_class_sets given = {.train = how->train, .test = how->test};
    uint64_t mark = 0;
    pm_status status = check_folder(how->trained, error);
    if (!status)
        status = pm_classification_mark(c, &mark, error);
    if (!status)
        status = pm_class_sets_find(sets, with, &given, error);
    if (!status)
        status = pm_class_trainer_new(with, sets->train, trainer, error);
    if (!status)
        status = pm_class_outcome_new(outcome, sets->test, error);
    if (!status)
        status = pm_class_checkpoint_read(how->trained, mark, *trainer, &outcome->epochs, NULL, error);
    if (status)
        return status;
    outcome->n_epochs = pm_class_trainer_epochs(*trainer);
    status = pm_class_trainer_test(*trainer, sets->test, outcome->confusion, &outcome->test, error);
    return status || !how->network ? status : leave_network(c, how, *trainer, sets->test, error);
}

static pm_status check(const pm_classification *c, const pm_class_exam *how, pm_error *error) {
    if (!how->images != !how->labels)
        return pm_fail_key(error, "images", "images and labels go together");
    if (how->images && c->data != PM_DATA_IDX)
        return pm_fail_key(error, "images", "%s: --images and --labels are for experiments with data in IDX files",
                           c->file);
    return PM_OK;
}

/* A copy that owns nothing. */
static pm_classification with_images(const pm_classification *c, const pm_class_exam *how) {
    pm_classification with = *c;
    if (how->images) {
        with.test = SIZE_MAX;
        with.test_images = (char *)how->images;
        with.test_labels = (char *)how->labels;
    }
    return with;
}

pm_status pm_classification_test(const pm_classification *c, const pm_class_exam *given, pm_class_outcome *outcome,
                                 pm_error *error) {
    *outcome = (pm_class_outcome){0};
    pm_class_exam own;
    const pm_class_exam *how = &own;
    pm_status status = PM_SIZED_COPY(own, given, "a test", error);
    if (!status)
        status = check(c, how, error);
    if (status)
        return status;
    const pm_classification with = with_images(c, how);
    const int threads = omp_get_max_threads();
    pm_class_sets sets = {0};
    pm_class_trainer *trainer = NULL;
    if (how->threads > 0)
        omp_set_num_threads(how->threads);
    status = examine(c, &with, how, &sets, &trainer, outcome, error);
    omp_set_num_threads(threads);
    pm_class_trainer_free(trainer);
    pm_class_sets_free(&sets);
    if (status)
        pm_class_outcome_free(outcome);
    return status;
}

pm_status pm_classification_test_write(pm_results *results, const pm_classification *c, const pm_class_exam *how,
                                       const pm_class_outcome *outcome, pm_error *error) {
    pm_status status = pm_confusion_write(results, outcome->confusion, outcome->n_classes, error);
    if (status)
        return status;
    json_t *summary = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "version", PM_VERSION, "command", "test", "file",
                                c->file, "trained", how->trained, "seed", (json_int_t)c->seed, "epochs",
                                (json_int_t)outcome->n_epochs, "test", pm_score_json(&outcome->test));
    status = pm_results_commit(results, summary, error);
    json_decref(summary);
    return status;
}
