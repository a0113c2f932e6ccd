/* Pairing is an alignment of two short trains by dynamic programming: cost[i][j] is the least cost of the first i
 * observed and the first j desired spikes. Trains of one neuron are small, so the quadratic table is no burden; very
 * long ones are cut. */
#include "learn/errors.h"

#include "learn/pairs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LONGEST_TRAIN = 2000 }; /* spikes of one neuron that take part; a train that long is far from any target */

void pm_errors_free(pm_error_events *e) {
    free(e->events);
    free(e->cost);
    free(e->trains[0]);
    free(e->trains[1]);
    free(e->slopes);
    *e = (pm_error_events){0};
}

static pm_status push(pm_error_events *e, double time, uint32_t neuron, double size, pm_error *error) {
    if (e->n == e->capacity) {
        size_t capacity = 2 * e->capacity + 64;
        pm_error_event *grown = realloc(e->events, capacity * sizeof *grown);
        if (!grown)
            return pm_fail_memory(error, "errors");
        e->events = grown;
        e->capacity = capacity;
    }
    e->events[e->n++] = (pm_error_event){.time = time, .size = size, .neuron = neuron};
    return PM_OK;
}

static int by_time(const void *a, const void *b) {
    const pm_error_event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->neuron != y->neuron)
        return x->neuron < y->neuron ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

static void sort(pm_error_events *e) {
    if (e->n > 1)
        qsort(e->events, e->n, sizeof *e->events, by_time);
}

pm_status pm_errors_plain(pm_error_events *e, const pm_raster *observed, const pm_raster *desired, pm_error *error) {
    pm_status status = PM_OK;
    e->n = 0;
    for (size_t k = 0; !status && k < observed->n; k++)
        status = push(e, observed->time[k], observed->neuron[k], -1.0, error);
    for (size_t k = 0; !status && k < desired->n; k++)
        status = push(e, desired->time[k], desired->neuron[k], 1.0, error);
    sort(e);
    return status;
}

static pm_status reserve(double **array, size_t *capacity, size_t needed, pm_error *error) {
    if (needed <= *capacity)
        return PM_OK;
    double *grown = realloc(*array, 2 * needed * sizeof *grown);
    if (!grown)
        return pm_fail_memory(error, "the pairing of spikes");
    *array = grown;
    *capacity = 2 * needed;
    return PM_OK;
}

static pm_status reserve_trains(pm_error_events *e, size_t needed, pm_error *error) {
    double **const arrays[] = {&e->trains[0], &e->trains[1], &e->slopes};
    size_t capacity = 0;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < sizeof arrays / sizeof *arrays; k++) {
        capacity = e->train_capacity;
        status = reserve(arrays[k], &capacity, needed, error);
    }
    if (!status)
        e->train_capacity = capacity;
    return status;
}

/* The train of a neuron, or its beginning. */
static size_t extract(const pm_raster *raster, uint32_t neuron, double *times, double *slopes) {
    size_t n = pm_train_of(raster, neuron, times, slopes);
    return n < LONGEST_TRAIN ? n : LONGEST_TRAIN;
}

static double pair_cost(const pm_error_pairing *p, double observed, double desired) {
    return 2.0 * fabs(observed - desired) / p->window;
}

static void fill_costs(const pm_error_pairing *p, double *cost, const double *x, size_t n, const double *y, size_t m) {
    size_t width = m + 1;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            double best = i + j > 0 ? INFINITY : 0.0;
            if (i > 0)
                best = fmin(best, cost[(i - 1) * width + j] + 1.0);
            if (j > 0)
                best = fmin(best, cost[i * width + j - 1] + 1.0);
            if (i > 0 && j > 0)
                best = fmin(best, cost[(i - 1) * width + j - 1] + pair_cost(p, x[i - 1], y[j - 1]));
            cost[i * width + j] = best;
        }
}

static pm_status pair_neuron(pm_error_events *e, uint32_t neuron, size_t n, size_t m, const pm_error_pairing *p,
                             pm_error *error) {
    const double *x = e->trains[0], *y = e->trains[1], *cost = e->cost;
    size_t width = m + 1;
    pm_status status = PM_OK;
    for (size_t i = n, j = m; !status && (i > 0 || j > 0);) {
        double here = cost[i * width + j];
        if (i > 0 && here == cost[(i - 1) * width + j] + 1.0) {
            i--;
            status = push(e, x[i], neuron, -p->step, error);
        } else if (j > 0 && here == cost[i * width + j - 1] + 1.0) {
            j--;
            status = push(e, y[j], neuron, p->step, error);
        } else {
            i--;
            j--;
            double size = p->approach * fmax(e->slopes[i], p->slope) * (x[i] - y[j]);
            status = push(e, x[i], neuron, fmax(-p->step, fmin(p->step, size)), error);
        }
    }
    return status;
}

pm_status pm_errors_paired(pm_error_events *e, const pm_raster *observed, const pm_raster *desired, uint32_t n_neurons,
                           const pm_error_pairing *p, pm_error *error) {
    e->n = 0;
    pm_status status = reserve_trains(e, (observed->n > desired->n ? observed->n : desired->n) + 1, error);
    for (uint32_t neuron = 0; !status && neuron < n_neurons; neuron++) {
        size_t n = extract(observed, neuron, e->trains[0], e->slopes), m = extract(desired, neuron, e->trains[1], NULL);
        status = reserve(&e->cost, &e->cost_capacity, (n + 1) * (m + 1), error);
        if (status)
            break;
        fill_costs(p, e->cost, e->trains[0], n, e->trains[1], m);
        status = pair_neuron(e, neuron, n, m, p, error);
    }
    sort(e);
    return status;
}
