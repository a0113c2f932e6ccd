#include <punctum/metric.h>

#include <check.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 30, SEEDS = 40, WORKSPACE = 200 };

typedef struct train {
    double times[LONGEST]; /* ms, ascending */
    size_t n;
} train;

/* Up to `most` spikes within 60 ms; every third on a whole ms, so that trains share instants, also with themselves. */
static train random_train(gsl_rng *rng, size_t most) {
    train x = {.n = gsl_rng_uniform_int(rng, most + 1)};
    for (size_t k = 0; k < x.n; k++) {
        double t = 60.0 * gsl_rng_uniform(rng);
        x.times[k] = k % 3 == 0 ? floor(t) : t;
    }
    gsl_sort(x.times, 1, x.n);
    return x;
}

typedef struct integrand {
    const train *x, *y;
    double from, tau; /* spikes at or before `from` take part */
    bool difference;  /* (f_x - f_y)^2 instead of f_x f_y */
} integrand;

static double filtered(const train *x, double from, double t, double tau) {
    double sum = 0.0;
    for (size_t k = 0; k < x->n && x->times[k] <= from; k++)
        sum += exp(-(t - x->times[k]) / tau);
    return sum;
}

static double value(double t, void *user) {
    const integrand *v = user;
    double f_x = filtered(v->x, v->from, t, v->tau), f_y = filtered(v->y, v->from, t, v->tau);
    return v->difference ? (f_x - f_y) * (f_x - f_y) : f_x * f_y;
}

/* The integral over all time, from jump to jump of the filtered trains. */
static double integral(const train *x, const train *y, double tau, bool difference) {
    double jumps[2 * LONGEST], sum = 0.0, part = 0.0, estimate = 0.0;
    memcpy(jumps, x->times, x->n * sizeof *jumps);
    memcpy(jumps + x->n, y->times, y->n * sizeof *jumps);
    size_t n = x->n + y->n;
    gsl_sort(jumps, 1, n);
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(WORKSPACE);
    for (size_t k = 0; k < n; k++) {
        integrand v = {x, y, jumps[k], tau, difference};
        gsl_function f = {value, &v};
        if (k + 1 == n)
            gsl_integration_qagiu(&f, jumps[k], 1e-13, 1e-10, WORKSPACE, w, &part, &estimate);
        else
            gsl_integration_qag(&f, jumps[k], jumps[k + 1], 1e-13, 1e-10, WORKSPACE, GSL_INTEG_GAUSS21, w, &part,
                                &estimate);
        sum += part;
    }
    gsl_integration_workspace_free(w);
    return sum;
}

static const double TAUS[] = {0.5, 5.0, 40.0}; /* ms */
enum { N_TAUS = sizeof TAUS / sizeof *TAUS };

/* Product, correlation and van Rossum distance are integrals of filtered trains: 1e-9 is the accuracy of the
 * quadrature. */
START_TEST(quadrature) {
    double tau = TAUS[_i];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 1 + (unsigned long)_i);
    for (int seed = 0; seed < SEEDS; seed++) {
        train x = random_train(rng, LONGEST), y = random_train(rng, LONGEST);
        double xy = integral(&x, &y, tau, false) / (0.5 * tau), xx = integral(&x, &x, tau, false) / (0.5 * tau);
        double yy = integral(&y, &y, tau, false) / (0.5 * tau);
        double product = pm_train_product(x.times, x.n, y.times, y.n, tau);
        ck_assert_double_eq_tol(product, xy, 1e-9 * (1.0 + xy));
        ck_assert_double_eq_tol(pm_train_product(y.times, y.n, x.times, x.n, tau), product, 1e-13 * (1.0 + product));
        if (x.n > 0 && y.n > 0)
            ck_assert_double_eq_tol(pm_train_correlation(x.times, x.n, y.times, y.n, tau), xy / sqrt(xx * yy), 1e-9);
        double rossum = pm_train_van_rossum(x.times, x.n, y.times, y.n, tau);
        double squares = integral(&x, &y, tau, true) / tau;
        ck_assert_double_eq_tol(rossum * rossum, squares, 1e-9 * (1.0 + squares));
    }
    gsl_rng_free(rng);
}
END_TEST

/* A train is like itself, empty trains are like each other, and nothing is like an empty train. */
START_TEST(alike_and_empty) {
    const double x[] = {1.0, 2.0, 2.0, 30.0};
    ck_assert_double_eq_tol(pm_train_correlation(x, 4, x, 4, 5.0), 1.0, 1e-15);
    ck_assert_double_eq(pm_train_van_rossum(x, 4, x, 4, 5.0), 0.0);
    ck_assert_double_eq(pm_train_correlation(NULL, 0, NULL, 0, 5.0), 1.0);
    ck_assert_double_eq(pm_train_correlation(x, 4, NULL, 0, 5.0), 0.0);
    ck_assert_double_eq(pm_train_correlation(NULL, 0, x, 4, 5.0), 0.0);
    ck_assert_double_eq(pm_train_product(NULL, 0, x, 4, 5.0), 0.0);
    ck_assert_double_eq(pm_train_van_rossum(NULL, 0, NULL, 0, 5.0), 0.0);
    ck_assert_double_eq_tol(pm_train_van_rossum(x, 1, NULL, 0, 5.0), sqrt(0.5), 1e-15);
    ck_assert_double_eq_tol(pm_train_van_rossum(NULL, 0, x, 1, 5.0), sqrt(0.5), 1e-15);
}
END_TEST

