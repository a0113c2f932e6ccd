/* Vectors of kernel states: one (u, i, b) per neuron, carried through time together. Serves the traces d^ forwards and
 * the propagation of errors backwards in time. */
#ifndef PM_GRADIENT_TRACES_H
#define PM_GRADIENT_TRACES_H

#include "layer/layer.h"

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
static inline void pm_traces_add(pm_traces *traces, size_t neuron, double amount) {
    (traces->kernel.single ? traces->i : traces->b)[neuron] += amount;
}
/* Adds a spike of weight 1 that arrived a time ago whose basis is given. */
static inline void pm_traces_add_past(pm_traces *traces, size_t neuron, const pm_lif_basis *since) {
    traces->u[neuron] += since->d12;
    traces->i[neuron] += since->alpha;
    traces->b[neuron] += since->e2;
}

/* A layer's spikes and its inputs' in reverse order. */
typedef struct pm_way_back {
    size_t n, capacity;
    bool *input;         /* whose spike it is: an input's or the layer's */
    pm_basis_table lags; /* from each to the layer's spike that comes last before it on the way, or 0 */
} pm_way_back;

pm_status pm_way_back_reserve(pm_way_back *way, size_t n, pm_error *error);
void pm_way_back_free(pm_way_back *way);

/* What the spikes on a way are, numbered in order of time; the way begins at the last of them. */
typedef struct pm_way_spikes {
    const uint32_t *input, *own; /* which neurons they are of */
    const double *amount;        /* that each of the layer's spikes adds */
    size_t inputs, owns;
} pm_way_spikes;

/* Along the way back: traces are carried to each of the layer's spikes, where they gain its amount; at each of the
 * inputs' spikes, of neuron i, part[stride i + j] grows by the u there of trace j, and slope, which has a number for
 * each, becomes sum over j of weight[stride i + j] du/dt of trace j. stride is the number of traces. Part, or weight
 * and slope, may be NULL. */
void pm_traces_walk_back(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes, const double *weight,
                         double *part, double *slope);

/* Over n padded elements, a multiple of PM_LAYER_LANES: y += a x; y = the sum of a[k] times row k, rows lying n apart;
 * x *= a; products of each of `count` rows that lie n apart with itself and those before it, into the
 * same places of rows of `products` that lie `stride` apart; sum of squares; sum of row (du/dt of the traces). */
void pm_axpy(size_t n, double a, const double *x, double *y);
void pm_combine(size_t n, size_t count, const double *a, const double *rows, double *y);
void pm_scale(size_t n, double a, double *x);
void pm_gram(size_t n, size_t count, const double *rows, double *products, size_t stride);
double pm_sum_squares(size_t n, const double *x);
double pm_traces_slope_dot(const pm_traces *traces, const double *row);

#endif
