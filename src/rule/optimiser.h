/* Optimisers: how a gradient becomes a step. Each is one constant descriptor, from which keys, help and the manual
 * come. */
#ifndef PM_RULE_OPTIMISER_H
#define PM_RULE_OPTIMISER_H

#include "base/parameter.h"

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_OPTIMISER_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any optimiser */

typedef struct pm_optimiser {
    const char *name;
    const char *help;
    const pm_parameter *parameters;
    size_t n_parameters;
    const void *defaults; /* of the structure that `parameters` describes */
    size_t size;          /* of that structure */
    size_t memory;        /* doubles per weight that are kept from step to step */
    /* One step against the gradient for n weights (pA): adds to weight[]. memory_of_all holds n times `memory` doubles,
     * 0 before the first step; `number` counts steps, from 1. `rate` is the learning rate; its unit depends on the
     * optimiser. */
    void (*step)(const void *parameters, double *memory_of_all, uint64_t number, double rate, size_t n,
                 const double *gradient, double *weight);
} pm_optimiser;

/* gradient descent: rate in pA^2 per unit of the loss */
extern const pm_optimiser pm_optimiser_sgd, pm_optimiser_momentum;
/* rate in pA: about the size of a step */
extern const pm_optimiser pm_optimiser_adam;

/* All optimisers; ends with NULL. */
extern const pm_optimiser *const pm_optimisers[];
const pm_optimiser *pm_optimiser_find(const char *name); /* NULL if there is none of that name */

/* PM_INVALID with a message that names the parameter and its range, unless all are usable. */
pm_status pm_optimiser_check(const pm_optimiser *optimiser, const void *parameters, pm_error *error);

#endif
