/* One cell through one slab, arrival by arrival.
 *
 * The course begins at the cell's origin, which may lie many slabs back: nothing has happened to it since. Invariant:
 * at offset x from the slab's start the state is exact, and all spikes before x have been reported. Between two
 * arrivals the first crossing is that of the closed form; after a spike the potential is held at V_reset for t_ref,
 * while the currents go on. Arrivals at the same instant are summed first.
 *
 * A spike is reported at an absolute time, which is rounded. The course goes on from where the spike was before that,
 * so that equal intervals do not add up equal roundings. What is said of absolute times, that a spike is fired at the
 * instant of an arrival, or that an arrival at the end of refractoriness counts, is decided on absolute times.
 *
 * Nothing is settled at or after the end of the run, `until`: no spike, no error. */
#include "sim/engine.h"

#include <math.h>

enum { LONG = 8 /* instants that are worth a stopover */ };

pm_status pm_heed_stop(const pm_engine *engine, pm_worker *worker) {
    if (!engine->stop || !atomic_load(engine->stop))
        return PM_OK;
    return pm_fail(&worker->error, PM_STOPPED, "stopped at %.17g ms", engine->start);
}

pm_status pm_runaway(const pm_engine *engine, pm_error *error, uint32_t cell, double time, const char *what) {
    char name[160];
    pm_engine_name(engine, cell, name, sizeof name);
    return pm_fail(error, PM_FAILED, "runaway activity: neuron %s %s at %.17g ms", name, what, time);
}

/* The course of one cell while it is replayed. Offsets are ms from the start of the slab. */
typedef struct course {
    pm_engine *engine;
    pm_worker *worker;
    const pm_lif *lif;
    const pm_watch *watches;
    uint32_t cell;
    double x, limit; /* offsets; `limit`: of the end of the run */
    double heard;    /* offset of what was heard before the stopover at which the course begins, or -INFINITY */
    double ready;    /* offset of the end of refractoriness as an absolute time */
    double release;  /* the same before rounding */
    pm_lif_state state;
    double last_spike; /* ms, absolute; and as an offset before rounding, */
    double last_x;     /* from which a gap that rounding has made is told */
    size_t n_spikes;
    bool untouched;    /* nothing has happened to the cell since its origin */
    double free_after; /* of an untouched cell: see pm_free_state */
    bool idles;        /* once refractory up to the end of the slab: what is heard then is in the intake */
    bool ended;        /* at the end of the run */
} course;

/* Fires `after` ms after x, unless that is after the end of the run. */
static pm_status fire(course *c, double after) {
    const pm_lif *lif = c->lif;
    pm_engine *engine = c->engine;
    pm_worker *worker = c->worker;
    double x = c->x + after > 0.0 ? c->x + after : 0.0; /* the origin's rounding may say: a little before the slab */
    double time = engine->start + x;
    if (time >= engine->until) {
        c->ended = true;
        return PM_OK;
    }
    if (!(time > c->last_spike) || c->x - c->last_x + after < 0x1p-52 * time)
        return pm_runaway(engine, &worker->error, c->cell, time, "fires without end");
    if (++c->n_spikes % PM_SPIKES_UNASKED == 0 && pm_heed_stop(engine, worker) != PM_OK)
        return PM_STOPPED;
    pm_lif_state then = pm_lif_advance(lif, &c->state, after);
    if (after > 0.0)
        then.u = lif->theta; /* by definition of the crossing; the computed value is a rounding away */
    double slope = lif->impulse && !(after > 0.0) ? 0.0 : pm_lif_slope_now(lif, &then);
    if (!PM_LIST_ROOM(worker->spikes) || (c->watches && !pm_sample_spike(engine, worker, c->watches, lif, time)))
        return pm_fail_memory(&worker->error, "spikes and samples");
    worker->spikes.items[worker->spikes.count++] = (pm_cell_spike){time, slope, c->cell};
    c->last_spike = time;
    c->last_x = x;
    c->x = x;
    c->release = x + lif->t_ref;
    c->ready = time + lif->t_ref - engine->start;
    c->state = then;
    c->state.u = lif->u_reset;
    c->untouched = false;
    return PM_OK;
}

