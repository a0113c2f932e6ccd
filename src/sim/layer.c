/* A dense layer, interval by interval: all neurons see the same arrival times, so one set of exponentials carries every
 * neuron from one arrival to the next, and an arriving spike is a row of weights added to the fast currents. Two
 * buffers hold the states at the start and at the end of the present interval. A neuron whose upper bound over the
 * interval lies below threshold needs nothing else; the few others are redone from the start buffer with the exact
 * crossing. Invariant: after each interval the end buffer holds every neuron's true state, resets and refractoriness
 * included, and all spikes of the interval have been written in order. Wide layers take several intervals at once
 * (layer_wide.c), with the same bits. */
#include "sim/layer.h"

#include "math/simd.h"
#include "sim/layer_span.h"
#include "sim/layer_wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_ARRAYS = 9 }; /* u, i, b twice; the end of refractoriness; bounds; flags of wide layers */
enum { NARROW = 64 };      /* neurons */

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
    free(layer->steps);
    pm_basis_free(&layer->basis);
    layer->weight = layer->scratch = NULL;
    layer->flagged = NULL;
    layer->steps = NULL;
    layer->step_capacity = 0;
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

/* A layer on its way through the input. */
typedef struct run {
    pm_layer *layer;
    buffers s;
    pm_layer_spikes spikes;
    bool refractory; /* whether any neuron may be held */
} run;

/* All flagged neurons over the present interval, PM_LANES at a time. */
static pm_status follow_flagged(run *r, size_t n, const pm_layer_step *at, pm_error *error) {
    const uint32_t *flagged = r->layer->flagged;
    buffers *s = &r->s;
    pm_lanes lanes;
    pm_status status = PM_OK;
    for (size_t from = 0; !status && from < n; from += PM_LANES) {
        size_t count = n - from < PM_LANES ? n - from : PM_LANES;
        for (size_t k = 0; k < PM_LANES; k++) {
            size_t j = flagged[from + (k < count ? k : 0)];
            lanes.h[k] = at->end - at->begin;
            lanes.u0[k] = s->u[j];
            lanes.i0[k] = s->i[j];
            lanes.b0[k] = s->b[j];
            lanes.u1[k] = s->u1[j];
            lanes.i1[k] = s->i1[j];
            lanes.b1[k] = s->b1[j];
        }
        pm_lanes_cross(&r->layer->lif, &lanes);
        for (size_t k = 0; !status && k < count; k++) {
            uint32_t j = flagged[from + k];
            pm_span span = {.neuron = j,
                            .begin = at->begin,
                            .end = at->end,
                            .held = s->held[j],
                            .state = {s->u[j], s->i[j], s->b[j]},
                            .last = {s->u1[j], s->i1[j], s->b1[j]}};
            status = pm_span_take(&r->spikes, &span, &lanes, k, error);
            s->held[j] = span.held;
            s->u1[j] = span.last.u;
        }
    }
    return status;
}

