/* Settling cells of the general kind: settle.c with any number of terms.
 *
 * Quick cells have an intake for each receptor, and the same bound as other cells: that of the membrane over the slab
 * without arrivals, and what these can add. One that stays silent moves by its intakes; one that is replayed, too, but
 * for the potential, the threshold and the currents after spikes of one that fired or whose injected current changed.
 * Cells that are not quick are replayed wherever something arrives. A cell that nothing reaches has a wake, by the
 * bound of its membrane over a growing horizon, or else by its crossing itself. */
#include "math/membrane_terms.h"
#include "sim/engine.h"

#include <math.h>
#include <string.h>

static const double MARGIN = 1e-9, EARLY = 1e-12; /* as in settle.c */
static const double OLD = -1.0; /* foreseen: the wake is that of an earlier origin, and not too late for this one */
enum { FEW_SLABS = 4, MANY_SLABS = 64 };

pm_intake pm_general_factors(const pm_general *g, uint32_t port, double left) {
    if (!g->quick)
        return (pm_intake){0};
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(g->membranes, left, row);
    const pm_response at = pm_membrane_response(g->membranes, port, row);
    return (pm_intake){at.u, at.i, at.b, left > g->peak_time[port] ? at.u - g->peak[port] : 0.0};
}

void pm_general_forget(const pm_general *g, pm_block cells) {
    const uint32_t begin = cells.begin > g->first_cell ? cells.begin : g->first_cell;
    const uint32_t end = cells.end < g->first_cell + g->n_cells ? cells.end : g->first_cell + g->n_cells;
    if (g->quick && begin < end)
        memset(pm_general_intakes(g, begin), 0, (end - begin) * g->n_ports * sizeof(pm_intake));
}

PM_INLINE bool is_reached(const pm_general *g, uint32_t n, pm_shape shape) {
    bool reached = false;
    for (size_t p = 0; p < shape.n_ports; p++)
        reached = reached || pm_is_reached(&pm_general_intakes(g, n)[p]);
    return reached;
}

/* A time before which the bound below is negative, ms; 0 where thresholds move: by the currents that excite alone. */
PM_INLINE double sure_time(const pm_membrane *m, const double *state, pm_shape shape) {
    double current = 0.0;
    for (size_t p = 0; p < shape.n_ports; p++)
        current += pm_larger(state[1 + 2 * p], 0.0) + (shape.single ? 0.0 : pm_larger(state[2 + 2 * p], 0.0));
    const double slope = (m->u_inf - state[0]) * m->l_m + current * m->inv_C;
    return shape.bare && slope > 0.0 ? (m->theta - state[0]) / slope * (1.0 - MARGIN) : 0.0;
}

/* The time until the threshold may be reached, or `most`, ms. An estimate, which is below the truth, unless it is
 * short: then the crossing itself, which is kept in `foreseen`. */
PM_INLINE double quiet_time(const pm_membrane *m, const double *state, double least, double most, double *foreseen,
                            pm_shape shape) {
    const bool draws_on = shape.bare && m->u_inf >= m->theta && most == INFINITY; /* and crosses some day */
    *foreseen = NAN;
    if (!draws_on && pm_shape_bound(m, state, most, shape) < 0.0)
        return most;
    const double sure = fmin(sure_time(m, state, shape), most);
    double quiet = least;
    while (2.0 * quiet < sure)
        quiet *= 2.0;
    while (quiet < most && pm_shape_bound(m, state, quiet, shape) < 0.0)
        quiet *= 2.0;
    if (quiet > least)
        return 0.5 * quiet;
    const double horizon = fmin(MANY_SLABS * least, most), crossing = pm_membrane_crossing(m, state, horizon, NULL);
    if (!(crossing < horizon))
        return horizon;
    *foreseen = crossing;
    return crossing * (1.0 - EARLY);
}

