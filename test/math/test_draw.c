/* Distributions against those of GSL, which the program used before it had its own. */
#include "base/random.h"
#include "math/draw.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static gsl_rng *own, *theirs;

static void begin(void) {
    own = gsl_rng_alloc(pm_rng_philox);
    theirs = gsl_rng_alloc(pm_rng_philox);
}

static void end(void) {
    ck_assert_uint_eq(gsl_rng_get(own), gsl_rng_get(theirs)); /* as many numbers were taken */
    gsl_rng_free(own);
    gsl_rng_free(theirs);
}

/* Logarithms of the C library are off by up to 0.8 ulp, and both sides round a product. */
static bool close_by(double a, double b) { return fabs(a - b) <= 0x1p-51 * fabs(b); }

/* Normal draws are GSL's, to the last bit but in the tail. */
START_TEST(normal) {
    enum { DRAWS = 200000 };
    unsigned beyond = 0;
    bool good = true;
    begin();
    for (int k = 0; k < DRAWS; k++) {
        double a = pm_draw_normal(own, 2.5), b = gsl_ran_gaussian_ziggurat(theirs, 2.5);
        bool tail = fabs(b) > 2.5 * 3.4;
        beyond += tail;
        good = good && (tail ? close_by(a, b) : a == b);
    }
    ck_assert(good);
    ck_assert_uint_gt(beyond, DRAWS / 3000); /* 1 in 1484 */
    end();
}
END_TEST

/* Draws of the other distributions are GSL's to the last bits. */
START_TEST(others) {
    begin();
    for (int k = 0; k < 20000; k++) {
        ck_assert(close_by(pm_draw_exponential(own, 7.0), gsl_ran_exponential(theirs, 7.0)));
        double a = pm_draw_flat(own, -3.0, 5.0), b = gsl_ran_flat(theirs, -3.0, 5.0);
        ck_assert_double_eq_tol(a, b, 0x1p-51); /* two terms below 5, rounded */
        ck_assert(a >= -3.0 && a <= 5.0);
    }
    end();
}
END_TEST

Suite *pm_suite_draw(void);
Suite *pm_suite_draw(void) {
    Suite *suite = suite_create("draw");
    TCase *tests = tcase_create("draw");
    tcase_add_test(tests, normal);
    tcase_add_test(tests, others);
    suite_add_tcase(suite, tests);
    return suite;
}
