/* punctum train for experiments in classification: epoch by epoch, with a checkpoint after each, from which --resume
 * goes on with the same bits. The test set is looked at once, at the end. Several ranks share every batch and every
 * test; whatever else may fail on one of them is agreed upon before the next thing that they do together. */
#define _GNU_SOURCE
#include "cli/train_classifier.h"
#include "base/list.h"
#include "cli/command.h"

#include "io/classification_file.h"
#include "io/classification_results.h"
#include "io/results.h"
#include "io/summary.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct run {
    const pm_class_options *options;
    const pm_exchange *ranks; /* NULL: there is one */
    bool writes;
    pm_results *results; /* of the rank that writes */
    pm_classification *experiment;
    pm_dataset train, validation, test;
    pm_class_trainer *trainer;
    uint64_t mark;
    pm_epoch *epochs;
    size_t n_epochs, n_saved; /* n_saved: of them in the checkpoint */
    uint32_t *confusion;
    double begun;
    pm_progress progress;
} run;

static double percent(const pm_score *s) { return s->n ? 100.0 * (double)s->correct / (double)s->n : NAN; }

static void show(void *argument, size_t done, const pm_score *score) {
    run *r = argument;
    char words[160];
    double n = score->n ? (double)score->n : 1.0;
    snprintf(words, sizeof words, "epoch %zu of %zu, loss %.4f, %.2f %% correct", r->n_epochs + 1,
             r->experiment->epochs, score->loss / n, percent(score));
    double whole = (double)r->experiment->epochs;
    pm_progress_show(&r->progress, ((double)r->n_epochs + (double)done / (double)r->train.n) / whole, words);
}

static pm_status add_epoch(run *r, pm_error *error) {
    size_t capacity = r->n_epochs;
    bool grown = pm_list_reserve((void **)&r->epochs, &capacity, r->n_epochs + 1, sizeof *r->epochs);
    return pm_exchange_agree(r->ranks, grown ? PM_OK : pm_fail_memory(error, "epochs"), error);
}

static pm_status write_epoch(run *r, pm_error *error) {
    pm_status status = r->writes ? pm_results_retire(r->results, error) : PM_OK;
    if (r->writes && !status)
        status = pm_class_checkpoint_write(r->options->folder, r->mark, r->trainer, r->epochs, error);
    status = pm_exchange_agree(r->ranks, status, error);
    r->n_saved = status ? r->n_saved : r->n_epochs;
    if (r->writes && !status)
        status = pm_learning_curve_write(r->options->folder, r->epochs, r->n_epochs, error);
    return pm_exchange_agree(r->ranks, status, error);
}

static pm_status epoch(run *r, const volatile int *stop, pm_error *error) {
    pm_status status = add_epoch(r, error);
    if (status)
        return status;
    pm_epoch *e = &r->epochs[r->n_epochs];
    status = pm_class_trainer_advance(r->trainer, &r->validation, show, r, stop, e, error);
    if (status)
        return status;
    r->n_epochs++;
    return write_epoch(r, error);
}

static pm_status epochs(run *r, const volatile int *stop, pm_error *error) {
    pm_status status = PM_OK;
    size_t now = r->n_epochs;
    while (!status && r->n_epochs < r->experiment->epochs) {
        now = r->n_epochs + 1;
        status = epoch(r, stop, error);
    }
    pm_progress_end(&r->progress);
    if (!status || !error)
        return status;
    pm_error why = *error;
    if (status == PM_STOPPED)
        return pm_fail(error, status, "stopped after %zu of %zu epochs; the same command with --resume goes on",
                       r->n_epochs, r->experiment->epochs);
    return r->n_saved == 0
               ? pm_fail(error, status, "%.900s (epoch %zu)", why.message, now)
               : pm_fail(error, status, "%.800s (epoch %zu; --resume goes on from %s/" PM_CLASS_CHECKPOINT ")",
                         why.message, now, r->options->folder);
}

/* Back to the checkpoint, if there is one. A program that was killed just after it wrote it has left the curve of an
 * epoch less. */
static pm_status go_on(run *r, pm_error *error) {
    const char *folder = r->options->folder;
    bool found = false;
    pm_status status =
        r->options->resume ? pm_class_checkpoint_read(folder, r->mark, r->trainer, &r->epochs, &found, error) : PM_OK;
    const pm_error why = error ? *error : (pm_error){0};
    if (status == PM_INVALID)
        return pm_fail(error, status, "%.900s; begin anew without --resume", why.message);
    if (status || !found)
        return status;
    r->n_saved = r->n_epochs = (size_t)pm_class_trainer_counters(r->trainer)[0];
    if (r->n_epochs > r->experiment->epochs)
        return pm_fail(error, PM_INVALID,
                       "%s/" PM_CLASS_CHECKPOINT " is from after epoch %zu, beyond the end after %zu", folder,
                       r->n_epochs, r->experiment->epochs);
    return r->writes ? pm_learning_curve_write(folder, r->epochs, r->n_epochs, error) : PM_OK;
}

