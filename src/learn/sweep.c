/* Reverse sweeps over recorded spikes. For one error event at t, every hidden spike s that can have mattered gets a
 * coefficient c_s, so that the gradient is sum_s c_s d^(t_s); layer by layer downwards, the coefficients of one layer,
 * carried backwards in time by the kernel, give those of the layer below. Invariant: events come in order of time, and
 * traces of a layer's inputs at its spikes are computed once per pattern, up to the latest event and only where the
 * spike is in the window of an event. */
#include "learn/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_sweep_free(pm_sweep *w) {
    for (size_t l = 0; l < PM_MAX_LAYERS; l++) {
        pm_traces_free(&w->inputs[l]);
        pm_traces_free(&w->errors[l]);
        pm_basis_free(&w->steps[l]);
        free(w->at_spike[l]);
        free(w->coefficient[l]);
        free(w->before[l]);
        free(w->decay[l]);
        free(w->gain[l]);
    }
    pm_basis_free(&w->since);
    free(w->source);
    free(w->raw);
    free(w->reset_rows);
    free(w->reset_time);
    free(w->reset_gain);
    pm_basis_free(&w->lags);
    *w = (pm_sweep){0};
}

pm_status pm_sweep_new(pm_sweep *w, const pm_layered *net, const bool *plastic, double tau_hat, double tau_hat_hidden,
                       double slope_floor, double window, pm_error *error) {
    size_t last = net->n_layers - 1;
    *w = (pm_sweep){.n_layers = net->n_layers, .slope_floor = slope_floor, .window = window};
    if (net->n_layers > PM_MAX_LAYERS)
        return pm_fail(error, PM_INVALID, "%zu layers of weights; at most %d can be trained", net->n_layers,
                       PM_MAX_LAYERS);
    memcpy(w->plastic, plastic, net->n_layers * sizeof *plastic);
    while (w->lowest < last && !plastic[w->lowest])
        w->lowest++;
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l <= last; l++) {
        const pm_layer *layer = &net->layers[l];
        pm_lif kernel = pm_trace_kernel(&layer->lif, l == last ? tau_hat : tau_hat_hidden);
        w->width[l] = (layer->n_in + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
        w->offset[l] = w->row;
        w->row += plastic[l] ? w->width[l] * layer->n_out : 0;
        status = pm_traces_new(&w->inputs[l], &kernel, layer->n_in, error);
        if (!status)
            status = pm_traces_new(&w->errors[l], &kernel, layer->n_out, error);
    }
    if (status)
        pm_sweep_free(w);
    return status;
}

/* What the gradients at the last spikes of the outputs need. */
static pm_status reserve_resets(pm_sweep *w, const pm_layered *net, pm_error *error) {
    size_t outputs = net->layers[net->n_layers - 1].n_out;
    w->reset_rows = aligned_alloc(64, (2 * outputs + 2) * w->row * sizeof(double));
    w->reset_time = malloc(outputs * sizeof(double));
    w->reset_gain = malloc(outputs * sizeof(double));
    if (w->reset_rows && w->reset_time && w->reset_gain)
        return PM_OK;
    pm_sweep_free(w);
    return pm_fail_memory(error, "gradients that see resets");
}

pm_status pm_sweep_new_held(pm_sweep *w, const pm_layered *net, const bool *plastic, double tau_hat,
                            double tau_hat_hidden, double slope_floor, double window, pm_error *error) {
    pm_status status = pm_sweep_new(w, net, plastic, tau_hat, tau_hat_hidden, slope_floor, window, error);
    w->kind = PM_RESETS_HELD;
    return status ? status : reserve_resets(w, net, error);
}

pm_status pm_sweep_new_exact(pm_sweep *w, const pm_layered *net, const bool *plastic, double slope_floor,
                             pm_error *error) {
    const pm_lif *lif = &net->layers[0].lif;
    if (lif->t_ref > 0.0)
        return pm_fail(error, PM_INVALID, "t_ref is %g ms; exact resets are for neurons without refractory time",
                       lif->t_ref);
    double tau_m = 1.0 / lif->l_m;
    pm_status status = pm_sweep_new(w, net, plastic, tau_m, tau_m, slope_floor, INFINITY, error);
    w->kind = PM_RESETS_EXACT;
    return status ? status : reserve_resets(w, net, error);
}

