/* The first crossing: none missed, none invented, and as exact as u is. The reference is a search that knows only
 * a bound of the curvature (support/course.inc), in long double where that decides, in 113 bits where it does not. */
#include "math/interval.h"
#include "model/neuron.h"
#include "support/draw.h"
#include "support/quad.h"
#include "support/slope.h"

#include <check.h>
#include <stdlib.h>

typedef struct interval {
    pm_neuron neuron;
    pm_lif lif;
    pm_lif_state state;
    double horizon;
} interval;

/* Thresholds are the usual one, or lie where the course passes at a random time; few below the start. */
static interval draw_interval(gsl_rng *rng) {
    interval v = {.neuron = draw_neuron(rng), .horizon = draw_log(rng, 1e-3, 300.0)};
    v.lif = pm_lif_of_neuron(&v.neuron);
    v.state = draw_state(rng, &v.neuron);
    double passed = pm_lif_u(&v.lif, &v.state, v.horizon * draw_uniform(rng, 0.0, 1.0));
    if (draw_chance(rng, 0.7) && fabs(passed) > 1e-3 && (passed > v.state.u || draw_chance(rng, 0.02)))
        v.lif.theta = passed;
    return v;
}

/* What one rounding of each term of u - theta at time t amounts to, mV. */
static double rounding_of_u(const interval *v, double t) {
    pm_lif_basis at = pm_lif_basis_at(&v->lif, t);
    const pm_lif_state *s = &v->state;
    return 0x1p-53 * (fabs(s->u - v->lif.theta) + (fabs(s->u) + fabs(v->lif.u_inf)) * at.rise + fabs(s->i) * at.d1 +
                      fabs(s->b) * at.d12);
}

static double ulp(double t) { return nextafter(t, INFINITY) - t; }

/* The error of a crossing is at most 4 ulp where u is steep, and 16 roundings of the terms of u divided by the slope
 * anywhere (D_12 loses up to a factor of 8 where its quotient takes over from its series). The largest errors over
 * 5 x 10^6 intervals were 10 roundings; 87 % of crossings are within 4 ulp. */
static double allowed_error(const interval *v, double t, double slope) {
    return fmax(4.0 * ulp(t), 0.5 * ulp(t) + 16.0 * rounding_of_u(v, t) / slope);
}

/* The crossing in 113 bits, inside a bracket on which u rises. */
static quad exact_crossing(const quad_lif *lif, const quad_state *start, quad low, quad high) {
    quad t = (low + high) / 2;
    for (int k = 0; k < 200; k++) {
        quad_state now = quad_advance(lif, start, t);
        quad g = now.u - lif->theta;
        if (g < 0)
            low = t;
        else
            high = t;
        quad next = t - g / quad_slope(lif, &now);
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        quad step = fabsq(next - t);
        t = next;
        if (step <= (quad)1e-30 * t)
            break;
    }
    return t;
}

/* Where 64 bits leave it open whether u reaches theta: the answer is wrong if no threshold within `slack`, the rounding
 * of u, makes it right. Also wrong if 113 bits leave that open. */
static bool right_within_rounding(const interval *v, double t) {
    quad_lif lif = quad_lif_new(&v->neuron, v->lif.theta);
    quad_state start = quad_state_of(&v->state);
    quad slack = (quad)1e-14 * quad_magnitude(&lif, &start, v->horizon);
    lif.theta += t < INFINITY ? -slack : slack;
    if (start.u >= lif.theta)
        return t < INFINITY;
    quad_search found = quad_first_crossing(&lif, &start, v->horizon, (quad)1e-28);
    if (t == INFINITY)
        return found.verdict == quad_NONE;
    if (found.verdict == quad_CROSSES)
        return t >= found.low;
    return false;
}

/* `sloppy_u` and `sloppy_t`: errors of u, mV, and of t, ms, that are granted on top. */
static bool is_nearly_right(const interval *v, double t, double sloppy_u, double sloppy_t) {
    if (v->state.u >= v->lif.theta)
        return t == 0.0;
    if (!(t == INFINITY || (t > 0.0 && t <= v->horizon)))
        return false;
    wide_lif lif = wide_lif_new(&v->neuron, v->lif.theta);
    wide_state start = wide_state_of(&v->state);
    wide_search found = wide_first_crossing(&lif, &start, v->horizon, 1e-13L);
    if (found.verdict == wide_UNCERTAIN)
        return right_within_rounding(v, t);
    if (found.verdict == wide_NONE || t == INFINITY)
        return found.verdict == wide_NONE && t == INFINITY;
    long double reference = found.low + wide_zero(&lif, &found.start, found.high - found.low, false);
    wide_state at = wide_advance(&lif, &found.start, reference - found.low);
    double slope = (double)wide_slope(&lif, &at);
    long double own_error = 0x1p-58L * wide_magnitude(&lif, &start, v->horizon) / slope;
    return fabsl(t - reference) <= allowed_error(v, t, slope) + own_error + sloppy_u / slope + sloppy_t;
}

