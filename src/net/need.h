/* What a network will take, known before a synapse is drawn. */
#ifndef PM_NET_NEED_H
#define PM_NET_NEED_H

#include <punctum/exchange.h>
#include <punctum/network.h>

/* How many different delays a projection may have; SIZE_MAX: any number. */
size_t pm_different_delays(const pm_projection *projection);

/* The bytes in which the delay of a synapse of the network is kept while rows are made: 0 where all are the same, 1 or
 * 2 where they can be numbered, of which there are then *n; else those of the delay itself, and *n is 0. */
size_t pm_delay_width(const pm_network *network, size_t *n);

/* Synapses of a projection onto targets here; Bernoulli's and shares of totals count with their mean. */
double pm_projection_synapses(const pm_network *network, const pm_projection *projection, const pm_exchange *exchange);

/* What this rank's share of the network needs at most at one time. Bernoulli's synapses count with their mean. */
typedef struct pm_need {
    double synapses, groups;
    double bytes;
} pm_need;
pm_need pm_network_need(const pm_network *network, const pm_exchange *exchange);

/* PM_NO_MEMORY, with figures, where the network cannot fit, on any rank. All ranks get one answer. */
pm_status pm_network_check_room(const pm_network *network, const pm_exchange *exchange, pm_error *error);

#endif
