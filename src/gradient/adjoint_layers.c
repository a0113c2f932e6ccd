/* The sweep through a layered network, layer by layer from the top. All neurons of a layer see the same arrivals, so
 * one set of factors, tabulated at once, carries the whole layer's p from one arrival back to the one before, and an
 * arrival reads a row of weights: arrays over targets, the work of a vector unit. The few neurons that fire or restart
 * in an interval are carried on their own, from event to event. Invariant: after each interval the arrays hold p just
 * after the arrivals at its beginning; within it, those of a touched neuron hold p at its own time. */
#include "gradient/adjoint_delayed.h"

#include "base/simd.h"
#include "gradient/traces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_ARRAYS = 4 };

/* One layer on its way back. */
typedef struct descent {
    const pm_lif *lif;
    const pm_layer *layer;
    const pm_raster *in, *out;
    double *u, *i, *b; /* p of every neuron, or the state of the sweep forwards */
    double *at;        /* ms, of touched neurons; below all times otherwise */
    uint32_t *touched;
    pm_lif_state *kept; /* of touched neurons, while the others are carried */
    size_t n_touched;
    double now;              /* ms, of the arrays */
    size_t spikes, restarts; /* still to be met, counted from the first */
    bool fires;              /* whether `out` are spikes; otherwise instants at which the loss depends on a potential */
    double *moved;           /* dL/dt_s of the spikes */
    const double *pull;      /* of `out`: moved, or dL/dV */
    const double *restart;
    double *V_th; /* where derivatives by thresholds are added; NULL: not wanted */
    double slope_floor;
} descent;

static const double UNTOUCHED = -1.0; /* ms */

void pm_adjoint_layers_free(pm_adjoint_layers *a) {
    for (size_t p = 0; a->time && p < a->n_populations; p++)
        free(a->time[p]);
    free(a->time);
    free(a->n_time);
    free(a->restart);
    free(a->state);
    free(a->touched);
    free(a->kept);
    free(a->shifted);
    pm_layer_part_free(&a->part);
    free(a->of_part);
    free(a->pull);
    pm_patch_spikes_free(&a->fired);
    pm_adjoint_target_free(a->target);
    pm_basis_free(&a->steps);
    *a = (pm_adjoint_layers){.slope_floor = a->slope_floor,
                             .input_times = a->input_times,
                             .below = a->below,
                             .delay = a->delay,
                             .V_th = a->V_th};
}

static bool grow(double **array, size_t *capacity, size_t needed) {
    if (*array && needed <= *capacity)
        return true;
    size_t size = (needed + needed / 2 + 15) / 8 * 8;
    free(*array);
    *array = aligned_alloc(64, size * sizeof **array);
    *capacity = *array ? size : 0;
    return *array != NULL;
}

/* Room for the sweep through a layer of that many neurons. */
static bool widen(pm_adjoint_layers *a, size_t widest) {
    if (widest > a->n_touched) {
        free(a->touched);
        free(a->kept);
        a->touched = malloc(widest * sizeof *a->touched);
        a->kept = malloc(widest * sizeof *a->kept);
        a->n_touched = a->touched && a->kept ? widest : 0;
        if (a->n_touched == 0)
            return false;
    }
    return grow(&a->state, &a->n_state, STATE_ARRAYS * widest);
}

/* Room for everything, and the loss's own derivatives. */
static bool prepare(pm_adjoint_layers *a, const pm_layered *net, const double *dl_dt) {
    size_t populations = net->n_layers + 1, widest = PM_LAYER_LANES;
    if (a->n_populations < populations) {
        pm_adjoint_layers_free(a);
        a->time = calloc(populations, sizeof *a->time);
        a->n_time = calloc(populations, sizeof *a->n_time);
        if (!a->time || !a->n_time)
            return false;
        a->n_populations = populations;
    }
    for (size_t p = 0; p < populations; p++) {
        size_t n = net->rasters[p].n;
        if (!grow(&a->time[p], &a->n_time[p], n) || !grow(&a->restart, &a->n_restart, n))
            return false;
        for (size_t s = 0; s < n; s++)
            a->time[p][s] = p == net->n_layers ? dl_dt[s] : a->below && p + 1 == net->n_layers ? a->below[s] : 0.0;
        if (p > 0 && net->layers[p - 1].stride > widest)
            widest = net->layers[p - 1].stride;
    }
    return widen(a, widest);
}