/* The neurons whose bound reaches the threshold or that are held. */
static size_t flag(const run *r, double now) {
    const size_t n_out = r->layer->n_out;
    const double theta = r->layer->lif.theta, *bound = r->s.bound, *held = r->s.held;
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

/* Carries the layer over an interval; `basis` is that of the interval. */
static pm_status advance(run *r, const pm_layer_step *to, pm_lif_basis basis, pm_error *error) {
    const pm_layer *layer = r->layer;
    const pm_lif *lif = &layer->lif;
    double h = to->end - to->begin;
    interval v = {.at = basis, .h = h, .u_inf_rise = lif->u_inf * basis.rise};
    v.decay = 1.0 - lif->l_1 * h > 0.0 ? 1.0 - lif->l_1 * h : 0.0;
    v.rise = lif->d12 * h < 1.0 ? lif->d12 * h : 1.0;
    int64_t any = step(lif, &v, layer->stride, r->s.u, r->s.i, r->s.b, r->s.u1, r->s.i1, r->s.b1, r->s.bound);
    if (any || r->refractory) {
        r->spikes.first = r->spikes.out->n;
        size_t n = flag(r, to->begin);
        pm_status status = follow_flagged(r, n, to, error);
        if (status)
            return status;
        r->refractory = lif->t_ref > 0.0 && n > 0;
    }
    swap_buffers(&r->s);
    return PM_OK;
}

/* The way from one arrival to the next, in pieces: bounds are tight, and lanes do their work, over short times only.
 * What is left after MOST_PIECES has decayed. */
enum { MOST_PIECES = 8 };

static pm_status reserve_steps(pm_layer *layer, size_t n, pm_error *error) {
    if (n > layer->step_capacity) {
        free(layer->steps);
        layer->step_capacity = 0;
        layer->steps = malloc((n + n / 2) * sizeof *layer->steps);
        if (!layer->steps)
            return pm_fail_memory(error, "the intervals between spikes");
        layer->step_capacity = n + n / 2;
    }
    return pm_basis_reserve(&layer->basis, n, error);
}

/* The steps from `now` to an arrival or to the end, at least one. */
static void step_to(pm_layer *layer, double now, double target, uint32_t source) {
    const double piece = 1.0 / (layer->lif.x + (layer->lif.single ? layer->lif.dxy : layer->lif.dxz));
    for (size_t pieces = 0; pieces < MOST_PIECES && target - now > 2.0 * piece; pieces++) {
        layer->basis.t[layer->n_steps] = now + piece - now;
        layer->steps[layer->n_steps++] = (pm_layer_step){now, now + piece, PM_NO_SOURCE};
        now += piece;
    }
    layer->basis.t[layer->n_steps] = target - now;
    layer->steps[layer->n_steps++] = (pm_layer_step){now, target, source};
}

/* Lists the steps of a run and tabulates their basis. */
static pm_status tabulate(pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    const double piece = 1.0 / (layer->lif.x + (layer->lif.single ? layer->lif.dxy : layer->lif.dxz));
    double most = (double)MOST_PIECES * ((double)in->n + 1.0), cuts = duration / piece, now = 0.0;
    pm_status status = reserve_steps(layer, in->n + 2 + (size_t)(cuts < most ? cuts : most), error);
    if (status)
        return status;
    layer->n_steps = 0;
    for (size_t k = 0; k < in->n && in->time[k] < duration; k++) {
        step_to(layer, now, in->time[k], in->neuron[k]);
        now = in->time[k];
    }
    step_to(layer, now, duration, PM_NO_SOURCE);
    pm_basis_fill(&layer->lif, &layer->basis, layer->n_steps);
    return PM_OK;
}

/* Neurons that rest at or above threshold fire at 0 ms, before the first input, whose current is not in their slope. */
static pm_status fire_at_rest(pm_layer_spikes *spikes, size_t n, double *u, double *held, pm_error *error) {
    const pm_lif_state rest = {0};
    pm_status status = PM_OK;
    for (uint32_t j = 0; !status && j < n; j++) {
        pm_span span = {.neuron = j};
        status = pm_span_fire(spikes, &span, 0.0, pm_lif_slope_now(spikes->lif, &rest), error);
        u[j] = spikes->lif->u_reset;
        held[j] = span.held;
    }
    return status;
}

static pm_status run_narrow(run *r, pm_error *error) {
    const pm_layer *layer = r->layer;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < layer->n_steps; k++) {
        const pm_layer_step *to = &layer->steps[k];
        if (to->begin < to->end)
            status = advance(r, to, pm_basis_get(&layer->basis, k), error);
        if (to->source != PM_NO_SOURCE)
            add_row(layer->stride, layer->weight + to->source * layer->stride, layer->lif.single ? r->s.i : r->s.b);
    }
    return status;
}

pm_status pm_layer_run(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                       pm_error *error) {
    const size_t n = layer->stride;
    double *x = layer->scratch;
    run r = {.layer = layer,
             .spikes = {.lif = &layer->lif, .out = out, .limit = limit},
             .s = {x, x + n, x + 2 * n, x + 3 * n, x + 4 * n, x + 5 * n, x + 6 * n, x + 7 * n},
             .refractory = layer->lif.theta <= 0.0 && layer->lif.t_ref > 0.0};
    out->n = 0;
    memset(x, 0, 6 * n * sizeof *x);
    for (size_t j = 0; j < n; j++)
        r.s.held[j] = -INFINITY;
    pm_status status = tabulate(layer, in, duration, error);
    if (!status && layer->lif.theta <= 0.0)
        status = fire_at_rest(&r.spikes, layer->n_out, r.s.u, r.s.held, error);
    if (!status)
        status = layer->n_out <= NARROW ? run_narrow(&r, error) : pm_layer_run_wide(layer, &r.spikes, error);
    while (!status && out->n && out->time[out->n - 1] >= duration)
        out->n--; /* a run ends just before `duration` */
    return status;
}
