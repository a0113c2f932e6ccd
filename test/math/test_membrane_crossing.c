/* The first crossing of the general neuron: none missed, none invented, and as exact as u is. The reference is a search
 * in 113 bits that knows only a bound of the curvature (support/cell.h). */
#include "model/neuron.h"
#include "support/cell.h"
#include "support/draw.h"
#include "support/slope.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 20 };

/* A neuron with its terms, a state and a horizon. */
typedef struct interval {
    pm_port ports[MOST];
    pm_decay thresholds[MOST], after[MOST];
    pm_sine sines[MOST];
    pm_membrane m;
    double x[PM_MEMBRANE_WIDTH];
    double horizon;
} interval;

/* A time constant: one of those so far, or one close to it, in a third of cases. */
static double draw_tau(gsl_rng *rng, double *known, size_t *n) {
    double tau = draw_log(rng, 0.1, 100.0);
    if (draw_chance(rng, 0.15))
        tau = draw_close(rng, known[gsl_rng_uniform_int(rng, *n)]);
    else if (draw_chance(rng, 0.15))
        tau = known[gsl_rng_uniform_int(rng, *n)];
    known[(*n)++] = tau;
    return tau;
}

static double draw_signed(gsl_rng *rng, double most) { return draw_uniform(rng, -most, most); }

/* A port and its state (i, b): currents that move u by some 10 mV. */
static pm_port draw_port(gsl_rng *rng, double tau_m, double *known, size_t *n, double C, double *x) {
    double tau = draw_tau(rng, known, n), other = draw_tau(rng, known, n);
    double scale = C / fmin(tau_m, tau) * (draw_chance(rng, 0.3) ? 0.1 : 1.0);
    x[0] = draw_chance(rng, 0.3) ? 0.0 : draw_signed(rng, 40.0) * scale;
    x[1] = draw_signed(rng, 40.0) * scale;
    if (draw_chance(rng, 0.25)) {
        x[1] = 0.0;
        return pm_port_single(tau_m, tau);
    }
    if (draw_chance(rng, 0.25))
        return pm_port_alpha(tau_m, tau);
    if (other == tau)
        other = nextafter(tau, 0.0);
    pm_port port = pm_port_double(tau_m, fmax(tau, other), fmin(tau, other));
    if (draw_chance(rng, 0.7))
        x[1] /= fmax(pm_port_peak_current(&port), 1e-3);
    return port;
}

static double start_g(const interval *v) { return (v->x[0] - v->m.theta) - pm_membrane_raised(&v->m, v->x); }

