/* punctum test: a trained classifier, as its checkpoint holds it, on the test set of its experiment or on other IDX
 * files. Nothing is trained, and nothing in the folder of the training changes. */
#define _GNU_SOURCE
#include "cli/command.h"

#include "io/classification_file.h"
#include "io/classification_results.h"
#include "io/output.h"
#include "io/summary.h"

#include <argp.h>
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

static pm_status examine(const options *o, exam *e, pm_error *error) {
    uint64_t mark = 0;
    pm_status status = pm_classification_load(o->file, &e->experiment, error);
    if (!status && !isnan(o->seed))
        e->experiment->seed = (uint64_t)o->seed;
    if (!status)
        status = pm_classification_mark(e->experiment, &mark, error);
    if (!status)
        status = take_test_files(o, e->experiment, error);
    if (!status)
        status = pm_classification_data(e->experiment, &e->train, &e->validation, &e->test, error);
    if (!status)
        status = pm_class_trainer_new(e->experiment, &e->train, &e->trainer, error);
    if (!status)
        status = pm_class_checkpoint_read(o->trained, mark, e->trainer, &e->epochs, error);
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
    pm_status status = pm_folder_make(o->folder, error);
    if (!status)
        status = pm_confusion_write(o->folder, e->confusion, e->test.n_classes, error);
    if (status)
        return status;
    json_t *summary = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "version", PM_VERSION, "command", "test", "file",
                                o->file, "trained", o->trained, "seed", (json_int_t)e->experiment->seed, "epochs",
                                (json_int_t)epochs, "test", pm_score_json(&e->score));
    status = pm_summary_write(o->folder, summary, error);
    json_decref(summary);
    return status;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    options *o = state->input;
    switch (key) {
    case 'o':
        o->folder = argument;
        return 0;
    case 'i':
        o->images = argument;
        return 0;
    case 'l':
        o->labels = argument;
        return 0;
    case 's':
        o->seed = pm_option_count("--seed", argument, 0.0, 0x1p53);
        return 0;
    case 'j':
        o->jobs = (int)pm_option_count("--jobs", argument, 1.0, 1024.0);
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->trained)
            argp_error(state, "an experiment file and a folder only; '%s' is too many", argument);
        *(o->file ? &o->trained : &o->file) = argument;
        return 0;
    case ARGP_KEY_END:
        if (!o->file)
            argp_error(state, "which experiment file?");
        if (!o->trained)
            argp_error(state, "which folder holds the checkpoint of the training?");
        if (!o->images != !o->labels)
            argp_error(state, "--images and --labels go together");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(int argc, char **argv) {
    static const struct argp_option list[] = {
        {"output", 'o', "DIR", 0, "write DIR/confusion.dat and DIR/summary.json", 0},
        {"images", 'i', "FILE", 0, "IDX file of images in place of the experiment's test set", 0},
        {"labels", 'l', "FILE", 0, "IDX file of their labels", 0},
        {"seed", 's', "N", 0, "seed of the training, if it was not the file's", 0},
        {"jobs", 'j', "N", 0, "threads (default: all cores; the results do not depend on it)", 0},
        {"quiet", 'q', NULL, 0, "print nothing", 0},
        {0},
    };
    static const struct argp argp = {
        list,
        parse,
        "EXPERIMENT.yaml TRAINED",
        "Test a trained classifier.\v"
        "TRAINED is a folder in which 'punctum train EXPERIMENT.yaml' has left checkpoint.bin, at its end or after any "
        "epoch. Printed are the share of correct decisions, spikes per example, and the confusion matrix.\n\n"
        "Examples:\n"
        "  punctum train data/experiments/yin-yang.yaml -o results\n"
        "  punctum test data/experiments/yin-yang.yaml results\n"
        "  punctum test data/experiments/mnist-350.yaml results --images other-images.gz --labels other-labels.gz\n",
        NULL,
        NULL,
        NULL};
    options o = {.seed = NAN};
    exam e = {0};
    pm_error error = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    if (o.jobs > 0)
        omp_set_num_threads(o.jobs);
    pm_status status = examine(&o, &e, &error);
    uint64_t epochs = status ? 0 : pm_class_trainer_counters(e.trainer)[0];
    if (!status && o.folder)
        status = write_results(&o, &e, epochs, &error);
    if (!status && !o.quiet)
        show(&e, epochs);
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
