/* What arrives at one cell in a slab, in order of time: from its log, or by looking it up in all deliveries.
 *
 * The bits of offsets, numbers >= 0, are whole numbers in the same order. The arrivals of a cell are sorted by them,
 * and at one instant keep the order of delivery; most are in order already: a stable merge sort of short runs.
 * Invariant: the log holds the arrivals of a cell in the order of delivery, which is that of a look-up, too. */
#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

enum { RUN = 12 /* items sorted by insertion */, AHEAD = 4 };

static void sort_run(pm_ranked *items, size_t n) {
    for (size_t k = 1; k < n; k++) {
        const pm_ranked item = items[k];
        size_t at = k;
        for (; at > 0 && item.rank < items[at - 1].rank; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge(const pm_ranked *from, size_t middle, size_t end, pm_ranked *to) {
    size_t left = 0, right = middle;
    for (size_t k = 0; k < end; k++) {
        const bool second = left == middle || (right < end && from[right].rank < from[left].rank);
        to[k] = from[second ? right : left];
        right += second;
        left += !second;
    }
}

static bool are_sorted(const pm_ranked *items, size_t n) {
    for (size_t k = 1; k < n; k++)
        if (items[k].rank < items[k - 1].rank)
            return false;
    return true;
}

/* Stable. `spare` has the same room. Returns which of both holds the result. */
static pm_ranked *sort_ranked(pm_ranked *items, pm_ranked *spare, size_t n) {
    if (are_sorted(items, n))
        return items;
    for (size_t at = 0; at < n; at += RUN)
        sort_run(items + at, n - at < RUN ? n - at : RUN);
    for (size_t length = RUN; length < n; length *= 2) {
        for (size_t at = 0; at < n; at += 2 * length) {
            const size_t end = n - at < 2 * length ? n - at : 2 * length;
            merge(items + at, length < end ? length : end, end, spare + at);
        }
        pm_ranked *sorted = spare;
        spare = items;
        items = sorted;
    }
    return items;
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

/* The weight with which a synapse is delivered. */
static double weight_of(const pm_engine *engine, const pm_delivery *d, uint64_t synapse) {
    const double weight = engine->wiring->weights[synapse];
    return !engine->synaptic.place ? weight : d->equal ? d->weight : weight * d->weight;
}

/* Finds the cell in every delivery of the slab, and logs it there. */
static bool look_up(const pm_engine *engine, pm_worker *worker, uint32_t cell, uint32_t *head) {
    const pm_wiring *w = engine->wiring;
    *head = PM_LOG_END;
    for (size_t k = 0; k < engine->deliveries.count; k++) {
        const pm_delivery *d = &engine->deliveries.items[k];
        const uint64_t end = pm_delivery_end(d);
        uint64_t at = w->groups ? find_target(w->targets, d->begin, end, cell) : d->begin;
        for (; at < end && (!w->groups || w->targets[at] == cell); at++) {
            if (w->targets[at] != cell) /* in a run they are in the order of their delays */
                continue;
            const pm_logged item = {weight_of(engine, d, at), w->groups ? d->offset : pm_run_offset(engine, d, at),
                                    w->groups ? d->port : pm_group_receptor(w, at), *head};
            *head = (uint32_t)worker->log.count;
            if (!PM_LIST_ADD(worker->log, item))
                return false;
        }
    }
    return true;
}

/* The items of a log lie anywhere: those of several cells come from memory side by side, where one would wait for the
 * other. */
void pm_fetch_logs(const pm_engine *engine, const pm_worker *worker, const uint32_t *cells, size_t n) {
    const pm_logged *log = worker->log.items;
    uint32_t at[PM_TOGETHER];
    size_t left = 0;
    for (size_t k = 0; k < n && engine->deliveries.count > 0; k++) {
        at[left] = engine->log_head[cells[k]];
        left += at[left] < PM_LOG_END;
    }
    while (left > 1) {
        size_t more = 0;
        for (size_t k = 0; k < left; k++) {
            at[more] = log[at[k]].next;
            more += at[more] != PM_LOG_END;
        }
        left = more;
    }
}

static uint64_t rank_of(double offset) {
    uint64_t rank;
    memcpy(&rank, &offset, sizeof rank);
    return rank;
}

/* The log chains a cell's arrivals backwards. */
static bool gather_logged(pm_worker *worker, uint32_t head) {
    const pm_logged *log = worker->log.items;
    size_t n = 0;
    for (uint32_t at = head; at != PM_LOG_END; at = log[at].next, n++)
        __builtin_prefetch(&log[at] + AHEAD); /* those of the next cells */
    worker->arrivals.count = 0;
    if (n == 0)
        return true;
    if (!PM_LIST_RESERVE(worker->arrivals, n) || !PM_LIST_RESERVE(worker->ranking, 2 * n))
        return false;
    size_t k = n;
    for (uint32_t at = head; k-- > 0; at = log[at].next)
        worker->ranking.items[k] = (pm_ranked){rank_of(log[at].offset), at};
    const pm_ranked *sorted = sort_ranked(worker->ranking.items, worker->ranking.items + n, n);
    for (k = 0; k < n; k++) {
        const pm_logged *item = &log[sorted[k].item];
        worker->arrivals.items[k] = (pm_arrival){item->offset, item->weight, item->port};
    }
    worker->arrivals.count = n;
    return true;
}

void pm_forget_heard(pm_engine *engine, const pm_worker *worker, uint32_t cell, double heard) {
    for (uint32_t *link = &engine->log_head[cell]; *link < PM_LOG_END;) {
        pm_logged *item = &worker->log.items[*link];
        if (item->offset > heard)
            link = &item->next;
        else
            *link = item->next;
    }
}

bool pm_gather(pm_engine *engine, pm_worker *worker, uint32_t cell) {
    uint32_t head = engine->log_head[cell];
    const size_t logged = worker->log.count;
    worker->arrivals.count = 0;
    if (engine->deliveries.count == 0)
        return true;
    const bool found = head != PM_NOT_LOGGED || look_up(engine, worker, cell, &head);
    const bool gathered = found && gather_logged(worker, head);
    if (found && pm_is_cyclic(engine, cell)) /* which may be replayed several times */
        engine->log_head[cell] = head;
    else
        worker->log.count = logged;
    return gathered;
}
