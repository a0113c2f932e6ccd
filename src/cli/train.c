/* punctum train: the trials of an experiment, in parallel. Each trial leaves a file when it is over, which --resume
 * reads in place of the trial; everything else is made of these results in the order of the trials, so that neither the
 * number of jobs and ranks nor an interruption shows in it. Trial k is done by rank k modulo the number of ranks; rank
 * 0 collects what came of it. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/kinds.h"
#include "cli/options.h"
#include "cli/ranks.h"
#include "cli/train_classifier.h"

#include "base/room.h"
#include "io/output.h"
#include "io/results.h"
#include "io/summary.h"
#include "io/training_files.h"
#include "io/trial_file.h"
#include "rule/rule.h"
#include "train/problem.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct options {
    const char *file, *folder, *weights;
    double trials, seed, iterations; /* NAN: as in the file */
    int jobs;                        /* 0: all cores */
    int keep;                        /* trials whose details are written */
    bool resume, quiet;
} options;

/* All trials of a run. */
typedef struct batch {
    const options *options;
    const pm_experiment *experiment;
    const pm_exchange *ranks;
    pm_results *results;
    char *folder; /* of the trials' files */
    uint64_t mark;
    pm_trial *trials;
    bool *done;
    bool cleared; /* no trials of other experiments are left */
    uint32_t n_done, n_converged;
    double iterations; /* of the trials that are done */
    double steps;      /* iterations of this run so far */
    double begun;      /* s */
    pm_progress progress;
} batch;

static void show(batch *b) {
    char words[120];
    double passed = pm_seconds() - b->begun;
    uint32_t own = (b->experiment->trials + b->ranks->size - 1) / b->ranks->size; /* rank 0 shows its share */
    snprintf(words, sizeof words, "%u of %u trials, %u converged, %.0f iterations/s", b->n_done, own, b->n_converged,
             passed > 0.0 ? b->steps / passed : 0.0);
    pm_progress_show(&b->progress, (double)b->n_done / own, words);
}

/* An iteration of some trial is done. */
static void step_done(void *user) {
    batch *b = user;
#pragma omp critical
    {
        b->steps++;
        show(b);
    }
}

/* What another experiment has left goes when there is something in its place; who resumes is told of it instead. */
static pm_status clear(batch *b, pm_error *error) {
    pm_status status = PM_OK;
#pragma omp critical(clear)
    {
        if (!b->cleared && !b->options->resume)
            status = pm_trials_clear(b->folder, b->mark, error);
        b->cleared = true;
    }
    return status;
}

/* One trial: from its file, or trained. */
static pm_status run_trial(batch *b, uint32_t k, pm_error *error) {
    pm_trial *trial = &b->trials[k];
    bool found = false;
    pm_status status = b->options->resume ? pm_trial_read(b->folder, b->mark, k, trial, &found, error) : PM_OK;
    if (!status && !found) {
        pm_error own = {0};
        status = pm_trial_run(b->experiment, k, &pm_interrupted, step_done, b, trial, &own);
        if (status == PM_INVALID) /* the rule does not go with the layers, or its parameters not with each other */
            return pm_fail(error, status, "%s: rule: %s", b->options->file, own.message);
        if (status)
            *error = own;
    }
    if (!status && !found)
        status = clear(b, error);
    if (!status && !found)
        status = pm_trial_write(b->folder, b->mark, trial, error);
    return status;
}

static int jobs_of(const batch *b) {
    int jobs = b->options->jobs > 0 ? b->options->jobs : pm_ranks_threads(b->ranks);
    return jobs > 0 ? jobs : omp_get_max_threads();
}

static pm_status run_trials(batch *b, pm_error *error) {
    pm_status status = PM_OK;
#pragma omp parallel for schedule(dynamic) num_threads(jobs_of(b))
    for (uint32_t k = b->ranks->rank; k < b->experiment->trials; k += b->ranks->size) {
        pm_error own = {0};
        pm_status result = PM_STOPPED;
        pm_status so_far = PM_OK;
#pragma omp atomic read
        so_far = status;
        if (!pm_interrupted && !so_far)
            result = run_trial(b, k, &own);
#pragma omp critical
        {
            b->done[k] = !result;
            b->n_done += !result;
            b->n_converged += !result && b->trials[k].converged;
            b->iterations += result ? 0.0 : b->trials[k].iterations;
            if (result && result != PM_STOPPED && !status) {
                *error = own;
#pragma omp atomic write
                status = result;
            }
            show(b);
        }
    }
    pm_progress_end(&b->progress);
    return status;
}

