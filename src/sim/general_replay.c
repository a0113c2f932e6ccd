/* One cell of the general kind through one slab, arrival by arrival: replay.c with any number of terms. The same
 * invariants hold; what is different:
 *   - arrivals at an instant are summed for each receptor;
 *   - injected currents change at instants of their own, after what arrives there;
 *   - where the threshold lies below the potential when refractoriness ends, the neuron fires at that instant. */
#include "math/membrane_terms.h"
#include "sim/engine.h"

#include <math.h>
#include <string.h>

enum { ROWS = 8, FEW_GAPS = 3 }; /* made at once; gaps that are not worth it */

struct room {
    pm_membrane membrane; /* with injected currents, if there are any */
    double state[PM_MEMBRANE_WIDTH], row[PM_MEMBRANE_ROW];
    double rows[ROWS * PM_MEMBRANE_ROW];
};

/* The course of one cell while it is replayed. Offsets are ms from the start of the slab. */
typedef struct course {
    pm_engine *engine;
    pm_worker *worker;
    const pm_general *general;
    const pm_membrane *membrane;
    const pm_watch *watches;
    uint32_t cell;
    double x, limit; /* offsets; `limit`: of the end of the run */
    double ready;    /* offset of the end of refractoriness as an absolute time */
    double release;  /* the same before rounding */
    struct room *room;
    double *state;
    const double *row; /* over so many ms, at hand */
    double row_time;
    double last_spike; /* ms, absolute; and as an offset before rounding, */
    double last_x;     /* from which a gap that rounding has made is told */
    size_t n_spikes;
    bool jumped;  /* an impulse arrived at x */
    bool changed; /* an injected current did */
    bool ended;   /* at the end of the run */
    bool idles;   /* nobody asks for more than the spikes while the cell is refractory */
} course;

static const double *row_over(course *c, double t) {
    const pm_general *g = c->general;
    const double slab = c->engine->plan.slab;
    if (c->row && t == c->row_time)
        return c->row;
    c->row_time = t;
    c->row = c->room->row;
    if (g->quick && floor(t / slab) * slab == t)
        c->row = pm_general_row(g, slab, t, c->room->row);
    else
        pm_membrane_row_at(c->membrane, t, c->room->row);
    return c->row;
}

/* u stays where it is while it is held. */
static void move_by(course *c, double t, bool held) {
    const double *row = row_over(c, t);
    (held ? pm_membrane_hold : pm_membrane_move)(c->membrane, row, c->state, c->state);
}

/* Fires `after` ms after x, unless that is after the end of the run. */
static pm_status fire(course *c, double after, bool released) {
    pm_engine *engine = c->engine;
    pm_worker *worker = c->worker;
    const pm_membrane *m = c->membrane;
    const double x = c->x + after > 0.0 ? c->x + after : 0.0, time = engine->start + x;
    if (time >= engine->until) {
        c->ended = true;
        return PM_OK;
    }
    if (!(time > c->last_spike) || c->x - c->last_x + after < 0x1p-52 * time)
        return pm_runaway(engine, &worker->error, c->cell, time, "fires without end");
    if (++c->n_spikes % PM_SPIKES_UNASKED == 0 && pm_heed_stop(engine, worker) != PM_OK)
        return PM_STOPPED;
    const bool crosses = after > 0.0 || !(released || c->jumped);
    if (after > 0.0) { /* by definition of the crossing; the computed value is a rounding away */
        move_by(c, after, false);
        c->state[0] = m->theta + pm_membrane_raised(m, c->state);
    }
    const double slope = crosses ? pm_membrane_slope(m, c->state) : 0.0;
    bool memory = PM_LIST_ROOM(worker->spikes) &&
                  pm_general_sample_spike(engine, worker, c->watches, c->general, m, c->state, time);
    pm_membrane_spike(m, c->state);
    memory = memory && pm_general_sample_spike(engine, worker, c->watches, c->general, m, c->state, time);
    if (!memory)
        return pm_fail_memory(&worker->error, "spikes and samples");
    worker->spikes.items[worker->spikes.count++] = (pm_cell_spike){time, slope, c->cell};
    c->last_spike = time;
    c->last_x = x;
    c->x = x;
    c->jumped = false;
    c->release = x + m->t_ref;
    c->ready = time + m->t_ref - engine->start;
    return PM_OK;
}

