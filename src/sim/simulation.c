/* The public simulation: slab after slab, spikes through the queue, reports in order.
 *
 * Invariant: `slab` is the next slab to be settled for good, engine state and queue are those at its start, and all
 * spikes and samples before `reported` have been passed on. A run that ends inside a slab settles it provisionally: on
 * a copy of the cells, without pushing spikes into the queue; it reports what lies before its end, and restores the
 * cells. Spikes at the very end of a slab are held back, since a source may still fire at that instant.
 *
 * On several ranks each settles its own cells. What they fire is exchanged at the end of a window of slabs that is no
 * longer than the shortest delay between cells, or after each level where cells act within a slab; then every rank has
 * all spikes, in the same order. The queue hands out spikes in an order that does not depend on when they were pushed,
 * and so the ranks' arrivals are summed as those of one rank would be. A rank that fails settles nothing any more, and
 * says so at the next exchange. */
#include "sim/engine.h"
#include "sim/queue.h"
#include "sim/sources.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct spike_list {
    pm_spike *items;
    size_t count, capacity;
} spike_list;

struct pm_simulation {
    const pm_network *network;
    pm_engine engine;
    pm_queue *queue;
    pm_sources *sources;
    int64_t slab;
    bool collected;              /* the sources have been collected up to the end of `slab` */
    double time;                 /* ms */
    double reported;             /* ms */
    spike_list held;             /* LIF spikes not yet reported, sorted */
    spike_list found;            /* spikes of the slab or window at hand, of all ranks */
    const pm_exchange *exchange; /* NULL: one rank */
    int64_t window;              /* slabs between exchanges */
    spike_list own;              /* spikes of this rank's cells not yet exchanged, behind a header */
    spike_list pending;          /* spikes of sources not yet reported */
    pm_status failed;            /* of this rank, not yet known to the others */
    pm_error failure;
    bool agreed;   /* the last error is the same on all ranks */
    bool stopping; /* some rank was asked to stop */
    pm_counts counts;
    uint64_t *fired; /* spikes of each population of LIF neurons, of all ranks */
    uint64_t unsettled_events; /* of the slab in which the run stands, so far */
    atomic_bool stop;
    pm_spike_callback *on_spike;
    void *spike_user;
    pm_sample_callback *on_sample;
    void *sample_user;
};

static bool append(spike_list *list, const pm_spike *spike) {
    if (list->count == list->capacity) {
        size_t larger = list->capacity ? 2 * list->capacity : 64;
        pm_spike *moved = realloc(list->items, larger * sizeof *moved);
        if (!moved)
            return false;
        list->items = moved;
        list->capacity = larger;
    }
    list->items[list->count++] = *spike;
    return true;
}

static int compare_spikes(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->population != b->population)
        return a->population < b->population ? -1 : 1;
    return a->neuron < b->neuron ? -1 : a->neuron > b->neuron;
}

/* Spikes of sources are drawn where they arrive, where they are reported, and where they are counted. */
static void skip_sources(pm_simulation *s, uint32_t p) {
    const pm_wiring *w = s->engine.wiring;
    const pm_population *population = &s->network->populations[p];
    if (population->kind != PM_POISSON_SOURCE || (population->record_spikes && pm_share_reports(s->exchange, p)))
        return;
    for (uint32_t n = 0; n < population->size; n++) {
        uint32_t row = w->first_neuron[p] + n;
        if (w->first_group[row] == w->first_group[row + 1] && !pm_share_has(s->exchange, population->size, n))
            pm_sources_skip(s->sources, p, n);
    }
}

/* Spikes of private drives are wanted for recording only. */
static pm_status make_sources(pm_simulation *s, pm_error *error) {
    bool *silent = calloc(s->network->n_populations + 1, sizeof *silent);
    if (!silent)
        return pm_fail_memory(error, "the sources");
    for (size_t p = 0; p < s->network->n_populations; p++)
        silent[p] = s->engine.drive.covers[p] &&
                    !(s->network->populations[p].record_spikes && pm_share_reports(s->exchange, p));
    pm_status status = pm_sources_new(s->network, silent, &s->sources, error);
    free(silent);
    for (size_t p = 0; status == PM_OK && p < s->network->n_populations; p++)
        skip_sources(s, (uint32_t)p);
    return status;
}

