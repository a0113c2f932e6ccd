/* punctum validate: the event-driven engine against the time-stepped simulator with ever shorter steps, and against an
 * adaptive integration of membrane potentials. Everything is measured first and written in the end. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "base/list.h"
#include "cli/options.h"

#include "io/output.h"
#include "io/results.h"
#include "io/summary.h"
#include "math/elementary.h"
#include <punctum/metric.h>
#include "step/clock.h"
#include "step/course.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double STEPS[] = {1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}; /* ms */
enum { N_STEPS = sizeof STEPS / sizeof *STEPS, N_KINDS = 6, CHECKED_NEURONS = 10 };
/* Medians below this are left out of the order of convergence: rounding shows in them. */
static const double ROUNDING = 1e-11; /* ms */

/* Short runs are repeated, up to that often or until they took that long together; the shortest time counts. */
enum { MOST_REPEATS = 10 };
static const double ENOUGH = 0.2; /* s */

static const struct {
    const char *name;
    pm_clock_scheme scheme;
    pm_clock_interpolation interpolation;
} kinds[N_KINDS] = {
    {"exact-grid", PM_CLOCK_EXACT, PM_CLOCK_GRID},   {"exact-linear", PM_CLOCK_EXACT, PM_CLOCK_LINEAR},
    {"exact-cubic", PM_CLOCK_EXACT, PM_CLOCK_CUBIC}, {"rk-grid", PM_CLOCK_RK, PM_CLOCK_GRID},
    {"rk-linear", PM_CLOCK_RK, PM_CLOCK_LINEAR},     {"rk-cubic", PM_CLOCK_RK, PM_CLOCK_CUBIC},
};

typedef struct options {
    const char *file, *folder;
    const char *schemes;  /* NULL: all */
    bool chosen[N_KINDS]; /* of these */
    double smallest; /* ms */
    double window;   /* ms */
    bool quiet;
} options;

typedef struct train {
    pm_spike *items;
    size_t count, capacity;
    const pm_network *network;
    bool sources; /* keep the spikes of sources too */
} train;

typedef struct result {
    bool done;
    bool failed; /* runaway activity, or a step too long for the Runge-Kutta method */
    pm_match match;
    double seconds;
} result;

/* Points of one neuron's potential, as the event-driven engine has them. */
typedef struct trace {
    pm_course_point *points;
    double *potentials; /* mV */
    double *slopes;     /* dV/dt at spikes, mV/ms; 0 elsewhere */
    size_t count, capacity;
    uint32_t population, neuron;
} trace;

typedef struct validation {
    pm_network *network;
    train exact;     /* of all populations */
    train reference; /* of LIF populations */
    double engine_seconds;
    result results[N_KINDS][N_STEPS];
    double order[N_KINDS]; /* NAN: too few steps */
    trace *traces;
    size_t n_traces, n_points, n_residuals;
    size_t *first_trace;                      /* of each potential record */
    double potential_error;                   /* largest, mV */
    double residual_median, residual_largest; /* of spike times of the engine, ms */
} validation;

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    train *t = user;
    if (!t->sources && t->network->populations[spike->population].kind != PM_LIF)
        return PM_OK;
    return PM_LIST_ADD(*t, *spike) ? PM_OK : pm_fail_memory(error, "spikes");
}

static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    validation *v = user;
    trace *t = &v->traces[v->first_trace[sample->record] + sample->neuron];
    bool spike = sample->kind == PM_SAMPLE_SPIKE;
    if (spike && sample->potential != v->network->populations[t->population].neuron.V_th)
        return PM_OK; /* the reset */
    size_t potentials = t->capacity, slopes = t->capacity; /* as many as points, after a failure at least */
    if (!pm_list_reserve((void **)&t->potentials, &potentials, t->count + 1, sizeof *t->potentials) ||
        !pm_list_reserve((void **)&t->slopes, &slopes, t->count + 1, sizeof *t->slopes) ||
        !pm_list_reserve((void **)&t->points, &t->capacity, t->count + 1, sizeof *t->points))
        return pm_fail_memory(error, "potentials");
    t->potentials[t->count] = sample->potential;
    t->slopes[t->count] = 0.0;
    t->points[t->count++] = (pm_course_point){sample->time, spike, 0.0};
    return PM_OK;
}

/* --- measuring --- */

