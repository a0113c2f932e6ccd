/* A narrow layer. All neurons see the same arrival times, so one set of exponentials carries every neuron from one
 * arrival to the next, and an arriving spike is a row of weights. Neurons do not touch each other: one that may fire is
 * put into a queue while the others go on, until there are enough to solve for their crossings PM_LANES at a time.
 * Then they catch up. Their currents need no correction, since resets do not change these; only u is carried again from
 * the spike on, over the states that were kept.
 *
 * Invariant: the states of a neuron that does not wait are true up to `row`; those of one that waits are true up to the
 * end of the interval in which it does, and its currents everywhere. Every number is computed by the same operations in
 * the same order, whenever its turn comes, so that spikes do not depend on who waits for whom. */
#include "layer/layer_narrow.h"

#include "base/simd.h"
#include "layer/layer_vectors.h"

#include <string.h>

typedef struct interval {
    pm_factors f;
    pm_excess watch;
    double begin, end; /* ms */
    const double *row; /* weights of the spike at the end */
} interval;

/* Who may fire, in which interval: every neuron once at most. */
typedef struct queue {
    size_t n;
    uint32_t neuron[PM_NARROW], place[PM_NARROW];
} queue;

typedef struct narrow {
    const pm_layer *layer;
    pm_layer_spikes *spikes;
    double *states;                   /* at the start of the last intervals: see row_of and offset */
    double *held;                     /* ms, end of refractoriness */
    const double *none;               /* a row of zeros */
    size_t row, ready;                /* the next interval to be swept; the first that is not in `at` yet */
    uint64_t waiting;                 /* neurons in a queue */
    uint64_t refractory;              /* neurons that may be held */
    queue open, hard;                 /* hard: those that pm_lanes_cross has called so */
    interval at[PM_NARROW_INTERVALS]; /* a ring */
} narrow;

enum { RING = PM_NARROW_INTERVALS, IN_RING = RING - 1 };

enum { I = PM_LANES, B = 2 * PM_LANES, STATES = 3 * PM_LANES }; /* a vector of u, one of i, one of b */

/* Where a neuron's u is in a row of states; its i and b are I and B further. */
static inline size_t offset(size_t neuron) { return neuron / PM_LANES * STATES + neuron % PM_LANES; }
static inline double *row_of(const narrow *w, size_t row) { return w->states + (row & IN_RING) * 3 * w->layer->stride; }

static inline void enqueue(queue *q, uint32_t neuron, uint32_t place) {
    q->neuron[q->n] = neuron;
    q->place[q->n++] = place;
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
            row_of(w, w->row + 1)[offset(j)] = w->layer->lif.u_reset;
            *held |= bit;
        } else {
            follow |= bit;
        }
    }
    return follow;
}

/* Up to PM_LANES neurons that go on from the end of an interval. */
typedef struct group {
    size_t n;
    uint32_t neuron[PM_LANES];
    size_t at[PM_LANES];                 /* offsets of their states */
    _Alignas(64) int64_t from[PM_LANES]; /* the row in which each lane has reached u */
    double u[PM_LANES], held[PM_LANES];
    int64_t again[PM_LANES];                  /* the interval in which it may fire again, or -1 */
    double before[PM_LANES], after[PM_LANES]; /* u at the start and at the end of that interval */
} group;

#define PM_KERNELS "layer/layer_narrow.inc"
#include "base/widths.inc"

/* Takes the first neurons off a queue. */
static size_t dequeue(queue *from, uint32_t *neuron, uint32_t *place) {
    const size_t n = from->n < PM_LANES ? from->n : PM_LANES;
    for (size_t k = 0; k < PM_LANES; k++) {
        neuron[k] = from->neuron[k < n ? k : 0];
        place[k] = from->place[k < n ? k : 0];
    }
    from->n -= n;
    memmove(from->neuron, from->neuron + n, from->n * sizeof *from->neuron);
    memmove(from->place, from->place + n, from->n * sizeof *from->place);
    return n;
}

/* The first neurons of a queue through the intervals in which they may fire. Those that are settled thereby make the
 * group; those that are hard wait on. */
