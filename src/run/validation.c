/* The exact engine beside the time-stepped one and an adaptive integration. Everything is measured in one go; the
 * spikes of the exact engine stay as the reference. */
#include "base/list.h"
#include "base/seconds.h"
#include "base/sized.h"
#include "math/elementary.h"
#include "run/simulation.h"
#include "step/course.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <punctum/validation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double STEPS[PM_VALIDATION_STEPS] = {1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}; /* ms */
enum { N_STEPS = PM_VALIDATION_STEPS, N_KINDS = PM_VALIDATION_SCHEMES, CHECKED_NEURONS = 10 };
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

typedef struct train {
    pm_spike *items;
    size_t count, capacity;
    const pm_network *network;
    bool sources; /* keep the spikes of sources too */
} train;

/* Points of one neuron's potential, as the event-driven engine has them. */
typedef struct trace {
    pm_course_point *points;
    double *potentials; /* mV */
    double *slopes;     /* dV/dt at spikes, mV/ms; 0 elsewhere */
    size_t count, capacity;
    pm_sample_kind last;
    uint32_t population, neuron;
} trace;

typedef struct validation {
    pm_network *network;
    train exact;     /* of all populations */
    train reference; /* of LIF populations */
    trace *traces;
    size_t n_traces;
    size_t *first_trace; /* of each potential record */
    pm_validation *out;
} validation;

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    train *t = user;
    if (!t->sources && t->network->populations[spike->population].kind != PM_LIF)
        return PM_OK;
    return PM_LIST_ADD(*t, *spike) ? PM_OK : pm_fail_memory(error, "spikes");
}

/* A spike has two samples, before and after the reset, of which the second is left out. The end of a piece of a curve
 * is before what happens there. */
static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    validation *v = user;
    if (v->network->potentials[sample->record].quantity != PM_POTENTIAL)
        return PM_OK;
    trace *t = &v->traces[v->first_trace[sample->record] + sample->neuron];
    const size_t n = t->count;
    const bool spike = sample->kind == PM_SAMPLE_SPIKE, again = n > 0 && t->points[n - 1].time == sample->time;
    if (spike && again && t->points[n - 1].side == PM_COURSE_AT_SPIKE)
        return PM_OK;
    if (again && t->last == PM_SAMPLE_CURVE)
        t->points[n - 1].side = PM_COURSE_BEFORE;
    t->last = sample->kind;
    size_t potentials = t->capacity, slopes = t->capacity; /* as many as points, after a failure at least */
    if (!pm_list_reserve((void **)&t->potentials, &potentials, t->count + 1, sizeof *t->potentials) ||
        !pm_list_reserve((void **)&t->slopes, &slopes, t->count + 1, sizeof *t->slopes) ||
        !pm_list_reserve((void **)&t->points, &t->capacity, t->count + 1, sizeof *t->points))
        return pm_fail_memory(error, "potentials");
    t->potentials[t->count] = sample->potential;
    t->slopes[t->count] = 0.0;
    t->points[t->count++] =
        (pm_course_point){.time = sample->time, .side = spike ? PM_COURSE_AT_SPIKE : PM_COURSE_AFTER};
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
    v->out->seconds = samples ? v->out->seconds : INFINITY;
    for (int k = 0; !status && k < (samples ? 1 : MOST_REPEATS) && (k == 0 || total < ENOUGH); k++, total += seconds) {
        v->exact.count = samples ? v->exact.count : 0;
        double begun = pm_now();
        status = k == 0 ? PM_OK : pm_simulation_reset(simulation, error);
        if (!status)
            status = pm_simulation_run(simulation, v->network->duration, error);
        seconds = pm_now() - begun;
        v->out->seconds = samples ? v->out->seconds : fmin(v->out->seconds, seconds);
    }
    pm_simulation_free(simulation);
    return status;
}

static pm_status time_clock(const pm_network *network, const pm_options *settings, train *found, double *seconds,
                            pm_error *error) {
    pm_simulation *clock = NULL;
    pm_status status = pm_simulation_new(network, settings, &clock, error);
    if (status)
        return status;
    found->count = 0;
    pm_simulation_on_spike(clock, on_spike, found);
    double begun = pm_now();
    status = pm_simulation_run(clock, network->duration, error);
    *seconds = pm_now() - begun;
    pm_simulation_free(clock);
    return status;
}