/* At or above the threshold at t = 0, which no current that arrives there changes. */
static bool is_due_at_once(const course *c) {
    return !c->general->impulses && c->engine->start == 0.0 && c->x == 0.0 && !(c->release > 0.0) &&
           c->state[0] >= c->membrane->theta + pm_membrane_raised(c->membrane, c->state);
}

/* To offset x1, or to the end of the run, without arrivals in between. A crossing at x1 itself is no spike yet where an
 * arrival there may take the potential back. */
static pm_status move_to(course *c, double x1) {
    const pm_membrane *m = c->membrane;
    bool released = false;
    while ((c->x < x1 || is_due_at_once(c)) && !c->ended) {
        const bool held = c->release > c->x;
        double to = held ? fmin(c->release, x1) : x1, after = INFINITY;
        if (!held)
            after = pm_membrane_crossing(m, c->state, x1 - c->x, row_over(c, x1 - c->x));
        const bool fires = c->general->impulses ? after < x1 - c->x : after <= x1 - c->x;
        if (fires)
            to = fmin(c->x + after, x1);
        if (to > c->x &&
            !pm_general_sample_piece(c->engine, c->worker, c->watches, c->general, m, c->state, c->x, to, held))
            return pm_fail_memory(&c->worker->error, "samples");
        if (fires) {
            pm_status status = fire(c, after, released);
            released = false;
            if (status != PM_OK)
                return status;
            if (!c->ended)
                continue;
        }
        released = held && to < x1;
        c->ended = c->ended || !(to < c->limit);
        to = fmin(to, c->limit);
        move_by(c, to - c->x, held);
        if (!held && after == x1 - c->x && !c->ended)
            c->state[0] = m->theta + pm_membrane_raised(m, c->state);
        c->x = to;
        c->jumped = false;
        if (!isfinite(c->state[0] + pm_membrane_current(m, c->state)))
            return pm_runaway(c->engine, &c->worker->error, c->cell, c->engine->start + c->x,
                              "has a potential beyond all numbers");
    }
    return PM_OK;
}

/* The same where a spike that is final belongs before the arrival at x1, whose time is that spike's, rounded. */
static pm_status move_past_spike(course *c, double x1) {
    pm_status status = move_to(c, pm_past_spike(c->engine, x1));
    if (status == PM_OK && !c->ended && pm_is_pinned(c->engine, c->worker, c->n_spikes, x1))
        status = fire(c, 0.0, true);
    return status;
}

/* The row of a gap of t ms, out of its columns. */
static void take_row(course *c, double t, const double *row) {
    const size_t length = pm_membrane_row_length(c->membrane);
    for (size_t k = 0; k < length; k++)
        c->room->row[k] = row[k * ROWS];
    c->row = c->room->row;
    c->row_time = t;
}

/* Over a gap to its end x1: by its row if the course is held, or provably silent. NULL: the row is not at hand. */
PM_INLINE pm_status cross_gap(course *c, double x1, const double *row, pm_shape shape) {
    const bool held = c->release >= x1;
    const pm_membrane *m = c->membrane;
    if (pm_is_pinned(c->engine, c->worker, c->n_spikes, x1))
        return move_past_spike(c, x1);
    if (c->watches || x1 > c->limit || (!held && c->release > c->x) ||
        (!held && !(pm_shape_bound(m, c->state, x1 - c->x, shape) < 0.0))) {
        if (row)
            take_row(c, x1 - c->x, row);
        return move_to(c, x1);
    }
    const size_t stride = row ? ROWS : 1;
    if (!row)
        row = row_over(c, x1 - c->x);
    if (held)
        pm_shape_hold(m, row, stride, c->state, c->state, shape);
    else
        pm_shape_move(m, row, stride, c->state, c->state, shape);
    if (x1 > c->x)
        c->jumped = false;
    c->x = x1;
    return PM_OK;
}

/* What arrives over a port at the present instant. Nothing moves a potential that is held; where an impulse arrives as
 * early as it may, but before the end of refractoriness is there to the last digit, that end is now. */
static inline void arrive(course *c, size_t port, double weight) {
    if (c->membrane->ports[port].kind == PM_PORT_IMPULSE) {
        if (c->ready > c->x)
            return;
        if (c->release > c->x) {
            c->state[0] -= pm_membrane_slope(c->membrane, c->state) * (c->release - c->x);
            c->release = c->x;
        }
        c->jumped = true;
    }
    pm_membrane_arrive(c->membrane, port, weight, c->state);
}