static void draw_interval(gsl_rng *rng, interval *v, size_t most_terms, double chance_of_sines) {
    double known[4 * MOST], C = draw_uniform(rng, 50.0, 500.0);
    size_t n = 1;
    const double tau_m = known[0] = draw_log(rng, 0.5, 100.0);
    v->m = (pm_membrane){.l_m = 1.0 / tau_m,
                         .inv_C = 1.0 / C,
                         .theta = 20.0,
                         .ports = v->ports,
                         .thresholds = v->thresholds,
                         .after = v->after,
                         .sines = v->sines};
    if (draw_chance(rng, 0.5))
        v->m.u_inf = draw_signed(rng, 40.0);
    double h[MOST], A[MOST], z[2 * MOST], pairs[2 * MOST];
    const double chance_of_ports = draw_uniform(rng, 0.3, 1.0);
    for (size_t left = 1 + gsl_rng_uniform_int(rng, most_terms); left > 0; left--) {
        if (draw_chance(rng, chance_of_sines)) {
            double phase = draw_signed(rng, 3.0);
            v->sines[v->m.n_sines] =
                pm_sine_new(tau_m, draw_signed(rng, 20.0) * C / tau_m, 0.0063 * draw_log(rng, 1.0, 300.0), phase);
            z[2 * v->m.n_sines] = v->sines[v->m.n_sines].s;
            z[2 * v->m.n_sines + 1] = v->sines[v->m.n_sines].c;
            v->m.n_sines++;
        } else if (draw_chance(rng, chance_of_ports)) {
            v->ports[v->m.n_ports] = draw_port(rng, tau_m, known, &n, C, pairs + 2 * v->m.n_ports);
            v->m.n_ports++;
        } else if (draw_chance(rng, 0.5)) {
            h[v->m.n_thresholds] = draw_signed(rng, 15.0);
            v->thresholds[v->m.n_thresholds++] = pm_decay_new(tau_m, draw_tau(rng, known, &n), 1.0);
        } else {
            double tau = draw_tau(rng, known, &n);
            A[v->m.n_after] = draw_signed(rng, 30.0) * C / fmin(tau_m, tau);
            v->after[v->m.n_after++] = pm_decay_new(tau_m, tau, 1.0);
        }
    }
    pm_membrane_complete(&v->m);
    double *x = v->x;
    *x++ = draw_chance(rng, 0.1) ? 0.0 : draw_uniform(rng, -30.0, 19.0);
    for (size_t k = 0; k < 2 * v->m.n_ports; k++)
        *x++ = pairs[k];
    for (size_t k = 0; k < v->m.n_thresholds; k++)
        *x++ = h[k];
    for (size_t k = 0; k < v->m.n_after; k++)
        *x++ = A[k];
    for (size_t k = 0; k < 2 * v->m.n_sines; k++)
        *x++ = z[k];
    v->horizon = draw_log(rng, 1e-3, 300.0);
    double row[PM_MEMBRANE_ROW], y[PM_MEMBRANE_WIDTH];
    pm_membrane_row_at(&v->m, v->horizon * draw_uniform(rng, 0.0, 1.0), row);
    pm_membrane_move(&v->m, row, v->x, y);
    double passed = y[0] - pm_membrane_raised(&v->m, y), start = v->x[0] - pm_membrane_raised(&v->m, v->x);
    if (passed > start + 1e-3 && draw_chance(rng, 0.8))
        v->m.theta = passed; /* where the course passes at a random time */
    else if (start_g(v) >= 0.0 && draw_chance(rng, 0.98))
        v->m.theta = start + draw_log(rng, 0.01, 30.0);
}

static double ulp(double t) { return nextafter(t, INFINITY) - t; }

/* What one rounding of each term of u - threshold at time t amounts to, mV. */
static double rounding_of_u(const interval *v, double t) {
    const pm_membrane *m = &v->m;
    double row[PM_MEMBRANE_ROW], sum = fabs(start_g(v));
    pm_membrane_row_at(m, t, row);
    const double *r = row + 2, *x = v->x + 1;
    sum += (fabs(v->x[0]) + fabs(m->u_inf)) * row[1];
    for (size_t p = 0; p < m->n_ports; p++, r += PM_ROW_PORT, x += 2)
        sum += fabs(x[0]) * r[PM_ROW_D1] + fabs(x[1]) * r[PM_ROW_D12];
    for (size_t k = 0; k < m->n_thresholds + m->n_after; k++, r += 2, x++)
        sum += fabs(*x) * r[1];
    for (size_t q = 0; q < m->n_sines; q++, r += PM_ROW_SINE, x += 2)
        sum += fabs(x[0] * r[PM_ROW_OF_S]) + fabs(x[1] * r[PM_ROW_OF_C]);
    return 0x1p-53 * sum;
}

/* As for the small case: 4 ulp where u is steep, 16 roundings of the terms of u divided by the slope anywhere. */
static double allowed_error(const interval *v, double t, double slope) {
    return fmax(4.0 * ulp(t), 0.5 * ulp(t) + 16.0 * rounding_of_u(v, t) / slope);
}

/* Sum of the magnitudes of all terms of u - threshold over the interval, mV. */
static double magnitude(const interval *v) {
    const pm_membrane *m = &v->m;
    const double *x = v->x + 1;
    double sum = fabs(v->x[0]) + fabs(m->u_inf) + fabs(m->theta);
    for (size_t p = 0; p < m->n_ports; p++, x += 2) {
        const pm_port *port = &m->ports[p];
        sum += (fabs(x[0]) * fmin(v->horizon, port->most_decay) +
                fabs(x[1]) * fmin(port->k * v->horizon * v->horizon, port->most_u)) *
               m->inv_C;
    }
    for (size_t j = 0; j < m->n_thresholds; j++, x++)
        sum += fabs(*x);
    for (size_t k = 0; k < m->n_after; k++, x++)
        sum += fabs(*x) * fmin(v->horizon, m->after[k].as_port.most_decay) * m->inv_C;
    for (size_t q = 0; q < m->n_sines; q++, x += 2)
        sum += (fabs(x[0]) + fabs(x[1])) * fmin(v->horizon, 1.0 / m->l_m) * m->inv_C;
    return sum;
}