/* The crossing within `gap` ms, or INFINITY. It is looked for a little beyond, so that it is a function of the state
 * alone: where the gap ends by itself decides nothing but whether it is in it. */
static double crossing_within(const course *c, double gap) {
    const double beyond = gap + 0x1p-10 * (c->engine->end - c->engine->start);
    const double after = pm_lif_crossing(c->lif, &c->state, beyond);
    return after <= gap ? after : INFINITY;
}

/* At or above the threshold at t = 0, which no current that arrives there changes. */
static bool is_due_at_once(const course *c) {
    return !c->lif->impulse && c->engine->start == 0.0 && c->x == 0.0 && !(c->release > 0.0) &&
           c->state.u >= c->lif->theta;
}

static bool is_idle(const course *c) {
    const double h = c->engine->end - c->engine->start;
    return c->idles && c->release >= h && c->ready >= h;
}

/* To offset x1, or to the end of the run, without arrivals in between. A crossing at x1 itself is no spike yet where
 * an arrival there may take the potential back. */
static pm_status move_to(course *c, double x1) {
    const pm_lif *lif = c->lif;
    while ((c->x < x1 || is_due_at_once(c)) && !c->ended) {
        pm_stretch p = {c->x, x1, c->state, c->release > c->x};
        double after = INFINITY;
        if (p.held)
            p.x1 = fmin(c->release, x1);
        else
            after = crossing_within(c, x1 - c->x);
        const bool fires = lif->impulse ? after < x1 - c->x : after <= x1 - c->x;
        if (fires)
            p.x1 = fmin(c->x + after, x1);
        if (c->watches && p.x1 > p.x0 && !pm_sample_piece(c->engine, c->worker, c->watches, lif, &p))
            return pm_fail_memory(&c->worker->error, "samples");
        if (fires) {
            pm_status status = fire(c, after);
            if (status != PM_OK || is_idle(c))
                return status;
            if (!c->ended)
                continue;
        }
        c->ended = c->ended || !(p.x1 < c->limit);
        p.x1 = fmin(p.x1, c->limit);
        const bool released = p.held && p.x1 == c->release;
        c->state = pm_lif_advance(lif, &p.state, released && c->untouched ? c->free_after : p.x1 - p.x0);
        c->untouched = c->untouched && released;
        if (p.held)
            c->state.u = p.state.u;
        else if (after == x1 - c->x)
            c->state.u = lif->theta;
        c->x = p.x1;
        if (!isfinite(c->state.u + c->state.i))
            return pm_runaway(c->engine, &c->worker->error, c->cell, c->engine->start + c->x,
                              "has a potential beyond all numbers");
    }
    return PM_OK;
}

/* The same where a spike that is final belongs before the arrival at x1, whose time is that spike's, rounded. */
static pm_status move_past_spike(course *c, double x1) {
    pm_status status = move_to(c, pm_past_spike(c->engine, x1));
    if (status == PM_OK && !c->ended && pm_is_pinned(c->engine, c->worker, c->n_spikes, x1))
        status = fire(c, 0.0);
    return status;
}

/* What rounding leaves of the sum so far goes into `rest`. */
static void add_to(pm_meeting *instant, double *rest, double weight) {
    double sum = instant->weight + weight, part = sum - instant->weight;
    *rest += (instant->weight - (sum - part)) + (weight - part);
    instant->weight = sum;
}

/* Arrivals over synapses and from private drives, merged, those of one instant summed; and the factors of the gaps
 * between them, from where the course begins to the end of the slab. */
