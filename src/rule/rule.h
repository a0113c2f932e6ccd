/* Learning rules: each is one constant descriptor in a file of its own, and a line in the list below. */
#ifndef PM_RULE_RULE_H
#define PM_RULE_RULE_H

#include "layer/layered.h"
#include "base/kind.h"

#include <stdbool.h>

/* What a rule may look at and what it must leave alone. */
typedef struct pm_plasticity {
    const bool *plastic; /* of each layer of weights */
    const double *rate;  /* of each layer of weights; its unit depends on the rule */
} pm_plasticity;

enum { PM_RULE_PARAMETERS_SIZE = 256 }; /* bytes that hold the parameters of any rule */

typedef struct pm_learning_rule {
    pm_kind head;
    size_t state; /* bytes of the workspace, which is handed to the following */
    /* Makes a zeroed workspace ready for networks of this shape; `parameters` is copied. What fails is destroyed. */
    pm_status (*create)(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *parameters,
                        pm_error *error);
    /* Gathers what the network's last run and the desired output ask for. */
    pm_status (*gather)(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error);
    /* Adds to change[l] (in the layout of the weights; plastic layers only), in pA, what everything gathered since the
     * last call asks for together. */
    pm_status (*settle)(void *state, const pm_layered *net, double *const *change, pm_error *error);
    void (*destroy)(void *state); /* what the workspace holds, also one that is made in part only */
} pm_learning_rule;

/* A workspace of a rule, as for its create. Errors: of the rule, PM_NO_MEMORY. */
pm_status pm_rule_new(const pm_learning_rule *rule, const pm_layered *net, const pm_plasticity *plasticity,
                      const void *parameters, void **state, pm_error *error);
void pm_rule_free(const pm_learning_rule *rule, void *state); /* NULL is allowed */

/* All rules, pm_rule_NAME; the first one is the default. */
#define PM_RULES(X)                                                                                                    \
    X(normad)                                                                                                          \
    X(resume)                                                                                                          \
    X(multilayer_resume)                                                                                               \
    X(span)                                                                                                            \
    X(psd)                                                                                                             \
    X(chronotron)                                                                                                      \
    X(finite_precision)                                                                                                \
    X(spikeprop)                                                                                                       \
    X(exact_gradient)
#define PM_RULE(name) extern const pm_learning_rule pm_rule_##name;
PM_RULES(PM_RULE)
#undef PM_RULE

/* The parameters with which NormAD is Newton's method for the instants of the output spikes: exact gradients, whole
 * steps. */
void pm_normad_newton(void *parameters);

extern const pm_kind *const pm_rules[]; /* their heads; ends with NULL */
static inline const pm_learning_rule *pm_rule_of(const pm_kind *kind) { return (const void *)kind; }

#endif
