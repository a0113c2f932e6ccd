/* Learning rules: each is one constant descriptor in a file of its own, from which YAML keys, help and the manual come.
 */
#ifndef PM_RULE_RULE_H
#define PM_RULE_RULE_H

#include "layer/layered.h"
#include "base/parameter.h"

#include <stdbool.h>

/* What a rule may look at and what it must leave alone. */
typedef struct pm_plasticity {
    const bool *plastic; /* of each layer of weights */
    const double *rate;  /* of each layer of weights; its unit depends on the rule */
} pm_plasticity;

enum { PM_RULE_PARAMETERS_SIZE = 256 }; /* bytes that hold the parameters of any rule */

typedef struct pm_learning_rule {
    const char *name;
    const char *help;
    const pm_parameter *parameters;
    size_t n_parameters;
    const void *defaults; /* of the structure that `parameters` describes */
    size_t size;          /* of that structure */
    /* Workspace for networks of this shape; `parameters` is copied. */
    pm_status (*create)(void **state, const pm_layered *net, const pm_plasticity *plasticity, const void *parameters,
                        pm_error *error);
    /* Gathers what the network's last run and the desired output ask for. */
    pm_status (*gather)(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error);
    /* Adds to change[l] (in the layout of the weights; plastic layers only), in pA, what everything gathered since the
     * last call asks for together. */
    pm_status (*settle)(void *state, const pm_layered *net, double *const *change, pm_error *error);
    void (*destroy)(void *state); /* NULL is allowed */
} pm_learning_rule;

extern const pm_learning_rule pm_rule_normad, pm_rule_resume, pm_rule_multilayer_resume, pm_rule_span, pm_rule_psd;
extern const pm_learning_rule pm_rule_chronotron, pm_rule_finite_precision, pm_rule_spikeprop;
extern const pm_learning_rule pm_rule_exact_gradient;

/* The parameters with which NormAD is Newton's method for the instants of the output spikes: exact gradients, whole
 * steps. */
void pm_normad_newton(void *parameters);

/* All rules; ends with NULL. */
extern const pm_learning_rule *const pm_rules[];
const pm_learning_rule *pm_rule_find(const char *name); /* NULL if there is none of that name */

#endif
