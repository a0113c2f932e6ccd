/* Plain gradient descent: w -= rate g. */
#include "rule/optimiser.h"

static void step(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                 const double *gradient, double *weight) {
    (void)parameters;
    (void)memory;
    (void)number;
    for (size_t k = 0; k < n; k++)
        weight[k] -= rate * gradient[k];
}

const pm_optimiser pm_optimiser_sgd = {.head = {.name = "sgd", .help = "plain gradient descent", .source = ""},
                                       .step = step};
