/* A narrow layer. All neurons see the same arrival times, so one set of exponentials carries every neuron from one
 * arrival to the next, and an arriving spike is a row of weights. Neurons do not touch each other: one that may fire is
 * put into a queue while the others go on, until there are enough to solve for their crossings PM_LANES at a time.
 * Then they catch up. Their currents need no correction, since resets do not change these; only u is carried again from
 * the spike on, over the states that were kept.
 *
 * Invariant: the states of a neuron that does not wait are true up to `row`; those of one that waits are true up to the
 * end of the interval in which it does, and its currents everywhere. Every number is computed by the same operations in
 * the same order, whenever its turn comes, so that spikes do not depend on who waits for whom. */
#include "sim/layer_narrow.h"

#include "math/simd.h"
#include "sim/layer_vectors.h"

#include <string.h>

typedef struct interval {
    pm_factors f;
    pm_excess above;
    double begin, end;  /* ms */
    const double *row;  /* weights of the spike at the end */
} interval;

typedef struct narrow {
    const pm_layer *layer;
    pm_layer_spikes *spikes;
    double *u, *i, *b;   /* at the start of every interval, and at the end of the last: rows of `stride` */
    double *held;        /* ms, end of refractoriness */
    const double *none;  /* a row of zeros */
    size_t n, row;       /* intervals; the next one to be swept */
    uint64_t waiting;    /* neurons in the queue */
    uint64_t refractory; /* neurons that may be held */
    size_t queued;
    uint32_t neuron[PM_NARROW], place[PM_NARROW]; /* the queue: who may fire, in which interval */
    interval at[PM_NARROW_INTERVALS];
} narrow;

/* Lane k of vector v stands for neuron PM_LANES v + k. */
static inline __attribute__((always_inline)) uint64_t collect(const pm_mask *flags) {
    pm_mask bits = *flags | __builtin_shuffle(*flags, (pm_mask){4, 5, 6, 7, 0, 1, 2, 3});
    bits |= __builtin_shuffle(bits, (pm_mask){2, 3, 0, 1, 6, 7, 4, 5});
    return (uint64_t)(bits[0] | bits[1]);
}

static void enqueue(narrow *w, uint64_t neurons) {
    for (; neurons; neurons &= neurons - 1) {
        w->neuron[w->queued] = (uint32_t)__builtin_ctzll(neurons);
        w->place[w->queued++] = (uint32_t)w->row;
    }
}

/* Puts held neurons to the reset potential at the end of the interval; returns those that are held in a part of it
 * only, and must be followed. */
static uint64_t hold(narrow *w, const interval *p, uint64_t *held) {
    uint64_t follow = 0;
    for (uint64_t left = w->refractory & ~w->waiting; left; left &= left - 1) {
        const size_t j = (size_t)__builtin_ctzll(left);
        const uint64_t bit = left & -left;
        if (w->held[j] <= p->begin) {
            w->refractory &= ~bit;
        } else if (w->held[j] > p->end) {
            w->u[(w->row + 1) * w->layer->stride + j] = w->layer->lif.u_reset;
            *held |= bit;
        } else {
            follow |= bit;
        }
    }
    return follow;
}

/* All neurons from interval to interval, until enough of them wait. */
static inline __attribute__((always_inline)) void sweep(narrow *w, const bool single) {
    const size_t stride = w->layer->stride, n = stride / PM_LANES;
    const double theta = pm_below_threshold(&w->layer->lif);
    const uint64_t present = ~(uint64_t)0 >> (PM_NARROW - w->layer->n_out);
    for (; w->row < w->n && w->queued < PM_LANES; w->row++) {
        const interval *p = &w->at[w->row];
        const pm_factors f = p->f;
        const pm_excess above = p->above;
        const pm_vector *u = pm_row_at(w->u + w->row * stride), *i = pm_row_at(w->i + w->row * stride);
        const pm_vector *b = pm_row_at(w->b + w->row * stride), *row = pm_row_at(p->row);
        pm_vector *u1 = pm_vector_at(w->u + (w->row + 1) * stride), *i1 = pm_vector_at(w->i + (w->row + 1) * stride);
        pm_vector *b1 = pm_vector_at(w->b + (w->row + 1) * stride);
        pm_mask lane = {1, 2, 4, 8, 16, 32, 64, 128}, bits = {0};
        for (size_t v = 0; v < n; v++, lane <<= PM_LANES) {
            pm_vector slow = i[v], fast = b[v];
            const pm_vector after =
                single ? u[v] * f.em + f.c + slow * f.d1 : u[v] * f.em + f.c + slow * f.d1 + fast * f.d12;
            i1[v] = single ? slow * f.e1 + row[v] : slow * f.e1 + fast * f.alpha;
            b1[v] = single ? fast : fast * f.e2 + row[v];
            u1[v] = after;
            pm_absolute(&slow);
            pm_absolute(&fast);
            const pm_vector room = theta - (after + (above.of_i * slow + above.of_b * fast));
            bits |= ((pm_mask)room >> 63) & lane;
        }
        uint64_t flags = p->begin < p->end ? collect(&bits) : 0, held = 0;
        if (w->refractory)
            flags |= hold(w, p, &held);
        flags &= present & ~w->waiting & ~held;
        enqueue(w, flags);
        w->waiting |= flags;
    }
}

