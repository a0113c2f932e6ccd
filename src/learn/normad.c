/* NormAD as reverse sweeps over recorded spikes. For one error event, every hidden spike s that can have mattered gets a
 * coefficient c_s = dV^_o(t)/dt_s * (-1/V') in sign convention "gradient = sum_s c_s d^(t_s)"; layer by layer downwards, the
 * coefficients of one layer, carried backwards in time by the kernel, give those of the layer below. Invariant: traces of a
 * layer's inputs at its spikes are computed at most once per call, and only for spikes that some event can reach. */
#include "learn/normad.h"

#include "learn/traces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pm_normad {
    pm_normad_parameters p;
    size_t n_layers;
    size_t lowest;                 /* the lowest plastic layer */
    pm_traces *outputs;            /* traces of the last layer's inputs: one, or with resets one per output */
    double *last_reset;            /* ms, of each output neuron */
    size_t n_outputs;
    pm_traces inputs[PM_MAX_LAYERS];  /* hidden layers: traces of their inputs */
    pm_traces errors[PM_MAX_LAYERS];  /* hidden layers but the last: errors of the layer above on their way back */
    double *at_spike[PM_MAX_LAYERS];  /* traces at each spike of the layer */
    size_t at_spike_capacity[PM_MAX_LAYERS];
    pm_basis_table steps[PM_MAX_LAYERS]; /* between the merged spikes of the layer and of its inputs */
    pm_basis_table lags;                 /* from hidden spikes to an error event */
    double *coefficient[PM_MAX_LAYERS];
    size_t coefficient_capacity[PM_MAX_LAYERS];
    size_t first[PM_MAX_LAYERS], end[PM_MAX_LAYERS]; /* the spikes that have a coefficient */
    double *gradient[PM_MAX_LAYERS];  /* of one event, row per target */
    double *sum[PM_MAX_LAYERS];       /* of all events of a call */
    double *rows;                     /* PM_NORMALISE_GRAM: gradients of all events, all plastic layers, one row each */
    double *gram, *amount;            /* their Gram matrix and the solution */
    size_t row, rows_capacity;        /* length of a row; events there is room for */
    size_t width[PM_MAX_LAYERS];      /* padded number of inputs: row length of gradient and sum */
    bool *touched[PM_MAX_LAYERS];
};

void pm_normad_free(pm_normad *w) {
    if (!w)
        return;
    for (size_t o = 0; w->outputs && o < w->n_outputs; o++)
        pm_traces_free(&w->outputs[o]);
    free(w->outputs);
    free(w->last_reset);
    for (size_t l = 0; l < PM_MAX_LAYERS; l++) {
        pm_traces_free(&w->inputs[l]);
        pm_traces_free(&w->errors[l]);
        pm_basis_free(&w->steps[l]);
        free(w->at_spike[l]);
        free(w->coefficient[l]);
        free(w->gradient[l]);
        free(w->sum[l]);
        free(w->touched[l]);
    }
    pm_basis_free(&w->lags);
    free(w->rows);
    free(w->gram);
    free(w->amount);
    free(w);
}

