/* The chain of signs: a bound of the number of zeros, right up to an even number. */
#include "math/chain.h"
#include "support/draw.h"

#include <check.h>

enum { TERMS = 9, STEPS = 1000 };

/* c + sum of p_k e^{-r_k t} + t sum of q_j e^{-s_j t} + a sin(w t + phase): the first exponential has the membrane's
 * rate. */
typedef struct course {
    double constant, p[TERMS], rate[TERMS];
    int n, n_pairs;
    double q[2], s[2];
    double amplitude, w, phase;
} course;

static void draw_course(gsl_rng *rng, course *c) {
    *c = (course){.constant = draw_uniform(rng, -1.0, 1.0), .n = 1 + (int)gsl_rng_uniform_int(rng, TERMS)};
    c->n_pairs = (int)gsl_rng_uniform_int(rng, 3);
    for (int k = 0; k < c->n; k++) {
        c->p[k] = draw_uniform(rng, -1.0, 1.0) * draw_log(rng, 0.1, 30.0);
        c->rate[k] = k > 1 && draw_chance(rng, 0.2) ? c->rate[k - 1] : draw_log(rng, 0.01, 1.0);
    }
    for (int k = 0; k < c->n_pairs; k++) {
        c->q[k] = draw_uniform(rng, -1.0, 1.0);
        c->s[k] = draw_chance(rng, 0.3) ? c->rate[0] : draw_log(rng, 0.05, 1.0);
    }
    if (draw_chance(rng, 0.3)) {
        c->amplitude = draw_uniform(rng, 0.0, 1.0);
        c->w = draw_log(rng, 0.01, 1.0);
        c->phase = draw_uniform(rng, -3.0, 3.0);
    }
}

/* f_0 or its derivative. */
static double value(const course *c, double t, bool derivative) {
    double sum = derivative ? 0.0 : c->constant;
    for (int k = 0; k < c->n; k++)
        sum += c->p[k] * exp(-c->rate[k] * t) * (derivative ? -c->rate[k] : 1.0);
    for (int k = 0; k < c->n_pairs; k++)
        sum += c->q[k] * exp(-c->s[k] * t) * (derivative ? 1.0 - c->s[k] * t : t);
    double angle = c->w * t + c->phase;
    return sum + c->amplitude * (derivative ? c->w * cos(angle) : sin(angle));
}

static pm_ends both(double x, double y) { return (pm_ends){{x, y}, {fabs(x), fabs(y)}}; }

/* The chain from f_2 = (D + l) f_1 on, l the first rate. */
static void make_chain(const course *c, double a, double b, pm_chain *chain) {
    const double l = c->rate[0];
    chain->f_0 = both(value(c, a, false), value(c, b, false));
    chain->f_1 = both(value(c, a, true), value(c, b, true));
    chain->n_pairs = chain->n_decays = chain->n_sines = 0;
    for (int k = 1; k < c->n; k++) {
        const double r = c->rate[k], f = c->p[k] * -r * (l - r);
        if (f != 0.0)
            chain->decays[chain->n_decays++] = (pm_chain_decay){both(f * exp(-r * a), f * exp(-r * b)), r};
    }
    for (int k = 0; k < c->n_pairs; k++) { /* (D + l) D of q t e^{-st}: q e^{-st} ((l - 2 s) - s (l - s) t) */
        const double s = c->s[k], ea = c->q[k] * exp(-s * a), eb = c->q[k] * exp(-s * b), d = -s * (l - s);
        if (d == 0.0)
            chain->decays[chain->n_decays++] = (pm_chain_decay){both(ea * (l - 2.0 * s), eb * (l - 2.0 * s)), s};
        else
            chain->pairs[chain->n_pairs++] = (pm_chain_pair){
                both(ea * (l - 2.0 * s + d * a), eb * (l - 2.0 * s + d * b)), both(ea * d, eb * d), s, s};
    }
    if (c->amplitude > 0.0) { /* of amplitude sin: w (l cos - w sin), and its quadrature */
        const double A = c->amplitude * c->w, x = c->w * a + c->phase, y = c->w * b + c->phase;
        chain->sines[chain->n_sines++] =
            (pm_chain_sine){both(A * (l * cos(x) - c->w * sin(x)), A * (l * cos(y) - c->w * sin(y))),
                            both(A * (-l * sin(x) - c->w * cos(x)), A * (-l * sin(y) - c->w * cos(y))), c->w,
                            tan(0.5 * c->w * (b - a))};
    }
}

static int changes_on_a_grid(const course *c, double a, double b, bool derivative) {
    int n = 0;
    double before = value(c, a, derivative);
    for (int k = 1; k <= STEPS; k++) {
        double now = value(c, a + (b - a) * k / STEPS, derivative);
        n += before * now < 0.0;
        before = now;
    }
    return n;
}

/* The chain never counts fewer zeros than a grid sees, and the difference is even. */
START_TEST(bounds_the_zeros) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 701);
    int seen[8] = {0}, tight = 0, all = 1000;
    for (int k = 0; k < all; k++) {
        course c;
        pm_chain chain;
        draw_course(rng, &c);
        double a = draw_uniform(rng, 0.0, 10.0), b = a + draw_log(rng, 0.1, c.amplitude > 0.0 ? 1.5 / c.w : 100.0);
        c.constant -= value(&c, draw_uniform(rng, a, b), false); /* at least one zero */
        make_chain(&c, a, b, &chain);
        pm_chain_zeros zeros = pm_chain_count(&chain);
        int g = changes_on_a_grid(&c, a, b, false), slope = changes_on_a_grid(&c, a, b, true);
        ck_assert_msg(zeros.of[0] >= g && (zeros.of[0] - g) % 2 == 0, "%d: %d, %d on a grid", k, zeros.of[0], g);
        ck_assert_msg(zeros.of[1] >= slope && (zeros.of[1] - slope) % 2 == 0, "%d: %d, %d on a grid", k, zeros.of[1],
                      slope);
        tight += zeros.of[0] == g;
        seen[g < 7 ? g : 7]++;
    }
    ck_assert(tight > all * 2 / 3 && seen[1] > all / 4 && seen[2] > all / 20 && seen[3] > 0);
    gsl_rng_free(rng);
}
END_TEST

/* A sign within the noise counts as both: for the most at a, for the fewest at b. */
START_TEST(open_signs_are_counted_against_the_proof) {
    pm_chain chain = {.f_0 = both(-1.0, -1.0), .f_1 = both(1.0, 1.0), .n_decays = 1};
    chain.decays[0] = (pm_chain_decay){both(-1.0, -0.5), 0.5};
    ck_assert_int_eq(pm_chain_count(&chain).of[0], 0); /* -+- at both ends */
    for (int end = 0; end < 2; end++) {
        chain = (pm_chain){.f_0 = both(-1.0, -1.0), .f_1 = both(1.0, 1.0), .n_decays = 1};
        chain.decays[0] = (pm_chain_decay){both(-1.0, -0.5), 0.5};
        chain.f_1.value[end] = 0x1p-50;
        ck_assert_int_eq(pm_chain_count(&chain).of[0], end == 0 ? 0 : 2); /* -?-: 2 changes at a, none at b */
    }
}
END_TEST

Suite *pm_suite_chain(void);
Suite *pm_suite_chain(void) {
    Suite *suite = suite_create("chain");
    TCase *tests = tcase_create("chain");
    tcase_add_test(tests, bounds_the_zeros);
    tcase_add_test(tests, open_signs_are_counted_against_the_proof);
    suite_add_tcase(suite, tests);
    return suite;
}
