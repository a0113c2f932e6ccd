/* A target's arrivals are put into order again as in the run, and merged with its spikes and restarts; the factors from
 * event to event are tabulated at once; then its adjoint goes back from the last event to the first. An arrival over
 * delay d_ij comes at t_i + d_ij, so what its instant's derivative adds to that of the input spike it adds to that of
 * the delay, too. Invariant: p is the adjoint just before all events met so far. Events of one
 * instant are met in the reverse of the order in which a run takes them: arrivals, restart, spike. */
#include "gradient/adjoint_delayed.h"

#include "base/list.h"

#include <math.h>
#include <stdlib.h>

typedef enum happening { ARRIVAL, RESTART, SPIKE } happening;

typedef struct event {
    double time; /* ms */
    happening of;
    size_t which; /* of the arrivals, or of the target's spikes */
} event;

typedef struct pm_adjoint_target {
    pm_delayed_list arrivals;
    PM_LIST(event) events;    /* from the last to the first */
    PM_LIST(size_t) spikes;   /* of the layer's output */
    PM_LIST(double) restarts; /* mV/ms: u' just after the restart that follows each spike */
} target;

void pm_adjoint_target_free(target *t) {
    if (!t)
        return;
    free(t->arrivals.items);
    free(t->events.items);
    free(t->spikes.items);
    free(t->restarts.items);
    free(t);
}

typedef struct way_back {
    const pm_layer *layer;
    const pm_raster *out;
    const target *of;
    uint32_t neuron;
    double *moved;
    double slope_floor;
    pm_lif_state p;
} way_back;

/* The target's spikes; returns whether the loss depends on any. */
static bool find_spikes(target *t, uint32_t j, const pm_raster *out, const double *moved) {
    bool any = false;
    t->spikes.count = 0;
    for (size_t s = 0; s < out->n; s++)
        if (out->neuron[s] == j) {
            t->spikes.items[t->spikes.count++] = s;
            any = any || moved[s] != 0.0;
        }
    return any;
}

/* Without refractoriness the potential restarts at the spike: from the slope there. Otherwise the currents are
 * followed; a restart at the instant of an arrival comes before it. */
static void find_restarts(target *t, const pm_layer *layer, const pm_raster *out) {
    const pm_lif *lif = &layer->lif;
    pm_lif_state state = {0};
    double now = 0.0;
    for (size_t r = 0, k = 0; r < t->spikes.count; r++) {
        const size_t s = t->spikes.items[r];
        const double until = out->time[s] + lif->t_ref;
        if (!(lif->t_ref > 0.0)) {
            t->restarts.items[r] = out->slope[s] + (lif->theta - lif->u_reset) * lif->l_m;
            continue;
        }
        for (; k < t->arrivals.count && t->arrivals.items[k].time < until; k++) {
            state = pm_lif_advance(lif, &state, t->arrivals.items[k].time - now);
            now = t->arrivals.items[k].time;
            pm_lif_arrive(lif, &state, layer->weight[t->arrivals.items[k].source * layer->stride + out->neuron[s]]);
        }
        pm_lif_state restarted = pm_lif_advance(lif, &state, until - now);
        restarted.u = lif->u_reset;
        t->restarts.items[r] = pm_lif_slope_now(lif, &restarted);
    }
}

/* Merges what happens, backwards. */
static void list_events(target *t, const pm_raster *out, double t_ref) {
    size_t restarts = t->spikes.count, spikes = restarts, arrivals = t->arrivals.count;
    t->events.count = 0;
    while (spikes > 0 || arrivals > 0) {
        const double restart = restarts > 0 ? out->time[t->spikes.items[restarts - 1]] + t_ref : -INFINITY;
        const double spike = spikes > 0 ? out->time[t->spikes.items[spikes - 1]] : -INFINITY;
        const double arrival = arrivals > 0 ? t->arrivals.items[arrivals - 1].time : -INFINITY;
        event *e = &t->events.items[t->events.count++];
        if (arrival >= restart && arrival >= spike)
            *e = (event){arrival, ARRIVAL, --arrivals};
        else if (restart >= spike)
            *e = (event){restart, RESTART, --restarts};
        else
            *e = (event){spike, SPIKE, --spikes};
    }
}

