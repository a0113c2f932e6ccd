/* The list of learning rules. */
#include "rule/rule.h"

#define HEAD(name) &pm_rule_##name.head,
const pm_kind *const pm_rules[] = {PM_RULES(HEAD) NULL};