PM_SIMD static void sweep_single(narrow *w) { sweep(w, true); }
PM_SIMD static void sweep_double(narrow *w) { sweep(w, false); }

/* Up to PM_LANES neurons of the queue. */
typedef struct group {
    size_t n;
    uint32_t neuron[PM_LANES];
    pm_vector u, held; /* at row `from`, which each lane has for itself */
    pm_mask from;
    pm_mask again; /* the interval in which it may fire again, or -1 */
} group;

static inline __attribute__((always_inline)) void gather(pm_vector *to, const double *x, const uint32_t *k) {
    *to = (pm_vector){x[k[0]], x[k[1]], x[k[2]], x[k[3]], x[k[4]], x[k[5]], x[k[6]], x[k[7]]};
}

/* Lanes of `to` become those of `from` where `which` is all ones. */
static inline __attribute__((always_inline)) void replace(pm_vector *to, const pm_mask *which, const pm_vector *from) {
    *to = (pm_vector)(((pm_mask)*from & *which) | ((pm_mask)*to & ~*which));
}

/* Carries the potentials of a group to where the others are. A lane that may fire again goes on all the same: what it
 * writes after the end of that interval is not true, and is never looked at. */
PM_SIMD static void catch_up(const narrow *w, group *g) {
    const pm_lif *lif = &w->layer->lif;
    const size_t stride = w->layer->stride;
    const double theta = pm_below_threshold(lif);
    const bool refractory = lif->t_ref > 0.0;
    const pm_vector reset = (pm_vector){0} + lif->u_reset;
    pm_mask again = (pm_mask){0} - 1;
    pm_vector u = g->u;
    int64_t least = g->from[0];
    for (size_t k = 1; k < PM_LANES; k++)
        least = g->from[k] < least ? g->from[k] : least;
    for (size_t k = 0; k < PM_LANES; k++)
        w->u[(size_t)least * stride + g->neuron[k]] = u[k];
    for (size_t row = (size_t)least; row < w->row; row++) {
        const interval *p = &w->at[row];
        const pm_factors f = p->f;
        pm_vector i, b;
        gather(&i, w->i + row * stride, g->neuron);
        gather(&b, w->b + row * stride, g->neuron);
        const pm_mask open = (g->from - 1 - (int64_t)row) >> 63;
        pm_vector after = u * f.em + f.c + i * f.d1 + b * f.d12;
        pm_absolute(&i);
        pm_absolute(&b);
        const pm_vector room = theta - (after + (p->above.of_i * i + p->above.of_b * b));
        pm_mask may = p->begin < p->end ? (pm_mask)room >> 63 : (pm_mask){0};
        if (refractory) {
            const pm_vector early = p->begin - g->held, late = p->end - g->held;
            const pm_mask held = (pm_mask)late >> 63;
            may = (may | (p->begin < p->end ? (pm_mask)early >> 63 : (pm_mask){0})) & ~held;
            replace(&after, &held, &reset);
        }
        replace(&u, &open, &after);
        may &= open & (again >> 63);
        again = (may & (int64_t)row) | (again & ~may);
        double *to = w->u + (row + 1) * stride;
        for (size_t k = 0; k < PM_LANES; k++)
            to[g->neuron[k]] = u[k];
    }
    g->again = again;
}