/* steps[k] leads from event k - 1 to k. */
static pm_status tabulate(pm_adjoint_layers *a, const pm_lif *lif, pm_error *error) {
    const event *events = a->target->events.items;
    const size_t n = a->target->events.count;
    pm_status status = pm_basis_reserve(&a->steps, n, error);
    if (status)
        return status;
    for (size_t k = 0; k < n; k++)
        a->steps.t[k] = k > 0 ? events[k - 1].time - events[k].time : 0.0;
    pm_basis_fill(lif, &a->steps, n);
    return PM_OK;
}

static pm_status meet_spike(way_back *w, size_t s, pm_error *error) {
    return pm_adjoint_at_threshold(w->moved[s], w->out->slope[s], w->slope_floor, w->neuron, w->out->time[s], &w->p.u,
                                   error);
}

static void meet_restart(way_back *w, size_t r) {
    w->moved[w->of->spikes.items[r]] -= w->p.u * w->of->restarts.items[r];
    w->p.u = 0.0;
}

static void meet_arrival(way_back *w, const pm_delayed *arrival, const pm_layer_gradient *gradient) {
    const pm_layer *layer = w->layer;
    const pm_lif *lif = &layer->lif;
    const size_t place = arrival->source * layer->stride + w->neuron;
    const double later = layer->weight[place] * (lif->single ? lif->l_1 * w->p.i - lif->inv_C * w->p.u
                                                             : lif->l_2 * w->p.b - lif->d12 * w->p.i);
    if (gradient->weight)
        gradient->weight[place] += lif->single ? w->p.i : w->p.b;
    if (gradient->delay)
        gradient->delay[pm_delay_place(&layer->delays, arrival->source, w->neuron)] += later;
    if (gradient->in)
        gradient->in[arrival->spike] += later;
}

static pm_status go_back(way_back *w, const pm_basis_table *steps, const pm_layer_gradient *gradient, pm_error *error) {
    const target *t = w->of;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < t->events.count; k++) {
        const event *e = &t->events.items[k];
        const pm_lif_basis step = pm_basis_get(steps, k);
        if (steps->t[k] > 0.0)
            w->p = pm_adjoint_back(&w->p, &step);
        if (e->of == ARRIVAL)
            meet_arrival(w, &t->arrivals.items[e->which], gradient);
        else if (e->of == RESTART)
            meet_restart(w, e->which);
        else
            status = meet_spike(w, t->spikes.items[e->which], error);
    }
    return status;
}

static pm_status reserve(pm_adjoint_layers *a, size_t spikes, pm_error *error) {
    target *t = a->target = a->target ? a->target : calloc(1, sizeof *a->target);
    return t && PM_LIST_RESERVE(t->spikes, spikes) && PM_LIST_RESERVE(t->restarts, spikes)
               ? PM_OK
               : pm_fail_memory(error, "the gradient");
}

pm_status pm_adjoint_delayed(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in, const pm_raster *out,
                             double *moved, const pm_layer_gradient *gradient, pm_error *error) {
    pm_status status = reserve(a, out->n, error);
    for (uint32_t j = 0; !status && j < layer->n_out; j++) {
        if (!find_spikes(a->target, j, out, moved))
            continue;
        const double last = out->time[a->target->spikes.items[a->target->spikes.count - 1]];
        status = pm_delays_arrive(&layer->delays, in, j, last + layer->lif.t_ref, &a->target->arrivals, error);
        if (status)
            break;
        if (!PM_LIST_RESERVE(a->target->events, a->target->arrivals.count + 2 * a->target->spikes.count))
            return pm_fail_memory(error, "the gradient");
        find_restarts(a->target, layer, out);
        list_events(a->target, out, layer->lif.t_ref);
        status = tabulate(a, &layer->lif, error);
        way_back w = {
            .layer = layer, .out = out, .of = a->target, .neuron = j, .moved = moved, .slope_floor = a->slope_floor};
        if (!status)
            status = go_back(&w, &a->steps, gradient, error);
    }
    return status;
}