/* Time constants and costs of 0 and infinity are limits: spikes count where they coincide, or wherever they are. */
START_TEST(limits) {
    const double x[] = {1.0, 2.0, 2.0, 30.0}, y[] = {2.0, 5.0}, none = 0.0, ever = INFINITY;
    ck_assert_double_eq(pm_train_product(x, 4, y, 2, none), 2.0);
    ck_assert_double_eq(pm_train_product(x, 4, y, 2, ever), 8.0);
    ck_assert_double_eq(pm_train_product(x, 4, x, 4, none), 6.0);
    ck_assert_double_eq(pm_train_correlation(x, 4, x, 4, none), 1.0);
    ck_assert_double_eq(pm_train_correlation(x, 4, y, 2, ever), 1.0);
    ck_assert_double_eq(pm_train_van_rossum(x, 4, x, 4, none), 0.0);
    ck_assert_double_eq(pm_train_van_rossum(x, 4, x, 4, ever), 0.0);
    ck_assert_double_eq(pm_train_van_rossum(x, 4, y, 2, none), sqrt(2.0)); /* 1, 2 less 1, 30 against 5 */
    ck_assert_double_eq(pm_train_van_rossum(x, 4, y, 2, ever), sqrt(2.0));
    for (int k = 0; k < 40;
         k++) { /* on the way there: spikes 1 ms apart under tau = 2^-k, all of them under 2^(k + 20) */
        double tau = ldexp(1.0, -k - 6), long_tau = ldexp(1.0, k + 20);
        ck_assert_double_eq_tol(pm_train_van_rossum(x, 4, y, 2, tau), sqrt(2.0), 1e-15);
        ck_assert_double_eq_tol(pm_train_van_rossum(x, 4, y, 2, long_tau), sqrt(2.0), 50.0 / long_tau);
    }
}
END_TEST

/* A spike that is moved by next to nothing is as far away as it was moved, to all digits: sqrt(1 - e^(-d/tau)). */
START_TEST(small_shifts) {
    for (int k = 1; k < 50; k++)
        for (double tau = 0.5; tau < 50.0; tau *= 3.0) {
            const double x[] = {1.0, 20.0}, y[] = {1.0 + ldexp(1.0, -k), 20.0};
            double moved = sqrt(-expm1(-(y[0] - x[0]) / tau));
            ck_assert_double_eq_tol(pm_train_van_rossum(x, 1, y, 1, tau), moved, 1e-15 * moved);
            ck_assert_double_eq_tol(pm_train_van_rossum(y, 1, x, 1, tau), moved, 1e-15 * moved);
            ck_assert_double_eq_tol(pm_train_square_distance(x, 2, y, 2, tau), moved * moved,
                                    moved * moved * (exp(-18.0 / tau) + 1e-15)); /* what is left at the second spike */
        }
    const double x[] = {10.0}, y[] = {10.0 + 1e-13};
    double moved = sqrt(-expm1(-(y[0] - x[0]) / 5.0));
    ck_assert_double_eq_tol(pm_train_van_rossum(x, 1, y, 1, 5.0), moved, 1e-15 * moved);
}
END_TEST

/* Only differences of times count, wherever the trains lie; the shift itself costs 1e5 ms * 2^-53 / tau of accuracy. */
START_TEST(shifted) {
    const double x[] = {1.0, 2.5, 4.0}, y[] = {1.5, 2.5, 9.0}, shifts[] = {-1e5, -60.0, 1e5};
    double product = pm_train_product(x, 3, y, 3, 0.1), rossum = pm_train_van_rossum(x, 3, y, 3, 0.1);
    for (size_t s = 0; s < 3; s++) {
        double a[3], b[3];
        for (size_t k = 0; k < 3; k++) {
            a[k] = x[k] + shifts[s];
            b[k] = y[k] + shifts[s];
        }
        ck_assert_double_eq_tol(pm_train_product(a, 3, b, 3, 0.1), product, 1e-8);
        ck_assert_double_eq_tol(pm_train_van_rossum(a, 3, b, 3, 0.1), rossum, 1e-8);
    }
}
END_TEST

static double victor_purpura(const double *x, size_t n_x, const double *y, size_t n_y, double cost) {
    double distance = NAN;
    ck_assert_int_eq(pm_train_victor_purpura(x, n_x, y, n_y, cost, &distance, NULL), PM_OK);
    return distance;
}

