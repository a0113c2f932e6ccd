/* The closed forms of the general neuron against 113-bit arithmetic, and the jumps and bounds that belong to them. */
#include "math/membrane_terms.h"
#include "math/rotation.h"
#include "support/cell.h"
#include "support/draw.h"

#include <check.h>
#include <string.h>

/* The promise of membrane.h; terms below e^-300 count as zero, as in test_lif.c. */
static const double TOLERANCE = 1e-13, DEEPEST = 300.0;

/* Sine and cosine and 1 - cos to their own rounding, over all sizes of the angle and of its factors. */
START_TEST(rotations) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 801);
    for (int k = 0; k < 20000; k++) {
        double w = draw_log(rng, 1e-6, 100.0), t = draw_log(rng, 1e-9, 1e6);
        if (k % 3 == 0)
            t = floor(draw_uniform(rng, 0.0, 1e5)) * 0.5 * M_PI / w; /* close to multiples of pi/2 */
        quad x = (quad)w * t, versine = 2 * sinq(x / 2) * sinq(x / 2);
        pm_rotation at = pm_rotation_at(w, t);
        ck_assert(fabsq(at.sin - sinq(x)) <= 0x1p-51 && fabsq(at.cos - cosq(x)) <= 0x1p-51);
        ck_assert(fabsq(at.versine - versine) <= 0x1p-51 * (x < 0.5 ? versine : 1));
    }
    pm_rotation none = pm_rotation_at(1.0, 0.0);
    ck_assert(none.sin == 0.0 && none.cos == 1.0 && none.versine == 0.0);
    gsl_rng_free(rng);
}
END_TEST

/* A neuron with a port of each kind, a threshold, an after-spike current and a sine. */
typedef struct sample {
    double tau_m, tau_1, tau_2, tau_3;
    pm_port ports[4];
    pm_decay threshold, after;
    pm_sine sine;
    pm_membrane m;
} sample;

static void make_sample(sample *v, double tau_m, double tau_1, double tau_2, double tau_3, double w) {
    *v = (sample){.tau_m = tau_m, .tau_1 = tau_1, .tau_2 = tau_2, .tau_3 = tau_3};
    v->ports[0] = pm_port_double(tau_m, tau_1, tau_2);
    v->ports[1] = pm_port_alpha(tau_m, tau_3);
    v->ports[2] = pm_port_single(tau_m, tau_3);
    v->ports[3] = pm_port_impulse();
    v->threshold = pm_decay_new(tau_m, tau_2, 2.0);
    v->after = pm_decay_new(tau_m, tau_1, -30.0);
    v->sine = pm_sine_new(tau_m, 100.0, w, 1.0);
    v->m = (pm_membrane){.l_m = 1.0 / tau_m,
                         .inv_C = 0.004,
                         .u_inf = 5.0,
                         .theta = 20.0,
                         .n_ports = 4,
                         .n_thresholds = 1,
                         .n_after = 1,
                         .n_sines = 1,
                         .ports = v->ports,
                         .thresholds = &v->threshold,
                         .after = &v->after,
                         .sines = &v->sine};
    pm_membrane_complete(&v->m);
}

static double apart(gsl_rng *rng, double tau) {
    return draw_chance(rng, 0.5) ? draw_close(rng, tau) : draw_log(rng, 0.1, 100.0);
}

static void draw_sample(gsl_rng *rng, sample *v) {
    double tau_m = draw_log(rng, 0.1, 100.0), a = apart(rng, tau_m), b = apart(rng, a), c = apart(rng, b);
    if (a == b)
        b = nextafter(a, 0.0);
    make_sample(v, tau_m, fmax(a, b), fmin(a, b), c, draw_log(rng, 1e-4, 10.0));
}

static double relative(double value, quad reference) {
    return reference == 0 ? (value == 0.0 ? 0.0 : INFINITY) : (double)fabsq((value - reference) / reference);
}