/* The threshold for which the start is exactly what the search took it for. */
static quad theta_of(const interval *v) {
    quad raised = 0;
    const double *h = v->x + pm_membrane_at_threshold(&v->m);
    for (size_t j = 0; j < v->m.n_thresholds; j++)
        raised += h[j];
    return (quad)v->x[0] - raised - start_g(v);
}

/* Where the rounding of u leaves it open whether u reaches the threshold: a threshold lower by `slack` has its first
 * crossing at or before t, one higher by it at or after t. */
static bool right_within_rounding(const interval *v, double t, const cell_state *start) {
    const quad slack = (quad)2e-14 * magnitude(v), margin = (quad)1e-26 * magnitude(v);
    cell_search found;
    cell higher = {&v->m, theta_of(v) + slack};
    cell_first_crossing(&higher, start, v->horizon, margin, true, &found);
    if (found.verdict == CELL_UNCERTAIN || (found.verdict == CELL_CROSSES && !(t <= found.high)))
        return false;
    cell lower = {&v->m, theta_of(v) - slack};
    if (t == INFINITY || cell_course_of(&lower, start, 0).g >= 0)
        return true;
    cell_first_crossing(&lower, start, v->horizon, margin, true, &found);
    return found.verdict == CELL_CROSSES && t >= found.low;
}

static bool is_right(const interval *v, double t) {
    if (start_g(v) >= 0.0)
        return t == 0.0;
    if (!(t == INFINITY || (t > 0.0 && t <= v->horizon)))
        return false;
    cell exact = {&v->m, theta_of(v)};
    cell_state start = cell_start(&v->m, v->x);
    cell_search found;
    cell_first_crossing(&exact, &start, v->horizon, (quad)1e-14 * magnitude(v), false, &found);
    if (found.verdict == CELL_UNCERTAIN)
        return right_within_rounding(v, t, &start);
    if (found.verdict == CELL_NONE || t == INFINITY)
        return found.verdict == CELL_NONE && t == INFINITY;
    quad reference = found.low + cell_zero(&exact, &found.start, found.high - found.low, false);
    cell_state at = cell_after(&exact, &start, reference);
    double slope = (double)cell_course_of(&exact, &at, 0).slope;
    double error = (double)quad_abs(t - reference), allowed = allowed_error(v, (double)reference, slope);
    return error <= allowed;
}

static long intervals(long usual) {
    const char *text = getenv("PM_INTERVALS");
    return text ? atol(text) : usual;
}

static unsigned long seed(unsigned long usual) {
    const char *text = getenv("PM_SEED");
    return text ? (unsigned long)atol(text) : usual;
}

/* No mismatch with the search that cannot miss, over PM_INTERVALS random intervals with 2 to 20 terms. */
START_TEST(random_intervals) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(901));
    long crossed = 0, n = intervals(1000);
    for (long k = 0; k < n; k++) {
        interval v;
        draw_interval(rng, &v, 19, k % 4 ? 0.0 : 0.2);
        double t = pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
        ck_assert_msg(is_right(&v, t), "interval %ld: t = %.17g", k, t);
        crossed += t < INFINITY;
    }
    ck_assert(crossed > n / 3 && crossed < n * 9 / 10);
    gsl_rng_free(rng);
}
END_TEST

/* The row of the horizon may be given or not; a longer horizon gives the same bits, and so does every one beyond the
 * crossing's rounding; a shorter one gives none. */
