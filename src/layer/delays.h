/* Delays of a layer's synapses, and the spikes of its input as a target sees them. Times in ms. */
#ifndef PM_LAYER_DELAYS_H
#define PM_LAYER_DELAYS_H

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_raster pm_raster;

/* The delay from source i to target j is value[i * by_source + j * by_target], 0 or more: one of 0 ties the delays of
 * all sources, or of all targets. */
typedef struct pm_delays {
    double *value; /* NULL: no delays */
    size_t by_source, by_target;
} pm_delays;

static inline size_t pm_delay_place(const pm_delays *d, size_t source, size_t target) {
    return source * d->by_source + target * d->by_target;
}

typedef struct pm_delayed {
    double time; /* of arrival */
    uint32_t source;
    uint32_t spike; /* of the input */
} pm_delayed;

/* In the order (time, spike). */
typedef struct pm_delayed_list {
    pm_delayed *items;
    size_t count, capacity;
} pm_delayed_list;

/* Replaces the list by the spikes that reach a target before `end`. Errors: PM_NO_MEMORY. */
pm_status pm_delays_arrive(const pm_delays *delays, const pm_raster *in, size_t target, double end,
                           pm_delayed_list *list, pm_error *error);

#endif
