#include "gradient/errors.h"

#include "base/list.h"

#include <math.h>
#include <stdlib.h>

void pm_errors_free(pm_error_events *e) {
    free(e->events);
    pm_alignment_free(&e->alignment);
    *e = (pm_error_events){0};
}

static pm_status push(pm_error_events *e, double time, uint32_t neuron, double size, bool excess, pm_error *error) {
    if (!pm_list_reserve((void **)&e->events, &e->capacity, e->n + 1, sizeof *e->events))
        return pm_fail_memory(error, "errors");
    e->events[e->n++] = (pm_error_event){time, size, neuron, excess};
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
        status = push(e, observed->time[k], observed->neuron[k], -1.0, false, error);
    for (size_t k = 0; !status && k < desired->n; k++)
        status = push(e, desired->time[k], desired->neuron[k], 1.0, false, error);
    sort(e);
    return status;
}

static pm_status add_neuron(pm_error_events *e, uint32_t neuron, const pm_error_pairing *p, pm_error *error) {
    const pm_alignment *a = &e->alignment;
    pm_status status = PM_OK;
    for (size_t i = 0; !status && i < a->n; i++) {
        const bool alone = a->partner_of_observed[i] == PM_ALONE;
        double size = -p->step;
        if (!alone) {
            double late = a->observed[i] - a->desired[a->partner_of_observed[i]];
            size = fmax(-p->step, fmin(p->step, p->approach * fmax(a->slope[i], p->slope) * late));
        }
        status = push(e, a->observed[i], neuron, size, alone, error);
    }
    for (size_t j = 0; !status && j < a->m; j++)
        if (a->partner_of_desired[j] == PM_ALONE)
            status = push(e, a->desired[j], neuron, p->step, false, error);
    return status;
}

pm_status pm_errors_paired(pm_error_events *e, const pm_raster *observed, const pm_raster *desired, uint32_t n_neurons,
                           const pm_error_pairing *p, pm_error *error) {
    pm_status status = PM_OK;
    e->n = 0;
    for (uint32_t neuron = 0; !status && neuron < n_neurons; neuron++) {
        status = pm_align(&e->alignment, observed, desired, neuron, PM_PAIR_LINEAR, 0.5 * p->window, p->closest, error);
        if (!status)
            status = add_neuron(e, neuron, p, error);
    }
    sort(e);
    return status;
}
