#include "base/random.h"
#include "math/product.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 300, STRIDE = 303 }; /* more than a block of any kernel in every direction */

static double at(pm_factor f, size_t i, size_t j) {
    return f.transposed ? f.data[j * f.stride + i] : f.data[i * f.stride + j];
}

static double a[MOST * STRIDE], b[MOST * STRIDE], c[MOST * STRIDE], before[MOST * STRIDE], wanted[MOST * STRIDE];

/* The sum that defines a product, in the order that defines its bits. */
static void define(size_t rows, size_t columns, size_t inner, pm_factor left, pm_factor right, double keep) {
    memcpy(wanted, before, sizeof wanted);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double sum = keep == 0.0 ? 0.0 : keep * before[i * STRIDE + j];
            for (size_t k = 0; k < inner; k++)
                if (at(left, i, k) != 0.0)
                    sum += at(left, i, k) * at(right, k, j);
            wanted[i * STRIDE + j] = sum;
        }
}

/* Every kind of product has the bits of its definition with every kernel of this processor, whatever part of the left
 * factor is 0; what lies between the rows is left alone. */
START_TEST(definition) {
    static const size_t most[] = {5, 20, 70, MOST};
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (int kind = 0; kind < 64; kind++) {
        size_t limit = most[kind >> 4], rows = 1 + gsl_rng_uniform_int(rng, limit);
        size_t columns = 1 + gsl_rng_uniform_int(rng, limit), inner = gsl_rng_uniform_int(rng, limit + 1);
        double keep = kind & 4 ? 1.0 : kind & 8 ? -0.5 : 0.0, dense = gsl_rng_uniform(rng);
        pm_factor left = {a, STRIDE, kind & 1}, right = {b, STRIDE, kind & 2};
        for (size_t k = 0; k < limit * STRIDE; k++) {
            a[k] = gsl_rng_uniform(rng) < dense ? gsl_rng_uniform(rng) - 0.5 : k % 2 ? 0.0 : -0.0;
            b[k] = gsl_rng_uniform(rng) - 0.5;
            before[k] = gsl_rng_uniform(rng) - 0.5;
        }
        define(rows, columns, inner, left, right, keep);
        for (size_t kernel = 0; kernel < pm_product_kernels(); kernel++) {
            memcpy(c, before, sizeof c);
            pm_product_by(kernel, rows, columns, inner, left, right, keep, c, STRIDE);
            ck_assert_mem_eq(c, wanted, sizeof c);
        }
        memcpy(c, before, sizeof c);
        pm_product(rows, columns, inner, left, right, keep, c, STRIDE);
        ck_assert_mem_eq(c, wanted, sizeof c);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Nothing happens to a matrix without rows or columns. */
START_TEST(empty) {
    double one[1] = {1.0}, same[1] = {3.0};
    pm_product(0, 1, 1, (pm_factor){one, 1, false}, (pm_factor){one, 1, false}, 0.0, same, 1);
    pm_product(1, 0, 1, (pm_factor){one, 1, false}, (pm_factor){one, 1, false}, 0.0, same, 1);
    ck_assert(same[0] == 3.0);
}
END_TEST

/* What is 0 on the left meets nothing, and what is to be replaced is not read: both may stand beside no number. */
START_TEST(no_number) {
    double left[] = {0.0, 2.0, NAN, 0.0}, right[] = {INFINITY, 3.0}, result[] = {NAN, 1.0};
    pm_product(2, 1, 2, (pm_factor){left, 2, false}, (pm_factor){right, 1, false}, 0.0, result, 1);
    ck_assert(result[0] == 6.0 && isnan(result[1]));
}
END_TEST

Suite *pm_suite_product(void);
Suite *pm_suite_product(void) {
    Suite *suite = suite_create("product");
    TCase *tests = tcase_create("product");
    tcase_add_test(tests, definition);
    tcase_add_test(tests, empty);
    tcase_add_test(tests, no_number);
    suite_add_tcase(suite, tests);
    return suite;
}
