/* Tries an experiment with other values of its parameters. In each round every point that is left runs its trials; then
 * the better half goes on with twice as many. A trial leaves the same file as in a training, which a search that
 * resumes reads in its place, so that neither jobs nor interruptions show in the results. */
#define _GNU_SOURCE
#include "base/sized.h"
#include "io/output.h"
#include "io/results.h"
#include "io/search_yaml.h"
#include "io/summary.h"
#include "io/trial_file.h"

#include <dirent.h>
#include <inttypes.h>
#include <omp.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What came of a trial. */
typedef struct outcome {
    bool done, converged;
    double iterations, best; /* of a trial that did not converge: all that it was allowed */
} outcome;

/* With sums in place of means until the end. */
typedef pm_search_point point;

typedef struct hunt {
    const pm_search_options *how;
    pm_results *results;
    const pm_search *search;
    point *points; /* those still in the running come first */
    uint32_t n_left;
    /* of the present round */
    uint32_t first_trial, n_trials; /* of each point */
    outcome *outcomes;              /* n_trials of each point */
    uint64_t n_done;
} hunt;

static double mean(double sum, const point *p) { return p->trials > 0 ? sum / p->trials : 0.0; }

/* Points that got further come first, then those that converge more often, then sooner, then get closer. */
static int compare_points(const void *a, const void *b) {
    const point *p = a, *q = b;
    if (p->rounds != q->rounds)
        return p->rounds > q->rounds ? -1 : 1;
    uint64_t left = (uint64_t)p->converged * q->trials, right = (uint64_t)q->converged * p->trials;
    if (left != right)
        return left > right ? -1 : 1;
    double sooner = mean(p->iterations, p) - mean(q->iterations, q), closer = mean(q->best, q) - mean(p->best, p);
    if (sooner != 0.0)
        return sooner < 0.0 ? -1 : 1;
    if (closer != 0.0)
        return closer < 0.0 ? -1 : 1;
    return p->number < q->number ? -1 : p->number > q->number;
}

