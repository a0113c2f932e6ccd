#include "net/random.h"
#include "sim/impulse.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 30, N_OUT = 13 };
static const double duration = 64.0;    /* ms */
static const double grid = 1.0 / 256.0; /* ms: arrivals of the comparison lie on it */

typedef struct example {
    double weight[N_IN * N_OUT], threshold[N_OUT];
    pm_impulse layer;
    pm_raster in, out;
    pm_impulse_state state;
} example;

/* `together`: on average so many inputs fire at the same instant. */
static void make(example *e, uint64_t seed, double t_ref, double inhibition, double together) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    memset(e, 0, sizeof *e);
    gsl_rng_set(rng, seed);
    for (size_t k = 0; k < N_IN * N_OUT; k++)
        e->weight[k] = 3.0 * gsl_rng_uniform(rng) - 1.0;
    for (size_t i = 0; i < N_OUT; i++)
        e->threshold[i] = 2.0 + 2.0 * gsl_rng_uniform(rng);
    e->layer = (pm_impulse){N_IN, N_OUT, 20.0, t_ref, inhibition, e->weight, e->threshold};
    for (double t = 0.0; t < duration; t += grid * (double)gsl_rng_uniform_int(rng, 200))
        for (uint32_t k = 0; k < N_IN; k++)
            if (gsl_rng_uniform(rng) < together / N_IN)
                ck_assert_int_eq(pm_raster_append(&e->in, t, k, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(&e->in, NULL), PM_OK);
    ck_assert_int_eq(pm_impulse_state_new(&e->state, N_OUT, NULL), PM_OK);
    gsl_rng_free(rng);
}

static void drop(example *e) {
    pm_raster_free(&e->in);
    pm_raster_free(&e->out);
    pm_impulse_state_free(&e->state);
}

/* The definition, step by step on the grid of the arrivals; neuron after neuron. */
static void by_grid(const example *e, pm_raster *out, double u[N_OUT]) {
    double last[N_OUT];
    size_t next = 0;
    for (size_t i = 0; i < N_OUT; i++)
        u[i] = 0.0, last[i] = -INFINITY;
    for (size_t step = 0; step < (size_t)(duration / grid); step++) {
        double t = (double)step * grid, jump[N_OUT] = {0};
        size_t first = next, before = out->n;
        for (; next < e->in.n && e->in.time[next] == t; next++)
            for (size_t i = 0; i < N_OUT; i++)
                jump[i] += e->weight[e->in.neuron[next] * N_OUT + i];
        for (size_t i = 0; i < N_OUT; i++) {
            double since = t - last[i];
            u[i] += since < e->layer.t_ref ? jump[i] * pow(since / e->layer.t_ref, 2.0) : jump[i];
            if (next > first && u[i] >= e->threshold[i]) {
                ck_assert_int_eq(pm_raster_append(out, t, (uint32_t)i, 0.0, NULL), PM_OK);
                u[i] -= e->threshold[i];
                last[i] = t;
            }
        }
        for (size_t k = before; k < out->n; k++)
            for (size_t i = 0; i < N_OUT; i++)
                u[i] += i == out->neuron[k] ? 0.0 : e->layer.inhibition * e->threshold[i];
        for (size_t i = 0; i < N_OUT; i++)
            u[i] *= exp(-grid / e->layer.tau);
    }
    ck_assert_uint_eq(next, e->in.n);
}

/* Event by event gives the spikes and potentials of a simulation on a fine grid that holds every arrival. */
START_TEST(fine_grid) {
    static example e;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        pm_raster out = {0};
        double u[N_OUT];
        make(&e, seed, seed % 2 ? 1.0 + (double)seed : 0.0, seed % 4 < 2 ? -0.2 : 0.0, seed % 3 ? 1.2 : 5.0);
        by_grid(&e, &out, u);
        ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, NULL), PM_OK);
        ck_assert_uint_eq(e.out.n, out.n);
        ck_assert_uint_gt(out.n, N_OUT);
        for (size_t k = 0; k < out.n; k++)
            ck_assert(e.out.time[k] == out.time[k] && e.out.neuron[k] == out.neuron[k]);
        for (size_t i = 0; i < N_OUT; i++)
            ck_assert_double_eq_tol(e.state.u[i], u[i], 1e-11); /* 16384 steps, each rounding values of about 1 */
        pm_raster_free(&out);
        drop(&e);
    }
}
END_TEST

