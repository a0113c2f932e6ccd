/* punctum train: an experiment of either sort, and what is seen of its training on the terminal. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/kinds.h"
#include "cli/options.h"
#include "cli/ranks.h"
#include "cli/train_classifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options {
    const char *file, *folder, *weights;
    double trials, seed, iterations; /* NAN: as in the file */
    int jobs;                        /* 0: all cores */
    int keep;                        /* trials whose details are written */
    bool resume, quiet;
} options;

typedef struct view {
    double begun; /* s */
    pm_progress progress;
} view;

static void show(void *user, const pm_times_progress *p) {
    view *v = user;
    char words[120];
    const double passed = pm_seconds() - v->begun;
    snprintf(words, sizeof words, "%u of %u trials, %u converged, %.0f iterations/s", p->done, p->trials, p->converged,
             passed > 0.0 ? p->iterations / passed : 0.0);
    pm_progress_show(&v->progress, (double)p->done / p->trials, words);
}

/* What came of all trials; of those that failed, the first one's reason. */
static void print_totals(const options *o, const pm_times_outcome *b, double begun) {
    size_t failed = 0;
    for (uint32_t k = 0; k < b->n_done; k++)
        failed += b->trials[k].message[0] != '\0';
    printf("%u of %u trials converged, %.0f iterations in %.3g s; results in %s\n", b->n_converged, b->n_done,
           b->iterations, pm_seconds() - begun, o->folder);
    for (uint32_t k = 0; failed > 0 && k < b->n_done; k++)
        if (b->trials[k].message[0]) {
            printf("%zu failed; trial %u: %s\n", failed, b->trials[k].number, b->trials[k].message);
            break;
        }
}

/* The times in folder/trial-0/file, in ms. */
static void print_times(const char *folder, const char *file) {
    pm_spike *spikes = NULL;
    size_t n = 0;
    char *path = NULL;
    if (asprintf(&path, "%s/trial-0/%s", folder, file) < 0)
        return;
    if (pm_spikes_read(path, &spikes, &n, NULL) == PM_OK) {
        for (size_t k = 0; k < n && k < 8; k++)
            printf("%s%.3f", k > 0 ? " " : "", spikes[k].time);
        (void)fputs(n == 0 ? "none" : n > 8 ? " ..." : "", stdout);
    } else {
        (void)fputs("-", stdout);
    }
    free(spikes);
    free(path);
}

/* What the output of the only trial did and does, in ms. */
static void print_outputs(const char *folder, const pm_experiment *experiment) {
    const char *output = experiment->layers[experiment->n_layers - 1].name;
    size_t n = pm_experiment_patterns(experiment);
    for (size_t k = 0; k < n && k < 20; k++) {
        char file[160];
        printf("pattern %zu: desired ", k);
        snprintf(file, sizeof file, "pattern-%zu-target.dat", k);
        print_times(folder, file);
        printf(" ms; before training ");
        snprintf(file, sizeof file, "spikes-before-%zu-%s.dat", k, output);
        print_times(folder, file);
        printf("; after ");
        snprintf(file, sizeof file, "spikes-after-%zu-%s.dat", k, output);
        print_times(folder, file);
        printf("\n");
    }
}

/* An experiment in classification: its iterations are epochs. */
static pm_status train_class(const options *o, pm_classification *c, const pm_exchange *ranks, pm_error *error) {
    pm_status status = PM_OK;
    if (!isnan(o->trials))
        return pm_fail(error, PM_INVALID, "%s: a classifier is trained once; --trials is for spike times only",
                       o->file);
    if (!isnan(o->seed))
        status = pm_classification_set(c, "seed", o->seed, error);
    if (!status && !isnan(o->iterations))
        status = pm_classification_set(c, "epochs", o->iterations, error);
    if (status)
        return status;
    pm_watch_signals(NULL);
    const pm_class_training how = {.folder = o->folder,
                                   .resume = o->resume,
                                   .weights = o->weights,
                                   .threads = o->jobs > 0 ? o->jobs : pm_ranks_threads(ranks),
                                   .relay = pm_ranks_relay(ranks),
                                   .stop = &pm_interrupted};
    return pm_train_classifier(c, &how, o->quiet || ranks->rank > 0, error);
}