/* One trial of a point: from its file, or trained. */
static pm_status try_trial(const hunt *h, uint32_t number, uint32_t trial, outcome *o, pm_error *error) {
    pm_experiment *experiment = NULL;
    pm_trial result = {0};
    uint64_t mark = 0;
    char *folder = NULL;
    bool found = false;
    if (asprintf(&folder, "%s/points/point-%04" PRIu32, h->how->folder, number) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = pm_search_experiment(h->search, number, &experiment, error);
    if (!status)
        status = pm_experiment_mark(experiment, &mark, error);
    if (!status)
        status = pm_folder_make(folder, error);
    if (!status && h->how->resume)
        status = pm_trial_read(folder, mark, trial, &result, &found, error);
    if (!status && !found)
        status = pm_trial_run(experiment, trial, h->how->stop, NULL, NULL, &result, error);
    if (!status && !found && !h->how->resume)
        status = pm_trials_clear(folder, mark, error);
    if (!status && !found)
        status = pm_trial_write(folder, mark, &result, error);
    if (!status)
        *o = (outcome){.done = true,
                       .converged = result.converged,
                       .iterations = result.converged ? result.iterations : h->search->iterations,
                       .best = result.best};
    pm_trial_free(&result);
    pm_experiment_free(experiment);
    free(folder);
    return status;
}

static bool stopped(const hunt *h) { return h->how->stop && *h->how->stop; }

/* In a critical section. */
static void show(const hunt *h, uint32_t round, uint64_t all) {
    const pm_search_progress p = {
        .round = round, .rounds = h->search->rounds, .points = h->n_left, .done = h->n_done, .trials = all};
    if (h->how->progress)
        h->how->progress(h->how->user, &p);
}

static pm_status run_trials(hunt *h, uint32_t round, pm_error *error) {
    const uint64_t all = (uint64_t)h->n_left * h->n_trials;
    pm_status status = PM_OK;
    h->n_done = 0;
#pragma omp parallel for schedule(dynamic) num_threads(h->how->jobs > 0 ? h->how->jobs : omp_get_max_threads())
    for (uint64_t k = 0; k < all; k++) {
        pm_error own = {0};
        pm_status so_far = PM_OK, result = PM_STOPPED;
#pragma omp atomic read
        so_far = status;
        if (!stopped(h) && !so_far)
            result = try_trial(h, h->points[k / h->n_trials].number, h->first_trial + (uint32_t)(k % h->n_trials),
                               &h->outcomes[k], &own);
#pragma omp critical
        {
            h->n_done += !result;
            if (result && result != PM_STOPPED && !status) {
                *error = own;
#pragma omp atomic write
                status = result;
            }
            show(h, round, all);
        }
    }
    return status;
}

static void add_up(hunt *h) {
    for (uint32_t p = 0; p < h->n_left; p++) {
        point *to = &h->points[p];
        bool whole = true;
        for (uint32_t k = 0; k < h->n_trials; k++) {
            const outcome *o = &h->outcomes[(size_t)p * h->n_trials + k];
            whole = whole && o->done;
            if (!o->done)
                continue;
            to->trials++;
            to->converged += o->converged;
            to->iterations += o->iterations;
            to->best += o->best;
        }
        to->rounds += whole;
    }
    qsort(h->points, h->n_left, sizeof *h->points, compare_points);
}

static pm_status run_round(hunt *h, uint32_t round, pm_error *error) {
    h->first_trial = round == 0 ? 0 : h->search->trials << (round - 1);
    h->n_trials = (h->search->trials << round) - h->first_trial;
    h->outcomes = calloc((size_t)h->n_left * h->n_trials + 1, sizeof *h->outcomes);
    if (!h->outcomes)
        return pm_fail_memory(error, "the results of a search");
    pm_status status = run_trials(h, round, error);
    if (!status)
        add_up(h);
    free(h->outcomes);
    h->outcomes = NULL;
    return status;
}

static pm_status write_table(const hunt *h, pm_error *error) {
    const pm_search *s = h->search;
    pm_output output = {0};
    pm_status status = pm_output_open_in(&output, h->results, "search.dat", error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "# punctum search of %s, the best points first; iterations and "
                                 "correlation are means over trials,\n# trials that did not converge with all their "
                                 "iterations\n# point rounds trials converged iterations correlation",
                                 s->experiment);
    for (size_t v = 0; !status && v < s->n_vary; v++)
        status = pm_output_write(&output, error, " %s", s->vary[v].path);
    for (uint32_t k = 0; !status && k < s->samples; k++) {
        const point *p = &h->points[k];
        status =
            pm_output_write(&output, error, "\n%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %.6g %.6g", p->number,
                            p->rounds, p->trials, p->converged, mean(p->iterations, p), mean(p->best, p));
        for (size_t v = 0; !status && v < s->n_vary; v++) {
            char text[PM_SEARCH_VALUE_SIZE];
            pm_search_value(s, p->number, v, text, sizeof text);
            status = pm_output_write(&output, error, " %s", text);
        }
    }
    if (!status)
        status = pm_output_write(&output, error, "\n");
    return pm_output_close(&output, status, error);
}

static pm_status write_best(const hunt *h, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_in(&output, h->results, "best.yaml", error);
    if (!status)
        status = pm_search_write(h->search, h->points[0].number, &output, error);
    return pm_output_close(&output, status, error);
}

static pm_status write_summary(const hunt *h, bool complete, pm_error *error) {
    const pm_search *s = h->search;
    json_t *results = json_array();
    for (uint32_t k = 0; k < s->samples; k++) {
        const point *p = &h->points[k];
        json_t *values = json_object();
        for (size_t v = 0; v < s->n_vary; v++) {
            char text[PM_SEARCH_VALUE_SIZE];
            pm_search_value(s, p->number, v, text, sizeof text);
            pm_json_set(&values, s->vary[v].path, json_string(text));
        }
        pm_json_append(&results, json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "point", (json_int_t)p->number,
                                           "rounds", (json_int_t)p->rounds, "trials", (json_int_t)p->trials,
                                           "converged", (json_int_t)p->converged, "iterations", mean(p->iterations, p),
                                           "correlation", mean(p->best, p), "values", values));
    }
    json_t *summary = json_pack("{s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o}", "version", PM_VERSION, "command",
                                "search", "experiment", s->experiment, "seed", (json_int_t)s->seed, "complete",
                                (int)complete, "rounds", (json_int_t)s->rounds, "trials", (json_int_t)s->trials,
                                "iterations", (json_int_t)s->iterations, "results", results);
    pm_status status = pm_results_commit(h->results, summary, error);
    json_decref(summary);
    return status;
}