START_TEST(horizon_and_row_change_nothing) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(902));
    long found = 0, n = 10 * intervals(1000);
    for (long k = 0; k < n; k++) {
        interval v;
        draw_interval(rng, &v, 10, k % 4 ? 0.0 : 0.2);
        double row[PM_MEMBRANE_ROW], t = pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
        pm_membrane_row_at(&v.m, v.horizon, row);
        ck_assert(pm_membrane_crossing(&v.m, v.x, v.horizon, row) == t);
        if (t == INFINITY || t == 0.0)
            continue;
        double y[PM_MEMBRANE_WIDTH], slope;
        pm_membrane_row_at(&v.m, t, row);
        pm_membrane_move(&v.m, row, v.x, y);
        slope = pm_membrane_approach(&v.m, y);
        double error = slope > 0.0 ? allowed_error(&v, t, slope) : INFINITY;
        if (!(error < 1e-6 * t))
            continue;
        found++;
        for (double longer = 1.0; longer < 50.0; longer *= draw_uniform(rng, 1.0, 3.0))
            ck_assert(pm_membrane_crossing(&v.m, v.x, t * longer + 2.0 * error, NULL) == t);
        ck_assert(pm_membrane_crossing(&v.m, v.x, t - 2.0 * error, NULL) == INFINITY);
        double at = pm_membrane_crossing(&v.m, v.x, t, NULL);
        ck_assert(at == t || at == INFINITY);
    }
    ck_assert(found > n / 5);
    gsl_rng_free(rng);
}
END_TEST

static double g_at(const interval *v, double t) {
    double row[PM_MEMBRANE_ROW], y[PM_MEMBRANE_WIDTH];
    pm_membrane_row_at(&v->m, t, row);
    pm_membrane_move(&v->m, row, v->x, y);
    return (y[0] - v->m.theta) - pm_membrane_raised(&v->m, y);
}

/* A maximum of g that exceeds all before it, found on a grid and refined in 113 bits; its time, or -1. */
static quad grid_maximum(const interval *v, cell_state *at) {
    enum { STEPS = 64 };
    double best = start_g(v), before = best, now = g_at(v, v->horizon / STEPS);
    for (int k = 1; k < STEPS; k++) {
        double next = g_at(v, v->horizon * (k + 1) / STEPS);
        if (now > best + 1e-6 && now > before && now > next) {
            cell exact = {&v->m, theta_of(v)};
            cell_state start = cell_start(&v->m, v->x);
            quad low = v->horizon * (quad)(k - 1) / STEPS, high = v->horizon * (quad)(k + 1) / STEPS;
            cell_state from = cell_after(&exact, &start, low), to = cell_after(&exact, &start, high);
            if (!(cell_course_of(&exact, &from, 0).slope > 0 && cell_course_of(&exact, &to, 0).slope < 0))
                return -1;
            quad t = low + cell_zero(&exact, &from, high - low, true);
            *at = cell_after(&exact, &start, t);
            return t;
        }
        best = now > best ? now : best;
        before = now;
        now = next;
    }
    return -1;
}

/* A maximum 1e-9 mV above the threshold is found, by a crossing at or before it, one 1e-9 mV below is not; where the
 * two meet in the last bits (a double root), either answer is within the rounding of u. */
START_TEST(grazing) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(903));
    long grazed = 0, n = intervals(1000) / 10;
    for (long k = 0; k < n; k++) {
        interval v;
        cell_state top_state;
        draw_interval(rng, &v, 19, k % 4 ? 0.0 : 0.2);
        quad top = grid_maximum(&v, &top_state);
        if (top < 0)
            continue;
        cell exact = {&v.m, theta_of(&v)};
        double above = (double)cell_course_of(&exact, &top_state, 0).g;
        v.m.theta += above;
        const double off[] = {-1e-9, 0.0, 1e-9, 1e-12, -1e-12};
        const double middle = v.m.theta;
        for (size_t j = 0; j < sizeof off / sizeof *off; j++) {
            v.m.theta = middle + off[j];
            double t = pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
            ck_assert_msg(is_right(&v, t), "interval %ld, %g: %.17g", k, off[j], t);
            if (j == 0)
                ck_assert(t <= (double)top);
        }
        grazed++;
    }
    ck_assert(grazed > n / 20);
    gsl_rng_free(rng);
}
END_TEST

/* Currents that take g through zero at n given instants: the Gaussian elimination is in 113 bits, the amplitudes are
 * rounded once. */