static pm_status run_engine(validation *v, bool samples, pm_error *error) {
    pm_simulation *simulation = NULL;
    pm_status status = pm_simulation_new(v->network, &(pm_options){.threads = 1}, &simulation, error);
    if (status)
        return status;
    if (samples)
        pm_simulation_on_sample(simulation, on_sample, v);
    else
        pm_simulation_on_spike(simulation, on_spike, &v->exact);
    double total = 0.0, seconds = 0.0;
    v->engine_seconds = samples ? v->engine_seconds : INFINITY;
    for (int k = 0; !status && k < (samples ? 1 : MOST_REPEATS) && (k == 0 || total < ENOUGH); k++, total += seconds) {
        v->exact.count = samples ? v->exact.count : 0;
        double begun = pm_seconds();
        status = k == 0 ? PM_OK : pm_simulation_reset(simulation, error);
        if (!status)
            status = pm_simulation_run(simulation, v->network->duration, error);
        seconds = pm_seconds() - begun;
        v->engine_seconds = samples ? v->engine_seconds : fmin(v->engine_seconds, seconds);
    }
    pm_simulation_free(simulation);
    return status;
}

static pm_status time_clock(const pm_network *network, const pm_clock_options *settings, train *found, double *seconds,
                            pm_error *error) {
    pm_clock *clock = NULL;
    pm_status status = pm_clock_new(network, settings, &clock, error);
    if (status)
        return status;
    found->count = 0;
    pm_clock_on_spike(clock, on_spike, found);
    double begun = pm_seconds();
    status = pm_clock_run(clock, network->duration, error);
    *seconds = pm_seconds() - begun;
    pm_clock_free(clock);
    return status;
}

static pm_status run_clock(validation *v, const options *o, size_t kind, size_t step, pm_error *error) {
    pm_clock_options settings = {STEPS[step], kinds[kind].scheme, kinds[kind].interpolation};
    result *r = &v->results[kind][step];
    train found = {.network = v->network};
    pm_status status = PM_OK;
    double total = 0.0, seconds = 0.0;
    r->seconds = INFINITY;
    for (int k = 0; !status && k < MOST_REPEATS && (k == 0 || total < ENOUGH); k++, total += seconds) {
        status = time_clock(v->network, &settings, &found, &seconds, error);
        r->seconds = fmin(r->seconds, seconds);
    }
    r->failed = status == PM_FAILED;
    if (!status)
        status = pm_match_spikes(v->reference.items, v->reference.count, found.items, found.count, o->window, &r->match,
                                 error);
    r->done = !status;
    free(found.items);
    return r->failed ? PM_OK : status;
}

/* The exponent p of median error = c dt^p, by least squares of the logarithms. Only steps with which every spike was
 * found count: where some are missing, the errors of the others do not follow a power of dt. */
static double order_of_convergence(const result *results) {
    double x[N_STEPS], y[N_STEPS], mean_x = 0.0, mean_y = 0.0, xy = 0.0, xx = 0.0;
    size_t n = 0;
    for (size_t k = 0; k < N_STEPS; k++) {
        const pm_match *m = &results[k].match;
        if (!results[k].done || m->missing > 0 || m->extra > 0 || !(m->median > ROUNDING))
            continue;
        x[n] = pm_log(STEPS[k]);
        y[n++] = pm_log(m->median);
    }
    if (n < 2)
        return NAN;
    for (size_t k = 0; k < n; k++) {
        mean_x += x[k] / (double)n;
        mean_y += y[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        xy += (x[k] - mean_x) * (y[k] - mean_y);
        xx += (x[k] - mean_x) * (x[k] - mean_x);
    }
    return xy / xx;
}

static pm_status run_clocks(validation *v, const options *o, pm_error *error) {
    pm_progress progress = pm_progress_begin(o->quiet);
    pm_status status = PM_OK;
    double total = 0.0, done = 0.0;
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; o->chosen[kind] && k < N_STEPS && STEPS[k] >= o->smallest; k++)
            total += 1.0 / STEPS[k];
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        for (size_t k = 0; !status && o->chosen[kind] && k < N_STEPS && STEPS[k] >= o->smallest; k++) {
            char words[64];
            snprintf(words, sizeof words, "%s, dt = %g ms", kinds[kind].name, STEPS[k]);
            pm_progress_show(&progress, done / total, words);
            status = run_clock(v, o, kind, k, error);
            done += 1.0 / STEPS[k];
        }
        v->order[kind] = order_of_convergence(v->results[kind]);
    }
    pm_progress_end(&progress);
    return status;
}