/* Without refractoriness potentials are sums of traces: input, less the threshold for each own spike, less inhibition
 * for each spike of the others. */
START_TEST(sum_of_traces) {
    static example e;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double x[N_IN], a[N_OUT], all = 0.0;
        make(&e, seed, 0.0, -0.15, 2.0);
        ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, NULL), PM_OK);
        pm_impulse_traces(&e.in, 20.0, duration, N_IN, x);
        pm_impulse_traces(&e.out, 20.0, duration, N_OUT, a);
        for (size_t i = 0; i < N_OUT; i++)
            all += a[i];
        ck_assert_double_gt(all, 1.0);
        for (size_t i = 0; i < N_OUT; i++) {
            double u = e.threshold[i] * (-0.15 * (all - a[i]) - a[i]);
            for (size_t k = 0; k < N_IN; k++)
                u += e.weight[k * N_OUT + i] * x[k];
            ck_assert_double_eq_tol(e.state.u[i], u, 1e-12); /* some 100 terms of about 1 */
        }
        drop(&e);
    }
}
END_TEST

/* By hand: two neurons, one of which fires, inhibits the other, and takes little of an input shortly afterwards. */
START_TEST(by_hand) {
    const double weight[] = {3.0, 1.5}, threshold[] = {2.0, 2.0};
    double time[] = {1.0, 1.5, 1.5, 9.0};
    double slope[4] = {0};
    uint32_t neuron[] = {0, 0, 0, 0};
    pm_impulse layer = {1, 2, 10.0, 2.0, -0.5, weight, threshold};
    pm_raster in = {.time = time, .slope = slope, .neuron = neuron, .n = 4}, out = {0};
    pm_impulse_state state;
    ck_assert_int_eq(pm_impulse_state_new(&state, 2, NULL), PM_OK);
    ck_assert_int_eq(pm_impulse_run(&layer, &state, &in, 9.0 + 1e-9, &out, NULL), PM_OK);
    /* 1.0: u = 3, 1.5; 0 fires: u = 1, 0.5. 1.5: decay d = e^-0.05; u_0 = d + 6/16, u_1 = d/2 + 3 fires */
    double d = exp(-0.05), u_0 = d + 6.0 / 16.0 - 1.0, u_1 = 0.5 * d + 3.0 - 2.0;
    /* 9.0: both have recovered and fire */
    ck_assert(u_0 * exp(-0.75) + 3.0 > 2.0 && u_1 * exp(-0.75) + 1.5 > 2.0);
    ck_assert_uint_eq(out.n, 4);
    ck_assert(out.neuron[0] == 0 && out.time[0] == 1.0);
    ck_assert(out.neuron[1] == 1 && out.time[1] == 1.5);
    ck_assert(out.neuron[2] == 0 && out.time[2] == 9.0);
    ck_assert(out.neuron[3] == 1 && out.time[3] == 9.0);
    double end = u_0 * exp(-0.75) + 3.0 - 2.0 - 1.0;
    ck_assert_double_eq_tol(state.u[0], end, 1e-9); /* the run ends 1e-9 ms later */
    pm_raster_free(&out);
    pm_impulse_state_free(&state);
}
END_TEST

/* Silence in, silence out; memory may run out. */
START_TEST(nothing) {
    static example e;
    pm_raster none = {0};
    pm_error error = {0};
    make(&e, 1, 1.0, -0.1, 2.0);
    ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &none, duration, &e.out, NULL), PM_OK);
    ck_assert_uint_eq(e.out.n, 0);
    for (size_t i = 0; i < N_OUT; i++)
        ck_assert(e.state.u[i] == 0.0);
    starve(1);
    ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, &error), PM_NO_MEMORY);
    for (size_t n = 1; n <= 5; n++) {
        pm_impulse_state state;
        starve(n);
        ck_assert_int_eq(pm_impulse_state_new(&state, N_OUT, &error), PM_NO_MEMORY);
    }
    starve(0);
    drop(&e);
}
END_TEST

Suite *pm_suite_impulse(void);
Suite *pm_suite_impulse(void) {
    Suite *suite = suite_create("impulse");
    TCase *tests = tcase_create("impulse");
    tcase_add_test(tests, fine_grid);
    tcase_add_test(tests, sum_of_traces);
    tcase_add_test(tests, by_hand);
    tcase_add_test(tests, nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
