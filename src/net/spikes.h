/* Lists of spikes, and the order in which spikes are reported: by time, then by population, then by neuron. */
#ifndef PM_NET_SPIKES_H
#define PM_NET_SPIKES_H

#include "base/list.h"

#include <punctum/simulation.h>

typedef PM_LIST(pm_spike) pm_spike_list;

/* For qsort() and the like. */
int pm_compare_spikes(const void *left, const void *right);
/* Sorts those from number `from` on. */
void pm_spikes_sort(pm_spike_list *spikes, size_t from);

/* Whether a spike is one of a population of that kind, at a finite time that is not negative. */
bool pm_spike_is_of(const pm_network *network, const pm_spike *spike, pm_population_kind kind);

#endif