/* As many slabs as fit into the shortest delay between cells. */
static int64_t window_of(const pm_simulation *s) {
    enum { LONGEST = 64 }; /* slabs; spikes of a window are kept until it ends */
    double shortest = INFINITY;
    for (size_t k = 0; k < s->network->n_projections; k++)
        if (s->network->populations[s->network->projections[k].from].kind == PM_LIF)
            shortest = fmin(shortest, s->engine.wiring->min_delay[k]);
    double slabs = floor(shortest / s->engine.plan.slab);
    return !s->exchange || s->engine.plan.n_levels > 1 || slabs < 1.0 ? 1 : (int64_t)fmin(slabs, LONGEST);
}

pm_status pm_simulation_new(const pm_network *network, const pm_options *options, pm_simulation **simulation,
                            pm_error *error) {
    pm_simulation *s = calloc(1, sizeof *s);
    *simulation = NULL;
    if (!s)
        return pm_fail_memory(error, "the simulation");
    s->network = network;
    atomic_init(&s->stop, false);
    s->exchange = options && options->exchange && options->exchange->size > 1 ? options->exchange : NULL;
    pm_status status = pm_engine_init(&s->engine, network, options ? options->threads : 0, s->exchange, error);
    if (status == PM_OK) {
        s->fired = calloc(network->n_populations + 1, sizeof *s->fired);
        s->queue = pm_queue_new(s->engine.plan.max_delay / s->engine.plan.slab);
        status = make_sources(s, error);
    }
    if (status == PM_OK && (!s->queue || !s->fired || !append(&s->own, &(pm_spike){0})))
        status = pm_fail_memory(error, "the simulation");
    status = pm_exchange_agree(s->exchange, status, error);
    if (status != PM_OK) {
        pm_simulation_free(s);
        return status;
    }
    s->window = window_of(s);
    const pm_wiring *w = s->engine.wiring;
    s->counts.neurons = w->n_neurons;
    s->counts.synapses = w->n_synapses;
    s->counts.bytes = w->n_synapses * (sizeof *w->targets + sizeof *w->weights) + w->n_groups * sizeof *w->groups +
                      w->n_neurons * sizeof *w->first_group +
                      w->n_cells * (2 * sizeof(pm_cell) + sizeof(pm_intake) + sizeof(uint32_t));
    *simulation = s;
    return PM_OK;
}

void pm_simulation_free(pm_simulation *simulation) {
    if (!simulation)
        return;
    pm_engine_clear(&simulation->engine);
    pm_queue_free(simulation->queue);
    pm_sources_free(simulation->sources);
    free(simulation->held.items);
    free(simulation->found.items);
    free(simulation->own.items);
    free(simulation->pending.items);
    free(simulation->fired);
    free(simulation);
}

pm_status pm_simulation_reset(pm_simulation *simulation, pm_error *error) {
    (void)error;
    pm_engine_reset(&simulation->engine);
    pm_queue_clear(simulation->queue);
    pm_sources_reset(simulation->sources);
    simulation->slab = 0;
    simulation->collected = false;
    simulation->time = simulation->reported = 0.0;
    simulation->held.count = simulation->pending.count = 0;
    simulation->own.count = 1;
    simulation->failed = PM_OK;
    simulation->counts.spikes = simulation->counts.source_spikes = simulation->counts.synaptic_events = 0;
    memset(simulation->fired, 0, simulation->network->n_populations * sizeof *simulation->fired);
    simulation->unsettled_events = 0;
    atomic_store(&simulation->stop, false);
    return PM_OK;
}

void pm_simulation_on_spike(pm_simulation *simulation, pm_spike_callback *callback, void *user) {
    simulation->on_spike = callback;
    simulation->spike_user = user;
}

void pm_simulation_on_sample(pm_simulation *simulation, pm_sample_callback *callback, void *user) {
    simulation->on_sample = callback;
    simulation->sample_user = user;
}

void pm_simulation_stop(pm_simulation *simulation) { atomic_store(&simulation->stop, true); }

double pm_simulation_time(const pm_simulation *simulation) { return simulation->time; }

pm_counts pm_simulation_counts(const pm_simulation *simulation) {
    pm_counts counts = simulation->counts;
    const double start = (double)simulation->slab * simulation->engine.plan.slab;
    counts.source_spikes += pm_drive_spikes(&simulation->engine.drive, start, simulation->time);
    counts.synaptic_events += simulation->unsettled_events;
    return counts;
}