static bool through(interval *v, int n, const double *instants) {
    quad A[8][9];
    cell_row row;
    for (int j = 0; j < n; j++) {
        cell_row_at(&v->m, instants[j], &row);
        for (int k = 0; k < n; k++)
            A[j][k] = row.c[2 + 2 * k + 1];
        A[j][n] = v->m.theta - (quad)v->m.u_inf - ((quad)v->x[0] - v->m.u_inf) * row.c[0];
    }
    for (int c = 0; c < n; c++) {
        int best = c;
        for (int j = c + 1; j < n; j++)
            best = quad_abs(A[j][c]) > quad_abs(A[best][c]) ? j : best;
        for (int k = c; k <= n; k++) {
            quad swap = A[c][k];
            A[c][k] = A[best][k];
            A[best][k] = swap;
        }
        if (A[c][c] == 0)
            return false;
        for (int j = 0; j < n; j++)
            for (int k = n; j != c && k >= c; k--)
                A[j][k] -= A[j][c] / A[c][c] * A[c][k];
    }
    for (int j = 0; j < n; j++)
        v->x[1 + j] = (double)(A[j][n] / A[j][j]);
    return true;
}

/* Two to six crossings within an interval, from far apart to so close that they are all but one multiple root: the
 * first one is found. */
START_TEST(several_crossings) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(904));
    long first = 0, n = intervals(1000) / 4;
    for (long k = 0; k < n; k++) {
        interval v;
        int roots = 2 + (int)gsl_rng_uniform_int(rng, 5);
        double instants[8], tau_m = draw_log(rng, 5.0, 30.0), spread = draw_log(rng, 1e-7, 1.0);
        v.m = (pm_membrane){
            .l_m = 1.0 / tau_m, .inv_C = 0.004, .theta = 20.0, .u_inf = draw_signed(rng, 40.0), .after = v.after};
        double tau = draw_log(rng, 0.3, 2.0);
        for (v.m.n_after = 0; v.m.n_after < (size_t)roots; v.m.n_after++) {
            v.after[v.m.n_after] = pm_decay_new(tau_m, tau, 0.0);
            tau *= draw_uniform(rng, 1.5, 4.0);
        }
        pm_membrane_complete(&v.m);
        v.x[0] = draw_uniform(rng, 0.0, 19.0);
        double t = draw_log(rng, 0.5, 20.0);
        for (int j = 0; j < roots; j++) {
            instants[j] = t;
            t *= 1.0 + spread * draw_uniform(rng, 0.2, 1.0);
        }
        v.horizon = 1.5 * t;
        if (!through(&v, roots, instants))
            continue;
        double got = pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
        ck_assert_msg(is_right(&v, got), "interval %ld: %d roots, spread %g, %.17g", k, roots, spread, got);
        first += fabs(got - instants[0]) < 1e-9 * got;
    }
    ck_assert(first > n / 20);
    gsl_rng_free(rng);
}
END_TEST

/* A state at or above the threshold crosses at once, whatever its horizon; one just below and rising very soon. */
START_TEST(crossing_at_the_start) {
    pm_port ports[] = {pm_port_double(10.0, 2.0, 0.5), pm_port_single(10.0, 8.0), pm_port_impulse()};
    pm_membrane m = {.l_m = 0.1, .inv_C = 0.004, .theta = 20.0, .n_ports = 3, .ports = ports};
    pm_membrane_complete(&m);
    for (int k = -1; k <= 1; k++) {
        double x[7] = {20.0, 1000.0 * k, 500.0 * k, 3000.0 * k};
        ck_assert(pm_membrane_crossing(&m, x, 10.0, NULL) == 0.0 && pm_membrane_crossing(&m, x, 0.0, NULL) == 0.0);
        x[0] = nextafter(20.0, 0.0);
        double t = pm_membrane_crossing(&m, x, 10.0, NULL);
        ck_assert(k == 1 ? t > 0.0 && t < 1e-13 : t == INFINITY);
        ck_assert(pm_membrane_crossing(&m, x, 0.0, NULL) == INFINITY);
        pm_membrane_arrive(&m, 2, 1.0, x);
        ck_assert(x[0] > 20.0 && pm_membrane_crossing(&m, x, 10.0, NULL) == 0.0);
    }
}
END_TEST

