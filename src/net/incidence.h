/* The projections of a network by the population at one of their ends. */
#ifndef PM_NET_INCIDENCE_H
#define PM_NET_INCIDENCE_H

#include <punctum/network.h>

typedef enum pm_side { PM_OUTGOING, PM_INCOMING } pm_side;

/* Those of population p are number[first[p]] to number[first[p + 1] - 1], ascending. */
typedef struct pm_incidence {
    size_t *first; /* n_populations + 1 */
    size_t *number;
} pm_incidence;

pm_status pm_incidence_new(pm_incidence *incidence, const pm_network *network, pm_side side, pm_error *error);
void pm_incidence_free(pm_incidence *incidence);

#endif
