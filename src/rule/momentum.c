/* Gradient descent with momentum: v = share v + g; w -= rate v (B. T. Polyak, USSR Computational Mathematics and
 * Mathematical Physics 4, 1964). */
#include "rule/optimiser.h"

typedef struct momentum {
    double share;
} momentum;

static const pm_field fields[] = {
    {"share", "", "share of the last step's direction in the next one, 0 to 1", offsetof(momentum, share), 0.9,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
};

static void step(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                 const double *gradient, double *weight) {
    double share = ((const momentum *)parameters)->share;
    (void)number;
    for (size_t k = 0; k < n; k++) {
        memory[k] = share * memory[k] + gradient[k];
        weight[k] -= rate * memory[k];
    }
}

const pm_optimiser pm_optimiser_momentum = {
    .head = {.name = "momentum",
             .help = "gradient descent with momentum (Polyak 1964)",
             .source = "B. T. Polyak, USSR Computational Mathematics and Mathematical Physics 4, 1964",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(momentum)},
    .memory = 1,
    .step = step};
