/* One slab after the other. Invariant: `slab` is the next one to be settled for good; engine and queue are at its
 * start. A slab is a transaction: a run that ends inside it, or is stopped or fails there, leaves engine and queue as
 * they were, and the next run settles the slab anew. */
#include "sim/slabs.h"

#include <math.h>

/* The time of the first spike of the cyclic level that is not final, on all ranks; -INFINITY: one of them failed. */
static double next_of_all(const pm_exact *s, pm_status status) {
    double next = status == PM_OK ? pm_rounds_next(&s->engine) : -INFINITY;
    if (s->exchange)
        s->exchange->least(s->exchange->user, &next, 1);
    return next;
}

/* The rounds of the cyclic level (rounds.c), which has been settled with that status. */
static pm_status go_round(pm_exact *s, pm_status status, pm_error *error) {
    pm_engine *engine = &s->engine;
    double next = next_of_all(s, status);
    do {
        const size_t first = engine->deliveries.count;
        if (status == PM_OK)
            status = pm_rounds_fix(engine, next, error);
        if (status == PM_OK)
            status = pm_take_spikes(s, error);
        status = pm_share_spikes(s, status, error);
        if (status != PM_OK && (!s->exchange || s->agreed))
            return status;
        if (status == PM_OK)
            status = pm_rounds_settle(engine, first, error);
        next = next_of_all(s, status);
    } while (next < INFINITY);
    return status == PM_OK ? pm_rounds_end(engine, error) : status;
}

/* Settles the cells of a level, to which the deliveries from number *first on are new; `share`: their spikes are
 * exchanged. `status`: of what precedes. */
static pm_status settle_level(pm_exact *s, size_t level, bool share, size_t *first, pm_status status, pm_error *error) {
    pm_engine *engine = &s->engine;
    size_t next = engine->deliveries.count;
    if (status == PM_OK)
        status = pm_engine_settle(engine, *first, level, error);
    if (level == engine->plan.cyclic_level) {
        status = go_round(s, status, error);
        next = engine->deliveries.count;
    } else {
        if (status == PM_OK)
            status = pm_take_spikes(s, error);
        if (share)
            status = pm_share_spikes(s, status, error);
    }
    *first = next;
    return status;
}

/* `status`: of what precedes; `last`: the window ends here. */
static pm_status settle_slab(pm_exact *s, bool last, pm_status status, pm_error *error) {
    const size_t n_levels = s->engine.plan.n_levels;
    size_t first = 0;
    for (size_t level = 0; level < n_levels; level++) {
        status = settle_level(s, level, last || n_levels > 1, &first, status, error);
        if (status != PM_OK && (!s->exchange || s->agreed))
            return status;
    }
    return status;
}

pm_status pm_run_slab(pm_exact *s, double until, bool provisional, bool last, pm_error *error) {
    const pm_spike *sources = NULL;
    size_t n_sources = 0;
    s->found.count = 0;
    s->engine.sample_from = s->time;
    s->engine.sample_until = until;
    s->engine.until = provisional ? until : INFINITY;
    pm_status status = s->failed;
    if (status == PM_OK)
        status = pm_open_slab(s, &sources, &n_sources, error);
    status = settle_slab(s, last, status, error);
    if (status == PM_OK && !provisional) {
        pm_engine_commit(&s->engine);
        status = pm_close_slab(s, error);
    }
    if (status == PM_OK && last) {
        s->silent = s->found.count == 0;
        status = pm_report_window(s, until, provisional, sources, n_sources, error);
    } else if (status == PM_OK) {
        status = pm_keep_sources(s, sources, n_sources, error);
    }
    if (status == PM_OK)
        status = pm_report_samples(s, error);
    if (status == PM_OK)
        pm_count_events(s, until, provisional);
    if (status != PM_OK)
        s->own.count = 1;
    pm_engine_finish(&s->engine);
    return status;
}

double pm_busy_slab(pm_exact *s) {
    const double h = s->engine.plan.slab, now = (double)s->slab;
    const double wake = pm_engine_wake(&s->engine, now * h) / h;
    if (s->collected || !(wake > now))
        return now;
    const double arrival = (double)pm_queue_next(s->queue, s->slab), source = floor(pm_sources_next(s->sources) / h);
    return fmax(now, fmin(wake, fmin(arrival, source)));
}

pm_status pm_probe_cell(pm_exact *s, uint32_t cell, pm_lif_state *state, pm_error *error) {
    pm_engine *engine = &s->engine;
    const pm_spike *sources;
    size_t n_sources, first = 0;
    const uint32_t levels = engine->plan.ranges[engine->range_of[cell]].level + pm_is_cyclic(engine, cell);
    s->found.count = 0;
    engine->until = engine->sample_from = engine->sample_until = s->time;
    pm_status status = pm_open_slab(s, &sources, &n_sources, error);
    for (uint32_t level = 0; status == PM_OK && level < levels; level++)
        status = settle_level(s, level, true, &first, status, error);
    if (status == PM_OK)
        status = pm_engine_probe(engine, cell, s->time, state, error);
    pm_engine_finish(engine);
    return status;
}