static pm_status allocate(pm_normad *w, const pm_layered *net, pm_error *error) {
    size_t last = w->n_layers - 1;
    pm_lif output = pm_trace_kernel(&net->layers[last].lif, w->p.tau_hat);
    w->n_outputs = w->p.resets ? net->layers[last].n_out : 1;
    w->outputs = calloc(w->n_outputs, sizeof *w->outputs);
    w->last_reset = calloc(net->layers[last].n_out, sizeof *w->last_reset);
    if (!w->outputs || !w->last_reset)
        return pm_fail_memory(error, "traces");
    pm_status status = PM_OK;
    for (size_t o = 0; !status && o < w->n_outputs; o++)
        status = pm_traces_new(&w->outputs[o], &output, net->layers[last].n_in, error);
    for (size_t l = 0; !status && l <= last; l++) {
        const pm_layer *layer = &net->layers[l];
        pm_lif hidden = pm_trace_kernel(&layer->lif, w->p.tau_hat_hidden);
        w->width[l] = (layer->n_in + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
        size_t bytes = layer->n_out * w->width[l] * sizeof(double);
        w->gradient[l] = aligned_alloc(64, bytes);
        w->sum[l] = aligned_alloc(64, bytes);
        w->touched[l] = calloc(layer->n_out, sizeof(bool));
        if (!w->gradient[l] || !w->sum[l] || !w->touched[l])
            return pm_fail_memory(error, "gradients");
        memset(w->gradient[l], 0, bytes);
        status = pm_traces_new(&w->inputs[l], &hidden, layer->n_in, error);
        if (!status)
            status = pm_traces_new(&w->errors[l], &hidden, layer->n_out, error);
    }
    return status;
}

pm_status pm_normad_new(pm_normad **normad, const pm_layered *net, const pm_normad_parameters *parameters,
                        pm_error *error) {
    pm_normad *w = calloc(1, sizeof *w);
    if (!w)
        return pm_fail_memory(error, "the learning rule");
    w->p = *parameters;
    w->n_layers = net->n_layers;
    while (w->lowest < net->n_layers - 1 && !parameters->plastic[w->lowest])
        w->lowest++;
    pm_status status = allocate(w, net, error);
    if (status) {
        pm_normad_free(w);
        w = NULL;
    }
    *normad = w;
    return status;
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

/* The basis of every step through the merged spikes of a hidden layer and its inputs, in order of time; at equal times the
 * layer's own spike comes first, since an input cannot cause a spike at its own instant. */
static pm_status tabulate_steps(pm_normad *w, const pm_layered *net, size_t l, pm_error *error) {
    const pm_raster *in = &net->rasters[l], *out = &net->rasters[l + 1];
    pm_basis_table *steps = &w->steps[l];
    pm_status status = pm_basis_reserve(steps, in->n + out->n, error);
    if (status)
        return status;
    double now = 0.0;
    for (size_t i = 0, s = 0; i < in->n || s < out->n;) {
        bool input = s == out->n || (i < in->n && in->time[i] < out->time[s]);
        double t = input ? in->time[i] : out->time[s];
        steps->t[i + s] = t - now;
        now = t;
        *(input ? &i : &s) += 1;
    }
    pm_basis_fill(&w->inputs[l].kernel, steps, in->n + out->n);
    return PM_OK;
}

/* Traces of layer l's inputs at each of its spikes. */
static pm_status trace_spikes(pm_normad *w, const pm_layered *net, size_t l, pm_error *error) {
    const pm_raster *in = &net->rasters[l], *out = &net->rasters[l + 1];
    size_t width = w->width[l];
    pm_status status = grow(&w->at_spike[l], &w->at_spike_capacity[l], out->n * width, error);
    if (!status)
        status = grow(&w->coefficient[l], &w->coefficient_capacity[l], out->n, error);
    if (!status)
        status = tabulate_steps(w, net, l, error);
    if (status || !w->p.plastic[l])
        return status;
    pm_traces *traces = &w->inputs[l];
    pm_traces_reset(traces, 0.0);
    for (size_t i = 0, s = 0; s < out->n;) {
        bool input = i < in->n && in->time[i] < out->time[s];
        pm_traces_advance_by(traces, pm_basis_get(&w->steps[l], i + s));
        if (input) {
            pm_traces_add(traces, in->neuron[i++], 1.0);
        } else {
            memcpy(w->at_spike[l] + s * width, traces->u, width * sizeof(double));
            s++;
        }
    }
    return PM_OK;
}

static double inverse_slope(const pm_normad *w, double slope) {
    return 1.0 / (slope > w->p.floor ? slope : w->p.floor);
}

/* Coefficients of the spikes of the last hidden layer (weights l) for an event of output neuron `o` at t. */
static pm_status start(pm_normad *w, const pm_layered *net, size_t l, double t, uint32_t o, pm_error *error) {
    const pm_raster *out = &net->rasters[l + 1];
    const pm_layer *above = &net->layers[l + 1];
    const pm_lif *kernel = &w->errors[l].kernel;
    size_t end = out->n;
    while (end > 0 && out->time[end - 1] >= t)
        end--;
    size_t first = end;
    while (first > 0 && t - out->time[first - 1] <= w->p.window)
        first--;
    w->first[l] = first;
    w->end[l] = end;
    pm_status status = pm_basis_reserve(&w->lags, end - first, error);
    if (status)
        return status;
    for (size_t s = first; s < end; s++)
        w->lags.t[s - first] = t - out->time[s];
    pm_basis_fill(kernel, &w->lags, end - first);
    double reset = w->last_reset[o];
    pm_lif_basis since = pm_lif_basis_at(kernel, reset > 0.0 ? t - reset : 0.0);
    for (size_t s = first; s < end; s++) {
        double derivative = w->lags.alpha[s - first] * kernel->inv_C - w->lags.d12[s - first] * kernel->l_m;
        if (out->time[s] < reset) {
            pm_lif_basis before = pm_lif_basis_at(kernel, reset - out->time[s]);
            derivative = (kernel->d12 * before.e2 - kernel->l_1 * before.alpha) * since.d1 -
                         kernel->l_2 * before.e2 * since.d12;
        }
        w->coefficient[l][s] =
            above->weight[out->neuron[s] * above->stride + o] * derivative * inverse_slope(w, out->slope[s]);
    }
    return PM_OK;
}

/* Coefficients of layer l's spikes from those of the layer above: backwards through their merged spikes, whose number i + k
 * is the place of the next step in the table. */
static void descend(pm_normad *w, const pm_layered *net, size_t l, double t) {
    const pm_raster *out = &net->rasters[l + 1], *up = &net->rasters[l + 2];
    const pm_layer *above = &net->layers[l + 1];
    pm_traces *errors = &w->errors[l + 1];
    pm_traces_reset(errors, 0.0);
    size_t k = w->end[l + 1], i = out->n;
    while (i > 0 && (k == 0 || out->time[i - 1] >= up->time[k - 1]))
        i--;
    w->end[l] = i;
    while (i > 0 || k > 0) {
        bool own = k == 0 || (i > 0 && out->time[i - 1] >= up->time[k - 1]);
        if (own) {
            if (t - out->time[i - 1] > w->p.window)
                break;
            i--;
            w->coefficient[l][i] = pm_traces_slope_dot(errors, above->weight + out->neuron[i] * above->stride) *
                                   inverse_slope(w, out->slope[i]);
        } else {
            k--;
            if (k >= w->first[l + 1])
                pm_traces_add(errors, up->neuron[k], w->coefficient[l + 1][k]);
        }
        pm_traces_advance_by(errors, pm_basis_get(&w->steps[l + 1], i + k));
    }
    w->first[l] = i;
}

/* gradient[l] = sum_s c_s d^(t_s), rows of targets without spikes untouched; returns its squared norm. */
static double collect(pm_normad *w, const pm_layered *net, size_t l) {
    const pm_raster *out = &net->rasters[l + 1];
    size_t width = w->width[l], n_out = net->layers[l].n_out;
    for (size_t s = w->first[l]; s < w->end[l]; s++) {
        uint32_t j = out->neuron[s];
        w->touched[l][j] = true;
        pm_axpy(width, w->coefficient[l][s], w->at_spike[l] + s * width, w->gradient[l] + j * width);
    }
    double squares = 0.0;
    for (size_t j = 0; j < n_out; j++)
        if (w->touched[l][j])
            squares += pm_sum_squares(width, w->gradient[l] + j * width);
    return squares;
}

/* sum[l] += scale gradient[l]; gradient[l] = 0. */
static void deposit(pm_normad *w, const pm_layered *net, size_t l, double scale) {
    size_t width = w->width[l];
    for (size_t j = 0; j < net->layers[l].n_out; j++) {
        if (!w->touched[l][j])
            continue;
        w->touched[l][j] = false;
        if (scale != 0.0)
            pm_axpy(width, scale, w->gradient[l] + j * width, w->sum[l] + j * width);
        memset(w->gradient[l] + j * width, 0, width * sizeof(double));
    }
}

static double inverse_norm(double squares) {
    return squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
}

/* Moves the gradients of one event into its row, scaled by the square root of the layers' shares. */
static void store_row(pm_normad *w, const pm_layered *net, size_t e) {
    double *row = w->rows + e * w->row;
    for (size_t l = w->lowest; l < w->n_layers; l++) {
        if (!w->p.plastic[l])
            continue;
        size_t width = w->width[l], size = width * net->layers[l].n_out;
        double root = sqrt(w->p.share[l]);
        for (size_t k = 0; k < size; k++)
            row[k] = root * w->gradient[l][k];
        for (size_t j = 0; j < net->layers[l].n_out; j++) {
            if (w->touched[l][j])
                memset(w->gradient[l] + j * width, 0, width * sizeof(double));
            w->touched[l][j] = false;
        }
        row += size;
    }
}

static pm_status add_event(pm_normad *w, const pm_layered *net, const pm_error_event *event, size_t e,
                           pm_error *error) {
    size_t last = w->n_layers - 1;
    double squares[PM_MAX_LAYERS] = {0}, joint = 0.0;
    const double *trace = w->outputs[w->p.resets ? event->neuron : 0].u;
    memcpy(w->gradient[last] + event->neuron * w->width[last], trace, w->width[last] * sizeof(double));
    w->touched[last][event->neuron] = true;
    squares[last] = pm_sum_squares(w->width[last], trace);
    for (size_t l = last; l-- > w->lowest;) {
        pm_status status = PM_OK;
        if (l + 1 == last)
            status = start(w, net, l, event->time, event->neuron, error);
        else
            descend(w, net, l, event->time);
        if (status)
            return status;
        if (w->p.plastic[l])
            squares[l] = collect(w, net, l);
    }
    if (w->p.normalisation == PM_NORMALISE_GRAM) {
        store_row(w, net, e);
        return PM_OK;
    }
    for (size_t l = w->lowest; l <= last; l++)
        if (w->p.plastic[l])
            joint += squares[l] * (w->p.normalisation == PM_NORMALISE_POTENTIAL ? w->p.share[l] : 1.0);
    double longest = w->p.largest * inverse_norm(joint);
    for (size_t l = w->lowest; l <= last; l++) {
        double scale = event->size;
        if (w->p.normalisation == PM_NORMALISE_PER_LAYER)
            scale *= inverse_norm(squares[l]);
        else if (w->p.normalisation == PM_NORMALISE_JOINT)
            scale *= inverse_norm(joint);
        else if (w->p.normalisation == PM_NORMALISE_POTENTIAL && joint > 0.0)
            scale = w->p.share[l] * copysign(fmin(fabs(scale) / joint, longest), scale);
        deposit(w, net, l, w->p.plastic[l] ? scale : 0.0);
    }
    return PM_OK;
}

/* Carries the output traces from *now to t through the arrivals from *k on. */
static void carry_outputs(pm_normad *w, const pm_raster *in, size_t *k, double *now, double t) {
    for (;;) {
        bool arrival = *k < in->n && in->time[*k] < t;
        double next = arrival ? in->time[*k] : t;
        if (next > *now) {
            pm_lif_basis at = pm_lif_basis_at(&w->outputs[0].kernel, next - *now);
            for (size_t o = 0; o < w->n_outputs; o++)
                pm_traces_advance_by(&w->outputs[o], at);
        }
        *now = next;
        if (!arrival)
            return;
        for (size_t o = 0; o < w->n_outputs; o++)
            pm_traces_add(&w->outputs[o], in->neuron[*k], 1.0);
        ++*k;
    }
}

/* All events in order of time; output spikes clear the membrane part of their neuron's traces after events at their
 * instant. */
static pm_status add_events(pm_normad *w, const pm_layered *net, const pm_error_event *events, size_t n_events,
                            pm_error *error) {
    const pm_raster *in = &net->rasters[w->n_layers - 1], *out = &net->rasters[w->n_layers];
    double now = 0.0;
    for (size_t o = 0; o < w->n_outputs; o++)
        pm_traces_reset(&w->outputs[o], 0.0);
    memset(w->last_reset, 0, net->layers[w->n_layers - 1].n_out * sizeof *w->last_reset);
    size_t k = 0, r = 0;
    for (size_t e = 0; e < n_events; e++) {
        for (; w->p.resets && r < out->n && out->time[r] < events[e].time; r++) {
            carry_outputs(w, in, &k, &now, out->time[r]);
            pm_traces *traces = &w->outputs[out->neuron[r]];
            memset(traces->u, 0, traces->n * sizeof *traces->u);
            w->last_reset[out->neuron[r]] = out->time[r];
        }
        carry_outputs(w, in, &k, &now, events[e].time);
        pm_status status = add_event(w, net, &events[e], e, error);
        if (status)
            return status;
    }
    return PM_OK;
}

static pm_status reserve_rows(pm_normad *w, const pm_layered *net, size_t n, pm_error *error) {
    w->row = 0;
    for (size_t l = w->lowest; l < w->n_layers; l++)
        w->row += w->p.plastic[l] ? w->width[l] * net->layers[l].n_out : 0;
    if (n <= w->rows_capacity)
        return PM_OK;
    free(w->rows);
    free(w->gram);
    free(w->amount);
    w->rows_capacity = 0;
    w->rows = aligned_alloc(64, n * w->row * sizeof(double));
    w->gram = malloc(n * n * sizeof(double));
    w->amount = malloc(n * sizeof(double));
    if (!w->rows || !w->gram || !w->amount)
        return pm_fail_memory(error, "the gradients of all errors");
    w->rows_capacity = n;
    return PM_OK;
}

/* Solves g x = x in place by Cholesky; g is n x n, symmetric and positive definite. Rows that are 0 give 0. */
static void solve_gram(size_t n, double *g, double *x) {
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < j; k++)
            g[j * n + j] -= g[j * n + k] * g[j * n + k];
        double pivot = g[j * n + j] > 0.0 ? 1.0 / sqrt(g[j * n + j]) : 0.0;
        g[j * n + j] = pivot;
        for (size_t i = j + 1; i < n; i++) {
            for (size_t k = 0; k < j; k++)
                g[i * n + j] -= g[i * n + k] * g[j * n + k];
            g[i * n + j] *= pivot;
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            x[i] -= g[i * n + k] * x[k];
        x[i] *= g[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            x[i] -= g[k * n + i] * x[k];
        x[i] *= g[i * n + i];
    }
}

/* sum[l] += the smallest step (in the norm weighted by the shares) that moves the potential at every event by its size. */
static void settle_rows(pm_normad *w, const pm_layered *net, const pm_error_event *events, size_t n) {
    double trace = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++)
            w->gram[i * n + j] = pm_dot(w->row, w->rows + i * w->row, w->rows + j * w->row);
        trace += w->gram[i * n + i];
    }
    for (size_t i = 0; i < n; i++) {
        w->gram[i * n + i] += w->p.damping * trace / (double)n;
        w->amount[i] = events[i].size;
    }
    solve_gram(n, w->gram, w->amount);
    double *total = w->rows;
    for (size_t k = 0; k < w->row; k++)
        total[k] *= w->amount[0];
    for (size_t i = 1; i < n; i++)
        pm_axpy(w->row, w->amount[i], w->rows + i * w->row, total);
    squares = pm_sum_squares(w->row, total);
    double shrink = squares > w->p.largest * w->p.largest ? w->p.largest / sqrt(squares) : 1.0;
    for (size_t l = w->lowest; l < w->n_layers; l++) {
        if (!w->p.plastic[l])
            continue;
        size_t size = w->width[l] * net->layers[l].n_out;
        pm_axpy(size, shrink * sqrt(w->p.share[l]), total, w->sum[l]);
        total += size;
    }
}

pm_status pm_normad_add(pm_normad *w, const pm_layered *net, const pm_error_event *events, size_t n_events,
                        double *const *change, pm_error *error) {
    size_t last = w->n_layers - 1;
    for (size_t l = w->lowest; l <= last; l++) {
        memset(w->sum[l], 0, net->layers[l].n_out * w->width[l] * sizeof(double));
        pm_status status = l < last ? trace_spikes(w, net, l, error) : PM_OK;
        if (status)
            return status;
    }
    bool gram = w->p.normalisation == PM_NORMALISE_GRAM && n_events > 0;
    pm_status status = gram ? reserve_rows(w, net, n_events, error) : PM_OK;
    if (!status)
        status = add_events(w, net, events, n_events, error);
    if (status)
        return status;
    if (gram)
        settle_rows(w, net, events, n_events);
    for (size_t l = w->lowest; l <= last; l++) {
        if (!w->p.plastic[l])
            continue;
        const pm_layer *layer = &net->layers[l];
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                change[l][i * layer->stride + j] += w->sum[l][j * w->width[l] + i];
    }
    return PM_OK;
}
