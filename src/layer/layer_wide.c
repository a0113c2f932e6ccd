/* Several intervals in one go: a slab. States stay in registers from its first interval to its last, so that an arrival
 * costs a neuron little more than reading its weight. Whether u may have reached the threshold is asked once for a
 * stretch of several intervals: after a maximum, u falls no faster than i/C_m has fallen since (u' = 0 there, and
 * u'' = i'/C_m - u'/tau_m >= i'/C_m while u' <= 0), so the end of a stretch of length h lies below the maximum by at
 * most h^2/2 times the fastest fall of i/C_m, or, where synapses are single exponentials and i jumps, by h times its
 * whole fall; bounds of both follow from the state at the start and the sum of the pm_absolute weights. A neuron that
 * thereby stays below threshold needs nothing else. The few others go through the slab again, PM_LANES at a time, with
 * all states kept, and the exact crossing where bounds of single intervals reach the threshold. Invariant: every number
 * that is kept is computed by the same operations in the same order as interval by interval (layer.c). */
#include "layer/layer_wide.h"

#include "base/simd.h"
#include "layer/layer_vectors.h"

#include <string.h>

enum { STEPS = 16, STRETCH = 4 }; /* at most, of a slab and of a stretch */

static const double LONGEST = 0.25; /* stretch of several steps, times the fastest rate */

/* Where a stretch ends; u may have been higher by of_b (ratio |i| + |b| + sum of |w|) + of_sum (sum of w), with i and b
 * at its start. */
typedef struct stretch {
    size_t end;                 /* step */
    double of_b, of_sum, ratio; /* mV/pA */
} stretch;

typedef struct slab {
    size_t n, n_stretches;
    double begin;
    stretch stretches[STEPS];
    pm_excess watch[STEPS];
    pm_factors at[STEPS];
    const double *row[STEPS];
    const pm_layer_step *steps;
    bool single;
} slab;

typedef struct states {
    double *u, *i, *b;
} states;

typedef struct wide {
    const pm_layer *layer;
    pm_layer_spikes *spikes;
    states now, next;
    double *held;       /* ms, end of refractoriness */
    const double *none; /* a row of zeros */
    slab slab;
} wide;

/* The factors of a stretch of h ms: i is at most |i| + d12 h (|b| + sum of |w|), and falls at most as fast as
 * l_1 i + d12 |b|; if single, it is at most |i| + the positive weights, and falls by l_1 i and by the negative ones. */
static stretch stretch_of(const pm_lif *lif, double h) {
    const double part = 0.5 * h * h * lif->inv_C, rounding = 0x1p-40 * h * lif->inv_C + DBL_MIN;
    stretch s = {.of_b = part * lif->d12 * (1.0 + lif->l_1 * h) + rounding};
    if (lif->single) {
        s.of_b = 0.5 * part * lif->l_1 + 0.5 * h * lif->inv_C + rounding;
        s.of_sum = 0.5 * part * lif->l_1 - 0.5 * h * lif->inv_C;
    }
    s.ratio = (part * lif->l_1 + rounding) / s.of_b;
    return s;
}

/* Up to PM_LANES neurons on their way through the slab, their states at the start of each step. */
typedef struct group {
    size_t n;
    uint32_t neuron[PM_LANES];
    _Alignas(64) double u[STEPS + 1][PM_LANES], i[STEPS + 1][PM_LANES], b[STEPS + 1][PM_LANES], weight[STEPS][PM_LANES];
    double held[PM_LANES];
    double from[PM_LANES];          /* the step from which on u is open */
    int64_t flags[STEPS][PM_LANES]; /* negative: may fire in the step, or is held in a part of it */
    size_t flagged[PM_LANES];       /* the first such step, or that after the last */
} group;

#define PM_KERNELS "layer/layer_wide.inc"
#include "base/widths.inc"

static void load_group(const wide *w, const uint32_t *neurons, size_t n, group *g) {
    g->n = n;
    memset(g->from, 0, sizeof g->from);
    for (size_t k = 0; k < PM_LANES; k++) {
        uint32_t j = g->neuron[k] = neurons[k < n ? k : 0];
        g->u[0][k] = w->now.u[j];
        g->i[0][k] = w->now.i[j];
        g->b[0][k] = w->now.b[j];
        g->held[k] = w->held[j];
        for (size_t q = 0; q < w->slab.n; q++)
            g->weight[q][k] = w->slab.row[q][j];
    }
}

/* The first step from `first` on in which each lane may fire; returns the least of them, or the number of steps. */
static size_t find_flags(const wide *w, group *g, size_t first) {
    size_t least = w->slab.n;
    for (size_t k = 0; k < PM_LANES; k++) {
        size_t q = first;
        while (k < g->n && q < w->slab.n && g->flags[q][k] >= 0)
            q++;
        g->flagged[k] = k < g->n ? q : w->slab.n;
        least = g->flagged[k] < least ? g->flagged[k] : least;
    }
    return least;
}

/* The span of a lane over the first step in which it may fire; over step `other` if there is none. */
static pm_span span_of(const wide *w, const group *g, size_t k, size_t other) {
    const size_t q = g->flagged[k] < w->slab.n ? g->flagged[k] : other;
    const pm_factors *f = &w->slab.at[q];
    const bool single = w->slab.single;
    pm_span span = {.neuron = g->neuron[k],
                    .begin = w->slab.steps[q].begin,
                    .end = w->slab.steps[q].end,
                    .held = g->held[k],
                    .state = {g->u[q][k], g->i[q][k], g->b[q][k]}};
    span.last.u = g->u[q + 1][k];
    span.last.i = single ? span.state.i * f->e1 : span.state.i * f->e1 + span.state.b * f->alpha;
    span.last.b = single ? 0.0 : span.state.b * f->e2;
    return span;
}

