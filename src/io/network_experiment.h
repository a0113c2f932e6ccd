/* What experiments say of a network in a network file that learns. */
#ifndef PM_IO_NETWORK_EXPERIMENT_H
#define PM_IO_NETWORK_EXPERIMENT_H

#include "classify/classification.h"
#include "io/tree.h"

#include <jansson.h>

/* The keys network, input, output, learn and loss. Errors: PM_INVALID with file, line, key and what would be right. */
pm_status pm_read_network_of(pm_classification *c, const pm_node *root, pm_error *error);

/* A quantity that is learnt. NULL when there is no memory. */
json_t *pm_learnt_json(const pm_learnt *q);

#endif
