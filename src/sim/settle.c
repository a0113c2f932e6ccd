/* Settling: whether a cell fires in the slab, and what becomes of it. Invariants: a cell's intake is complete when its
 * level is settled; a cell is not replayed only if a bound proves that it stays under its threshold; nothing changes a
 * cell before the slab is committed, and then only cells that something reached or that fired.
 *
 * The bound. Over the slab, u <= [largest u without arrivals] + [sum over arrivals with w > 0 of w times the largest
 * value that the PSP takes before s1]. The first is at most u(s0) + h max(0, slope) (pm_lif_bound). The PSP eps rises
 * until peak_time, so with r = s1 - arrival the second has the terms w eps(r), or w eps(peak_time) if r is beyond the
 * peak: which is the intake's u, minus `lift`, if `lift` collects w eps(r) for w < 0 and w (eps(r) - eps(peak_time))
 * for w > 0.
 *
 * A cell that nothing reaches has a wake, which its state at the origin decides: never, if the peaks of its responses
 * together do not reach threshold; otherwise the end of a time in which even the steepest rise that there can be does
 * not. Once that has come, the next one is sought from there; if it was far, the origin moves there: some few times
 * before a spike, however many slabs there are. Where the wake is now, the cell is replayed. */
#include "sim/engine.h"

#include <math.h>

/* Wakes are multiples of the slab, down to the rounding of the time before. */
static const double EARLY = 1e-12;

pm_lif_basis pm_class_basis(const pm_class *class, double slab, double time) {
    const double slabs = time / slab; /* exact: the slab is a power of two */
    return slabs <= PM_STEPS ? class->steps[(size_t)slabs] : pm_lif_basis_at(&class->lif, time);
}

/* A bound of u from the state on, for ever. */
static inline double highest(const pm_class *class, const pm_lif_state *s) {
    const double rest = s->u > class->lif.u_inf ? s->u : class->lif.u_inf;
    const double slow = s->i > 0.0 ? s->i * class->slow_peak : 0.0, fast = s->b > 0.0 ? s->b * class->peak : 0.0;
    return rest + slow + fast + PM_MARGIN * (fabs(rest) + slow + fast);
}

/* A time before which u does not reach theta, ms; INFINITY: it never does. */
static double quiet_time(const pm_class *class, const pm_lif_state *s) {
    const pm_lif *lif = &class->lif;
    if (highest(class, s) < lif->theta)
        return INFINITY;
    if (s->u >= lif->theta)
        return 0.0;
    const double current = (s->i > 0.0 ? s->i : 0.0) + (s->b > 0.0 ? s->b : 0.0);
    const double slope = (lif->u_inf - s->u) * lif->l_m + current * lif->inv_C;
    return slope > 0.0 ? (lif->theta - s->u) / slope * (1.0 - PM_MARGIN) : INFINITY;
}

double pm_free_state(const pm_engine *engine, uint32_t cell, const pm_class *class, pm_lif_state *state) {
    const pm_cell *at = &engine->cells[cell];
    *state = (pm_lif_state){at->u, at->i, at->b};
    if (!isnan(at->u))
        return 0.0;
    const double after = engine->holds[cell].ready - at->origin + engine->holds[cell].late;
    state->u = class->lif.u_reset;
    if (!(after > 0.0)) { /* by the rounding of an absolute time */
        state->u -= pm_lif_slope_now(&class->lif, state) * after;
        return 0.0;
    }
    *state = pm_lif_advance(&class->lif, state, after);
    state->u = class->lif.u_reset;
    return after;
}

/* The state of the cell at `time`, the start of a slab, if nothing has happened to it since its origin; or at the end
 * of its refractoriness if that is later. How long after its origin. */
static double state_at(const pm_engine *engine, uint32_t n, const pm_class *class, double time, pm_lif_state *state) {
    const double from = pm_free_state(engine, n, class, state), after = time - engine->cells[n].origin;
    if (!(after > from))
        return from;
    const pm_lif_basis at =
        from > 0.0 ? pm_lif_basis_at(&class->lif, after - from) : pm_class_basis(class, engine->plan.slab, after);
    *state = pm_lif_advance_by(&class->lif, state, &at);
    return after;
}