/* What came of this rank's trials, each followed by its history. */
static double *pack_trials(const batch *b, size_t *bytes) {
    const size_t head = sizeof(pm_trial) / sizeof(double);
    size_t n = 0;
    for (uint32_t k = 0; k < b->experiment->trials; k++)
        n += b->done[k] ? head + b->trials[k].n_history : 0;
    double *packed = malloc((n + 1) * sizeof *packed), *at = packed;
    *bytes = n * sizeof *packed;
    for (uint32_t k = 0; packed && k < b->experiment->trials; k++)
        if (b->done[k]) {
            memcpy(at, &b->trials[k], sizeof(pm_trial));
            memcpy(at + head, b->trials[k].history, b->trials[k].n_history * sizeof *at);
            at += head + b->trials[k].n_history;
        }
    return packed;
}

static pm_status unpack_trial(batch *b, const pm_trial *received, const double *history, pm_error *error) {
    pm_trial *trial = &b->trials[received->number];
    if (b->done[received->number]) /* rank 0 did it itself */
        return PM_OK;
    *trial = *received;
    trial->history = malloc((received->n_history + 1) * sizeof *trial->history);
    if (!trial->history)
        return pm_fail_memory(error, "trials");
    memcpy(trial->history, history, received->n_history * sizeof *trial->history);
    b->done[received->number] = true;
    b->n_done++;
    b->n_converged += trial->converged;
    b->iterations += trial->iterations;
    return PM_OK;
}

/* Afterwards rank 0 has all trials. */
static pm_status collect_trials(batch *b, pm_error *error) {
    _Static_assert(sizeof(pm_trial) % sizeof(double) == 0, "trials are sent as numbers");
    if (b->ranks->size == 1)
        return PM_OK;
    size_t bytes = 0, total = 0;
    double *packed = pack_trials(b, &bytes);
    pm_status status = packed ? PM_OK : pm_fail_memory(error, "trials");
    const size_t *sizes = NULL;
    const double *all = b->ranks->collect(b->ranks->user, packed, packed ? bytes : 0, &sizes);
    for (uint32_t r = 0; all && r < b->ranks->size; r++)
        total += sizes[r] / sizeof *all;
    for (size_t at = 0; !status && at < total;) {
        pm_trial trial;
        memcpy(&trial, all + at, sizeof trial);
        at += sizeof trial / sizeof *all;
        status = unpack_trial(b, &trial, all + at, error);
        at += trial.n_history;
    }
    free(packed);
    return pm_exchange_agree(b->ranks, status, error);
}

static json_t *iterations_json(const batch *b, size_t n_done) {
    double *numbers = malloc((n_done + 1) * sizeof *numbers);
    size_t n = 0;
    if (!numbers)
        return NULL;
    for (size_t k = 0; k < n_done; k++)
        if (b->trials[k].converged)
            numbers[n++] = b->trials[k].iterations;
    gsl_sort(numbers, 1, n);
    json_t *map = NULL;
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += numbers[k];
    if (n > 0)
        map = json_pack("{s:f, s:f, s:f}", "mean", sum / (double)n, "median",
                        gsl_stats_median_from_sorted_data(numbers, 1, n), "max", numbers[n - 1]);
    else
        map = json_pack("{s:n, s:n, s:n}", "mean", "median", "max");
    free(numbers);
    return map;
}

static json_t *results_json(const batch *b, size_t n_done) {
    json_t *results = json_array();
    for (size_t k = 0; k < n_done; k++) {
        const pm_trial *t = &b->trials[k];
        json_t *row = json_pack("{s:I, s:b, s:I, s:I, s:f, s:f}", "trial", (json_int_t)t->number, "converged",
                                (int)t->converged, "iterations", (json_int_t)t->iterations, "polished",
                                (json_int_t)t->polished, "correlation", t->correlation, "best", t->best);
        pm_json_set(&row, "off_ms", isfinite(t->off) ? json_real(t->off) : json_null());
        if (t->message[0])
            pm_json_set(&row, "message", json_string(t->message));
        pm_json_append(&results, row);
    }
    return results;
}

/* How many of the first n trials ended with a message. */
static size_t count_failed(const batch *b, size_t n) {
    size_t failed = 0;
    for (size_t k = 0; k < n; k++)
        failed += b->trials[k].message[0] != '\0';
    return failed;
}

