/* Deliveries: the only work that is done for every synaptic event. Invariant: each cell's arrivals are added to its
 * intake in the order of the deliveries, whatever the blocks.
 *
 * Crowds. Where very many spikes are fired at the same instant and arrive at the same cell, equal contributions round
 * in the same way, and a plain sum loses digits in proportion to their number. The spikes of a crowd are cut into
 * parts; what a part brings to a cell with that many synapses is summed apart from everything else, and these sums are
 * added up with what rounding leaves of them. To cells that no crowd reaches nothing is added, so that their bits
 * depend neither on crowds elsewhere nor on how cells are divided among ranks. */
#include "sim/engine.h"

#include "base/simd.h"
#include "math/membrane_terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD = 2 };                                 /* deliveries whose synapses are fetched; */
enum { FEW = 8, AHEAD_OF_FEW = 8, FAR_AHEAD = 16 }; /* where these are few: the first one's */
enum { CROWDED_SYNAPSES = 512 };                    /* a cell with no more of them does not notice crowds */
enum { CELLS_PER_SYNAPSE = 8192 };                  /* of a delivery, where a look-up costs more than all logs */

/* The first synapse of a delivery whose target is not before the cell. The search begins where it would be if targets
 * were spread evenly, and goes from there in steps that double: most often it stays in one line of the cache. */