static bool is_right(const interval *v, double t) { return is_nearly_right(v, t, 0.0, 0.0); }

/* The same question where the state at the horizon is given; `at` has to be the state at the crossing. Here u is not
 * taken as an increment from the start, and t is as exact as an instant on the scale of the interval. */
static bool is_right_between(const interval *v) {
    pm_lif_state end = pm_lif_advance(&v->lif, &v->state, v->horizon), at;
    double t = pm_lif_crossing_between(&v->lif, &v->state, &end, v->horizon, &at);
    double u = 0x1p-50 * (fabs(v->lif.theta) + fabs(v->state.u)), dt = 0x1p-51 * v->horizon;
    if (!is_nearly_right(v, t, u, dt))
        return false;
    if (t == INFINITY)
        return true;
    wide_lif lif = wide_lif_new(&v->neuron, v->lif.theta);
    wide_state start = wide_state_of(&v->state), exact = wide_advance(&lif, &start, t);
    return fabsl(at.u - exact.u) <= 1e-14L * wide_magnitude(&lif, &start, v->horizon);
}

static long intervals(void) {
    const char *text = getenv("PM_INTERVALS");
    return text ? atol(text) : 1000000;
}

/* No mismatch with the search that cannot miss, over PM_INTERVALS random intervals. */
START_TEST(random_intervals) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 301);
    for (long k = 0, n = intervals(); k < n; k++) {
        interval v = draw_interval(rng);
        double t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        ck_assert_msg(is_right(&v, t), "interval %ld: t = %.17g", k, t);
    }
    gsl_rng_free(rng);
}
END_TEST

START_TEST(random_intervals_with_known_ends) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 306);
    for (long k = 0, n = intervals() / 2; k < n; k++) {
        interval v = draw_interval(rng);
        ck_assert_msg(is_right_between(&v), "interval %ld", k);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Against 113 bits: the error in t is within its bound, and a longer horizon gives the same bits. */
START_TEST(time_of_the_crossing) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 302);
    long n = 1000 + intervals() / 50, crossings = 0, within_4_ulp = 0;
    for (long k = 0; k < n; k++) {
        interval v = draw_interval(rng);
        double t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        quad_lif lif = quad_lif_new(&v.neuron, v.lif.theta);
        quad_state start = quad_state_of(&v.state);
        wide_lif wide = wide_lif_new(&v.neuron, v.lif.theta);
        wide_state wide_start = wide_state_of(&v.state);
        if (v.state.u >= v.lif.theta || t == INFINITY)
            continue;
        wide_search found = wide_first_crossing(&wide, &wide_start, v.horizon, 1e-13L);
        if (found.verdict != wide_CROSSES)
            continue;
        crossings++;
        quad reference = exact_crossing(&lif, &start, found.low, found.high);
        quad_state at = quad_advance(&lif, &start, reference);
        double error = (double)fabsq(t - reference), slope = (double)quad_slope(&lif, &at);
        ck_assert_msg(error <= allowed_error(&v, t, slope), "interval %ld: %g ulp, slope %g, %g roundings", k,
                      error / ulp(t), slope, error / (rounding_of_u(&v, t) / slope));
        within_4_ulp += error <= 4.0 * ulp(t);
        const double longer[] = {t + 2.0 * allowed_error(&v, t, slope), 1.01 * t, 2.0 * t, 100.0 * t, 1e6};
        for (size_t j = 0; j < sizeof longer / sizeof *longer; j++)
            ck_assert(longer[j] < t || pm_lif_crossing(&v.lif, &v.state, longer[j]) == t);
        double before = t * (1.0 - 1e-9) - 16.0 * allowed_error(&v, t, slope);
        ck_assert(pm_lif_crossing(&v.lif, &v.state, before) == INFINITY);
    }
    ck_assert(crossings > n / 10 && within_4_ulp > 0.8 * (double)crossings);
    gsl_rng_free(rng);
}
END_TEST

