/* Lists of events in their order. */
#ifndef PM_NET_EVENTS_H
#define PM_NET_EVENTS_H

#include <punctum/network.h>

/* Sorts by time, events at the same instant by neuron. */
void pm_events_sort(pm_event *events, size_t n);

/* A copy in that order, freed with free(). Errors: PM_NO_MEMORY. */
pm_status pm_events_copy(const pm_event *events, size_t n, pm_event **copy, pm_error *error);

#endif
