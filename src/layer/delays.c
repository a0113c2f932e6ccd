/* A list is short where inputs are few: then it is sorted by insertion. Invariant: no two spikes compare equal, so the
 * order does not depend on how it came about. */
#include "layer/delays.h"

#include "base/list.h"
#include "layer/layer.h"

#include <stdlib.h>

enum { FEW = 32 };

static int compare(const void *x, const void *y) {
    const pm_delayed *a = x, *b = y;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->spike > b->spike) - (a->spike < b->spike);
}

static void sort(pm_delayed *items, size_t n) {
    if (n > FEW) {
        qsort(items, n, sizeof *items, compare);
        return;
    }
    for (size_t k = 1; k < n; k++) {
        const pm_delayed item = items[k];
        size_t to = k;
        for (; to > 0 && compare(&items[to - 1], &item) > 0; to--)
            items[to] = items[to - 1];
        items[to] = item;
    }
}

pm_status pm_delays_arrive(const pm_delays *delays, const pm_raster *in, size_t target, double end,
                           pm_delayed_list *list, pm_error *error) {
    list->count = 0;
    if (!pm_list_reserve((void **)&list->items, &list->capacity, in->n, sizeof *list->items))
        return pm_fail_memory(error, "spikes on their way");
    for (uint32_t k = 0; k < in->n; k++) {
        const uint32_t source = in->neuron[k];
        const double time = in->time[k] + delays->value[pm_delay_place(delays, source, target)];
        if (time < end)
            list->items[list->count++] = (pm_delayed){time, source, k};
    }
    sort(list->items, list->count);
    return PM_OK;
}