static uint64_t synapse_at(const pm_engine *engine, const pm_delivery *d, uint32_t cell) {
    const uint32_t *targets = engine->wiring->targets, n_cells = engine->wiring->n_cells;
    uint64_t low = d->begin, high = pm_delivery_end(d), step = 4;
    if (low == high || cell == 0 || cell == n_cells)
        return cell == 0 ? low : high;
    const uint64_t guess = low + (uint64_t)((double)(high - low) * cell / n_cells);
    if (targets[guess] < cell) {
        for (low = guess + 1; low + step < high && targets[low + step] < cell; step *= 2)
            low += step + 1;
        high = low + step < high ? low + step : high;
    } else {
        for (high = guess; high - low > step && targets[high - step] >= cell; step *= 2)
            high -= step;
        low = high - low > step ? high - step : low;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (targets[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The innermost loop of the program: one synaptic event per turn. `equal`: the weights are, and need not be read;
 * `own`: so are those of a place apart; `factor`: weights that differ have one in common. The number of arrivals logged
 * so far, and with these. */
static inline __attribute__((always_inline)) uint32_t deliver_synapses(pm_engine *engine, pm_logged *restrict log,
                                                                       uint32_t logged, uint64_t begin, uint64_t end,
                                                                       const pm_delivery *d, bool equal, bool own,
                                                                       bool factor) {
    const uint32_t *restrict targets = engine->wiring->targets;
    const double *restrict weights = engine->wiring->weights;
    const pm_place at = own ? pm_place_of(engine, d->class, d->port) : pm_plain_place(engine);
    pm_vector4 *restrict intakes = at.of_0;
    uint32_t *restrict log_head = engine->log_head;
    const double offset = d->offset;
    const uint32_t port = d->port;
    const pm_vector4 positive = {d->u, d->i, d->b, d->lift}, negative = {d->u, d->i, d->b, d->u};
    const pm_vector4 same = d->sign < 0 ? negative : positive;
    const pm_vector4 change = equal ? d->weight * same : same;
    for (uint64_t k = begin; k < end; k++) {
        uint32_t target = targets[k];
        double w = equal ? d->weight : factor ? weights[k] * d->weight : weights[k];
        const pm_vector4 factors = d->sign ? same : w < 0.0 ? negative : positive;
        intakes[target * at.stride] += equal ? change : w * factors;
        if (log_head[target] != PM_NOT_LOGGED) {
            log[logged] = (pm_logged){w, offset, port, log_head[target]};
            log_head[target] = logged++;
        }
    }
    return logged;
}

/* The synapses of a delivery lie anywhere in memory: to be fetched while those before are delivered. Those of the
 * block are about where they would be if targets were spread evenly. */
static void fetch(const pm_engine *engine, pm_block cells, const pm_delivery *d) {
    static const uint64_t AT_MOST = 1024, LINE = 64, ABOUT = 32; /* synapses, bytes, synapses: the rest comes itself */
    const double share = (double)d->n_synapses / engine->wiring->n_cells;
    const uint64_t before = (uint64_t)(share * cells.begin), part = (uint64_t)(share * (cells.end - cells.begin));
    const uint64_t skipped = before > ABOUT ? before - ABOUT : 0, most = d->n_synapses - skipped;
    const uint64_t wanted = part + 2 * ABOUT < AT_MOST ? part + 2 * ABOUT : AT_MOST, n = wanted < most ? wanted : most;
    const uint32_t *targets = engine->wiring->targets + d->begin + skipped;
    const double *weights = engine->wiring->weights + d->begin + skipped;
    for (uint64_t k = 0; k < n; k += LINE / sizeof *targets)
        __builtin_prefetch(targets + k, 0, 2);
    for (uint64_t k = 0; !d->equal && k < n; k += LINE / sizeof *weights)
        __builtin_prefetch(weights + k, 0, 2);
}

/* Deliveries of few synapses follow each other fast: the first target is fetched early, and what it is added to in
 * time. */
static void fetch_few(const pm_engine *engine, const pm_delivery *d, size_t left) {
    if (left > FAR_AHEAD)
        __builtin_prefetch(engine->wiring->targets + d[FAR_AHEAD].begin);
    if (left > AHEAD_OF_FEW && d[AHEAD_OF_FEW].n_synapses <= FEW) {
        const pm_delivery *next = d + AHEAD_OF_FEW;
        const pm_place at = pm_place_of(engine, next->class, next->port);
        const uint32_t target = engine->wiring->targets[next->begin];
        __builtin_prefetch(at.of_0 + target * at.stride, 1);
        __builtin_prefetch(engine->log_head + target, 1);
    }
}

/* The same where there are general cells, or synapses that are not static. */
PM_INLINE uint32_t deliver_special(pm_engine *engine, pm_logged *log, uint32_t logged, uint64_t begin, uint64_t end,
                                   const pm_delivery *d) {
    return engine->synaptic.place ? deliver_synapses(engine, log, logged, begin, end, d, d->equal, true, true)
                                  : deliver_synapses(engine, log, logged, begin, end, d, d->equal, true, false);
}

/* The same where few cells are looked at, and all arrivals are logged. */
PM_INLINE uint32_t deliver_and_list(pm_engine *engine, pm_worker *worker, uint32_t logged, uint64_t begin, uint64_t end,
                                    const pm_delivery *d) {
    const uint32_t *targets = engine->wiring->targets;
    const uint32_t more = deliver_special(engine, worker->log.items, logged, begin, end, d);
    for (uint64_t k = begin; k < end; k++)
        pm_list_cell(engine, worker, targets[k]);
    return more;
}

PM_SIMD static bool deliver_one(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_delivery *d) {
    const uint64_t begin = synapse_at(engine, d, cells.begin), end = synapse_at(engine, d, cells.end);
    if (!PM_LIST_RESERVE(worker->log, worker->log.count + (end - begin)))
        return false;
    const uint32_t logged = (uint32_t)worker->log.count;
    pm_logged *log = worker->log.items;
    if (!engine->dense)
        worker->log.count = deliver_and_list(engine, worker, logged, begin, end, d);
    else if (engine->has_special)
        worker->log.count = deliver_special(engine, log, logged, begin, end, d);
    else
        worker->log.count = d->equal ? deliver_synapses(engine, log, logged, begin, end, d, true, false, false)
                                     : deliver_synapses(engine, log, logged, begin, end, d, false, false, false);
    return true;
}

/* The end of a part of a crowd: adds the intakes of the cells with what rounding leaves of the sums. */
PM_SIMD static void add_part(pm_intake *restrict intakes, const pm_crowd_cell *restrict cells,
                             pm_crowd_sum *restrict sums, size_t n) {
    for (size_t k = 0; k < n; k++) {
        pm_vector4 more, sum, rest;
        memcpy(&more, &intakes[cells[k].cell], sizeof more);
        memcpy(&sum, &sums[k].sum, sizeof sum);
        memcpy(&rest, &sums[k].rest, sizeof rest);
        const pm_vector4 total = sum + more, part = total - sum;
        rest += (sum - (total - part)) + (more - part);
        memcpy(&sums[k].sum, &total, sizeof total);
        memcpy(&sums[k].rest, &rest, sizeof rest);
        intakes[cells[k].cell] = (pm_intake){0};
    }
}

/* The crowds' cells that lie in a block. */
static pm_block crowded_in(const pm_worker *worker, pm_block cells) {
    const uint32_t n = (uint32_t)worker->crowds.count;
    pm_block found = {0, 0};
    while (found.begin < n && worker->crowds.items[found.begin].cell < cells.begin)
        found.begin++;
    found.end = found.begin;
    while (found.end < n && worker->crowds.items[found.end].cell < cells.end)
        found.end++;
    return found;
}

/* From the deliveries of one part of a crowd to those of another; 0: of none. */
static void change_crowd(pm_engine *engine, pm_worker *worker, pm_block crowded, uint32_t from, uint32_t to) {
    if (crowded.begin == crowded.end)
        return;
    if (from > 0)
        add_part(engine->intakes, worker->crowds.items + crowded.begin, worker->crowd_sums.items + crowded.begin,
                 crowded.end - crowded.begin);
    for (uint32_t k = crowded.begin; (from == 0 || to == 0) && k < crowded.end; k++) {
        pm_crowd_cell *c = &worker->crowds.items[k];
        pm_intake *intake = &engine->intakes[c->cell];
        if (to == 0) {
            *intake = c->aside;
        } else {
            c->aside = *intake;
            *intake = (pm_intake){0};
        }
    }
}

static void join_crowds(pm_engine *engine, pm_worker *worker, pm_block crowded) {
    for (uint32_t k = crowded.begin; k < crowded.end; k++) {
        pm_crowd_sum *c = &worker->crowd_sums.items[k];
        pm_intake *intake = &engine->intakes[worker->crowds.items[k].cell];
        intake->u += c->sum.u + c->rest.u;
        intake->i += c->sum.i + c->rest.i;
        intake->b += c->sum.b + c->rest.b;
        intake->lift += c->sum.lift + c->rest.lift;
        *c = (pm_crowd_sum){0};
    }
}

pm_status pm_crowds_find(pm_engine *engine, pm_error *error) {
    const pm_wiring *w = engine->wiring;
    uint32_t *synapses = calloc((size_t)w->n_cells + 1, sizeof *synapses);
    bool memory = synapses != NULL;
    for (uint64_t k = 0; memory && k < w->n_synapses; k++)
        synapses[w->targets[k]]++;
    for (int k = 0; memory && k < engine->n_workers; k++) {
        pm_worker *worker = &engine->workers[k];
        worker->crowds.count = worker->crowd_sums.count = 0;
        for (uint32_t n = worker->begin; memory && n < worker->end; n++) {
            if (synapses[n] <= CROWDED_SYNAPSES)
                continue;
            memory = PM_LIST_ADD(worker->crowds, (pm_crowd_cell){.cell = n}) &&
                     PM_LIST_ADD(worker->crowd_sums, (pm_crowd_sum){0});
        }
    }
    free(synapses);
    engine->crowded = memory;
    return memory ? PM_OK : pm_fail_memory(error, "sums over simultaneous spikes");
}

static pm_status deliver_groups(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first, size_t end) {
    const size_t count = engine->deliveries.count;
    for (size_t d = first; d < end; d++) {
        const pm_delivery *delivery = &engine->deliveries.items[d];
        fetch_few(engine, delivery, count - d);
        if (d + AHEAD < count && delivery[AHEAD].n_synapses > FEW)
            fetch(engine, cells, delivery + AHEAD);
        if (!deliver_one(engine, worker, cells, delivery))
            return pm_fail_memory(&worker->error, "logged arrivals");
    }
    return PM_OK;
}

/* All that belong to one part of a crowd, or to none, together. */
pm_status pm_deliver(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first) {
    const pm_block crowded = engine->n_crowds > 0 ? crowded_in(worker, cells) : (pm_block){0, 0};
    const size_t count = engine->deliveries.count;
    uint32_t crowd = 0;
    for (size_t end; first < count; first = end) {
        const pm_delivery *deliveries = engine->deliveries.items;
        end = engine->n_crowds > 0 ? first + 1 : count;
        while (end < count && deliveries[end].crowd == deliveries[first].crowd)
            end++;
        if (deliveries[first].crowd != crowd)
            change_crowd(engine, worker, crowded, crowd, deliveries[first].crowd);
        crowd = deliveries[first].crowd;
        const pm_status status =
            (engine->wiring->groups ? deliver_groups : pm_deliver_runs)(engine, worker, cells, first, end);
        if (status != PM_OK)
            return status;
    }
    if (crowd > 0)
        change_crowd(engine, worker, crowded, crowd, 0);
    if (engine->n_crowds > 0)
        join_crowds(engine, worker, crowded);
    return PM_OK;
}

void pm_list_cell(pm_engine *engine, pm_worker *worker, uint32_t cell) {
    if (engine->link[cell] != PM_NOT_LOGGED)
        return;
    uint32_t *last = &worker->listed[engine->plan.ranges[engine->range_of[cell]].level];
    engine->link[cell] = *last;
    *last = cell;
}

/* A state that is old says little of what the cell will do; and to look up what arrives costs time in proportion to all
 * deliveries. */
static inline bool lags(const pm_engine *engine, uint32_t cell) { return engine->cells[cell].origin < engine->start; }

static void flag_plain(pm_engine *engine, pm_block cells, const pm_lif *lif, double expected) {
    const pm_lif_ceiling ceiling = pm_lif_ceiling_over(lif, engine->end - engine->start);
    const pm_cell *restrict at = engine->cells;
    const bool *restrict watched = engine->watched;
    uint32_t *restrict log_head = engine->log_head;
    const double theta = lif->theta;
    for (uint32_t n = cells.begin; n < cells.end; n++) {
        const pm_lif_state state = {at[n].u, at[n].i, at[n].b};
        bool log = !(pm_lif_bound_below(&ceiling, &state) + expected < theta) || watched[n] || lags(engine, n);
        if (isnan(state.u))
            log = engine->holds[n].ready < engine->end;
        log_head[n] = log ? PM_LOG_END : PM_NOT_LOGGED;
    }
}

/* Whether all arrivals of the slab are logged: where there are few, that costs less than telling cells apart; where
 * deliveries are of few synapses among many cells, less than to look up in all deliveries what arrives at the few cells
 * that were taken for silent. */
static bool is_logged_whole(const pm_engine *engine) {
    const double cells = engine->wiring->n_cells, events = (double)engine->events;
    return events < cells || events * CELLS_PER_SYNAPSE < (double)engine->deliveries.count * cells;
}

/* Before anything of a slab is delivered: which cells will probably be replayed, by the arrivals to be expected. */
bool pm_flag_cells(pm_engine *engine, pm_worker *worker, pm_block cells) {
    const double arrivals = ((double)engine->events + worker->driven_before) / engine->wiring->n_cells;
    const double expected = worker->lift * (arrivals + 3.0 * sqrt(arrivals));
    const bool few = is_logged_whole(engine);
    bool memory = true;
    worker->by_list = few && engine->drive.n_channels == 0;
    for (uint32_t n = cells.begin; few && n < cells.end; n++)
        engine->log_head[n] = PM_LOG_END;
    for (size_t r = 0; r < engine->plan.first_range[engine->plan.n_levels]; r++) {
        const pm_block part = pm_in_block(cells, &engine->plan.ranges[r]);
        const pm_class *class = &engine->classes[engine->plan.ranges[r].class];
        if (class->general) {
            memory = memory && pm_general_look_ahead(engine, worker, part, class->general, few ? INFINITY : expected);
            continue;
        }
        if (part.begin < part.end)
            memset(engine->intakes + part.begin, 0, (part.end - part.begin) * sizeof *engine->intakes);
        if (!few)
            flag_plain(engine, part, &class->lif, expected);
    }
    return memory;
}
