/* Where all neurons have the same arrivals, they go from one to the next together, term by term, in vectors; a bound
 * tells which of them may fire on the way, and those are followed one by one by the general neuron's closed forms.
 * Where each target has arrivals of its own, as delays make them, it goes alone, by the same steps. Invariant: a
 * neuron's spikes depend on nothing but its own arrivals; resets change nothing at the end of an interval but u, by the
 * part of the jump that is left. */
#include "layer/layer_receptors.h"

#include "base/list.h"
#include "base/simd.h"
#include "layer/layer_delayed.h"
#include "math/exponential.h"

#include <float.h>
#include <string.h>

enum { CHUNK = 64, TILE = 64 }; /* rows that are made at once; neurons whose terms stay close to the processor */

/* --- intervals ---------------------------------------------------------------------------------------------------- */

/* Lists the steps of a run and makes their rows, one after the other. */
static pm_status tabulate(pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    pm_layer_receptors *r = layer->receptors;
    const size_t length = pm_membrane_row_length(&r->membrane);
    pm_status status = pm_layer_list_steps(layer, in, duration, 1.0 / r->membrane.fastest, error);
    const size_t n = layer->n_steps;
    if (status)
        return status;
    if (!pm_list_reserve((void **)&r->rows, &r->capacity, (n + CHUNK) * length, sizeof *r->rows))
        return pm_fail_memory(error, "the intervals between spikes");
    for (size_t k = 0; k < n; k += CHUNK) {
        const size_t left = n - k < CHUNK ? n - k : CHUNK, whole = (left + 7) / 8 * 8;
        double *columns = r->rows + n * length, t[CHUNK] = {0.0};
        for (size_t i = 0; i < left; i++)
            t[i] = layer->steps[k + i].end - layer->steps[k + i].begin;
        pm_membrane_rows(&r->membrane, whole, t, columns);
        for (size_t i = 0; i < left; i++)
            for (size_t j = 0; j < length; j++)
                r->rows[(k + i) * length + j] = columns[j * whole + i];
    }
    return PM_OK;
}

/* How far u may have been above its end, by what port's i and b were at the start of an interval of h ms: at most
 * of_i (|i| + i) + of_size |b| + of_b b, as in layer_vectors.h, where the current falls at most as fast as its parts
 * can together. */
typedef struct excess {
    double of_i, of_size, of_b; /* mV/pA */
} excess;

static inline excess excess_of(const pm_membrane *m, const pm_port *port, double h) {
    const double half = 0.25 * h * h * m->inv_C, rounding = 0x1p-40 * h * m->inv_C + DBL_MIN;
    return (excess){.of_i = half * port->l_1 + rounding,
                    .of_size = half * port->k * (1.0 + port->l_1 * h) + 2.0 * rounding,
                    .of_b = half * port->k * (port->l_1 * h - 1.0)};
}

/* A threshold, less than any rounding in these bounds. */
static double below(double theta) { return theta - 0x1p-40 * fabs(theta); }

/* Whether u of one neuron may reach a potential, from its state at the start and u at the end. */
static bool may_reach(const pm_membrane *m, double h, const double *x, double end, double low) {
    double most = end;
    for (size_t p = 0; p < m->n_ports; p++) {
        const excess w = excess_of(m, &m->ports[p], h);
        const double i = x[1 + 2 * p], b = x[2 + 2 * p];
        most += w.of_i * (fabs(i) + i) + w.of_size * fabs(b) + w.of_b * b;
    }
    return !(most < low);
}

/* --- one neuron --------------------------------------------------------------------------------------------------- */

static void carry(const pm_membrane *m, double t, bool held, double *x) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(m, t, row);
    (held ? pm_membrane_hold : pm_membrane_move)(m, row, x, x);
}

/* Waits in x until refractoriness or the span ends; then `row` is that of what is left. */
static void wait_out(const pm_membrane *m, pm_span *span, double *x, double *end, double *row) {
    const double until = span->held < span->end ? span->held : span->end;
    *end = x[0];
    if (until < span->end) {
        double last[PM_MEMBRANE_WIDTH];
        carry(m, until - span->begin, true, x);
        pm_membrane_row_at(m, span->end - until, row);
        pm_membrane_move(m, row, x, last);
        *end = last[0];
    }
    span->begin = until;
}

/* Through the span without arrivals, spike by spike, from x, which is lost; *end, u at the end of it as if there were
 * none, becomes what it is. `row` is that of the whole span. */
