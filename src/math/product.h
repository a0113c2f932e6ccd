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

/* c (rows x columns, rows of `stride`) = a (rows x inner) b (inner x columns) + keep c. c is not read if keep is 0.
 * The bits depend on the processor and on the shapes, on nothing else. Call pm_product_alone once before. */
void pm_product(size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep, double *c,
                size_t stride);

/* From now on every product is computed by the thread that asks for it alone, in this process. Not to be called while
 * products are under way. */
void pm_product_alone(void);

#endif
