/* What is recorded of a cell's potential: samples at multiples of an interval, merged with points in between that let
 * straight lines follow the curve. Invariant: which points there are depends on the course of the cell within the slab
 * only; those outside of [sample_from, sample_until) are left out, and cost nothing where they are samples. */
#include "sim/engine.h"

#include <math.h>

enum { MAX_CURVE_POINTS = 64 };
static const double SHORTEST_CHORD = 1e-6;  /* ms */
static const double CURVE_TOLERANCE = 0.05; /* mV */
static const double MOST_SAMPLES = 0x1p53;  /* numbers beyond have no neighbours */

bool pm_add_sample(pm_worker *worker, const pm_engine *engine, const pm_watch *watch, double time, double value,
                   pm_sample_kind kind) {
    if (time < engine->sample_from || time >= engine->sample_until)
        return true;
    if (!PM_LIST_ROOM(worker->samples))
        return false;
    worker->samples.items[worker->samples.count++] = (pm_sample){time, value, watch->record, watch->neuron, kind};
    return true;
}

double pm_curve_step(double bend, double length) {
    const double shortest = fmax(length / MAX_CURVE_POINTS, SHORTEST_CHORD);
    return fmax(sqrt(8.0 * CURVE_TOLERANCE / bend), shortest);
}

/* The distance of points at which chords stay within the tolerance of the curve, from the curvature at both ends. */
static double curve_step(const pm_lif *lif, const pm_stretch *p) {
    if (p->held)
        return INFINITY;
    double bend = 0.0;
    for (int end = 0; end < 2; end++) {
        pm_lif_state s = end ? pm_lif_advance(lif, &p->state, p->x1 - p->x0) : p->state;
        double bend_here = -lif->l_m * pm_lif_slope_now(lif, &s) + (lif->d12 * s.b - lif->l_1 * s.i) * lif->inv_C;
        bend = fmax(bend, fabs(bend_here));
    }
    return pm_curve_step(bend, p->x1 - p->x0);
}

/* The number of the first sample at or after `time`. */
static double first_number(double time, double interval) {
    double number = fmax(floor(time / interval) - 1.0, 0.0);
    while (number < MOST_SAMPLES && number * interval < time)
        number += 1.0;
    return number;
}

pm_sampling pm_sampling_begin(const pm_engine *engine, const pm_worker *worker, const pm_watch *watch, double x0,
                              double x1, double step, bool jumps) {
    const double h = engine->end - engine->start;
    const bool at_start = jumps || x0 == 0.0 || x0 - worker->last_point >= h / 8.0;
    return (pm_sampling){
        .interval = watch->interval,
        .start = engine->start,
        .limit = fmin(x1, engine->sample_until - engine->start),
        .number = first_number(fmax(engine->start + x0, engine->sample_from), watch->interval),
        .curve = step == INFINITY && !at_start ? INFINITY
                 : at_start                    ? x0
                                               : x0 + step,
        .step = step,
        .last = jumps && x1 < h ? x1 : INFINITY,
    };
}

bool pm_sampling_next(pm_sampling *s, double *x, pm_sample_kind *kind) {
    const double grid = s->number < MOST_SAMPLES ? s->number * s->interval : INFINITY, grid_x = grid - s->start;
    *kind = grid_x <= s->curve ? PM_SAMPLE : PM_SAMPLE_CURVE;
    if (fmin(grid_x, s->curve) >= s->limit) {
        *kind = PM_SAMPLE_CURVE;
        *x = s->last;
        s->time = s->start + s->last;
        s->last = INFINITY;
        return *x < INFINITY;
    }
    if (*kind == PM_SAMPLE) {
        *x = grid_x;
        s->time = grid;
        s->number += 1.0;
    } else {
        *x = s->curve;
        s->time = s->start + s->curve;
        s->curve += s->step;
    }
    return true;
}

static double value_of(const pm_lif *lif, const pm_potential_record *record, const pm_stretch *p, double x) {
    if (record->quantity == PM_THRESHOLD)
        return lif->E_L + lif->theta;
    const pm_lif_state s = pm_lif_advance(lif, &p->state, x - p->x0);
    if (record->quantity == PM_POTENTIAL)
        return lif->E_L + (p->held ? p->state.u : s.u);
    return s.i + (record->receptor == PM_EVERY_RECEPTOR ? lif->u_inf * lif->l_m / lif->inv_C : 0.0);
}

static bool sample_one(pm_engine *engine, pm_worker *worker, const pm_watch *watch, const pm_lif *lif,
                       const pm_stretch *p) {
    const pm_potential_record *record = &engine->network->potentials[watch->record];
    const bool curve = record->quantity == PM_POTENTIAL;
    pm_sampling s = pm_sampling_begin(engine, worker, watch, p->x0, p->x1, curve ? curve_step(lif, p) : INFINITY,
                                      curve && lif->impulse);
    double x;
    for (pm_sample_kind kind; pm_sampling_next(&s, &x, &kind);)
        if (!pm_add_sample(worker, engine, watch, s.time, value_of(lif, record, p, x), kind))
            return false;
    return true;
}

const pm_watch *pm_watches_of(const pm_engine *engine, uint32_t cell) {
    size_t low = 0, high = engine->n_watches;
    if (!engine->watched[cell] || (pm_is_cyclic(engine, cell) && !engine->final_look))
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
                     const pm_stretch *piece) {
    const pm_watch *end = engine->watches + engine->n_watches;
    pm_stretch p = *piece;
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
        if (engine->network->potentials[watch->record].quantity == PM_POTENTIAL &&
            (!pm_add_sample(worker, engine, watch, time, lif->E_L + lif->theta, PM_SAMPLE_SPIKE) ||
             !pm_add_sample(worker, engine, watch, time, lif->E_L + lif->u_reset, PM_SAMPLE_SPIKE)))
            return false;
    return true;
}