static pm_status follow(const pm_membrane *m, const double *row, pm_layer_spikes *spikes, pm_span *span, double *x,
                        double *end, pm_error *error) {
    double own[PM_MEMBRANE_ROW];
    while (span->begin < span->end) {
        if (span->held > span->begin) {
            wait_out(m, span, x, end, own);
            row = own;
            continue;
        }
        const double left = span->end - span->begin;
        const bool may = may_reach(m, left, x, *end, below(m->theta));
        const double wait = may ? pm_membrane_crossing(m, x, left, row) : INFINITY;
        if (!(wait <= left))
            break;
        row = NULL;
        const double time = span->begin + wait < span->end ? span->begin + wait : span->end;
        if (wait > 0.0) { /* by definition of the crossing; the computed value is a rounding away */
            carry(m, wait, false, x);
            x[0] = m->theta;
        }
        const double before = x[0];
        pm_status status = pm_span_fire(spikes, span, time, pm_membrane_slope(m, x), error);
        if (status)
            return status;
        pm_membrane_spike(m, x);
        *end += (x[0] - before) * pm_exponential_at(-m->l_m * (span->end - time)).e;
        span->begin = time;
    }
    return PM_OK;
}

/* --- all neurons -------------------------------------------------------------------------------------------------- */

/* Columns of all neurons: u, then i and b of each port, at the start and at the end of an interval; what tells those
 * apart that may fire. */
typedef struct states {
    double *now, *next, *over;
} states;

PM_SIMD static void move_potential(size_t n, double decay, double constant, const double *restrict u,
                                   double *restrict to, double *restrict over) {
    for (size_t j = 0; j < n; j++) {
        to[j] = u[j] * decay + constant;
        over[j] = 0.0;
    }
}

PM_SIMD static void move_port(size_t n, const double *row, excess w, const double *restrict i, const double *restrict b,
                              double *restrict u, double *restrict to_i, double *restrict to_b, double *restrict over) {
    const double e1 = row[PM_ROW_E1], e2 = row[PM_ROW_E2], alpha = row[PM_ROW_ALPHA];
    const double d1 = row[PM_ROW_D1], d12 = row[PM_ROW_D12];
    for (size_t j = 0; j < n; j++) {
        u[j] += i[j] * d1 + b[j] * d12;
        to_i[j] = i[j] * e1 + b[j] * alpha;
        to_b[j] = b[j] * e2;
        over[j] += w.of_i * (fabs(i[j]) + i[j]) + w.of_size * fabs(b[j]) + w.of_b * b[j];
    }
}

PM_SIMD static void arrive(size_t n, double jump, const double *restrict row, double *restrict to) {
    for (size_t j = 0; j < n; j++)
        to[j] += jump * row[j];
}

/* Neurons that have to be visited get an `over` of 0 or more; returns whether there are any. */
PM_SIMD static int64_t tell_apart(size_t n, double begin, const double *restrict u, const double *restrict low,
                                  const double *restrict held, double *restrict over) {
    int64_t any = 0;
    for (size_t j = 0; j < n; j++) {
        over[j] = held[j] > begin ? INFINITY : over[j] + (u[j] - low[j]);
        any |= !(over[j] < 0.0);
    }
    return any;
}

/* TILE neurons from `from` on through a step; whether any has to be visited. */
static bool sweep(const pm_layer *layer, const states *s, const pm_layer_at *at, const double *low, size_t from) {
    const pm_membrane *m = &layer->receptors->membrane;
    const size_t stride = layer->stride, n = stride - from < TILE ? stride - from : TILE;
    const double h = at->step->end - at->step->begin;
    double *u = s->next + from, *over = s->over + from;
    move_potential(n, at->row[0], m->u_inf * at->row[1], s->now + from, u, over);
    for (size_t p = 0; p < m->n_ports; p++) {
        const size_t i = (1 + 2 * p) * stride + from, b = i + stride;
        move_port(n, at->row + 2 + PM_ROW_PORT * p, excess_of(m, &m->ports[p], h), s->now + i, s->now + b, u,
                  s->next + i, s->next + b, over);
    }
    return tell_apart(n, at->step->begin, u, low + from, layer->scratch + from, over) != 0;
}

static pm_status visit_flagged(const pm_layer *layer, const states *s, const pm_layer_visits *visits, pm_layer_at *at,
                               size_t from, pm_error *error) {
    const size_t width = pm_membrane_width(&layer->receptors->membrane);
    const size_t until = from + TILE < layer->n_out ? from + TILE : layer->n_out;
    pm_status status = PM_OK;
    for (size_t j = from; !status && j < until; j++) {
        if (s->over[j] < 0.0)
            continue;
        double x[PM_MEMBRANE_WIDTH];
        for (size_t k = 0; k < width; k++)
            x[k] = s->now[k * layer->stride + j];
        at->neuron = (uint32_t)j;
        status = visits->visit(visits->context, at, x, &s->next[j], error);
    }
    return status;
}

