/* Settling cells of the general kind: settle.c with any number of terms.
 *
 * Quick cells have an intake for each receptor, and the same bound as other cells: that of the membrane over the slab
 * without arrivals, and what these can add, the cell's leeway. One that stays silent moves by its intakes; one that is
 * replayed, too, but for the potential, the threshold and the currents after spikes of one that fired, became free or
 * whose injected current changed. Cells that are not quick are replayed wherever something arrives.
 *
 * When a dense slab begins all leeways are sought, so that later a cell costs a comparison: by the near bound for many
 * cells at a time, then by closer ones. In the cyclic level, where little has arrived by then, only those cells are
 * settled that have no leeway or more arrivals than it takes; and the replay of one that becomes free in the slab,
 * which has leeway, waits until all rounds are over.
 *
 * A cell that nothing reaches, and of which no bound tells, has a wake, by the bound of its membrane over a growing
 * horizon. Once that has come it is sought anew from there, and where it is near, the cell is replayed in every slab;
 * its origin stays where it is. Where bounds of long horizons say little, as with sines, the wake is the crossing
 * itself. */
#include "base/simd.h"
#include "math/membrane_terms.h"
#include "sim/engine.h"

#include <math.h>
#include <string.h>

static const double EARLY = 1e-12; /* as in settle.c */
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

/* The intakes and the state of a quick cell where the shape is known. */
PM_INLINE pm_intake *intakes_of(const pm_general *g, uint32_t n, pm_shape shape) {
    return g->intakes + (size_t)(n - g->first_cell) * shape.n_ports;
}
PM_INLINE double *state_of(const pm_general *g, uint32_t n, pm_shape shape) {
    return g->states + (size_t)(n - g->first_cell) * (shape.bare ? 1 + 2 * shape.n_ports : g->width);
}

static inline uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Whether a number of its intakes is not 0, without a branch. */
PM_INLINE bool is_reached(const pm_general *g, uint32_t n, pm_shape shape) {
    const pm_intake *intakes = intakes_of(g, n, shape);
    uint64_t any = 0;
    for (size_t p = 0; p < shape.n_ports; p++)
        any |= bits_of(intakes[p].u) | bits_of(intakes[p].i) | bits_of(intakes[p].b);
    return any << 1;
}

/* A time before which the bound below is negative, ms; 0 where thresholds move: by the currents that excite alone. */
PM_INLINE double sure_time(const pm_membrane *m, const double *state, pm_shape shape) {
    double current = 0.0;
    for (size_t p = 0; p < shape.n_ports; p++)
        current += pm_larger(state[1 + 2 * p], 0.0) + (shape.single ? 0.0 : pm_larger(state[2 + 2 * p], 0.0));
    const double slope = (m->u_inf - state[0]) * m->l_m + current * m->inv_C;
    return shape.bare && slope > 0.0 ? (m->theta - state[0]) / slope * (1.0 - PM_MARGIN) : 0.0;
}

/* The time until the threshold may be reached, or `most`, ms. An estimate, which is below the truth, unless it is
 * short: then the crossing itself. */
PM_INLINE double quiet_time(const pm_membrane *m, const double *state, double slab, double most, bool *far,
                            pm_shape shape) {
    const double least = shape.bare ? slab : FEW_SLABS * slab;
    const bool draws_on = shape.bare && m->u_inf >= m->theta && most == INFINITY; /* and crosses some day */
    *far = true;
    if (!draws_on && pm_shape_bound(m, state, most, shape) < 0.0)
        return most;
    const double sure = fmin(sure_time(m, state, shape), most);
    if (sure >= FEW_SLABS * slab)
        return sure;
    double quiet = least;
    while (2.0 * quiet < sure)
        quiet *= 2.0;
    while (quiet < most && pm_shape_bound(m, state, quiet, shape) < 0.0)
        quiet *= 2.0;
    if (quiet > least || shape.bare)
        return 0.5 * quiet;
    const double horizon = fmin(MANY_SLABS * least, most), crossing = pm_membrane_crossing(m, state, horizon, NULL);
    if (!(crossing < horizon))
        return horizon;
    *far = false;
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
    const double h = engine->plan.slab, origin = engine->cells[n].origin, now = engine->start - origin;
    const double *at = pm_general_state(g, n);
    const pm_membrane *m = pm_general_membrane(g, n);
    double state[PM_MEMBRANE_WIDTH], room[PM_MEMBRANE_ROW], change = INFINITY, from = 0.0;
    pm_membrane with_currents;
    if (g->n_currents > 0 || isnan(engine->cells[n].u)) {
        change = pm_general_next_change(g, n, origin) - origin;
        from = free_state(engine, n, g, &with_currents, state);
        at = state;
        m = &with_currents;
    }
    if (now > from) {
        const double *row = room;
        if (g->quick && from == 0.0)
            row = pm_general_row(g, h, now, room);
        else
            pm_membrane_row_at(m, now - from, room);
        pm_shape_move(m, row, 1, at, state, shape);
        at = state;
        from = now;
    }
    const double quiet = quiet_time(m, at, h, fmax(change - from, 0.0), &engine->far[n], shape);
    engine->wake[n] = origin + floor(fmin((from + quiet) * (1.0 - EARLY), change) / h) * h;
}