static bool make_instants(const pm_engine *engine, pm_worker *worker, const course *c) {
    const pm_arrival *arrivals = worker->arrivals.items;
    const pm_drive_arrivals *driven = &worker->driven;
    const size_t n = worker->arrivals.count, n_driven = driven->n;
    double rest = 0.0;
    size_t count = 0;
    if (!PM_LIST_RESERVE(worker->instants, n + n_driven) ||
        pm_basis_reserve(&worker->gaps, n + n_driven + 1, NULL) != PM_OK)
        return false;
    pm_meeting *const instants = worker->instants.items;
    size_t d = 0;
    while (d < n_driven && driven->offset[d] <= c->heard)
        d++;
    for (size_t k = 0; k < n || d < n_driven;) {
        bool first = d == n_driven || (k < n && arrivals[k].offset <= driven->offset[d]);
        pm_meeting next = first ? (pm_meeting){arrivals[k].offset, arrivals[k].weight}
                                : (pm_meeting){driven->offset[d], driven->weight[d]};
        first ? k++ : d++;
        if (count > 0 && instants[count - 1].offset == next.offset) {
            add_to(&instants[count - 1], &rest, next.weight);
            continue;
        }
        if (count > 0)
            instants[count - 1].weight += rest;
        rest = 0.0;
        instants[count++] = next;
    }
    if (count > 0)
        instants[count - 1].weight += rest;
    worker->instants.count = count;
    double before = c->heard > -INFINITY ? c->heard : c->x;
    for (size_t k = 0; k < count; k++) {
        worker->gaps.t[k] = instants[k].offset - before;
        before = instants[k].offset;
    }
    worker->gaps.t[count] = engine->end - engine->start - before;
    pm_basis_fill(c->lif, &worker->gaps, count + 1);
    return true;
}

static bool is_silent(const pm_lif *lif, const pm_lif_state *state, double gap) {
    const double rounding = 1e-12 * (fabs(state->u) + fabs(lif->theta));
    return state->u < lif->theta && pm_lif_bound(lif, state, gap) + rounding < lif->theta;
}

/* Over gap number k to its end x1: by the factors at hand if the course is held, or provably silent. */
static pm_status cross_gap(course *c, size_t k, double x1) {
    const pm_basis_table *gaps = &c->worker->gaps;
    bool held = c->release >= x1;
    if (pm_is_pinned(c->engine, c->worker, c->n_spikes, x1))
        return move_past_spike(c, x1);
    if (c->watches || x1 > c->limit || (!held && c->release > c->x) ||
        (!held && !is_silent(c->lif, &c->state, gaps->t[k])))
        return move_to(c, x1);
    c->untouched = false;
    pm_lif_basis at = pm_basis_get(gaps, k);
    double u = c->state.u;
    c->state = pm_lif_advance_by(c->lif, &c->state, &at);
    if (held)
        c->state.u = u;
    c->x = x1;
    return PM_OK;
}

/* All arrivals of an instant at once. Nothing moves a potential that is held; where an impulse arrives as early as it
 * may, but before the end of refractoriness is there to the last digit, that end is now. */
static void arrive(course *c, double weight) {
    if (c->lif->impulse) {
        if (c->ready > c->x)
            return;
        if (c->release > c->x) {
            c->state.u -= pm_lif_slope_now(c->lif, &c->state) * (c->release - c->x);
            c->release = c->x;
        }
    }
    pm_lif_arrive(c->lif, &c->state, weight);
}

static course begin(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class) {
    const pm_cell *home = &engine->cells[cell];
    const pm_hold *hold = &engine->holds[cell];
    course c = {
        .engine = engine,
        .worker = worker,
        .lif = &class->lif,
        .watches = pm_watches_of(engine, cell),
        .cell = cell,
        .x = home->origin - engine->start,
        .limit = engine->until - engine->start,
        .heard = -INFINITY,
        .ready = hold->ready - engine->start,
        .release = -INFINITY,
        .last_spike = -INFINITY,
        .last_x = -INFINITY,
        .untouched = true,
    };
    c.free_after = pm_free_state(engine, cell, class, &c.state);
    if (isnan(home->u))
        c.release = c.ready + hold->late;
    if (c.free_after > 0.0)
        c.state = (pm_lif_state){class->lif.u_reset, home->i, home->b};
    return c;
}

