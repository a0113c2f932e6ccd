/* The list of learning rules. */
#include "rule/rule.h"

#include <string.h>

const pm_learning_rule *const pm_rules[] = {
    &pm_rule_normad,     &pm_rule_resume,           &pm_rule_multilayer_resume, &pm_rule_span,           &pm_rule_psd,
    &pm_rule_chronotron, &pm_rule_finite_precision, &pm_rule_spikeprop,         &pm_rule_exact_gradient, NULL};

const pm_learning_rule *pm_rule_find(const char *name) {
    size_t k = 0;
    while (pm_rules[k] && strcmp(pm_rules[k]->name, name) != 0)
        k++;
    return pm_rules[k];
}