/* Everything before the first epoch, each rank for itself but for the question whether there is room. */
static pm_status prepare(run *r, pm_error *error) {
    const pm_class_options *o = r->options;
    pm_status status = pm_classification_read(o->tree, &r->experiment, error);
    if (!status && !isnan(o->seed))
        r->experiment->seed = (uint64_t)o->seed;
    if (!status && !isnan(o->epochs))
        r->experiment->epochs = (size_t)o->epochs;
    if (o->jobs > 0)
        omp_set_num_threads(o->jobs);
    if (!status)
        status = pm_classification_data(r->experiment, &r->train, &r->validation, &r->test, error);
    status = pm_exchange_agree(r->ranks, status, error);
    if (!status)
        status = pm_class_trainer_new_shared(r->experiment, &r->train, o->relay, &r->trainer, error);
    if (!status)
        status = pm_classification_mark(r->experiment, &r->mark, error);
    if (!status && r->writes)
        status = pm_results_open(o->folder, o->file, true, &r->results, error);
    if (!status)
        status = go_on(r, error);
    if (!status) {
        r->confusion = calloc(r->test.n_classes * r->test.n_classes, sizeof *r->confusion);
        status = r->confusion ? PM_OK : pm_fail_memory(error, "a confusion matrix");
    }
    return pm_exchange_agree(r->ranks, status, error);
}

/* Classes of the test set that no example was taken for. */
static void report_absent(const run *r) {
    const size_t n = r->test.n_classes;
    for (size_t k = 0; k < n; k++) {
        uint64_t examples = 0, decisions = 0;
        for (size_t j = 0; j < n; j++) {
            examples += r->confusion[k * n + j];
            decisions += r->confusion[j * n + k];
        }
        if (examples > 0 && decisions == 0)
            (void)fprintf(stderr,
                          "punctum: no test example was taken for class %zu, of which there are %llu: its output may "
                          "have fallen silent, which a smaller rate may prevent\n",
                          k, (unsigned long long)examples);
    }
}

static pm_status train(run *r, const volatile int *stop, pm_error *error) {
    pm_status status = prepare(r, error);
    r->begun = pm_seconds();
    r->progress = pm_progress_begin(r->options->quiet);
    if (!status)
        status = epochs(r, stop, error);
    pm_score score = {0};
    if (!status)
        status = pm_class_trainer_test(r->trainer, &r->test, r->confusion, &score, error);
    if (status)
        return status;
    pm_class_looks looks = {0};
    if (r->writes)
        status = pm_class_looks_take(r->trainer, &r->test, &looks, error);
    const pm_class_results results = {.file = r->options->file,
                                      .experiment = r->experiment,
                                      .trainer = r->trainer,
                                      .test = &r->test,
                                      .epochs = r->epochs,
                                      .n_epochs = r->n_epochs,
                                      .score = score,
                                      .confusion = r->confusion,
                                      .looks = &looks};
    if (r->writes && !status)
        status = pm_class_results_write(r->results, &results, error);
    pm_class_looks_free(&looks);
    status = pm_exchange_agree(r->ranks, status, error);
    if (status || r->options->quiet)
        return status;
    report_absent(r);
    printf("%zu epochs in %.3g s; %.2f %% of %zu test examples correct, %.1f spikes per example; results in %s\n",
           r->n_epochs, pm_seconds() - r->begun, percent(&score), score.n, score.spikes, r->options->folder);
    return PM_OK;
}

pm_status pm_train_classifier(const pm_class_options *options, const volatile int *stop, pm_error *error) {
    const pm_exchange *ranks = options->relay ? options->relay->ranks : NULL;
    run r = {.options = options, .ranks = ranks, .writes = !ranks || ranks->rank == 0};
    pm_status status = train(&r, stop, error);
    pm_results_close(r.results, false);
    pm_class_trainer_free(r.trainer);
    pm_dataset_free(&r.train);
    pm_dataset_free(&r.validation);
    pm_dataset_free(&r.test);
    free(r.epochs);
    free(r.confusion);
    pm_classification_free(r.experiment);
    return status;
}
