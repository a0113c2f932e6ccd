/* The list of learning rules, and their workspaces, which are made and freed here alone. */
#include "rule/rule.h"

#include <stdlib.h>

#define HEAD(name) &pm_rule_##name.head,
const pm_kind *const pm_rules[] = {PM_RULES(HEAD) NULL};

pm_status pm_rule_new(const pm_learning_rule *rule, const pm_layered *net, const pm_plasticity *plasticity,
                      const void *parameters, void **state, pm_error *error) {
    *state = NULL;
    void *made = calloc(1, rule->state);
    if (!made)
        return pm_fail_memory(error, "the learning rule");
    pm_status status = rule->create(made, net, plasticity, parameters, error);
    if (status)
        pm_rule_free(rule, made);
    else
        *state = made;
    return status;
}

void pm_rule_free(const pm_learning_rule *rule, void *state) {
    if (state)
        rule->destroy(state);
    free(state);
}