static pm_status cross(narrow *w, queue *from, group *g, pm_error *error) {
    const bool hard = from == &w->hard;
    uint32_t neuron[PM_LANES], place[PM_LANES];
    const size_t n = dequeue(from, neuron, place);
    pm_lanes lanes;
    for (size_t k = 0; k < PM_LANES; k++) {
        const interval *p = &w->at[place[k] & IN_RING];
        const double *at = row_of(w, place[k]) + offset(neuron[k]);
        lanes.h[k] = p->end - p->begin;
        lanes.u0[k] = at[0];
        lanes.i0[k] = at[I];
        lanes.b0[k] = at[B];
        lanes.u1[k] = row_of(w, place[k] + 1)[offset(neuron[k])];
        lanes.i1[k] = at[I] * p->f.e1 + at[B] * p->f.alpha;
        lanes.b1[k] = at[B] * p->f.e2;
    }
    (hard ? pm_lanes_solve : pm_lanes_cross)(&w->layer->lif, &lanes);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        const interval *p = &w->at[place[k] & IN_RING];
        const double held = w->held[neuron[k]];
        if (lanes.course[k] == PM_LANE_HARD && !(held > p->begin)) {
            enqueue(&w->hard, neuron[k], place[k]);
            continue;
        }
        pm_span span = {.neuron = neuron[k],
                        .begin = p->begin,
                        .end = p->end,
                        .held = held,
                        .state = {lanes.u0[k], lanes.i0[k], lanes.b0[k]},
                        .last = {lanes.u1[k], lanes.i1[k], lanes.b1[k]}};
        const size_t before = w->spikes->out->n;
        status = pm_span_take(w->spikes, &span, &lanes, k, error);
        w->held[neuron[k]] = span.held;
        if (w->layer->once && w->spikes->out->n > before)
            continue; /* it waits for ever */
        g->neuron[g->n] = neuron[k];
        g->at[g->n] = offset(neuron[k]);
        g->from[g->n] = (int64_t)place[k] + 1;
        g->u[g->n] = span.last.u;
        g->held[g->n++] = span.held;
    }
    return status;
}

/* Fills up a group with copies of its first lane. */
static void pad(group *g) {
    for (size_t k = g->n; k < PM_LANES; k++) {
        g->at[k] = g->at[0];
        g->from[k] = g->from[0];
        g->u[k] = g->u[0];
        g->held[k] = g->held[0];
    }
}

/* Settles the first neurons of a queue. */
static pm_status settle(narrow *w, queue *from, pm_error *error) {
    group g; /* not set to 0, which would take as long as a crossing */
    g.n = 0;
    pm_status status = from->n > 0 ? cross(w, from, &g, error) : PM_OK;
    if (status || g.n == 0)
        return status;
    pad(&g);
    (w->layer->lif.t_ref > 0.0 ? PM_WIDEST(catch_up_refractory) : PM_WIDEST(catch_up))(w, &g);
    for (size_t k = 0; k < g.n; k++) {
        const uint64_t bit = (uint64_t)1 << g.neuron[k];
        if (g.again[k] >= 0) {
            enqueue(&w->open, g.neuron[k], (uint32_t)g.again[k]);
            row_of(w, (size_t)g.again[k])[g.at[k]] = g.before[k];
            row_of(w, (size_t)g.again[k] + 1)[g.at[k]] = g.after[k];
        } else {
            row_of(w, w->row)[g.at[k]] = g.u[k];
            w->waiting &= ~bit;
            w->refractory |= w->layer->lif.t_ref > 0.0 ? bit : 0;
        }
    }
    return PM_OK;
}

/* The first interval in which anyone of a queue waits, or `none`. */
static size_t oldest(const queue *q, size_t none) {
    for (size_t k = 0; k < q->n; k++)
        none = q->place[k] < none ? q->place[k] : none;
    return none;
}

/* Lists intervals up to `end` in the ring. */
static void prepare(narrow *w, size_t end) {
    const pm_layer *layer = w->layer;
    for (; w->ready < end; w->ready++) {
        const pm_layer_step *step = &layer->steps[w->ready];
        w->at[w->ready & IN_RING] = (interval){
            .f = pm_factors_of(layer, w->ready),
            .watch = pm_excess_of(&layer->lif, step->end - step->begin),
            .begin = step->begin,
            .end = step->end,
            .row = step->source == PM_NO_SOURCE ? w->none : layer->weight + step->source * layer->stride,
        };
    }
}

pm_status pm_layer_run_narrow(pm_layer *layer, pm_layer_spikes *spikes, double u, pm_error *error) {
    const size_t n = layer->stride;
    narrow w = {.layer = layer,
                .spikes = spikes,
                .held = layer->scratch,
                .none = layer->scratch + n,
                .states = layer->scratch + 2 * n,
                .refractory = layer->lif.t_ref > 0.0 ? ~(uint64_t)0 >> (PM_NARROW - layer->n_out) : 0};
    memset(layer->scratch + n, 0, 4 * n * sizeof *w.states);
    for (size_t j = 0; j < n; j++)
        w.states[offset(j)] = u;
    const uint64_t all = ~(uint64_t)0 >> (PM_NARROW - layer->n_out);
    pm_status status = PM_OK;
    while (!status && ((w.row < layer->n_steps && w.waiting != all) || w.open.n > 0 || w.hard.n > 0)) {
        const size_t open = oldest(&w.open, w.row), hard = oldest(&w.hard, w.row);
        const size_t end = (open < hard ? open : hard) + RING - 1;
        prepare(&w, end < layer->n_steps ? end : layer->n_steps);
        (layer->lif.single ? PM_WIDEST(sweep_single) : PM_WIDEST(sweep_double))(&w);
        /* A full queue, or the one that keeps the others from going on. */
        const bool few = w.open.n < PM_LANES && (w.open.n == 0 || (hard < open && w.row < layer->n_steps));
        status = settle(&w, w.hard.n >= PM_LANES || few ? &w.hard : &w.open, error);
    }
    return status;
}