/* All arrivals of an instant, the first of which is number k; returns the number of the first later one. Each port's
 * are summed with what rounding leaves. */
static size_t arrive_all(course *c, size_t k) {
    const pm_arrival *items = c->worker->arrivals.items;
    const size_t n = c->worker->arrivals.count;
    double sum[PM_MEMBRANE_TERMS], rest[PM_MEMBRANE_TERMS];
    uint32_t met = 0; /* ports */
    const double offset = items[k].offset;
    for (; k < n && items[k].offset == offset; k++) {
        const uint32_t port = items[k].port;
        if (!(met & UINT32_C(1) << port))
            sum[port] = rest[port] = 0.0;
        met |= UINT32_C(1) << port;
        const double total = sum[port] + items[k].weight, part = total - sum[port];
        rest[port] += (sum[port] - (total - part)) + (items[k].weight - part);
        sum[port] = total;
    }
    for (uint32_t port = 0; port < c->membrane->n_ports; port++)
        if (met & UINT32_C(1) << port)
            arrive(c, port, sum[port] + rest[port]);
    return k;
}

static void change_currents(course *c, double time) {
    pm_general_change(c->general, c->cell, time, &c->room->membrane, c->state);
    c->membrane = &c->room->membrane;
}

static course begin(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_general *general, struct room *room) {
    const pm_cell *home = &engine->cells[cell];
    const pm_hold *hold = &engine->holds[cell];
    course c = {
        .engine = engine,
        .worker = worker,
        .general = general,
        .watches = pm_watches_of(engine, cell),
        .cell = cell,
        .x = home->origin - engine->start,
        .limit = engine->until - engine->start,
        .ready = hold->ready - engine->start,
        .release = -INFINITY,
        .membrane = pm_general_membrane(general, cell),
        .room = room,
        .state = room->state,
        .last_spike = -INFINITY,
        .last_x = -INFINITY,
        .row_time = NAN,
    };
    memcpy(c.state, pm_general_state(general, cell), general->width * sizeof *c.state);
    if (general->n_currents > 0)
        change_currents(&c, home->origin); /* there may have been a change at the origin */
    if (isnan(home->u)) {
        c.release = c.ready + hold->late;
        if (c.release < c.x) /* by the rounding of an absolute time */
            c.state[0] += pm_membrane_slope(c.membrane, c.state) * (c.x - c.release);
    }
    return c;
}

/* The gaps between the instants at which something happens from the cell's origin to the end of the slab. */
typedef struct gaps {
    size_t n, n_changes; /* gaps; of injected currents */
    const double *ends;  /* offsets */
} gaps;

static bool make_gaps(const course *c, gaps *g) {
    pm_worker *worker = c->worker;
    const pm_arrival *arrivals = worker->arrivals.items;
    const double start = c->engine->start, h = c->engine->end - start;
    const size_t n_arrivals = worker->arrivals.count;
    double change = pm_general_next_change(c->general, c->cell, c->engine->cells[c->cell].origin) - start;
    *g = (gaps){0};
    worker->ends.count = 0;
    for (size_t k = 0; worker->ends.count == 0 || worker->ends.items[worker->ends.count - 1] < h;) {
        double next = k < n_arrivals ? arrivals[k].offset : h;
        if (change < next || (change == next && next < h)) {
            g->n_changes++;
            next = change;
            change = pm_general_next_change(c->general, c->cell, start + change) - start;
        }
        while (k < n_arrivals && arrivals[k].offset == next)
            k++;
        if (!PM_LIST_ROOM(worker->ends))
            return false;
        worker->ends.items[worker->ends.count++] = next;
    }
    g->n = worker->ends.count;
    g->ends = worker->ends.items;
    return true;
}

/* The rows of the gaps from number `first` on, which begins at x: of so many, or of none where few are left. */
static void make_rows(const course *c, const gaps *g, size_t first) {
    const size_t left = g->n - first;
    double t[ROWS] = {0.0}, before = c->x;
    for (size_t k = 0; k < ROWS && k < left; k++) {
        t[k] = g->ends[first + k] - before;
        before = g->ends[first + k];
    }
    if (left > FEW_GAPS)
        pm_membrane_rows(c->membrane, ROWS, t, c->room->rows);
}

