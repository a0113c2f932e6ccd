/* Traces are states of the same closed form as a membrane without threshold, tau_hat in place of tau_m: one set of
 * factors carries all of them. Sums run in eight lanes in a fixed order, so that they have the same bits on every
 * machine. */
#include "gradient/traces.h"

#include "base/simd.h"
#include "model/neuron.h"

#include <stdlib.h>
#include <string.h>

typedef double vector __attribute__((vector_size(PM_LAYER_LANES * sizeof(double)), aligned(sizeof(double))));

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

static inline __attribute__((always_inline)) const vector *vector_at(const double *x) {
    return (const vector *)(const void *)x;
}

static inline __attribute__((always_inline)) vector *vector_in(double *x) { return (vector *)(void *)x; }

/* u, i and b lie n apart; n is a multiple of PM_LAYER_LANES. */
static inline __attribute__((always_inline)) void carry_all(size_t n, const pm_lif_basis *at, double *states) {
    const double em = at->em, d1 = at->d1, d12 = at->d12, e1 = at->e1, alpha = at->alpha, e2 = at->e2;
    for (double *end = states + n; states < end; states += PM_LAYER_LANES) {
        const vector u = *vector_at(states), i = *vector_at(states + n), b = *vector_at(states + 2 * n);
        *vector_in(states) = u * em + i * d1 + b * d12;
        *vector_in(states + n) = i * e1 + b * alpha;
        *vector_in(states + 2 * n) = b * e2;
    }
}

PM_SIMD static void carry(size_t n, pm_lif_basis at, double *states) { carry_all(n, &at, states); }

void pm_traces_advance(pm_traces *traces, double t) {
    if (t > 0.0)
        carry(traces->n, pm_lif_basis_at(&traces->kernel, t), traces->u);
}

void pm_traces_advance_by(pm_traces *traces, pm_lif_basis at) { carry(traces->n, at, traces->u); }

