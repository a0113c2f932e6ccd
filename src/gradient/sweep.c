/* Reverse sweeps over recorded spikes. For one error event at t, every hidden spike s that can have mattered gets a
 * coefficient c_s, so that the gradient is sum_s c_s d^(t_s). Layer by layer downwards the coefficients of one layer
 * are carried backwards in time by the kernel: what has come of them at the spike of an input is that spike's share of
 * the gradient, and its slope there, through the weights, the coefficient of that spike for the layer below. */
#include "gradient/sweep.h"

#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_sweep_free(pm_sweep *w) {
    for (size_t l = 0; l < PM_MOST_LAYERS; l++) {
        pm_traces_free(&w->errors[l]);
        free(w->coefficient[l]);
        free(w->before[l]);
        free(w->decay[l]);
        free(w->gain[l]);
        free(w->kernels[l]);
    }
    free(w->below);
    pm_layer_part_free(&w->part);
    free(w->of_part);
    pm_way_back_free(&w->way);
    pm_basis_free(&w->lags);
    free(w->raw);
    free(w->reset_rows);
    free(w->reset_time);
    free(w->reset_gain);
    *w = (pm_sweep){0};
}

/* Of all receptors of a layer; NULL without memory. */
static pm_lif *make_kernels(const pm_layer *layer, double tau_hat) {
    pm_lif *kernels = malloc(pm_layer_n_receptors(layer) * sizeof *kernels);
    for (size_t r = 0; kernels && r < pm_layer_n_receptors(layer); r++)
        kernels[r] = layer->receptors ? pm_layer_kernel_with(layer, r, tau_hat) : pm_trace_kernel(&layer->lif, tau_hat);
    return kernels;
}