uint64_t pm_simulation_spikes(const pm_simulation *simulation, uint32_t population) {
    return population < simulation->network->n_populations ? simulation->fired[population] : 0;
}

pm_status pm_simulation_archive(pm_simulation *simulation, pm_archive *archive, pm_error *error) {
    pm_simulation *s = simulation;
    PM_ARCHIVE(archive, s->slab);
    PM_ARCHIVE(archive, s->collected);
    PM_ARCHIVE(archive, s->time);
    PM_ARCHIVE(archive, s->reported);
    PM_ARCHIVE(archive, s->counts.spikes);
    PM_ARCHIVE(archive, s->counts.source_spikes);
    PM_ARCHIVE(archive, s->counts.synaptic_events);
    PM_ARCHIVE(archive, s->unsettled_events);
    pm_archive_bytes(archive, s->fired, s->network->n_populations * sizeof *s->fired);
    PM_ARCHIVE_LIST(archive, s->held);
    pm_engine_archive(&s->engine, archive);
    pm_queue_archive(s->queue, archive);
    pm_sources_archive(s->sources, archive);
    unsigned char fill[8] = {0}; /* to a multiple of 8 bytes */
    pm_archive_bytes(archive, fill, (8 - archive->at % 8) % 8);
    if (archive->status == PM_NO_MEMORY)
        return pm_fail_memory(error, "the state of the simulation");
    if (archive->status != PM_OK || (archive->reading && archive->at != archive->size))
        return pm_fail(error, PM_INVALID, "the state does not fit the network");
    return PM_OK;
}

/* Rows and groups of spikes to be sent lie anywhere in memory: they are fetched so many spikes ahead. */
enum { ROW_AHEAD = 16, GROUP_AHEAD = 8 };

static inline void fetch_row(const pm_wiring *w, uint32_t source) { __builtin_prefetch(&w->first_group[source]); }

static inline void fetch_group(const pm_wiring *w, pm_flight flight) {
    __builtin_prefetch(&w->groups[w->first_group[flight.source] + flight.group]);
}

/* A spike, from its group `flight.group` on: groups that arrive in the current slab are delivered, the next one waits.
 */
static pm_status send(pm_simulation *s, pm_flight flight, bool provisional, pm_error *error) {
    const pm_wiring *w = s->engine.wiring;
    uint64_t first = w->first_group[flight.source], end = w->first_group[flight.source + 1];
    for (uint64_t g = first + flight.group; g < end; g++) {
        double arrival = flight.time + w->groups[g].delay;
        double slab = floor(arrival / s->engine.plan.slab);
        if (slab > (double)s->slab) {
            flight.group = (uint32_t)(g - first);
            if (provisional || !(slab < 0x1p62))
                return PM_OK;
            if (pm_queue_push(s->queue, (int64_t)slab, &flight) != PM_OK)
                return pm_fail_memory(error, "spikes on their way");
            return PM_OK;
        }
        pm_status status = pm_engine_arrive(&s->engine, g, arrival, error);
        if (status != PM_OK)
            return status;
    }
    return PM_OK;
}

static inline pm_flight flight_of(const pm_wiring *w, const pm_spike *spike) {
    return (pm_flight){spike->time, w->first_neuron[spike->population] + spike->neuron, 0};
}

/* What arrives in the slab from before and from sources. */
static pm_status open_slab(pm_simulation *s, bool provisional, const pm_spike **sources, size_t *n_sources,
                           pm_error *error) {
    double h = s->engine.plan.slab;
    pm_engine_begin(&s->engine, (double)s->slab * h, (double)(s->slab + 1) * h);
    pm_bucket *bucket = pm_queue_open(s->queue, s->slab);
    if (!bucket)
        return pm_fail_memory(error, "spikes on their way");
    pm_status status = PM_OK;
    for (size_t k = 0; status == PM_OK && k < bucket->count; k++) {
        if (k + ROW_AHEAD < bucket->count)
            fetch_row(s->engine.wiring, bucket->flights[k + ROW_AHEAD].source);
        if (k + GROUP_AHEAD < bucket->count)
            fetch_group(s->engine.wiring, bucket->flights[k + GROUP_AHEAD]);
        status = send(s, bucket->flights[k], provisional, error);
    }
    if (!provisional)
        bucket->count = 0;
    if (status == PM_OK && !s->collected)
        status = pm_sources_collect(s->sources, s->engine.end, sources, n_sources, error);
    pm_sources_collected(s->sources, sources, n_sources);
    s->collected = status == PM_OK;
    for (size_t k = 0; status == PM_OK && k < *n_sources; k++) {
        const pm_spike *spike = &(*sources)[k];
        if (s->engine.drive.covers[spike->population])
            continue;
        status = send(s, flight_of(s->engine.wiring, spike), provisional, error);
    }
    return status;
}