static pm_status train_times(const options *o, pm_experiment *experiment, const pm_exchange *ranks, pm_error *error) {
    pm_status status = o->weights ? pm_experiment_load_weights(experiment, o->weights, error) : PM_OK;
    status = pm_exchange_agree(ranks, status, error);
    if (status)
        return status;
    const bool quiet = o->quiet || ranks->rank > 0;
    if (!isnan(o->trials))
        experiment->trials = (uint32_t)o->trials;
    if (!isnan(o->seed))
        experiment->seed = (uint64_t)o->seed;
    if (!isnan(o->iterations))
        experiment->iterations = (uint32_t)o->iterations;
    view v = {.begun = pm_seconds(), .progress = pm_progress_begin(quiet)};
    const pm_times_training how = {.folder = o->folder,
                                   .file = o->file,
                                   .resume = o->resume,
                                   .jobs = o->jobs > 0 ? o->jobs : pm_ranks_threads(ranks),
                                   .keep = (uint32_t)o->keep,
                                   .exchange = ranks,
                                   .stop = &pm_interrupted,
                                   .progress = show,
                                   .user = &v,
                                   .give_up = pm_ranks_abort};
    pm_times_outcome outcome;
    pm_watch_signals(NULL);
    status = pm_experiment_train(experiment, &how, &outcome, error);
    pm_progress_end(&v.progress);
    if (!status && !quiet)
        print_totals(o, &outcome, v.begun);
    if (!status && !quiet && experiment->trials == 1 && o->keep > 0)
        print_outputs(o->folder, experiment);
    pm_times_outcome_free(&outcome);
    return status;
}

static pm_status train_file(const options *o, const pm_exchange *ranks, pm_error *error) {
    pm_experiment *experiment = NULL;
    pm_classification *c = NULL;
    pm_status status = pm_exchange_agree(ranks, pm_training_load(o->file, &experiment, &c, error), error);
    if (!status)
        status = c ? train_class(o, c, ranks, error) : train_times(o, experiment, ranks, error);
    pm_experiment_free(experiment);
    pm_classification_free(c);
    return status;
}

/* The learning rules and their parameters, and what classifiers have. */
static void print_rules(FILE *to) {
    static const char *const of_classifiers[] = {"code", "loss", "optimiser", "model", "classifier", "learn", "network_loss",
                                               "task", NULL};
    pm_print_samples(to);
    pm_print_kinds(to, "Learning rules and their parameters, defaults in brackets:", pm_category_find("rule")->kinds);
    pm_print_categories(to, of_classifiers);
}

static const pm_operand operands[] = {{"EXPERIMENT.yaml", offsetof(options, file), 1, "which experiment file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for the results, made if need be",
     .target = offsetof(options, folder), .question = "where to? Give a folder for the results with -o DIR"},
    {PM_OPTION_WHOLE, "trials", 't', "N", "number of trials in place of the file's",
     .target = offsetof(options, trials), .least = 1.0, .most = 1e6},
    {PM_OPTION_COUNT, "jobs", 'j', "N", "trials at the same time (default: all cores; the results do not depend on it)",
     .target = offsetof(options, jobs), .least = 1.0, .most = 1024.0},
    {PM_OPTION_WHOLE, "seed", 's', "N", "seed in place of the file's", .target = offsetof(options, seed), .least = 0.0,
     .most = 0x1p53},
    {PM_OPTION_WHOLE, "iterations", 'i', "N", "most iterations of a trial, in place of the file's",
     .target = offsetof(options, iterations), .least = 1.0, .most = 4e9},
    {PM_OPTION_COUNT, "keep", 'k', "N", "write the details of the first N trials (default 1)",
     .target = offsetof(options, keep), .least = 0.0, .most = 1e6},
    {PM_OPTION_TEXT, "weights", 'w', "FILE",
     "begin with these weights, saved by another run (trial-0/weights; of classifiers: weights)",
     .target = offsetof(options, weights)},
    {PM_OPTION_FLAG, "resume", 'r', NULL, "go on where the same command was interrupted",
     .target = offsetof(options, resume)},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar, no closing line", .target = offsetof(options, quiet)},
    {0},
};

static const pm_call call = {
    "train",
    "Train networks to fire at given instants, or to tell classes apart.",
    operands,
    list,
    "DIR receives trials.dat (a row per trial), correlation.dat (mean and standard deviation per iteration), "
    "summary.json, and for kept trials a folder with weights, spikes and network files for 'punctum run'. Ctrl-C ends "
    "at a clean point; --resume goes on from there, or after a crash, with the same results.\n\n"
    "Of an experiment in classification, DIR receives learning.dat (a row per epoch), the confusion matrix, the "
    "weights and summary.json; its iterations are epochs.",
    (const char *const[]){
        "punctum train xor.yaml -o results", "punctum train layers-3.yaml -o results --trials 10 --jobs 2",
        "punctum train layers-3.yaml -o results --resume", "mpirun -n 4 punctum train layers-3.yaml -o results", NULL},
    print_rules};

static int run(int argc, char **argv) {
    options o = {.trials = NAN, .seed = NAN, .iterations = NAN, .keep = 1};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    const pm_exchange *ranks = pm_ranks();
    pm_status status = train_file(&o, ranks, &error);
    if (ranks->rank > 0) /* all have the same message */
        error.message[0] = '\0';
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_train = {"train", "train networks to fire at given instants", run};
