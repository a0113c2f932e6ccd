/* Traces are states of the same closed form as a membrane without threshold, tau_hat in place of tau_m: one set of
 * factors carries all of them. Sums run in eight lanes in a fixed order, so that they have the same bits on every
 * machine. */
#include "learn/traces.h"

#include "math/simd.h"

#include <stdlib.h>
#include <string.h>

pm_lif pm_trace_kernel(const pm_lif *lif, double tau_hat) {
    pm_neuron neuron = pm_neuron_default();
    neuron.C_m = 1.0 / lif->inv_C;
    neuron.g_L = neuron.C_m / tau_hat;
    neuron.I_e = 0.0;
    neuron.tau_1 = 1.0 / lif->l_1;
    neuron.tau_2 = lif->single ? 0.0 : 1.0 / lif->l_2;
    return pm_lif_new(&neuron);
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

PM_SIMD static void carry(size_t n, pm_lif_basis at, double *restrict u, double *restrict i, double *restrict b) {
    for (size_t j = 0; j < n; j++) {
        u[j] = u[j] * at.em + i[j] * at.d1 + b[j] * at.d12;
        i[j] = i[j] * at.e1 + b[j] * at.alpha;
        b[j] = b[j] * at.e2;
    }
}

void pm_traces_advance(pm_traces *traces, double t) {
    if (t > 0.0)
        carry(traces->n, pm_lif_basis_at(&traces->kernel, t), traces->u, traces->i, traces->b);
}

void pm_traces_advance_by(pm_traces *traces, pm_lif_basis at) { carry(traces->n, at, traces->u, traces->i, traces->b); }

PM_SIMD void pm_traces_ahead(const pm_traces *traces, pm_lif_basis at, double *restrict ahead) {
    const double *u = traces->u, *i = traces->i, *b = traces->b;
    for (size_t j = 0; j < traces->n; j++)
        ahead[j] = u[j] * at.em + i[j] * at.d1 + b[j] * at.d12;
}

PM_SIMD void pm_axpy(size_t n, double a, const double *restrict x, double *restrict y) {
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

static double sum_lanes(const double *lane) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

PM_SIMD double pm_dot(size_t n, const double *x, const double *y) {
    double lane[PM_LAYER_LANES] = {0};
    for (size_t j = 0; j < n; j += PM_LAYER_LANES)
        for (size_t k = 0; k < PM_LAYER_LANES; k++)
            lane[k] += x[j + k] * y[j + k];
    return sum_lanes(lane);
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
