/* Deliveries get their factors: what a spike adds at the end of the slab to the state of a cell that hears it, per pA.
 *
 * Where synapses have delays of their own there are as many deliveries as synaptic events, so the exponentials of many
 * are computed side by side, in the lanes of vectors. Deliveries are taken tile by tile; those of a tile that go to
 * cells of one class form a chain. Invariant: a factor has the bits that it has alone. */
#include "net/population.h"
#include "sim/engine.h"

enum { TILE = 256, FEW = 4 /* are not worth a table */, AHEAD = 16, WORTH_THREADS = 2 * TILE };

static double left_of(const pm_engine *engine, const pm_delivery *d) {
    return engine->end - engine->start - d->offset; /* exact: all are multiples of the last bit of the smallest */
}

static inline void set_factors(const pm_class *class, const pm_lif_basis *at, double left, pm_delivery *d) {
    const bool impulse = class->lif.impulse;
    d->u = impulse ? at->em : at->d12;
    d->i = impulse ? 0.0 : at->alpha;
    d->b = impulse ? 0.0 : at->e2;
    d->lift = left > class->peak_time ? d->u - class->peak : 0.0;
}

/* Of n deliveries to a class; `numbers`: which they are. */
static void set_many(const pm_engine *engine, pm_basis_table *table, const pm_class *class, pm_delivery *deliveries,
                     const uint32_t *numbers, size_t n) {
    for (size_t k = 0; class->general && k < n; k++)
        pm_general_factors(class->general, left_of(engine, &deliveries[numbers[k]]), &deliveries[numbers[k]]);
    if (class->general)
        return;
    for (size_t k = 0; n < FEW && k < n; k++) {
        const double left = left_of(engine, &deliveries[numbers[k]]);
        const pm_lif_basis at = pm_lif_basis_at(&class->lif, left);
        set_factors(class, &at, left, &deliveries[numbers[k]]);
    }
    if (n < FEW)
        return;
    for (size_t k = 0; k < n; k++)
        table->t[k] = left_of(engine, &deliveries[numbers[k]]);
    pm_basis_fill(&class->lif, table, n);
    for (size_t k = 0; k < n; k++) {
        const pm_lif_basis at = pm_basis_get(table, k);
        set_factors(class, &at, table->t[k], &deliveries[numbers[k]]);
    }
}

static void weigh_tile(const pm_engine *engine, pm_worker *worker, pm_delivery *deliveries, uint32_t n) {
    uint32_t next[TILE] = {0}, numbers[TILE];
    for (uint32_t k = n; k-- > 0;) {
        next[k] = worker->chains[deliveries[k].class];
        worker->chains[deliveries[k].class] = k;
    }
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t class = deliveries[k].class;
        size_t count = 0;
        for (uint32_t at = worker->chains[class]; at != PM_LOG_END; at = next[at])
            numbers[count++] = at;
        worker->chains[class] = PM_LOG_END;
        if (count > 0)
            set_many(engine, &worker->gaps, &engine->classes[class], deliveries, numbers, count);
    }
}

/* What has to be fetched from the synapses. */
static void complete(const pm_wiring *w, pm_delivery *deliveries, size_t n) {
    for (size_t k = 0; k < n; k++) {
        pm_delivery *d = &deliveries[k];
        if (k + AHEAD < n) {
            __builtin_prefetch(&w->weights[d[AHEAD].begin]);
            __builtin_prefetch(&w->targets[d[AHEAD].begin]);
        }
        if (!w->groups) {
            d->class = pm_group_class(w, d->begin) & (PM_MOST_CLASSES - 1);
            d->port = pm_group_receptor(w, d->begin) & (PM_MOST_RECEPTORS - 1);
            d->sign = w->weights[d->begin] < 0.0 ? -1 : 1;
            d->equal = 1;
        }
        if (d->equal)
            d->weight = w->weights[d->begin];
    }
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
    worker->status = pm_basis_reserve(&worker->gaps, TILE, &worker->error);
    for (size_t at = s->first + n * share / shares; worker->status == PM_OK && at < end; at += TILE) {
        const size_t tile = end - at < TILE ? end - at : TILE;
        complete(engine->wiring, engine->deliveries.items + at, tile);
        weigh_tile(engine, worker, engine->deliveries.items + at, (uint32_t)tile);
    }
}

pm_status pm_weigh(pm_engine *engine, size_t first, pm_error *error) {
    weighing s = {engine, first};
    if (first == engine->deliveries.count)
        return PM_OK;
    pm_all_workers(engine, engine->deliveries.count - first < WORTH_THREADS, weigh_share, &s);
    return pm_workers_status(engine, error);
}