/* The first place where u' changes from + to -, in 113 bits: found on a grid, refined; -1 if there is none. */
static quad exact_maximum(const quad_lif *lif, const quad_state *start, double horizon) {
    enum { STEPS = 64 };
    quad_basis step = quad_basis_at(lif, (quad)horizon / STEPS);
    quad_state s = *start;
    for (int k = 0; k < STEPS; k++) {
        quad_state next = quad_advance_by(lif, &s, &step);
        if (quad_slope(lif, &s) > 0 && quad_slope(lif, &next) < 0)
            return (quad)horizon * k / STEPS + quad_zero(lif, &s, (quad)horizon / STEPS, true);
        s = next;
    }
    return -1;
}

/* A first maximum 1e-9 mV above theta fires, and before it; one 1e-9 mV below does not. */
START_TEST(grazing) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 303);
    long grazed = 0, n = intervals() < 20000 ? intervals() : 20000;
    for (long k = 0; k < n; k++) {
        interval v = draw_interval(rng);
        v.horizon = draw_log(rng, 0.1, 10.0) * v.neuron.tau_1;
        quad_lif lif = quad_lif_new(&v.neuron, 0.0);
        quad_state start = quad_state_of(&v.state);
        quad top = exact_maximum(&lif, &start, v.horizon);
        if (top < 0)
            continue;
        quad_state at = quad_advance(&lif, &start, top);
        v.lif.theta = (double)(at.u - (quad)1e-9);
        if (at.u - start.u < (quad)1e-6)
            continue;
        grazed++;
        double t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        ck_assert(t <= (double)top && is_right(&v, t));
        quad_state then = quad_advance(&lif, &start, t);
        ck_assert(fabsq(then.u - v.lif.theta) < (quad)1e-11);
        v.lif.theta = (double)(at.u + (quad)1e-9);
        double later = (double)top * (1.0 + 1e-3); /* u falls up to there at least, or is flat */
        ck_assert(is_right(&v, pm_lif_crossing(&v.lif, &v.state, v.horizon)));
        ck_assert(pm_lif_crossing(&v.lif, &v.state, later < v.horizon ? later : v.horizon) == INFINITY);
    }
    ck_assert(grazed > n / 10);
    gsl_rng_free(rng);
}
END_TEST

/* The crossings of theta on a fine grid: their number, and the place of the first. */
static int count_crossings(const interval *v, double *first) {
    enum { STEPS = 400 };
    wide_lif lif = wide_lif_new(&v->neuron, v->lif.theta);
    wide_basis step = wide_basis_at(&lif, v->horizon / STEPS);
    wide_state s = wide_state_of(&v->state);
    int count = 0;
    for (int k = 0; k < STEPS; k++) {
        wide_state next = wide_advance_by(&lif, &s, &step);
        if ((s.u < lif.theta) != (next.u < lif.theta) && count++ == 0)
            *first = v->horizon * (k + 1) / STEPS;
        s = next;
    }
    return count;
}

/* Up and down, and up, down and up again: the first of the crossings is the one returned. */
START_TEST(several_crossings) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 304);
    long seen[5] = {0}, n = intervals() < 100000 ? intervals() : 100000;
    for (long k = 0; k < n; k++) {
        interval v = draw_interval(rng);
        if (k % 2) { /* a peak, a trough by a slow inhibition, and a drive beyond theta in the end */
            v.neuron = pm_neuron_default();
            v.neuron.E_L = 0.0;
            v.neuron.tau_1 = draw_uniform(rng, 11.0, 40.0);
            v.neuron.tau_2 = draw_uniform(rng, 1.0, 9.0);
            v.neuron.I_e = draw_uniform(rng, 610.0, 700.0);
            v.lif = pm_lif_of_neuron(&v.neuron);
            v.state = (pm_lif_state){draw_uniform(rng, 0.0, 19.0), draw_uniform(rng, 100.0, 2000.0),
                                     -draw_uniform(rng, 500.0, 3000.0)};
            v.horizon = 300.0;
        }
        if (v.state.u >= v.lif.theta)
            continue;
        double first = INFINITY, t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        int count = count_crossings(&v, &first);
        ck_assert(count <= 3);
        seen[count]++;
        if (count >= 2)
            ck_assert_msg(is_right(&v, t), "interval %ld: t = %.17g, on a grid %.17g", k, t, first);
    }
    ck_assert(seen[2] > n / 50 && seen[3] > n / 200);
    gsl_rng_free(rng);
}
END_TEST

