/* A grid twin of layer.c and sweep.c. All states, membranes included, are vectors (u, i, b) that one set of factors
 * carries over a step. Invariant: in step k a layer first moves to time k * step, then fires, then receives what the
 * layer below has fired at that point, which acts from there on. */
#include "rule/grid.h"

#include "base/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_grid_free(pm_grid *g) {
    for (size_t l = 0; l < PM_MOST_LAYERS; l++) {
        pm_traces_free(&g->state[l]);
        pm_traces_free(&g->errors[l]);
        free(g->coefficient[l]);
    }
    for (size_t l = 0; l <= PM_MOST_LAYERS; l++) {
        pm_raster_free(&g->rasters[l]);
        free(g->at_step[l]);
    }
    free(g->psp);
    free(g->lag);
    *g = (pm_grid){0};
}

/* The quotient of two times, whole where rounding alone keeps it from that: 0.3/0.1 is 2.9999999999999996. */
static double steps_of(double span, double step) {
    double number = span / step, whole = rint(number);
    return fabs(number - whole) <= 1e-12 * number ? whole : number;
}

static pm_status prepare_layer(pm_grid *g, size_t l, double tau_hat, pm_error *error) {
    const pm_layer *layer = &g->net->layers[l];
    pm_lif kernel = pm_trace_kernel(&layer->lif, tau_hat);
    g->kernel[l] = pm_lif_basis_at(&kernel, g->step);
    pm_status status = pm_traces_new(&g->state[l], &layer->lif, layer->n_out, error);
    if (!status)
        status = pm_traces_new(&g->errors[l], &kernel, layer->n_out, error);
    g->offset[l] = g->row;
    g->row += layer->n_in * layer->stride;
    return status;
}

pm_status pm_grid_new(pm_grid *g, const pm_layered *net, double step, double duration, double tau_hat,
                      double tau_hat_hidden, double slope_floor, double window, pm_error *error) {
    const pm_lif *lif = &net->layers[0].lif;
    size_t last = net->n_layers - 1;
    *g = (pm_grid){.net = net, .step = step, .slope_floor = slope_floor};
    if (net->n_layers > PM_MOST_LAYERS || lif->t_ref > 0.0 || lif->u_inf != 0.0)
        return pm_fail(error, PM_INVALID, "at most %d layers of neurons without t_ref and I_e can be trained on a grid",
                       PM_MOST_LAYERS);
    g->n_steps = (size_t)ceil(steps_of(duration, step));
    g->window = (size_t)steps_of(window, step);
    g->membrane = pm_lif_basis_at(lif, step);
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l <= last; l++)
        status = prepare_layer(g, l, l == last ? tau_hat : tau_hat_hidden, error);
    g->psp = malloc((g->window + 1) * sizeof *g->psp);
    g->lag = malloc((g->window + 1) * sizeof *g->lag);
    bool complete = g->psp && g->lag;
    for (size_t l = 0; l <= net->n_layers; l++) {
        g->at_step[l] = calloc(g->n_steps + 2, sizeof *g->at_step[l]);
        complete = complete && g->at_step[l];
    }
    if (!status && !complete)
        status = pm_fail_memory(error, "a grid of time");
    for (size_t k = 0; complete && !status && k <= g->window; k++) {
        const pm_lif *kernel = &g->errors[0].kernel;
        pm_lif_basis at = pm_lif_basis_at(kernel, (double)k * step);
        g->lag[k] = at.alpha * kernel->inv_C - at.d12 * kernel->l_m;
        g->psp[k] = pm_lif_psp(&g->errors[last].kernel, (double)k * step);
    }
    if (status)
        pm_grid_free(g);
    return status;
}

PM_SIMD static int64_t any_above(size_t n, const double *u, double theta) {
    int64_t any = 0;
    for (size_t j = 0; j < n; j++)
        any |= u[j] >= theta;
    return any;
}

/* The layer's neurons at or above threshold fire in step k. */
static pm_status fire(pm_grid *g, size_t l, size_t k, pm_error *error) {
    const pm_lif *lif = &g->net->layers[l].lif;
    pm_traces *s = &g->state[l];
    pm_status status = PM_OK;
    if (!any_above(s->n, s->u, lif->theta))
        return PM_OK;
    for (uint32_t j = 0; !status && j < g->net->layers[l].n_out; j++) {
        if (s->u[j] < lif->theta)
            continue;
        double slope = s->i[j] * lif->inv_C - s->u[j] * lif->l_m;
        status = pm_raster_append(&g->rasters[l + 1], (double)k * g->step, j, slope, error);
        s->u[j] = lif->u_reset;
    }
    return status;
}

/* The spikes of population l at step k, and the first one after them. */
static size_t spikes_until(const pm_grid *g, size_t l, size_t k) { return g->at_step[l][k + 1]; }

