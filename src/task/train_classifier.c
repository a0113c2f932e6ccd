/* A classifier is trained as a whole: epoch by epoch, with a checkpoint after each, from which a training goes on with
 * the same bits. The test set is looked at once, at the end. Several ranks share every batch and every test; whatever
 * else may fail on one of them is agreed upon before the next thing that they do together. */
#include "base/list.h"
#include "base/sized.h"
#include "io/checkpoint.h"
#include "io/classification_file.h"
#include "io/classification_results.h"
#include "task/classes.h"

#include <omp.h>
#include <stdlib.h>

typedef struct run {
    const pm_class_training *how;
    const pm_classification *experiment;
    const pm_exchange *ranks; /* NULL: there is one */
    bool writes;
    pm_results *results; /* of the rank that writes */
    pm_class_sets sets;
    pm_class_trainer *trainer;
    uint64_t mark;
    pm_epoch *epochs;
    size_t n_epochs, n_saved; /* n_saved: of them in the checkpoint */
    pm_class_outcome outcome;
} run;

static void show(void *user, size_t done, const pm_score *sums) {
    const run *r = user;
    const double part = (double)done / (double)r->sets.train->n;
    r->how->progress(r->how->user, r->n_epochs, ((double)r->n_epochs + part) / (double)r->experiment->epochs, sums);
}

static pm_status add_epoch(run *r, pm_error *error) {
    size_t capacity = r->n_epochs;
    bool grown = pm_list_reserve((void **)&r->epochs, &capacity, r->n_epochs + 1, sizeof *r->epochs);
    return pm_exchange_agree(r->ranks, grown ? PM_OK : pm_fail_memory(error, "epochs"), error);
}

static pm_status write_epoch(run *r, pm_error *error) {
    pm_status status = r->writes ? pm_results_retire(r->results, error) : PM_OK;
    if (r->writes && !status)
        status = pm_class_checkpoint_write(r->how->folder, r->mark, r->trainer, r->epochs, error);
    status = pm_exchange_agree(r->ranks, status, error);
    r->n_saved = status || !r->how->folder ? r->n_saved : r->n_epochs;
    if (r->writes && !status)
        status = pm_learning_curve_write(r->how->folder, r->epochs, r->n_epochs, error);
    return pm_exchange_agree(r->ranks, status, error);
}

static pm_status epoch(run *r, pm_error *error) {
    pm_status status = add_epoch(r, error);
    if (status)
        return status;
    pm_epoch *e = &r->epochs[r->n_epochs];
    status = pm_class_trainer_advance(r->trainer, r->sets.validation, r->how->progress ? show : NULL, r, r->how->stop,
                                      e, error);
    if (status)
        return status;
    r->n_epochs++;
    return write_epoch(r, error);
}

static pm_status epochs(run *r, pm_error *error) {
    pm_status status = PM_OK;
    size_t now = r->n_epochs;
    while (!status && r->n_epochs < r->experiment->epochs) {
        now = r->n_epochs + 1;
        status = epoch(r, error);
    }
    if (!status || !error)
        return status;
    pm_error why = *error;
    if (status == PM_STOPPED)
        return pm_fail(error, status, "stopped after %zu of %zu epochs; %s", r->n_epochs, r->experiment->epochs,
                       r->how->folder ? "the same command with --resume goes on" : "nothing was to be written");
    return r->n_saved == 0
               ? pm_fail(error, status, "%.900s (epoch %zu)", why.message, now)
               : pm_fail(error, status, "%.800s (epoch %zu; --resume goes on from %s/" PM_CLASS_CHECKPOINT ")",
                         why.message, now, r->how->folder);
}

/* Back to the checkpoint, if there is one. A program that was killed just after it wrote it has left the curve of an
 * epoch less. */