/* The spikes that the workers found at one level. */
static pm_status take_spikes(pm_simulation *s, pm_error *error) {
    const pm_wiring *w = s->engine.wiring;
    for (int k = 0; k < s->engine.n_workers; k++) {
        const pm_worker *worker = &s->engine.workers[k];
        for (size_t n = 0; n < worker->spikes.count; n++) {
            const pm_cell_spike *found = &worker->spikes.items[n];
            uint32_t p = pm_wiring_population_of_cell(w, s->network, found->cell);
            pm_spike spike = {found->time, found->slope, p, w->first_here[p] + (found->cell - w->first_cell[p])};
            if (!append(&s->own, &spike))
                return pm_fail_memory(error, "spikes");
        }
    }
    return PM_OK;
}

enum { FAILED = 1, STOPPING = 2 }; /* in the header, as `population` */

/* All ranks' spikes into `found`. */
static pm_status gather_spikes(pm_simulation *s, pm_status status, pm_error *error) {
    const pm_exchange *x = s->exchange;
    if (!x) {
        for (size_t k = 1; status == PM_OK && k < s->own.count; k++)
            if (!append(&s->found, &s->own.items[k]))
                status = pm_fail_memory(error, "spikes");
        s->own.count = 1;
        return status;
    }
    const size_t *sizes = NULL;
    s->own.items[0].population = (status != PM_OK ? FAILED : 0) | (atomic_exchange(&s->stop, false) ? STOPPING : 0);
    const pm_spike *all = x->gather(x->user, s->own.items, s->own.count * sizeof *all, &sizes);
    uint32_t flags = 0;
    s->own.count = 1;
    for (uint32_t r = 0; r < x->size; r++) {
        const size_t n = sizes[r] / sizeof *all;
        flags |= all[0].population;
        for (size_t k = 1; k < n && status == PM_OK; k++)
            if (!append(&s->found, &all[k]))
                status = pm_fail_memory(error, "spikes");
        all += n;
    }
    s->stopping = s->stopping || (flags & STOPPING);
    if (!(flags & FAILED))
        return status;
    s->agreed = true;
    return pm_exchange_agree(x, status, error);
}

/* The spikes of all ranks since the last exchange: into `found`, and on their way. */
static pm_status share_spikes(pm_simulation *s, bool provisional, pm_status status, pm_error *error) {
    const pm_wiring *w = s->engine.wiring;
    size_t begin = s->found.count;
    status = gather_spikes(s, status, error);
    if (status == PM_OK && s->found.count - begin > 1)
        qsort(s->found.items + begin, s->found.count - begin, sizeof(pm_spike), compare_spikes);
    for (size_t k = begin; status == PM_OK && k < s->found.count; k++) {
        const pm_spike *spikes = s->found.items;
        if (k + ROW_AHEAD < s->found.count)
            fetch_row(w, flight_of(w, &spikes[k + ROW_AHEAD]).source);
        if (k + GROUP_AHEAD < s->found.count)
            fetch_group(w, flight_of(w, &spikes[k + GROUP_AHEAD]));
        status = send(s, flight_of(w, &spikes[k]), provisional, error);
    }
    return status;
}

/* `status`: of what precedes; `last`: the window ends here. */
static pm_status settle_slab(pm_simulation *s, bool provisional, bool last, pm_status status, pm_error *error) {
    pm_engine *engine = &s->engine;
    const size_t n_levels = engine->plan.n_levels;
    size_t first = 0;
    for (size_t level = 0; level < n_levels; level++) {
        size_t next = engine->deliveries.count;
        if (status == PM_OK)
            status = pm_engine_settle(engine, first, level, error);
        if (status == PM_OK)
            status = take_spikes(s, error);
        if (last || n_levels > 1)
            status = share_spikes(s, provisional, status, error);
        if (status != PM_OK && (!s->exchange || s->agreed))
            return status;
        first = next;
    }
    return status;
}