/* The engine's slopes at the spikes of a trace. Its spikes are in order of time, like the trace. */
static void find_slopes(const validation *v, trace *t) {
    size_t at = 0;
    for (size_t k = 0; k < v->exact.count; k++) {
        const pm_spike *s = &v->exact.items[k];
        if (s->population != t->population || s->neuron != t->neuron)
            continue;
        while (at < t->count && !(t->points[at].before && t->points[at].time == s->time))
            at++;
        if (at < t->count)
            t->slopes[at++] = s->slope;
    }
}

/* Integrates every recorded potential, and turns what it lacks to V_th at spikes into an error of their times. */
static pm_status check_potentials(validation *v, pm_error *error) {
    pm_wiring *wiring = NULL;
    size_t total = 0;
    pm_status status = pm_wiring_new(v->network, &wiring, error);
    for (size_t k = 0; k < v->n_traces; k++)
        total += v->traces[k].count;
    double *residuals = malloc((total + 1) * sizeof *residuals);
    if (status || !residuals) {
        free(residuals);
        pm_wiring_free(wiring);
        return status ? status : pm_fail_memory(error, "the comparison");
    }
    for (size_t k = 0; !status && k < v->n_traces; k++) {
        trace *t = &v->traces[k];
        find_slopes(v, t);
        status = pm_course_integrate(v->network, wiring, v->exact.items, v->exact.count, t->population, t->neuron,
                                     t->points, t->count, error);
        for (size_t j = 0; !status && j < t->count; j++) {
            double difference = fabs(t->potentials[j] - t->points[j].potential);
            v->potential_error = fmax(v->potential_error, difference);
            if (t->slopes[j] > 0.0)
                residuals[v->n_residuals++] = difference / t->slopes[j];
        }
    }
    v->n_points = total;
    if (v->n_residuals > 0) {
        gsl_sort(residuals, 1, v->n_residuals);
        v->residual_largest = residuals[v->n_residuals - 1];
        v->residual_median = gsl_stats_median_from_sorted_data(residuals, 1, v->n_residuals);
    }
    free(residuals);
    pm_wiring_free(wiring);
    return status;
}

/* Records the first neurons of every population where the file records no potential. */
static pm_status prepare(validation *v, pm_error *error) {
    static const uint32_t first[CHECKED_NEURONS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    pm_network *net = v->network;
    pm_status status = PM_OK;
    bool none = net->n_potentials == 0;
    for (uint32_t p = 0; !status && p < net->n_populations; p++) {
        status = pm_network_record_spikes(net, p, true, error);
        uint32_t size = net->populations[p].size;
        if (!status && none && net->populations[p].kind == PM_LIF)
            status =
                pm_network_record_potential(net, p, first, size < CHECKED_NEURONS ? size : CHECKED_NEURONS, 0.1, error);
    }
    v->first_trace = calloc(net->n_potentials + 1, sizeof *v->first_trace);
    for (size_t k = 0; k < net->n_potentials; k++)
        v->n_traces += net->potentials[k].n_neurons;
    v->traces = calloc(v->n_traces + 1, sizeof *v->traces);
    if (!status && (!v->first_trace || !v->traces)) {
        v->n_traces = 0;
        return pm_fail_memory(error, "potentials");
    }
    for (size_t k = 0, at = 0; !status && k < net->n_potentials; k++) {
        v->first_trace[k] = at;
        for (size_t j = 0; j < net->potentials[k].n_neurons; j++, at++) {
            v->traces[at].population = net->potentials[k].population;
            v->traces[at].neuron = net->potentials[k].neurons[j];
        }
    }
    return status;
}

static pm_status measure(validation *v, const options *o, pm_error *error) {
    v->exact = (train){.network = v->network, .sources = true};
    v->reference = (train){.network = v->network};
    v->residual_median = v->residual_largest = NAN;
    pm_status status = prepare(v, error);
    if (!status)
        status = run_engine(v, false, error);
    for (size_t k = 0; !status && k < v->exact.count; k++)
        status = on_spike(&v->exact.items[k], &v->reference, error);
    if (!status)
        status = run_engine(v, true, error);
    if (!status)
        status = check_potentials(v, error);
    return status ? status : run_clocks(v, o, error);
}

/* --- telling --- */

static bool has_run(const validation *v, size_t kind) { return v->results[kind][0].done || v->results[kind][0].failed; }

static void print_table(const validation *v) {
    printf("%zu spikes of LIF neurons in %g ms; the event-driven engine took %.3g s\n\n", v->reference.count,
           v->network->duration, v->engine_seconds);
    printf("%-13s %8s %12s %12s %8s %6s %10s\n", "scheme", "dt/ms", "median/ms", "largest/ms", "missing", "extra",
           "time/s");
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; k < N_STEPS; k++) {
            const result *r = &v->results[kind][k];
            if (r->done && r->match.matched > 0)
                printf("%-13s %8g %12.3g %12.3g %8zu %6zu %10.3g\n", kinds[kind].name, STEPS[k], r->match.median,
                       r->match.largest, r->match.missing, r->match.extra, r->seconds);
            else if (r->done)
                printf("%-13s %8g %12s %12s %8zu %6zu %10.3g\n", kinds[kind].name, STEPS[k], "-", "-", r->match.missing,
                       r->match.extra, r->seconds);
            else if (r->failed)
                printf("%-13s %8g %12s\n", kinds[kind].name, STEPS[k], "failed");
        }
    printf("\norder of convergence of the median (steps with which all spikes were found)\n");
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        if (!has_run(v, kind))
            continue;
        if (isnan(v->order[kind]))
            printf("  %-13s -\n", kinds[kind].name);
        else
            printf("  %-13s %.2f\n", kinds[kind].name, v->order[kind]);
    }
    printf("\nagainst an adaptive integration with tolerance 1e-13 (%zu neurons, %zu points)\n", v->n_traces,
           v->n_points);
    printf("  membrane potential: largest difference %.3g mV\n", v->potential_error);
    if (v->n_residuals > 0)
        printf("  spike times: median %.3g ms, largest %.3g ms (%zu spikes)\n", v->residual_median, v->residual_largest,
               v->n_residuals);
}