static pm_status grow(double **array, size_t *capacity, size_t needed, pm_error *error) {
    if (needed <= *capacity)
        return PM_OK;
    size_t size = (needed + needed / 2 + 64) * sizeof(double);
    double *grown = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!grown)
        return pm_fail_memory(error, "traces at spikes");
    free(*array);
    *array = grown;
    *capacity = needed + needed / 2 + 64;
    return PM_OK;
}

/* Back to the start of the pattern, with room for all that may have to be listed. */
static pm_status rewind_layer(pm_sweep *w, const pm_layered *net, size_t l, pm_error *error) {
    const size_t n_out = net->rasters[l + 1].n, n = net->rasters[l].n + n_out;
    pm_status status = grow(&w->at_spike[l], &w->at_spike_capacity[l], n_out * w->width[l], error);
    if (!status)
        status = grow(&w->coefficient[l], &w->coefficient_capacity[l], n_out, error);
    if (!status)
        status = pm_basis_reserve(&w->since, n, error);
    if (!status)
        status = pm_basis_reserve(&w->steps[l], n, error);
    if (!status && n > w->source_capacity) {
        free(w->source);
        w->source_capacity = n + n / 2;
        w->source = malloc(w->source_capacity * sizeof *w->source);
        if (!w->source) {
            w->source_capacity = 0;
            return pm_fail_memory(error, "the order of spikes");
        }
    }
    pm_traces_reset(&w->inputs[l], 0.0);
    w->seen[l] = (pm_sweep_place){0};
    return status;
}

/* Carries the traces of layer l's inputs through the merged spikes of the layer and its inputs on to those before t,
 * and leaves them at each spike of the layer that is in the window of an event at t. At equal times the layer's own
 * spike comes first, since an input cannot cause a spike at its own instant. Only layers above another one that learns
 * are walked through backwards, step by step. */
static void extend(pm_sweep *w, const pm_layered *net, size_t l, double t) {
    const pm_raster *in = &net->rasters[l], *out = &net->rasters[l + 1];
    pm_sweep_place p = w->seen[l];
    pm_basis_table *since = &w->since, *steps = &w->steps[l];
    size_t n = 0, old = p.inputs + p.spikes, row = p.spikes;
    for (;;) {
        const double t_in = p.inputs < in->n ? in->time[p.inputs] : INFINITY;
        const double t_out = p.spikes < out->n ? out->time[p.spikes] : INFINITY;
        const bool input = t_in < t_out; /* without a branch: which comes next cannot be foreseen */
        const double time = input ? t_in : t_out;
        if (!(time < t))
            break;
        const bool early = t - time > w->window;
        w->source[n] = input ? in->neuron[p.inputs] : PM_NO_SOURCE;
        since->t[n] = time - p.last_input;
        steps->t[p.inputs + p.spikes] = time - p.last;
        p.last = time;
        p.last_input = input ? time : p.last_input;
        p.inputs += input;
        p.spikes += !input;
        n += input | !early;
        row += !input & early;
        old += early;
    }
    w->seen[l] = p;
    if (w->plastic[l]) {
        pm_basis_fill(&w->inputs[l].kernel, since, n);
        pm_traces_walk(&w->inputs[l], since, 0, n, w->source, w->at_spike[l] + row * w->width[l]);
    }
    const size_t end = p.inputs + p.spikes;
    if (l > w->lowest && end > old) {
        pm_basis_table wanted = pm_basis_from(steps, old);
        pm_basis_fill(&w->inputs[l].kernel, &wanted, end - old);
    }
}

static double inverse_slope(const pm_sweep *w, double slope);

/* u'+ / V' of a spike: the current is the same before and after, the leak is not. */
static double restart_gain(const pm_sweep *w, const pm_lif *lif, double slope) {
    return (slope + (lif->theta - lif->u_reset) * lif->l_m) * inverse_slope(w, slope);
}