/* Points of a larger search that was here before. */
static pm_status clear_points(const hunt *h, pm_error *error) {
    char *points = NULL;
    if (asprintf(&points, "%s/points", h->how->folder) < 0)
        return pm_fail_memory(error, "a path");
    DIR *list = opendir(points);
    const struct dirent *found;
    pm_status status = PM_OK;
    while (list && !status && (found = readdir(list))) {
        char *path = NULL;
        uint32_t number = 0;
        if (sscanf(found->d_name, "point-%" SCNu32, &number) != 1 || number < h->search->samples)
            continue;
        if (asprintf(&path, "%s/%s", points, found->d_name) < 0)
            path = NULL;
        status = path ? pm_trials_clear(path, 0, error) : pm_fail_memory(error, "a path");
        if (!status)
            (void)rmdir(path); /* if nothing else is there */
        free(path);
    }
    if (list)
        (void)closedir(list);
    free(points);
    return status;
}

static pm_status conclude(const hunt *h, bool complete, pm_error *error) {
    pm_status status = clear_points(h, error);
    if (!status)
        status = write_table(h, error);
    if (!status && complete)
        status = write_best(h, error);
    if (!status)
        status = write_summary(h, complete, error);
    if (!status && !complete)
        return pm_fail(error, PM_STOPPED, "stopped; the same command with --resume goes on");
    return status;
}

static pm_status hunt_for(hunt *h, pm_error *error) {
    pm_status status = pm_results_open(h->how->folder, h->search->file, true, &h->results, error);
    for (uint32_t round = 0; !status && round < h->search->rounds && !stopped(h); round++) {
        h->n_left = round > 0 ? (h->n_left + 1) / 2 : h->n_left;
        status = run_round(h, round, error);
    }
    return status ? status : conclude(h, h->points[0].rounds == h->search->rounds && !stopped(h), error);
}

pm_status pm_search_run(const pm_search *search, const pm_search_options *given, pm_search_point **points,
                        pm_error *error) {
    *points = NULL;
    pm_search_options how;
    pm_status status = PM_SIZED_COPY(how, given, "options of a search", error);
    if (status)
        return status;
    hunt h = {.how = &how, .search = search, .n_left = search->samples};
    h.points = calloc((size_t)h.n_left + 1, sizeof *h.points);
    if (!h.points)
        return pm_fail_memory(error, "the points of a search");
    for (uint32_t p = 0; p < h.n_left; p++)
        h.points[p].number = p;
    status = hunt_for(&h, error);
    pm_results_close(h.results, false);
    for (uint32_t p = 0; p < search->samples; p++) {
        h.points[p].iterations = mean(h.points[p].iterations, &h.points[p]);
        h.points[p].best = mean(h.points[p].best, &h.points[p]);
    }
    if (status)
        free(h.points);
    else
        *points = h.points;
    return status;
}

uint32_t pm_search_points(const pm_search *search) { return search->samples; }

const char *pm_search_varied(const pm_search *search, size_t v) {
    return v < search->n_vary ? search->vary[v].path : NULL;
}