static pm_status move_inputs(pm_grid *g, const pm_raster *input, pm_error *error) {
    pm_status status = PM_OK;
    size_t k = 0;
    g->rasters[0].n = 0;
    for (size_t s = 0; !status && s < input->n; s++) {
        size_t step = (size_t)llround(input->time[s] / g->step);
        for (; k <= g->n_steps && k < step; k++)
            g->at_step[0][k + 1] = g->rasters[0].n;
        if (step <= g->n_steps)
            status = pm_raster_append(&g->rasters[0], (double)step * g->step, input->neuron[s], 0.0, error);
    }
    for (; k <= g->n_steps; k++)
        g->at_step[0][k + 1] = g->rasters[0].n;
    return status;
}

pm_status pm_grid_run(pm_grid *g, const pm_raster *input, pm_error *error) {
    size_t n_layers = g->net->n_layers;
    pm_status status = move_inputs(g, input, error);
    for (size_t l = 0; l < n_layers; l++) {
        pm_traces_reset(&g->state[l], 0.0);
        g->rasters[l + 1].n = 0;
    }
    for (size_t k = 0; !status && k <= g->n_steps; k++)
        for (size_t l = 0; !status && l < n_layers; l++) {
            const pm_layer *layer = &g->net->layers[l];
            pm_traces *s = &g->state[l];
            double *current = layer->lif.single ? s->i : s->b;
            if (k > 0) {
                pm_traces_advance_by(s, g->membrane);
                status = fire(g, l, k, error);
            }
            g->at_step[l + 1][k + 1] = g->rasters[l + 1].n;
            for (size_t f = g->at_step[l][k]; f < spikes_until(g, l, k); f++)
                pm_axpy(s->n, 1.0, layer->weight + g->rasters[l].neuron[f] * layer->stride, current);
        }
    return status;
}

static pm_status reserve(pm_grid *g, size_t l, pm_error *error) {
    size_t n = g->rasters[l + 1].n;
    if (n <= g->capacity[l] && g->coefficient[l])
        return PM_OK;
    size_t capacity = n + n / 2 + 64;
    free(g->coefficient[l]);
    g->coefficient[l] = malloc(capacity * sizeof(double));
    g->capacity[l] = g->coefficient[l] ? capacity : 0;
    return g->capacity[l] > 0 ? PM_OK : pm_fail_memory(error, "gradients on a grid");
}

static size_t step_of(const pm_grid *g, double time) {
    size_t k = (size_t)llround(time / g->step);
    return k < g->n_steps ? k : g->n_steps;
}

static double inverse_slope(const pm_grid *g, double slope) {
    return 1.0 / (slope > g->slope_floor ? slope : g->slope_floor);
}

/* The output layer for an event of neuron `o` in step `k`: its part of the gradient, and its inputs' coefficients. */
static void start(pm_grid *g, size_t k, uint32_t o, double *row) {
    const size_t last = g->net->n_layers - 1, from = k > g->window ? k - g->window : 0;
    const pm_raster *in = &g->rasters[last];
    const pm_layer *layer = &g->net->layers[last];
    double *part = row + g->offset[last];
    for (size_t j = from; j < k; j++)
        for (size_t s = g->at_step[last][j]; s < g->at_step[last][j + 1]; s++) {
            const size_t at = in->neuron[s] * layer->stride + o;
            part[at] += g->psp[k - j];
            if (last > 0)
                g->coefficient[last - 1][s] = layer->weight[at] * g->lag[k - j] * inverse_slope(g, in->slope[s]);
        }
}

/* Layer l, whose spikes have coefficients: its part of the gradient, and its inputs' coefficients, step by step. */
static void descend(pm_grid *g, size_t l, size_t k, double *row) {
    const size_t from = k > g->window ? k - g->window : 0;
    const pm_raster *in = &g->rasters[l], *out = &g->rasters[l + 1];
    const pm_layer *layer = &g->net->layers[l];
    pm_traces *errors = &g->errors[l];
    pm_traces_reset(errors, 0.0);
    for (size_t j = k; j-- > from;) {
        pm_traces_advance_by(errors, g->kernel[l]);
        for (size_t s = g->at_step[l][j]; s < g->at_step[l][j + 1]; s++) {
            const size_t at = in->neuron[s] * layer->stride;
            pm_axpy(layer->stride, 1.0, errors->u, row + g->offset[l] + at);
            if (l > 0)
                g->coefficient[l - 1][s] =
                    pm_traces_slope_dot(errors, layer->weight + at) * inverse_slope(g, in->slope[s]);
        }
        for (size_t s = g->at_step[l + 1][j]; s < g->at_step[l + 1][j + 1]; s++)
            pm_traces_add(errors, out->neuron[s], g->coefficient[l][s]);
    }
}

pm_status pm_grid_gradients(pm_grid *g, const pm_grid_event *events, size_t n, double *rows, pm_error *error) {
    const size_t last = g->net->n_layers - 1;
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l < last; l++)
        status = reserve(g, l, error);
    if (status)
        return status;
    memset(rows, 0, n * g->row * sizeof *rows);
    for (size_t e = 0; e < n; e++) {
        const size_t k = step_of(g, events[e].time);
        double *row = rows + e * g->row;
        start(g, k, events[e].neuron, row);
        for (size_t l = last; l-- > 0;)
            descend(g, l, k, row);
    }
    return PM_OK;
}