static pm_status walk_together(pm_layer *layer, double u, const pm_layer_visits *visits, pm_error *error) {
    pm_layer_receptors *r = layer->receptors;
    const pm_membrane *m = &r->membrane;
    const size_t stride = layer->stride, all = pm_membrane_width(m) * stride, length = pm_membrane_row_length(m);
    if (!pm_list_reserve((void **)&r->states, &r->n_states, 2 * all + stride, sizeof *r->states))
        return pm_fail_memory(error, "the state of a layer");
    states s = {r->states, r->states + all, r->states + 2 * all};
    pm_layer_at at = {.arrival = 0};
    pm_status status = PM_OK;
    memset(s.now, 0, all * sizeof *s.now);
    for (size_t j = 0; j < stride; j++)
        s.now[j] = u;
    for (size_t k = 0; !status && k < layer->n_steps; k++) {
        at.step = &layer->steps[k];
        at.row = r->rows + k * length;
        const bool moves = at.step->begin < at.step->end;
        for (size_t from = 0; !status && moves && from < stride; from += TILE)
            if (sweep(layer, &s, &at, visits->low, from))
                status = visit_flagged(layer, &s, visits, &at, from, error);
        if (moves)
            s = (states){s.next, s.now, s.over};
        if (at.step->source == PM_NO_SOURCE)
            continue;
        const size_t p = pm_layer_receptor_of(layer, at.step->source);
        const size_t to = r->ports[p].kind == PM_PORT_SINGLE ? 1 + 2 * p : 2 + 2 * p;
        arrive(stride, r->ports[p].jump, layer->weight + at.step->source * stride, s.now + to * stride);
        at.arrival++;
    }
    return status;
}

/* --- target by target --------------------------------------------------------------------------------------------- */

static pm_status walk_target(const pm_layer *layer, uint32_t neuron, double *x, const pm_layer_visits *visits,
                             pm_error *error) {
    const pm_layer_receptors *r = layer->receptors;
    const pm_membrane *m = &r->membrane;
    const size_t length = pm_membrane_row_length(m), width = pm_membrane_width(m);
    pm_layer_at at = {.neuron = neuron};
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < layer->n_steps; k++) {
        at.step = &layer->steps[k];
        at.row = r->rows + k * length;
        const double h = at.step->end - at.step->begin;
        if (h > 0.0) {
            double last[PM_MEMBRANE_WIDTH];
            pm_membrane_move(m, at.row, x, last);
            if (layer->scratch[neuron] > at.step->begin || may_reach(m, h, x, last[0], visits->low[neuron]))
                status = visits->visit(visits->context, &at, x, &last[0], error);
            memcpy(x, last, width * sizeof *x);
        }
        if (at.step->source == PM_NO_SOURCE)
            continue;
        pm_membrane_arrive(m, pm_layer_receptor_of(layer, at.step->source),
                           layer->weight[at.step->source * layer->stride + neuron], x);
        at.arrival++;
    }
    return status;
}

static pm_status walk_apart(pm_layer *layer, const pm_raster *in, double duration, double u,
                            const pm_layer_visits *visits, pm_error *error) {
    pm_status status = PM_OK;
    for (uint32_t j = 0; !status && j < layer->n_out; j++) {
        double x[PM_MEMBRANE_WIDTH];
        status = pm_layer_shift(layer, in, j, duration, error);
        if (!status)
            status = tabulate(layer, &layer->shifted, duration, error);
        pm_membrane_rest(&layer->receptors->membrane, u, x);
        if (!status)
            status = walk_target(layer, j, x, visits, error);
    }
    return status;
}

pm_status pm_layer_walk_receptors(pm_layer *layer, const pm_raster *in, double duration, double u,
                                  const pm_layer_visits *visits, pm_error *error) {
    if (layer->delays.value && layer->delays.by_target > 0)
        return walk_apart(layer, in, duration, u, visits, error);
    pm_status status = tabulate(layer, in, duration, error);
    return status ? status : walk_together(layer, u, visits, error);
}

/* --- spikes ------------------------------------------------------------------------------------------------------- */

typedef struct firing {
    pm_layer *layer;
    pm_layer_spikes *spikes;
} firing;

static pm_status visit(void *context, const pm_layer_at *at, double *x, double *end, pm_error *error) {
    const firing *f = context;
    double *held = &f->layer->scratch[at->neuron];
    pm_span span = {.neuron = at->neuron, .begin = at->step->begin, .end = at->step->end, .held = *held};
    pm_membrane m = f->layer->receptors->membrane;
    m.theta = pm_layer_theta(f->layer, at->neuron);
    pm_status status = follow(&m, at->row, f->spikes, &span, x, end, error);
    *held = span.held;
    return status;
}

pm_status pm_layer_run_receptors(pm_layer *layer, const pm_raster *in, double duration, pm_layer_spikes *spikes,
                                 double u, pm_error *error) {
    pm_layer_receptors *r = layer->receptors;
    if (!pm_list_reserve((void **)&r->low, &r->n_low, layer->stride, sizeof *r->low))
        return pm_fail_memory(error, "the state of a layer");
    for (size_t j = 0; j < layer->stride; j++)
        r->low[j] = j < layer->n_out ? below(pm_layer_theta(layer, j)) : INFINITY;
    spikes->first = SIZE_MAX; /* they are sorted at the end */
    firing f = {layer, spikes};
    const pm_layer_visits visits = {r->low, visit, &f};
    pm_status status = pm_layer_walk_receptors(layer, in, duration, u, &visits, error);
    return status ? status : pm_raster_sort(spikes->out, error);
}
