/* Arrivals get their factors: what a spike adds at the end of the slab to the state of a cell that hears it, per pA.
 *
 * The exponentials of many arrivals are computed side by side, in the lanes of vectors, a tile at a time. Invariant: a
 * factor has the bits that it has alone. */
#include "sim/engine.h"

#include "base/simd.h"
#include "math/basis_point.h"

enum { AHEAD = 16, WORTH_THREADS = 2 * PM_TILE };

static pm_effect effect_of(const pm_class *class) {
    const pm_effect_kind kind = class->general       ? PM_EFFECT_GENERAL
                                : class->lif.impulse ? PM_EFFECT_IMPULSE
                                : class->lif.single  ? PM_EFFECT_SINGLE
                                                     : PM_EFFECT_DOUBLE;
    return (pm_effect){pm_basis_rates_of(&class->lif), class->peak_time, class->peak, kind};
}

/* Inverses and peaks follow from what is compared. */
static bool is_like(const pm_effect *a, const pm_effect *b) {
    const pm_basis_rates *r = &a->rates, *s = &b->rates;
    return a->kind == b->kind && r->x == s->x && r->dxy == s->dxy && r->dyz == s->dyz && r->dxz == s->dxz &&
           r->inv_C == s->inv_C && r->d12 == s->d12 && r->at_m == s->at_m;
}

void pm_find_effects(pm_engine *engine) {
    engine->alike = true;
    for (uint32_t k = 0; k < engine->wiring->n_classes; k++) {
        engine->effects[k] = effect_of(&engine->classes[k]);
        engine->alike = engine->alike && is_like(&engine->effects[k], &engine->effects[0]);
    }
}

/* `at_m`: of the rates; a constant where all arrivals are alike. */
static inline __attribute__((always_inline)) pm_intake factors_of(const pm_effect *effect, pm_effect_kind kind,
                                                                  double at_m, double left) {
    const pm_lif_basis at = kind == PM_EFFECT_DOUBLE ? pm_basis_point(&effect->rates, at_m, left)
                                                     : pm_basis_single_point(&effect->rates, left);
    const bool impulse = kind == PM_EFFECT_IMPULSE;
    const double u = impulse ? at.em : at.d12;
    return (pm_intake){u, impulse ? 0.0 : at.alpha, at.e2, left > effect->peak_time ? u - effect->peak : 0.0};
}

static inline __attribute__((always_inline)) void fill_alike(const pm_effect *effect, pm_effect_kind kind, double at_m,
                                                             pm_tile *restrict tile) {
    const pm_effect e = *effect;
    for (size_t k = 0; k < tile->n; k++)
        tile->factors[k] = factors_of(&e, kind, at_m, tile->left[k]);
}
PM_SIMD static void fill_singles(const pm_effect *e, pm_tile *tile) {
    fill_alike(e, PM_EFFECT_SINGLE, e->rates.at_m, tile);
}
PM_SIMD static void fill_doubles_0(const pm_effect *e, pm_tile *tile) { fill_alike(e, PM_EFFECT_DOUBLE, 0.0, tile); }
PM_SIMD static void fill_doubles_1(const pm_effect *e, pm_tile *tile) { fill_alike(e, PM_EFFECT_DOUBLE, 1.0, tile); }
PM_SIMD static void fill_doubles_2(const pm_effect *e, pm_tile *tile) { fill_alike(e, PM_EFFECT_DOUBLE, 2.0, tile); }
PM_SIMD static void fill_impulses(const pm_effect *e, pm_tile *tile) {
    fill_alike(e, PM_EFFECT_IMPULSE, e->rates.at_m, tile);
}

static void weigh_alike(const pm_effect *effect, pm_tile *tile) {
    switch (effect->kind) {
    case PM_EFFECT_SINGLE:
        fill_singles(effect, tile);
        break;
    case PM_EFFECT_IMPULSE:
        fill_impulses(effect, tile);
        break;
    default:
        (effect->rates.at_m == 0.0   ? fill_doubles_0
         : effect->rates.at_m == 1.0 ? fill_doubles_1
                                     : fill_doubles_2)(effect, tile);
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

static inline __attribute__((always_inline)) void fill(columns *restrict c, pm_effect_kind kind) {
    for (size_t k = 0; k < c->n; k++) {
        const pm_effect effect = {.rates = {c->x[k], c->dxy[k], c->dyz[k], c->dxz[k], c->inv_dxy[k], c->inv_dyz[k],
                                            c->inv_dxz[k], c->inv_C[k], c->d12[k], c->at_m[k]},
                                  .peak_time = c->peak_time[k],
                                  .peak = c->peak[k]};
        c->factors[k] = factors_of(&effect, kind, c->at_m[k], c->left[k]);
    }
}
PM_SIMD static void fill_single(columns *c) { fill(c, PM_EFFECT_SINGLE); }
PM_SIMD static void fill_double(columns *c) { fill(c, PM_EFFECT_DOUBLE); }

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
        if (effect->kind == PM_EFFECT_GENERAL)
            tile->factors[k] =
                pm_general_factors(engine->classes[tile->class[k]].general, tile->port[k], tile->left[k]);
        else if (effect->kind == PM_EFFECT_IMPULSE)
            tile->factors[k] = factors_of(effect, PM_EFFECT_IMPULSE, effect->rates.at_m, tile->left[k]);
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
    if (tile->n == 0)
        return;
    const pm_effect *effect = &engine->effects[tile->class[0]];
    bool alike = effect->kind != PM_EFFECT_GENERAL;
    for (size_t k = 1; alike && !engine->alike && k < tile->n; k++)
        alike = tile->class[k] == tile->class[0];
    if (!alike)
        weigh_mixed(engine, tile);
    else
        weigh_alike(effect, tile);
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
    for (size_t at = s->first + n * share / shares; at < end; at += PM_TILE)
        weigh_deliveries(engine, worker, engine->deliveries.items + at, end - at < PM_TILE ? end - at : PM_TILE);
}

void pm_weigh(pm_engine *engine, size_t first) {
    weighing s = {engine, first};
    if (first < engine->deliveries.count && engine->wiring->groups)
        pm_all_workers(engine, engine->deliveries.count - first < WORTH_THREADS, weigh_share, &s);
}