/* The cell's state at its origin, or where it is refractory then, at the end of that; how long after. */
static double free_state(const pm_engine *engine, uint32_t n, const pm_general *g, pm_membrane *m, double *state) {
    const pm_cell *cell = &engine->cells[n];
    memcpy(state, pm_general_state(g, n), g->width * sizeof *state);
    pm_general_change(g, n, cell->origin, m, state);
    const double after = engine->holds[n].ready - cell->origin + engine->holds[n].late;
    if (!isnan(cell->u) || !(after > 0.0))
        return 0.0;
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(m, after, row);
    pm_membrane_hold(m, row, state, state);
    return after;
}

PM_INLINE void find_wake(pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    const double h = engine->plan.slab, origin = engine->cells[n].origin;
    const double *at = pm_general_state(g, n);
    const pm_membrane *m = pm_general_membrane(g, n);
    double state[PM_MEMBRANE_WIDTH], change = INFINITY, from = 0.0;
    pm_membrane with_currents;
    if (g->n_currents > 0 || isnan(engine->cells[n].u)) {
        change = pm_general_next_change(g, n, origin) - origin;
        from = free_state(engine, n, g, &with_currents, state);
        at = state;
        m = &with_currents;
    }
    const double quiet = quiet_time(m, at, FEW_SLABS * h, fmax(change - from, 0.0), &engine->foreseen[n], shape);
    engine->wake[n] = origin + floor(fmin((from + quiet) * (1.0 - EARLY), change) / h) * h;
}

void pm_general_find_wake(pm_engine *engine, uint32_t n, const pm_general *g) {
    PM_WITH_SHAPE(g->shape, g->membranes, find_wake, engine, n, g);
}

/* Whether a state provably stays below the threshold for h ms with what arrives. */
PM_INLINE bool is_below(const pm_membrane *m, const double *state, double h, double lift, pm_shape shape) {
    const double bound = pm_shape_bound(m, state, h, shape);
    return bound + lift + MARGIN * (fabs(bound) + fabs(m->theta) + fabs(lift)) < 0.0;
}

/* The wake may stay if a search for it would find none before: it doubles horizons, and halves the first one that is
 * too far. */
PM_INLINE bool is_early(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    const double ahead = engine->wake[n] - engine->cells[n].origin;
    return ahead > 0.0 && is_below(pm_general_membrane(g, n), pm_general_state(g, n), 2.0 * ahead * (1.0 + MARGIN), 0.0, shape);
}

void pm_general_renew_wake(pm_engine *engine, uint32_t n, const pm_general *g) {
    bool early = false;
    if (g->quick && g->n_currents == 0 && !isnan(engine->cells[n].u))
        PM_WITH_SHAPE(g->shape, g->membranes, early = is_early, engine, n, g)
    if (early)
        engine->foreseen[n] = OLD;
    else
        pm_general_find_wake(engine, n, g);
}

/* A wake that was an estimate has come: the cell goes on from here, unless its current changes. */
static void stop_over(pm_engine *engine, uint32_t n, const pm_general *g) {
    double state[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW];
    pm_membrane m;
    pm_cell *cell = &engine->cells[n];
    if (pm_general_next_change(g, n, cell->origin) < engine->end)
        return;
    const double from = free_state(engine, n, g, &m, state), t = engine->start - cell->origin - from;
    if (t < 0.0)
        return;
    pm_membrane_row_at(&m, t, row);
    pm_membrane_move(&m, row, state, pm_general_state(g, n));
    *cell = (pm_cell){.origin = engine->start};
    pm_general_find_wake(engine, n, g);
}

/* Whether a quick cell provably stays silent in the slab with what arrives. Most do so even if all the time since their
 * origin is laid before the end of the slab. */