/* Links each spike of a hidden layer to the neuron's one before. */
static pm_status link_spikes(pm_sweep *w, const pm_layered *net, size_t l, pm_error *error) {
    const pm_raster *out = &net->rasters[l + 1];
    const pm_layer *layer = &net->layers[l];
    if (out->n > w->exact_capacity[l]) {
        size_t capacity = out->n + out->n / 2 + 64;
        free(w->before[l]);
        free(w->decay[l]);
        free(w->gain[l]);
        w->before[l] = malloc(capacity * sizeof(size_t));
        w->decay[l] = malloc(capacity * sizeof(double));
        w->gain[l] = malloc(capacity * sizeof(double));
        w->exact_capacity[l] = w->before[l] && w->decay[l] && w->gain[l] ? capacity : 0;
    }
    size_t *last = malloc(layer->n_out * sizeof *last);
    pm_status status = out->n <= w->exact_capacity[l] ? grow(&w->raw, &w->raw_capacity, out->n, error) : PM_NO_MEMORY;
    if (status || !last) {
        free(last);
        return pm_fail_memory(error, "exact gradients");
    }
    for (size_t j = 0; j < layer->n_out; j++)
        last[j] = SIZE_MAX;
    for (size_t k = 0; k < out->n; k++) {
        size_t r = last[out->neuron[k]];
        w->before[l][k] = r;
        last[out->neuron[k]] = k;
        if (r == SIZE_MAX)
            continue;
        w->decay[l][k] = exp(-layer->lif.l_m * (out->time[k] - out->time[r]));
        w->gain[l][k] = w->decay[l][k] * restart_gain(w, &layer->lif, out->slope[r]);
    }
    free(last);
    return PM_OK;
}

/* From coefficients of the exact gradients at spikes to those of the gradients without resets. */
static void unfold_resets(pm_sweep *w, size_t l) {
    double *c = w->coefficient[l];
    for (size_t k = w->first[l]; k < w->end[l]; k++)
        w->raw[k] = 0.0;
    for (size_t k = w->end[l]; k-- > w->first[l];) {
        size_t r = w->before[l][k];
        w->raw[k] += c[k];
        if (r == SIZE_MAX || r < w->first[l])
            continue;
        c[r] += w->gain[l][k] * c[k];
        w->raw[r] -= w->decay[l][k] * c[k];
    }
    for (size_t k = w->first[l]; k < w->end[l]; k++)
        c[k] = w->raw[k];
}

static double inverse_slope(const pm_sweep *w, double slope) {
    return 1.0 / (slope > w->slope_floor ? slope : w->slope_floor);
}

/* Coefficients of the spikes of the last hidden layer (weights l) for an event of output neuron `o` at t. */
static pm_status start(pm_sweep *w, const pm_layered *net, size_t l, double t, uint32_t o, pm_error *error) {
    const pm_raster *out = &net->rasters[l + 1];
    const pm_layer *above = &net->layers[l + 1];
    const pm_lif *kernel = &w->errors[l].kernel;
    const size_t end = w->seen[l].spikes;
    size_t first = end;
    while (first > 0 && t - out->time[first - 1] <= w->window)
        first--;
    w->first[l] = first;
    w->end[l] = end;
    pm_status status = pm_basis_reserve(&w->lags, end - first, error);
    if (status)
        return status;
    for (size_t s = first; s < end; s++)
        w->lags.t[s - first] = t - out->time[s];
    pm_basis_fill(kernel, &w->lags, end - first);
    for (size_t s = first; s < end; s++) {
        double derivative = w->lags.alpha[s - first] * kernel->inv_C - w->lags.d12[s - first] * kernel->l_m;
        w->coefficient[l][s] =
            above->weight[out->neuron[s] * above->stride + o] * derivative * inverse_slope(w, out->slope[s]);
    }
    return PM_OK;
}

/* Coefficients of layer l's spikes from those of the layer above: backwards through their merged spikes, whose number i
 * + k is the place of the next step in the table. */
