/* Between arrivals, own spikes and ends of refractoriness the equations are smooth, and are integrated by extrapolation
 * (W. B. Gragg, SIAM J. Numer. Anal. 2, 1965; R. Bulirsch and J. Stoer, Numerische Mathematik 8, 1966): modified
 * midpoint rules of 2, 4, 6, ... steps, whose errors are series in the square of the step. Only the change over a step
 * is extrapolated, so that rounding is in proportion to it. Invariant: (u, a, b) is the state at `time`, all events up
 * to it have acted, and integration never crosses an event. */
#include "step/course.h"

#include "model/neuron.h"
#include "base/list.h"

#include <math.h>
#include <stdlib.h>

static const double TOLERANCE = 1e-13;
enum { STATES = 3, RULES = 8 };

typedef struct event {
    double time;   /* ms */
    double weight; /* pA */
    bool own;      /* the neuron's own spike */
} event;

typedef PM_LIST(event) event_list;

typedef struct course {
    const pm_neuron *neuron;
    double y[STATES];         /* u, a, b */
    double time, ready, step; /* ms */
    bool held;
} course;

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
        if (!PM_LIST_ADD(*list, (event){time, w->weights[low], false}))
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
        if (own && !PM_LIST_ADD(*list, (event){spikes[k].time, 0.0, true}))
            return false;
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_events);
    return true;
}

/* dy/dt at the course's state and `change`. */
static void derivatives(const course *c, const double change[STATES], double dydt[STATES]) {
    const pm_neuron *n = c->neuron;
    double u = c->y[0] + change[0], a = c->y[1] + change[1], b = c->y[2] + change[2];
    dydt[0] = c->held ? 0.0 : (n->I_e - n->g_L * u + a - b) / n->C_m;
    dydt[1] = -a / n->tau_1;
    dydt[2] = n->tau_2 > 0.0 ? -b / n->tau_2 : 0.0;
}

/* The change over h by the modified midpoint rule of n steps. */
static void midpoint(const course *c, double h, int n, double change[STATES]) {
    double before[STATES] = {0.0}, now[STATES], slope[STATES], part = h / n;
    derivatives(c, before, slope);
    for (int k = 0; k < STATES; k++)
        now[k] = part * slope[k];
    for (int step = 1; step < n; step++) {
        derivatives(c, now, slope);
        for (int k = 0; k < STATES; k++) {
            double next = before[k] + 2.0 * part * slope[k];
            before[k] = now[k];
            now[k] = next;
        }
    }
    derivatives(c, now, slope);
    for (int k = 0; k < STATES; k++)
        change[k] = 0.5 * (before[k] + now[k] + part * slope[k]);
}

/* The change over h; how many rules it took, 0 if all of them did not do. */
static int extrapolate(const course *c, double h, double change[STATES]) {
    double table[RULES][STATES]; /* table[j]: extrapolated over the last j + 1 rules */
    for (int rule = 0; rule < RULES; rule++) {
        double error = 0.0;
        midpoint(c, h, 2 * (rule + 1), change);
        for (int j = 0; j < rule; j++) {
            double ratio = (double)(rule + 1) / (double)(rule - j);
            error = 0.0;
            for (int k = 0; k < STATES; k++) {
                double better = (change[k] - table[j][k]) / (ratio * ratio - 1.0);
                table[j][k] = change[k];
                change[k] += better;
                error = fmax(error, fabs(better) / (TOLERANCE * (1.0 + fabs(c->y[k]))));
            }
        }
        for (int k = 0; k < STATES; k++)
            table[rule][k] = change[k];
        if (rule > 0 && error <= 1.0)
            return rule + 1;
    }
    return 0;
}

/* To `until`, without events in between. */
static pm_status integrate(course *c, double until, pm_error *error) {
    while (c->time < until) {
        c->held = c->ready > c->time;
        double to = c->held ? fmin(c->ready, until) : until, h = fmin(c->step, to - c->time), change[STATES];
        int rules = extrapolate(c, h, change);
        if (rules == 0) {
            c->step = 0.5 * h;
            if (!(c->time + c->step > c->time))
                return pm_fail(error, PM_FAILED, "the membrane potential cannot be integrated from %.17g to %.17g ms",
                               c->time, to);
            continue;
        }
        for (int k = 0; k < STATES; k++)
            c->y[k] += change[k];
        if (rules < RULES - 2 && h == c->step)
            c->step *= 2.0;
        c->time = h < to - c->time ? c->time + h : to;
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
    course c = {.neuron = &network->populations[population].neuron, .ready = -INFINITY, .step = 1.0};
    event_list events = {0};
    pm_status status = pm_neuron_need_current(c.neuron, "the numerical integration", error);
    if (status)
        return status;
    status = gather(wiring, spikes, n_spikes, population, neuron, &events)
                 ? follow(&c, &events, points, n_points, error)
                 : pm_fail_memory(error, "the integration of a membrane potential");
    free(events.items);
    return status;
}