/* Tabulates the step from each arrival to the next one; steps[k] leads from arrival k - 1 to k. */
static pm_status tabulate(pm_adjoint_layers *a, const pm_lif *lif, const pm_raster *in, pm_error *error) {
    pm_status status = pm_basis_reserve(&a->steps, in->n + 1, error);
    if (status)
        return status;
    for (size_t k = 0; k < in->n; k++)
        a->steps.t[k] = k > 0 ? in->time[k] - in->time[k - 1] : in->time[k];
    pm_basis_fill(lif, &a->steps, in->n);
    return PM_OK;
}

/* --- forwards: u' after each restart ------------------------------------------------------------------------------ */

PM_SIMD static void carry_currents(size_t n, pm_lif_basis at, double *restrict i, double *restrict b) {
    for (size_t j = 0; j < n; j++) {
        i[j] = i[j] * at.e1 + b[j] * at.alpha;
        b[j] = b[j] * at.e2;
    }
}

/* Restarts at the instant of an arrival come before it, as in the sweep backwards. */
static void follow_currents(const pm_adjoint_layers *a, descent *d, double *restart) {
    const pm_lif *lif = d->lif;
    const pm_raster *in = d->in, *out = d->out;
    double now = 0.0;
    memset(d->i, 0, d->layer->stride * sizeof *d->i);
    memset(d->b, 0, d->layer->stride * sizeof *d->b);
    for (size_t k = 0, r = 0; r < out->n; k++) {
        for (; r < out->n && (k == in->n || out->time[r] + lif->t_ref <= in->time[k]); r++) {
            uint32_t j = out->neuron[r];
            pm_lif_state state = {.i = d->i[j], .b = d->b[j]};
            state = pm_lif_advance(lif, &state, out->time[r] + lif->t_ref - now);
            state.u = lif->u_reset;
            restart[r] = pm_lif_slope_now(lif, &state);
        }
        if (r == out->n)
            return;
        if (in->time[k] > now)
            carry_currents(d->layer->stride, pm_basis_get(&a->steps, k), d->i, d->b);
        now = in->time[k];
        pm_axpy(d->layer->stride, 1.0, d->layer->weight + in->neuron[k] * d->layer->stride, lif->single ? d->i : d->b);
    }
}

