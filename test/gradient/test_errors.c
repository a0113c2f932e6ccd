#include "gradient/errors.h"

#include <check.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdbool.h>

enum { LONGEST = 6 };

static const pm_error_pairing PAIRING = {.window = 8.0, .step = 10.0, .approach = 0.5, .slope = 2.0};

static pm_raster raster_of(const double *times, size_t n, uint32_t neuron, double slope) {
    pm_raster raster = {0};
    for (size_t k = 0; k < n; k++)
        ck_assert_int_eq(pm_raster_append(&raster, times[k], neuron, slope, NULL), PM_OK);
    return raster;
}

static void assert_event(const pm_error_event *event, double time, uint32_t neuron, double size) {
    ck_assert_double_eq(event->time, time);
    ck_assert_uint_eq(event->neuron, neuron);
    ck_assert_double_eq_tol(event->size, size, 1e-14);
}

/* Plain errors: +1 at every desired and -1 at every observed spike, in order of time; both where they coincide. */
START_TEST(plain) {
    const double observed[] = {1.0, 5.0, 9.0}, desired[] = {0.5, 5.0};
    pm_raster x = raster_of(observed, 3, 1, 4.0), y = raster_of(desired, 2, 1, 0.0), empty = {0};
    pm_error_events e = {0};
    ck_assert_int_eq(pm_errors_plain(&e, &x, &y, NULL), PM_OK);
    ck_assert_uint_eq(e.n, 5);
    assert_event(&e.events[0], 0.5, 1, 1.0);
    assert_event(&e.events[1], 1.0, 1, -1.0);
    assert_event(&e.events[2], 5.0, 1, -1.0);
    assert_event(&e.events[3], 5.0, 1, 1.0);
    assert_event(&e.events[4], 9.0, 1, -1.0);
    ck_assert_int_eq(pm_errors_plain(&e, &empty, &empty, NULL), PM_OK);
    ck_assert_uint_eq(e.n, 0);
    ck_assert_int_eq(pm_errors_paired(&e, &empty, &empty, 3, &PAIRING, NULL), PM_OK);
    ck_assert_uint_eq(e.n, 0);
    pm_errors_free(&e);
    pm_raster_free(&x);
    pm_raster_free(&y);
}
END_TEST

/* By hand: a late spike is to be raised, an early one lowered, by what moves them half the way, at least as if V' were
 * 2 mV/ms and at most 10 mV; spikes without partner by 10 mV. */
START_TEST(paired_by_hand) {
    pm_raster x = {0}, y = {0};
    static const struct {
        double time, slope;
        uint32_t neuron;
    } observed[] = {{10.0, 3.0, 0}, {11.0, 0.1, 1}, {30.0, 9.0, 0}, {40.0, 5.0, 1}},
      desired[] = {{8.0, 0.0, 0}, {12.0, 0.0, 1}, {33.0, 0.0, 0}, {49.0, 0.0, 1}};
    for (size_t k = 0; k < 4; k++) {
        ck_assert_int_eq(pm_raster_append(&x, observed[k].time, observed[k].neuron, observed[k].slope, NULL), PM_OK);
        ck_assert_int_eq(pm_raster_append(&y, desired[k].time, desired[k].neuron, 0.0, NULL), PM_OK);
    }
    pm_error_events e = {0};
    for (int twice = 0; twice < 2; twice++) { /* the second call finds room already made */
        ck_assert_int_eq(pm_errors_paired(&e, &x, &y, 2, &PAIRING, NULL), PM_OK);
        ck_assert_uint_eq(e.n, 5);
        assert_event(&e.events[0], 10.0, 0, 0.5 * 3.0 * 2.0);
        assert_event(&e.events[1], 11.0, 1, 0.5 * 2.0 * -1.0);
        assert_event(&e.events[2], 30.0, 0, -10.0); /* 13.5 mV otherwise */
        assert_event(&e.events[3], 40.0, 1, -10.0); /* 9 ms apart: no pair */
        assert_event(&e.events[4], 49.0, 1, 10.0);
        for (size_t k = 0; k < e.n; k++)
            ck_assert(e.events[k].excess == (k == 3));
    }
    pm_errors_free(&e);
    pm_raster_free(&x);
    pm_raster_free(&y);
}
END_TEST

/* The least cost over all pairings, crossing ones included. */
static double least_cost(const double *x, size_t n, size_t next, const double *y, size_t m, unsigned taken) {
    if (next == n)
        return (double)m - (double)__builtin_popcount(taken);
    double least = 1.0 + least_cost(x, n, next + 1, y, m, taken);
    for (size_t j = 0; j < m; j++)
        if (!(taken & 1U << j))
            least = fmin(least, 2.0 * fabs(x[next] - y[j]) / PAIRING.window +
                                    least_cost(x, n, next + 1, y, m, taken | 1U << j));
    return least;
}

