/* One order for all lists of events: by time, then by neuron. */
#include "net/events.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>

static int compare_events(const void *left, const void *right) {
    const pm_event *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

void pm_events_sort(pm_event *events, size_t n) {
    pm_sort(events, n, sizeof *events, compare_events);
}

pm_status pm_events_copy(const pm_event *events, size_t n, pm_event **copy, pm_error *error) {
    *copy = malloc((n + 1) * sizeof **copy);
    if (!*copy)
        return pm_fail_memory(error, "spikes");
    if (n > 0)
        memcpy(*copy, events, n * sizeof **copy);
    pm_events_sort(*copy, n);
    return PM_OK;
}