/* Arrivals in the slab before `until`; those of a slab that will be settled anew are counted apart. */
static void count_events(pm_simulation *s, double until, bool provisional) {
    pm_engine *engine = &s->engine;
    uint64_t n = 0, driven = 0;
    for (size_t d = 0; d < engine->deliveries.count; d++)
        if (engine->start + engine->deliveries.items[d].offset < until)
            n += engine->deliveries.items[d].end - engine->deliveries.items[d].begin;
    for (int k = 0; k < engine->n_workers; k++)
        driven += engine->workers[k].n_driven;
    n += driven;
    if (!provisional)
        engine->drive.arrived += driven + pm_drive_idle(&engine->drive, engine->start, engine->end);
    s->counts.synaptic_events += provisional ? 0 : n;
    s->unsettled_events = provisional ? n : 0;
}

static pm_status report_spike(pm_simulation *s, const pm_spike *spike, bool is_source, pm_error *error) {
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
static pm_status report_spikes(pm_simulation *s, double until, bool provisional, const pm_spike *sources,
                               size_t n_sources, pm_error *error) {
    for (size_t k = 0; k < s->held.count; k++)
        if (!append(&s->found, &s->held.items[k]))
            return pm_fail_memory(error, "spikes");
    if (s->found.count > 1)
        qsort(s->found.items, s->found.count, sizeof(pm_spike), compare_spikes);
    if (!provisional)
        s->held.count = 0;
    size_t at = 0;
    for (size_t k = 0; k < s->found.count || at < n_sources;) {
        bool is_source =
            k == s->found.count || (at < n_sources && compare_spikes(&sources[at], &s->found.items[k]) < 0);
        const pm_spike *spike = is_source ? &sources[at++] : &s->found.items[k++];
        pm_status status = PM_OK;
        if (spike->time >= s->reported && spike->time < until)
            status = report_spike(s, spike, is_source, error);
        else if (spike->time >= until && !is_source && !provisional && !append(&s->held, spike))
            status = pm_fail_memory(error, "spikes");
        if (status != PM_OK)
            return status;
    }
    return PM_OK;
}

static pm_status report_samples(pm_simulation *s, pm_error *error) {
    for (int k = 0; s->on_sample && k < s->engine.n_workers; k++)
        for (size_t n = 0; n < s->engine.workers[k].samples.count; n++) {
            pm_status status = s->on_sample(&s->engine.workers[k].samples.items[n], s->sample_user, error);
            if (status != PM_OK)
                return status;
        }
    return PM_OK;
}

/* Keeps the sources' spikes of a slab until the end of the window. */
static pm_status keep_sources(pm_simulation *s, const pm_spike *sources, size_t n_sources, pm_error *error) {
    for (size_t k = 0; k < n_sources; k++)
        if (!append(&s->pending, &sources[k]))
            return pm_fail_memory(error, "spikes of sources");
    return PM_OK;
}

/* Spikes up to `until`, the end of a window. */
static pm_status report_window(pm_simulation *s, double until, bool provisional, const pm_spike *sources,
                               size_t n_sources, pm_error *error) {
    pm_status status = PM_OK;
    if (s->pending.count > 0) {
        status = keep_sources(s, sources, n_sources, error);
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

/* A slab, or its part up to `until`; `last`: a window ends there. */
static pm_status run_slab(pm_simulation *s, double until, bool provisional, bool last, pm_error *error) {
    const pm_spike *sources = NULL;
    size_t n_sources = 0;
    s->found.count = 0;
    s->engine.sample_from = s->time;
    s->engine.sample_until = until;
    if (provisional)
        pm_engine_save(&s->engine);
    pm_status status = s->failed;
    if (status == PM_OK)
        status = open_slab(s, provisional, &sources, &n_sources, error);
    status = settle_slab(s, provisional, last, status, error);
    if (status == PM_OK && last)
        status = report_window(s, until, provisional, sources, n_sources, error);
    else if (status == PM_OK)
        status = keep_sources(s, sources, n_sources, error);
    if (status == PM_OK)
        status = report_samples(s, error);
    count_events(s, until, provisional);
    pm_engine_finish(&s->engine);
    if (provisional)
        pm_engine_restore(&s->engine);
    return status;
}

/* Several ranks end a run together. */
static pm_status end_together(pm_simulation *s, double until, pm_error *error) {
    pm_status status = s->failed;
    if (status != PM_OK && error)
        *error = s->failure;
    s->failed = PM_OK;
    status = pm_exchange_agree(s->exchange, status, error);
    if (status != PM_OK || !s->stopping || s->time == until)
        return status;
    s->stopping = false;
    return pm_fail(error, PM_STOPPED, "stopped at %.17g ms", s->time);
}

pm_status pm_simulation_run(pm_simulation *simulation, double until, pm_error *error) {
    pm_simulation *s = simulation;
    const double h = s->engine.plan.slab;
    if (!isfinite(until) || until < s->time)
        return pm_fail(error, PM_INVALID, "cannot run to %g ms: the simulation is at %.17g ms", until, s->time);
    s->agreed = false;
    while (until > s->time && !s->stopping) {
        if (!s->exchange && atomic_exchange(&s->stop, false))
            return pm_fail(error, PM_STOPPED, "stopped at %.17g ms", s->time);
        double end = (double)(s->slab + 1) * h;
        bool provisional = until < end;
        bool last = provisional || (s->slab + 1) % s->window == 0 || until < (double)(s->slab + 2) * h;
        double run_end = provisional ? until : end;
        pm_status status = run_slab(s, run_end, provisional, last, &s->failure);
        if (status != PM_OK && (!s->exchange || s->agreed)) {
            if (error)
                *error = s->failure;
            s->failed = PM_OK;
            return status;
        }
        s->failed = status; /* the others learn it at the next exchange */
        s->time = run_end;
        if (!provisional) {
            s->slab++;
            s->collected = false;
        }
    }
    return s->exchange ? end_together(s, until, error) : PM_OK;
}

pm_status pm_simulation_inject(pm_simulation *simulation, uint32_t population, uint32_t neuron, double time,
                               pm_error *error) {
    const pm_network *net = simulation->network;
    if (simulation->exchange)
        return pm_fail(error, PM_INVALID, "spikes cannot be injected on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_SPIKE_SOURCE)
        return pm_fail(error, PM_INVALID, "spikes can be injected into populations of given spikes only");
    if (neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "population %s has no neuron %u", net->populations[population].name, neuron);
    if (!isfinite(time) || time < simulation->time)
        return pm_fail(error, PM_INVALID, "a spike cannot be injected at %g ms: the simulation is at %.17g ms", time,
                       simulation->time);
    return pm_sources_inject(simulation->sources, &(pm_spike){time, 0.0, population, neuron}, error);
}

/* Inside a slab the cell is replayed provisionally up to the present. */
static pm_status probe(pm_simulation *s, uint32_t cell, pm_lif_state *state, pm_error *error) {
    pm_engine *engine = &s->engine;
    const pm_spike *sources;
    size_t n_sources;
    engine->probe = cell;
    engine->probe_offset = s->time - (double)s->slab * engine->plan.slab;
    engine->sample_from = engine->sample_until = 0.0;
    s->found.count = 0;
    pm_engine_save(engine);
    pm_status status = open_slab(s, true, &sources, &n_sources, error);
    if (status == PM_OK)
        status = settle_slab(s, true, true, PM_OK, error);
    pm_engine_finish(engine);
    pm_engine_restore(engine);
    engine->probe = PM_NOT_LOGGED;
    *state = engine->probed;
    return status;
}

pm_status pm_simulation_state(pm_simulation *simulation, uint32_t population, uint32_t neuron, double *potential,
                              double *current, pm_error *error) {
    const pm_network *net = simulation->network;
    if (simulation->exchange)
        return pm_fail(error, PM_INVALID, "states cannot be asked for on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_LIF ||
        neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "there is no LIF neuron %u in population %u", neuron, population);
    uint32_t cell = simulation->engine.wiring->first_cell[population] + neuron;
    const pm_cell *at = &simulation->engine.cells[cell];
    pm_lif_state state = {at->u, at->i, at->b};
    if (simulation->time > (double)simulation->slab * simulation->engine.plan.slab) {
        pm_status status = probe(simulation, cell, &state, error);
        if (status != PM_OK)
            return status;
    }
    if (potential)
        *potential = net->populations[population].neuron.E_L + state.u;
    if (current)
        *current = state.i;
    return PM_OK;
}