/* What the intake does not say of the cell at the end of the slab; a cell that nothing has touched stays as it is. */
static bool report(const course *c, bool was_held) {
    pm_worker *worker = c->worker;
    const double h = c->engine->end - c->engine->start;
    const bool held = c->release > h || c->ready > h;
    if (c->n_spikes == 0 && (!was_held || held || !pm_is_reached(&c->engine->intakes[c->cell])))
        return true;
    if (!PM_LIST_ROOM(worker->outcomes))
        return false;
    worker->outcomes.items[worker->outcomes.count++] = (pm_outcome){
        .u = held ? NAN : c->state.u,
        .hold = {c->ready + c->engine->start, c->release - c->ready},
        .cell = c->cell,
    };
    return true;
}

/* From the stopover of the replay before, if there is one. */
static void go_on(course *c) {
    const pm_stopover from = pm_rounds_stopover(c->engine, c->worker, c->cell);
    if (!from.is_there)
        return;
    c->state = from.state;
    c->x = from.x;
    c->heard = from.heard;
    c->ready = from.ready;
    c->release = from.release;
    c->last_spike = from.last_spike;
    c->last_x = from.last_x;
    c->n_spikes = c->worker->n_skipped = from.n_spikes;
    c->untouched = from.untouched;
}

/* Leaves one, where all instants so far are certain. */
static bool stop_over(const course *c, double heard) {
    const pm_stopover stopover = {c->state,      c->x,      heard,       c->ready,     c->release,
                                  c->last_spike, c->last_x, c->n_spikes, c->untouched, true};
    return pm_rounds_stop_over(c->engine, c->worker, c->cell, &stopover);
}

/* The number of instants before the first that is not certain; SIZE_MAX: it is not worth a stopover. */
static size_t certain_instants(const course *c) {
    const pm_meeting *instants = c->worker->instants.items;
    const double certain = c->engine->certain - c->engine->start;
    size_t n = c->worker->instants.count;
    while (n >= LONG && !(instants[n - 1].offset < certain))
        n--;
    return n >= LONG ? n : SIZE_MAX;
}

pm_status pm_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class, pm_lif_state *state) {
    worker->last_point = -INFINITY;
    if (!pm_gather(engine, worker, cell))
        return pm_fail_memory(&worker->error, "arrivals");
    course c = begin(engine, worker, cell, class);
    const bool was_held = isnan(engine->cells[cell].u);
    const bool in_round = engine->certain > -INFINITY && !state && !engine->watched[cell] && pm_is_cyclic(engine, cell);
    if (in_round)
        go_on(&c);
    if (!pm_rounds_pins(engine, worker, cell) || !pm_list_driven(engine, worker, cell, class) ||
        !make_instants(engine, worker, &c))
        return pm_fail_memory(&worker->error, "arrivals");
    const size_t n = worker->instants.count, stop = in_round ? certain_instants(&c) : SIZE_MAX;
    const double h = engine->end - engine->start;
    c.idles = !state && !c.watches && c.limit == INFINITY && worker->pinned.count == 0;
    pm_status status = PM_OK;
    for (size_t k = 0; status == PM_OK && k <= n && !c.ended; k++) {
        if (k == stop && !stop_over(&c, worker->instants.items[k - 1].offset))
            return pm_fail_memory(&worker->error, "spikes");
        status = cross_gap(&c, k, k < n ? worker->instants.items[k].offset : h);
        c.ended = c.ended || !(c.x < c.limit);
        if (status == PM_OK && k < n && !c.ended)
            arrive(&c, worker->instants.items[k].weight);
        if (is_idle(&c))
            break;
    }
    if (state)
        *state = c.state;
    else if (status == PM_OK && !c.ended && !report(&c, was_held))
        status = pm_fail_memory(&worker->error, "spikes");
    return status;
}
