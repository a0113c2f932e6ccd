/* What a simulation tells: spikes in the order of (time, population, neuron), samples, counts. Invariant: all spikes
 * before `reported` have been passed on, and none from there on. Spikes of cells at the very end of a slab are held
 * back, since a source may still fire at that instant. */
#include "sim/slabs.h"

#include <stdlib.h>

/* Of a delivery, before `until`. */
static uint64_t arrived(const pm_engine *engine, const pm_delivery *d, double until) {
    if (engine->wiring->groups || until >= engine->end)
        return engine->start + d->offset < until ? d->n_synapses : 0;
    uint64_t n = 0;
    while (n < d->n_synapses && engine->start + pm_run_offset(engine, d, d->begin + n) < until)
        n++;
    return n;
}

/* Arrivals in the slab before `until`; those of a slab that will be settled anew are counted apart. */
void pm_count_events(pm_exact *s, double until, bool provisional) {
    pm_engine *engine = &s->engine;
    uint64_t n = 0, driven = 0;
    for (size_t d = 0; d < engine->deliveries.count; d++)
        n += arrived(engine, &engine->deliveries.items[d], until);
    for (int k = 0; k < engine->n_workers; k++)
        driven += engine->workers[k].n_driven;
    n += driven;
    if (!provisional)
        engine->drive.arrived += driven + pm_drive_idle(&engine->drive, engine->start, engine->end);
    s->counts.synaptic_events += provisional ? 0 : n;
    s->unsettled_events = provisional ? n : 0;
}

static pm_status report_spike(pm_exact *s, const pm_spike *spike, bool is_source, pm_error *error) {
    const pm_population *population = &s->network->populations[spike->population];
    s->fired[spike->population] += !is_source;
    if (!is_source)
        s->counts.spikes++;
    else if (!s->engine.drive.covers[spike->population]) /* whose spikes pm_drive_spikes counts */
        s->counts.source_spikes += pm_share_has(s->exchange, population->size, spike->neuron);
    if (s->on_spike && population->record_spikes && pm_share_reports(s->exchange, spike->population))
        return s->on_spike(spike, s->spike_user, error);
    return PM_OK;
}

/* Reports spikes in [reported, until): held and found LIF spikes merged with those of sources. LIF spikes from `until`
 * on become the held ones when the slab is settled for good. */
static pm_status report_spikes(pm_exact *s, double until, bool provisional, const pm_spike *sources,
                               size_t n_sources, pm_error *error) {
    for (size_t k = 0; k < s->held.count; k++)
        if (!PM_LIST_ADD(s->found, s->held.items[k]))
            return pm_fail_memory(error, "spikes");
    pm_spikes_sort(&s->found, 0);
    if (!provisional)
        s->held.count = 0;
    size_t at = 0;
    for (size_t k = 0; k < s->found.count || at < n_sources;) {
        bool is_source =
            k == s->found.count || (at < n_sources && pm_compare_spikes(&sources[at], &s->found.items[k]) < 0);
        const pm_spike *spike = is_source ? &sources[at++] : &s->found.items[k++];
        pm_status status = PM_OK;
        if (spike->time >= s->reported && spike->time < until)
            status = report_spike(s, spike, is_source, error);
        else if (spike->time >= until && !is_source && !provisional && !PM_LIST_ADD(s->held, *spike))
            status = pm_fail_memory(error, "spikes");
        if (status != PM_OK)
            return status;
    }
    return PM_OK;
}

pm_status pm_report_samples(pm_exact *s, pm_error *error) {
    for (int k = 0; s->on_sample && k < s->engine.n_workers; k++)
        for (size_t n = 0; n < s->engine.workers[k].samples.count; n++) {
            pm_status status = s->on_sample(&s->engine.workers[k].samples.items[n], s->sample_user, error);
            if (status != PM_OK)
                return status;
        }
    return PM_OK;
}

/* Keeps the sources' spikes of a slab until the end of the window. */
pm_status pm_keep_sources(pm_exact *s, const pm_spike *sources, size_t n_sources, pm_error *error) {
    for (size_t k = 0; k < n_sources; k++)
        if (!PM_LIST_ADD(s->pending, sources[k]))
            return pm_fail_memory(error, "spikes of sources");
    return PM_OK;
}

/* Spikes up to `until`, the end of a window. */
pm_status pm_report_window(pm_exact *s, double until, bool provisional, const pm_spike *sources, size_t n_sources,
                           pm_error *error) {
    pm_status status = PM_OK;
    if (s->pending.count > 0) {
        status = pm_keep_sources(s, sources, n_sources, error);
        sources = s->pending.items;
        n_sources = s->pending.count;
    }
    if (status == PM_OK)
        status = report_spikes(s, until, provisional, sources, n_sources, error);
    s->pending.count = 0;
    if (status == PM_OK)
        s->reported = until;
    return status;
}