static void set_wake(pm_engine *engine, uint32_t n, double after) {
    const double h = engine->plan.slab;
    engine->wake[n] = engine->cells[n].origin + floor(after * (1.0 - EARLY) / h) * h;
}

/* Finds the cell's wake, a function of its state at its origin. */
static void find_wake(pm_engine *engine, uint32_t n, const pm_class *class) {
    if (class->general) {
        pm_general_find_wake(engine, n, class->general);
        return;
    }
    pm_lif_state state;
    const double from = pm_free_state(engine, n, class, &state), quiet = quiet_time(class, &state);
    engine->far[n] = quiet >= class->worth;
    set_wake(engine, n, from + quiet);
}

/* A wake has come that was far from the origin: the cell goes on from here. */
static void stop_over(pm_engine *engine, uint32_t n, const pm_class *class) {
    pm_lif_state state;
    (void)state_at(engine, n, class, engine->start, &state);
    engine->cells[n] = (pm_cell){state.u, state.i, state.b, engine->start};
    find_wake(engine, n, class);
}

/* One that was near: the next one is sought. */
static void seek_on(pm_engine *engine, uint32_t n, const pm_class *class) {
    pm_lif_state state;
    const double from = state_at(engine, n, class, engine->start, &state);
    set_wake(engine, n, from + quiet_time(class, &state));
}

/* Whether a cell is refractory for the whole slab. */
static bool is_held_through(const pm_engine *engine, uint32_t n) {
    const pm_hold *hold = &engine->holds[n];
    return isnan(engine->cells[n].u) && hold->ready >= engine->end && hold->ready + hold->late >= engine->end;
}

static double leeway_of(double bound, double theta) { return theta - bound - PM_MARGIN * fabs(bound); }

/* Of a cell that arrivals can lift so far. */
static double leeway_for(const pm_engine *engine, uint32_t n, const pm_class *class, double lift) {
    const pm_cell *cell = &engine->cells[n];
    pm_lif_state state = {cell->u, cell->i, cell->b};
    if (isnan(cell->u))
        return is_held_through(engine, n) ? INFINITY : -INFINITY;
    const double leeway = class->lif.theta - highest(class, &state);
    if (pm_fits(lift, leeway))
        return leeway;
    if (cell->origin < engine->start)
        (void)state_at(engine, n, class, engine->start, &state);
    return leeway_of(pm_lif_bound(&class->lif, &state, engine->end - engine->start), class->lif.theta);
}

/* Whether a cell that something reaches provably stays silent in the slab. */
static bool stays_silent(const pm_engine *engine, uint32_t n, const pm_class *class) {
    const double lift = engine->intakes[n].u - engine->intakes[n].lift;
    engine->leeway[n] = leeway_for(engine, n, class, lift);
    return pm_fits(lift, engine->leeway[n]);
}

/* Whether a cell that is looked at provably fires nothing in the slab, and nobody follows its course. */
static bool passes(pm_engine *engine, uint32_t n, const pm_class *class) {
    bool silent = false;
    if (class->general)
        return pm_general_passes(engine, n, class->general);
    const bool lags = engine->cells[n].origin < engine->start, reached = pm_is_reached(&engine->intakes[n]);
    /* No wake that is far from the origin has come then. */
    const bool near = engine->start - engine->cells[n].origin <= class->worth - 2.0 * engine->plan.slab;
    if (lags && !(reached && near)) {
        if (engine->wake[n] == PM_UNKNOWN)
            find_wake(engine, n, class);
        if (engine->start >= engine->wake[n] && engine->far[n])
            stop_over(engine, n, class); /* whatever arrives: a slab that is settled twice may bring more then */
    }
    if (reached) {
        silent = stays_silent(engine, n, class);
    } else if (lags) {
        if (engine->start >= engine->wake[n])
            seek_on(engine, n, class);
        silent = engine->start < engine->wake[n];
    } else if (engine->dense) {
        engine->wake[n] = PM_UNKNOWN;
        silent = is_held_through(engine, n);
    }
    if (!silent)
        engine->leeway[n] = -INFINITY;
    return silent && !engine->watched[n];
}

static pm_status replay(pm_engine *engine, pm_worker *worker, uint32_t n, const pm_class *class) {
    const size_t busy = worker->arrivals.count + worker->draft_spikes.count + worker->spikes.count;
    if (busy >= PM_SPIKES_UNASKED && pm_heed_stop(engine, worker) != PM_OK)
        return PM_STOPPED;
    return class->general ? pm_general_replay(engine, worker, n, class->general, NULL)
                          : pm_replay(engine, worker, n, class, NULL);
}