static pm_status go_on(run *r, pm_error *error) {
    const char *folder = r->how->folder;
    bool found = false;
    pm_status status = pm_class_checkpoint_read(folder, r->mark, r->trainer, &r->epochs, &found, error);
    if (status || !found)
        return pm_checkpoint_advise(status, error);
    r->n_saved = r->n_epochs = pm_class_trainer_epochs(r->trainer);
    if (r->n_epochs > r->experiment->epochs)
        return pm_fail(error, PM_INVALID,
                       "%s/" PM_CLASS_CHECKPOINT " is from after epoch %zu, beyond the end after %zu", folder,
                       r->n_epochs, r->experiment->epochs);
    return r->writes ? pm_learning_curve_write(folder, r->epochs, r->n_epochs, error) : PM_OK;
}

/* Everything before the first epoch, each rank for itself but for the question whether there is room. */
static pm_status prepare(run *r, pm_error *error) {
    const pm_class_training *how = r->how;
    const pm_class_sets given = {.train = how->train, .validation = how->validation, .test = how->test};
    pm_status status = pm_class_sets_find(&r->sets, r->experiment, &given, error);
    status = pm_exchange_agree(r->ranks, status, error);
    if (!status)
        status = pm_class_trainer_new_shared(r->experiment, r->sets.train, how->relay, &r->trainer, error);
    if (!status && how->weights)
        status = pm_class_trainer_load_weights(r->trainer, how->weights, error);
    if (!status)
        status = pm_classification_mark(r->experiment, &r->mark, error);
    if (!status && r->writes)
        status = pm_results_open(how->folder, r->experiment->file, true, &r->results, error);
    if (!status && how->resume && how->folder)
        status = go_on(r, error);
    if (!status)
        status = pm_class_outcome_new(&r->outcome, r->sets.test, error);
    return pm_exchange_agree(r->ranks, status, error);
}

static pm_status write_results(run *r, pm_error *error) {
    pm_class_looks looks = {0};
    pm_status status = pm_class_looks_take(r->trainer, r->sets.test, &looks, error);
    const pm_class_results results = {.experiment = r->experiment,
                                      .trainer = r->trainer,
                                      .test = r->sets.test,
                                      .epochs = r->epochs,
                                      .n_epochs = r->n_epochs,
                                      .score = r->outcome.test,
                                      .confusion = r->outcome.confusion,
                                      .looks = &looks};
    if (!status)
        status = pm_class_results_write(r->results, &results, error);
    pm_class_looks_free(&looks);
    return status;
}

static pm_status train(run *r, pm_error *error) {
    pm_status status = prepare(r, error);
    if (!status)
        status = epochs(r, error);
    if (!status)
        status = pm_class_trainer_test(r->trainer, r->sets.test, r->outcome.confusion, &r->outcome.test, error);
    if (!status)
        status = pm_exchange_agree(r->ranks, r->writes ? write_results(r, error) : PM_OK, error);
    return status;
}

pm_status pm_classification_train(const pm_classification *c, const pm_class_training *given, pm_class_outcome *outcome,
                                  pm_error *error) {
    *outcome = (pm_class_outcome){0};
    pm_class_training own;
    pm_status status = PM_SIZED_COPY(own, given, "a training", error);
    if (status)
        return status;
    const pm_class_training *how = &own;
    const pm_exchange *ranks = how->relay ? how->relay->ranks : NULL;
    const int threads = omp_get_max_threads();
    run r = {.how = how, .experiment = c, .ranks = ranks, .writes = how->folder && (!ranks || ranks->rank == 0)};
    if (how->threads > 0)
        omp_set_num_threads(how->threads);
    status = train(&r, error);
    omp_set_num_threads(threads);
    pm_results_close(r.results, false);
    pm_class_trainer_free(r.trainer);
    pm_class_sets_free(&r.sets);
    r.outcome.epochs = r.epochs;
    r.outcome.n_epochs = r.n_epochs;
    if (status)
        pm_class_outcome_free(&r.outcome);
    *outcome = r.outcome;
    return status;
}
