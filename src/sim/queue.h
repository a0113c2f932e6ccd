/* The priority queue of spikes on their way: a calendar queue (R. Brown, CACM 31, 1988) over slabs of time.
 *
 * An entry is one spike, waiting for the next of its source's delay groups; it comes back with the following group, so
 * there is one entry per spike on its way. Entries of one slab come out by (time of the spike, source), so that their
 * order does not depend on when they went in. Slabs further away than the ring is long wait in a binary heap. */
#ifndef PM_SIM_QUEUE_H
#define PM_SIM_QUEUE_H

#include "base/archive.h"
#include "net/wiring.h"

#include <stdint.h>

typedef struct pm_flight {
    double time;     /* of the spike, ms */
    uint32_t source; /* neuron */
    uint32_t group;  /* next group, counted from the source's first */
    uint32_t crowd;  /* the part of a crowd of simultaneous spikes to which it belongs, from 1; 0: there is none */
    uint32_t unused; /* 0: every byte of an archive has a meaning */
} pm_flight;

typedef struct pm_bucket {
    pm_flight *flights;
    size_t count, capacity;
} pm_bucket;

typedef struct pm_queue pm_queue;

/* A ring long enough for `span` slabs ahead, if that is reasonable. */
pm_queue *pm_queue_new(double span);
void pm_queue_free(pm_queue *queue);
void pm_queue_clear(pm_queue *queue);

/* All entries, written or read. */
void pm_queue_archive(pm_queue *queue, pm_archive *archive);
/* Whether what was read can be on its way at the start of a slab (of h ms): every entry waits for a group that its
 * source has, and that arrives in the slab in which it waits. */
bool pm_queue_is_sound(const pm_queue *queue, const pm_wiring *wiring, double h, int64_t slab);

/* Slabs must be >= the one opened last. */
pm_status pm_queue_push(pm_queue *queue, int64_t slab, const pm_flight *flight);

/* The bucket of a slab; slabs are opened in ascending order, each may be opened several times. Valid until the next
 * push. NULL when there is no memory. */
pm_bucket *pm_queue_open(pm_queue *queue, int64_t slab);

/* The slab that was opened last is over: its entries are gone, and others may have their memory. */
void pm_queue_empty(pm_queue *queue, int64_t slab);

/* The first slab from `slab` on that has entries, or INT64_MAX. No slab before it may have any. */
int64_t pm_queue_next(pm_queue *queue, int64_t slab);

#endif
