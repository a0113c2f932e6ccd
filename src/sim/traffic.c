/* Spikes on their way: from sources and from cells, on all ranks, through the queue to the deliveries of a slab.
 *
 * What cells fire is exchanged at the end of a window of slabs that is no longer than the shortest delay between cells,
 * or after each level where cells act within a slab; then every rank has all spikes, in the same order. The queue hands
 * out spikes in an order that does not depend on when they were pushed, and so the ranks' arrivals are summed as those
 * of one rank would be. A rank that fails settles nothing any more, and says so at the next exchange.
 *
 * Invariant: the queue does not change while a slab is settled. What goes on to later slabs waits in `onward` until the
 * slab is there to stay. */
#include "sim/slabs.h"

#include <math.h>
#include <stdlib.h>

/* Spikes at one instant are a crowd if there are more; its parts are not larger. */
enum { CROWD = 512 };
static const uint32_t OF_SOURCES = (uint32_t)1 << 31; /* tells parts of sources' crowds from those of cells' */

/* Rows and groups of spikes to be sent lie anywhere in memory: they are fetched so many spikes ahead. */
enum { ROW_AHEAD = 16, GROUP_AHEAD = 8 };

static inline void fetch_row(const pm_wiring *w, uint32_t source) { __builtin_prefetch(&w->first_group[source]); }

static inline void fetch_group(const pm_wiring *w, pm_flight flight) {
    const uint64_t group = w->first_group[flight.source] + flight.group;
    __builtin_prefetch(w->groups ? (const void *)&w->groups[group] : &w->delays[group]);
}

/* A spike waits for the slab in which it arrives at `time`, ms. */
static pm_status wait_until(pm_exact *s, const pm_flight *flight, double time, pm_error *error) {
    const double slab = time * s->per_slab; /* exact: slabs are powers of two */
    if (!(slab < 0x1p62))
        return PM_OK;
    if (!PM_LIST_ROOM(s->onward))
        return pm_fail_memory(error, "spikes on their way");
    s->onward.items[s->onward.count++] = (pm_onward){*flight, (int64_t)slab};
    return PM_OK;
}

/* A spike, from its group `flight.group` on: groups that arrive in the current slab are delivered, the next one waits.
 */
static pm_status send(pm_exact *s, pm_flight flight, pm_error *error) {
    const pm_wiring *w = s->engine.wiring;
    const uint64_t first = w->first_group[flight.source], end = w->first_group[flight.source + 1];
    const uint64_t next = first + flight.group;
    const size_t n_before = s->engine.deliveries.count;
    uint64_t g = next;
    while (g < end && flight.time + pm_group_delay(w, g) < s->engine.end)
        g++;
    if (g > next && pm_engine_arrive(&s->engine, next, g, flight.time, flight.crowd, error) != PM_OK)
        return PM_NO_MEMORY;
    if (s->engine.synaptic.place && pm_release(&s->engine, n_before, next, flight.time, error) != PM_OK)
        return PM_NO_MEMORY;
    flight.group = (uint32_t)(g - first);
    return g < end ? wait_until(s, &flight, flight.time + pm_group_delay(w, g), error) : PM_OK;
}

/* A run of simultaneous spikes in a sorted list. */
typedef struct run {
    size_t begin, end;
} run;

/* The part of a crowd to which spike number k of a sorted list belongs; `at` leads from one to the next. */
static uint32_t crowd_part(const pm_spike *spikes, size_t n, size_t k, run *at) {
    if (k >= at->end) {
        at->begin = at->end = k;
        while (at->end < n && spikes[at->end].time == spikes[k].time)
            at->end++;
    }
    return at->end - at->begin > CROWD ? 1 + (uint32_t)((k - at->begin) / CROWD) : 0;
}

static inline pm_flight flight_of(const pm_wiring *w, const pm_spike *spike, uint32_t crowd) {
    return (pm_flight){spike->time, w->first_neuron[spike->population] + spike->neuron, 0, crowd, 0};
}

/* When a spike arrives, if all of its population's synapses have one delay: then its row need not be looked at as long
 * as it is on its way. Otherwise -INFINITY. */
static inline double arrival_of(const pm_exact *s, const pm_spike *spike) {
    return spike->time + s->only_delay[spike->population];
}

static inline void fetch_ahead(const pm_exact *s, const pm_spike *spikes, size_t left) {
    const pm_wiring *w = s->engine.wiring;
    if (ROW_AHEAD < left && arrival_of(s, &spikes[ROW_AHEAD]) < s->engine.end)
        fetch_row(w, flight_of(w, &spikes[ROW_AHEAD], 0).source);
    if (GROUP_AHEAD < left && arrival_of(s, &spikes[GROUP_AHEAD]) < s->engine.end)
        fetch_group(w, flight_of(w, &spikes[GROUP_AHEAD], 0));
}