/* What the cell is at the end of the slab; one that nothing has touched stays as it is. */
static bool report(const course *c, bool touched, bool was_held) {
    pm_worker *worker = c->worker;
    const double h = c->engine->end - c->engine->start;
    const bool held = c->release > h || c->ready > h;
    if (!touched && c->n_spikes == 0)
        return true;
    if (c->general->quick && c->n_spikes == 0 && (!was_held || held) && !c->changed)
        return true; /* its intakes say it all */
    const size_t at = worker->states.count, end = at + c->general->width;
    if (!PM_LIST_RESERVE(worker->states, end))
        return false;
    if (!PM_LIST_ROOM(worker->general))
        return false;
    memcpy(worker->states.items + at, c->state, c->general->width * sizeof(double));
    worker->states.count = end;
    worker->general.items[worker->general.count++] = (pm_general_outcome){
        .at = at,
        .hold = {c->ready + c->engine->start, c->release - c->ready},
        .cell = c->cell,
        .held = held,
        .fired = c->n_spikes > 0,
        .whole = !c->general->quick,
    };
    return true;
}

/* What private drives bring, merged into the arrivals over synapses. */
static bool gather_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_general *general) {
    const pm_drive_arrivals *driven = &worker->driven;
    if (!pm_list_driven(engine, worker, cell, pm_class_of(engine, cell)))
        return false;
    size_t k = worker->arrivals.count, at = k + driven->n, d = driven->n;
    if (!PM_LIST_RESERVE(worker->arrivals, at))
        return false;
    worker->arrivals.count = at;
    while (d > 0) { /* from behind; of one instant, those over synapses come first */
        pm_arrival *items = worker->arrivals.items;
        if (k > 0 && items[k - 1].offset > driven->offset[d - 1]) {
            items[--at] = items[--k];
        } else {
            d--;
            items[--at] = (pm_arrival){driven->offset[d], driven->weight[d], general->drive_port};
        }
    }
    return true;
}

/* What a quick cell that is refractory up to the end of the slab hears is in its intakes. */
static inline bool is_idle(const course *c) {
    const double h = c->engine->end - c->engine->start;
    return c->release >= h && c->ready >= h && c->idles;
}

PM_INLINE pm_status cross_all(course *c, const gaps *g, pm_shape shape) {
    const pm_engine *engine = c->engine;
    const pm_general *general = c->general;
    const size_t n = c->worker->arrivals.count;
    double change =
        g->n_changes > 0 ? pm_general_next_change(general, c->cell, engine->cells[c->cell].origin) : INFINITY;
    size_t k = 0;
    for (size_t gap = 0; gap < g->n; gap++) {
        const double end = g->ends[gap];
        if (gap % ROWS == 0)
            make_rows(c, g, gap);
        const bool few = g->n - gap / ROWS * ROWS <= FEW_GAPS;
        pm_status status = cross_gap(c, end, few ? NULL : c->room->rows + gap % ROWS, shape);
        c->ended = c->ended || !(c->x < c->limit);
        if (status != PM_OK || c->ended || gap + 1 == g->n || (shape.bare && is_idle(c)))
            return status;
        const pm_arrival *arrivals = c->worker->arrivals.items;
        const bool hears = k < n && arrivals[k].offset == end;
        if (hears && (k + 1 == n || arrivals[k + 1].offset != end)) {
            arrive(c, arrivals[k].port, arrivals[k].weight);
            k++;
        } else if (hears) {
            k = arrive_all(c, k);
        }
        if (change - engine->start == end) {
            change_currents(c, change);
            change = pm_general_next_change(general, c->cell, change);
        }
    }
    return PM_OK;
}

static pm_status cross(course *c, const gaps *g) {
    pm_status status = PM_OK;
    PM_WITH_SHAPE(c->general->shape, c->membrane, status = cross_all, c, g)
    return status;
}

/* --- the end of refractoriness -------------------------------------------------------------------------------------
 * Of a quick cell that becomes free in the slab and does not fire the potential is wanted at the end alone: that of its
 * state, held and then free, and what each arrival adds, a response to the current that is left of it at the release or
 * to one that begins then. So it is computed, whether a bound has proved silence or a replay; and has the same bits. */

/* By the bound of settling, which holds for what begins to move later, too. */
static bool stays_silent(const course *c) {
    const pm_engine *engine = c->engine;
    const double lag = engine->start - engine->cells[c->cell].origin, h = engine->end - engine->start;
    const double bound = pm_bound_by_shape(c->general->shape, c->membrane, c->state, lag + h);
    return pm_fits(pm_general_lift(c->general, c->cell), pm_general_leeway(bound, c->membrane->theta));
}

