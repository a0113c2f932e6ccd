/* The projections of a network by the population that they come from. */
#ifndef PM_NET_OUTGOING_H
#define PM_NET_OUTGOING_H

#include <punctum/network.h>

/* Those of population p are number[first[p]] to number[first[p + 1] - 1], ascending. */
typedef struct pm_outgoing {
    size_t *first; /* n_populations + 1 */
    size_t *number;
} pm_outgoing;

pm_status pm_outgoing_new(pm_outgoing *outgoing, const pm_network *network, pm_error *error);
void pm_outgoing_free(pm_outgoing *outgoing);

#endif
