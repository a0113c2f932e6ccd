/* Examples one after the other in one simulation, forwards and backwards: what a module does with a part of a batch
 * without a call from Python for each.
 *
 * Invariant: the spikes of an example are in the order in which the simulation reports them, which is that of its
 * gradient. */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

typedef struct spike_list {
    pm_spike *items;
    size_t n, capacity;
} spike_list;

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    spike_list *list = user;
    if (list->n == list->capacity) {
        const size_t larger = 2 * list->capacity + 256;
        pm_spike *moved = realloc(list->items, larger * sizeof *moved);
        if (!moved)
            return pm_fail_memory(error, "spikes of a batch");
        list->items = moved;
        list->capacity = larger;
    }
    list->items[list->n++] = *spike;
    return PM_OK;
}

pm_status pm_python_batch_run(pm_simulation *simulation, const pm_spike *given, const size_t *first, size_t n,
                              double until, pm_spike **spikes, size_t *found, pm_error *error) {
    spike_list list = {0};
    pm_status status = PM_OK;
    pm_simulation_on_spike(simulation, on_spike, &list);
    found[0] = 0;
    for (size_t k = 0; !status && k < n; k++) {
        status = pm_simulation_reset(simulation, error);
        if (!status)
            status = pm_python_inject(simulation, given + first[k], first[k + 1] - first[k], error);
        if (!status)
            status = pm_simulation_run(simulation, until, error);
        found[k + 1] = list.n;
    }
    pm_simulation_on_spike(simulation, NULL, NULL);
    if (status) {
        free(list.items);
        list.items = NULL;
    }
    *spikes = list.items;
    return status;
}

static bool has_effect(const double *dl_dt, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (dl_dt[k] != 0.0)
            return true;
    return false;
}

pm_status pm_python_batch_gradient(pm_simulation *simulation, const pm_spike *spikes, const size_t *first, size_t n,
                                   const double *dl_dt, double slope_floor, const pm_gradient *into, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        const size_t begin = first[k], size = first[k + 1] - begin;
        pm_gradient of_one = *into;
        of_one.time += begin;
        if (has_effect(dl_dt + begin, size))
            status =
                pm_simulation_gradient(simulation, spikes + begin, size, dl_dt + begin, slope_floor, &of_one, error);
        else if (size > 0)
            memset(of_one.time, 0, size * sizeof *of_one.time);
    }
    return status;
}