/* What an arrival of weight 1 adds over `free` ms without refractoriness, whose row is `end`, mV: by its own row, a
 * column of `rows`, over the time from the arrival to the release, or to the end if it comes later. */
static double released_response(const pm_membrane *m, size_t p, bool later, const double *end, const double *rows) {
    const size_t stride = ROWS, first = 2 + PM_ROW_PORT * p;
    const double *at = rows + first * stride, jump = m->ports[p].jump;
    const bool single = m->ports[p].kind == PM_PORT_SINGLE;
    if (later)
        return jump * at[(single ? PM_ROW_D1 : PM_ROW_D12) * stride];
    if (single)
        return jump * (at[PM_ROW_E1 * stride] * end[first + PM_ROW_D1]);
    return jump *
           (at[PM_ROW_ALPHA * stride] * end[first + PM_ROW_D1] + at[PM_ROW_E2 * stride] * end[first + PM_ROW_D12]);
}

/* `state`: what begin() found; becomes that at the end of the slab, but for what arrives at the currents. */
static void release(const course *c, double release, double *state) {
    const pm_arrival *arrivals = c->worker->arrivals.items;
    const pm_membrane *m = c->membrane;
    const double h = c->engine->end - c->engine->start, x = c->engine->cells[c->cell].origin - c->engine->start;
    const size_t n = c->worker->arrivals.count;
    double row[PM_MEMBRANE_ROW], sum = 0.0, rest = 0.0;
    pm_membrane_row_at(m, release - x, row);
    pm_membrane_hold(m, row, state, state);
    pm_membrane_row_at(m, h - release, row);
    pm_membrane_move(m, row, state, state);
    for (size_t first = 0; first < n; first += ROWS) {
        double t[ROWS] = {0.0};
        const size_t some = n - first < ROWS ? n - first : ROWS;
        for (size_t k = 0; k < some; k++) {
            const double offset = arrivals[first + k].offset;
            t[k] = offset < release ? release - offset : h - offset;
        }
        pm_membrane_rows(m, ROWS, t, c->room->rows);
        for (size_t k = 0; k < some; k++) {
            const pm_arrival *a = &arrivals[first + k];
            const bool later = !(a->offset < release);
            const double u = a->weight * released_response(m, a->port, later, row, c->room->rows + k);
            const double total = sum + u, part = total - sum;
            rest += (sum - (total - part)) + (u - part);
            sum = total;
        }
    }
    state[0] += sum + rest;
}

/* Whether a bound or a replay tells that nothing is fired. */
static bool is_silent(course *c, bool released, pm_status *status) {
    gaps g;
    if (released && c->idles && stays_silent(c))
        return true;
    *status = make_gaps(c, &g) ? cross(c, &g) : pm_fail_memory(&c->worker->error, "arrivals");
    return *status == PM_OK && c->n_spikes == 0;
}

pm_status pm_general_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_general *general,
                            double *state) {
    struct room room;
    double start[PM_MEMBRANE_WIDTH];
    const double h = engine->end - engine->start;
    pm_status status = PM_OK;
    worker->last_point = -INFINITY;
    if (!pm_rounds_pins(engine, worker, cell) || !pm_gather(engine, worker, cell) ||
        !gather_driven(engine, worker, cell, general))
        return pm_fail_memory(&worker->error, "arrivals");
    course c = begin(engine, worker, cell, general, &room);
    const double release_at = c.release;
    c.changed = pm_general_next_change(general, cell, engine->cells[cell].origin) - engine->start < h;
    c.idles = general->quick && !state && !c.watches && !c.changed && c.limit == INFINITY && worker->pinned.count == 0;
    const bool released = general->quick && !state && !c.changed && release_at > c.x && release_at <= h;
    if (released)
        memcpy(start, c.state, general->width * sizeof *start);
    const bool silent = is_silent(&c, released, &status);
    if (state)
        memcpy(state, c.state, general->width * sizeof *state);
    if (state || status != PM_OK || c.ended)
        return status;
    if (released && silent) {
        release(&c, release_at, start);
        c.state = start;
    }
    const bool memory = report(&c, worker->arrivals.count > 0 || c.changed, release_at > -INFINITY);
    return memory ? PM_OK : pm_fail_memory(&worker->error, "spikes");
}