void pm_general_find_wake(pm_engine *engine, uint32_t n, const pm_general *g) {
    PM_WITH_SHAPE(g->shape, g->membranes, find_wake, engine, n, g);
}

/* The wake may stay if a search for it would find none before: it doubles horizons, and halves the first one that is
 * too far. */
PM_INLINE bool is_early(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    const double ahead = engine->wake[n] - engine->cells[n].origin;
    const double horizon = 2.0 * ahead * (1.0 + PM_MARGIN);
    const pm_membrane *m = pm_general_membrane(g, n);
    return ahead > 0.0 && pm_general_leeway(pm_shape_bound(m, pm_general_state(g, n), horizon, shape), m->theta) > 0.0;
}

void pm_general_renew_wake(pm_engine *engine, uint32_t n, const pm_general *g) {
    bool early = false;
    if (g->quick && g->n_currents == 0 && !isnan(engine->cells[n].u))
        PM_WITH_SHAPE(g->shape, g->membranes, early = is_early, engine, n, g)
    if (early)
        engine->far[n] = true;
    else
        pm_general_find_wake(engine, n, g);
}

static bool is_held_through(const pm_engine *engine, uint32_t n, const pm_general *g) {
    const pm_hold *hold = &engine->holds[n];
    return isnan(engine->cells[n].u) && hold->ready >= engine->end && hold->ready + hold->late >= engine->end &&
           (g->n_currents == 0 || pm_general_next_change(g, n, engine->cells[n].origin) >= engine->end);
}

/* Of a state that holds h ms, a number of slabs, before the end of the slab: by the chord if need be. */
PM_INLINE double leeway_over(const pm_engine *engine, const pm_general *g, const pm_membrane *m, const double *state,
                             double h, double lift, pm_shape shape) {
    const double near = pm_general_leeway(pm_shape_bound(m, state, h, shape), m->theta);
    if (pm_fits(lift, near) || (!shape.bare && m->n_sines > 0))
        return near;
    double room[PM_MEMBRANE_ROW], to[PM_MEMBRANE_WIDTH];
    pm_shape_move(m, pm_general_row(g, engine->plan.slab, h, room), 1, state, to, shape);
    return pm_larger(near, pm_general_leeway(pm_chord_bound(m, state, to[0], h, shape), m->theta));
}

/* Of a quick cell. Most stay silent even if all the time since their origin is laid before the end of the slab. */
PM_INLINE double leeway_for(const pm_engine *engine, uint32_t n, const pm_general *g, double lift, pm_shape shape) {
    const pm_cell *cell = &engine->cells[n];
    if (isnan(cell->u))
        return is_held_through(engine, n, g) ? INFINITY : -INFINITY;
    double moved[PM_MEMBRANE_WIDTH], room[PM_MEMBRANE_ROW];
    const double *state = pm_general_state(g, n), lag = engine->start - cell->origin;
    pm_membrane with_currents;
    const pm_membrane *m = pm_general_membrane(g, n);
    if (g->n_currents > 0) {
        if (pm_general_next_change(g, n, cell->origin) < engine->end)
            return -INFINITY;
        memcpy(moved, state, g->width * sizeof *moved);
        pm_general_change(g, n, cell->origin, &with_currents, moved);
        m = &with_currents;
        state = moved;
    }
    const double leeway = leeway_over(engine, g, m, state, engine->end - cell->origin, lift, shape);
    if (pm_fits(lift, leeway) || !(lag > 0.0))
        return leeway;
    pm_shape_move(m, pm_general_row(g, engine->plan.slab, lag, room), 1, state, moved, shape);
    return leeway_over(engine, g, m, moved, engine->end - engine->start, lift, shape);
}

