/* The closed forms against 113-bit arithmetic, over random parameters with time constants of all ratios, equal and
 * nearly equal ones included. */
#include "model/neuron.h"
#include "support/draw.h"
#include "support/quad.h"
#include "support/slope.h"

#include <check.h>
#include <stdlib.h>

/* The promise of lif.h. Where the argument x of an exponential is large, its own rounding, about 3 x 2^-53, exceeds
 * that: sweeps of single functions stop at e^-300. */
static const double TOLERANCE = 1e-13, DEEPEST = 300.0;

static double fastest_rate(const pm_lif *lif) { return fmax(lif->l_m, lif->single ? lif->l_1 : lif->l_2); }

static double relative(double value, quad reference) {
    if (reference == 0)
        return value == 0.0 ? 0.0 : INFINITY;
    return (double)fabsq((value - reference) / reference);
}

static double worst_of_basis(const pm_lif_basis *at, const quad_basis *exact) {
    double worst = fmax(relative(at->em, exact->em), relative(at->rise, exact->rise));
    worst = fmax(worst, fmax(relative(at->e1, exact->e1), relative(at->e2, exact->e2)));
    worst = fmax(worst, relative(at->alpha, exact->alpha));
    return fmax(worst, fmax(relative(at->d1, exact->d1), relative(at->d12, exact->d12)));
}

/* The reference itself: where time constants are far apart, the textbook's sum of three exponentials holds to 1e-28. */
START_TEST(reference_is_the_textbook) {
    const double taus[][3] = {{10, 5, 1.25}, {10, 20, 5}, {10, 30, 15}, {2, 3, 0.5}};
    for (size_t k = 0; k < sizeof taus / sizeof *taus; k++) {
        pm_neuron n = pm_neuron_default();
        n.g_L = n.C_m / taus[k][0];
        n.tau_1 = taus[k][1];
        n.tau_2 = taus[k][2];
        quad_lif lif = quad_lif_new(&n, 90.0);
        for (double t = 0.25; t < 100.0; t *= 2.0) {
            quad m = lif.tau_m, em = expq(-t / m), e1 = expq(-t / lif.tau_1), e2 = expq(-t / lif.tau_2);
            quad rho_1 = lif.tau_1 * m / (lif.C * (lif.tau_1 - m));
            quad rho_2 = lif.tau_2 * m / (lif.C * (lif.tau_2 - m));
            quad_basis at = quad_basis_at(&lif, t);
            ck_assert(fabsq(at.d1 - rho_1 * (e1 - em)) <= 1e-28 * at.d1);
            ck_assert(fabsq(at.d12 - (rho_1 * (e1 - em) - rho_2 * (e2 - em))) <= 1e-28 * at.d12);
            ck_assert(fabsq(at.alpha - (e1 - e2)) <= 1e-28 * at.alpha);
        }
    }
}
END_TEST

/* Series and quotient of the second divided difference agree where one hands over to the other. */
START_TEST(reference_is_continuous) {
    pm_neuron n = pm_neuron_default();
    n.tau_1 = 10.0 * (1.0 + 0x1p-10);
    n.tau_2 = 10.0 / (1.0 + 0x1p-12);
    quad_lif lif = quad_lif_new(&n, 90.0);
    quad q = 0.5, t = q / quad_gap(lif.tau_2, lif.tau_1), step = t * (quad)0x1p-90;
    quad_basis below = quad_basis_at(&lif, t - step), above = quad_basis_at(&lif, t + step);
    ck_assert(fabsq(above.d12 - below.d12) <= 0x1p-80 * below.d12);
}
END_TEST

START_TEST(basis_of_random_neurons) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 101);
    for (int k = 0; k < 100000; k++) {
        pm_neuron n = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&n);
        double t = draw_log(rng, 1e-9, 1000.0);
        if (fastest_rate(&lif) * t > DEEPEST)
            continue;
        quad_lif exact = quad_lif_new(&n, lif.theta);
        pm_lif_basis at = pm_lif_basis_at(&lif, t);
        quad_basis reference = quad_basis_at(&exact, t);
        double worst = worst_of_basis(&at, &reference);
        ck_assert_msg(worst < TOLERANCE, "%g at t = %.17g, tau %.17g %.17g %.17g", worst, t, n.C_m / n.g_L, n.tau_1,
                      n.tau_2);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Every pair, and all three, equal or apart by 1 + 10^-k, k = 1..15, at a grid of times. */
