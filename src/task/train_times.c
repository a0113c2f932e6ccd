/* The trials of an experiment, in parallel. Each trial leaves a file when it is over, which a training that resumes
 * reads in place of the trial; everything else is made of these results in the order of the trials, so that neither the
 * number of jobs and ranks nor an interruption shows in it. Trial k is done by rank k modulo the number of ranks; rank
 * 0 collects what came of it. */
#define _GNU_SOURCE
#include "base/room.h"
#include "base/seconds.h"
#include "base/sized.h"
#include "io/output.h"
#include "io/results.h"
#include "io/summary.h"
#include "io/trial_file.h"
#include "task/trial_files.h"
#include "train/problem.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <omp.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* All trials of a run. */
typedef struct batch {
    const pm_times_training *how;
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
} batch;

/* In a critical section. */
static void show(const batch *b) {
    const pm_times_progress p = {.trials = (b->experiment->trials + b->ranks->size - 1) / b->ranks->size,
                                 .done = b->n_done,
                                 .converged = b->n_converged,
                                 .iterations = b->steps};
    if (b->how->progress)
        b->how->progress(b->how->user, &p);
}

static bool stopped(const batch *b) { return b->how->stop && *b->how->stop; }

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
        if (!b->cleared && !b->how->resume)
            status = pm_trials_clear(b->folder, b->mark, error);
        b->cleared = true;
    }
    return status;
}

/* One trial: from its file, or trained. */
static pm_status run_trial(batch *b, uint32_t k, pm_error *error) {
    pm_trial *trial = &b->trials[k];
    bool found = false;
    pm_status status = b->how->resume ? pm_trial_read(b->folder, b->mark, k, trial, &found, error) : PM_OK;
    if (!status && !found) {
        pm_error own = {0};
        status = pm_trial_run(b->experiment, k, b->how->stop, step_done, b, trial, &own);
        if (status == PM_INVALID) /* the rule does not go with the layers, or its parameters not with each other */
            return pm_fail(error, status, "%s: rule: %s", b->how->file ? b->how->file : "experiment", own.message);
        if (status)
            *error = own;
    }
    if (!status && !found)
        status = clear(b, error);
    if (!status && !found)
        status = pm_trial_write(b->folder, b->mark, trial, error);
    return status;
}

static int jobs_of(const batch *b) { return b->how->jobs > 0 ? b->how->jobs : omp_get_max_threads(); }

static pm_status run_trials(batch *b, pm_error *error) {
    pm_status status = PM_OK;
#pragma omp parallel for schedule(dynamic) num_threads(jobs_of(b))
    for (uint32_t k = b->ranks->rank; k < b->experiment->trials; k += b->ranks->size) {
        pm_error own = {0};
        pm_status result = PM_STOPPED;
        pm_status so_far = PM_OK;
#pragma omp atomic read
        so_far = status;
        if (!stopped(b) && !so_far)
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
    for (size_t k = 0; !status && k < n && k < b->how->keep; k++)
        status = pm_trial_details_write(b->results, b->experiment, &b->trials[k], error);
    if (status)
        return status;
    json_t *summary = json_pack("{s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o, s:f, s:f, s:o, s:o}", "version", PM_VERSION,
                                "command", "train", "seed", (json_int_t)b->experiment->seed, "complete", (int)complete,
                                "trials", (json_int_t)n, "converged", (json_int_t)b->n_converged, "failed",
                                (json_int_t)count_failed(b, n), "iterations", iterations_json(b, n), "wall_seconds",
                                pm_now() - b->begun, "cpu_seconds", (double)clock() / CLOCKS_PER_SEC, "experiment",
                                pm_experiment_json(b->experiment), "results", results_json(b, n));
    status = pm_results_commit(b->results, summary, error);
    json_decref(summary);
    return status;
}

static pm_status prepare(batch *b, pm_error *error) {
    pm_status status = pm_experiment_mark(b->experiment, &b->mark, error);
    if (!status && asprintf(&b->folder, "%s/trials", b->how->folder) < 0) {
        b->folder = NULL;
        return pm_fail_memory(error, "a path");
    }
    if (!status && b->ranks->rank == 0)
        status = pm_results_open(b->how->folder, b->how->file, true, &b->results, error);
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
    if (status && b->ranks->size > 1 && b->how->give_up) /* the other ranks may be busy for long */
        b->how->give_up(error);
    if (!status)
        status = collect_trials(b, error);
    if (!status && b->ranks->rank == 0)
        status = conclude(b, error);
    return pm_exchange_agree(b->ranks, status, error);
}

void pm_times_outcome_free(pm_times_outcome *outcome) {
    for (uint32_t k = 0; k < outcome->n_trials; k++)
        pm_trial_free(&outcome->trials[k]);
    free(outcome->trials);
    *outcome = (pm_times_outcome){0};
}

pm_status pm_experiment_train(const pm_experiment *experiment, const pm_times_training *given,
                              pm_times_outcome *outcome, pm_error *error) {
    static const pm_exchange alone = {.size = 1};
    *outcome = (pm_times_outcome){0};
    pm_times_training how;
    pm_status status = PM_SIZED_COPY(how, given, "a training", error);
    if (status)
        return status;
    batch b = {.how = &how, .experiment = experiment, .ranks = how.exchange ? how.exchange : &alone, .begun = pm_now()};
    status = train(&b, error);
    pm_results_close(b.results, false);
    *outcome = (pm_times_outcome){.trials = b.trials,
                                  .n_trials = b.trials ? experiment->trials : 0,
                                  .n_done = b.n_done,
                                  .n_converged = b.n_converged,
                                  .iterations = b.iterations};
    free(b.done);
    free(b.folder);
    if (status)
        pm_times_outcome_free(outcome);
    return status;
}
