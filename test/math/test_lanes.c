/* Crossings of eight neurons at once against the exact search, one neuron after the other. */
#include "math/lanes.h"

#include "math/interval.h"
#include "model/neuron.h"
#include "support/draw.h"

#include <check.h>
#include <math.h>

/* Lanes of one neuron's kind, over intervals of one length or of many, thresholds near where some of them pass. */
static pm_lif draw_lanes(gsl_rng *rng, pm_lanes *lanes) {
    pm_neuron neuron = draw_neuron(rng);
    pm_lif lif = pm_lif_of_neuron(&neuron);
    double fastest = lif.x + (lif.single ? lif.dxy : lif.dxz);
    double h = draw_log(rng, 1e-3, 4.0) / fastest;
    bool mixed = draw_uniform(rng, 0.0, 1.0) < 0.5;
    *lanes = (pm_lanes){0};
    for (int k = 0; k < PM_LANES; k++) {
        lanes->h[k] = mixed ? draw_log(rng, 1e-3, 4.0) / fastest : h;
        pm_lif_state start = draw_state(rng, &neuron), end = pm_lif_advance(&lif, &start, lanes->h[k]);
        lanes->u0[k] = start.u;
        lanes->i0[k] = start.i;
        lanes->b0[k] = start.b;
        lanes->u1[k] = end.u;
        lanes->i1[k] = end.i;
        lanes->b1[k] = end.b;
        if (k == 0)
            lif.theta = pm_lif_u(&lif, &start, lanes->h[k] * draw_uniform(rng, 0.0, 1.0));
    }
    return lif;
}

static pm_lif_state start_of(const pm_lanes *v, int k) { return (pm_lif_state){v->u0[k], v->i0[k], v->b0[k]}; }

/* The size of the numbers that u is made of, mV. */
static double size_of(const pm_lif *lif, const pm_lif_state *s, double h) {
    pm_lif_basis at = pm_lif_basis_at(lif, h);
    return fabs(s->u) + fabs(lif->theta) + fabs(lif->u_inf) + fabs(s->i) * at.d1 + fabs(s->b) * at.d12;
}

/* A lane that says SILENT holds no crossing, one that says FOUND has the first one, its state, what follows it and a
 * bound of that; open are lanes that start above threshold or turn, and those that take more steps are hard. Errors of
 * u: 64 roundings of its terms.
 */
START_TEST(every_verdict_is_right) {
    enum { SETS = 40000 };
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 311);
    long found = 0, silent = 0, open = 0;
    for (int set = 0; set < SETS; set++) {
        pm_lanes v;
        pm_lif lif = draw_lanes(rng, &v);
        pm_lanes_cross(&lif, &v);
        for (int k = 0; k < PM_LANES; k++) {
            const double h = v.h[k];
            pm_lif_state s = start_of(&v, k);
            double t = pm_lif_crossing(&lif, &s, h);
            if (v.course[k] == PM_LANE_SILENT)
                ck_assert_msg(t == INFINITY || v.u1[k] >= lif.theta * (1.0 - 1e-14), "set %d, lane %d", set, k);
            silent += v.course[k] == PM_LANE_SILENT;
            open += v.course[k] == PM_LANE_OPEN;
            if (v.course[k] != PM_LANE_FOUND)
                continue;
            found++;
            pm_lif_state at = pm_lif_advance(&lif, &s, v.time[k]);
            double slack = 0x1p-47 * size_of(&lif, &s, h), slope = pm_lif_slope_now(&lif, &at);
            double left = h - v.time[k];
            ck_assert_msg(fabs(t - v.time[k]) <= slack / slope + 0x1p-50 * h, "set %d, lane %d: %.17g, not %.17g", set,
                          k, v.time[k], t);
            ck_assert(fabs(v.u[k] - at.u) <= slack);
            ck_assert(fabs(v.i[k] - at.i) + fabs(v.b[k] - at.b) <= 1e-13 * (fabs(s.i) + fabs(s.b)));
            at.u = lif.u_reset;
            ck_assert(fabs(v.after[k] - pm_lif_u(&lif, &at, left)) <= 2.0 * slack + 0x1p-47 * fabs(lif.u_reset));
            ck_assert(v.bound[k] + slack >= pm_lif_u(&lif, &at, left) && v.bound[k] >= lif.u_reset);
        }
    }
    ck_assert_msg(found > 10000 && silent > 10000 && found + silent > open / 2, "%ld found, %ld silent, %ld open",
                  found, silent, open);
    gsl_rng_free(rng);
}
END_TEST