PM_INLINE bool stays_silent(const pm_engine *engine, uint32_t n, const pm_general *g, double lift, pm_shape shape) {
    const pm_cell *cell = &engine->cells[n];
    if (isnan(cell->u))
        return engine->holds[n].ready >= engine->end && engine->holds[n].ready + engine->holds[n].late >= engine->end;
    double moved[PM_MEMBRANE_WIDTH], room[PM_MEMBRANE_ROW];
    const double *state = pm_general_state(g, n), lag = engine->start - cell->origin;
    pm_membrane with_currents;
    const pm_membrane *m = pm_general_membrane(g, n);
    if (g->n_currents > 0) {
        if (pm_general_next_change(g, n, cell->origin) < engine->end)
            return false;
        memcpy(moved, state, g->width * sizeof *moved);
        pm_general_change(g, n, cell->origin, &with_currents, moved);
        m = &with_currents;
        state = moved;
    }
    if (is_below(m, state, engine->end - cell->origin, lift, shape))
        return true;
    if (!(lag > 0.0))
        return false;
    pm_shape_move(m, pm_general_row(g, engine->plan.slab, lag, room), 1, state, moved, shape);
    return is_below(m, moved, engine->end - engine->start, lift, shape);
}

PM_INLINE double lift_of(const pm_general *g, uint32_t n, pm_shape shape) {
    const pm_intake *intake = pm_general_intakes(g, n);
    double lift = 0.0;
    for (size_t p = 0; p < shape.n_ports; p++)
        lift += intake[p].u - intake[p].lift;
    return lift;
}

PM_INLINE bool is_silent(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    return stays_silent(engine, n, g, lift_of(g, n, shape), shape);
}

static bool quick_is_reached(const pm_general *g, uint32_t n) {
    bool reached = false;
    PM_WITH_SHAPE(g->shape, g->membranes, reached = is_reached, g, n)
    return reached;
}

static bool quick_is_silent(const pm_engine *engine, uint32_t n, const pm_general *g) {
    bool silent = false;
    PM_WITH_SHAPE(g->shape, g->membranes, silent = is_silent, engine, n, g)
    return silent;
}

pm_status pm_general_visit(pm_engine *engine, pm_worker *worker, uint32_t n, const pm_general *g) {
    const bool lags = engine->cells[n].origin < engine->start;
    if (lags && (engine->wake[n] == PM_UNKNOWN || (engine->foreseen[n] == OLD && engine->start >= engine->wake[n])))
        pm_general_find_wake(engine, n, g);
    if (lags && engine->start >= engine->wake[n] && isnan(engine->foreseen[n]))
        stop_over(engine, n, g);
    /* Where nothing is delivered in a slab, the logs are those of an earlier one. */
    const bool logged = engine->deliveries.count > 0 && engine->log_head[n] != PM_LOG_END;
    bool silent = false;
    if (g->quick ? quick_is_reached(g, n) : logged)
        silent = g->quick && quick_is_silent(engine, n, g);
    else if (lags)
        silent = engine->start < engine->wake[n];
    else if (engine->dense)
        engine->wake[n] = PM_UNKNOWN;
    return silent && !engine->watched[n] ? PM_OK : pm_general_replay(engine, worker, n, g, NULL);
}

PM_INLINE pm_status settle_quick(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class,
                                 pm_shape shape) {
    const pm_general *g = class->general;
    const bool driven = engine->drive.n_channels > 0;
    const double scale = g->ports[g->drive_port].jump, h = engine->end - engine->start;
    double lift_sum = 0.0;
    for (uint32_t n = cells.begin; n < cells.end; n++) {
        if (driven)
            pm_add_driven(engine, worker, n, class, scale, pm_general_intakes(g, n) + g->drive_port);
        const pm_cell *cell = &engine->cells[n];
        const pm_membrane *m = pm_general_membrane(g, n);
        const bool reached = is_reached(g, n, shape);
        if (!reached && cell->origin < engine->start && engine->start < engine->wake[n] && !engine->watched[n])
            continue;
        const double lift = reached ? lift_of(g, n, shape) : 0.0;
        lift_sum += lift;
        if (cell->origin == engine->start && !isnan(cell->u) && g->n_currents == 0 && !engine->watched[n] &&
            is_below(m, pm_general_state(g, n), h, lift, shape)) {
            if (!reached)
                engine->wake[n] = PM_UNKNOWN;
            continue;
        }
        const pm_status status = pm_general_visit(engine, worker, n, g);
        if (status != PM_OK)
            return status;
    }
    worker->lift_sum += lift_sum;
    return PM_OK;
}

