/* Deliveries where every synapse has a delay of its own, and so has factors of its own: synapses are taken from their
 * runs a tile at a time, as many as there are for the cells at hand, get their factors in vectors (weigh.c), and are
 * added. So per event a target, a weight and a delay are read, in the order of memory, and nothing is kept.
 *
 * Invariant: a cell's arrivals are added in the order of the runs and, within a run, of the synapses. */
#include "sim/engine.h"

#include "base/simd.h"

enum { AHEAD = 32 /* runs whose synapses are fetched */, AT_ONCE = PM_TILE };

/* Adds arrivals to plain cells, or to those of any class (`general`); returns how many are logged then. */
static inline __attribute__((always_inline)) uint32_t add(pm_engine *engine, const pm_tile *tile,
                                                          pm_logged *restrict log, uint32_t logged, bool general) {
    uint32_t *restrict log_head = engine->log_head;
    for (size_t k = 0; k < tile->n; k++) {
        const uint32_t target = tile->target[k];
        const pm_place at = general ? pm_place_of(engine, tile->class[k], tile -> port[k]) : pm_plain_place(engine);
        const pm_intake *f = &tile->factors[k];
        const double weight = tile->weight[k];
        const pm_vector4 factors = {f->u, f->i, f->b, weight < 0.0 ? f->u : f->lift};
        at.of_0[target * at.stride] += weight * factors;
        if (log_head[target] != PM_NOT_LOGGED) {
            log[logged] = (pm_logged){weight, tile->offset[k], tile->port[k], log_head[target]};
            log_head[target] = logged++;
        }
    }
    return logged;
}

PM_SIMD static uint32_t add_all(pm_engine *engine, const pm_tile *tile, pm_logged *log, uint32_t logged) {
    return engine->has_general ? add(engine, tile, log, logged, true) : add(engine, tile, log, logged, false);
}

static bool deliver(pm_engine *engine, pm_worker *worker) {
    pm_tile *tile = &worker->tile;
    for (size_t k = 0; k < tile->n; k++) {
        const pm_place at = pm_place_of(engine, tile->class[k], tile -> port[k]);
        __builtin_prefetch(at.of_0 + tile->target[k] * at.stride, 1);
        __builtin_prefetch(engine->log_head + tile->target[k], 1);
    }
    if (!PM_LIST_RESERVE(worker->log, worker->log.count + tile->n))
        return false;
    pm_weigh_tile(engine, worker);
    worker->log.count = add_all(engine, tile, worker->log.items, (uint32_t)worker->log.count);
    for (size_t k = 0; !engine->dense && k < tile->n; k++)
        pm_list_cell(engine, worker, tile->target[k]);
    tile->n = 0;
    return true;
}

/* Takes the synapses [begin, end) of a run, which have room, as far as they go to the cells of the block. */
static void take(const pm_engine *engine, pm_block cells, const pm_delivery *run, uint64_t begin, uint64_t end,
                 pm_tile *tile) {
    const pm_wiring *wiring = engine->wiring;
    const double slab = engine->end - engine->start;
    size_t n = tile->n;
    for (uint64_t k = begin; k < end; k++) {
        const uint32_t target = wiring->targets[k];
        tile->target[n] = target;
        tile->weight[n] = wiring->weights[k];
        tile->offset[n] = pm_run_offset(engine, run, k);
        tile->left[n] = slab - tile->offset[n]; /* exact, as in weigh.c */
        tile->port[n] = wiring->receptors ? wiring->receptors[k] : 0;
        n += target >= cells.begin && target < cells.end;
    }
    for (size_t k = tile->n; k < n; k++)
        tile->class[k] = wiring->n_classes > 1 ? wiring->cell_class[tile->target[k]] : 0;
    tile->n = n;
}

pm_status pm_deliver_runs(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first, size_t end) {
    const pm_wiring *wiring = engine->wiring;
    pm_tile *tile = &worker->tile;
    tile->n = 0;
    for (size_t d = first; d < end; d++) {
        const pm_delivery *run = &engine->deliveries.items[d];
        if (d + AHEAD < end) {
            __builtin_prefetch(wiring->targets + run[AHEAD].begin);
            __builtin_prefetch(wiring->weights + run[AHEAD].begin);
            __builtin_prefetch(wiring->weights + pm_delivery_end(run + AHEAD) - 1);
            __builtin_prefetch(wiring->delays + run[AHEAD].begin);
            __builtin_prefetch(wiring->delays + pm_delivery_end(run + AHEAD) - 1);
        }
        for (uint64_t at = run->begin, more; at < pm_delivery_end(run); at += more) {
            more = pm_delivery_end(run) - at;
            if (tile->n == AT_ONCE && !deliver(engine, worker))
                return pm_fail_memory(&worker->error, "logged arrivals");
            more = more < AT_ONCE - tile->n ? more : AT_ONCE - tile->n;
            take(engine, cells, run, at, at + more, tile);
        }
    }
    return deliver(engine, worker) ? PM_OK : pm_fail_memory(&worker->error, "logged arrivals");
}