/* Some that have been fired, in order; `of`: a bit that tells the parts of their crowds from others. */
static pm_status send_fired(pm_exact *s, const pm_spike *spikes, size_t n, uint32_t of, pm_error *error) {
    pm_status status = PM_OK;
    run at = {0};
    for (size_t k = 0; status == PM_OK && k < n; k++) {
        const uint32_t part = crowd_part(spikes, n, k, &at);
        const pm_flight flight = flight_of(s->engine.wiring, &spikes[k], part ? of | part : 0);
        const double arrival = arrival_of(s, &spikes[k]);
        fetch_ahead(s, spikes + k, n - k);
        if (s->engine.drive.covers[spikes[k].population])
            continue;
        status = arrival < s->engine.end ? send(s, flight, error) : wait_until(s, &flight, arrival, error);
    }
    return status;
}

pm_status pm_open_slab(pm_exact *s, const pm_spike **sources, size_t *n_sources, pm_error *error) {
    double h = s->engine.plan.slab;
    pm_engine_begin(&s->engine, (double)s->slab * h, (double)(s->slab + 1) * h);
    s->onward.count = 0;
    const pm_bucket *bucket = pm_queue_open(s->queue, s->slab);
    if (!bucket)
        return pm_fail_memory(error, "spikes on their way");
    pm_status status = PM_OK;
    for (size_t k = 0; status == PM_OK && k < bucket->count; k++) {
        if (k + ROW_AHEAD < bucket->count)
            fetch_row(s->engine.wiring, bucket->flights[k + ROW_AHEAD].source);
        if (k + GROUP_AHEAD < bucket->count)
            fetch_group(s->engine.wiring, bucket->flights[k + GROUP_AHEAD]);
        status = send(s, bucket->flights[k], error);
    }
    if (status == PM_OK && !s->collected)
        status = pm_sources_collect(s->sources, s->engine.end, sources, n_sources, error);
    pm_sources_collected(s->sources, sources, n_sources);
    s->collected = status == PM_OK;
    return status == PM_OK ? send_fired(s, *sources, *n_sources, OF_SOURCES, error) : status;
}

pm_status pm_close_slab(pm_exact *s, pm_error *error) {
    if (!pm_queue_open(s->queue, s->slab))
        return pm_fail_memory(error, "spikes on their way");
    pm_queue_empty(s->queue, s->slab);
    for (size_t k = 0; k < s->onward.count; k++)
        if (pm_queue_push(s->queue, s->onward.items[k].slab, &s->onward.items[k].flight) != PM_OK)
            return pm_fail_memory(error, "spikes on their way");
    s->onward.count = 0;
    return PM_OK;
}

pm_status pm_take_spikes(pm_exact *s, pm_error *error) {
    const pm_wiring *w = s->engine.wiring;
    for (int k = 0; k < s->engine.n_workers; k++) {
        const pm_worker *worker = &s->engine.workers[k];
        for (size_t n = 0; n < worker->spikes.count; n++) {
            const pm_cell_spike *found = &worker->spikes.items[n];
            uint32_t p = pm_wiring_population_of_cell(w, s->network, found->cell);
            pm_spike spike = {found->time, found->slope, p, w->first_here[p] + (found->cell - w->first_cell[p])};
            if (!PM_LIST_ADD(s->own, spike))
                return pm_fail_memory(error, "spikes");
        }
    }
    return PM_OK;
}

enum { FAILED = 1, STOPPING = 2 }; /* in the header, as `population` */

/* All ranks' spikes into `found`. */
static pm_status gather_spikes(pm_exact *s, pm_status status, pm_error *error) {
    const pm_exchange *x = s->exchange;
    if (!x) {
        for (size_t k = 1; status == PM_OK && k < s->own.count; k++)
            if (!PM_LIST_ADD(s->found, s->own.items[k]))
                status = pm_fail_memory(error, "spikes");
        s->own.count = 1;
        return status;
    }
    const size_t *sizes = NULL;
    s->own.items[0].population = (status != PM_OK ? FAILED : 0) | (atomic_exchange(&s->stop, false) ? STOPPING : 0);
    const pm_spike *all = x->gather(x->user, s->own.items, s->own.count * sizeof *all, &sizes);
    uint32_t flags = 0;
    s->own.count = 1;
    for (uint32_t r = 0; r < x->size; r++) {
        const size_t n = sizes[r] / sizeof *all;
        flags |= all[0].population;
        for (size_t k = 1; k < n && status == PM_OK; k++)
            if (!PM_LIST_ADD(s->found, all[k]))
                status = pm_fail_memory(error, "spikes");
        all += n;
    }
    s->stopping = s->stopping || (flags & STOPPING);
    if (!(flags & FAILED))
        return status;
    s->agreed = true;
    return pm_exchange_agree(x, status, error);
}

pm_status pm_share_spikes(pm_exact *s, pm_status status, pm_error *error) {
    const size_t begin = s->found.count;
    status = gather_spikes(s, status, error);
    if (status == PM_OK)
        pm_spikes_sort(&s->found, begin);
    if (status != PM_OK || s->found.count == begin) /* without spikes there may be no list */
        return status;
    return send_fired(s, s->found.items + begin, s->found.count - begin, 0, error);
}
