#include "gradient/sweep.h"
#include "model/neuron.h"
#include "support/learning.h"

#include <check.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORKSPACE = 500 };

typedef struct convolution {
    pm_neuron neuron;
    double tau_hat, t;
    bool derivative; /* of alpha */
} convolution;

static double alpha(const pm_neuron *n, double t, bool derivative) {
    double fast = n->tau_2 > 0.0 ? exp(-t / n->tau_2) : 0.0;
    if (derivative)
        return -exp(-t / n->tau_1) / n->tau_1 + (n->tau_2 > 0.0 ? fast / n->tau_2 : 0.0);
    return exp(-t / n->tau_1) - fast;
}

static double convolved(double s, void *user) {
    const convolution *c = user;
    return alpha(&c->neuron, s, c->derivative) * exp(-(c->t - s) / c->tau_hat) / c->neuron.C_m;
}

/* eps^(t), or its derivative: alpha(0) h^(t) + the convolution of alpha' with h^. */
static double quadrature(const pm_neuron *neuron, double tau_hat, double t, bool derivative) {
    convolution c = {*neuron, tau_hat, t, derivative};
    gsl_function f = {convolved, &c};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(WORKSPACE);
    double integral = 0.0, estimate = 0.0;
    gsl_integration_qag(&f, 0.0, t, 1e-18, 1e-12, WORKSPACE, GSL_INTEG_GAUSS61, w, &integral, &estimate);
    gsl_integration_workspace_free(w);
    return integral + (derivative ? alpha(neuron, 0.0, false) * exp(-t / tau_hat) / neuron->C_m : 0.0);
}

static const double TAU_HATS[] = {1.0, 1.25, 2.0, 4.9999, 5.0, 7.0, 10.0, 100.0}; /* ms; some equal to tau_1 or tau_2 */
enum { N_TAU_HATS = sizeof TAU_HATS / sizeof *TAU_HATS };

static pm_neuron neuron_of_kind(int single) {
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = single ? 0.0 : 1.25;
    neuron.I_e = 500.0; /* is no part of any kernel */
    return neuron;
}

/* Kernel and derivative are the convolutions that define them: 1e-11 of the kernel's largest value so far. */
START_TEST(kernel_by_quadrature) {
    double tau_hat = TAU_HATS[_i % N_TAU_HATS];
    pm_neuron neuron = neuron_of_kind(_i / N_TAU_HATS);
    pm_lif lif = pm_lif_of_neuron(&neuron), kernel = pm_trace_kernel(&lif, tau_hat);
    double row[PM_LAYER_LANES] = {0.0, 1.0};
    static const double times[] = {1e-3, 0.1, 1.0, 3.0, 10.0, 30.0, 80.0};
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        double t = times[k], eps = quadrature(&neuron, tau_hat, t, false);
        double slope = quadrature(&neuron, tau_hat, t, true);
        double scale = eps / fmin(t, 1.0) + fabs(slope);
        ck_assert_double_eq_tol(pm_lif_psp(&kernel, t), eps, 1e-11 * eps);
        ck_assert_double_eq_tol(kernel_slope(&kernel, t), slope, 1e-11 * scale);
        pm_traces traces;
        ck_assert_int_eq(pm_traces_new(&traces, &kernel, 2, NULL), PM_OK);
        pm_traces_add(&traces, 1, 1.0);
        pm_traces_advance(&traces, 0.3 * t);
        pm_traces_advance_by(&traces, pm_lif_basis_at(&kernel, 0.7 * t));
        ck_assert_double_eq_tol(traces.u[1], eps, 1e-11 * eps);
        ck_assert_double_eq_tol(pm_traces_slope_dot(&traces, row), slope, 1e-11 * scale);
        ck_assert_double_eq(traces.u[0], 0.0);
        pm_traces_free(&traces);
    }
}
END_TEST

/* The traces d^ of whole trains, as the output layer sees them, are sums of such convolutions: from event to event, at
 * once, and at the instant of a spike, which is not yet in them. */
