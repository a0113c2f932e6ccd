/* Between arrivals, own spikes and ends of refractoriness the equations are smooth (injected currents apart, of which
 * ode.c takes care). Invariant: y is the state at `time`, all events up to it have acted, and integration never crosses
 * an event. */
#include "step/course.h"

#include "base/list.h"
#include "model/kernel.h"
#include "step/ode.h"
#include "step/synapse.h"

#include <math.h>
#include <stdlib.h>

typedef struct event {
    double time;   /* ms */
    double weight; /* pA; impulses: mV */
    uint32_t receptor;
    bool own; /* the neuron's own spike */
} event;

typedef PM_LIST(event) event_list;

typedef struct course {
    pm_ode ode;
    double y[PM_ODE_WIDTH];
    double time, ready; /* ms */
} course;

/* Of one instant, what arrives acts before the neuron fires. */
static int compare_events(const void *left, const void *right) {
    const event *a = left, *b = right;
    return a->time != b->time ? (a->time > b->time) - (a->time < b->time) : a->own - b->own;
}

/* Targets of a group are in ascending order. */
static pm_status gather_group(const pm_wiring *w, uint64_t group, uint32_t cell, double time, double factor,
                              event_list *list, pm_error *error) {
    uint64_t low = pm_group_begin(w, group), high = pm_group_begin(w, group + 1);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (w->targets[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < pm_group_begin(w, group + 1) && w->targets[low] == cell; low++)
        if (!PM_LIST_ADD(*list, (event){time, factor * w->weights[low], pm_group_receptor(w, group), false}))
            return pm_fail_memory(error, "the arrivals at a neuron");
    return PM_OK;
}

static pm_status gather_spike(const pm_wiring *w, const pm_synaptic *synaptic, const pm_spike *spike, uint32_t class,
                              uint32_t cell, event_list *list, pm_error *error) {
    const uint32_t source = w->first_neuron[spike->population] + spike->neuron;
    pm_status status = PM_OK;
    for (uint64_t g = w->first_group[source]; !status && g < w->first_group[source + 1]; g++) {
        double factor = 1.0;
        if (pm_group_class(w, g) != class)
            continue;
        status = pm_step_fire(synaptic, w, g, spike->time, &factor, error);
        if (!status)
            status = gather_group(w, g, cell, spike->time + pm_group_delay(w, g), factor, list, error);
    }
    return status;
}

/* Spikes are in order of time. */
static pm_status gather(const pm_wiring *w, const pm_spike *spikes, size_t n, uint32_t population, uint32_t neuron,
                        event_list *list, pm_error *error) {
    pm_synaptic synaptic;
    pm_status status = pm_synaptic_new(&synaptic, w, error);
    for (size_t k = 0; !status && k < n; k++) {
        const bool own = spikes[k].population == population && spikes[k].neuron == neuron;
        status = gather_spike(w, &synaptic, &spikes[k], w->class[population], w->first_cell[population] + neuron, list,
                              error);
        if (!status && own && !PM_LIST_ADD(*list, (event){spikes[k].time, 0.0, 0, true}))
            status = pm_fail_memory(error, "the spikes of a neuron");
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_events);
    pm_synaptic_clear(&synaptic);
    return status;
}

/* To `until`, without events in between. */
static pm_status integrate(course *c, double until, pm_error *error) {
    pm_status status = PM_OK;
    while (!status && c->time < until) {
        const bool held = c->ready > c->time;
        const double to = held ? fmin(c->ready, until) : until;
        status = pm_ode_move(&c->ode, c->y, c->time, to, held, false, error);
        c->time = to;
    }
    return status;
}

/* While the potential is held, impulses are lost. */
static void act(course *c, const event *at) {
    const pm_receptor receptor = pm_population_get_receptor(c->ode.population, at->receptor);
    if (at->own) {
        pm_ode_spike(&c->ode, c->y);
        c->ready = at->time + c->ode.parameters.t_ref;
    } else if (!receptor.kernel->impulse || !(c->ready > c->time)) {
        pm_ode_arrive(&c->ode, at->receptor, at->weight, c->y);
    }
}

static bool acts_before(const event *e, const pm_course_point *p) {
    return e->time < p->time ||
           (e->time == p->time && p->side != PM_COURSE_BEFORE && !(e->own && p->side == PM_COURSE_AT_SPIKE));
}

static pm_status follow(course *c, const event_list *events, pm_course_point *points, size_t n_points,
                        pm_error *error) {
    pm_status status = PM_OK;
    size_t e = 0;
    for (size_t k = 0; !status && k < n_points; k++) {
        pm_course_point *p = &points[k];
        while (!status && e < events->count && acts_before(&events->items[e], p)) {
            status = integrate(c, events->items[e].time, error);
            act(c, &events->items[e++]);
        }
        if (!status)
            status = integrate(c, p->time, error);
        p->potential = c->ode.parameters.E_L + c->y[0];
        p->lack = pm_ode_threshold(&c->ode, c->y) - c->y[0];
        p->approach = pm_ode_slope(&c->ode, c->y, p->time) - pm_ode_threshold_slope(&c->ode, c->y);
    }
    return status;
}

pm_status pm_course_integrate(const pm_network *network, const pm_wiring *wiring, const pm_spike *spikes,
                              size_t n_spikes, uint32_t population, uint32_t neuron, pm_course_point *points,
                              size_t n_points, pm_error *error) {
    course c = {.ready = -INFINITY};
    event_list events = {0};
    pm_status status = pm_ode_init(&c.ode, network, population, neuron, error);
    if (!status)
        status = gather(wiring, spikes, n_spikes, population, neuron, &events, error);
    if (!status) {
        pm_ode_start(&c.ode, c.y);
        status = follow(&c, &events, points, n_points, error);
    }
    free(events.items);
    return status;
}
