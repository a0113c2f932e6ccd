/* A target's arrivals are put into order again as in the run, and merged with its spikes and restarts; the factors from
 * event to event are tabulated at once; then its adjoint goes back from the last event to the first. An arrival over
 * delay d_ij comes at t_i + d_ij, so what its instant's derivative adds to that of the input spike it adds to that of
 * the delay, too. With several receptors this is done for each on its own: p_u is the same each time. Invariant: p is
 * the adjoint just before all events met so far. Events of one instant are met in the reverse of the order in which a
 * run takes them: arrivals, restart, spike. */
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
    pm_delayed_list arrivals, over; /* all; those over the receptor at hand */
    PM_LIST(event) events;          /* from the last to the first */
    PM_LIST(size_t) spikes;         /* of the layer's output; or instants */
    PM_LIST(double) moved;          /* dL/dt_s of them, as it goes through one receptor */
    PM_LIST(double) restarts;       /* mV/ms: u' just after the restart that follows each spike */
} target;

void pm_adjoint_target_free(target *t) {
    if (!t)
        return;
    free(t->arrivals.items);
    free(t->over.items);
    free(t->events.items);
    free(t->spikes.items);
    free(t->moved.items);
    free(t->restarts.items);
    free(t);
}

typedef struct way_back {
    const pm_layer *layer;
    pm_lif lif; /* the receptor at hand */
    const pm_layer_pull *pull;
    target *of;
    uint32_t neuron;
    double slope_floor;
    pm_lif_state p;
} way_back;

/* The target's spikes or instants; returns whether the loss depends on any. */
static bool find_spikes(target *t, uint32_t j, const pm_layer_pull *pull) {
    bool any = false;
    t->spikes.count = 0;
    for (size_t s = 0; s < pull->of->n; s++)
        if (pull->of->neuron[s] == j) {
            t->spikes.items[t->spikes.count++] = s;
            any = any || pull->by[s] != 0.0;
        }
    return any;
}

/* The arrivals over a receptor. */
static void part_arrivals(target *t, const pm_layer *layer, size_t receptor) {
    const size_t first = pm_layer_first_source(layer, receptor), end = pm_layer_first_source(layer, receptor + 1);
    t->over.count = 0;
    for (size_t k = 0; k < t->arrivals.count; k++)
        if (t->arrivals.items[k].source >= first && t->arrivals.items[k].source < end)
            t->over.items[t->over.count++] = t->arrivals.items[k];
}

/* Adds what the currents of a receptor are to u' after restarts; a restart at the instant of an arrival comes before
 * it. */
static void add_currents(const way_back *w) {
    const target *t = w->of;
    const pm_lif *lif = &w->lif;
    pm_lif_state state = {0};
    double now = 0.0;
    for (size_t r = 0, k = 0; r < t->spikes.count; r++) {
        const double until = w->pull->of->time[t->spikes.items[r]] + lif->t_ref;
        for (; k < t->over.count && t->over.items[k].time < until; k++) {
            state = pm_lif_advance(lif, &state, t->over.items[k].time - now);
            now = t->over.items[k].time;
            pm_lif_arrive(lif, &state, w->layer->weight[t->over.items[k].source * w->layer->stride + w->neuron]);
        }
        t->restarts.items[r] += pm_lif_advance(lif, &state, until - now).i * lif->inv_C;
    }
}

/* Without refractoriness the potential restarts at the spike: from the slope there. Otherwise the currents are
 * followed. */
static void find_restarts(way_back *w) {
    target *t = w->of;
    const pm_lif *lif = &w->layer->lif;
    for (size_t r = 0; r < t->spikes.count; r++)
        t->restarts.items[r] =
            lif->t_ref > 0.0 ? (lif->u_inf - lif->u_reset) * lif->l_m
                             : w->pull->of->slope[t->spikes.items[r]] +
                                   (pm_layer_theta(w->layer, w->neuron) - lif->u_reset) * lif->l_m;
    for (size_t r = 0; lif->t_ref > 0.0 && r < pm_layer_n_receptors(w->layer); r++) {
        w->lif = pm_layer_kernel(w->layer, r);
        part_arrivals(t, w->layer, r);
        add_currents(w);
    }
}