/* Tables, details and summary of the trials that are done, which stand at the front of b->trials. */
static pm_status write_results(const batch *b, size_t n, bool complete, pm_error *error) {
    pm_status status = pm_training_tables_write(b->results, b->trials, n, error);
    for (size_t k = 0; !status && k < n && k < (size_t)b->options->keep; k++)
        status = pm_trial_details_write(b->results, b->experiment, &b->trials[k], error);
    if (status)
        return status;
    json_t *summary = json_pack("{s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o, s:f, s:f, s:o, s:o}", "version", PM_VERSION,
                                "command", "train", "seed", (json_int_t)b->experiment->seed, "complete", (int)complete,
                                "trials", (json_int_t)n, "converged", (json_int_t)b->n_converged, "failed",
                                (json_int_t)count_failed(b, n), "iterations", iterations_json(b, n), "wall_seconds",
                                pm_seconds() - b->begun, "cpu_seconds", (double)clock() / CLOCKS_PER_SEC, "experiment",
                                pm_experiment_json(b->experiment), "results", results_json(b, n));
    status = pm_results_commit(b->results, summary, error);
    json_decref(summary);
    return status;
}

static pm_status prepare(batch *b, pm_error *error) {
    pm_status status = pm_experiment_mark(b->experiment, &b->mark, error);
    if (!status && asprintf(&b->folder, "%s/trials", b->options->folder) < 0) {
        b->folder = NULL;
        return pm_fail_memory(error, "a path");
    }
    if (!status && b->ranks->rank == 0)
        status = pm_results_open(b->options->folder, b->options->file, true, &b->results, error);
    if (!status && b->ranks->rank == 0)
        status = pm_folder_make(b->folder, error);
    b->trials = calloc(b->experiment->trials, sizeof *b->trials);
    b->done = calloc(b->experiment->trials, sizeof *b->done);
    if (!b->trials || !b->done)
        return pm_fail_memory(error, "trials");
    return status;
}

/* What the trials that are done come to. */
static pm_status conclude(batch *b, pm_error *error) {
    size_t n = 0;
    for (uint32_t k = 0; k < b->experiment->trials; k++)
        if (b->done[k] && n < k) { /* the place before is free: it was not done, or moved on */
            b->trials[n++] = b->trials[k];
            b->trials[k] = (pm_trial){0};
        } else {
            n += b->done[k];
        }
    bool complete = n == b->experiment->trials;
    b->n_done = (uint32_t)n;
    pm_status status = pm_trials_clear(b->folder, b->mark, error);
    if (!status)
        status = write_results(b, n, complete, error);
    if (!status && !complete)
        status = pm_fail(error, PM_STOPPED, "stopped after %zu of %u trials; the same command with --resume goes on", n,
                         b->experiment->trials);
    return status;
}

static pm_status train(batch *b, pm_error *error) {
    pm_status status = pm_exchange_agree(b->ranks, prepare(b, error), error);
    if (status)
        return status;
    status = pm_room_check_all(pm_experiment_bytes(b->experiment) * fmin(jobs_of(b), b->experiment->trials),
                               "the weights of all trials at a time", b->ranks, error);
    if (status)
        return status;
    status = run_trials(b, error);
    if (status && b->ranks->size > 1) /* the other ranks may be busy for long */
        pm_ranks_abort(error);
    if (!status)
        status = collect_trials(b, error);
    if (!status && b->ranks->rank == 0)
        status = conclude(b, error);
    return pm_exchange_agree(b->ranks, status, error);
}

/* What came of all trials; of those that failed, the first one's reason. */
static void print_totals(const batch *b) {
    size_t failed = count_failed(b, b->n_done);
    printf("%u of %u trials converged, %.0f iterations in %.3g s; results in %s\n", b->n_converged, b->n_done,
           b->iterations, pm_seconds() - b->begun, b->options->folder);
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
static void print_outputs(const batch *b) {
    const char *folder = b->options->folder, *output = b->experiment->layers[b->experiment->n_layers - 1].name;
    size_t n = pm_experiment_patterns(b->experiment);
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
    if (o->weights)
        return pm_fail(error, PM_INVALID, "%s: a classifier goes on with --resume; --weights is for spike times only",
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
    batch b = {.options = o,
               .experiment = experiment,
               .ranks = ranks,
               .begun = pm_seconds(),
               .progress = pm_progress_begin(quiet)};
    pm_watch_signals(NULL);
    status = train(&b, error);
    if (!status && !quiet)
        print_totals(&b);
    if (!status && !quiet && experiment->trials == 1 && o->keep > 0)
        print_outputs(&b);
    for (uint32_t k = 0; b.trials && k < experiment->trials; k++)
        pm_trial_free(&b.trials[k]);
    pm_results_close(b.results, false);
    free(b.trials);
    free(b.done);
    free(b.folder);
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
    pm_print_kinds(to, "Learning rules and their parameters, defaults in brackets:", pm_rules);
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
     "every trial begins with these weights, saved by another run (trial-0/weights)",
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
