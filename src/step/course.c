/* Between arrivals, own spikes and ends of refractoriness the equations are smooth. Invariant: (u, a, b) is the state
 * at `time`, all events up to it have acted, and integration never crosses an event. */
#include "step/course.h"

#include "model/neuron.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>

static const double TOLERANCE = 1e-13;

typedef struct event {
    double time;   /* ms */
    double weight; /* pA */
    bool own;      /* the neuron's own spike */
} event;

typedef struct event_list {
    event *items;
    size_t count, capacity;
} event_list;

typedef struct course {
    const pm_neuron *neuron;
    gsl_odeiv2_driver *driver;
    double y[3];        /* u, a, b */
    double time, ready; /* ms */
    bool held;
} course;

static bool append(event_list *list, event item) {
    if (list->count == list->capacity) {
        size_t larger = list->capacity ? 2 * list->capacity : 64;
        event *moved = realloc(list->items, larger * sizeof *moved);
        if (!moved)
            return false;
        list->items = moved;
        list->capacity = larger;
    }
    list->items[list->count++] = item;
    return true;
}

static int compare_events(const void *left, const void *right) {
    const event *a = left, *b = right;
    return (a->time > b->time) - (a->time < b->time);
}

/* Targets of a group are in ascending order. */
static bool gather_group(const pm_wiring *w, uint64_t group, uint32_t cell, double time, event_list *list) {
    uint64_t low = w->groups[group].begin, high = w->groups[group + 1].begin;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (w->targets[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < w->groups[group + 1].begin && w->targets[low] == cell; low++)
        if (!append(list, (event){time, w->weights[low], false}))
            return false;
    return true;
}

static bool gather(const pm_wiring *w, const pm_spike *spikes, size_t n, uint32_t population, uint32_t neuron,
                   event_list *list) {
    uint32_t cell = w->first_cell[population] + neuron;
    for (size_t k = 0; k < n; k++) {
        uint32_t source = w->first_neuron[spikes[k].population] + spikes[k].neuron;
        for (uint64_t g = w->first_group[source]; g < w->first_group[source + 1]; g++)
            if (w->groups[g].class == w->class[population] &&
                !gather_group(w, g, cell, spikes[k].time + w->groups[g].delay, list))
                return false;
        bool own = spikes[k].population == population && spikes[k].neuron == neuron;
        if (own && !append(list, (event){spikes[k].time, 0.0, true}))
            return false;
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_events);
    return true;
}

static int derivatives(double t, const double y[], double dydt[], void *parameters) {
    (void)t;
    const course *c = parameters;
    const pm_neuron *n = c->neuron;
    dydt[0] = c->held ? 0.0 : (n->I_e - n->g_L * y[0] + y[1] - y[2]) / n->C_m;
    dydt[1] = -y[1] / n->tau_1;
    dydt[2] = n->tau_2 > 0.0 ? -y[2] / n->tau_2 : 0.0;
    return GSL_SUCCESS;
}

/* To `until`, without events in between. */
static pm_status integrate(course *c, double until, pm_error *error) {
    while (c->time < until) {
        c->held = c->ready > c->time;
        double to = c->held ? fmin(c->ready, until) : until, t = 0.0;
        (void)gsl_odeiv2_driver_reset(c->driver);
        if (gsl_odeiv2_driver_apply(c->driver, &t, to - c->time, c->y) != GSL_SUCCESS)
            return pm_fail(error, PM_FAILED, "the membrane potential cannot be integrated from %.17g to %.17g ms",
                           c->time, to);
        c->time = to;
    }
    return PM_OK;
}

static void act(course *c, const event *at) {
    if (at->own) {
        c->y[0] = c->neuron->V_reset - c->neuron->E_L;
        c->ready = at->time + c->neuron->t_ref;
    }
    c->y[1] += at->weight;
    if (c->neuron->tau_2 > 0.0)
        c->y[2] += at->weight;
}

static pm_status follow(course *c, const event_list *events, pm_course_point *points, size_t n_points,
                        pm_error *error) {
    pm_status status = PM_OK;
    size_t e = 0;
    for (size_t k = 0; !status && k < n_points; k++) {
        pm_course_point *p = &points[k];
        while (!status && e < events->count &&
               (events->items[e].time < p->time || (!p->before && events->items[e].time == p->time))) {
            status = integrate(c, events->items[e].time, error);
            act(c, &events->items[e++]);
        }
        if (!status)
            status = integrate(c, p->time, error);
        p->potential = c->neuron->E_L + c->y[0];
    }
    return status;
}

pm_status pm_course_integrate(const pm_network *network, const pm_wiring *wiring, const pm_spike *spikes,
                              size_t n_spikes, uint32_t population, uint32_t neuron, pm_course_point *points,
                              size_t n_points, pm_error *error) {
    course c = {.neuron = &network->populations[population].neuron, .ready = -INFINITY};
    gsl_odeiv2_system system = {derivatives, NULL, 3, &c};
    event_list events = {0};
    pm_status status = pm_neuron_need_current(c.neuron, "the numerical integration", error);
    if (status)
        return status;
    status = PM_NO_MEMORY;
    c.driver = gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-3, TOLERANCE, TOLERANCE);
    if (c.driver && gather(wiring, spikes, n_spikes, population, neuron, &events))
        status = follow(&c, &events, points, n_points, error);
    else
        pm_fail_memory(error, "the integration of a membrane potential");
    if (c.driver)
        gsl_odeiv2_driver_free(c.driver);
    free(events.items);
    return status;
}