START_TEST(basis_of_close_time_constants) {
    for (int pattern = 0; pattern < 5; pattern++)
        for (int k = 1; k <= 16; k++) {
            double apart = k == 16 ? 1.0 : 1.0 + pow(10.0, -k);
            pm_neuron n = {.C_m = 2560.0, .g_L = 256.0, .V_th = 20.0, .tau_1 = 10.0, .tau_2 = 3.0}; /* tau_m 10 */
            switch (pattern) {
            case 0:
                n.tau_1 *= apart;
                break;
            case 1:
                n.tau_1 /= apart;
                break;
            case 2:
                n.tau_1 = 17.0, n.tau_2 = 10.0 / apart;
                break;
            case 3:
                n.tau_1 = 7.0 * apart, n.tau_2 = 7.0;
                break;
            default:
                n.tau_2 = 10.0 / apart;
                break;
            }
            if (n.tau_1 <= n.tau_2)
                n.tau_1 = nextafter(n.tau_2, INFINITY); /* as close as the model allows */
            pm_lif lif = pm_lif_of_neuron(&n);
            quad_lif exact = quad_lif_new(&n, lif.theta);
            for (double t = 1e-9; t <= 1000.0 && t * fastest_rate(&lif) < DEEPEST; t *= 1.37) {
                pm_lif_basis at = pm_lif_basis_at(&lif, t);
                quad_basis reference = quad_basis_at(&exact, t);
                double worst = worst_of_basis(&at, &reference);
                ck_assert_msg(worst < TOLERANCE, "%g: pattern %d, 10^-%d, t = %g", worst, pattern, k, t);
            }
        }
}
END_TEST

/* u(t) relative to the sum of the magnitudes of its terms, at any time; terms below e^-300 of the start count as
 * zero. */
START_TEST(potential_of_random_neurons) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 102);
    for (int k = 0; k < 100000; k++) {
        pm_neuron n = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&n);
        pm_lif_state s = draw_state(rng, &n);
        quad_lif exact = quad_lif_new(&n, lif.theta);
        quad_state start = quad_state_of(&s);
        double t = draw_log(rng, 1e-9, 1000.0);
        quad_basis at = quad_basis_at(&exact, t);
        quad_state then = quad_advance_by(&exact, &start, &at);
        quad vanished = expq(-DEEPEST), i = fabsq(start.i), b = fabsq(start.b);
        quad terms_u = fabsq(start.u) * (at.em + vanished) + fabsq(exact.u_inf) * at.rise + i * (at.d1 + vanished) +
                       b * (at.d12 + vanished);
        quad terms_i = i * (at.e1 + vanished) + b * (at.alpha + vanished);
        pm_lif_state got = pm_lif_advance(&lif, &s, t);
        ck_assert(got.u == pm_lif_u(&lif, &s, t));
        ck_assert(fabsq(got.u - then.u) <= TOLERANCE * terms_u);
        ck_assert(fabsq(got.i - then.i) <= TOLERANCE * terms_i);
        ck_assert(fabsq(got.b - then.b) <= TOLERANCE * b * (at.e2 + vanished));
        quad terms = (terms_u + fabsq(exact.u_inf)) / exact.tau_m + terms_i / exact.C;
        ck_assert(fabsq(slope_at(&lif, &s, t) - quad_slope(&exact, &then)) <= 1e-12 * terms);
    }
    gsl_rng_free(rng);
}
END_TEST

/* An arriving spike adds its weight to the component that jumps, and the potential then follows the PSP. */
START_TEST(psp_is_the_response_to_a_spike) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 103);
    for (int k = 0; k < 2000; k++) {
        pm_neuron n = draw_neuron(rng);
        n.I_e = 0.0;
        pm_lif lif = pm_lif_of_neuron(&n);
        pm_lif_state spike = {0};
        pm_lif_arrive(&lif, &spike, 100.0);
        ck_assert((n.tau_2 > 0.0 ? spike.b : spike.i) == 100.0 && spike.u == 0.0);
        double t = draw_log(rng, 1e-9, 100.0), psp = pm_lif_psp(&lif, t);
        ck_assert(psp >= 0.0);
        ck_assert(fabs(pm_lif_u(&lif, &spike, t) - 100.0 * psp) <= 1e-15 * 100.0 * psp);
        ck_assert(pm_lif_psp(&lif, 0.0) == 0.0);
    }
    gsl_rng_free(rng);
}
END_TEST

