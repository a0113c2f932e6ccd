/* A dense layer, interval by interval: all neurons see the same arrival times, so one set of exponentials carries every
 * neuron from one arrival to the next, and an arriving spike is a row of weights added to the fast currents. Two
 * buffers hold the states at the start and at the end of the present interval. A neuron whose upper bound over the
 * interval lies below threshold needs nothing else; the few others are redone from the start buffer with the exact
 * crossing. Invariant: after each interval the end buffer holds every neuron's true state, resets and refractoriness
 * included, and all spikes of the interval have been written in order. Neurons know nothing of each other, so a large
 * layer runs through its input block by block. */
#include "sim/layer.h"

#include "math/exponential.h"
#include "math/interval.h"
#include "math/lanes.h"
#include "math/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_ARRAYS = 8 }; /* u, i, b twice; the end of refractoriness; bounds */
enum { BLOCK = 256 };      /* neurons whose states stay in the fastest cache for a whole run */

typedef struct buffers {
    double *u, *i, *b;    /* at the start of the interval */
    double *u1, *i1, *b1; /* at its end */
    double *held;         /* ms, end of refractoriness */
    double *bound;        /* mV, upper bounds of u over the interval */
} buffers;

pm_status pm_layer_new(pm_layer *layer, const pm_lif *lif, size_t n_in, size_t n_out, pm_error *error) {
    size_t stride = (n_out + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
    *layer = (pm_layer){.lif = *lif, .n_in = n_in, .n_out = n_out, .stride = stride};
    layer->weight = aligned_alloc(64, n_in * stride * sizeof(double));
    layer->scratch = aligned_alloc(64, STATE_ARRAYS * stride * sizeof(double));
    layer->flagged = malloc(stride * sizeof *layer->flagged);
    if (!layer->weight || !layer->scratch || !layer->flagged) {
        pm_layer_free(layer);
        return pm_fail_memory(error, "the weights of a layer");
    }
    memset(layer->weight, 0, n_in * stride * sizeof(double));
    return PM_OK;
}

void pm_layer_free(pm_layer *layer) {
    free(layer->weight);
    free(layer->scratch);
    free(layer->flagged);
    pm_basis_free(&layer->basis);
    layer->weight = layer->scratch = NULL;
    layer->flagged = NULL;
}

/* What the bound and the step of an interval need, the same for all neurons. */
typedef struct interval {
    pm_lif_basis at;
    double h, u_inf_rise;
    double decay, rise; /* the smallest e^{-l_1 t} and the largest alpha(t) over the interval, as bounds */
} interval;

/* Carries all states over the interval and returns nonzero if any bound reaches the threshold (see pm_lif_bound). */
PM_SIMD static int64_t step(const pm_lif *lif, const interval *v, size_t n, const double *restrict u,
                            const double *restrict i, const double *restrict b, double *restrict u1,
                            double *restrict i1, double *restrict b1, double *restrict bound) {
    const pm_lif_basis at = v->at;
    const double c = v->u_inf_rise, h = v->h, decay = v->decay, rise = v->rise;
    const double u_inf = lif->u_inf, l_m = lif->l_m, inv_C = lif->inv_C, theta = lif->theta;
    int64_t any = 0;
    for (size_t j = 0; j < n; j++) {
        double low = i[j] * decay, fast = b[j] * rise;
        double current = (i[j] > low ? i[j] : low) + (fast > 0.0 ? fast : 0.0);
        double climb = ((u_inf - u[j]) * l_m + current * inv_C) * h;
        bound[j] = u[j] + (climb > 0.0 ? climb : 0.0);
        any |= bound[j] >= theta;
        u1[j] = u[j] * at.em + c + i[j] * at.d1 + b[j] * at.d12;
        i1[j] = i[j] * at.e1 + b[j] * at.alpha;
        b1[j] = b[j] * at.e2;
    }
    return any;
}

PM_SIMD static void add_row(size_t n, const double *restrict row, double *restrict current) {
    for (size_t j = 0; j < n; j++)
        current[j] += row[j];
}

/* Adds a spike of the present interval, keeping the spikes from `first` on in order. */
static pm_status insert(pm_raster *out, size_t first, double time, uint32_t neuron, double slope, pm_error *error) {
    pm_status status = pm_raster_append(out, time, neuron, slope, error);
    if (status)
        return status;
    for (size_t k = out->n - 1;
         k > first && (out->time[k - 1] > time || (out->time[k - 1] == time && out->neuron[k - 1] > neuron)); k--) {
        out->time[k] = out->time[k - 1];
        out->neuron[k] = out->neuron[k - 1];
        out->slope[k] = out->slope[k - 1];
        out->time[k - 1] = time;
        out->neuron[k - 1] = neuron;
        out->slope[k - 1] = slope;
    }
    return PM_OK;
}

/* One block of neurons on its way through the input. */
typedef struct run {
    pm_layer *layer;
    size_t begin, n, width; /* the first neuron, their number, and that with the padding of the row */
    buffers s;
    pm_raster *out;
    size_t limit;
    double now;
    bool refractory; /* whether any neuron may be held */
} run;

static pm_status runaway(const run *r, uint32_t j, double time, pm_error *error) {
    return pm_fail(error, PM_FAILED, "runaway activity: more than %zu spikes in one layer; neuron %zu at %.17g ms",
                   r->limit, r->begin + j, time);
}

/* Records a spike of the present interval and holds its neuron. */
static pm_status fire(run *r, size_t first, double time, uint32_t j, double slope, pm_error *error) {
    pm_status status = insert(r->out, first, time, (uint32_t)r->begin + j, slope, error);
    r->s.held[j] = time + r->layer->lif.t_ref;
    return status || r->out->n <= r->limit ? status : runaway(r, j, time, error);
}

/* Carries a held neuron to the end of its refractory time or of the interval; returns the time reached. */
static double wait_out(const pm_lif *lif, pm_lif_state *state, double t, double held, double end) {
    double until = held < end ? held : end;
    *state = pm_lif_advance(lif, state, until - t);
    state->u = lif->u_reset;
    return until;
}

/* One neuron over (t, end), in `state` at t and, without further spikes, in `last` at the end: every spike, and its
 * state at the end. A reset changes nothing of that but u, by the part of the jump that is left. */
static pm_status follow(run *r, uint32_t j, double t, pm_lif_state state, pm_lif_state last, double end, size_t first,
                        pm_error *error) {
    const pm_lif *lif = &r->layer->lif;
    pm_lif_state at = state;
    for (;;) {
        if (r->s.held[j] > t) {
            t = wait_out(lif, &state, t, r->s.held[j], end);
            last.u = t < end ? pm_lif_u(lif, &state, end - t) : lif->u_reset;
        }
        double left = end - t, wait = t < end ? pm_lif_crossing_between(lif, &state, &last, left, &at) : INFINITY;
        if (!(wait <= left))
            break;
        double spike = t + wait < end ? t + wait : end;
        pm_status status = fire(r, first, spike, j, pm_lif_slope_now(lif, &at), error);
        if (status)
            return status;
        last.u -= (at.u - lif->u_reset) * pm_exponential_at(-lif->l_m * (left - wait)).e;
        state = at;
        state.u = lif->u_reset;
        t = spike;
    }
    r->s.u1[j] = last.u;
    return PM_OK;
}

/* One neuron over the present interval, given what its lane has found. */
static pm_status take_lane(run *r, uint32_t j, const pm_lanes *v, size_t k, double end, size_t first, pm_error *error) {
    const pm_lif *lif = &r->layer->lif;
    pm_lif_state state = {r->s.u[j], r->s.i[j], r->s.b[j]}, last = {r->s.u1[j], r->s.i1[j], r->s.b1[j]};
    double t = r->now;
    if (!(r->s.held[j] > t)) {
        if (v->course[k] == PM_LANE_SILENT)
            return PM_OK;
        if (v->course[k] == PM_LANE_FOUND) {
            pm_lif_state at = {v->u[k], v->i[k], v->b[k]};
            t = t + v->time[k] < end ? t + v->time[k] : end;
            pm_status status = fire(r, first, t, j, pm_lif_slope_now(lif, &at), error);
            r->s.u1[j] = last.u = v->after[k];
            if (status || (lif->t_ref == 0.0 && v->bound[k] < lif->theta))
                return status;
            state = (pm_lif_state){lif->u_reset, at.i, at.b};
        }
    }
    return follow(r, j, t, state, last, end, first, error);
}

/* All flagged neurons over the present interval, PM_LANES at a time. */
static pm_status follow_flagged(run *r, size_t n, double end, size_t first, pm_error *error) {
    const uint32_t *flagged = r->layer->flagged;
    pm_lanes lanes;
    pm_status status = PM_OK;
    for (size_t from = 0; !status && from < n; from += PM_LANES) {
        size_t count = n - from < PM_LANES ? n - from : PM_LANES;
        for (size_t k = 0; k < PM_LANES; k++) {
            size_t j = flagged[from + (k < count ? k : 0)];
            lanes.u0[k] = r->s.u[j];
            lanes.i0[k] = r->s.i[j];
            lanes.b0[k] = r->s.b[j];
            lanes.u1[k] = r->s.u1[j];
            lanes.i1[k] = r->s.i1[j];
            lanes.b1[k] = r->s.b1[j];
        }
        pm_lanes_cross(&r->layer->lif, &lanes, end - r->now);
        for (size_t k = 0; !status && k < count; k++)
            status = take_lane(r, flagged[from + k], &lanes, k, end, first, error);
    }
    return status;
}

/* The neurons whose bound reaches the threshold or that are held. */
static size_t flag(run *r) {
    const size_t n_out = r->n;
    const double theta = r->layer->lif.theta, now = r->now, *bound = r->s.bound, *held = r->s.held;
    uint32_t *flagged = r->layer->flagged;
    size_t n = 0;
    for (size_t j = 0; j < n_out; j++) { /* without a branch: which neurons they are cannot be foreseen */
        flagged[n] = (uint32_t)j;
        n += (size_t)((bound[j] >= theta) | (held[j] > now));
    }
    return n;
}

static void swap_buffers(buffers *s) {
    buffers t = *s;
    *s = (buffers){t.u1, t.i1, t.b1, t.u, t.i, t.b, t.held, t.bound};
}

/* Carries the layer from now to `end`; `at` is the basis of that interval. */
static pm_status advance(run *r, double end, pm_lif_basis at, pm_error *error) {
    const pm_layer *layer = r->layer;
    const pm_lif *lif = &layer->lif;
    double h = end - r->now;
    interval v = {.at = at, .h = h, .u_inf_rise = lif->u_inf * at.rise};
    v.decay = 1.0 - lif->l_1 * h > 0.0 ? 1.0 - lif->l_1 * h : 0.0;
    v.rise = lif->d12 * h < 1.0 ? lif->d12 * h : 1.0;
    int64_t any = step(lif, &v, r->width, r->s.u, r->s.i, r->s.b, r->s.u1, r->s.i1, r->s.b1, r->s.bound);
    if (any || r->refractory) {
        size_t first = r->out->n, n = flag(r);
        pm_status status = follow_flagged(r, n, end, first, error);
        if (status)
            return status;
        r->refractory = lif->t_ref > 0.0 && n > 0;
    }
    swap_buffers(&r->s);
    r->now = end;
    return PM_OK;
}

/* The way from one arrival to the next, in pieces: bounds are tight, and lanes do their work, over short times only.
 * What is left after MOST_PIECES has decayed. */
enum { MOST_PIECES = 8 };

static double piece_of(const pm_lif *lif) { return 1.0 / (lif->x + (lif->single ? lif->dxy : lif->dxz)); }

static double next_end(double piece, double now, double target, size_t *pieces) {
    bool whole = !(target - now > 2.0 * piece) || *pieces == MOST_PIECES;
    *pieces = whole ? 0 : *pieces + 1;
    return whole ? target : now + piece;
}

/* Tabulates the basis of every interval: from one arrival to the next at a different time, or a piece of that, the last
 * one up to the end. */
static pm_status tabulate(pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    const double piece = piece_of(&layer->lif);
    double most = (double)MOST_PIECES * ((double)in->n + 1.0), cuts = duration / piece;
    pm_status status = pm_basis_reserve(&layer->basis, in->n + 1 + (size_t)(cuts < most ? cuts : most) + 1, error);
    if (status)
        return status;
    double now = 0.0, *t = layer->basis.t;
    size_t n = 0, pieces = 0;
    for (size_t k = 0; k <= in->n; k++) {
        double target = k < in->n && in->time[k] < duration ? in->time[k] : duration;
        while (now < target) {
            double end = next_end(piece, now, target, &pieces);
            t[n++] = end - now;
            now = end;
        }
        if (target == duration)
            break;
    }
    pm_basis_fill(&layer->lif, &layer->basis, n);
    return PM_OK;
}

/* Neurons that rest at or above threshold fire at 0 ms, before the first input, whose current is not in their slope. */
static pm_status fire_at_rest(run *r, pm_error *error) {
    const pm_lif *lif = &r->layer->lif;
    const pm_lif_state rest = {0};
    pm_status status = PM_OK;
    for (uint32_t j = 0; !status && j < r->n; j++) {
        status = pm_raster_append(r->out, 0.0, (uint32_t)r->begin + j, pm_lif_slope_now(lif, &rest), error);
        r->s.u[j] = lif->u_reset;
        r->s.held[j] = lif->t_ref;
    }
    r->refractory = lif->t_ref > 0.0;
    return status || r->out->n <= r->limit ? status : runaway(r, 0, 0.0, error);
}

/* Carries the block to `target`, from place `next` in the table on. */
static pm_status advance_to(run *r, double target, size_t *next, pm_error *error) {
    const double piece = piece_of(&r->layer->lif);
    pm_status status = PM_OK;
    for (size_t pieces = 0; !status && r->now < target;) {
        double end = next_end(piece, r->now, target, &pieces);
        status = advance(r, end, pm_basis_get(&r->layer->basis, (*next)++), error);
    }
    return status;
}

/* Runs the neurons from `begin` on, a block of them, and appends their spikes in order. */
static pm_status run_block(pm_layer *layer, const pm_raster *in, size_t begin, double duration, size_t limit,
                           pm_raster *out, pm_error *error) {
    size_t left = layer->stride - begin, n = left < BLOCK ? left : BLOCK, next = 0;
    double *x = layer->scratch;
    run r = {.layer = layer,
             .begin = begin,
             .n = layer->n_out - begin < n ? layer->n_out - begin : n,
             .width = n,
             .out = out,
             .limit = limit,
             .s = {x, x + n, x + 2 * n, x + 3 * n, x + 4 * n, x + 5 * n, x + 6 * n, x + 7 * n}};
    memset(x, 0, 6 * n * sizeof *x);
    for (size_t j = 0; j < n; j++)
        r.s.held[j] = -INFINITY;
    pm_status status = layer->lif.theta <= 0.0 ? fire_at_rest(&r, error) : PM_OK;
    for (size_t k = 0; !status && k < in->n && in->time[k] < duration; k++) {
        status = advance_to(&r, in->time[k], &next, error);
        add_row(n, layer->weight + in->neuron[k] * layer->stride + begin, layer->lif.single ? r.s.i : r.s.b);
    }
    return status ? status : advance_to(&r, duration, &next, error);
}

pm_status pm_layer_run(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                       pm_error *error) {
    out->n = 0;
    pm_status status = tabulate(layer, in, duration, error);
    for (size_t begin = 0; !status && begin < layer->n_out; begin += BLOCK)
        status = run_block(layer, in, begin, duration, limit, out, error);
    if (!status && layer->n_out > BLOCK)
        status = pm_raster_sort(out, error);
    while (!status && out->n && out->time[out->n - 1] >= duration)
        out->n--; /* a run ends just before `duration` */
    return status;
}
