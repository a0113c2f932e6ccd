/* One cell through one slab, arrival by arrival.
 *
 * Invariant: at offset x from the slab's start the state is exact, and all spikes before x have been reported. Between
 * two arrivals the first crossing is that of the closed form; after a spike the potential is held at V_reset until
 * `ready`, while the currents go on. Arrivals at the same instant are summed first. */
#include "sim/engine.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_SPIKES_IN_SLAB = 1000000, SMALL_SORT = 48, MAX_CURVE_POINTS = 64 };
static const double SHORTEST_CHORD = 1e-6;  /* ms */
static const double CURVE_TOLERANCE = 0.05; /* mV */

static int compare_arrivals(const void *left, const void *right) {
    const pm_arrival *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void sort_arrivals(pm_arrival *items, size_t n) {
    if (n > SMALL_SORT) {
        qsort(items, n, sizeof *items, compare_arrivals);
        return;
    }
    for (size_t k = 1; k < n; k++) {
        pm_arrival item = items[k];
        size_t at = k;
        for (; at > 0 && compare_arrivals(&item, &items[at - 1]) < 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static bool add_arrival(pm_worker *worker, double offset, double weight, size_t order) {
    if (!PM_LIST_ROOM(worker->arrivals))
        return false;
    worker->arrivals.items[worker->arrivals.count++] = (pm_arrival){offset, weight, order};
    return true;
}

/* The log chains a cell's arrivals backwards. */
static bool gather_logged(const pm_engine *engine, pm_worker *worker, uint32_t head) {
    size_t order = SIZE_MAX;
    for (uint32_t at = head; at != PM_LOG_END; at = worker->log.items[at].next) {
        const pm_logged *item = &worker->log.items[at];
        if (!add_arrival(worker, engine->deliveries.items[item->delivery].offset, item->weight, order--))
            return false;
    }
    for (size_t low = 0, high = worker->arrivals.count; low + 1 < high; low++) { /* nearly sorted then */
        pm_arrival item = worker->arrivals.items[low];
        worker->arrivals.items[low] = worker->arrivals.items[--high];
        worker->arrivals.items[high] = item;
    }
    return true;
}

/* The first of the sorted targets in [low, high) that is not below `cell`: by the place it would have if they were
 * spread evenly, and from there in growing steps. */
static uint64_t find_target(const uint32_t *targets, uint64_t low, uint64_t high, uint32_t cell) {
    if (low == high || targets[low] >= cell)
        return low;
    if (targets[high - 1] < cell)
        return high;
    uint64_t span = targets[high - 1] - targets[low], step = 4;
    uint64_t at = low + (cell - targets[low]) * (high - 1 - low) / span;
    if (targets[at] < cell) {
        for (low = at; at + step < high && targets[at + step] < cell; step *= 2)
            low = at + step;
        high = at + step < high ? at + step : high;
    } else {
        for (high = at; at >= low + step && targets[at - step] >= cell; step *= 2)
            high = at - step;
        low = at >= low + step ? at - step : low;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (targets[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Finds the cell in every delivery of the slab. */
static bool look_up(const pm_engine *engine, pm_worker *worker, uint32_t cell) {
    const uint32_t *targets = engine->wiring->targets;
    size_t order = 0;
    for (size_t d = 0; d < engine->deliveries.count; d++) {
        const pm_delivery *delivery = &engine->deliveries.items[d];
        uint64_t low = find_target(targets, delivery->begin, delivery->end, cell);
        for (; low < delivery->end && targets[low] == cell; low++)
            if (!add_arrival(worker, delivery->offset, engine->wiring->weights[low], order++))
                return false;
    }
    return true;
}

static bool add_sample(pm_worker *worker, const pm_engine *engine, const pm_watch *watch, double time, double u,
                       double E_L, pm_sample_kind kind) {
    if (time < engine->sample_from || time >= engine->sample_until)
        return true;
    if (!PM_LIST_ROOM(worker->samples))
        return false;
    worker->samples.items[worker->samples.count++] = (pm_sample){time, E_L + u, watch->record, watch->neuron, kind};
    return true;
}

/* A piece [x0, x1) of a cell's course: `state` holds at x0; `held` says that u stays there. */
typedef struct piece {
    double x0, x1;
    pm_lif_state state;
    bool held;
} piece;

static double u_in_piece(const pm_lif *lif, const piece *p, double x) {
    return p->held ? p->state.u : pm_lif_u(lif, &p->state, x - p->x0);
}

/* The distance of points at which chords stay within the tolerance of the curve, from the curvature at both ends. */
static double curve_step(const pm_lif *lif, const piece *p) {
    if (p->held)
        return INFINITY;
    double bend = 0.0;
    for (int end = 0; end < 2; end++) {
        pm_lif_state s = end ? pm_lif_advance(lif, &p->state, p->x1 - p->x0) : p->state;
        double bend_here = -lif->l_m * pm_lif_slope_now(lif, &s) + (lif->d12 * s.b - lif->l_1 * s.i) * lif->inv_C;
        bend = fmax(bend, fabs(bend_here));
    }
    double shortest = fmax((p->x1 - p->x0) / MAX_CURVE_POINTS, SHORTEST_CHORD);
    return fmax(sqrt(8.0 * CURVE_TOLERANCE / bend), shortest);
}

/* Samples at multiples of the interval, merged with the points of the curve. */
static bool sample_piece(pm_engine *engine, pm_worker *worker, const pm_watch *watch, const pm_lif *lif,
                         const piece *p) {
    double step = curve_step(lif, p);
    bool at_start = lif->impulse || p->x0 == 0.0 || p->x0 - worker->last_point >= (engine->end - engine->start) / 8.0;
    double curve = at_start ? p->x0 : p->x0 + step;
    double number = ceil((engine->start + p->x0) / watch->interval);
    while (number * watch->interval < engine->start + p->x0)
        number += 1.0;
    for (;;) {
        double grid = number * watch->interval;
        double grid_offset = grid - engine->start;
        if (fmin(grid_offset, curve) >= p->x1) /* both ends of a jump belong to the curve */
            return !lif->impulse || !(p->x1 < engine->end - engine->start) ||
                   add_sample(worker, engine, watch, engine->start + p->x1, u_in_piece(lif, p, p->x1), lif->E_L,
                              PM_SAMPLE_CURVE);
        if (grid_offset <= curve) {
            if (!add_sample(worker, engine, watch, grid, u_in_piece(lif, p, grid_offset), lif->E_L, PM_SAMPLE))
                return false;
            number += 1.0;
        } else {
            double u = u_in_piece(lif, p, curve);
            if (!add_sample(worker, engine, watch, engine->start + curve, u, lif->E_L, PM_SAMPLE_CURVE))
                return false;
            curve += step;
        }
    }
}

static const pm_watch *first_watch(const pm_engine *engine, uint32_t cell) {
    size_t low = 0, high = engine->n_watches;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (engine->watches[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return &engine->watches[low];
}

static bool observe(pm_engine *engine, pm_worker *worker, const pm_watch *watches, uint32_t cell, const pm_lif *lif,
                    const piece *p) {
    if (cell == engine->probe && engine->probe_offset >= p->x0 && engine->probe_offset <= p->x1) {
        engine->probed = pm_lif_advance(lif, &p->state, engine->probe_offset - p->x0);
        if (p->held)
            engine->probed.u = p->state.u;
    }
    if (!watches || !(p->x1 > p->x0))
        return true;
    const pm_watch *end = engine->watches + engine->n_watches;
    for (const pm_watch *watch = watches; watch < end && watch->cell == cell; watch++)
        if (!sample_piece(engine, worker, watch, lif, p))
            return false;
    worker->last_point = p->x0;
    return true;
}

static bool report_spike(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_lif *lif,
                         const pm_cell_spike *spike) {
    if (!PM_LIST_ROOM(worker->spikes))
        return false;
    worker->spikes.items[worker->spikes.count++] = *spike;
    const pm_watch *end = engine->watches + engine->n_watches;
    for (const pm_watch *watch = watches; watch && watch < end && watch->cell == spike->cell; watch++)
        if (!add_sample(worker, engine, watch, spike->time, lif->theta, lif->E_L, PM_SAMPLE_SPIKE) ||
            !add_sample(worker, engine, watch, spike->time, lif->u_reset, lif->E_L, PM_SAMPLE_SPIKE))
            return false;
    return true;
}

static pm_status runaway(const pm_engine *engine, pm_error *error, uint32_t cell, double time, const char *what) {
    char name[160];
    pm_engine_name(engine, cell, name, sizeof name);
    return pm_fail(error, PM_FAILED, "runaway activity: neuron %s %s at %.17g ms", name, what, time);
}

/* The course of one cell while it is replayed. */
typedef struct course {
    pm_engine *engine;
    pm_worker *worker;
    const pm_lif *lif;
    const pm_watch *watches;
    uint32_t cell;
    double x, ready; /* offsets, ms */
    pm_lif_state state;
    double last_spike; /* ms, absolute */
    size_t n_spikes;
} course;

/* Fires `after` ms after x. */
static pm_status fire(course *c, double after, double limit) {
    const pm_lif *lif = c->lif;
    double time = c->engine->start + (c->x + after);
    pm_lif_state then = pm_lif_advance(lif, &c->state, after);
    if (after > 0.0)
        then.u = lif->theta; /* by definition of the crossing; the computed value is a rounding away */
    double slope = lif->impulse && !(after > 0.0) ? 0.0 : pm_lif_slope_now(lif, &then);
    pm_cell_spike spike = {time, slope, c->cell};
    if (!(time > c->last_spike) || ++c->n_spikes > MAX_SPIKES_IN_SLAB)
        return runaway(c->engine, &c->worker->error, c->cell, time, "fires without end");
    piece p = {c->x, fmin(time - c->engine->start, limit), c->state, false};
    if (!observe(c->engine, c->worker, c->watches, c->cell, lif, &p) ||
        !report_spike(c->engine, c->worker, c->watches, lif, &spike))
        return pm_fail_memory(&c->worker->error, "spikes and samples");
    c->last_spike = time;
    c->x = p.x1;
    c->ready = time + lif->t_ref - c->engine->start;
    c->state = then;
    c->state.u = lif->u_reset;
    return PM_OK;
}

/* To offset x1, without arrivals in between. */
static pm_status move_to(course *c, double x1) {
    const pm_lif *lif = c->lif;
    while (c->x < x1 || (c->x == 0.0 && c->state.u >= lif->theta)) {
        piece p = {c->x, x1, c->state, c->ready > c->x};
        if (p.held) {
            p.x1 = fmin(c->ready, x1);
        } else {
            double after = pm_lif_crossing(lif, &c->state, x1 - c->x);
            if (after <= x1 - c->x) {
                pm_status status = fire(c, after, x1);
                if (status != PM_OK)
                    return status;
                continue;
            }
        }
        if (!observe(c->engine, c->worker, c->watches, c->cell, lif, &p))
            return pm_fail_memory(&c->worker->error, "samples");
        c->state = pm_lif_advance(lif, &p.state, p.x1 - p.x0);
        if (p.held)
            c->state.u = p.state.u;
        c->x = p.x1;
        if (!isfinite(c->state.u + c->state.i))
            return runaway(c->engine, &c->worker->error, c->cell, c->engine->start + c->x,
                           "has a potential beyond all numbers");
    }
    return PM_OK;
}

/* Arrivals over synapses and from private drives, merged, those of one instant summed; and the factors of the gaps
 * between them, from the start of the slab to its end. */
static bool make_instants(const pm_engine *engine, pm_worker *worker, const pm_lif *lif) {
    const pm_arrival *arrivals = worker->arrivals.items;
    const pm_drive_arrivals *driven = &worker->driven;
    const size_t n = worker->arrivals.count, n_driven = driven->n;
    worker->instants.count = 0;
    for (size_t k = 0, d = 0; k < n || d < n_driven;) {
        bool first = d == n_driven || (k < n && arrivals[k].offset <= driven->offset[d]);
        pm_instant next = first ? (pm_instant){arrivals[k].offset, arrivals[k].weight}
                                : (pm_instant){driven->offset[d], driven->weight[d]};
        first ? k++ : d++;
        pm_instant *last = worker->instants.count > 0 ? &worker->instants.items[worker->instants.count - 1] : NULL;
        if (last && last->offset == next.offset) {
            last->weight += next.weight;
            continue;
        }
        if (!PM_LIST_ROOM(worker->instants))
            return false;
        worker->instants.items[worker->instants.count++] = next;
    }
    const size_t count = worker->instants.count;
    if (pm_basis_reserve(&worker->gaps, count + 1, NULL) != PM_OK)
        return false;
    double before = 0.0;
    for (size_t k = 0; k < count; k++) {
        worker->gaps.t[k] = worker->instants.items[k].offset - before;
        before = worker->instants.items[k].offset;
    }
    worker->gaps.t[count] = engine->end - engine->start - before;
    pm_basis_fill(lif, &worker->gaps, count + 1);
    return true;
}

/* Over gap number k to its end x1: by the factors at hand if the course is held, or provably silent. */
static pm_status cross_gap(course *c, size_t k, double x1) {
    const pm_basis_table *gaps = &c->worker->gaps;
    bool held = c->ready >= x1;
    if (c->watches || c->cell == c->engine->probe || (!held && c->ready > c->x) ||
        (!held && !(c->state.u < c->lif->theta && pm_lif_bound(c->lif, &c->state, gaps->t[k]) < c->lif->theta)))
        return move_to(c, x1);
    pm_lif_basis at = pm_basis_get(gaps, k);
    double u = c->state.u;
    c->state = pm_lif_advance_by(c->lif, &c->state, &at);
    if (held)
        c->state.u = u;
    c->x = x1;
    return PM_OK;
}

pm_status pm_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class) {
    pm_cell *home = &engine->cells[cell];
    uint32_t head = engine->log_head[cell];
    worker->arrivals.count = 0;
    worker->last_point = -INFINITY;
    if (!(head == PM_NOT_LOGGED ? look_up(engine, worker, cell) : gather_logged(engine, worker, head)))
        return pm_fail_memory(&worker->error, "arrivals");
    sort_arrivals(worker->arrivals.items, worker->arrivals.count);
    worker->driven.n = 0;
    if ((engine->drive.n_channels > 0 && !pm_drive_list(&engine->drive, &worker->block, cell, &worker->driven)) ||
        !make_instants(engine, worker, &class->lif))
        return pm_fail_memory(&worker->error, "arrivals");
    course c = {
        .engine = engine,
        .worker = worker,
        .lif = &class->lif,
        .watches = engine->watched[cell] ? first_watch(engine, cell) : NULL,
        .cell = cell,
        .ready = home->ready - engine->start,
        .state = {home->u, home->i, home->b},
        .last_spike = -INFINITY,
    };
    const size_t n = worker->instants.count;
    for (size_t k = 0; k < n; k++) {
        pm_status status = cross_gap(&c, k, worker->instants.items[k].offset);
        if (status != PM_OK)
            return status;
        if (!(class->lif.impulse && c.ready > c.x)) /* nothing moves a potential that is held */
            pm_lif_arrive(&class->lif, &c.state, worker->instants.items[k].weight);
    }
    pm_status status = cross_gap(&c, n, engine->end - engine->start);
    home->u = c.state.u;
    home->ready = c.ready + engine->start;
    return status;
}