PM_INLINE double lift_of(const pm_general *g, uint32_t n, pm_shape shape) {
    const pm_intake *intake = intakes_of(g, n, shape);
    double lift = 0.0;
    for (size_t p = 0; p < shape.n_ports; p++)
        lift += intake[p].u - intake[p].lift;
    return lift;
}

PM_INLINE bool is_silent(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    const double lift = lift_of(g, n, shape), leeway = leeway_for(engine, n, g, lift, shape);
    engine->leeway[n] = leeway;
    return pm_fits(lift, leeway);
}

bool pm_general_is_reached(const pm_general *g, uint32_t n) {
    bool reached = false;
    PM_WITH_SHAPE(g->shape, g->membranes, reached = is_reached, g, n)
    return reached;
}

static bool quick_is_silent(const pm_engine *engine, uint32_t n, const pm_general *g) {
    bool silent = false;
    PM_WITH_SHAPE(g->shape, g->membranes, silent = is_silent, engine, n, g)
    return silent;
}

bool pm_general_passes(pm_engine *engine, uint32_t n, const pm_general *g) {
    /* Where nothing is delivered in a slab, the logs are those of an earlier one. */
    const bool logged = engine->deliveries.count > 0 && engine->log_head[n] != PM_LOG_END;
    bool silent = false;
    if (g->quick ? pm_general_is_reached(g, n) : logged) {
        silent = g->quick && quick_is_silent(engine, n, g);
    } else if (engine->cells[n].origin < engine->start) {
        const double wake = engine->wake[n];
        if (wake == PM_UNKNOWN || (engine->start >= wake && engine->far[n]))
            pm_general_find_wake(engine, n, g);
        silent = engine->start < engine->wake[n];
    } else if (engine->dense) {
        engine->wake[n] = PM_UNKNOWN;
        silent = is_held_through(engine, n, g);
    }
    const bool passes = silent && !engine->watched[n];
    if (g->quick && !passes)
        engine->leeway[n] = -INFINITY;
    return passes;
}

/* Bare shapes go side by side. */
PM_INLINE void bound_cells(const pm_cell *restrict cells, const double *restrict states, size_t n, double end,
                           const pm_membrane *m, double *restrict bounds, pm_shape shape) {
    enum { LANES = 8 };
    const size_t width = shape.bare ? 1 + 2 * shape.n_ports : pm_membrane_width(m);
    size_t k = 0;
    for (; shape.bare && k + LANES <= n; k += LANES) {
        double x[(1 + 2 * PM_SHAPE_PORTS) * LANES], h[LANES];
        for (size_t lane = 0; lane < LANES; lane++) {
            h[lane] = end - cells[k + lane].origin;
            for (size_t j = 0; j < width; j++)
                x[j * LANES + lane] = states[(k + lane) * width + j];
        }
        for (size_t lane = 0; lane < LANES; lane++)
            bounds[k + lane] = pm_near_bound(m, x + lane, LANES, h[lane], shape);
    }
    for (; k < n; k++)
        bounds[k] = pm_near_bound(m, states + k * width, 1, end - cells[k].origin, shape);
}

/* The near bound of each cell of a block from its origin to the end of the slab, mV, where they share a membrane. */
PM_SIMD static void bound_block(const pm_engine *engine, pm_block cells, const pm_general *g, double *bounds) {
    PM_WITH_SHAPE(g->shape, g->membranes, bound_cells, engine->cells + cells.begin, pm_general_state(g, cells.begin),
                  cells.end - cells.begin, engine->end, g->membranes, bounds)
}

/* Of a cell of which the near bound does not tell. It holds for what begins to move later, too. */
static double look_closely(const pm_engine *engine, uint32_t n, const pm_general *g, double bound) {
    double leeway = NAN;
    PM_WITH_SHAPE(g->shape, g->membranes, leeway = leeway_for, engine, n, g, 0.0)
    if (leeway == -INFINITY && bound < 0.0 && pm_is_cyclic(engine, n))
        leeway = pm_general_leeway(bound, pm_general_membrane(g, n)->theta);
    return leeway;
}

