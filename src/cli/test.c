/* punctum test: a trained classifier, as its checkpoint holds it, on the test set of its experiment or on other IDX
 * files. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options {
    const char *file, *folder;
    pm_class_exam exam;
    double seed; /* NAN: as in the file */
    bool quiet;
} options;

/* The checkpoint is still needed. */
static pm_status open_results(const options *o, pm_results **results, pm_error *error) {
    char *checkpoint = NULL;
    if (asprintf(&checkpoint, "%s/" PM_CLASS_CHECKPOINT, o->exam.trained) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_results_open(o->folder, checkpoint, true, results, error);
    free(checkpoint);
    return status;
}

static void show(const pm_class_outcome *o) {
    const pm_score *s = &o->test;
    const size_t n = o->n_classes;
    printf("%.2f %% of %zu examples correct after %zu epochs; loss %.4f\n", 100.0 * (double)s->correct / (double)s->n,
           s->n, o->n_epochs, s->loss);
    printf("spikes per example: %.1f of the input, %.1f of the network\n\nlabel: decisions\n", s->input, s->spikes);
    for (size_t label = 0; label < n; label++) {
        printf("%5zu:", label);
        for (size_t k = 0; k < n; k++)
            printf(" %5u", o->confusion[label * n + k]);
        printf("\n");
    }
}

static pm_status examine(const options *o, pm_error *error) {
    pm_classification *c = NULL;
    pm_results *results = NULL;
    pm_class_outcome outcome = {0};
    pm_status status = pm_classification_load(o->file, &c, error);
    if (!status && !isnan(o->seed))
        status = pm_classification_set(c, "seed", o->seed, error);
    if (!status && o->folder)
        status = open_results(o, &results, error);
    if (!status)
        status = pm_classification_test(c, &o->exam, &outcome, error);
    if (!status && results) {
        pm_watch_signals(NULL); /* what has begun is finished */
        status = pm_classification_test_write(results, c, &o->exam, &outcome, error);
    }
    if (!status && !o->quiet)
        show(&outcome);
    pm_results_close(results, false);
    pm_class_outcome_free(&outcome);
    pm_classification_free(c);
    return status;
}

static const pm_operand operands[] = {
    {"EXPERIMENT.yaml", offsetof(options, file), 1, "which experiment file?"},
    {"TRAINED", offsetof(options, exam.trained), 1, "which folder holds the checkpoint of the training?"},
    {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "write DIR/confusion.dat and DIR/summary.json",
     .target = offsetof(options, folder)},
    {PM_OPTION_TEXT, "images", 'i', "FILE", "IDX file of images in place of the experiment's test set",
     .target = offsetof(options, exam.images)},
    {PM_OPTION_TEXT, "labels", 'l', "FILE", "IDX file of their labels", .target = offsetof(options, exam.labels)},
    {PM_OPTION_TEXT, "network", 'n', "DIR",
     "leave the network in DIR as a network file, with the first example as its input",
     .target = offsetof(options, exam.network)},
    {PM_OPTION_WHOLE, "seed", 's', "N", "seed of the training, if it was not the file's",
     .target = offsetof(options, seed), .least = 0.0, .most = 0x1p53},
    {PM_OPTION_COUNT, "jobs", 'j', "N", "threads (default: all cores; the results do not depend on it)",
     .target = offsetof(options, exam.threads), .least = 1.0, .most = 1024.0},
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
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    if (!o.exam.images != !o.exam.labels)
        pm_call_refuse(&call, "--images and --labels go together");
    return examine(&o, &error) ? pm_complain(&error) : 0;
}

const pm_command pm_command_test = {"test", "test a trained classifier", run};