/* Every coefficient, with time constants of all ratios, equal and nearly equal ones included. Those of a sine have
 * zeros: theirs are relative to what they are made of. */
START_TEST(coefficients) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 802);
    for (int k = 0; k < 6000; k++) {
        sample v;
        draw_sample(rng, &v);
        double t = draw_log(rng, 1e-9, 1000.0), row[PM_MEMBRANE_ROW];
        if (v.m.fastest * t > DEEPEST)
            continue;
        cell_row exact;
        pm_membrane_row_at(&v.m, t, row);
        cell_row_at(&v.m, t, &exact);
        const size_t sines = pm_membrane_row_length(&v.m) - PM_ROW_SINE;
        for (size_t j = 0; j < sines; j++)
            ck_assert_msg(relative(row[j], exact.c[j]) < TOLERANCE,
                          "coefficient %zu at %.17g: tau %.17g %.17g %.17g %.17g", j, t, v.tau_m, v.tau_1, v.tau_2,
                          v.tau_3);
        const double W = v.sine.w * t, span = fmin(t, sqrt(v.sine.inverse)) * v.m.inv_C;
        const double sizes[] = {1.0, 1.0, span, span * fmin(1.0, W)};
        for (size_t j = 0; j < PM_ROW_SINE; j++)
            ck_assert_msg(fabsq(row[sines + j] - exact.c[sines + j]) <= TOLERANCE * sizes[j],
                          "sine %zu at %.17g, w %.17g, tau %.17g", j, t, v.sine.w, v.tau_m);
    }
    gsl_rng_free(rng);
}
END_TEST

/* u by the textbook's equations in the time constants themselves, excitatory throughout, with ratios 1 + 10^-k, k
 * = 1..15, among membrane and two ports: the relative error is below 1e-13. */
START_TEST(potential_with_close_time_constants) {
    for (int pattern = 0; pattern < 4; pattern++)
        for (int k = 1; k <= 16; k++) {
            const double factor = k == 16 ? 1.0 : 1.0 + pow(10.0, -k), tau_m = 10.0;
            double tau_1 = pattern == 0 ? 10.0 * factor : pattern == 1 ? 17.0 : 7.0 * factor;
            double tau_2 = pattern == 0 ? 3.0 : pattern == 1 ? 10.0 / factor : pattern == 2 ? 7.0 : 7.0 / factor;
            double tau_3 = pattern == 3 ? 10.0 / factor : tau_1 * factor;
            if (tau_1 <= tau_2)
                tau_1 = nextafter(tau_2, INFINITY);
            sample v;
            make_sample(&v, tau_m, tau_1, tau_2, tau_3, 1.0);
            v.m.n_sines = v.m.n_thresholds = v.m.n_after = 0;
            v.m.n_ports = 3;
            const double x[7] = {3.0, 100.0, 500.0, 50.0, 300.0, 70.0, 0.0};
            for (double t = 1e-6; t < 1000.0 && t * v.m.fastest < DEEPEST; t *= 1.7) {
                double row[PM_MEMBRANE_ROW], y[7];
                pm_membrane_row_at(&v.m, t, row);
                pm_membrane_move(&v.m, row, x, y);
                quad C = 1 / (quad)0.004, gap = quad_gap(tau_2, tau_1);
                quad u = 3.0 * expq(-t / (quad)tau_m) - 5.0 * expm1q(-t / (quad)tau_m);
                u += (100 * quad_first_difference(tau_m, tau_1, t) +
                      500 * gap * quad_second_difference(tau_m, tau_1, tau_2, t)) /
                     C;
                u += (120 * quad_first_difference(tau_m, tau_3, t) +
                      300 * quad_second_difference(tau_m, tau_3, tau_3, t) / (quad)tau_3) /
                     C;
                ck_assert_msg(relative(y[0], u) < TOLERANCE, "%g: pattern %d, 10^-%d, t = %g", relative(y[0], u),
                              pattern, k, t);
            }
        }
}
END_TEST