pm_status pm_visit(pm_engine *engine, pm_worker *worker, uint32_t n, const pm_class *class) {
    return passes(engine, n, class) ? PM_OK : replay(engine, worker, n, class);
}

/* Draws what private drives bring to the cells of a block; `summed`: and what it adds to their states. False: no
 * memory. */
static bool draw_driven(const pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class,
                        bool summed) {
    worker->block_begin = cells.begin;
    worker->block_end = cells.end;
    return pm_drive_draw(&engine->drive, cells.begin, cells.end, engine->start, engine->end - engine->start,
                         &class->lif, summed ? &class->series : NULL, &worker->block);
}

bool pm_list_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class) {
    worker->driven.n = 0;
    if (engine->drive.n_channels == 0)
        return true;
    const bool drawn = worker->block_begin <= cell && cell < worker->block_end;
    return (drawn || draw_driven(engine, worker, (pm_block){cell, cell + 1}, class, false)) &&
           pm_drive_list(&engine->drive, &worker->block, cell, &worker->driven);
}

static inline __attribute__((always_inline)) void add_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell,
                                                             const pm_class *class, double scale, pm_intake *intake) {
    const pm_drive *drive = &engine->drive;
    const pm_drive_block *drawn = &worker->block;
    const bool rising = engine->plan.slab < class->peak_time; /* all PSPs, to the end of the slab */
    const bool impulse = class->lif.impulse;                  /* falls with l_m, which then is l_1 */
    for (uint32_t c = drive->first[cell]; c < drive->first[cell + 1]; c++) {
        const uint32_t at = c - drawn->first;
        const pm_series_sums *sums = &drawn->sums[at / PM_SERIES_LANES];
        const uint32_t lane = at % PM_SERIES_LANES;
        const double w = scale * drive->channels[c].weight, n = sums->number[lane];
        const double u = w * (impulse ? sums->i : sums->u)[lane];
        const double most = !(w > 0.0) ? 0.0 : rising ? u : w * n * class->peak;
        intake->u += u;
        intake->i += impulse ? 0.0 : w * sums->i[lane];
        intake->b += w * sums->b[lane];
        intake->lift += u - most;
        worker->n_driven += engine->sample_until < engine->end ? 0 : (uint64_t)n;
    }
}

void pm_add_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class, double scale,
                   pm_intake *intake) {
    add_driven(engine, worker, cell, class, scale, intake);
}

const pm_class *pm_class_of(const pm_engine *engine, uint32_t cell) {
    return &engine->classes[engine->plan.ranges[engine->range_of[cell]].class];
}

/* To the end of the slab, with what has arrived. */
static inline void carry(const pm_engine *engine, uint32_t n, const pm_class *class) {
    pm_cell *cell = &engine->cells[n];
    const pm_intake *intake = &engine->intakes[n];
    const pm_lif_state state = {cell->u, cell->i, cell->b};
    pm_lif_state moved;
    if (cell->origin == engine->start) {
        moved = pm_lif_advance_by(&class->lif, &state, &class->steps[1]);
    } else {
        const pm_lif_basis at = pm_class_basis(class, engine->plan.slab, engine->end - cell->origin);
        moved = pm_lif_advance_by(&class->lif, &state, &at);
    }
    *cell = (pm_cell){moved.u + intake->u, moved.i + intake->i, moved.b + intake->b, engine->end};
}

/* The same where all cells are looked at, while the cell is at hand. Its intake then keeps what the cell was, in case
 * the slab fails. */
static inline void carry_on(const pm_engine *engine, uint32_t n, const pm_class *class) {
    const pm_cell before = engine->cells[n];
    carry(engine, n, class);
    engine->intakes[n] = (pm_intake){before.u, before.i, before.b, before.origin};
}

void pm_carry_back(const pm_engine *engine) {
    for (uint32_t n = 0; n < engine->wiring->n_cells; n++) {
        const pm_intake *before = &engine->intakes[n];
        const pm_general *general = pm_class_of(engine, n)->general;
        if (engine->cells[n].origin == engine->end && general)
            pm_general_carry_back(engine, n, general);
        else if (engine->cells[n].origin == engine->end)
            engine->cells[n] = (pm_cell){before->u, before->i, before->b, before->lift};
    }
}

