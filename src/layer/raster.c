/* Spike rasters: growing arrays of (time, neuron, slope). Invariant: the three arrays have room for `capacity` spikes.
 */
#include "layer/layer.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>

void pm_raster_free(pm_raster *raster) {
    free(raster->time);
    free(raster->slope);
    free(raster->neuron);
    *raster = (pm_raster){0};
}

pm_status pm_raster_reserve(pm_raster *raster, size_t n, pm_error *error) {
    const size_t before = raster->capacity;
    size_t room = 0;
    if (!pm_list_reserve_beside((void **)&raster->time, before, n, sizeof *raster->time, &room) ||
        !pm_list_reserve_beside((void **)&raster->slope, before, n, sizeof *raster->slope, &room) ||
        !pm_list_reserve_beside((void **)&raster->neuron, before, n, sizeof *raster->neuron, &room))
        return pm_fail_memory(error, "spikes");
    raster->capacity = room;
    return PM_OK;
}

pm_status pm_raster_append(pm_raster *raster, double time, uint32_t neuron, double slope, pm_error *error) {
    if (raster->n == raster->capacity) {
        pm_status status = pm_raster_reserve(raster, raster->n + 1, error);
        if (status)
            return status;
    }
    raster->time[raster->n] = time;
    raster->neuron[raster->n] = neuron;
    raster->slope[raster->n++] = slope;
    return PM_OK;
}

pm_status pm_raster_copy(pm_raster *to, const pm_raster *from, pm_error *error) {
    pm_status status = pm_raster_reserve(to, from->n ? from->n : 1, error);
    if (status)
        return status;
    to->n = from->n;
    if (from->n) {
        memcpy(to->time, from->time, from->n * sizeof *to->time);
        memcpy(to->slope, from->slope, from->n * sizeof *to->slope);
        memcpy(to->neuron, from->neuron, from->n * sizeof *to->neuron);
    }
    return PM_OK;
}

typedef struct entry {
    double time, slope;
    uint32_t neuron;
} entry;

static int compare_entries(const void *x, const void *y) {
    const entry *a = x, *b = y;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

pm_status pm_raster_sort(pm_raster *raster, pm_error *error) {
    if (raster->n < 2)
        return PM_OK;
    entry *entries = malloc(raster->n * sizeof *entries);
    if (!entries)
        return pm_fail_memory(error, "sorting spikes");
    for (size_t k = 0; k < raster->n; k++)
        entries[k] = (entry){raster->time[k], raster->slope[k], raster->neuron[k]};
    qsort(entries, raster->n, sizeof *entries, compare_entries);
    for (size_t k = 0; k < raster->n; k++) {
        raster->time[k] = entries[k].time;
        raster->slope[k] = entries[k].slope;
        raster->neuron[k] = entries[k].neuron;
    }
    free(entries);
    return PM_OK;
}