static pm_status run_clock(validation *v, const pm_validation_options *o, size_t kind, size_t step, pm_error *error) {
    const pm_options settings = {.engine = PM_ENGINE_CLOCK,
                                 .dt = STEPS[step],
                                 .scheme = kinds[kind].scheme,
                                 .interpolation = kinds[kind].interpolation};
    pm_validation_result *r = &v->out->results[kind][step];
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
static double order_of_convergence(const pm_validation_result *results) {
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

static pm_status run_clocks(validation *v, const pm_validation_options *o, pm_error *error) {
    pm_status status = PM_OK;
    double total = 0.0, done = 0.0;
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; !o->left_out[kind] && k < N_STEPS && STEPS[k] >= o->smallest; k++)
            total += 1.0 / STEPS[k];
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        for (size_t k = 0; !status && !o->left_out[kind] && k < N_STEPS && STEPS[k] >= o->smallest; k++) {
            char words[64];
            snprintf(words, sizeof words, "%s, dt = %g ms", kinds[kind].name, STEPS[k]);
            if (o->progress)
                o->progress(o->user, done / total, words);
            status = run_clock(v, o, kind, k, error);
            done += 1.0 / STEPS[k];
        }
        v->out->order[kind] = order_of_convergence(v->out->results[kind]);
    }
    return status;
}

/* The engine's slopes at the spikes of a trace. Its spikes are in order of time, like the trace. */
static void find_slopes(const validation *v, trace *t) {
    size_t at = 0;
    for (size_t k = 0; k < v->exact.count; k++) {
        const pm_spike *s = &v->exact.items[k];
        if (s->population != t->population || s->neuron != t->neuron)
            continue;
        while (at < t->count && !(t->points[at].side == PM_COURSE_AT_SPIKE && t->points[at].time == s->time))
            at++;
        if (at < t->count)
            t->slopes[at++] = s->slope;
    }
}

/* mV. A jump of V carries it beyond the threshold, where it fires with slope 0, or at which it is recorded. */
static double difference_at(const pm_course_point *p, double potential, double slope) {
    const bool jumped = p->side == PM_COURSE_AT_SPIKE && slope == 0.0;
    return jumped ? fmax(potential - p->potential, 0.0) : fabs(potential - p->potential);
}

/* Integrates every recorded potential, and turns what it lacks to the threshold at spikes into an error of their times.
 */
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
            const pm_course_point *p = &t->points[j];
            v->out->potential_error = fmax(v->out->potential_error, difference_at(p, t->potentials[j], t->slopes[j]));
            if (p->side == PM_COURSE_AT_SPIKE && t->slopes[j] != 0.0)
                residuals[v->out->spikes_checked++] = fabs(p->lack / p->approach);
        }
    }
    v->out->points = total;
    if (v->out->spikes_checked > 0) {
        gsl_sort(residuals, 1, v->out->spikes_checked);
        v->out->residual_largest = residuals[v->out->spikes_checked - 1];
        v->out->residual_median = gsl_stats_median_from_sorted_data(residuals, 1, v->out->spikes_checked);
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
    bool none = true;
    for (size_t k = 0; k < net->n_potentials; k++)
        none = none && net->potentials[k].quantity != PM_POTENTIAL;
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
            v->out->neurons += net->potentials[k].quantity == PM_POTENTIAL;
        }
    }
    return status;
}

static pm_status measure(validation *v, const pm_validation_options *o, pm_error *error) {
    v->exact = (train){.network = v->network, .sources = true};
    v->reference = (train){.network = v->network};
    v->out->residual_median = v->out->residual_largest = NAN;
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

static void clear(validation *v) {
    for (size_t k = 0; k < v->n_traces; k++) {
        free(v->traces[k].points);
        free(v->traces[k].potentials);
        free(v->traces[k].slopes);
    }
    free(v->traces);
    free(v->first_trace);
    free(v->exact.items);
    free(v->reference.items);
}

const char *pm_validation_scheme(size_t k) { return k < N_KINDS ? kinds[k].name : NULL; }

double pm_validation_step(size_t k) { return k < N_STEPS ? STEPS[k] : NAN; }

pm_status pm_validate(pm_network *network, const pm_validation_options *options, pm_validation *result,
                      pm_error *error) {
    static const pm_validation_options zeros = {.size = 0};
    pm_validation_options o;
    validation v = {.network = network, .out = result};
    *result = (pm_validation){0};
    pm_status status = PM_SIZED_COPY(o, options ? options : &zeros, "options", error);
    if (status)
        return status;
    if (!(o.smallest >= 0.0) || !(o.window >= 0.0))
        return pm_fail(error, PM_INVALID, "shortest step %g ms, window %g ms: neither may be negative", o.smallest,
                       o.window);
    o.window = o.window > 0.0 ? o.window : 1.0;
    status = measure(&v, &o, error);
    result->spikes = v.reference.count;
    clear(&v);
    return status;
}
