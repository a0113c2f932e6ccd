/* Arrivals get their factors: what a spike adds at the end of the slab to the state of a cell that hears it, per pA.
 *
 * The exponentials of many arrivals are computed side by side, in the lanes of vectors: a tile at a time, and of those in
 * a tile the ones at cells of a class together. Invariant: a factor has the bits that it has alone. */
#include "sim/engine.h"

enum { FEW = 4 /* are not worth a table */, AHEAD = 16, LEAST = 256 /* of a tile */, WORTH_THREADS = 2 * LEAST };

static inline pm_intake factors_of(const pm_class *class, const pm_lif_basis *at, double left) {
    const bool impulse = class->lif.impulse;
    const double u = impulse ? at->em : at->d12;
    return (pm_intake){u, impulse ? 0.0 : at->alpha, impulse ? 0.0 : at->e2,
                       left > class->peak_time ? u - class->peak : 0.0};
}

/* Of n arrivals at cells of a class; `numbers`: which they are, or NULL: the first ones. */
static void weigh_some(pm_basis_table *table, const pm_class *class, pm_tile *tile, const uint32_t *numbers, size_t n) {
    for (size_t k = 0; (class->general || n < FEW) && k < n; k++) {
        const size_t at = numbers ? numbers[k] : k;
        const double left = tile->left[at];
        if (class->general) {
            tile->factors[at] = pm_general_factors(class->general, tile->port[at], left);
            continue;
        }
        const pm_lif_basis basis = pm_lif_basis_at(&class->lif, left);
        tile->factors[at] = factors_of(class, &basis, left);
    }
    if (class->general || n < FEW)
        return;
    for (size_t k = 0; k < n; k++)
        table->t[k] = tile->left[numbers ? numbers[k] : k];
    pm_basis_fill(&class->lif, table, n);
    for (size_t k = 0; k < n; k++) {
        const pm_lif_basis basis = pm_basis_get(table, k);
        tile->factors[numbers ? numbers[k] : k] = factors_of(class, &basis, table->t[k]);
    }
}

/* Those of a class form a chain. */
static void weigh_by_class(const pm_engine *engine, pm_worker *worker) {
    pm_tile *tile = &worker->tile;
    for (uint32_t k = (uint32_t)tile->n; k-- > 0;) {
        tile->next[k] = worker->chains[tile->class[k]];
        worker->chains[tile->class[k]] = k;
    }
    for (uint32_t k = 0; k < tile->n; k++) {
        const uint32_t class = tile->class[k];
        size_t count = 0;
        for (uint32_t at = worker->chains[class]; at != PM_LOG_END; at = tile->next[at])
            tile->alike[count++] = at;
        worker->chains[class] = PM_LOG_END;
        if (count > 0)
            weigh_some(&worker->gaps, &engine->classes[class], tile, tile->alike, count);
    }
}

void pm_weigh_tile(const pm_engine *engine, pm_worker *worker) {
    pm_tile *tile = &worker->tile;
    bool alike = true;
    for (size_t k = 1; k < tile->n; k++)
        alike = alike && tile->class[k] == tile->class[0];
    if (alike && tile->n > 0)
        weigh_some(&worker->gaps, &engine->classes[tile->class[0]], tile, NULL, tile->n);
    else
        weigh_by_class(engine, worker);
}

static void weigh_deliveries(const pm_engine *engine, pm_worker *worker, pm_delivery *deliveries, size_t n) {
    const pm_wiring *w = engine->wiring;
    pm_tile *tile = &worker->tile;
    const bool given = engine->synaptic.place; /* by release.c, where not all synapses are static */
    tile->n = n;
    for (size_t k = 0; k < n; k++) {
        const pm_delivery *d = &deliveries[k];
        if (k + AHEAD < n && d[AHEAD].equal)
            __builtin_prefetch(&w->weights[d[AHEAD].begin]);
        tile->left[k] = engine->end - engine->start - d->offset; /* exact: all are multiples of the smallest's last bit */
        tile->class[k] = d->class;
        tile->port[k] = d->port;
    }
    pm_weigh_tile(engine, worker);
    for (size_t k = 0; k < n; k++) {
        pm_delivery *d = &deliveries[k];
        d->u = tile->factors[k].u;
        d->i = tile->factors[k].i;
        d->b = tile->factors[k].b;
        d->lift = tile->factors[k].lift;
        if (d->equal && !given)
            d->weight = w->weights[d->begin];
    }
}

/* Where there are many classes, a large tile has several arrivals of each; otherwise one stays near. */
static size_t wanted_tile(const pm_engine *engine) {
    return engine->wiring->n_classes < PM_TILE / LEAST ? LEAST : PM_TILE;
}

typedef struct weighing {
    pm_engine *engine;
    size_t first;
} weighing;

static void weigh_share(void *user, int number) {
    const weighing *s = user;
    pm_engine *engine = s->engine;
    pm_worker *worker = &engine->workers[number];
    const size_t n = engine->deliveries.count - s->first, share = (size_t)number, shares = (size_t)engine->n_workers;
    const size_t end = s->first + n * (share + 1) / shares;
    const size_t tile = wanted_tile(engine);
    worker->status = pm_basis_reserve(&worker->gaps, tile, &worker->error);
    for (size_t at = s->first + n * share / shares; worker->status == PM_OK && at < end; at += tile)
        weigh_deliveries(engine, worker, engine->deliveries.items + at, end - at < tile ? end - at : tile);
}

pm_status pm_weigh(pm_engine *engine, size_t first, pm_error *error) {
    weighing s = {engine, first};
    if (first == engine->deliveries.count || !engine->wiring->groups)
        return PM_OK;
    pm_all_workers(engine, engine->deliveries.count - first < WORTH_THREADS, weigh_share, &s);
    return pm_workers_status(engine, error);
}