/* Sizes of pairs tell their distances (slope and approach are 1, steps out of reach), so that the cost of the pairing
 * found can be added up: it is the least of all. Sums of different order differ by rounding. */
START_TEST(pairing_costs_least) {
    pm_error_pairing pairing = PAIRING;
    pairing.approach = pairing.slope = 1.0;
    pairing.step = 1e3;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 4);
    pm_error_events e = {0};
    for (int seed = 0; seed < 300; seed++) {
        double times[2][LONGEST], cost = 0.0;
        size_t n[2], events = 0, pairs = 0;
        pm_raster trains[2];
        for (int k = 0; k < 2; k++) {
            n[k] = gsl_rng_uniform_int(rng, LONGEST + 1);
            double t = 0.0;
            for (size_t s = 0; s < n[k]; s++)
                times[k][s] = t += 0.01 + 8.0 * gsl_rng_uniform(rng);
            trains[k] = raster_of(times[k], n[k], 2, 1.0);
        }
        ck_assert_int_eq(pm_errors_paired(&e, &trains[0], &trains[1], 3, &pairing, NULL), PM_OK);
        for (size_t k = 0; k < e.n; k++) {
            bool paired = fabs(e.events[k].size) < pairing.step;
            cost += paired ? 2.0 * fabs(e.events[k].size) / pairing.window : 1.0;
            events += paired ? 2 : 1;
            pairs += paired;
            ck_assert_uint_eq(e.events[k].neuron, 2);
            ck_assert(!paired || fabs(e.events[k].size) < pairing.window);
            ck_assert(k == 0 || e.events[k].time >= e.events[k - 1].time);
        }
        ck_assert_uint_eq(events, n[0] + n[1]);
        ck_assert_uint_le(pairs, n[0] < n[1] ? n[0] : n[1]);
        ck_assert_double_eq_tol(cost, least_cost(times[0], n[0], 0, times[1], n[1], 0), 1e-12);
        pm_raster_free(&trains[0]);
        pm_raster_free(&trains[1]);
    }
    pm_errors_free(&e);
    gsl_rng_free(rng);
}
END_TEST

/* Desired spikes are moved apart by the least squares: with y_k = t_k - k closest that is x_k = max over i <= k of the
 * min over j >= k of the mean of y_i ... y_j (the max-min formula of isotonic regression). */
static double spread_by_formula(const double *time, size_t n, size_t k, double closest) {
    double most = -INFINITY;
    for (size_t i = 0; i <= k; i++) {
        double least = INFINITY, sum = 0.0;
        for (size_t j = i; j < n; j++) {
            sum += time[j] - (double)j * closest;
            least = j < k ? least : fmin(least, sum / (double)(j - i + 1));
        }
        most = fmax(most, least);
    }
    return most + (double)k * closest;
}

START_TEST(close_spikes_are_spread) {
    enum { N = 12 };
    pm_error_pairing pairing = PAIRING;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 5);
    pm_error_events e = {0};
    size_t moved = 0, still = 0;
    for (int seed = 0; seed < 200; seed++) {
        double time[N], t = 10.0;
        const size_t n = 1 + gsl_rng_uniform_int(rng, N);
        for (size_t k = 0; k < n; k++)
            time[k] = t += gsl_rng_uniform(rng) * (k % 3 ? 0.6 : 4.0);
        pm_raster none = {0}, desired = raster_of(time, n, 0, 0.0);
        pairing.closest = seed % 4 ? 0.5 : 0.0; /* ms */
        ck_assert_int_eq(pm_errors_paired(&e, &none, &desired, 1, &pairing, NULL), PM_OK);
        ck_assert_uint_eq(e.n, n);
        for (size_t k = 0; k < n; k++) {
            double expected = spread_by_formula(time, n, k, pairing.closest);
            ck_assert_double_eq_tol(e.events[k].time, expected, 1e-12);
            ck_assert(k == 0 || e.events[k].time - e.events[k - 1].time >= pairing.closest - 1e-12);
            ck_assert(pairing.closest > 0.0 || e.events[k].time == time[k]);
            moved += fabs(expected - time[k]) > 0.01;
            still += fabs(expected - time[k]) < 1e-12;
        }
        pm_raster_free(&desired);
    }
    pm_errors_free(&e);
    gsl_rng_free(rng);
    ck_assert_uint_ge(moved, 100);
    ck_assert_uint_ge(still, 100);
}
END_TEST

Suite *pm_suite_errors(void);
Suite *pm_suite_errors(void) {
    Suite *suite = suite_create("errors");
    TCase *tests = tcase_create("errors");
    tcase_add_test(tests, plain);
    tcase_add_test(tests, paired_by_hand);
    tcase_add_test(tests, pairing_costs_least);
    tcase_add_test(tests, close_spikes_are_spread);
    suite_add_tcase(suite, tests);
    return suite;
}
