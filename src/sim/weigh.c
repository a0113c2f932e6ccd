/* Arrivals get their factors: what a spike adds at the end of the slab to the state of a cell that hears it, per pA.
 *
 * The exponentials of many arrivals are computed side by side, in the lanes of vectors, a tile at a time. Invariant: a
 * factor has the bits that it has alone. */
#include "sim/engine.h"

#include "base/simd.h"
#include "math/basis_point.h"

#include <string.h>

enum { FEW = 4 /* are not worth a table */, AHEAD = 16, WORTH_THREADS = 2 * PM_TILE };

static inline pm_intake factors_of(const pm_class *class, const pm_lif_basis *at, double left) {
    const bool impulse = class->lif.impulse;
    const double u = impulse ? at->em : at->d12;
    return (pm_intake){u, impulse ? 0.0 : at->alpha, impulse ? 0.0 : at->e2,
                       left > class->peak_time ? u - class->peak : 0.0};
}

static pm_intake weigh_one(const pm_class *class, const pm_tile *tile, size_t k) {
    if (class->general)
        return pm_general_factors(class->general, tile->port[k], tile->left[k]);
    const pm_lif_basis at = pm_lif_basis_at(&class->lif, tile->left[k]);
    return factors_of(class, &at, tile->left[k]);
}

/* All at cells of a class. */
static void weigh_alike(pm_basis_table *table, const pm_class *class, pm_tile *tile) {
    const bool alone = class->general || tile->n < FEW;
    for (size_t k = 0; alone && k < tile->n; k++)
        tile->factors[k] = weigh_one(class, tile, k);
    if (alone)
        return;
    memcpy(table->t, tile->left, tile->n * sizeof *table->t);
    pm_basis_fill(&class->lif, table, tile->n);
    for (size_t k = 0; k < tile->n; k++) {
        const pm_lif_basis basis = pm_basis_get(table, k);
        tile->factors[k] = factors_of(class, &basis, table->t[k]);
    }
}

/* Some arrivals at plain cells of different classes, whose constants stand in columns. */
enum { COLUMN = 64 };
typedef struct columns {
    size_t n;
    uint32_t number[COLUMN];
    double x[COLUMN], dxy[COLUMN], dyz[COLUMN], dxz[COLUMN], inv_dxy[COLUMN], inv_dyz[COLUMN], inv_dxz[COLUMN];
    double inv_C[COLUMN], d12[COLUMN], at_m[COLUMN], left[COLUMN], peak_time[COLUMN], peak[COLUMN];
    pm_intake factors[COLUMN];
} columns;

static inline __attribute__((always_inline)) void fill(columns *restrict c, bool single) {
    for (size_t k = 0; k < c->n; k++) {
        const pm_basis_rates rates = {c->x[k],       c->dxy[k],     c->dyz[k],   c->dxz[k], c->inv_dxy[k],
                                      c->inv_dyz[k], c->inv_dxz[k], c->inv_C[k], c->d12[k], c->at_m[k]};
        const double left = c->left[k];
        const pm_lif_basis at = single ? pm_basis_single_point(&rates, left) : pm_basis_point(&rates, rates.at_m, left);
        c->factors[k] = (pm_intake){at.d12, at.alpha, at.e2, left > c->peak_time[k] ? at.d12 - c->peak[k] : 0.0};
    }
}
PM_SIMD static void fill_single(columns *c) { fill(c, true); }
PM_SIMD static void fill_double(columns *c) { fill(c, false); }

static void weigh_columns(pm_tile *tile, columns *c, bool single) {
    (single ? fill_single : fill_double)(c);
    for (size_t k = 0; k < c->n; k++)
        tile->factors[c->number[k]] = c->factors[k];
    c->n = 0;
}

static void take(columns *c, const pm_effect *r, const pm_tile *tile, uint32_t number) {
    const size_t k = c->n++;
    c->number[k] = number;
    c->left[k] = tile->left[number];
    c->x[k] = r->rates.x;
    c->dxy[k] = r->rates.dxy;
    c->inv_dxy[k] = r->rates.inv_dxy;
    c->inv_C[k] = r->rates.inv_C;
    c->at_m[k] = r->rates.at_m;
    c->peak_time[k] = r->peak_time;
    c->peak[k] = r->peak;
    if (r->kind == PM_EFFECT_SINGLE)
        return;
    c->dyz[k] = r->rates.dyz;
    c->dxz[k] = r->rates.dxz;
    c->inv_dyz[k] = r->rates.inv_dyz;
    c->inv_dxz[k] = r->rates.inv_dxz;
    c->d12[k] = r->rates.d12;
}

static void weigh_mixed(const pm_engine *engine, pm_tile *tile) {
    columns single, twofold;
    single.n = twofold.n = 0;
    for (uint32_t k = 0; k < tile->n; k++) {
        const pm_effect *effect = &engine->effects[tile->class[k]];
        columns *c = effect->kind == PM_EFFECT_SINGLE ? &single : &twofold;
        if (effect->kind == PM_EFFECT_OTHER)
            tile->factors[k] = weigh_one(&engine->classes[tile->class[k]], tile, k);
        else
            take(c, effect, tile, k);
        if (c->n == COLUMN)
            weigh_columns(tile, c, c == &single);
    }
    weigh_columns(tile, &single, true);
    weigh_columns(tile, &twofold, false);
}

void pm_weigh_tile(const pm_engine *engine, pm_worker *worker) {
    pm_tile *tile = &worker->tile;
    bool alike = true;
    for (size_t k = 1; k < tile->n; k++)
        alike = alike && tile->class[k] == tile->class[0];
    if (!alike)
        weigh_mixed(engine, tile);
    else if (tile->n > 0)
        weigh_alike(&worker->gaps, &engine->classes[tile->class[0]], tile);
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
        tile->left[k] =
            engine->end - engine->start - d->offset; /* exact: all are multiples of the smallest's last bit */
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
    worker->status = pm_basis_reserve(&worker->gaps, PM_TILE, &worker->error);
    for (size_t at = s->first + n * share / shares; worker->status == PM_OK && at < end; at += PM_TILE)
        weigh_deliveries(engine, worker, engine->deliveries.items + at, end - at < PM_TILE ? end - at : PM_TILE);
}

pm_status pm_weigh(pm_engine *engine, size_t first, pm_error *error) {
    weighing s = {engine, first};
    if (first == engine->deliveries.count || !engine->wiring->groups)
        return PM_OK;
    pm_all_workers(engine, engine->deliveries.count - first < WORTH_THREADS, weigh_share, &s);
    return pm_workers_status(engine, error);
}