static pm_status write_table(const validation *v, pm_results *results, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_in(&output, results, "validation.dat", error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "# scheme dt_ms median_ms largest_ms matched missing extra seconds\n"
                                 "event 0 %.17g %.17g %zu 0 0 %.6g\n",
                                 v->residual_median, v->residual_largest, v->reference.count, v->engine_seconds);
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; !status && k < N_STEPS; k++) {
            const result *r = &v->results[kind][k];
            if (r->done)
                status = pm_output_write(&output, error, "%s %g %.17g %.17g %zu %zu %zu %.6g\n", kinds[kind].name,
                                         STEPS[k], r->match.median, r->match.largest, r->match.matched,
                                         r->match.missing, r->match.extra, r->seconds);
        }
    return pm_output_close(&output, status, error);
}

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *kind_json(const validation *v, size_t kind) {
    json_t *steps = json_array();
    for (size_t k = 0; k < N_STEPS; k++) {
        const result *r = &v->results[kind][k];
        if (r->done)
            pm_json_append(&steps,
                           json_pack("{s:f, s:o, s:o, s:I, s:I, s:I, s:f}", "dt_ms", STEPS[k], "median_ms",
                                     number(r->match.median), "largest_ms", number(r->match.largest), "matched",
                                     (json_int_t)r->match.matched, "missing", (json_int_t)r->match.missing,
                                     "extra", (json_int_t)r->match.extra, "seconds", r->seconds));
        else if (r->failed)
            pm_json_append(&steps, json_pack("{s:f, s:b}", "dt_ms", STEPS[k], "failed", 1));
    }
    return json_pack("{s:s, s:o, s:o}", "scheme", kinds[kind].name, "order", number(v->order[kind]), "steps", steps);
}