/* Many rows at once have the bits of single ones. */
START_TEST(many_rows) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 803);
    enum { N = 24 };
    for (int k = 0; k < 300; k++) {
        sample v;
        draw_sample(rng, &v);
        double t[N], rows[N * PM_MEMBRANE_ROW], row[PM_MEMBRANE_ROW];
        for (int j = 0; j < N; j++)
            t[j] = draw_log(rng, 1e-6, 300.0);
        t[0] = 0.0;
        const size_t n = 1 + (size_t)k % N, length = pm_membrane_row_length(&v.m);
        pm_membrane_rows(&v.m, n, t, rows);
        for (size_t j = 0; j < n; j++) {
            pm_membrane_row_at(&v.m, t[j], row);
            for (size_t c = 0; c < length; c++)
                ck_assert(row[c] == rows[c * n + j]);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* States against 113 bits, relative to the magnitudes of their terms; slopes of u and of g are those of the reference.
 */
START_TEST(states) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 804);
    for (int k = 0; k < 3000; k++) {
        sample v;
        draw_sample(rng, &v);
        double x[PM_MEMBRANE_WIDTH], y[PM_MEMBRANE_WIDTH], held[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW];
        double t = draw_log(rng, 1e-6, 10.0 * v.tau_m);
        if (v.m.fastest * t > DEEPEST)
            continue;
        pm_membrane_rest(&v.m, draw_uniform(rng, -20.0, 20.0), x);
        for (size_t j = 1; j < pm_membrane_at_sine(&v.m); j++)
            x[j] = draw_uniform(rng, -500.0, 500.0);
        x[6] = x[7] = x[8] = 0.0;
        pm_membrane_row_at(&v.m, t, row);
        pm_membrane_move(&v.m, row, x, y);
        pm_membrane_hold(&v.m, row, x, held);
        ck_assert(held[0] == x[0] && memcmp(held + 1, y + 1, (pm_membrane_width(&v.m) - 1) * sizeof *y) == 0);
        cell exact = {&v.m, v.m.theta};
        cell_state start = cell_start(&v.m, x), then = cell_after(&exact, &start, t);
        cell_course course = cell_course_of(&exact, &then, 0);
        double size = 25.0 + 3000.0 * fmin(t, v.tau_m) * v.m.inv_C;
        ck_assert(fabsq(y[0] - v.m.u_inf - then.x[0]) <= TOLERANCE * size);
        for (size_t j = 1; j < pm_membrane_width(&v.m); j++)
            ck_assert(fabsq(y[j] - then.x[j]) <= TOLERANCE * 1000.0);
        double g = (y[0] - v.m.theta) - pm_membrane_raised(&v.m, y), rates = v.m.l_m * size + 4000.0 * v.m.inv_C;
        ck_assert(fabsq(g - course.g) <= TOLERANCE * (size + 520.0));
        ck_assert(fabsq(pm_membrane_approach(&v.m, y) - course.slope) <= 1e-12 * (rates + 500.0 * v.threshold.rate));
        ck_assert(fabs(pm_membrane_slope(&v.m, y) + v.threshold.rate * y[pm_membrane_at_threshold(&v.m)] -
                       pm_membrane_approach(&v.m, y)) <= 1e-14 * (rates + 500.0 * v.threshold.rate));
        pm_membrane_move(&v.m, row, x, x);
        ck_assert(memcmp(x, y, pm_membrane_width(&v.m) * sizeof *x) == 0); /* in place */
    }
    gsl_rng_free(rng);
}
END_TEST

