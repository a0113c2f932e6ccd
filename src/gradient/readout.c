/* Between two arrivals u has at most one maximum inside (crossing.c tells why: u' e^{t/tau_m} is monotone on either
 * side of the one zero of the current's slope). A bound that costs no exponential spares the search in most intervals:
 * only an interval that may exceed the largest value so far is looked into. Invariant: maximum[o] is the largest u of
 * output o on [0, now]. */
#include "gradient/readout.h"

#include "base/simd.h"
#include "layer/layer_delayed.h"
#include "math/elementary.h"
#include "math/interval.h"
#include "model/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_ARRAYS = 8, RESULTS = 3, MAX_ITERATIONS = 100 };

/* The zero of u' between low, where u rises, and high, where it falls. */
static double turning_point(const pm_lif *lif, const pm_lif_state *start, double low, double high, double s_low,
                            double s_high, pm_lif_state *at) {
    double width = high - low, t = low + width * (s_low / (s_low - s_high));
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        *at = pm_lif_advance(lif, start, t);
        double slope = pm_lif_slope_now(lif, at);
        if (slope > 0.0)
            low = t;
        else
            high = t;
        double bend = pm_lif_current_slope(lif, at) * lif->inv_C - lif->l_m * slope;
        double next = bend < 0.0 ? t - slope / bend : NAN;
        if (!(next >= low && next <= high))
            next = low + 0.5 * (high - low);
        double step = fabs(next - t);
        t = next;
        if (step <= 1e-13 * width)
            break;
    }
    *at = pm_lif_advance(lif, start, t);
    return t;
}

double pm_lif_maximum(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, double *at) {
    bool last = end->u >= start->u;
    double best = last ? end->u : start->u;
    *at = last ? h : 0.0;
    double low = 0.0, high = h, s_low = pm_lif_slope_now(lif, start), s_high = pm_lif_slope_now(lif, end);
    if ((s_low > 0.0) == (s_high > 0.0)) { /* a maximum only if the current's slope changes its sign */
        bool more = pm_lif_current_slope(lif, start) > 0.0, ends_more = pm_lif_current_slope(lif, end) > 0.0;
        if (lif->single || more == ends_more || more == (s_low > 0.0))
            return best;
        double excess = pm_lif_current_slope(lif, start) / (lif->l_1 * (start->i + start->b));
        double turn = excess > -1.0 ? pm_log1p(excess) / lif->d12 : NAN;
        if (!(turn > 0.0 && turn < h))
            return best;
        pm_lif_state middle = pm_lif_advance(lif, start, turn);
        double s_middle = pm_lif_slope_now(lif, &middle);
        if ((s_middle > 0.0) == (s_low > 0.0))
            return best;
        if (s_low > 0.0) {
            high = turn;
            s_high = s_middle;
        } else {
            low = turn;
            s_low = s_middle;
        }
    }
    if (!(s_low > 0.0 && s_high < 0.0))
        return best;
    pm_lif_state top;
    double t = turning_point(lif, start, low, high, s_low, s_high, &top);
    if (top.u > best) {
        best = top.u;
        *at = t;
    }
    return best;
}

pm_status pm_readout_new(pm_readout *readout, pm_layer *layer, const pm_neuron *neuron, pm_error *error) {
    size_t n = layer->stride;
    *readout = (pm_readout){.n_out = layer->n_out};
    if (layer->delays.value && layer->delays.by_target > 0 && !layer->receptors) {
        const pm_receptor own = pm_receptor_of_neuron(neuron);
        const uint32_t sources = (uint32_t)layer->n_in;
        pm_status status = pm_layer_set_receptors(layer, &own, &sources, 1, error);
        if (status)
            return status;
    }
    readout->state = aligned_alloc(64, (STATE_ARRAYS + RESULTS) * n * sizeof(double));
    readout->ended = malloc(n * sizeof *readout->ended);
    if (!readout->state || !readout->ended) {
        pm_readout_free(readout);
        return pm_fail_memory(error, "the output layer");
    }
    readout->maximum = readout->state + STATE_ARRAYS * n;
    readout->when = readout->maximum + n;
    readout->climb = readout->when + n;
    return PM_OK;
}

void pm_readout_free(pm_readout *readout) {
    free(readout->state);
    free(readout->ended);
    pm_basis_free(&readout->steps);
    pm_raster_free(&readout->maxima);
    *readout = (pm_readout){0};
}

