/* Adam (D. P. Kingma and J. Ba, ICLR 2015):
 *
 *     m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;  w -= rate m^ / (sqrt(v^) + epsilon),
 *
 * where m^ = m / (1 - beta_1^number), v^ likewise. */
#include "rule/optimiser.h"
#include "math/elementary.h"

#include <math.h>

typedef struct adam {
    double beta_1, beta_2, epsilon;
} adam;

static const pm_field fields[] = {
    {"beta_1", "", "decay of the mean of gradients per step, below 1", offsetof(adam, beta_1), 0.9,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"beta_2", "", "decay of the mean of their squares per step, below 1", offsetof(adam, beta_2), 0.999,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"epsilon", "loss/pA", "added to the root of the mean square: gradients well below it give small steps",
     offsetof(adam, epsilon), 1e-8, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static void step(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                 const double *gradient, double *weight) {
    const adam *p = parameters;
    double *mean = memory, *square = memory + n;
    double mean_bias = 1.0 - pm_pow(p->beta_1, (double)number), square_bias = 1.0 - pm_pow(p->beta_2, (double)number);
    for (size_t k = 0; k < n; k++) {
        mean[k] = p->beta_1 * mean[k] + (1.0 - p->beta_1) * gradient[k];
        square[k] = p->beta_2 * square[k] + (1.0 - p->beta_2) * gradient[k] * gradient[k];
        weight[k] -= rate * (mean[k] / mean_bias) / (sqrt(square[k] / square_bias) + p->epsilon);
    }
}

const pm_optimiser pm_optimiser_adam = {
    .head = {.name = "adam",
             .help = "steps of about equal size for all weights (Kingma and Ba 2015)",
             .source = "D. P. Kingma and J. Ba, ICLR 2015",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(adam)},
    .memory = 2,
    .step = step};