bool pm_general_look_ahead(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_general *g, double expected) {
    enum { SOME = 256 };
    const bool at_once = g->alike && g->n_currents == 0;
    const bool lists = worker->by_list && cells.begin < cells.end && pm_is_cyclic(engine, cells.begin);
    bool memory = true;
    double bounds[SOME];
    pm_general_forget(g, cells);
    for (uint32_t n = cells.begin; !g->quick && n < cells.end; n++)
        engine->log_head[n] = PM_LOG_END;
    for (size_t k = 0; k < SOME; k++)
        bounds[k] = NAN;
    for (uint32_t begin = cells.begin, end; g->quick && begin < cells.end; begin = end) {
        end = cells.end - begin > SOME ? begin + SOME : cells.end;
        if (at_once)
            bound_block(engine, (pm_block){begin, end}, g, bounds);
        for (uint32_t n = begin; n < end; n++) {
            const double bound = bounds[n - begin];
            const bool free = !isnan(engine->cells[n].u);
            const double leeway =
                free && bound < 0.0 ? pm_general_leeway(bound, g->membranes->theta) : look_closely(engine, n, g, bound);
            const bool follows = free ? engine->watched[n] : leeway < INFINITY;
            engine->leeway[n] = leeway;
            engine->log_head[n] = follows || !(expected < leeway) ? PM_LOG_END : PM_NOT_LOGGED;
            if (lists && (follows || !(leeway > 0.0) || engine->watched[n])) {
                memory = memory && PM_LIST_ADD(worker->touched, n);
                engine->touched[n] = memory;
            }
        }
    }
    return memory;
}

bool pm_general_settles(pm_engine *engine, pm_worker *worker, uint32_t n, const pm_general *g) {
    const bool reached = pm_general_is_reached(g, n), lags = engine->cells[n].origin < engine->start;
    if (pm_fits(pm_general_lift(g, n), engine->leeway[n]) && !engine->watched[n]) {
        if (pm_general_is_released(engine, n) && !PM_LIST_ADD(worker->late, n))
            worker->status = pm_fail_memory(&worker->error, "neurons");
        return true;
    }
    return (!reached && lags && engine->start < engine->wake[n] && !engine->watched[n]) ||
           pm_general_passes(engine, n, g);
}

/* To the end of the slab, with what has arrived. */
PM_INLINE void commit_cell(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    pm_cell *cell = &engine->cells[n];
    double *state = state_of(g, n, shape), room[PM_MEMBRANE_ROW];
    double few[1 + 2 * PM_SHAPE_PORTS] = {0};
    double *to = shape.bare ? few : state; /* in registers */
    const double held = state[0];
    const pm_intake *intake = intakes_of(g, n, shape);
    const double *row = pm_general_row(g, engine->plan.slab, engine->end - cell->origin, room);
    const pm_membrane *m = pm_general_membrane(g, n);
    pm_membrane with_currents;
    if (g->n_currents > 0) {
        pm_general_change(g, n, cell->origin, &with_currents, state);
        m = &with_currents;
    }
    pm_shape_move(m, row, 1, state, to, shape);
    for (size_t p = 0; p < shape.n_ports; p++) {
        to[0] += intake[p].u;
        to[1 + 2 * p] += intake[p].i;
        to[2 + 2 * p] += intake[p].b;
    }
    if (isnan(cell->u))
        to[0] = held;
    for (size_t k = 0; shape.bare && k < 1 + 2 * shape.n_ports; k++)
        state[k] = few[k];
    cell->origin = engine->end;
    if (engine->dense)
        engine->wake[n] = PM_UNKNOWN;
}

/* The cell moves on while it is at hand. Its intakes then keep what it was, in case the slab fails: there is room where
 * the shape is bare. */
PM_INLINE void carry_on(const pm_engine *engine, uint32_t n, const pm_general *g, pm_shape shape) {
    const size_t width = 1 + 2 * shape.n_ports;
    double before[PM_SHAPE_PORTS * 2 + 2];
    const double *state = state_of(g, n, shape);
    double *kept = (double *)(void *)intakes_of(g, n, shape);
    for (size_t k = 0; k < width; k++)
        before[k] = state[k];
    before[width] = engine->cells[n].origin;
    commit_cell(engine, n, g, shape);
    for (size_t k = 0; k <= width; k++)
        kept[k] = before[k];
}