pm_status pm_general_settle(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class) {
    const pm_general *g = class->general;
    pm_status status = PM_OK;
    if (g->quick)
        PM_WITH_SHAPE(g->shape, g->membranes, status = settle_quick, engine, worker, cells, class)
    for (uint32_t n = cells.begin; !g->quick && status == PM_OK && n < cells.end; n++)
        status = pm_general_visit(engine, worker, n, g);
    return status;
}

/* To the end of the slab, with what has arrived. */
PM_INLINE void commit_cell(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    pm_cell *cell = &engine->cells[n];
    double *state = pm_general_state(g, n), room[PM_MEMBRANE_ROW];
    const pm_intake *intake = pm_general_intakes(g, n);
    const double *row = cell->origin == engine->start
                            ? g->rows + pm_membrane_row_length(g->membranes) /* over one slab */
                            : pm_general_row(g, engine->plan.slab, engine->end - cell->origin, room);
    const pm_membrane *m = pm_general_membrane(g, n);
    pm_membrane with_currents;
    if (g->n_currents > 0) {
        pm_general_change(g, n, cell->origin, &with_currents, state);
        m = &with_currents;
    }
    if (isnan(cell->u)) {
        pm_shape_hold(m, row, 1, state, state, shape);
    } else {
        pm_shape_move(m, row, 1, state, state, shape);
        for (size_t p = 0; p < shape.n_ports; p++)
            state[0] += intake[p].u;
    }
    for (size_t p = 0; p < shape.n_ports; p++) {
        state[1 + 2 * p] += intake[p].i;
        state[2 + 2 * p] += intake[p].b;
    }
    cell->origin = engine->end;
}

PM_INLINE void commit_cells(const pm_engine *engine, pm_block cells, const pm_general *g, pm_shape shape) {
    for (uint32_t n = cells.begin; n < cells.end; n++)
        if (is_reached(g, n, shape)) {
            commit_cell(engine, n, g, shape);
            memset(pm_general_intakes(g, n), 0, shape.n_ports * sizeof(pm_intake));
        }
}

void pm_general_commit_block(const pm_engine *engine, pm_block cells, const pm_general *g) {
    if (g->quick)
        PM_WITH_SHAPE(g->shape, g->membranes, commit_cells, engine, cells, g)
}

static void commit_outcome(const pm_engine *engine, const pm_worker *worker, const pm_general_outcome *o) {
    if (o->cell == PM_NO_CELL)
        return;
    const pm_general *g = pm_class_of(engine, o->cell)->general;
    double *state = pm_general_state(g, o->cell);
    const double *found = worker->states.items + o->at;
    pm_cell *cell = &engine->cells[o->cell];
    if (o->whole) {
        memcpy(state, found, g->width * sizeof *state);
    } else {
        if (cell->origin != engine->end)
            commit_cell(engine, o->cell, g, pm_shape_any(g->membranes));
        const size_t rest = 1 + 2 * g->n_ports; /* thresholds and currents after spikes */
        state[0] = found[0];
        memcpy(state + rest, found + rest, (g->width - rest) * sizeof *state);
    }
    *cell = (pm_cell){.u = o->held ? NAN : 0.0, .origin = engine->end};
    if (o->fired)
        engine->holds[o->cell] = o->hold;
}

void pm_general_commit(pm_engine *engine, pm_worker *worker) {
    for (size_t k = 0; k < worker->general.count; k++)
        commit_outcome(engine, worker, &worker->general.items[k]);
}