/* As a whole vector, which the next step can take from the store at once; not so a vector with a single new number. */
static inline __attribute__((always_inline)) void add_one(double *x, size_t neuron, double amount) {
    static const double only[PM_LAYER_LANES][PM_LAYER_LANES] = {
        {1.0},
        {0.0, 1.0},
        {0.0, 0.0, 1.0},
        {0.0, 0.0, 0.0, 1.0},
        {0.0, 0.0, 0.0, 0.0, 1.0},
        {0.0, 0.0, 0.0, 0.0, 0.0, 1.0},
        {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0},
        {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0},
    };
    const double *one = only[neuron % PM_LAYER_LANES];
    double *to = x + neuron / PM_LAYER_LANES * PM_LAYER_LANES;
    *vector_in(to) += amount * *vector_at(one);
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

/* The traces where they have been carried to by a basis: u into `part`, and the sum of du/dt times `weight`. */
static inline __attribute__((always_inline)) double read_ahead(const pm_traces *traces, const pm_lif_basis *at,
                                                               const double *weight, double *part) {
    const size_t n = traces->n;
    const double em = at->em, d1 = at->d1, d12 = at->d12, e1 = at->e1, alpha = at->alpha;
    const double l_m = traces->kernel.l_m, inv_C = traces->kernel.inv_C;
    vector sum = {0};
    for (size_t j = 0; j < n; j += PM_LAYER_LANES) {
        const vector u = *vector_at(traces->u + j), i = *vector_at(traces->i + j), b = *vector_at(traces->b + j);
        const vector ahead = u * em + i * d1 + b * d12;
        if (part)
            *vector_in(part + j) += ahead;
        if (weight)
            sum += *vector_at(weight + j) * ((i * e1 + b * alpha) * inv_C - ahead * l_m);
    }
    double lane[PM_LAYER_LANES];
    memcpy(lane, &sum, sizeof lane);
    return sum_lanes(lane);
}

static inline __attribute__((always_inline)) void walk_back(pm_traces *traces, const pm_way_back *way,
                                                            const pm_way_spikes *spikes, const double *weight,
                                                            double *part, double *slope) {
    const size_t stride = traces->n;
    double *jump = traces->kernel.single ? traces->i : traces->b;
    size_t input = spikes->inputs, own = spikes->owns;
    for (size_t k = 0; k < way->n; k++) {
        const pm_lif_basis at = pm_basis_get(&way->lags, k);
        if (way->input[k]) {
            const size_t row = stride * spikes->input[--input];
            const double sum = read_ahead(traces, &at, weight ? weight + row : NULL, part ? part + row : NULL);
            if (weight)
                slope[input] = sum;
        } else {
            carry_all(stride, &at, traces->u);
            own--;
            add_one(jump, spikes->own[own], spikes->amount[own]);
        }
    }
}

PM_SIMD static void walk_for_part(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes,
                                  double *part) {
    walk_back(traces, way, spikes, NULL, part, NULL);
}

PM_SIMD static void walk_for_slope(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes,
                                   const double *weight, double *slope) {
    walk_back(traces, way, spikes, weight, NULL, slope);
}

PM_SIMD static void walk_for_both(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes,
                                  const double *weight, double *part, double *slope) {
    walk_back(traces, way, spikes, weight, part, slope);
}

void pm_traces_walk_back(pm_traces *traces, const pm_way_back *way, const pm_way_spikes *spikes, const double *weight,
                         double *part, double *slope) {
    if (!weight)
        walk_for_part(traces, way, spikes, part);
    else if (!part)
        walk_for_slope(traces, way, spikes, weight, slope);
    else
        walk_for_both(traces, way, spikes, weight, part, slope);
}

PM_SIMD void pm_axpy(size_t n, double a, const double *restrict x, double *restrict y) {
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

PM_SIMD void pm_combine(size_t n, size_t count, const double *a, const double *rows, double *y) {
    for (size_t j = 0; j < n; j += PM_LAYER_LANES) {
        vector sum = {0};
        for (size_t k = 0; k < count; k++)
            sum += a[k] * *vector_at(rows + k * n + j);
        *vector_in(y + j) = sum;
    }
}

PM_SIMD void pm_scale(size_t n, double a, double *x) {
    for (size_t j = 0; j < n; j++)
        x[j] *= a;
}

enum { GRAM_ROWS = 4 };

/* Products of `rows` rows from x on with GRAM_ROWS others. A sum alone would wait for each of its additions, and every
 * product for memory. */
static inline __attribute__((always_inline)) void multiply_rows(size_t n, const int rows, const double *x,
                                                                const double *const *y, vector (*sum)[GRAM_ROWS]) {
    vector s[GRAM_ROWS][GRAM_ROWS] = {{{0}}};
    for (size_t j = 0; j < n; j += PM_LAYER_LANES) {
        const vector y0 = *vector_at(y[0] + j), y1 = *vector_at(y[1] + j);
        const vector y2 = *vector_at(y[2] + j), y3 = *vector_at(y[3] + j);
#pragma GCC unroll 4
        for (int p = 0; p < rows; p++) {
            const vector a = *vector_at(x + (size_t)p * n + j);
            s[p][0] += a * y0;
            s[p][1] += a * y1;
            s[p][2] += a * y2;
            s[p][3] += a * y3;
        }
    }
    memcpy(sum, s, sizeof s);
}

PM_SIMD void pm_gram(size_t n, size_t count, const double *rows, double *products, size_t stride) {
    for (size_t r = 0; r < count; r += GRAM_ROWS)
        for (size_t s = 0; s <= r; s += GRAM_ROWS) {
            const double *x = rows + r * n, *y[GRAM_ROWS];
            vector sum[GRAM_ROWS][GRAM_ROWS];
            for (size_t q = 0; q < GRAM_ROWS; q++)
                y[q] = rows + (s + q < count ? s + q : s) * n;
            switch (count - r) {
            case 1:
                multiply_rows(n, 1, x, y, sum);
                break;
            case 2:
                multiply_rows(n, 2, x, y, sum);
                break;
            case 3:
                multiply_rows(n, 3, x, y, sum);
                break;
            default:
                multiply_rows(n, GRAM_ROWS, x, y, sum);
            }
            for (size_t p = 0; p < GRAM_ROWS && r + p < count; p++)
                for (size_t q = 0; q < GRAM_ROWS && s + q <= r + p; q++) {
                    double lane[PM_LAYER_LANES];
                    memcpy(lane, &sum[p][q], sizeof lane);
                    products[(r + p) * stride + s + q] = sum_lanes(lane);
                }
        }
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