void pm_general_carry_back(const pm_engine *engine, uint32_t n, const pm_general *g) {
    const double *kept = (const double *)(const void *)pm_general_intakes(g, n);
    memcpy(pm_general_state(g, n), kept, g->width * sizeof *kept);
    engine->cells[n].origin = kept[g->width];
}

/* Cells that may fire: their logs are fetched together. */
PM_INLINE pm_status replay_several(pm_engine *engine, pm_worker *worker, const uint32_t *cells, size_t n,
                                   const pm_general *g, bool lasting, pm_shape shape) {
    pm_status status = PM_OK;
    pm_fetch_logs(engine, worker, cells, n);
    for (size_t k = 0; status == PM_OK && k < n; k++) {
        status = pm_general_replay(engine, worker, cells[k], g, NULL);
        if (lasting && is_reached(g, cells[k], shape))
            carry_on(engine, cells[k], g, shape);
    }
    return status;
}

PM_INLINE pm_status settle_quick(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class,
                                 pm_shape shape) {
    const pm_general *g = class->general;
    const bool driven = engine->drive.n_channels > 0;
    const bool lasting = shape.bare && engine->until == INFINITY && !pm_is_cyclic(engine, cells.begin);
    const double scale = g->ports[g->drive_port].jump;
    uint32_t waiting[PM_TOGETHER] = {0};
    size_t n_waiting = 0;
    double lift_sum = 0.0;
    pm_status status = PM_OK;
    for (uint32_t n = cells.begin; status == PM_OK && n < cells.end; n++) {
        if (driven)
            pm_add_driven(engine, worker, n, class, scale, intakes_of(g, n, shape) + g->drive_port);
        const double lift = lift_of(g, n, shape);
        const bool fits = pm_fits(lift, engine->leeway[n]) && !engine->watched[n] && !isnan(engine->cells[n].u);
        lift_sum += lift;
        if (!fits && !pm_general_settles(engine, worker, n, g))
            waiting[n_waiting++] = n;
        else if (lasting && is_reached(g, n, shape))
            carry_on(engine, n, g, shape);
        status = worker->status;
        if (n_waiting == PM_TOGETHER) {
            status = replay_several(engine, worker, waiting, n_waiting, g, lasting, shape);
            n_waiting = 0;
        }
    }
    worker->lift_sum += lift_sum;
    return status == PM_OK ? replay_several(engine, worker, waiting, n_waiting, g, lasting, shape) : status;
}

pm_status pm_general_settle(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class) {
    const pm_general *g = class->general;
    pm_status status = PM_OK;
    if (g->quick && worker->by_list && pm_is_cyclic(engine, cells.begin))
        return PM_OK;
    if (g->quick)
        PM_WITH_SHAPE(g->shape, g->membranes, status = settle_quick, engine, worker, cells, class)
    for (uint32_t n = cells.begin; !g->quick && status == PM_OK && n < cells.end; n++)
        status = pm_visit(engine, worker, n, class);
    return status;
}

/* Cells that have a log are told by it, as far as nothing else arrives. */
PM_INLINE void commit_cells(const pm_engine *engine, pm_block cells, const pm_general *g, pm_shape shape) {
    enum { SOME = 256 };
    uint32_t some[SOME] = {0};
    const bool told = engine->dense && engine->drive.n_channels == 0;
    for (uint32_t begin = cells.begin, end; begin < cells.end; begin = end) {
        size_t n_some = 0;
        end = cells.end - begin > SOME ? begin + SOME : cells.end;
        for (uint32_t n = begin; n < end; n++) {
            some[n_some] = n;
            n_some += !told || engine->log_head[n] != PM_LOG_END;
        }
        for (size_t k = 0; k < n_some; k++)
            if (is_reached(g, some[k], shape) && engine->cells[some[k]].origin != engine->end)
                commit_cell(engine, some[k], g, shape);
    }
}

void pm_general_commit_block(const pm_engine *engine, pm_block cells, const pm_general *g) {
    if (cells.begin >= cells.end)
        return;
    const bool carried = engine->dense && g->shape > 0 && !pm_is_cyclic(engine, cells.begin);
    if (g->quick && !carried)
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
