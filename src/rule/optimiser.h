/* Optimisers: how a gradient becomes a step. Each is one constant descriptor in a file of its own, and a line in the
 * list below. What an optimiser remembers lies in one array of doubles, so that saving it is saving an array.
 * Invariant: a step is a function of parameters, memory, number and gradient, weight by weight; arrays may be cut into
 * pieces in any way. */
#ifndef PM_RULE_OPTIMISER_H
#define PM_RULE_OPTIMISER_H

#include "base/kind.h"

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_OPTIMISER_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any optimiser */

typedef struct pm_optimiser {
    pm_kind head;
    size_t memory; /* doubles per weight that are kept from step to step */
    /* One step against the gradient for n weights (pA): adds to weight[]. memory_of_all holds n times `memory` doubles,
     * 0 before the first step; `number` counts steps, from 1. `rate` is the learning rate; its unit depends on the
     * optimiser. */
    void (*step)(const void *parameters, double *memory_of_all, uint64_t number, double rate, size_t n,
                 const double *gradient, double *weight);
} pm_optimiser;

/* All optimisers, pm_optimiser_NAME. Of sgd and momentum the rate is in pA^2 per unit of the loss; of adam in pA, about
 * the size of a step. */
#define PM_OPTIMISERS(X)                                                                                               \
    X(sgd)                                                                                                             \
    X(momentum)                                                                                                        \
    X(adam)
#define PM_OPTIMISER(name) extern const pm_optimiser pm_optimiser_##name;
PM_OPTIMISERS(PM_OPTIMISER)
#undef PM_OPTIMISER

extern const pm_kind *const pm_optimisers[]; /* their heads; ends with NULL */
static inline const pm_optimiser *pm_optimiser_of(const pm_kind *kind) { return (const void *)kind; }

#endif