/* A cell that nothing happens to yet. */
static inline bool sleeps(const pm_engine *engine, uint32_t n, bool reached) {
    return engine->cells[n].origin < engine->start && engine->start < engine->wake[n] && !reached &&
           !engine->watched[n];
}

/* Cells that may fire: their logs are fetched together. */
static pm_status replay_several(pm_engine *engine, pm_worker *worker, const uint32_t *cells, size_t n,
                                const pm_class *class) {
    pm_status status = PM_OK;
    pm_fetch_logs(engine, worker, cells, n);
    for (size_t k = 0; status == PM_OK && k < n; k++) {
        status = pm_replay(engine, worker, cells[k], class, NULL);
        if (status == PM_OK && engine->until == INFINITY && pm_is_reached(&engine->intakes[cells[k]]) &&
            !pm_is_cyclic(engine, cells[k]))
            carry_on(engine, cells[k], class);
    }
    return status;
}

/* Cells of one range. */
static pm_status settle_cells(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class) {
    const double start = engine->start, end = engine->end, theta = class->lif.theta;
    const pm_lif_ceiling ceiling = pm_lif_ceiling_over(&class->lif, end - start);
    const pm_lif_basis step = class->steps[1];
    const pm_lif lif = class->lif;
    const bool driven = engine->drive.n_channels > 0, cyclic = pm_is_cyclic(engine, cells.begin);
    const bool lasting = engine->until == INFINITY && !cyclic;
    uint32_t waiting[PM_TOGETHER];
    size_t n_waiting = 0;
    double lift_sum = 0.0;
    pm_status status = PM_OK;
    for (uint32_t n = cells.begin; status == PM_OK && n < cells.end; n++) {
        pm_cell *cell = &engine->cells[n];
        if (driven)
            add_driven(engine, worker, n, class, 1.0, &engine->intakes[n]);
        const pm_intake intake = engine->intakes[n];
        const bool reached = pm_is_reached(&intake);
        if (cyclic)
            engine->leeway[n] = NAN;
        if (sleeps(engine, n, reached))
            continue;
        const pm_cell before = *cell;
        const pm_lif_state state = {before.u, before.i, before.b};
        const double lift = intake.u - intake.lift, bound = pm_lif_bound_below(&ceiling, &state);
        const double rounding = PM_MARGIN * (fabs(bound) + fabs(lift));
        lift_sum += lift;
        const bool fits = before.origin == start && bound + lift + rounding < theta;
        if (fits && cyclic)
            engine->leeway[n] = leeway_of(bound, theta);
        if (!fits || engine->watched[n]) {
            if (!passes(engine, n, class))
                waiting[n_waiting++] = n;
            else if (reached && lasting)
                carry_on(engine, n, class);
        } else if (!reached) {
            engine->wake[n] = PM_UNKNOWN;
        } else if (lasting) {
            const pm_lif_state moved = pm_lif_advance_by(&lif, &state, &step);
            *cell = (pm_cell){moved.u + intake.u, moved.i + intake.i, moved.b + intake.b, end};
            engine->intakes[n] = (pm_intake){before.u, before.i, before.b, before.origin};
        }
        if (n_waiting == PM_TOGETHER) {
            status = replay_several(engine, worker, waiting, n_waiting, class);
            n_waiting = 0;
        }
    }
    worker->lift_sum += lift_sum;
    return status == PM_OK ? replay_several(engine, worker, waiting, n_waiting, class) : status;
}

/* Draws what drives bring to cells, and counts what comes before `sample_until`; the whole slab is counted later. */
static bool draw_and_count(const pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class) {
    const pm_drive *drive = &engine->drive;
    if (!draw_driven(engine, worker, cells, class, true))
        return false;
    if (engine->sample_until < engine->end)
        worker->n_driven += pm_drive_before(&worker->block, drive->first[cells.end] - drive->first[cells.begin],
                                            engine->start, engine->sample_until);
    return true;
}