/* Each neuron of the group through the interval in which it may fire. */
static pm_status cross(narrow *w, group *g, pm_error *error) {
    const size_t stride = w->layer->stride;
    pm_lanes lanes;
    pm_span spans[PM_LANES];
    pm_status status = PM_OK;
    for (size_t k = 0; k < PM_LANES; k++) {
        const size_t q = k < g->n ? k : 0, row = w->place[q], j = w->neuron[q], at = row * stride + j;
        const interval *p = &w->at[row];
        g->neuron[k] = (uint32_t)j;
        g->from[k] = (int64_t)row + 1;
        spans[k] = (pm_span){.neuron = (uint32_t)j,
                             .begin = p->begin,
                             .end = p->end,
                             .held = w->held[j],
                             .state = {w->u[at], w->i[at], w->b[at]}};
        spans[k].last.u = w->u[at + stride];
        spans[k].last.i = spans[k].state.i * p->f.e1 + spans[k].state.b * p->f.alpha;
        spans[k].last.b = spans[k].state.b * p->f.e2;
        lanes.h[k] = p->end - p->begin;
        lanes.u0[k] = spans[k].state.u;
        lanes.i0[k] = spans[k].state.i;
        lanes.b0[k] = spans[k].state.b;
        lanes.u1[k] = spans[k].last.u;
        lanes.i1[k] = spans[k].last.i;
        lanes.b1[k] = spans[k].last.b;
    }
    pm_lanes_cross(&w->layer->lif, &lanes);
    for (size_t k = 0; !status && k < g->n; k++)
        status = pm_span_take(w->spikes, &spans[k], &lanes, k, error);
    for (size_t k = 0; k < PM_LANES; k++) {
        const size_t q = k < g->n ? k : 0;
        g->u[k] = spans[q].last.u;
        g->held[k] = spans[q].held;
    }
    return status;
}

/* Settles the first neurons of the queue; those that may fire again go to its end. */
static pm_status settle(narrow *w, pm_error *error) {
    group g = {.n = w->queued < PM_LANES ? w->queued : PM_LANES};
    pm_status status = cross(w, &g, error);
    if (status)
        return status;
    catch_up(w, &g);
    w->queued -= g.n;
    for (size_t k = 0; k < w->queued; k++) {
        w->neuron[k] = w->neuron[k + g.n];
        w->place[k] = w->place[k + g.n];
    }
    for (size_t k = 0; k < g.n; k++) {
        const uint64_t bit = (uint64_t)1 << g.neuron[k];
        w->held[g.neuron[k]] = g.held[k];
        if (g.again[k] >= 0) {
            w->neuron[w->queued] = g.neuron[k];
            w->place[w->queued++] = (uint32_t)g.again[k];
        } else {
            w->waiting &= ~bit;
            w->refractory |= w->layer->lif.t_ref > 0.0 ? bit : 0;
        }
    }
    return PM_OK;
}

static void set_intervals(narrow *w, size_t from) {
    const pm_layer *layer = w->layer;
    w->n = layer->n_steps - from < PM_NARROW_INTERVALS ? layer->n_steps - from : PM_NARROW_INTERVALS;
    w->row = 0;
    for (size_t k = 0; k < w->n; k++) {
        const pm_layer_step *step = &layer->steps[from + k];
        w->at[k] = (interval){.f = pm_factors_of(layer, from + k),
                              .above = pm_excess_of(&layer->lif, step->end - step->begin),
                              .begin = step->begin,
                              .end = step->end,
                              .row = step->source == PM_NO_SOURCE ? w->none
                                                                  : layer->weight + step->source * layer->stride};
    }
}

double *pm_narrow_held(const pm_layer *layer) {
    return layer->scratch + (size_t)3 * (PM_NARROW_INTERVALS + 1) * layer->stride;
}

pm_status pm_layer_run_narrow(pm_layer *layer, pm_layer_spikes *spikes, pm_error *error) {
    const size_t n = layer->stride, rows = (PM_NARROW_INTERVALS + 1) * n;
    double *x = layer->scratch, *held = pm_narrow_held(layer);
    narrow w = {.layer = layer,
                .spikes = spikes,
                .u = x,
                .i = x + rows,
                .b = x + 2 * rows,
                .held = held,
                .none = held + n,
                .refractory = layer->lif.t_ref > 0.0 ? ~(uint64_t)0 >> (PM_NARROW - layer->n_out) : 0};
    memset(w.i, 0, n * sizeof *w.i);
    memset(w.b, 0, n * sizeof *w.b);
    memset(held + n, 0, n * sizeof *held);
    spikes->first = 0;
    pm_status status = PM_OK;
    for (size_t from = 0; !status && from < layer->n_steps; from += w.n) {
        set_intervals(&w, from);
        while (!status && (w.row < w.n || w.queued > 0)) {
            (layer->lif.single ? sweep_single : sweep_double)(&w);
            if (w.queued > 0)
                status = settle(&w, error);
        }
        memcpy(w.u, w.u + w.n * n, n * sizeof *w.u);
        memcpy(w.i, w.i + w.n * n, n * sizeof *w.i);
        memcpy(w.b, w.b + w.n * n, n * sizeof *w.b);
    }
    return status;
}