/* Carries the outputs over an interval and returns nonzero if any may exceed its maximum. */
PM_SIMD static int64_t step(const pm_lif *lif, pm_lif_basis at, double h, size_t n, const double *restrict u,
                            const double *restrict i, const double *restrict b, double *restrict u1,
                            double *restrict i1, double *restrict b1, const double *restrict maximum,
                            double *restrict bound) {
    double decay = 1.0 - lif->l_1 * h > 0.0 ? 1.0 - lif->l_1 * h : 0.0, rise = lif->d12 * h < 1.0 ? lif->d12 * h : 1.0;
    const double u_inf = lif->u_inf, l_m = lif->l_m, inv_C = lif->inv_C, c = u_inf * at.rise;
    int64_t any = 0;
    for (size_t j = 0; j < n; j++) {
        double low = i[j] * decay, fast = b[j] * rise;
        double current = (i[j] > low ? i[j] : low) + (fast > 0.0 ? fast : 0.0);
        double climb = ((u_inf - u[j]) * l_m + current * inv_C) * h;
        bound[j] = u[j] + (climb > 0.0 ? climb : 0.0);
        any |= bound[j] > maximum[j];
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

static pm_status tabulate(pm_readout *r, const pm_lif *lif, const pm_raster *in, double duration, pm_error *error) {
    pm_status status = pm_basis_reserve(&r->steps, in->n + 1, error);
    if (status)
        return status;
    double now = 0.0;
    size_t n = 0;
    for (size_t k = 0; k < in->n; k++) {
        if (in->time[k] > now)
            r->steps.t[n++] = in->time[k] - now;
        now = in->time[k];
    }
    r->steps.t[n++] = duration - now;
    pm_basis_fill(lif, &r->steps, n);
    return PM_OK;
}

/* All outputs together. */
static pm_status run_plain(pm_readout *r, pm_layer *layer, const pm_raster *in, double duration,
                           pm_error *error) {
    const pm_lif *lif = &layer->lif;
    size_t n = layer->stride, next = 0;
    double *u = r->state, *u1 = u + 3 * n, *bound = u + 6 * n, now = 0.0;
    pm_status status = tabulate(r, lif, in, duration, error);
    if (status)
        return status;
    for (size_t k = 0; k <= in->n; k++) {
        double end = k < in->n ? in->time[k] : duration;
        if (end > now) {
            pm_lif_basis at = pm_basis_get(&r->steps, next++);
            double h = end - now, when = 0.0;
            if (step(lif, at, h, n, u, u + n, u + 2 * n, u1, u1 + n, u1 + 2 * n, r->maximum, bound))
                for (size_t j = 0; j < r->n_out; j++) {
                    if (!(bound[j] > r->maximum[j]))
                        continue;
                    pm_lif_state first = {u[j], u[n + j], u[2 * n + j]}, last = {u1[j], u1[n + j], u1[2 * n + j]};
                    double top = pm_lif_maximum(lif, &first, &last, h, &when);
                    if (!(top > r->maximum[j]))
                        continue;
                    const bool ended = lif->single && k < in->n && when == h;
                    r->maximum[j] = top;
                    r->when[j] = ended ? end : now + when;
                    r->ended[j] = ended ? k : SIZE_MAX;
                    r->climb[j] = pm_lif_slope_now(lif, &last);
                }
            double *kept = u;
            u = u1;
            u1 = kept;
            now = end;
        }
        if (k < in->n)
            add_row(n, layer->weight + in->neuron[k] * n, u + (lif->single ? n : 2 * n));
    }
    return PM_OK;
}

pm_status pm_readout_run(pm_readout *r, pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    const bool shared = layer->delays.value && layer->delays.by_target == 0;
    pm_status status = shared ? pm_layer_shift(layer, in, 0, duration, error) : PM_OK;
    memset(r->state, 0, (STATE_ARRAYS + RESULTS) * layer->stride * sizeof(double));
    for (size_t j = 0; j < r->n_out; j++)
        r->ended[j] = SIZE_MAX;
    in = shared ? &layer->shifted : in;
    if (!status)
        status = (layer->receptors ? pm_readout_walk : run_plain)(r, layer, in, duration, error);
    for (size_t j = 0; shared && j < r->n_out; j++)
        if (r->ended[j] < SIZE_MAX)
            r->ended[j] = layer->origins.items[r->ended[j]].spike;
    return status;
}

pm_status pm_readout_back(pm_readout *r, pm_adjoint_layers *adjoint, const pm_layer *layer, const pm_raster *in,
                          const double *dl_du, const pm_layer_gradient *gradient, pm_error *error) {
    double *pull = r->state; /* dl_du in the order of the maxima */
    pm_status status = PM_OK;
    r->maxima.n = 0;
    for (uint32_t o = 0; !status && o < r->n_out; o++)
        status = pm_raster_append(&r->maxima, r->when[o], o, 0.0, error);
    if (!status)
        status = pm_raster_sort(&r->maxima, error);
    if (status)
        return status;
    for (size_t k = 0; k < r->n_out; k++)
        pull[k] = dl_du[r->maxima.neuron[k]];
    status = pm_adjoint_potentials(adjoint, layer, in, &r->maxima, pull, gradient, error);
    for (size_t o = 0; !status && o < r->n_out; o++) {
        const size_t k = r->ended[o];
        if (k == SIZE_MAX)
            continue;
        const double later = dl_du[o] * r->climb[o];
        if (gradient->in)
            gradient->in[k] += later;
        if (gradient->delay)
            gradient->delay[pm_delay_place(&layer->delays, in->neuron[k], o)] += later;
    }
    return status;
}