pm_status pm_settle_range(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class) {
    const bool driven = engine->drive.n_channels > 0;
    pm_status status = PM_OK;
    uint32_t begin = cells.begin;
    for (uint32_t next; status == PM_OK && begin < cells.end; begin = next) {
        next = driven ? pm_drive_block_end(&engine->drive, begin, cells.end) : cells.end;
        if (driven && !draw_and_count(engine, worker, (pm_block){begin, next}, class))
            return pm_fail_memory(&worker->error, "arrivals from Poisson sources");
        status = (class->general ? pm_general_settle : settle_cells)(engine, worker, (pm_block){begin, next}, class);
    }
    return status;
}

pm_status pm_settle_listed(pm_engine *engine, pm_worker *worker, size_t level) {
    pm_status status = PM_OK;
    for (uint32_t n = worker->listed[level]; status == PM_OK && n != PM_LOG_END; n = engine->link[n])
        status = pm_visit(engine, worker, n, pm_class_of(engine, n));
    return status;
}

static void commit_outcome(const pm_engine *engine, const pm_outcome *outcome) {
    const uint32_t n = outcome->cell;
    if (n == PM_NO_CELL)
        return;
    if (engine->cells[n].origin != engine->end)
        carry(engine, n, pm_class_of(engine, n));
    engine->cells[n].u = outcome->u;
    engine->holds[n] = outcome->hold;
}

/* Plain cells have been carried on, but for those of the cyclic level. */
static void commit_all(const pm_engine *engine, const pm_worker *worker) {
    const pm_block own = {worker->begin, worker->end};
    const pm_plan *plan = &engine->plan;
    const bool all = engine->has_general || plan->cyclic_level < plan->n_levels;
    for (size_t r = 0; all && r < plan->first_range[plan->n_levels]; r++) {
        const pm_class *class = &engine->classes[plan->ranges[r].class];
        const pm_block part = pm_in_block(own, &plan->ranges[r]);
        if (class->general)
            pm_general_commit_block(engine, part, class->general);
        for (uint32_t n = part.begin; !class->general && plan->ranges[r].cyclic && n < part.end; n++)
            if (pm_is_reached(&engine->intakes[n]))
                carry(engine, n, class);
    }
}

static void commit_listed(const pm_engine *engine, const pm_worker *worker) {
    for (size_t level = 0; level < engine->plan.n_levels; level++)
        for (uint32_t n = worker->listed[level]; n != PM_LOG_END; n = engine->link[n]) {
            const pm_class *class = pm_class_of(engine, n);
            if (class->general)
                pm_general_commit_block(engine, (pm_block){n, n + 1}, class->general);
            else if (pm_is_reached(&engine->intakes[n]))
                carry(engine, n, class);
        }
}

/* The wakes of cells that were looked at; in the heap at once: it stands one change at a time. */
static void renew_wakes(pm_engine *engine, pm_worker *worker) {
    for (size_t level = 0; level < engine->plan.n_levels; level++)
        for (uint32_t n = worker->listed[level]; n != PM_LOG_END; n = engine->link[n]) {
            const pm_class *class = pm_class_of(engine, n);
            const bool moved = engine->cells[n].origin == engine->end;
            if (moved && class->general)
                pm_general_renew_wake(engine, n, class->general);
            else if (moved)
                find_wake(engine, n, class);
            else if (engine->wake[n] < engine->end)
                engine->wake[n] = engine->end;
            pm_wakes_update(&worker->wakes, n);
        }
}

void pm_commit_cells(pm_engine *engine, pm_worker *worker) {
    (engine->dense ? commit_all : commit_listed)(engine, worker);
    for (size_t k = 0; k < worker->outcomes.count; k++)
        commit_outcome(engine, &worker->outcomes.items[k]);
    pm_general_commit(engine, worker);
    if (!engine->dense)
        renew_wakes(engine, worker);
}

void pm_calm_down(pm_engine *engine, pm_worker *worker) {
    for (uint32_t n = worker->begin; n < worker->end; n++) {
        const pm_class *class = pm_class_of(engine, n);
        if (engine->cells[n].origin == engine->start || engine->wake[n] == PM_UNKNOWN)
            find_wake(engine, n, class);
        engine->log_head[n] = PM_LOG_END;
        engine->intakes[n] = (pm_intake){0};
        if (class->general)
            pm_general_forget(class->general, (pm_block){n, n + 1});
    }
    pm_wakes_fill(&worker->wakes, worker->begin, worker->end);
}
