/* The list of optimisers. */
#include "rule/optimiser.h"

#define HEAD(name) &pm_optimiser_##name.head,
const pm_kind *const pm_optimisers[] = {PM_OPTIMISERS(HEAD) NULL};