/* eps rises before its peak and falls after it; where all is known in closed form the peak lies at tau. */
START_TEST(psp_peak_is_the_maximum) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 104);
    for (int k = 0; k < 5000; k++) {
        pm_neuron n = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&n);
        double peak = pm_lif_psp_peak(&lif);
        n.I_e = 0.0; /* the PSP knows nothing of it */
        quad_lif exact = quad_lif_new(&n, INFINITY);
        quad_state spike = {0, n.tau_2 > 0.0 ? 0 : 1, n.tau_2 > 0.0 ? 1 : 0};
        ck_assert(isfinite(peak) && peak > 0.0);
        quad_state before = quad_advance(&exact, &spike, peak * (1.0 - 1e-9));
        quad_state after = quad_advance(&exact, &spike, peak * (1.0 + 1e-9));
        ck_assert(quad_slope(&exact, &before) > 0 && quad_slope(&exact, &after) < 0);
    }
    pm_neuron n = {.C_m = 256.0, .g_L = 32.0, .V_th = 20.0, .tau_1 = 8.0};
    pm_lif lif = pm_lif_of_neuron(&n);
    ck_assert_double_eq_tol(pm_lif_psp_peak(&lif), 8.0, 1e-9);
    gsl_rng_free(rng);
}
END_TEST

/* u rises up to its first maximum, which lies where u' changes its sign; INFINITY only where u rises at all times. */
START_TEST(first_maximum_ends_the_rise) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 105);
    int found = 0, endless = 0, at_once = 0;
    for (int k = 0; k < 5000; k++) {
        pm_neuron n = draw_neuron(rng);
        n.V_th = 1e6; /* the search stops early above theta */
        pm_lif lif = pm_lif_of_neuron(&n);
        pm_lif_state s = draw_state(rng, &n);
        quad_lif exact = quad_lif_new(&n, lif.theta);
        quad_state start = quad_state_of(&s);
        double t = pm_lif_first_maximum(&lif, &s);
        quad noise =
            1e-13 * ((fabsq(start.u) + fabsq(exact.u_inf)) / exact.tau_m + (fabsq(start.i) + fabsq(start.b)) / exact.C);
        if (t == 0.0) {
            ck_assert(quad_slope(&exact, &start) <= noise);
            at_once++;
            continue;
        }
        double end = isfinite(t) ? t * (1.0 - 1e-8) : 30.0 * (exact.tau_m > exact.tau_1 ? n.C_m / n.g_L : n.tau_1);
        for (int j = 0; j <= 40; j++) {
            quad_state then = quad_advance(&exact, &start, end * j / 40.0);
            ck_assert(quad_slope(&exact, &then) >= -noise);
        }
        quad_state after = quad_advance(&exact, &start, isfinite(t) ? t * (1.0 + 1e-8) : end);
        if (isfinite(t))
            ck_assert(quad_slope(&exact, &after) <= noise);
        isfinite(t) ? found++ : endless++;
    }
    ck_assert(found > 500 && endless > 20 && at_once > 500);
    gsl_rng_free(rng);
}
END_TEST

/* The bound without exponentials holds all over the interval. */
START_TEST(bound_is_above_the_course) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 106);
    for (int k = 0; k < 3000; k++) {
        pm_neuron n = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&n);
        pm_lif_state s = draw_state(rng, &n);
        wide_lif exact = wide_lif_new(&n, lif.theta);
        wide_state start = wide_state_of(&s);
        double horizon = draw_log(rng, 1e-3, 100.0), bound = pm_lif_bound(&lif, &s, horizon);
        for (int j = 0; j <= 200; j++) {
            wide_state then = wide_advance(&exact, &start, horizon * j / 200.0);
            ck_assert(then.u <= bound + 1e-13 * wide_magnitude(&exact, &start, horizon));
        }
    }
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_lif(void);
Suite *pm_suite_lif(void) {
    Suite *suite = suite_create("lif");
    TCase *tests = tcase_create("lif");
    tcase_add_test(tests, reference_is_the_textbook);
    tcase_add_test(tests, reference_is_continuous);
    tcase_add_test(tests, basis_of_random_neurons);
    tcase_add_test(tests, basis_of_close_time_constants);
    tcase_add_test(tests, potential_of_random_neurons);
    tcase_add_test(tests, psp_is_the_response_to_a_spike);
    tcase_add_test(tests, psp_peak_is_the_maximum);
    tcase_add_test(tests, first_maximum_ends_the_rise);
    tcase_add_test(tests, bound_is_above_the_course);
    suite_add_tcase(suite, tests);
    return suite;
}