/* The bits of a lane do not depend on its place or on the other lanes. */
START_TEST(lanes_are_independent) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 312);
    for (int set = 0; set < 1000; set++) {
        pm_lanes v, alone;
        pm_lif lif = draw_lanes(rng, &v);
        pm_lanes_cross(&lif, &v);
        for (int k = 0; k < PM_LANES; k++) {
            for (int j = 0; j < PM_LANES; j++) {
                alone.h[j] = v.h[k];
                alone.u0[j] = v.u0[k];
                alone.i0[j] = v.i0[k];
                alone.b0[j] = v.b0[k];
                alone.u1[j] = v.u1[k];
                alone.i1[j] = v.i1[k];
                alone.b1[j] = v.b1[k];
            }
            pm_lanes_cross(&lif, &alone);
            int j = PM_LANES - 1 - k;
            ck_assert(alone.course[j] == v.course[k]);
            if (v.course[k] == PM_LANE_FOUND)
                ck_assert(alone.time[j] == v.time[k] && alone.u[j] == v.u[k] && alone.after[j] == v.after[k]);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* What is solved lane by lane has the bits of the search for one neuron, and hardly anything is left open. */
START_TEST(hard_lanes_have_the_scalar_bits) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 313);
    long found = 0, open = 0;
    for (int set = 0; set < 20000; set++) {
        pm_lanes v, hard;
        pm_lif lif = draw_lanes(rng, &v);
        int lane[PM_LANES], n = 0;
        pm_lanes_cross(&lif, &v);
        for (int k = 0; k < PM_LANES; k++)
            if (v.course[k] == PM_LANE_HARD)
                lane[n++] = k;
        if (n == 0)
            continue;
        for (int k = 0; k < PM_LANES; k++) {
            int from = lane[k < n ? k : 0];
            hard.h[k] = v.h[from];
            hard.u0[k] = v.u0[from];
            hard.i0[k] = v.i0[from];
            hard.b0[k] = v.b0[from];
            hard.u1[k] = v.u1[from];
            hard.i1[k] = v.i1[from];
            hard.b1[k] = v.b1[from];
        }
        pm_lanes_solve(&lif, &hard);
        for (int k = 0; k < n; k++) {
            pm_lif_state start = start_of(&hard, k), end = {hard.u1[k], hard.i1[k], hard.b1[k]}, at;
            double t = pm_lif_crossing_between(&lif, &start, &end, hard.h[k], &at);
            found += hard.course[k] == PM_LANE_FOUND;
            open += hard.course[k] == PM_LANE_OPEN;
            ck_assert(hard.course[k] == PM_LANE_FOUND || hard.course[k] == PM_LANE_OPEN);
            if (hard.course[k] == PM_LANE_FOUND)
                ck_assert_msg(hard.time[k] == t && hard.u[k] == at.u && hard.i[k] == at.i && hard.b[k] == at.b,
                              "set %d, lane %d: %.17g, not %.17g", set, k, hard.time[k], t);
        }
    }
    ck_assert_msg(found > 1000 && open < found, "%ld found, %ld open", found, open);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_lanes(void);
Suite *pm_suite_lanes(void) {
    Suite *suite = suite_create("lanes");
    TCase *tests = tcase_create("lanes");
    tcase_add_test(tests, every_verdict_is_right);
    tcase_add_test(tests, lanes_are_independent);
    tcase_add_test(tests, hard_lanes_have_the_scalar_bits);
    suite_add_tcase(suite, tests);
    return suite;
}
