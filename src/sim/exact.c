/* The engine as a whole: what is asked of it, in slabs.
 *
 * Invariant: between runs `time` lies in `slab`, or at its start, and all spikes and samples before it have been passed
 * on. A run that ends inside a slab settles it provisionally, and slabs in which nothing can happen are passed over. On
 * several ranks each settles its own cells; all of them make the same decisions. */
#include "sim/slabs.h"

#include "net/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Spikes of sources are drawn where they arrive, where they are reported, and where they are counted. */
static void skip_sources(pm_exact *s, uint32_t p) {
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
static pm_status make_sources(pm_exact *s, pm_error *error) {
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

/* The delay that all synapses of a population have, if nearly each of its neurons has some: spikes of the others are on
 * their way in vain. */
static double only_delay(const pm_wiring *w, uint32_t population) {
    const uint32_t begin = w->first_neuron[population], end = w->first_neuron[population + 1];
    const double delay = w->first_group[begin] < w->n_groups ? pm_group_delay(w, w->first_group[begin]) : -INFINITY;
    for (uint64_t g = w->first_group[begin]; g < w->first_group[end]; g++)
        if (pm_group_delay(w, g) != delay)
            return -INFINITY;
    uint32_t n_without = 0;
    for (uint32_t n = begin; n < end; n++)
        n_without += w->first_group[n] == w->first_group[n + 1];
    return n_without <= (end - begin) / 64 ? delay : -INFINITY;
}

/* As many slabs as fit into the shortest delay between cells. */
static int64_t window_of(const pm_exact *s) {
    enum { LONGEST = 64 }; /* slabs; spikes of a window are kept until it ends */
    double shortest = INFINITY;
    for (size_t k = 0; k < s->network->n_projections; k++)
        if (s->network->populations[s->network->projections[k].from].kind == PM_LIF)
            shortest = fmin(shortest, s->engine.wiring->min_delay[k]);
    double slabs = floor(shortest / s->engine.plan.slab);
    return !s->exchange || s->engine.plan.n_levels > 1 || slabs < 1.0 ? 1 : (int64_t)fmin(slabs, LONGEST);
}

/* Recorded potentials and private drives want every slab. */
static bool may_skip(const pm_exact *s) {
    bool may = s->network->n_potentials == 0;
    for (size_t p = 0; p < s->network->n_populations; p++)
        may = may && !s->engine.drive.covers[p];
    return may;
}

pm_status pm_exact_new(const pm_network *network, const pm_options *options, pm_exact **exact, pm_error *error) {
    pm_exact *s = calloc(1, sizeof *s);
    *exact = NULL;
    if (!s)
        return pm_fail_memory(error, "the simulation");
    for (size_t k = 0; k < network->n_potentials; k++)
        if (pm_interval_check(network->potentials[k].interval, network->duration, error) != PM_OK) {
            free(s);
            return PM_INVALID;
        }
    s->network = network;
    atomic_init(&s->stop, false);
    s->exchange = options && options->exchange && options->exchange->size > 1 ? options->exchange : NULL;
    pm_status status = pm_engine_init(&s->engine, network, options ? options->threads : 0, s->exchange, error);
    if (status == PM_OK) {
        s->fired = calloc(network->n_populations + 1, sizeof *s->fired);
        s->only_delay = malloc((network->n_populations + 1) * sizeof *s->only_delay);
        for (uint32_t p = 0; s->only_delay && p < network->n_populations; p++)
            s->only_delay[p] = only_delay(s->engine.wiring, p);
        s->per_slab = 1.0 / s->engine.plan.slab;
        s->queue = pm_queue_new(s->engine.plan.max_delay / s->engine.plan.slab);
        status = make_sources(s, error);
    }
    if (status == PM_OK && (!s->queue || !s->fired || !s->only_delay || !PM_LIST_ADD(s->own, (pm_spike){0})))
        status = pm_fail_memory(error, "the simulation");
    status = pm_exchange_agree(s->exchange, status, error);
    if (status != PM_OK) {
        pm_exact_free(s);
        return status;
    }
    s->window = window_of(s);
    s->may_skip = may_skip(s);
    s->engine.stop = s->exchange ? NULL : &s->stop; /* several ranks stop between windows only */
    const pm_wiring *w = s->engine.wiring;
    s->counts.neurons = w->n_neurons;
    s->counts.synapses = w->n_synapses;
    s->counts.bytes =
        pm_wiring_bytes(w) + pm_synaptic_bytes(&s->engine.synaptic, w) + w->n_cells * pm_engine_cell_bytes();
    *exact = s;
    return PM_OK;
}

void pm_exact_free(pm_exact *exact) {
    if (!exact)
        return;
    pm_engine_clear(&exact->engine);
    pm_queue_free(exact->queue);
    pm_sources_free(exact->sources);
    free(exact->held.items);
    free(exact->found.items);
    free(exact->onward.items);
    free(exact->own.items);
    free(exact->pending.items);
    free(exact->fired);
    free(exact->only_delay);
    free(exact);
}

pm_status pm_exact_reset(pm_exact *exact, pm_error *error) {
    (void)error;
    pm_engine_reset(&exact->engine);
    pm_queue_clear(exact->queue);
    pm_sources_reset(exact->sources);
    exact->slab = 0;
    exact->collected = exact->silent = false;
    exact->time = exact->reported = 0.0;
    exact->held.count = exact->pending.count = 0;
    exact->own.count = 1;
    exact->failed = PM_OK;
    exact->counts.spikes = exact->counts.source_spikes = exact->counts.synaptic_events = 0;
    memset(exact->fired, 0, exact->network->n_populations * sizeof *exact->fired);
    exact->unsettled_events = 0;
    atomic_store(&exact->stop, false);
    return PM_OK;
}

void pm_exact_on_spike(pm_exact *exact, pm_spike_callback *callback, void *user) {
    exact->on_spike = callback;
    exact->spike_user = user;
}

void pm_exact_on_sample(pm_exact *exact, pm_sample_callback *callback, void *user) {
    exact->on_sample = callback;
    exact->sample_user = user;
}

void pm_exact_stop(pm_exact *exact) { atomic_store(&exact->stop, true); }

double pm_exact_time(const pm_exact *exact) { return exact->time; }

pm_counts pm_exact_counts(const pm_exact *exact) {
    pm_counts counts = exact->counts;
    const double start = (double)exact->slab * exact->engine.plan.slab;
    counts.source_spikes += pm_drive_spikes(&exact->engine.drive, start, exact->time);
    counts.synaptic_events += exact->unsettled_events;
    return counts;
}

uint64_t pm_exact_spikes(const pm_exact *exact, uint32_t population) {
    return population < exact->network->n_populations ? exact->fired[population] : 0;
}

/* Whether what was read can be the state of a simulation of this network between two runs. */
static bool is_sound(const pm_exact *s) {
    const double h = s->engine.plan.slab, most = 0x1p52;
    bool good = s->slab >= 0 && (double)s->slab < most && s->time >= (double)s->slab * h &&
                s->time < (double)(s->slab + 1) * h && s->reported >= 0.0 && s->reported <= s->time;
    for (size_t k = 0; good && k < s->held.count; k++) {
        const pm_spike *spike = &s->held.items[k];
        good = pm_spike_is_of(s->network, spike, PM_LIF) && spike->time >= s->reported && isfinite(spike->slope) &&
               (k == 0 || pm_compare_spikes(spike - 1, spike) <= 0);
    }
    return good && pm_engine_is_sound(&s->engine, (double)s->slab * h) &&
           pm_queue_is_sound(s->queue, s->engine.wiring, h, s->slab) &&
           pm_sources_are_sound(s->sources, (double)(s->slab + s->collected) * h, s->collected);
}

pm_status pm_exact_archive(pm_exact *exact, pm_archive *archive, pm_error *error) {
    pm_exact *s = exact;
    PM_ARCHIVE(archive, s->slab);
    pm_archive_flag(archive, &s->collected);
    pm_archive_flag(archive, &s->silent);
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
    pm_archive_demand(archive, !pm_archive_to_check(archive) || is_sound(s));
    if (archive->status == PM_NO_MEMORY)
        return pm_fail_memory(error, "the state of the simulation");
    if (archive->status != PM_OK || (archive->reading && archive->at != archive->size))
        return pm_fail(error, PM_INVALID, "the state does not fit the network");
    return PM_OK;
}

/* Several ranks end a run together. */
static pm_status end_together(pm_exact *s, double until, pm_error *error) {
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

/* Passes over slabs in which nothing happens on any rank, up to `until` at most; whether there were any. */
static bool skip(pm_exact *s, double until, pm_status *status, pm_error *error) {
    const double h = s->engine.plan.slab, now = (double)s->slab;
    const bool aligned = s->slab % s->window == 0;
    if (!s->may_skip || s->failed || (s->exchange && (!aligned || !s->silent)))
        return false;
    double busy = pm_busy_slab(s);
    if (s->exchange)
        s->exchange->least(s->exchange->user, &busy, 1);
    busy = floor(busy / (double)s->window) * (double)s->window;
    if (!(busy > now))
        return false;
    const double end = fmin(until, busy * h), slab = floor(end / h);
    s->found.count = 0;
    *status = pm_report_window(s, end, end > slab * h, NULL, 0, error);
    s->time = end;
    s->slab = (int64_t)slab;
    s->unsettled_events = 0;
    return true;
}

/* A slab, or its part up to `until`. */
static pm_status step(pm_exact *s, double until) {
    const double h = s->engine.plan.slab, end = (double)(s->slab + 1) * h;
    const bool provisional = until < end;
    const bool last = provisional || (s->slab + 1) % s->window == 0 || until < (double)(s->slab + 2) * h;
    const double run_end = provisional ? until : end;
    pm_status status = pm_run_slab(s, run_end, provisional, last, &s->failure);
    if (status != PM_OK && (!s->exchange || s->agreed))
        return status;
    s->failed = status; /* the others learn it at the next exchange */
    s->time = run_end;
    if (!provisional) {
        s->slab++;
        s->collected = false;
    }
    return PM_OK;
}

pm_status pm_exact_run(pm_exact *exact, double until, pm_error *error) {
    pm_exact *s = exact;
    const double reach = s->engine.plan.reach > 0.0 ? s->engine.plan.reach : INFINITY; /* nothing is lost of none */
    const double longest = fmin(s->engine.plan.slab, reach) * 0x1p53;
    if (!isfinite(until) || until < s->time)
        return pm_fail(error, PM_INVALID, "cannot run to %g ms: the simulation is at %.17g ms", until, s->time);
    if (until > longest)
        return pm_fail(error, PM_INVALID,
                       "cannot run to %g ms: delays and time constants as short as in this network are lost in the "
                       "rounding of times beyond %g ms",
                       until, longest);
    s->agreed = false;
    while (until > s->time && !s->stopping) {
        pm_status status = PM_OK;
        if (!s->exchange && atomic_load(&s->stop)) {
            atomic_store(&s->stop, false);
            return pm_fail(error, PM_STOPPED, "stopped at %.17g ms", s->time);
        }
        if (!skip(s, until, &status, &s->failure))
            status = step(s, until);
        if (status == PM_OK)
            continue;
        if (status == PM_STOPPED)
            atomic_store(&s->stop, false);
        if (error)
            *error = s->failure;
        s->failed = PM_OK;
        return status;
    }
    return s->exchange ? end_together(s, until, error) : PM_OK;
}

pm_status pm_exact_inject(pm_exact *exact, uint32_t population, uint32_t neuron, double time, pm_error *error) {
    const pm_network *net = exact->network;
    if (exact->exchange)
        return pm_fail(error, PM_INVALID, "spikes cannot be injected on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_SPIKE_SOURCE)
        return pm_fail(error, PM_INVALID, "spikes can be injected into populations of given spikes only");
    if (neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "population %s has no neuron %u", net->populations[population].name, neuron);
    if (!isfinite(time) || time < exact->time)
        return pm_fail(error, PM_INVALID, "a spike cannot be injected at %g ms: the simulation is at %.17g ms", time,
                       exact->time);
    return pm_sources_inject(exact->sources, &(pm_spike){time, 0.0, population, neuron}, error);
}

pm_status pm_exact_state(pm_exact *exact, uint32_t population, uint32_t neuron, double *potential, double *current,
                         pm_error *error) {
    const pm_network *net = exact->network;
    if (exact->exchange)
        return pm_fail(error, PM_INVALID, "states cannot be asked for on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_LIF ||
        neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "there is no LIF neuron %u in population %u", neuron, population);
    uint32_t cell = exact->engine.wiring->first_cell[population] + neuron;
    pm_lif_state state = {0};
    pm_status status = pm_probe_cell(exact, cell, &state, error);
    if (status != PM_OK)
        return status;
    const pm_engine *engine = &exact->engine;
    const pm_general *general = engine->classes[engine->wiring->class[population]].general;
    if (potential)
        *potential = (general ? pm_general_E_L(general, cell) : net->populations[population].neuron.E_L) + state.u;
    if (current)
        *current = state.i;
    return PM_OK;
}

pm_wiring *pm_exact_wiring(pm_exact *exact) { return exact->engine.wiring; }

void pm_exact_reweigh(pm_exact *exact) { pm_drive_reweigh(&exact->engine.drive, exact->engine.wiring); }