static void descend(pm_sweep *w, const pm_layered *net, size_t l, double t) {
    const pm_raster *out = &net->rasters[l + 1], *up = &net->rasters[l + 2];
    const pm_layer *above = &net->layers[l + 1];
    pm_traces *errors = &w->errors[l + 1];
    pm_traces_reset(errors, 0.0);
    size_t k = w->end[l + 1], i = w->seen[l].spikes;
    while (i > 0 && (k == 0 || out->time[i - 1] >= up->time[k - 1]))
        i--;
    w->end[l] = i;
    while (i > 0 || k > 0) {
        bool own = k == 0 || (i > 0 && out->time[i - 1] >= up->time[k - 1]);
        uint32_t source = PM_NO_SOURCE;
        if (t - (own ? out->time[i - 1] : up->time[k - 1]) > w->window)
            break;
        if (own) {
            i--;
            w->coefficient[l][i] = pm_traces_slope_dot(errors, above->weight + out->neuron[i] * above->stride) *
                                   inverse_slope(w, out->slope[i]);
        } else {
            k--;
            source = k >= w->first[l + 1] ? up->neuron[k] : PM_NO_SOURCE;
        }
        pm_traces_add_and_advance(errors, source, source == PM_NO_SOURCE ? 0.0 : w->coefficient[l + 1][k],
                                  pm_basis_get(&w->steps[l + 1], i + k));
    }
    w->first[l] = i;
}

/* Adds the gradient with respect to layer l's weights, sum_s c_s d^(t_s), to its part of a row. */
static void collect(const pm_sweep *w, const pm_layered *net, size_t l, double *part) {
    const pm_raster *out = &net->rasters[l + 1];
    size_t width = w->width[l];
    for (size_t s = w->first[l]; s < w->end[l]; s++)
        pm_axpy(width, w->coefficient[l][s], w->at_spike[l] + s * width, part + out->neuron[s] * width);
}

/* The bases between the inputs of the output layer. */
static pm_status tabulate_inputs(pm_sweep *w, const pm_raster *in, pm_error *error) {
    size_t last = w->n_layers - 1;
    pm_basis_table *steps = &w->steps[last];
    pm_status status = pm_basis_reserve(steps, in->n, error);
    if (status)
        return status;
    for (size_t k = 0; k < in->n; k++)
        steps->t[k] = in->time[k] - (k > 0 ? in->time[k - 1] : 0.0);
    pm_basis_fill(&w->inputs[last].kernel, steps, in->n);
    return PM_OK;
}

/* Carries the traces of the output layer's inputs to the last one before t, and from there to t into `row`. */
static void trace_output(pm_sweep *w, const pm_raster *in, double t, double *row) {
    size_t last = w->n_layers - 1;
    pm_traces *traces = &w->inputs[last];
    size_t first = w->arrivals;
    while (w->arrivals < in->n && in->time[w->arrivals] < t)
        w->arrivals++;
    pm_traces_walk(traces, &w->steps[last], first, w->arrivals - first, in->neuron + first, NULL);
    traces->now = w->arrivals > 0 ? in->time[w->arrivals - 1] : traces->now;
    pm_traces_ahead(traces, pm_lif_basis_at(&traces->kernel, t - traces->now), row);
}

pm_status pm_sweep_begin(pm_sweep *w, const pm_layered *net, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t l = w->lowest; !status && l + 1 < w->n_layers; l++) {
        status = rewind_layer(w, net, l, error);
        if (!status && w->kind == PM_RESETS_EXACT)
            status = link_spikes(w, net, l, error);
    }
    if (!status && w->plastic[w->n_layers - 1])
        status = tabulate_inputs(w, &net->rasters[w->n_layers - 1], error);
    pm_traces_reset(&w->inputs[w->n_layers - 1], 0.0);
    w->arrivals = 0;
    w->resets = 0;
    for (size_t o = 0; w->kind && o < net->layers[w->n_layers - 1].n_out; o++)
        w->reset_time[o] = NAN;
    return status;
}

/* The gradient that ignores the resets of the output. */
static pm_status compute_row(pm_sweep *w, const pm_layered *net, double t, uint32_t o, double *row, pm_error *error) {
    size_t last = w->n_layers - 1;
    memset(row, 0, w->row * sizeof *row);
    if (w->plastic[last])
        trace_output(w, &net->rasters[last], t, row + w->offset[last] + o * w->width[last]);
    for (size_t l = last; l-- > w->lowest;) {
        pm_status status = PM_OK;
        extend(w, net, l, t);
        if (l + 1 == last)
            status = start(w, net, l, t, o, error);
        else
            descend(w, net, l, t);
        if (status)
            return status;
        if (w->kind == PM_RESETS_EXACT)
            unfold_resets(w, l);
        if (w->plastic[l])
            collect(w, net, l, row + w->offset[l]);
    }
    return PM_OK;
}