/* An arrival is the response that its port promises; a spike resets u and adds the jumps. */
START_TEST(jumps) {
    sample v;
    make_sample(&v, 10.0, 5.0, 1.25, 3.0, 1.0);
    for (size_t p = 0; p < 4; p++) {
        double x[PM_MEMBRANE_WIDTH], silent[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW];
        pm_membrane_rest(&v.m, 1.0, x);
        pm_membrane_rest(&v.m, 1.0, silent);
        pm_membrane_arrive(&v.m, p, 100.0, x);
        pm_membrane_row_at(&v.m, 2.5, row);
        pm_membrane_move(&v.m, row, x, x);
        pm_membrane_move(&v.m, row, silent, silent);
        pm_response r = pm_membrane_response(&v.m, p, row);
        ck_assert(fabs(x[0] - silent[0] - 100.0 * r.u) < 1e-14 * 100.0 && x[1 + 2 * p] == 100.0 * r.i);
        ck_assert(x[2 + 2 * p] == 100.0 * r.b || fabs(x[2 + 2 * p] / r.b - 100.0) < 1e-13);
    }
    const double resets[3][3] = {{0.0, -60.0, -60.0}, {1.0, -25.0, -5.0}, {0.5, 1.0, 11.0}};
    for (int k = 0; k < 3; k++) {
        double x[PM_MEMBRANE_WIDTH];
        pm_membrane_rest(&v.m, 20.0, x);
        v.m.factor = resets[k][0];
        v.m.add = resets[k][1];
        pm_membrane_spike(&v.m, x);
        ck_assert(x[0] == resets[k][2] && pm_membrane_raised(&v.m, x) == 2.0);
        ck_assert(x[pm_membrane_at_after(&v.m)] == -30.0 && pm_membrane_current(&v.m, x) == -30.0 + v.sine.s);
    }
}
END_TEST

/* An alpha current has its peak, of the weight, at t = T; dividing by the peak current makes a double exponential do
 * so. The PSP of each port rises up to its peak and falls from there. */
START_TEST(peaks) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 805);
    for (int k = 0; k < 1500; k++) {
        sample v;
        draw_sample(rng, &v);
        double row[PM_MEMBRANE_ROW];
        pm_membrane_row_at(&v.m, v.tau_3, row);
        ck_assert(fabs(pm_membrane_response(&v.m, 1, row).i - 1.0) < 1e-14);
        ck_assert(fabs(pm_port_peak_current(&v.ports[1]) - 1.0) < 1e-14);
        quad gap = quad_gap(v.tau_2, v.tau_1), top = logq(v.tau_1 / (quad)v.tau_2) / gap;
        quad peak = gap * quad_first_difference(v.tau_1, v.tau_2, top);
        ck_assert(relative(pm_port_peak_current(&v.ports[0]), peak) < 1e-14);
        ck_assert(pm_port_peak_current(&v.ports[2]) == 1.0);
        for (size_t p = 0; p < 3; p++) {
            double at = pm_membrane_psp_peak(&v.m, p), u[3];
            ck_assert(isfinite(at) && at > 0.0);
            for (int j = 0; j < 3; j++) {
                pm_membrane_row_at(&v.m, at * (1.0 + 1e-5 * (j - 1)), row);
                u[j] = pm_membrane_response(&v.m, p, row).u;
            }
            ck_assert(u[1] >= u[0] && u[1] >= u[2]);
        }
        ck_assert(pm_membrane_psp_peak(&v.m, 3) == 0.0);
    }
    gsl_rng_free(rng);
}
END_TEST

/* The cheap bound is one: no sample of u - threshold lies above it, nor one of a course that is held at first. It is
 * not idle either: it settles most short intervals. */
