/* What is recorded of a cell's potential: samples at multiples of an interval, merged with points in between that let
 * straight lines follow the curve. Invariant: which points there are depends on the course of the cell within the slab
 * only; those outside of [sample_from, sample_until) are left out, and cost nothing where they are samples. */
#include "sim/engine.h"

#include <math.h>

enum { MAX_CURVE_POINTS = 64 };
static const double SHORTEST_CHORD = 1e-6;  /* ms */
static const double CURVE_TOLERANCE = 0.05; /* mV */
static const double MOST_SAMPLES = 0x1p53;  /* numbers beyond have no neighbours */

static bool add_sample(pm_worker *worker, const pm_engine *engine, const pm_watch *watch, double time, double u,
                       double E_L, pm_sample_kind kind) {
    if (time < engine->sample_from || time >= engine->sample_until)
        return true;
    if (!PM_LIST_ROOM(worker->samples))
        return false;
    worker->samples.items[worker->samples.count++] = (pm_sample){time, E_L + u, watch->record, watch->neuron, kind};
    return true;
}

static double u_in_piece(const pm_lif *lif, const pm_piece *p, double x) {
    return p->held ? p->state.u : pm_lif_u(lif, &p->state, x - p->x0);
}

/* The distance of points at which chords stay within the tolerance of the curve, from the curvature at both ends. */
static double curve_step(const pm_lif *lif, const pm_piece *p) {
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

/* The number of the first sample at or after `time`. */
static double first_number(double time, double interval) {
    double number = fmax(floor(time / interval) - 1.0, 0.0);
    while (number < MOST_SAMPLES && number * interval < time)
        number += 1.0;
    return number;
}

static bool sample_one(pm_engine *engine, pm_worker *worker, const pm_watch *watch, const pm_lif *lif,
                       const pm_piece *p) {
    const double h = engine->end - engine->start, step = curve_step(lif, p);
    const double limit = fmin(p->x1, engine->sample_until - engine->start);
    bool at_start = lif->impulse || p->x0 == 0.0 || p->x0 - worker->last_point >= h / 8.0;
    double curve = at_start ? p->x0 : p->x0 + step;
    double number = first_number(fmax(engine->start + p->x0, engine->sample_from), watch->interval);
    for (;;) {
        double grid = number < MOST_SAMPLES ? number * watch->interval : INFINITY;
        double grid_offset = grid - engine->start;
        if (fmin(grid_offset, curve) >= limit) /* both ends of a jump belong to the curve */
            return !lif->impulse || !(p->x1 < h) ||
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

const pm_watch *pm_watches_of(const pm_engine *engine, uint32_t cell) {
    size_t low = 0, high = engine->n_watches;
    if (!engine->watched[cell])
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (engine->watches[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return &engine->watches[low];
}

bool pm_sample_piece(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_lif *lif,
                     const pm_piece *piece) {
    const pm_watch *end = engine->watches + engine->n_watches;
    pm_piece p = *piece;
    if (p.x0 < 0.0) { /* what lies before the slab has been recorded */
        if (!p.held)
            p.state = pm_lif_advance(lif, &p.state, -p.x0);
        p.x0 = 0.0;
    }
    if (!(p.x1 > p.x0))
        return true;
    for (const pm_watch *watch = watches; watch < end && watch->cell == watches->cell; watch++)
        if (!sample_one(engine, worker, watch, lif, &p))
            return false;
    worker->last_point = p.x0;
    return true;
}

bool pm_sample_spike(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_lif *lif, double time) {
    const pm_watch *end = engine->watches + engine->n_watches;
    for (const pm_watch *watch = watches; watch < end && watch->cell == watches->cell; watch++)
        if (!add_sample(worker, engine, watch, time, lif->theta, lif->E_L, PM_SAMPLE_SPIKE) ||
            !add_sample(worker, engine, watch, time, lif->u_reset, lif->E_L, PM_SAMPLE_SPIKE))
            return false;
    return true;
}
