/* Deliveries where every synapse has a delay of its own, and so has factors of its own: synapses are taken from their
 * runs a tile at a time, as many as there are for the cells at hand, get their factors in vectors (weigh.c), and are
 * added. So per event a target, a weight and a delay are read, in the order of memory, and nothing is kept.
 *
 * Invariant: a cell's arrivals are added in the order of the runs and, within a run, of the synapses. */
#include "sim/engine.h"

#include "base/simd.h"

enum { AHEAD = 8 }; /* runs whose synapses are fetched */

/* Arrivals that wait for their factors. */
typedef struct waiting {
    pm_tile tile;
    uint32_t target[PM_TILE];
    double weight[PM_TILE], offset[PM_TILE];
} waiting;

/* Adds arrivals to plain cells, or to those of any class (`general`); returns how many are logged then. */
static inline __attribute__((always_inline)) uint32_t add(pm_engine *engine, const waiting *w, pm_logged *restrict log,
                                                          uint32_t logged, bool general) {
    uint32_t *restrict log_head = engine->log_head;
    for (size_t k = 0; k < w->tile.n; k++) {
        const uint32_t target = w->target[k];
        const pm_place at = general ? pm_place_of(engine, w->tile.class[k], w->tile.port[k])
                                    : (pm_place){(pm_vector4 *)(void *)engine->intakes, 1};
        const pm_intake *f = &w->tile.factors[k];
        const double weight = w->weight[k];
        const pm_vector4 factors = {f->u, f->i, f->b, weight < 0.0 ? f->u : f->lift};
        at.of_0[target * at.stride] += weight * factors;
        if (log_head[target] != PM_NOT_LOGGED) {
            log[logged] = (pm_logged){weight, w->offset[k], w->tile.port[k], log_head[target]};
            log_head[target] = logged++;
        }
    }
    return logged;
}

PM_SIMD static uint32_t add_all(pm_engine *engine, const waiting *w, pm_logged *log, uint32_t logged) {
    return engine->has_general ? add(engine, w, log, logged, true) : add(engine, w, log, logged, false);
}

static bool deliver(pm_engine *engine, pm_worker *worker, waiting *w) {
    for (size_t k = 0; k < w->tile.n; k++) {
        const pm_place at = pm_place_of(engine, w->tile.class[k], w->tile.port[k]);
        __builtin_prefetch(at.of_0 + w->target[k] * at.stride, 1);
        __builtin_prefetch(engine->log_head + w->target[k], 1);
    }
    if (!PM_LIST_RESERVE(worker->log, worker->log.count + w->tile.n))
        return false;
    pm_weigh_tile(engine, worker, &w->tile);
    worker->log.count = add_all(engine, w, worker->log.items, (uint32_t)worker->log.count);
    for (size_t k = 0; !engine->dense && k < w->tile.n; k++)
        pm_list_cell(engine, worker, w->target[k]);
    w->tile.n = 0;
    return true;
}

/* Takes the synapses [begin, end) of a run, which have room, as far as they go to the cells of the block. */
static void take(const pm_engine *engine, pm_block cells, const pm_delivery *run, uint64_t begin, uint64_t end,
                 waiting *w) {
    const pm_wiring *wiring = engine->wiring;
    const double slab = engine->end - engine->start;
    size_t n = w->tile.n;
    for (uint64_t k = begin; k < end; k++) {
        const uint32_t target = wiring->targets[k];
        w->target[n] = target;
        w->weight[n] = wiring->weights[k];
        w->offset[n] = pm_run_offset(engine, run, k);
        w->tile.left[n] = slab - w->offset[n]; /* exact, as in weigh.c */
        w->tile.port[n] = wiring->receptors ? wiring->receptors[k] : 0;
        n += target >= cells.begin && target < cells.end;
    }
    for (size_t k = w->tile.n; k < n; k++)
        w->tile.class[k] = wiring->n_classes > 1 ? wiring->cell_class[w->target[k]] : 0;
    w->tile.n = n;
}

pm_status pm_deliver_runs(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first, size_t end) {
    const pm_wiring *wiring = engine->wiring;
    waiting w;
    w.tile.n = 0;
    if (pm_basis_reserve(&worker->gaps, PM_TILE, &worker->error) != PM_OK)
        return PM_NO_MEMORY;
    for (size_t d = first; d < end; d++) {
        const pm_delivery *run = &engine->deliveries.items[d];
        if (d + AHEAD < end) {
            __builtin_prefetch(wiring->targets + run[AHEAD].begin);
            __builtin_prefetch(wiring->weights + run[AHEAD].begin);
        }
        for (uint64_t at = run->begin, more; at < pm_delivery_end(run); at += more) {
            more = pm_delivery_end(run) - at;
            if (w.tile.n == PM_TILE && !deliver(engine, worker, &w))
                return pm_fail_memory(&worker->error, "logged arrivals");
            more = more < PM_TILE - w.tile.n ? more : PM_TILE - w.tile.n;
            take(engine, cells, run, at, at + more, &w);
        }
    }
    return deliver(engine, worker, &w) ? PM_OK : pm_fail_memory(&worker->error, "logged arrivals");
}