pm_status pm_sweep_new(pm_sweep *w, const pm_layered *net, const bool *plastic, double tau_hat, double tau_hat_hidden,
                       double slope_floor, double window, pm_error *error) {
    size_t last = net->n_layers - 1;
    *w = (pm_sweep){.n_layers = net->n_layers, .slope_floor = slope_floor, .window = window};
    if (net->n_layers > PM_MOST_LAYERS)
        return pm_fail(error, PM_INVALID, "%zu layers of weights; at most %d can be trained", net->n_layers,
                       PM_MOST_LAYERS);
    memcpy(w->plastic, plastic, net->n_layers * sizeof *plastic);
    while (w->lowest < last && !plastic[w->lowest])
        w->lowest++;
    pm_status status = PM_OK;
    for (size_t l = 0; !status && l <= last; l++) {
        w->offset[l] = w->row;
        w->row += plastic[l] ? net->layers[l].n_in * net->layers[l].stride : 0;
        w->kernels[l] = make_kernels(&net->layers[l], l < last ? tau_hat_hidden : tau_hat);
        if (!w->kernels[l])
            status = pm_fail_memory(error, "kernels");
    }
    w->below = make_kernels(&net->layers[last], tau_hat_hidden);
    if (!status && !w->below)
        status = pm_fail_memory(error, "kernels");
    for (size_t l = w->lowest; !status && l < last; l++)
        status = pm_traces_new(&w->errors[l], &w->kernels[l][0], net->layers[l].n_out, error);
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

static double inverse_slope(const pm_sweep *w, double slope) {
    return 1.0 / (slope > w->slope_floor ? slope : w->slope_floor);
}

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
        w->decay[l][k] = pm_exp(-layer->lif.l_m * (out->time[k] - out->time[r]));
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

/* The number of spikes before t. */
static size_t count_before(const pm_raster *raster, double t) {
    size_t low = 0, high = raster->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (raster->time[middle] < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What an event of neuron `o` at t has to do with the output layer's inputs number `first` to `end` - 1 over one of its
 * receptors. */
static void start_over(pm_sweep *w, const pm_layered *net, size_t receptor, size_t first, size_t end, uint32_t o,
                       double *row) {
    const size_t last = w->n_layers - 1;
    const pm_raster *in = &net->rasters[last];
    const pm_layer *layer = &net->layers[last];
    const pm_lif *own = &w->kernels[last][receptor], *below = &w->below[receptor];
    const size_t from = pm_layer_first_source(layer, receptor), to = pm_layer_first_source(layer, receptor + 1);
    if (w->plastic[last]) {
        double *part = row + w->offset[last] + o;
        pm_basis_fill(own, &w->lags, end - first);
        for (size_t s = first; s < end; s++)
            if (in->neuron[s] >= from && in->neuron[s] < to)
                part[in->neuron[s] * layer->stride] += w->lags.d12[s - first];
    }
    if (w->lowest == last)
        return;
    if (!w->plastic[last] || own->l_m != below->l_m)
        pm_basis_fill(below, &w->lags, end - first);
    for (size_t s = first; s < end; s++) {
        if (in->neuron[s] < from || in->neuron[s] >= to)
            continue;
        double derivative = w->lags.alpha[s - first] * below->inv_C - w->lags.d12[s - first] * below->l_m;
        w->coefficient[last - 1][s] =
            layer->weight[in->neuron[s] * layer->stride + o] * derivative * inverse_slope(w, in->slope[s]);
    }
}

/* The output layer for an event of neuron `o` at t: its part of the gradient, and the coefficients of its inputs. */
static pm_status start(pm_sweep *w, const pm_layered *net, double t, uint32_t o, double *row, pm_error *error) {
    const size_t last = w->n_layers - 1;
    const pm_raster *in = &net->rasters[last];
    const size_t end = count_before(in, t);
    size_t first = end;
    while (first > 0 && t - in->time[first - 1] <= w->window)
        first--;
    pm_status status = pm_basis_reserve(&w->lags, end - first, error);
    if (status)
        return status;
    for (size_t s = first; s < end; s++)
        w->lags.t[s - first] = t - in->time[s];
    for (size_t r = 0; r < pm_layer_n_receptors(&net->layers[last]); r++)
        start_over(w, net, r, first, end, o, row);
    if (w->lowest < last) {
        w->first[last - 1] = first;
        w->end[last - 1] = end;
    }
    return PM_OK;
}

/* Lists the spikes of layer l and of its inputs from its last one before t back to the start of the window; `first`
 * becomes the earliest of the inputs'. An input at the instant of a spike cannot have caused it, and comes first on the
 * way. */
static pm_status list_way(pm_sweep *w, const pm_raster *in, const pm_raster *out, size_t l, double t,
                          pm_way_spikes *spikes, size_t *first, pm_error *error) {
    size_t k = w->end[l], i = k > 0 ? count_before(in, out->time[k - 1]) : 0, n = 0;
    pm_way_back *way = &w->way;
    *spikes = (pm_way_spikes){in->neuron, out->neuron, w->coefficient[l], i, k};
    pm_status status = pm_way_back_reserve(way, i + k, error);
    double from = k > 0 ? out->time[k - 1] : t;
    while (!status && i + k > 0) {
        const double t_in = i > 0 ? in->time[i - 1] : -INFINITY, t_out = k > 0 ? out->time[k - 1] : -INFINITY;
        const bool input = t_in >= t_out; /* without a branch: which comes next cannot be foreseen */
        const double time = input ? t_in : t_out;
        if (t - time > w->window)
            break;
        way->input[n] = input;
        way->lags.t[n++] = from - time;
        from = input ? from : time;
        i -= input;
        k -= !input;
    }
    way->n = n;
    *first = i;
    return status;
}

/* Layer l, whose spikes have coefficients, and what reaches it over one receptor: its part of the gradient, and the
 * coefficients of the inputs from `first` to `end` - 1. */
static pm_status descend_over(pm_sweep *w, const pm_layered *net, size_t l, size_t receptor, const pm_raster *in,
                              double t, double *row, double *coefficient, size_t *first, size_t *end, pm_error *error) {
    pm_way_spikes spikes;
    pm_status status = list_way(w, in, &net->rasters[l + 1], l, t, &spikes, first, error);
    if (status)
        return status;
    *end = spikes.inputs;
    w->errors[l].kernel = w->kernels[l][receptor];
    pm_basis_fill(&w->errors[l].kernel, &w->way.lags, w->way.n);
    pm_traces_reset(&w->errors[l], 0.0);
    pm_traces_walk_back(&w->errors[l], &w->way, &spikes, coefficient ? net->layers[l].weight : NULL,
                        w->plastic[l] ? row + w->offset[l] : NULL, coefficient);
    for (size_t s = *first; coefficient && s < *end; s++)
        coefficient[s] *= inverse_slope(w, in->slope[s]);
    return PM_OK;
}

/* The same receptor by receptor. */
static pm_status descend_parts(pm_sweep *w, const pm_layered *net, size_t l, double t, double *row, double *coefficient,
                               size_t *first, size_t *end, pm_error *error) {
    const pm_layer *layer = &net->layers[l];
    const pm_raster *in = &net->rasters[l], *part = &w->part.spikes;
    pm_status status = grow(&w->of_part, &w->part_capacity, in->n, error);
    for (size_t s = 0; coefficient && s < in->n; s++)
        coefficient[s] = 0.0;
    *first = in->n;
    *end = 0;
    for (size_t r = 0; !status && r < layer->receptors->n; r++) {
        size_t begin = 0, stop = 0;
        status = pm_layer_part_take(&w->part, layer, r, in, error);
        if (!status)
            status = descend_over(w, net, l, r, part, t, row, coefficient ? w->of_part : NULL, &begin, &stop, error);
        if (status || begin == stop)
            continue;
        for (size_t s = begin; coefficient && s < stop; s++)
            coefficient[w->part.place[s]] = w->of_part[s];
        *first = w->part.place[begin] < *first ? w->part.place[begin] : *first;
        *end = w->part.place[stop - 1] + 1 > *end ? w->part.place[stop - 1] + 1 : *end;
    }
    return status;
}

static pm_status descend(pm_sweep *w, const pm_layered *net, size_t l, double t, double *row, pm_error *error) {
    double *coefficient = l > w->lowest ? w->coefficient[l - 1] : NULL;
    size_t first = 0, end = 0;
    pm_status status = net->layers[l].receptors
                           ? descend_parts(w, net, l, t, row, coefficient, &first, &end, error)
                           : descend_over(w, net, l, 0, &net->rasters[l], t, row, coefficient, &first, &end, error);
    if (!status && coefficient) {
        w->first[l - 1] = first < end ? first : end;
        w->end[l - 1] = end;
    }
    return status;
}

pm_status pm_sweep_begin(pm_sweep *w, const pm_layered *net, pm_error *error) {
    const size_t last = w->n_layers - 1;
    pm_status status = PM_OK;
    for (size_t l = w->lowest; !status && l < last; l++) {
        status = grow(&w->coefficient[l], &w->coefficient_capacity[l], net->rasters[l + 1].n, error);
        if (!status && w->kind == PM_RESETS_EXACT)
            status = link_spikes(w, net, l, error);
    }
    w->resets = 0;
    for (size_t o = 0; w->kind && o < net->layers[last].n_out; o++)
        w->reset_time[o] = NAN;
    return status;
}

/* The gradient that ignores the resets of the output. */
static pm_status compute_row(pm_sweep *w, const pm_layered *net, double t, uint32_t o, double *row, pm_error *error) {
    memset(row, 0, w->row * sizeof *row);
    pm_status status = start(w, net, t, o, row, error);
    for (size_t l = w->n_layers - 1; !status && l-- > w->lowest;) {
        if (w->kind == PM_RESETS_EXACT)
            unfold_resets(w, l);
        status = descend(w, net, l, t, row, error);
    }
    return status;
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
    double h = pm_exp(-w->kernels[last][0].l_m * (t - w->reset_time[o]));
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
    memset(trace, 0, (net->layers[l].n_in + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES * sizeof *trace);
    for (size_t k = 0; k < in->n && in->time[k] < t; k++)
        trace[in->neuron[k]] +=
            pm_lif_psp(&w->kernels[l][pm_layer_receptor_of(&net->layers[l], in->neuron[k])], t - in->time[k]);
}

void pm_sweep_add(const pm_sweep *w, const pm_layered *net, const double *row, double *const *change) {
    for (size_t l = w->lowest; l < w->n_layers; l++)
        if (w->plastic[l])
            pm_axpy(net->layers[l].n_in * net->layers[l].stride, 1.0, row + w->offset[l], change[l]);
}