static void find_restarts(const pm_adjoint_layers *a, descent *d, double *restart) {
    const pm_lif *lif = d->lif;
    if (lif->t_ref > 0.0)
        follow_currents(a, d, restart);
    else /* the potential restarts at the spike: from the slope there */
        for (size_t s = 0; s < d->out->n; s++)
            restart[s] = d->out->slope[s] + (pm_layer_theta(d->layer, d->out->neuron[s]) - lif->u_reset) * lif->l_m;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

PM_SIMD static void carry(size_t n, pm_lif_basis at, double *restrict u, double *restrict i, double *restrict b) {
    for (size_t j = 0; j < n; j++) {
        b[j] = u[j] * at.d12 + i[j] * at.alpha + b[j] * at.e2;
        i[j] = u[j] * at.d1 + i[j] * at.e1;
        u[j] = u[j] * at.em;
    }
}

/* sum over targets of w (cx x - cy y): lanes in a fixed order, the same bits on every machine. */
PM_SIMD static double arrive(size_t n, const double *restrict w, double cx, const double *restrict x, double cy,
                             const double *restrict y) {
    double lane[PM_LAYER_LANES] = {0};
    for (size_t j = 0; j < n; j += PM_LAYER_LANES)
        for (size_t k = 0; k < PM_LAYER_LANES; k++)
            lane[k] += w[j + k] * (cx * x[j + k] - cy * y[j + k]);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* Carries one neuron, touched from now on, back to t. */
static void carry_one(descent *d, uint32_t j, double t) {
    double from = d->at[j];
    if (from == UNTOUCHED) {
        d->touched[d->n_touched++] = j;
        from = d->now;
    }
    d->at[j] = t;
    if (!(from > t))
        return;
    pm_lif_state p = {d->u[j], d->i[j], d->b[j]};
    if (p.u == 0.0 && p.i == 0.0 && p.b == 0.0)
        return;
    pm_lif_basis basis = pm_lif_basis_at(d->lif, from - t);
    p = pm_adjoint_back(&p, &basis);
    d->u[j] = p.u;
    d->i[j] = p.i;
    d->b[j] = p.b;
}

/* Takes all spikes and restarts later than t, in descending order of time. */
static pm_status take_events(descent *d, double t, pm_error *error) {
    const pm_raster *out = d->out;
    pm_status status = PM_OK;
    while (!status) {
        double restart = d->restarts > 0 ? out->time[d->restarts - 1] + d->lif->t_ref : UNTOUCHED;
        double spike = d->spikes > 0 ? out->time[d->spikes - 1] : UNTOUCHED;
        if (d->fires && restart > t && restart >= spike) {
            size_t r = --d->restarts;
            uint32_t j = out->neuron[r];
            carry_one(d, j, restart);
            d->moved[r] -= d->u[j] * d->restart[r];
            d->u[j] = 0.0;
        } else if (spike > t) {
            size_t s = --d->spikes;
            uint32_t j = out->neuron[s];
            carry_one(d, j, spike);
            if (!d->fires)
                d->u[j] += d->pull[s];
            else
                status = pm_adjoint_at_threshold(d->pull[s], out->slope[s], d->slope_floor, j, spike, &d->u[j], error);
            if (d->V_th)
                d->V_th[j] -= d->u[j];
        } else {
            break;
        }
    }
    return status;
}

/* Carries the layer back to t; `step` is the basis of the time from there to the present one, if p is not 0 everywhere.
 * */
static pm_status carry_back(descent *d, double t, pm_lif_basis step, pm_error *error) {
    pm_status status = take_events(d, t, error);
    if (status)
        return status;
    for (size_t k = 0; k < d->n_touched; k++) {
        uint32_t j = d->touched[k];
        carry_one(d, j, t);
        d->kept[k] = (pm_lif_state){d->u[j], d->i[j], d->b[j]};
    }
    if (d->now > t && d->now < INFINITY)
        carry(d->layer->stride, step, d->u, d->i, d->b);
    for (size_t k = 0; k < d->n_touched; k++) {
        uint32_t j = d->touched[k];
        d->u[j] = d->kept[k].u;
        d->i[j] = d->kept[k].i;
        d->b[j] = d->kept[k].b;
        d->at[j] = UNTOUCHED;
    }
    d->n_touched = 0;
    d->now = t;
    return PM_OK;
}

/* Through one layer: from moved[] of its spikes to those of its inputs (NULL: not wanted) and to the gradient. */
static pm_status descend(const pm_adjoint_layers *a, descent *d, double *moved_in, double *gradient, pm_error *error) {
    const pm_lif *lif = d->lif;
    const pm_raster *in = d->in, *out = d->out;
    size_t n = d->layer->stride, k = in->n;
    const double *x = lif->single ? d->i : d->b, *y = lif->single ? d->u : d->i;
    double cx = lif->single ? lif->l_1 : lif->l_2, cy = lif->single ? lif->inv_C : lif->d12;
    memset(d->u, 0, 3 * n * sizeof *d->u);
    for (size_t j = 0; j < n; j++)
        d->at[j] = UNTOUCHED;
    d->now = INFINITY;
    d->spikes = out->n;
    d->restarts = d->fires ? out->n : 0;
    while (k > 0 && (out->n == 0 || in->time[k - 1] >= out->time[out->n - 1]))
        k--; /* too late to matter */
    while (k-- > 0) {
        pm_lif_basis step = k + 1 < in->n ? pm_basis_get(&a->steps, k + 1) : (pm_lif_basis){0};
        pm_status status = carry_back(d, in->time[k], step, error);
        if (status)
            return status;
        if (gradient)
            pm_axpy(n, 1.0, x, gradient + in->neuron[k] * n);
        if (moved_in)
            moved_in[k] += arrive(n, d->layer->weight + in->neuron[k] * n, cx, x, cy, y);
    }
    return take_events(d, UNTOUCHED, error); /* spikes before all arrivals: constant currents cause them */
}

/* The sweep's arrays for one layer. */
static descent descent_of(const pm_adjoint_layers *a, const pm_lif *lif, const pm_layer *layer, const pm_raster *in,
                          const pm_layer_pull *pull) {
    size_t n = layer->stride;
    return (descent){.lif = lif,
                     .layer = layer,
                     .in = in,
                     .out = pull->of,
                     .fires = pull->fires,
                     .moved = pull->moved,
                     .pull = pull->by,
                     .restart = a->restart,
                     .u = a->state,
                     .i = a->state + n,
                     .b = a->state + 2 * n,
                     .at = a->state + 3 * n,
                     .touched = a->touched,
                     .kept = a->kept,
                     .slope_floor = a->slope_floor};
}

static pm_status descend_plain(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                               const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error) {
    descent d = descent_of(a, &layer->lif, layer, in, pull);
    pm_status status = tabulate(a, d.lif, d.in, error);
    if (status)
        return status;
    if (d.fires)
        find_restarts(a, &d, a->restart);
    return descend(a, &d, gradient->in, gradient->weight, error);
}

/* u' after each restart, of all receptors together. */
static pm_status find_restarts_over(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                                    const pm_layer_pull *pull, pm_error *error) {
    const pm_lif *lif = &layer->lif;
    const double leak = (lif->u_inf - lif->u_reset) * lif->l_m;
    if (!(lif->t_ref > 0.0)) {
        descent d = descent_of(a, lif, layer, in, pull);
        find_restarts(a, &d, a->restart);
        return PM_OK;
    }
    pm_status status = PM_OK;
    for (size_t s = 0; s < pull->of->n; s++)
        a->restart[s] = leak;
    for (size_t r = 0; !status && r < layer->receptors->n; r++) {
        const pm_lif kernel = pm_layer_kernel(layer, r);
        descent d = descent_of(a, &kernel, layer, &a->part.spikes, pull);
        status = pm_layer_part_take(&a->part, layer, r, in, error);
        if (!status)
            status = tabulate(a, &kernel, &a->part.spikes, error);
        if (status)
            break;
        follow_currents(a, &d, a->pull);
        for (size_t s = 0; s < pull->of->n; s++)
            a->restart[s] += a->pull[s] - leak;
    }
    return status;
}

/* Receptor by receptor: p_u is the same each time, as it does not depend on currents, and so is what becomes of moved.
 */
static pm_status descend_receptors(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                                   const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error) {
    const size_t n = pull->of->n;
    if (!grow(&a->pull, &a->n_pull, n) || !grow(&a->of_part, &a->n_of_part, in->n))
        return pm_fail_memory(error, "the gradient");
    const pm_layer_pull own = {pull->of, a->pull, pull->fires ? a->pull : pull->by, pull->fires};
    pm_status status = pull->fires ? find_restarts_over(a, layer, in, pull, error) : PM_OK;
    for (size_t r = 0; !status && r < layer->receptors->n; r++) {
        const pm_lif kernel = pm_layer_kernel(layer, r);
        descent d = descent_of(a, &kernel, layer, &a->part.spikes, &own);
        d.V_th = r == 0 ? gradient->V_th : NULL;
        if (pull->fires)
            memcpy(a->pull, pull->moved, n * sizeof *a->pull);
        status = pm_layer_part_take(&a->part, layer, r, in, error);
        if (!status)
            status = tabulate(a, &kernel, &a->part.spikes, error);
        if (status)
            break;
        memset(a->of_part, 0, a->part.spikes.n * sizeof *a->of_part);
        status = descend(a, &d, gradient->in ? a->of_part : NULL, gradient->weight, error);
        for (size_t k = 0; gradient->in && k < a->part.spikes.n; k++)
            gradient->in[a->part.place[k]] += a->of_part[k];
    }
    if (!status && pull->fires)
        memcpy(pull->moved, a->pull, n * sizeof *a->pull);
    return status;
}

/* One patch, whose arrivals after its last spike and its restart do not matter. */
static pm_status descend_patch(pm_adjoint_layers *a, const pm_layer *layer, size_t q, double *moved,
                               const pm_layer_gradient *gradient, pm_error *error) {
    const pm_layer patch = pm_layer_of_patch(layer, q);
    const pm_raster out = pm_patch_spikes_of(&a->fired, q);
    const size_t *from = layer->patched->in.place + layer->patched->in.first[q];
    const size_t *to = a->fired.place + a->fired.first[q];
    pm_raster in = pm_patch_spikes_of(&layer->patched->in, q);
    while (in.n > 0 && in.time[in.n - 1] >= out.time[out.n - 1] + layer->lif.t_ref)
        in.n--;
    if (!grow(&a->of_part, &a->n_of_part, in.n) || !grow(&a->pull, &a->n_pull, out.n))
        return pm_fail_memory(error, "the gradient");
    memset(a->of_part, 0, in.n * sizeof *a->of_part);
    for (size_t s = 0; s < out.n; s++)
        a->pull[s] = moved[to[s]];
    const size_t row = layer->patched->of->patch[q].row * layer->stride;
    const pm_layer_gradient own = {.weight = gradient->weight ? gradient->weight + row : NULL,
                                   .in = gradient->in ? a->of_part : NULL};
    const pm_layer_pull pull = {&out, a->pull, a->pull, true};
    pm_status status = descend_plain(a, &patch, &in, &pull, &own, error);
    for (size_t s = 0; s < out.n; s++)
        moved[to[s]] = a->pull[s];
    for (size_t k = 0; gradient->in && k < in.n; k++)
        gradient->in[from[k]] += a->of_part[k];
    return status;
}

/* Patch by patch; one that fired nothing on which the loss depends has no share. */
static pm_status descend_patched(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *out, double *moved,
                                 const pm_layer_gradient *gradient, pm_error *error) {
    pm_status status = pm_layer_fired_by(layer, out, &a->fired, error);
    for (size_t q = 0; !status && q < layer->patched->of->n; q++) {
        bool any = false;
        for (size_t s = a->fired.first[q]; s < a->fired.first[q + 1]; s++)
            any = any || moved[a->fired.place[s]] != 0.0;
        status = any ? descend_patch(a, layer, q, moved, gradient, error) : PM_OK;
    }
    return status;
}

static pm_status descend_dense(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                               const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error) {
    return (layer->receptors ? descend_receptors : descend_plain)(a, layer, in, pull, gradient, error);
}

/* A layer whose sources each have one delay for all targets has taken the spikes it was to take when they arrived. */
static pm_status descend_shifted(pm_adjoint_layers *a, const pm_layer *layer, const pm_layer_pull *pull,
                                 const pm_layer_gradient *gradient, pm_error *error) {
    const pm_delayed_list *from = &layer->origins;
    if (!grow(&a->shifted, &a->n_shifted, from->count))
        return pm_fail_memory(error, "the gradient");
    for (size_t k = 0; k < from->count; k++)
        a->shifted[k] = 0.0;
    const pm_layer_gradient own = {.weight = gradient->weight, .in = a->shifted, .V_th = gradient->V_th};
    pm_status status = descend_dense(a, layer, &layer->shifted, pull, &own, error);
    for (size_t k = 0; k < from->count; k++) {
        if (gradient->delay)
            gradient->delay[pm_delay_place(&layer->delays, from->items[k].source, 0)] += a->shifted[k];
        if (gradient->in)
            gradient->in[from->items[k].spike] += a->shifted[k];
    }
    return status;
}

static pm_status descend_layer(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in,
                               const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error) {
    if (!layer->delays.value)
        return descend_dense(a, layer, in, pull, gradient, error);
    if (layer->delays.by_target > 0)
        return pm_adjoint_delayed(a, layer, in, pull, gradient, error);
    return descend_shifted(a, layer, pull, gradient, error);
}

pm_status pm_adjoint_layered(pm_adjoint_layers *a, const pm_layered *net, const double *dl_dt, double *const *gradient,
                             pm_error *error) {
    size_t lowest = 0;
    while (!a->input_times && lowest < net->n_layers && !gradient[lowest] && !(a->delay && a->delay[lowest]) &&
           !(a->V_th && a->V_th[lowest]))
        lowest++;
    if (!prepare(a, net, dl_dt))
        return pm_fail_memory(error, "the gradient");
    pm_status status = PM_OK;
    for (size_t l = net->n_layers; !status && l-- > lowest;) {
        const pm_layer *layer = &net->layers[l];
        const pm_raster *in = &net->rasters[l], *out = in + 1;
        const pm_layer_gradient own = {.weight = gradient[l],
                                       .delay = a->delay ? a->delay[l] : NULL,
                                       .V_th = a->V_th ? a->V_th[l] : NULL,
                                       .in = l > lowest || a->input_times ? a->time[l] : NULL};
        const pm_layer_pull pull = {out, a->time[l + 1], a->time[l + 1], true};
        status = layer->patched ? descend_patched(a, layer, out, a->time[l + 1], &own, error)
                                : descend_layer(a, layer, in, &pull, &own, error);
    }
    return status;
}

pm_status pm_adjoint_potentials(pm_adjoint_layers *a, const pm_layer *layer, const pm_raster *in, const pm_raster *at,
                                const double *dl_dv, const pm_layer_gradient *gradient, pm_error *error) {
    const pm_layer_pull pull = {.of = at, .by = dl_dv};
    return widen(a, layer->stride) ? descend_layer(a, layer, in, &pull, gradient, error)
                                   : pm_fail_memory(error, "the gradient");
}
