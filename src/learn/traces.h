/* Vectors of kernel states: one (u, i, b) per neuron, carried through time together. Serves the traces d^ forwards and
 * the propagation of errors backwards in time. */
#ifndef PM_LEARN_TRACES_H
#define PM_LEARN_TRACES_H

#include "sim/layer.h"

typedef struct pm_traces {
    pm_lif kernel;
    size_t n; /* padded to PM_LAYER_LANES */
    double *u, *i, *b;
    double now; /* ms */
} pm_traces;

/* The kernel eps^ with time constant tau_hat (ms) in place of tau_m. */
pm_lif pm_trace_kernel(const pm_lif *lif, double tau_hat);
pm_status pm_traces_new(pm_traces *traces, const pm_lif *kernel, size_t n, pm_error *error);
void pm_traces_free(pm_traces *traces);
void pm_traces_reset(pm_traces *traces, double now);
/* Carries all by t >= 0 ms, or by the time whose basis is given. */
void pm_traces_advance(pm_traces *traces, double t);
void pm_traces_advance_by(pm_traces *traces, pm_lif_basis at);
/* Their u a time later whose basis is given, into `u`; the traces stay where they are. */
void pm_traces_ahead(const pm_traces *traces, pm_lif_basis at, double *u);
static inline void pm_traces_add(pm_traces *traces, size_t neuron, double amount) {
    (traces->kernel.single ? traces->i : traces->b)[neuron] += amount;
}
/* Adds a spike of weight 1 that arrived a time ago whose basis is given. */
static inline void pm_traces_add_past(pm_traces *traces, size_t neuron, const pm_lif_basis *since) {
    traces->u[neuron] += since->d12;
    traces->i[neuron] += since->alpha;
    traces->b[neuron] += since->e2;
}

/* Through n steps whose bases are in the table, from place `first` on: after each either a spike of source[k] arrives
 * and the traces move on to it, or, where that is PM_NO_SOURCE, their u there goes to the next row of `rows`. */
void pm_traces_walk(pm_traces *traces, const pm_basis_table *steps, size_t first, size_t n, const uint32_t *source,
                    double *rows);

/* A spike of that amount at `neuron` (PM_NO_SOURCE: none), then a step whose basis is given. */
void pm_traces_add_and_advance(pm_traces *traces, uint32_t neuron, double amount, pm_lif_basis at);

/* y += a x; x *= a; sum of products; products of each of `count` rows that lie n apart with itself and those before it,
 * into the same places of rows of `products` that lie `stride` apart, n a multiple of PM_LAYER_LANES; sum of squares;
 * sum of row (du/dt of the traces): over n padded elements. */
void pm_axpy(size_t n, double a, const double *x, double *y);
void pm_scale(size_t n, double a, double *x);
double pm_dot(size_t n, const double *x, const double *y);
void pm_gram(size_t n, size_t count, const double *rows, double *products, size_t stride);
double pm_sum_squares(size_t n, const double *x);
double pm_traces_slope_dot(const pm_traces *traces, const double *row);

#endif
