/* Deliveries of few synapses among very many cells. A synaptic event there is a walk to a cell anywhere in memory. So
 * the events of the slab are first put into bins, one for each block of cells that fits into the cache; then each block
 * is delivered to and settled while it is there. Invariant: a bin holds its events in the order of the deliveries. */
#include "sim/engine.h"

#include <string.h>

enum { BIN_BITS = 12, CELLS_PER_BIN = 1 << BIN_BITS };
enum { FEWEST_BINS = 16, FEW_SYNAPSES = 64 /* of a delivery, on average */ };
enum { AHEAD = 12, FAR_AHEAD = 24 /* deliveries whose synapses are fetched, events whose deliveries are */ };

static const uint64_t MOST_LOGGED = 4000000; /* arrivals of a block, about */

static bool pay(const pm_engine *engine) {
    return engine->wiring->groups && !engine->has_special && engine->n_crowds == 0 &&
           engine->wiring->n_cells >= FEWEST_BINS * CELLS_PER_BIN &&
           engine->events < FEW_SYNAPSES * engine->deliveries.count;
}

/* The number of events of bin b into ends[b + 1]. */
static void count_events(const pm_engine *engine, pm_worker *worker, size_t *ends) {
    const uint32_t *targets = engine->wiring->targets, begin = worker->begin, n = worker->end - begin;
    const size_t n_deliveries = engine->deliveries.count;
    for (size_t k = 0; k < n_deliveries; k++) {
        const pm_delivery *d = &engine->deliveries.items[k];
        if (k + AHEAD < n_deliveries)
            __builtin_prefetch(targets + d[AHEAD].begin);
        for (uint64_t at = d->begin; at < pm_delivery_end(d); at++)
            if (targets[at] - begin < n)
                ends[((targets[at] - begin) >> BIN_BITS) + 1]++;
    }
}

/* With the sums of these, ends[b] goes from the beginning of bin b to its end. */
static void place_events(const pm_engine *engine, pm_worker *worker, size_t *ends) {
    const pm_wiring *w = engine->wiring;
    const uint32_t *targets = w->targets, begin = worker->begin, n = worker->end - begin;
    const size_t n_deliveries = engine->deliveries.count;
    for (size_t k = 0; k < n_deliveries; k++) {
        const pm_delivery *d = &engine->deliveries.items[k];
        if (k + AHEAD < n_deliveries) {
            __builtin_prefetch(targets + d[AHEAD].begin);
            if (!d[AHEAD].equal)
                __builtin_prefetch(w->weights + d[AHEAD].begin);
        }
        for (uint64_t at = d->begin; at < pm_delivery_end(d); at++)
            if (targets[at] - begin < n)
                worker->binned.items[ends[(targets[at] - begin) >> BIN_BITS]++] =
                    (pm_binned){d->equal ? d->weight : w->weights[at], targets[at], (uint32_t)k};
    }
}

bool pm_bins_fill(const pm_engine *engine, pm_worker *worker, bool alone) {
    const size_t n_bins = ((worker->end - worker->begin) >> BIN_BITS) + 1;
    worker->in_bins = alone && pay(engine);
    if (!worker->in_bins)
        return true;
    if (!PM_LIST_RESERVE(worker->bin_ends, n_bins + 1))
        return false;
    size_t *ends = worker->bin_ends.items;
    memset(ends, 0, (n_bins + 1) * sizeof *ends);
    count_events(engine, worker, ends);
    for (size_t k = 0; k < n_bins; k++)
        ends[k + 1] += ends[k];
    if (!PM_LIST_RESERVE(worker->binned, ends[n_bins]))
        return false;
    place_events(engine, worker, ends);
    return true;
}

uint32_t pm_count_blocks(const pm_engine *engine, const pm_worker *worker, bool alone) {
    const uint32_t n = worker->end - worker->begin;
    const uint64_t wanted = alone ? 1 + engine->events / MOST_LOGGED : 1;
    return worker->in_bins ? (n >> BIN_BITS) + 1 : wanted < n ? (uint32_t)wanted : n > 0 ? n : 1;
}

pm_block pm_block_at(const pm_worker *worker, uint32_t n_blocks, uint32_t k) {
    const uint64_t n = worker->end - worker->begin;
    const uint64_t begin = worker->in_bins ? (uint64_t)k * CELLS_PER_BIN : n * k / n_blocks;
    const uint64_t end = worker->in_bins ? begin + CELLS_PER_BIN : n * (k + 1) / n_blocks;
    return (pm_block){worker->begin + (uint32_t)begin, worker->begin + (uint32_t)(end < n ? end : n)};
}

pm_status pm_bins_deliver(pm_engine *engine, pm_worker *worker, pm_block cells) {
    const size_t bin = (cells.begin - worker->begin) >> BIN_BITS, *ends = worker->bin_ends.items;
    const pm_binned *event = worker->binned.items + (bin > 0 ? ends[bin - 1] : 0),
                    *end = worker->binned.items + ends[bin];
    if (!PM_LIST_RESERVE(worker->log, worker->log.count + (size_t)(end - event)))
        return pm_fail_memory(&worker->error, "logged arrivals");
    const pm_delivery *deliveries = engine->deliveries.items;
    pm_logged *log = worker->log.items;
    pm_vector4 *intakes = pm_plain_place(engine).of_0;
    uint32_t logged = (uint32_t)worker->log.count;
    for (; event < end; event++) {
        const pm_delivery *d = &deliveries[event->delivery];
        const double w = event->weight;
        const uint32_t target = event->target;
        if (end - event > FAR_AHEAD)
            __builtin_prefetch(&deliveries[event[FAR_AHEAD].delivery]);
        const pm_vector4 factors = {d->u, d->i, d->b, w < 0.0 ? d->u : d->lift};
        intakes[target] += w * factors;
        if (engine->log_head[target] != PM_NOT_LOGGED) {
            log[logged] = (pm_logged){w, d->offset, (uint32_t)d->port, engine->log_head[target]};
            engine->log_head[target] = logged++;
        }
    }
    worker->log.count = logged;
    return PM_OK;
}
