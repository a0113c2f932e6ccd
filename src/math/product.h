/* Products of dense matrices, stored row by row. */
#ifndef PM_MATH_PRODUCT_H
#define PM_MATH_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* A matrix within a product: element (i, j) is data[i * stride + j], or data[j * stride + i] when transposed. */
typedef struct pm_factor {
    const double *data;
    size_t stride;
    bool transposed;
} pm_factor;

/* c (rows x columns, rows of `stride`) = a (rows x inner) b (inner x columns) + keep c, the sum of each element taken
 * in the order of `inner`, beginning with keep c (0 where keep is 0, whatever c is). Elements of `a` that are 0 are
 * left out, also where b is no number; they cost next to nothing. The same bits on every processor. */
void pm_product(size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep, double *c,
                size_t stride);

/* The same by one kernel of those that this processor has, 0 to pm_product_kernels() - 1, in ascending order of the
 * width of its registers. */
void pm_product_by(size_t number, size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep,
                   double *c, size_t stride);
size_t pm_product_kernels(void);

#endif