/* A state at or above theta crosses at once, whatever its slope and horizon; one just below and rising very soon. */
START_TEST(crossing_at_the_start) {
    pm_neuron n = pm_neuron_default();
    n.E_L = 0.0;
    pm_lif lif = pm_lif_of_neuron(&n);
    for (int k = -1; k <= 1; k++) {
        pm_lif_state s = {20.0, 1000.0 * k, 500.0 * k};
        ck_assert(pm_lif_crossing(&lif, &s, 10.0) == 0.0 && pm_lif_crossing(&lif, &s, 0.0) == 0.0);
        s.u = 25.0;
        ck_assert(pm_lif_crossing(&lif, &s, 10.0) == 0.0);
        s.u = nextafter(20.0, 0.0);
        double t = pm_lif_crossing(&lif, &s, 10.0);
        ck_assert(k == 1 ? t > 0.0 && t < 1e-13 : t == INFINITY);
        ck_assert(pm_lif_crossing(&lif, &s, 0.0) == INFINITY);
    }
}
END_TEST

/* A crossing just before the horizon is found, one just beyond it is not. With the horizon within the rounding of the
 * crossing both answers are right; a crossing then lies within that rounding too. */
START_TEST(crossing_at_the_horizon) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 305);
    int found = 0, exact = 0;
    for (int k = 0; k < 5000; k++) {
        interval v = draw_interval(rng);
        double t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        if (t == INFINITY || t == 0.0)
            continue;
        double slope = slope_at(&v.lif, &v.state, t), error = allowed_error(&v, t, slope);
        if (!(slope > 0.0) || error > 1e-6 * t)
            continue;
        found++;
        double at = pm_lif_crossing(&v.lif, &v.state, t);
        at == t ? exact++ : 0;
        ck_assert(at == INFINITY || at == t);
        ck_assert(pm_lif_crossing(&v.lif, &v.state, t + 2.0 * error) == t);
        ck_assert(pm_lif_crossing(&v.lif, &v.state, t - 2.0 * error) == INFINITY);
    }
    ck_assert(found > 1000 && exact > found / 2);
    gsl_rng_free(rng);
}
END_TEST

/* Close time constants put the zero of i', or the maximum, where u' has decayed to nothing: it hides no crossing. */
START_TEST(far_out_extrema) {
    pm_neuron a = {.C_m = 152.44013985215969, .g_L = 20.583613691585615, .I_e = -58.683665629840327};
    pm_neuron b = {.C_m = 221.30650909768019, .g_L = 256.0, .I_e = 2707.9525807483351};
    pm_neuron c = {.C_m = 1475.7017190359195, .g_L = 256.0, .I_e = 7154.3665910362906};
    a.tau_1 = 3.6680262748205585, a.tau_2 = 3.6680262748205581, a.V_th = 6.5347413073354002;
    b.tau_1 = 4.3304696147902719, b.tau_2 = 4.3304696147902675, b.V_th = 10.648257631503283;
    c.tau_1 = 5.7638834516388968, c.V_th = 20.0;
    const interval known[] = {
        {.neuron = a, .state = {2.4697771666395809, 1507.7437075392727, -5351.0575358213637}, .horizon = 0.68},
        {.neuron = b, .state = {-18.469678975057363, 5779.0933796167847, -26227.983882215645}, .horizon = 44.0},
        {.neuron = c, .state = {0.0, 10.499398639751544, 0.0}, .horizon = 44.0},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        interval v = known[k];
        v.lif = pm_lif_of_neuron(&v.neuron);
        double t = pm_lif_crossing(&v.lif, &v.state, v.horizon);
        ck_assert(t < INFINITY && is_right(&v, t));
    }
}
END_TEST

Suite *pm_suite_crossing(void);
Suite *pm_suite_crossing(void) {
    Suite *suite = suite_create("crossing");
    TCase *tests = tcase_create("crossing");
    tcase_set_timeout(tests, 1200);
    tcase_add_test(tests, random_intervals);
    tcase_add_test(tests, random_intervals_with_known_ends);
    tcase_add_test(tests, time_of_the_crossing);
    tcase_add_test(tests, grazing);
    tcase_add_test(tests, several_crossings);
    tcase_add_test(tests, crossing_at_the_start);
    tcase_add_test(tests, crossing_at_the_horizon);
    tcase_add_test(tests, far_out_extrema);
    suite_add_tcase(suite, tests);
    return suite;
}