static pm_status write_files(const validation *v, const options *o, pm_results *results, double seconds,
                             pm_error *error) {
    pm_watch_signals(NULL); /* what has begun is finished */
    pm_status status = write_table(v, results, error);
    if (status)
        return status;
    json_t *schemes = json_array();
    for (size_t kind = 0; kind < N_KINDS; kind++)
        if (has_run(v, kind))
            pm_json_append(&schemes, kind_json(v, kind));
    json_t *potential = json_pack("{s:I, s:I, s:f}", "neurons", (json_int_t)v->n_traces, "points",
                                  (json_int_t)v->n_points, "largest_difference_mV", v->potential_error);
    json_t *engine =
        json_pack("{s:f, s:I, s:o, s:o}", "seconds", v->engine_seconds, "spikes_checked", (json_int_t)v->n_residuals,
                  "median_ms", number(v->residual_median), "largest_ms", number(v->residual_largest));
    json_t *summary =
        json_pack("{s:s, s:s, s:I, s:b, s:f, s:f, s:I, s:o, s:o, s:o, s:o}", "version", PM_VERSION, "command",
                  "validate", "seed", (json_int_t)v->network->seed, "complete", 1, "wall_seconds", seconds, "window_ms",
                  o->window, "spikes", (json_int_t)v->reference.count, "engine", engine, "potential", potential,
                  "schemes", schemes, "network", pm_network_json(v->network));
    status = pm_results_commit(results, summary, error);
    json_decref(summary);
    return status;
}

static pm_status validate(const options *o, pm_error *error) {
    validation v = {0};
    pm_results *results = NULL;
    double begun = pm_seconds();
    pm_status status = pm_load_network(o->file, true, &v.network, error);
    if (status)
        return status;
    if (o->folder)
        status = pm_results_open(o->folder, o->file, true, &results, error);
    if (!status)
        status = measure(&v, o, error);
    if (!status && o->folder)
        status = write_files(&v, o, results, pm_seconds() - begun, error);
    if (!status)
        print_table(&v);
    for (size_t k = 0; k < v.n_traces; k++) {
        free(v.traces[k].points);
        free(v.traces[k].potentials);
        free(v.traces[k].slopes);
    }
    pm_results_close(results, false);
    free(v.traces);
    free(v.first_trace);
    free(v.exact.items);
    free(v.reference.items);
    pm_network_free(v.network);
    return status;
}

/* --- the call --- */

static const pm_operand operands[] = {{"NETWORK.yaml", offsetof(options, file), 1, "which network file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for validation.dat and summary.json, made if need be",
     .target = offsetof(options, folder)},
    {PM_OPTION_TEXT, "schemes", 's', "LIST",
     "of exact-grid, exact-linear, exact-cubic, rk-grid, rk-linear and rk-cubic, separated by commas (default: all)",
     .target = offsetof(options, schemes)},
    {PM_OPTION_NUMBER, "smallest", 'm', "MS", "shortest time step, from 0.001 (the default) to 1",
     .target = offsetof(options, smallest), .least = 0.001, .most = 1.0},
    {PM_OPTION_NUMBER, "window", 'w', "MS",
     "largest difference between spikes that are taken for the same one (default 1 ms)",
     .target = offsetof(options, window), .least = 1e-9, .most = 1e15},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar", .target = offsetof(options, quiet)},
    {0},
};

static const pm_call call = {
    "validate",
    "Compare the event-driven engine with a time-stepped simulator at dt = 1, 0.5, 0.2, ..., 0.001 ms.",
    operands,
    list,
    "Printed are, for every scheme and step, the median and the largest error of spike times, the spikes missing and "
    "extra, and the time it took; the order of convergence; and the largest difference of membrane potentials from an "
    "adaptive integration with tolerance 1e-13 (of the neurons whose potential the file records, or the first ten of "
    "each population). 'punctum plot DIR' draws the errors.",
    (const char *const[]){"punctum validate network.yaml",
                          "punctum validate network.yaml -o results --smallest 0.01 --schemes rk-grid", NULL},
    pm_print_samples};

/* "exact-cubic,rk-grid"; NULL: all. */
static void choose(options *o) {
    char word[20];
    if (!o->schemes)
        memset(o->chosen, 1, sizeof o->chosen);
    for (const char *rest = o->schemes; rest; rest = strchr(rest, ',') ? strchr(rest, ',') + 1 : NULL) {
        const char *names[N_KINDS + 1] = {NULL};
        size_t k = 0;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, ","), rest);
        for (size_t i = 0; i < N_KINDS; i++)
            names[i] = kinds[i].name;
        while (k < N_KINDS && strcmp(names[k], word) != 0)
            k++;
        if (k == N_KINDS)
            pm_call_refuse_word(&call, "--schemes", word, names);
        o->chosen[k] = true;
    }
}

static int run(int argc, char **argv) {
    options o = {.smallest = 0.001, .window = 1.0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    choose(&o);
    pm_status status = validate(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_validate = {"validate", "compare with time-stepped simulation", run};