/* Small cases that can be told by hand. */
START_TEST(victor_purpura_by_hand) {
    const double x[] = {10.0, 20.0}, y[] = {12.0, 20.0, 50.0}, pair[] = {5.0, 5.0};
    ck_assert_double_eq(victor_purpura(NULL, 0, NULL, 0, 1.0), 0.0);
    ck_assert_double_eq(victor_purpura(x, 2, NULL, 0, 1.0), 2.0);
    ck_assert_double_eq(victor_purpura(NULL, 0, y, 3, 1.0), 3.0);
    ck_assert_double_eq(victor_purpura(x, 2, x, 2, 7.0), 0.0);
    ck_assert_double_eq(victor_purpura(x, 1, y, 1, 0.25), 0.5);  /* moved */
    ck_assert_double_eq(victor_purpura(x, 1, y, 1, 1.0), 2.0);   /* moved or replaced: the same */
    ck_assert_double_eq(victor_purpura(x, 1, y, 1, 100.0), 2.0); /* replaced */
    ck_assert_double_eq(victor_purpura(x, 2, y, 3, 0.25), 1.5);
    ck_assert_double_eq(victor_purpura(x, 2, y, 3, 0.0), 1.0); /* numbers of spikes only */
    ck_assert_double_eq(victor_purpura(pair, 2, pair, 1, 1.0), 1.0);
    ck_assert_double_eq(victor_purpura(pair, 2, pair, 2, 1.0), 0.0);
    ck_assert_double_eq(victor_purpura(x, 2, x, 2, INFINITY), 0.0); /* at no cost for a spike that stays */
    ck_assert_double_eq(victor_purpura(x, 2, y, 3, INFINITY), 3.0);
    ck_assert_double_eq(victor_purpura(pair, 2, pair, 1, INFINITY), 1.0);
    const double near[] = {10.0 + 1e-13};
    ck_assert_double_eq(victor_purpura(x, 1, near, 1, 0.5), 0.5 * (near[0] - x[0]));
}
END_TEST

/* The least cost over every way to pair spikes of x with spikes of y, crossing ones included. */
static double least_cost(const train *x, size_t next, const train *y, unsigned taken, double cost) {
    if (next == x->n)
        return (double)y->n - (double)__builtin_popcount(taken);
    double least = 1.0 + least_cost(x, next + 1, y, taken, cost);
    for (size_t j = 0; j < y->n; j++)
        if (!(taken & 1U << j))
            least = fmin(least,
                         cost * fabs(x->times[next] - y->times[j]) + least_cost(x, next + 1, y, taken | 1U << j, cost));
    return least;
}

/* The recursion finds the least cost among all pairings, up to the order of its sums. */
START_TEST(victor_purpura_enumerated) {
    static const double costs[] = {0.01, 0.1, 0.5, 3.0}; /* 1/ms */
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 3);
    for (int seed = 0; seed < 200; seed++) {
        train x = random_train(rng, 6), y = random_train(rng, 6);
        double cost = costs[seed % 4];
        double expected = least_cost(&x, 0, &y, 0, cost);
        ck_assert_double_eq_tol(victor_purpura(x.times, x.n, y.times, y.n, cost), expected, 1e-13);
        ck_assert_double_eq_tol(victor_purpura(y.times, y.n, x.times, x.n, cost), expected, 1e-13);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Trains match if they have as many spikes and each lies within the window of its own; the window's edge belongs to it.
 */
START_TEST(matching) {
    const double x[] = {1.0, 2.0, 2.0}, y[] = {1.5, 2.0, 2.25}, bad[] = {1.0, NAN};
    ck_assert(pm_train_matches(x, 3, y, 3, 0.5));
    ck_assert(!pm_train_matches(x, 3, y, 3, 0.4999));
    ck_assert(!pm_train_matches(x, 3, y, 2, 10.0));
    ck_assert(!pm_train_matches(NULL, 0, y, 1, 10.0));
    ck_assert(pm_train_matches(NULL, 0, NULL, 0, 0.0));
    ck_assert(pm_train_matches(x, 3, x, 3, 0.0));
    ck_assert(!pm_train_matches(x, 2, bad, 2, 10.0));
}
END_TEST

Suite *pm_suite_distance(void);
Suite *pm_suite_distance(void) {
    Suite *suite = suite_create("distance");
    TCase *tests = tcase_create("distance");
    tcase_add_loop_test(tests, quadrature, 0, N_TAUS);
    tcase_add_test(tests, alike_and_empty);
    tcase_add_test(tests, limits);
    tcase_add_test(tests, small_shifts);
    tcase_add_test(tests, shifted);
    tcase_add_test(tests, victor_purpura_by_hand);
    tcase_add_test(tests, victor_purpura_enumerated);
    tcase_add_test(tests, matching);
    suite_add_tcase(suite, tests);
    return suite;
}