START_TEST(traces_by_quadrature) {
    enum { INPUTS = 3, SPIKES = 9 };
    static const double spikes[SPIKES] = {0.0, 1.0, 1.0, 4.5, 4.5, 20.0, 20.25, 33.0, 50.0};
    static const double times[] = {0.0, 0.5, 1.0, 4.5, 4.6, 33.0, 49.0, 70.0};
    pm_neuron neuron = neuron_of_kind(_i);
    pm_lif lif = pm_lif_of_neuron(&neuron);
    size_t sizes[] = {INPUTS, 1};
    pm_layered net;
    pm_raster in = {0};
    pm_sweep sweep;
    ck_assert_int_eq(pm_layered_new(&net, &lif, sizes, 1, NULL), PM_OK);
    for (uint32_t k = 0; k < SPIKES; k++)
        ck_assert_int_eq(pm_raster_append(&in, spikes[k], k % INPUTS, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(&in, NULL), PM_OK);
    ck_assert_int_eq(pm_layered_run(&net, &in, DURATION, 0, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_new(&sweep, &net, ALL_PLASTIC, 7.0, 3.0, 1.0, 100.0, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_begin(&sweep, &net, NULL), PM_OK);
    ck_assert_uint_eq(sweep.row, INPUTS * PM_LAYER_LANES);
    for (size_t e = 0; e < sizeof times / sizeof *times; e++) {
        double row[INPUTS * PM_LAYER_LANES], at_once[PM_LAYER_LANES];
        ck_assert_int_eq(pm_sweep_event(&sweep, &net, times[e], 0, row, NULL), PM_OK);
        pm_sweep_trace(&sweep, &net, 0, times[e], at_once);
        for (uint32_t i = 0; i < PM_LAYER_LANES; i++) {
            double expected = 0.0;
            for (size_t k = 0; k < in.n && in.time[k] < times[e]; k++)
                if (in.neuron[k] == i)
                    expected += quadrature(&neuron, 7.0, times[e] - in.time[k], false);
            ck_assert_double_eq_tol(at_once[i], expected, 1e-11 * expected + 1e-300);
            for (uint32_t j = 0; j < PM_LAYER_LANES && i < INPUTS; j++)
                ck_assert_double_eq_tol(row[i * PM_LAYER_LANES + j], j == 0 ? expected : 0.0,
                                        1e-11 * expected + 1e-300);
        }
    }
    pm_sweep_free(&sweep);
    pm_layered_free(&net);
    pm_raster_free(&in);
}
END_TEST

/* du/dt of a trace. */
static double slope_of(const pm_traces *traces, size_t j) {
    return traces->i[j] * traces->kernel.inv_C - traces->u[j] * traces->kernel.l_m;
}

/* A way back does what single steps do; where the layer's spikes come at once they are added in the order of the way.
 */
START_TEST(way_back_step_by_step) {
    enum { TRACES = 24, INPUTS = 10, STEPS = 60, OWN = STEPS / 3, OTHER = STEPS - OWN };
    pm_neuron neuron = neuron_of_kind(_i);
    pm_lif lif = pm_lif_of_neuron(&neuron), kernel = pm_trace_kernel(&lif, 7.0);
    pm_traces walked, stepped, ahead;
    pm_way_back way = {0};
    uint32_t input[OTHER], own[OWN];
    double amount[OWN], weight[INPUTS * TRACES], part[INPUTS * TRACES], expected[INPUTS * TRACES];
    double slope[OTHER], slope_alone[OTHER], since = 0.0;
    pm_traces *const all[] = {&walked, &stepped, &ahead};
    for (size_t k = 0; k < 3; k++)
        ck_assert_int_eq(pm_traces_new(all[k], &kernel, TRACES, NULL), PM_OK);
    ck_assert_int_eq(pm_way_back_reserve(&way, STEPS, NULL), PM_OK);
    for (uint32_t k = 0; k < OTHER; k++)
        input[k] = 7 * k % INPUTS;
    for (uint32_t k = 0; k < OWN; k++) {
        own[k] = 5 * k % TRACES;
        amount[k] = sin(1.0 + k);
    }
    for (size_t k = 0; k < INPUTS * TRACES; k++) {
        weight[k] = cos((double)k);
        part[k] = expected[k] = 0.01 * (double)k;
    }
    way.n = STEPS;
    for (size_t k = 0; k < STEPS; k++) {
        since += 0.3 * (double)(k % 4);
        way.input[k] = k % 3 != 0;
        way.lags.t[k] = since;
        since = way.input[k] ? since : 0.0;
    }
    pm_basis_fill(&kernel, &way.lags, STEPS);
    const pm_way_spikes spikes = {input, own, amount, OTHER, OWN};
    pm_traces_walk_back(&walked, &way, &spikes, weight, part, slope);
    size_t other = OTHER, mine = OWN;
    for (size_t k = 0; k < STEPS; k++) {
        memcpy(ahead.u, stepped.u, 3 * TRACES * sizeof(double));
        pm_traces_advance(&ahead, way.lags.t[k]);
        if (k % 3 == 0) {
            mine--;
            pm_traces_add(&ahead, own[mine], amount[mine]);
            memcpy(stepped.u, ahead.u, 3 * TRACES * sizeof(double));
            continue;
        }
        other--;
        double sum = 0.0, size = 0.0;
        for (size_t j = 0; j < TRACES; j++) {
            size_t at = input[other] * TRACES + j;
            expected[at] += ahead.u[j];
            sum += weight[at] * slope_of(&ahead, j);
            size += fabs(weight[at] * slope_of(&ahead, j));
        }
        ck_assert_double_eq_tol(slope[other], sum, 1e-13 * size + 1e-300);
    }
    ck_assert_mem_eq(part, expected, sizeof part);
    ck_assert_mem_eq(walked.u, stepped.u, 3 * TRACES * sizeof(double));
    pm_traces_reset(&walked, 0.0);
    pm_traces_walk_back(&walked, &way, &spikes, weight, NULL, slope_alone);
    ck_assert_mem_eq(slope, slope_alone, sizeof slope);
    for (size_t k = 0; k < INPUTS * TRACES; k++)
        part[k] = 0.01 * (double)k;
    pm_traces_reset(&walked, 0.0);
    pm_traces_walk_back(&walked, &way, &spikes, NULL, part, NULL);
    ck_assert_mem_eq(part, expected, sizeof part);
    for (size_t k = 0; k < 3; k++)
        pm_traces_free(all[k]);
    pm_way_back_free(&way);
}
END_TEST

/* A product in eight lanes, which are added up in pairs, pairs of pairs and their pair. */
static double product_in_lanes(size_t n, const double *x, const double *y) {
    double lane[PM_LAYER_LANES] = {0};
    for (size_t j = 0; j < n; j++)
        lane[j % PM_LAYER_LANES] += x[j] * y[j];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* A Gram matrix holds what single products are, and a sum of rows what single additions give, to the last bit. */
START_TEST(same_bits_at_once) {
    enum { WIDTH = 24, ROWS = 7 };
    double *rows = aligned_alloc(64, ROWS * WIDTH * sizeof *rows), gram[ROWS][ROWS + 2];
    double sum[WIDTH], expected[WIDTH] = {0.0};
    ck_assert_ptr_nonnull(rows);
    for (size_t k = 0; k < ROWS * WIDTH; k++)
        rows[k] = sin((double)(k * k));
    for (size_t count = 1; count <= ROWS; count++) {
        memset(gram, 0, sizeof gram);
        pm_gram(WIDTH, count, rows, gram[0], ROWS + 2);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t s = 0; s < ROWS; s++)
                ck_assert(gram[r][s] ==
                          (r < count && s <= r ? product_in_lanes(WIDTH, rows + r * WIDTH, rows + s * WIDTH) : 0.0));
    }
    for (size_t r = 0; r < ROWS; r++)
        pm_axpy(WIDTH, gram[r][0], rows + r * WIDTH, expected);
    for (size_t r = 0; r < ROWS; r++)
        gram[0][r] = gram[r][0];
    pm_combine(WIDTH, ROWS, gram[0], rows, sum);
    ck_assert_mem_eq(sum, expected, sizeof sum);
    free(rows);
}
END_TEST

Suite *pm_suite_traces(void);
Suite *pm_suite_traces(void) {
    Suite *suite = suite_create("traces");
    TCase *tests = tcase_create("traces");
    tcase_add_loop_test(tests, kernel_by_quadrature, 0, 2 * N_TAU_HATS);
    tcase_add_loop_test(tests, traces_by_quadrature, 0, 2);
    tcase_add_loop_test(tests, way_back_step_by_step, 0, 2);
    tcase_add_test(tests, same_bits_at_once);
    suite_add_tcase(suite, tests);
    return suite;
}