/* R of output k at its last spike, followed by G; after those of all outputs R of the present event and a spare row. */
static double *reset_row(const pm_sweep *w, size_t k) { return w->reset_rows + 2 * k * w->row; }

/* The gradient at t, and a copy of the one that ignores resets behind the rows of all outputs. */
static pm_status compute_with_resets(pm_sweep *w, const pm_layered *net, double t, uint32_t o, double *row,
                                     pm_error *error) {
    const size_t last = w->n_layers - 1;
    pm_status status = compute_row(w, net, t, o, row, error);
    memcpy(reset_row(w, net->layers[last].n_out), row, w->row * sizeof *row);
    if (status || isnan(w->reset_time[o]))
        return status;
    const double *R = reset_row(w, o), *G = R + w->row;
    double h = exp(-w->inputs[last].kernel.l_m * (t - w->reset_time[o]));
    pm_axpy(w->row, -h, R, row);
    if (w->kind == PM_RESETS_EXACT)
        pm_axpy(w->row, h * w->reset_gain[o], G, row);
    return PM_OK;
}

/* The neuron of output spike number w->resets restarts at t, where `row` is the gradient. */
static void pass_reset(pm_sweep *w, const pm_layered *net, double t, const double *row) {
    const pm_raster *out = &net->rasters[w->n_layers];
    const pm_layer *layer = &net->layers[w->n_layers - 1];
    uint32_t o = out->neuron[w->resets];
    double *R = reset_row(w, o), *G = R + w->row;
    memcpy(R, reset_row(w, layer->n_out), w->row * sizeof *R);
    memcpy(G, row, w->row * sizeof *G);
    w->reset_time[o] = t;
    w->reset_gain[o] = restart_gain(w, &layer->lif, out->slope[w->resets++]);
}

/* An event that is an output spike, as most are, and its restart share one row. */
pm_status pm_sweep_event(pm_sweep *w, const pm_layered *net, double t, uint32_t o, double *row, pm_error *error) {
    if (!w->kind)
        return compute_row(w, net, t, o, row, error);
    const pm_raster *out = &net->rasters[w->n_layers];
    const pm_layer *layer = &net->layers[w->n_layers - 1];
    double *spare = reset_row(w, layer->n_out) + w->row, t_ref = layer->lif.t_ref;
    pm_status status = PM_OK;
    while (!status && w->resets < out->n && out->time[w->resets] + t_ref < t) {
        double restart = out->time[w->resets] + t_ref;
        status = compute_with_resets(w, net, restart, out->neuron[w->resets], spare, error);
        pass_reset(w, net, restart, spare);
    }
    if (!status)
        status = compute_with_resets(w, net, t, o, row, error);
    for (size_t s = w->resets; s < out->n && out->time[s] < t; s++)
        if (out->neuron[s] == o) /* refractory: nothing moves the potential */
            memset(row, 0, w->row * sizeof *row);
    if (!status && t_ref == 0.0 && w->resets < out->n && out->time[w->resets] == t && out->neuron[w->resets] == o)
        pass_reset(w, net, t, row);
    return status;
}

const double *pm_sweep_ignoring(const pm_sweep *w, const pm_layered *net) {
    return reset_row(w, net->layers[w->n_layers - 1].n_out);
}

void pm_sweep_trace(const pm_sweep *w, const pm_layered *net, size_t l, double t, double *trace) {
    const pm_raster *in = &net->rasters[l];
    memset(trace, 0, w->width[l] * sizeof *trace);
    for (size_t k = 0; k < in->n && in->time[k] < t; k++)
        trace[in->neuron[k]] += pm_lif_psp(&w->inputs[l].kernel, t - in->time[k]);
}

void pm_sweep_add(const pm_sweep *w, const pm_layered *net, const double *row, double *const *change) {
    for (size_t l = w->lowest; l < w->n_layers; l++) {
        const pm_layer *layer = &net->layers[l];
        const double *part = row + w->offset[l];
        if (!w->plastic[l])
            continue;
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                change[l][i * layer->stride + j] += part[j * w->width[l] + i];
    }
}
