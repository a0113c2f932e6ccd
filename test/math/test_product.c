/* RTLD_DEFAULT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "math/product.h"
#include "base/random.h"

#include <check.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40, STRIDE = 43 };

static double at(pm_factor f, size_t i, size_t j) {
    return f.transposed ? f.data[j * f.stride + i] : f.data[i * f.stride + j];
}

/* Every kind of product is the sum that defines it; what lies between the rows is left alone. */
START_TEST(definition) {
    static double a[MOST * STRIDE], b[MOST * STRIDE], c[MOST * STRIDE], before[MOST * STRIDE];
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    pm_product_alone();
    for (int kind = 0; kind < 80; kind++) {
        size_t rows = 1 + gsl_rng_uniform_int(rng, MOST), columns = 1 + gsl_rng_uniform_int(rng, MOST);
        size_t inner = 1 + gsl_rng_uniform_int(rng, MOST);
        double keep = kind & 4 ? 1.0 : 0.0;
        pm_factor left = {a, STRIDE, kind & 1}, right = {b, STRIDE, kind & 2};
        for (size_t k = 0; k < MOST * STRIDE; k++) {
            a[k] = gsl_rng_uniform(rng) - 0.5, b[k] = gsl_rng_uniform(rng) - 0.5;
            before[k] = c[k] = gsl_rng_uniform(rng) - 0.5;
        }
        pm_product(rows, columns, inner, left, right, keep, c, STRIDE);
        for (size_t i = 0; i < MOST; i++)
            for (size_t j = 0; j < STRIDE; j++) {
                double sum = keep * before[i * STRIDE + j];
                for (size_t k = 0; k < inner && i < rows && j < columns; k++)
                    sum += at(left, i, k) * at(right, k, j);
                if (i < rows && j < columns)
                    ck_assert_double_eq_tol(c[i * STRIDE + j], sum, 1e-14); /* 40 terms below 1/4 */
                else
                    ck_assert(c[i * STRIDE + j] == before[i * STRIDE + j]);
            }
    }
    gsl_rng_free(rng);
}
END_TEST

/* Nothing happens to a matrix without rows or columns. */
START_TEST(empty) {
    double a[1] = {1.0}, c[1] = {3.0};
    pm_product(0, 1, 1, (pm_factor){a, 1, false}, (pm_factor){a, 1, false}, 0.0, c, 1);
    pm_product(1, 0, 1, (pm_factor){a, 1, false}, (pm_factor){a, 1, false}, 0.0, c, 1);
    ck_assert(c[0] == 3.0);
}
END_TEST

/* OpenBLAS has functions of the same names, whose bits depend on the processor: those that GSL finds are its own. */
START_TEST(gsl_has_its_own) {
    void *dot = dlsym(RTLD_DEFAULT, "cblas_ddot");
    Dl_info found;
    ck_assert_ptr_nonnull(dot);
    ck_assert_int_ne(dladdr(dot, &found), 0);
    ck_assert_ptr_nonnull(strstr(found.dli_fname, "libgslcblas"));
}
END_TEST

Suite *pm_suite_product(void);
Suite *pm_suite_product(void) {
    Suite *suite = suite_create("product");
    TCase *tests = tcase_create("product");
    tcase_add_test(tests, definition);
    tcase_add_test(tests, empty);
    tcase_add_test(tests, gsl_has_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}