/* Each flagged lane through the first step in which it may fire; from the next one on its potentials are open again. */
static pm_status cross_group(const wide *w, group *g, size_t first, pm_error *error) {
    pm_lanes lanes;
    pm_span spans[PM_LANES];
    pm_status status = PM_OK;
    for (size_t k = 0; k < PM_LANES; k++) {
        spans[k] = span_of(w, g, k, first);
        lanes.h[k] = spans[k].end - spans[k].begin;
        lanes.u0[k] = spans[k].state.u;
        lanes.i0[k] = spans[k].state.i;
        lanes.b0[k] = spans[k].state.b;
        lanes.u1[k] = spans[k].last.u;
        lanes.i1[k] = spans[k].last.i;
        lanes.b1[k] = spans[k].last.b;
    }
    pm_lanes_cross(&w->layer->lif, &lanes);
    for (size_t k = 0; !status && k < g->n; k++) {
        const size_t q = g->flagged[k];
        g->from[k] = (double)(q + 1);
        if (q == w->slab.n)
            continue;
        status = pm_span_take(w->spikes, &spans[k], &lanes, k, error);
        g->u[q + 1][k] = spans[k].last.u;
        g->held[k] = spans[k].held;
    }
    return status;
}

/* Takes the flagged neurons through the slab with all their spikes. */
static pm_status follow_group(const wide *w, const uint32_t *neurons, size_t n, pm_error *error) {
    group g;
    load_group(w, neurons, n, &g);
    PM_WIDEST(carry_currents)(&w->slab, &g);
    PM_WIDEST(carry_potentials)(&w->layer->lif, &w->slab, &g, 0);
    pm_status status = PM_OK;
    for (size_t first = find_flags(w, &g, 0); !status && first < w->slab.n; first = find_flags(w, &g, first + 1)) {
        status = cross_group(w, &g, first, error);
        PM_WIDEST(carry_potentials)(&w->layer->lif, &w->slab, &g, first + 1);
    }
    for (size_t k = 0; k < n; k++) {
        w->next.u[g.neuron[k]] = g.u[w->slab.n][k];
        w->held[g.neuron[k]] = g.held[k];
    }
    return status;
}

/* The neurons with a flag. */
static size_t list_flagged(const pm_layer *layer, const int64_t *flags) {
    size_t n = 0;
    for (size_t j = 0; j < layer->stride; j += PM_LANES) {
        int64_t any = 0;
        for (size_t k = 0; k < PM_LANES; k++)
            any |= flags[j + k];
        for (size_t k = 0; any < 0 && k < PM_LANES && j + k < layer->n_out; k++) {
            layer->flagged[n] = (uint32_t)(j + k);
            n += flags[j + k] < 0;
        }
    }
    return n;
}

static void set_slab(wide *w, size_t from) {
    const pm_layer *layer = w->layer;
    const double longest = LONGEST / (layer->lif.x + (layer->lif.single ? layer->lif.dxy : layer->lif.dxz));
    slab *s = &w->slab;
    s->steps = layer->steps + from;
    s->begin = s->steps[0].begin;
    s->n = layer->n_steps - from < STEPS ? layer->n_steps - from : STEPS;
    s->n_stretches = 0;
    for (size_t k = 0, first = 0; k < s->n; k++) {
        const uint32_t source = s->steps[k].source;
        const double begin = s->steps[first].begin;
        s->at[k] = pm_factors_of(layer, from + k);
        s->row[k] = source == PM_NO_SOURCE ? w->none : layer->weight + source * layer->stride;
        s->watch[k] = pm_excess_of(&layer->lif, s->steps[k].end - s->steps[k].begin);
        if (k + 1 < s->n && k + 1 < first + STRETCH && s->steps[k + 1].end - begin <= longest)
            continue;
        s->stretches[s->n_stretches] = stretch_of(&layer->lif, s->steps[k].end - begin);
        s->stretches[s->n_stretches++].end = first = k + 1;
    }
}

pm_status pm_layer_run_wide(pm_layer *layer, pm_layer_spikes *spikes, double u, pm_error *error) {
    const size_t n = layer->stride;
    double *x = layer->scratch + n;
    wide w = {.layer = layer,
              .spikes = spikes,
              .now = {x, x + n, x + 2 * n},
              .next = {x + 3 * n, x + 4 * n, x + 5 * n},
              .held = layer->scratch,
              .none = x + 6 * n,
              .slab.single = layer->lif.single};
    int64_t *flags = (int64_t *)(void *)(x + 7 * n);
    pm_status status = PM_OK;
    memset(x, 0, 7 * n * sizeof *x);
    for (size_t j = 0; j < n; j++)
        w.now.u[j] = u;
    for (size_t from = 0; !status && from < layer->n_steps; from += w.slab.n) {
        set_slab(&w, from);
        (layer->lif.single         ? PM_WIDEST(sweep_single)
         : layer->lif.u_inf != 0.0 ? PM_WIDEST(sweep_double)
                                   : PM_WIDEST(sweep_undriven))(&w, flags);
        const size_t flagged = list_flagged(layer, flags);
        spikes->first = spikes->out->n;
        for (size_t k = 0; !status && k < flagged; k += PM_LANES)
            status = follow_group(&w, layer->flagged + k, flagged - k < PM_LANES ? flagged - k : PM_LANES, error);
        states t = w.now;
        w.now = w.next;
        w.next = t;
    }
    return status;
}