START_TEST(bound) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 806);
    int below = 0, all = 20000;
    for (int k = 0; k < all; k++) {
        sample v;
        draw_sample(rng, &v);
        double x[PM_MEMBRANE_WIDTH], y[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW], h = draw_log(rng, 1e-3, 300.0);
        pm_membrane_rest(&v.m, draw_uniform(rng, -20.0, 20.0), x);
        for (size_t j = 1; j < pm_membrane_width(&v.m); j++)
            x[j] = draw_chance(rng, 0.4) ? 0.0 : draw_uniform(rng, -1.0, 1.0) * draw_log(rng, 1.0, 1000.0);
        x[6] = x[7] = x[8] = 0.0;
        x[pm_membrane_at_threshold(&v.m)] *= 0.01;
        double most = pm_membrane_bound(&v.m, x, h);
        below += most < 0.0;
        for (int j = 0; j < 5; j++) {
            pm_membrane_row_at(&v.m, h * (j == 0 ? 1.0 : draw_uniform(rng, 0.0, 1.0)), row);
            pm_membrane_move(&v.m, row, x, y);
            ck_assert((y[0] - v.m.theta) - pm_membrane_raised(&v.m, y) <= most);
        }
        v.m.n_sines = 0; /* which count on a free course */
        most = pm_membrane_bound(&v.m, x, h);
        double held = h * draw_uniform(rng, 0.0, 1.0);
        pm_membrane_row_at(&v.m, held, row);
        pm_membrane_hold(&v.m, row, x, y);
        pm_membrane_row_at(&v.m, (h - held) * draw_uniform(rng, 0.0, 1.0), row);
        pm_membrane_move(&v.m, row, y, y);
        ck_assert((y[0] - v.m.theta) - pm_membrane_raised(&v.m, y) <= most);
    }
    ck_assert(below > all / 3);
    gsl_rng_free(rng);
}
END_TEST

/* The bound by the chord is one, too, and over short intervals lies close to the larger end. */
START_TEST(chord) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 807);
    for (int k = 0; k < 20000; k++) {
        sample v;
        draw_sample(rng, &v);
        v.m.n_ports = 3;
        v.m.n_sines = 0;
        v.m.n_thresholds = v.m.n_after = draw_chance(rng, 0.5);
        const pm_shape shape = {3, false, v.m.n_after == 0};
        const bool is_short = draw_chance(rng, 0.5);
        double x[PM_MEMBRANE_WIDTH], y[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW];
        double h = is_short ? 0.01 / v.m.fastest : draw_log(rng, 1e-3, 300.0), size = 0.0;
        pm_membrane_rest(&v.m, draw_uniform(rng, -20.0, 20.0), x);
        for (size_t j = 1; j < pm_membrane_width(&v.m); j++)
            x[j] = draw_chance(rng, 0.4) ? 0.0 : draw_uniform(rng, -1.0, 1.0) * draw_log(rng, 1.0, 1000.0);
        x[6] = 0.0;
        for (size_t j = 0; j < 7; j++)
            size += fabs(x[j]);
        pm_membrane_row_at(&v.m, h, row);
        pm_membrane_move(&v.m, row, x, y);
        double most = pm_chord_bound(&v.m, x, y[0], h, shape);
        double ends =
            fmax(x[0] - v.m.theta - pm_membrane_raised(&v.m, x), y[0] - v.m.theta - pm_membrane_raised(&v.m, y));
        ck_assert(ends <= most);
        if (is_short && shape.bare)
            ck_assert(most - ends < 1e-4 * (size + 25.0) * (1.0 + v.m.inv_C / v.m.fastest));
        for (int j = 0; j < 5; j++) {
            pm_membrane_row_at(&v.m, h * draw_uniform(rng, 0.0, 1.0), row);
            pm_membrane_move(&v.m, row, x, y);
            ck_assert((y[0] - v.m.theta) - pm_membrane_raised(&v.m, y) <= most);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_membrane(void);
Suite *pm_suite_membrane(void) {
    Suite *suite = suite_create("membrane");
    TCase *tests = tcase_create("membrane");
    tcase_add_test(tests, rotations);
    tcase_add_test(tests, coefficients);
    tcase_add_test(tests, potential_with_close_time_constants);
    tcase_add_test(tests, many_rows);
    tcase_add_test(tests, states);
    tcase_add_test(tests, jumps);
    tcase_add_test(tests, peaks);
    tcase_add_test(tests, bound);
    tcase_add_test(tests, chord);
    suite_add_tcase(suite, tests);
    return suite;
}