/* Merges what happens, backwards. */
static void list_events(target *t, const pm_layer_pull *pull, double t_ref) {
    const pm_raster *out = pull->of;
    size_t spikes = t->spikes.count, restarts = pull->fires ? spikes : 0, arrivals = t->over.count;
    t->events.count = 0;
    while (spikes > 0 || arrivals > 0) {
        const double restart = restarts > 0 ? out->time[t->spikes.items[restarts - 1]] + t_ref : -INFINITY;
        const double spike = spikes > 0 ? out->time[t->spikes.items[spikes - 1]] : -INFINITY;
        const double arrival = arrivals > 0 ? t->over.items[arrivals - 1].time : -INFINITY;
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

static pm_status meet_spike(way_back *w, size_t which, double *V_th, pm_error *error) {
    const size_t s = w->of->spikes.items[which];
    pm_status status = PM_OK;
    if (w->pull->fires)
        status = pm_adjoint_at_threshold(w->of->moved.items[which], w->pull->of->slope[s], w->slope_floor, w->neuron,
                                         w->pull->of->time[s], &w->p.u, error);
    else
        w->p.u += w->of->moved.items[which];
    if (V_th)
        V_th[w->neuron] -= w->p.u;
    return status;
}

static void meet_restart(way_back *w, size_t which) {
    w->of->moved.items[which] -= w->p.u * w->of->restarts.items[which];
    w->p.u = 0.0;
}

static void meet_arrival(way_back *w, const pm_delayed *arrival, const pm_layer_gradient *gradient) {
    const pm_layer *layer = w->layer;
    const pm_lif *lif = &w->lif;
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

/* The way through one receptor, from its last event to its first. */
static pm_status go_back(pm_adjoint_layers *a, way_back *w, const pm_layer_gradient *gradient, pm_error *error) {
    target *t = w->of;
    list_events(t, w->pull, w->lif.t_ref);
    pm_status status = tabulate(a, &w->lif, error);
    w->p = (pm_lif_state){0};
    for (size_t s = 0; s < t->spikes.count; s++)
        t->moved.items[s] = w->pull->by[t->spikes.items[s]];
    for (size_t k = 0; !status && k < t->events.count; k++) {
        const event *e = &t->events.items[k];
        const pm_lif_basis step = pm_basis_get(&a->steps, k);
        if (a->steps.t[k] > 0.0)
            w->p = pm_adjoint_back(&w->p, &step);
        if (e->of == ARRIVAL)
            meet_arrival(w, &t->over.items[e->which], gradient);
        else if (e->of == RESTART)
            meet_restart(w, e->which);
        else
            status = meet_spike(w, e->which, gradient->V_th, error);
    }
    return status;
}

/* Room for so many spikes and arrivals. */
static pm_status reserve(pm_adjoint_layers *a, size_t spikes, size_t arrivals, pm_error *error) {
    target *t = a->target = a->target ? a->target : calloc(1, sizeof *a->target);
    return t && PM_LIST_RESERVE(t->spikes, spikes) && PM_LIST_RESERVE(t->moved, spikes) &&
                   PM_LIST_RESERVE(t->restarts, spikes) && PM_LIST_RESERVE(t->over, arrivals) &&
                   PM_LIST_RESERVE(t->events, arrivals + 2 * spikes)
               ? PM_OK
               : pm_fail_memory(error, "the gradient");
}

pm_status pm_adjoint_delayed(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                             const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error) {
    pm_status status = reserve(a, pull->of->n, in->n, error);
    pm_layer_gradient own = *gradient;
    for (uint32_t j = 0; !status && j < layer->n_out; j++) {
        target *t = a->target;
        if (!find_spikes(t, j, pull))
            continue;
        const double last = pull->of->time[t->spikes.items[t->spikes.count - 1]];
        way_back w = {.layer = layer, .pull = pull, .of = t, .neuron = j, .slope_floor = a->slope_floor};
        status = pm_delays_arrive(&layer->delays, in, j, pull->fires ? last + layer->lif.t_ref : last, &t->arrivals,
                                  error);
        if (!status && pull->fires)
            find_restarts(&w);
        for (size_t r = 0; !status && r < pm_layer_n_receptors(layer); r++) {
            w.lif = pm_layer_kernel(layer, r);
            part_arrivals(t, layer, r);
            own.V_th = r == 0 ? gradient->V_th : NULL; /* the same for each */
            status = go_back(a, &w, &own, error);
        }
        for (size_t s = 0; pull->fires && s < t->spikes.count; s++)
            pull->moved[t->spikes.items[s]] = t->moved.items[s];
    }
    return status;
}
