/* Steps against a gradient g, for one array of weights w. What an optimiser remembers lies in one array of doubles, so
 * that saving it is saving an array. Invariant: a step is a function of parameters, memory, number and gradient, weight
 * by weight; arrays may be cut into pieces in any way. */
#include "rule/optimiser.h"

#include <math.h>
#include <string.h>

/* --- sgd: w -= rate g --------------------------------------------------------------------------------------------- */

static void step_sgd(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                     const double *gradient, double *weight) {
    (void)parameters;
    (void)memory;
    (void)number;
    for (size_t k = 0; k < n; k++)
        weight[k] -= rate * gradient[k];
}

const pm_optimiser pm_optimiser_sgd = {"sgd", "plain gradient descent", NULL, 0, NULL, 0, 0, step_sgd};

/* --- momentum: v = share v + g; w -= rate v ----------------------------------------------------------------------- */

typedef struct momentum {
    double share;
} momentum;

static const momentum momentum_defaults = {.share = 0.9};
static const pm_parameter momentum_table[] = {
    {"share", "", "share of the last step's direction in the next one, 0 to 1", offsetof(momentum, share),
     PM_NOT_NEGATIVE, NULL},
};

static void step_momentum(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                          const double *gradient, double *weight) {
    double share = ((const momentum *)parameters)->share;
    (void)number;
    for (size_t k = 0; k < n; k++) {
        memory[k] = share * memory[k] + gradient[k];
        weight[k] -= rate * memory[k];
    }
}

const pm_optimiser pm_optimiser_momentum = {"momentum",
                                            "gradient descent with momentum (Polyak 1964)",
                                            momentum_table,
                                            1,
                                            &momentum_defaults,
                                            sizeof(momentum),
                                            1,
                                            step_momentum};

/* --- Adam --------------------------------------------------------------------------------------------------------- */

typedef struct adam {
    double beta_1, beta_2, epsilon;
} adam;

static const adam adam_defaults = {.beta_1 = 0.9, .beta_2 = 0.999, .epsilon = 1e-8};
static const pm_parameter adam_table[] = {
    {"beta_1", "", "decay of the mean of gradients per step, below 1", offsetof(adam, beta_1), PM_NOT_NEGATIVE, NULL},
    {"beta_2", "", "decay of the mean of their squares per step, below 1", offsetof(adam, beta_2), PM_NOT_NEGATIVE,
     NULL},
    {"epsilon", "loss/pA", "added to the root of the mean square: gradients well below it give small steps",
     offsetof(adam, epsilon), PM_POSITIVE, NULL},
};

/* m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;  w -= rate m^ / (sqrt(v^) + epsilon), where
 * m^ = m / (1 - beta_1^number), v^ likewise (D. P. Kingma and J. Ba, ICLR 2015). */
static void step_adam(const void *parameters, double *memory, uint64_t number, double rate, size_t n,
                      const double *gradient, double *weight) {
    const adam *p = parameters;
    double *mean = memory, *square = memory + n;
    double mean_bias = 1.0 - pow(p->beta_1, (double)number), square_bias = 1.0 - pow(p->beta_2, (double)number);
    for (size_t k = 0; k < n; k++) {
        mean[k] = p->beta_1 * mean[k] + (1.0 - p->beta_1) * gradient[k];
        square[k] = p->beta_2 * square[k] + (1.0 - p->beta_2) * gradient[k] * gradient[k];
        weight[k] -= rate * (mean[k] / mean_bias) / (sqrt(square[k] / square_bias) + p->epsilon);
    }
}

const pm_optimiser pm_optimiser_adam = {"adam",
                                        "steps of about equal size for all weights (Kingma and Ba 2015)",
                                        adam_table,
                                        sizeof adam_table / sizeof *adam_table,
                                        &adam_defaults,
                                        sizeof(adam),
                                        2,
                                        step_adam};

/* --- the list ----------------------------------------------------------------------------------------------------- */

const pm_optimiser *const pm_optimisers[] = {&pm_optimiser_sgd, &pm_optimiser_momentum, &pm_optimiser_adam, NULL};

const pm_optimiser *pm_optimiser_find(const char *name) {
    size_t k = 0;
    while (pm_optimisers[k] && strcmp(pm_optimisers[k]->name, name) != 0)
        k++;
    return pm_optimisers[k];
}

pm_status pm_optimiser_check(const pm_optimiser *optimiser, const void *parameters, pm_error *error) {
    for (size_t k = 0; k < optimiser->n_parameters; k++) {
        const pm_parameter *p = &optimiser->parameters[k];
        double value = pm_parameter_value(parameters, p);
        if (p->range == PM_NOT_NEGATIVE ? !(value >= 0.0 && value < 1.0) : !(value > 0.0 && isfinite(value)))
            return pm_fail(error, PM_INVALID, "%s: %s is %g; it must be %s", optimiser->name, p->name, value,
                           p->range == PM_NOT_NEGATIVE ? "0 or more and below 1" : "positive");
    }
    return PM_OK;
}