/* One port and nothing else: the small case of crossing.c. */
START_TEST(agrees_with_the_small_case) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(905));
    long found = 0, n = 20 * intervals(1000);
    for (long k = 0; k < n; k++) {
        pm_neuron neuron = draw_neuron(rng);
        pm_lif_state s = draw_state(rng, &neuron);
        double tau_m = neuron.C_m / neuron.g_L, horizon = draw_log(rng, 1e-3, 300.0);
        pm_port port = neuron.tau_2 > 0.0 ? pm_port_double(tau_m, neuron.tau_1, neuron.tau_2)
                                          : pm_port_single(tau_m, neuron.tau_1);
        pm_lif lif = pm_lif_of_neuron(&neuron);
        pm_membrane m = {
            .l_m = lif.l_m, .inv_C = lif.inv_C, .u_inf = lif.u_inf, .theta = lif.theta, .n_ports = 1, .ports = &port};
        pm_membrane_complete(&m);
        const double x[3] = {s.u, s.i, s.b};
        double t = pm_lif_crossing(&lif, &s, horizon), mine = pm_membrane_crossing(&m, x, horizon, NULL);
        double slope = t < INFINITY ? slope_at(&lif, &s, t) : 0.0;
        if (!(slope > 1e-3))
            continue; /* a graze: either is right */
        found++;
        ck_assert_msg(fabs(t - mine) <= 1e-12 * t + 1e-13 * 100.0 / slope, "%.17g %.17g", t, mine);
    }
    ck_assert(found > n / 10);
    gsl_rng_free(rng);
}
END_TEST

/* Numbers at the limits of what parameters may be, and beyond them, and horizons of all sizes: there is an answer, and
 * it lies in the interval. */
START_TEST(numbers_at_the_limits) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed(906));
    long crossed = 0, n = 5 * intervals(1000);
    for (long k = 0; k < n; k++) {
        interval v;
        const bool wide = draw_chance(rng, 0.5);
        const double low = wide ? 1e-9 : 0.1, high = wide ? 1e15 : 100.0, tau_m = draw_log(rng, low, high);
        draw_interval(rng, &v, 6, 0.1);
        v.m.l_m = 1.0 / tau_m;
        for (size_t p = 0; p < v.m.n_ports; p++) {
            double tau = draw_log(rng, low, high), fast = tau * draw_log(rng, 1e-9, 0.999);
            v.ports[p] = v.ports[p].kind == PM_PORT_SINGLE ? pm_port_single(tau_m, tau)
                         : draw_chance(rng, 0.5)           ? pm_port_alpha(tau_m, tau)
                                                           : pm_port_double(tau_m, tau, fast);
        }
        for (size_t j = 0; j < v.m.n_thresholds; j++)
            v.thresholds[j] = pm_decay_new(tau_m, draw_log(rng, low, high), 1.0);
        for (size_t j = 0; j < v.m.n_after; j++)
            v.after[j] = pm_decay_new(tau_m, draw_log(rng, low, high), 1.0);
        for (size_t j = 1; j < pm_membrane_width(&v.m); j++)
            v.x[j] *= draw_log(rng, 1e-9, wide ? 1e9 : 10.0);
        v.horizon = v.m.n_sines ? draw_log(rng, 1e-9, 1e3) : draw_log(rng, 1e-9, 1e12);
        pm_membrane_complete(&v.m);
        double t = pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
        ck_assert(t == INFINITY || (t >= 0.0 && t <= v.horizon));
        crossed += t < INFINITY;
        v.x[gsl_rng_uniform_int(rng, pm_membrane_width(&v.m))] = draw_chance(rng, 0.5) ? NAN : 1e307;
        (void)pm_membrane_crossing(&v.m, v.x, v.horizon, NULL);
    }
    ck_assert(crossed > n / 10);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_membrane_crossing(void);
Suite *pm_suite_membrane_crossing(void) {
    Suite *suite = suite_create("membrane_crossing");
    TCase *tests = tcase_create("membrane_crossing");
    tcase_set_timeout(tests, 1200);
    tcase_add_test(tests, random_intervals);
    tcase_add_test(tests, horizon_and_row_change_nothing);
    tcase_add_test(tests, grazing);
    tcase_add_test(tests, several_crossings);
    tcase_add_test(tests, crossing_at_the_start);
    tcase_add_test(tests, agrees_with_the_small_case);
    tcase_add_test(tests, numbers_at_the_limits);
    suite_add_tcase(suite, tests);
    return suite;
}
