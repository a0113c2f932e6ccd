/* Traces are states of the same closed form as a membrane without threshold, tau_hat in place of tau_m: one set of
 * factors carries all of them. Sums run in eight lanes in a fixed order, so that they have the same bits on every
 * machine. */
#include "gradient/traces.h"

#include "base/simd.h"
#include "model/neuron.h"

#include <stdlib.h>
#include <string.h>

pm_lif pm_trace_kernel(const pm_lif *lif, double tau_hat) {
    pm_neuron neuron = pm_neuron_default();
    neuron.C_m = 1.0 / lif->inv_C;
    neuron.g_L = neuron.C_m / tau_hat;
    neuron.I_e = 0.0;
    neuron.tau_1 = 1.0 / lif->l_1;
    neuron.tau_2 = lif->single ? 0.0 : 1.0 / lif->l_2;
    return pm_lif_of_neuron(&neuron);
}

pm_status pm_traces_new(pm_traces *traces, const pm_lif *kernel, size_t n, pm_error *error) {
    size_t padded = (n + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
    *traces = (pm_traces){.kernel = *kernel, .n = padded};
    traces->u = aligned_alloc(64, 3 * padded * sizeof(double));
    if (!traces->u)
        return pm_fail_memory(error, "traces");
    traces->i = traces->u + padded;
    traces->b = traces->i + padded;
    pm_traces_reset(traces, 0.0);
    return PM_OK;
}

void pm_traces_free(pm_traces *traces) {
    free(traces->u);
    *traces = (pm_traces){0};
}

void pm_traces_reset(pm_traces *traces, double now) {
    memset(traces->u, 0, 3 * traces->n * sizeof(double));
    traces->now = now;
}

pm_status pm_way_back_reserve(pm_way_back *way, size_t n, pm_error *error) {
    if (n > way->capacity) {
        free(way->input);
        way->capacity = n + n / 2;
        way->input = malloc(way->capacity * sizeof *way->input);
        if (!way->input) {
            way->capacity = 0;
            return pm_fail_memory(error, "the order of spikes");
        }
    }
    return pm_basis_reserve(&way->lags, n, error);
}

void pm_way_back_free(pm_way_back *way) {
    free(way->input);
    pm_basis_free(&way->lags);
    *way = (pm_way_back){0};
}

static double sum_lanes(const double *lane) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

enum { GRAM_ROWS = 4 };

#define PM_KERNELS "gradient/traces.inc"
#include "base/widths.inc"

void pm_traces_advance(pm_traces *traces, double t) {
    if (t > 0.0)
        pm_traces_advance_by(traces, pm_lif_basis_at(&traces->kernel, t));
}

void pm_traces_advance_by(pm_traces *traces, pm_lif_basis at) { PM_WIDEST(carry)(traces->n, &at, traces->u); }

void pm_traces_walk_back(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes, const double *weight,
                         double *part, double *slope) {
    if (!weight)
        PM_WIDEST(walk_for_part)(traces, way, spikes, part);
    else if (!part)
        PM_WIDEST(walk_for_slope)(traces, way, spikes, weight, slope);
    else
        PM_WIDEST(walk_for_both)(traces, way, spikes, weight, part, slope);
}

PM_SIMD void pm_axpy(size_t n, double a, const double *restrict x, double *restrict y) {
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

void pm_combine(size_t n, size_t count, const double *a, const double *rows, double *y) {
    PM_WIDEST(combine)(n, count, a, rows, y);
}

PM_SIMD void pm_scale(size_t n, double a, double *x) {
    for (size_t j = 0; j < n; j++)
        x[j] *= a;
}

void pm_gram(size_t n, size_t count, const double *rows, double *products, size_t stride) {
    PM_WIDEST(gram)(n, count, rows, products, stride);
}

PM_SIMD double pm_sum_squares(size_t n, const double *x) {
    double lane[PM_LAYER_LANES] = {0};
    for (size_t j = 0; j < n; j += PM_LAYER_LANES)
        for (size_t k = 0; k < PM_LAYER_LANES; k++)
            lane[k] += x[j + k] * x[j + k];
    return sum_lanes(lane);
}

PM_SIMD double pm_traces_slope_dot(const pm_traces *traces, const double *row) {
    double lane[PM_LAYER_LANES] = {0};
    const double *u = traces->u, *i = traces->i;
    const double l_m = traces->kernel.l_m, inv_C = traces->kernel.inv_C;
    for (size_t j = 0; j < traces->n; j += PM_LAYER_LANES)
        for (size_t k = 0; k < PM_LAYER_LANES; k++)
            lane[k] += row[j + k] * (i[j + k] * inv_C - u[j + k] * l_m);
    return sum_lanes(lane);
}
