/* punctum test: a trained classifier, as its checkpoint holds it, on the test set of its experiment or on other IDX
 * files. Nothing is trained, and nothing in the folder of the training changes. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/options.h"

#include "io/classification_file.h"
#include "io/classification_results.h"
#include "io/results.h"
#include "io/summary.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *file, *trained, *folder, *images, *labels;
    double seed; /* NAN: as in the file */
    int jobs;    /* 0: all cores */
    bool quiet;
} options;

/* An experiment with its data and what was read from the checkpoint. */
typedef struct exam {
    pm_classification *experiment;
    pm_dataset train, validation, test;
    pm_class_trainer *trainer;
    pm_epoch *epochs;
    uint32_t *confusion;
    pm_score score;
    pm_results *results; /* NULL: nothing is to be written */
} exam;

static pm_status replace(char **text, const char *with, pm_error *error) {
    char *copy = strdup(with);
    if (!copy)
        return pm_fail_memory(error, "a path");
    free(*text);
    *text = copy;
    return PM_OK;
}

static pm_status take_test_files(const options *o, pm_classification *c, pm_error *error) {
    if (!o->images)
        return PM_OK;
    if (c->data != PM_DATA_IDX)
        return pm_fail(error, PM_INVALID, "%s: --images and --labels are for experiments with data in IDX files",
                       o->file);
    c->test = SIZE_MAX;
    pm_status status = replace(&c->test_images, o->images, error);
    return status ? status : replace(&c->test_labels, o->labels, error);
}

/* A checkpoint that the summary beside it does not name is what another training has left. */
static pm_status check_folder(const options *o, pm_error *error) {
    json_t *summary = NULL;
    pm_status status = PM_OK;
    if (pm_summary_read(o->trained, &summary, NULL) == PM_OK && !pm_summary_names(summary, PM_CLASS_CHECKPOINT))
        status = pm_fail(error, PM_INVALID,
                         "%s: summary.json is not that of the training of a classifier: it does not name %s",
                         o->trained, PM_CLASS_CHECKPOINT);
    json_decref(summary);
    return status;
}

static pm_status open_results(const options *o, pm_results **results, pm_error *error) {
    char *checkpoint = NULL;
    if (asprintf(&checkpoint, "%s/" PM_CLASS_CHECKPOINT, o->trained) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_results_open(o->folder, checkpoint, true, results, error);
    free(checkpoint);
    return status;
}

static pm_status examine(const options *o, exam *e, pm_error *error) {
    uint64_t mark = 0;
    pm_status status = check_folder(o, error);
    if (!status)
        status = pm_classification_load(o->file, &e->experiment, error);
    if (!status && !isnan(o->seed))
        e->experiment->seed = (uint64_t)o->seed;
    if (!status)
        status = pm_classification_mark(e->experiment, &mark, error);
    if (!status && o->folder)
        status = open_results(o, &e->results, error);
    if (!status)
        status = take_test_files(o, e->experiment, error);
    if (!status)
        status = pm_classification_data(e->experiment, &e->train, &e->validation, &e->test, error);
    if (!status)
        status = pm_class_trainer_new(e->experiment, &e->train, &e->trainer, error);
    if (!status)
        status = pm_class_checkpoint_read(o->trained, mark, e->trainer, &e->epochs, NULL, error);
    if (status)
        return status;
    e->confusion = calloc(e->test.n_classes * e->test.n_classes, sizeof *e->confusion);
    if (!e->confusion)
        return pm_fail_memory(error, "a confusion matrix");
    return pm_class_trainer_test(e->trainer, &e->test, e->confusion, &e->score, error);
}

static void show(const exam *e, uint64_t epochs) {
    const pm_score *s = &e->score;
    size_t n = e->test.n_classes;
    printf("%.2f %% of %zu examples correct after %llu epochs; loss %.4f\n", 100.0 * (double)s->correct / (double)s->n,
           s->n, (unsigned long long)epochs, s->loss);
    printf("spikes per example: %.1f of the input, %.1f of the network\n\nlabel: decisions\n", s->input, s->spikes);
    for (size_t label = 0; label < n; label++) {
        printf("%5zu:", label);
        for (size_t k = 0; k < n; k++)
            printf(" %5u", e->confusion[label * n + k]);
        printf("\n");
    }
}

static pm_status write_results(const options *o, const exam *e, uint64_t epochs, pm_error *error) {
    pm_watch_signals(NULL); /* what has begun is finished */
    pm_status status = pm_confusion_write(e->results, e->confusion, e->test.n_classes, error);
    if (status)
        return status;
    json_t *summary = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "version", PM_VERSION, "command", "test", "file",
                                o->file, "trained", o->trained, "seed", (json_int_t)e->experiment->seed, "epochs",
                                (json_int_t)epochs, "test", pm_score_json(&e->score));
    status = pm_results_commit(e->results, summary, error);
    json_decref(summary);
    return status;
}

static const pm_operand operands[] = {
    {"EXPERIMENT.yaml", offsetof(options, file), 1, "which experiment file?"},
    {"TRAINED", offsetof(options, trained), 1, "which folder holds the checkpoint of the training?"},
    {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "write DIR/confusion.dat and DIR/summary.json",
     .target = offsetof(options, folder)},
    {PM_OPTION_TEXT, "images", 'i', "FILE", "IDX file of images in place of the experiment's test set",
     .target = offsetof(options, images)},
    {PM_OPTION_TEXT, "labels", 'l', "FILE", "IDX file of their labels", .target = offsetof(options, labels)},
    {PM_OPTION_WHOLE, "seed", 's', "N", "seed of the training, if it was not the file's",
     .target = offsetof(options, seed), .least = 0.0, .most = 0x1p53},
    {PM_OPTION_COUNT, "jobs", 'j', "N", "threads (default: all cores; the results do not depend on it)",
     .target = offsetof(options, jobs), .least = 1.0, .most = 1024.0},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "print nothing", .target = offsetof(options, quiet)},
    {0},
};

static const pm_call call = {
    "test",
    "Test a trained classifier.",
    operands,
    list,
    "TRAINED is a folder in which 'punctum train EXPERIMENT.yaml' has left checkpoint.bin, at its end or after any "
    "epoch. Printed are the share of correct decisions, spikes per example, and the confusion matrix.",
    (const char *const[]){"punctum train yin-yang.yaml -o results", "punctum test yin-yang.yaml results",
                          "punctum test mnist-350.yaml digits --images images.gz --labels labels.gz", NULL},
    pm_print_samples};

static int run(int argc, char **argv) {
    options o = {.seed = NAN};
    exam e = {0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    if (!o.images != !o.labels)
        pm_call_refuse(&call, "--images and --labels go together");
    if (o.jobs > 0)
        omp_set_num_threads(o.jobs);
    pm_status status = examine(&o, &e, &error);
    uint64_t epochs = status ? 0 : pm_class_trainer_counters(e.trainer)[0];
    if (!status && o.folder)
        status = write_results(&o, &e, epochs, &error);
    if (!status && !o.quiet)
        show(&e, epochs);
    pm_results_close(e.results, false);
    free(e.confusion);
    free(e.epochs);
    pm_class_trainer_free(e.trainer);
    pm_dataset_free(&e.train);
    pm_dataset_free(&e.validation);
    pm_dataset_free(&e.test);
    pm_classification_free(e.experiment);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_test = {"test", "test a trained classifier", run};
