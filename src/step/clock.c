/* Step n covers [n dt, (n + 1) dt). A ring of buckets holds the groups of synapses whose spikes arrive in the steps to
 * come.
 *
 * Invariant: before step n, all cells are at time n dt, bucket n and later ones hold everything known to arrive,
 * `pending` holds the spikes not yet reported, and those before `reported` have been. */
#include "step/clock.h"

#include "net/spikes.h"
#include "net/wiring.h"
#include "sim/sources.h"
#include "step/cell.h"
#include "step/precedence.h"
#include "step/synapse.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_RING = 1 << 16, MOST_SPIKES_IN_STEP = 100000 };
static const double SAME_POINT = 1e-9; /* of a step: times this close to a grid point are taken for it */
static const uint32_t NONE = UINT32_MAX;

/* A spike on its way over one group of synapses. */
typedef struct flight {
    double time; /* of arrival, ms */
    int64_t step;
    uint64_t group;
} flight;

/* An arrival at one cell within the present step; chained by cell, latest first. */
typedef struct arrival {
    double offset; /* from the start of the step, ms */
    double weight; /* pA; impulses: mV */
    uint32_t next;
    uint32_t receptor;
} arrival;

typedef struct watch {
    size_t record, neuron; /* as in pm_sample */
    uint32_t cell;
    int64_t stride; /* steps */
} watch;

typedef PM_LIST(flight) bucket;

struct pm_clock {
    const pm_network *network;
    pm_clock_options options;
    pm_wiring *wiring;
    pm_synaptic synaptic;
    pm_sources *sources;
    pm_step_kind *kinds; /* per population */
    pm_step_cell *cells;
    uint32_t *population; /* of each cell */
    uint32_t *order;      /* populations, each after those that reach it within a step */
    uint32_t *rank;       /* of each population in that order */
    bucket *ring;
    size_t n_ring;
    uint32_t *head;            /* per cell: its latest arrival, or NONE */
    PM_LIST(arrival) arrivals; /* of the step */
    PM_LIST(arrival) sorted;   /* of the cell at hand */
    pm_spike_list pending;
    size_t n_found_before; /* pending spikes before those of the population at hand */
    watch *watches;
    size_t n_watches;
    int64_t step;
    double start, end;     /* of the present step, ms */
    double time, reported; /* ms */
    pm_counts counts;
    uint64_t *fired; /* spikes of each population */
    atomic_bool stop;
    pm_spike_callback *on_spike;
    void *spike_user;
    pm_sample_callback *on_sample;
    void *sample_user;
};

/* --- making --- */

static pm_status make_cells(pm_clock *c, pm_error *error) {
    const pm_network *net = c->network;
    size_t n = (size_t)c->wiring->n_cells + 1, np = net->n_populations + 1;
    c->cells = calloc(n, sizeof *c->cells);
    c->population = calloc(n, sizeof *c->population);
    c->head = calloc(n, sizeof *c->head);
    c->kinds = calloc(np, sizeof *c->kinds);
    c->order = calloc(np, sizeof *c->order);
    c->rank = calloc(np, sizeof *c->rank);
    c->fired = calloc(np, sizeof *c->fired);
    if (!c->cells || !c->population || !c->head || !c->kinds || !c->order || !c->rank || !c->fired)
        return pm_fail_memory(error, "the neurons");
    pm_status status = PM_OK;
    for (uint32_t p = 0; !status && p < net->n_populations; p++) {
        if (net->populations[p].kind == PM_LIF)
            pm_step_kind_init(&c->kinds[p], net, p, c->options.scheme, c->options.dt);
        for (uint32_t k = c->wiring->first_cell[p]; !status && k < c->wiring->first_cell[p + 1]; k++) {
            status = pm_step_cell_init(&c->cells[k], &c->kinds[p], net, p, k - c->wiring->first_cell[p], error);
            c->population[k] = p;
            c->head[k] = NONE;
        }
    }
    return status == PM_OK ? pm_precedence(net, c->wiring, c->options.dt, c->order, c->rank, error) : status;
}

static pm_status make_ring(pm_clock *c, pm_error *error) {
    double longest = 0.0;
    for (uint64_t g = 0; g < c->wiring->n_groups; g++)
        longest = fmax(longest, pm_group_delay(c->wiring, g));
    c->n_ring = (size_t)fmin(longest / c->options.dt + 3.0, LONGEST_RING);
    c->ring = calloc(c->n_ring, sizeof *c->ring);
    return c->ring ? PM_OK : pm_fail_memory(error, "spikes on their way");
}

static pm_status make_watches(pm_clock *c, pm_error *error) {
    const pm_network *net = c->network;
    size_t n = 0;
    for (size_t k = 0; k < net->n_potentials; k++)
        n += net->potentials[k].n_neurons;
    c->watches = calloc(n + 1, sizeof *c->watches);
    if (!c->watches)
        return pm_fail_memory(error, "the recorded potentials");
    for (size_t k = 0; k < net->n_potentials; k++)
        for (size_t j = 0; j < net->potentials[k].n_neurons; j++) {
            const pm_potential_record *r = &net->potentials[k];
            double stride = fmin(fmax(round(r->interval / c->options.dt), 1.0), 0x1p60);
            c->watches[c->n_watches++] =
                (watch){k, j, c->wiring->first_cell[r->population] + r->neurons[j], (int64_t)stride};
        }
    return PM_OK;
}

/* --- as a whole --- */

pm_status pm_clock_new(const pm_network *network, const pm_clock_options *options, pm_clock **clock, pm_error *error) {
    *clock = NULL;
    if (!(options->dt > 0.0) || !isfinite(options->dt))
        return pm_fail(error, PM_INVALID, "a time step of %g ms; it must be a positive number", options->dt);
    pm_clock *c = calloc(1, sizeof *c);
    if (!c)
        return pm_fail_memory(error, "the simulation");
    c->network = network;
    c->options = *options;
    atomic_init(&c->stop, false);
    pm_status status = pm_wiring_new(network, &c->wiring, error);
    if (!status)
        status = pm_synaptic_new(&c->synaptic, c->wiring, error);
    if (!status)
        status = make_cells(c, error);
    if (!status)
        status = make_ring(c, error);
    if (!status)
        status = make_watches(c, error);
    if (!status)
        status = pm_sources_new(network, NULL, &c->sources, error);
    if (status) {
        pm_clock_free(c);
        return status;
    }
    const pm_wiring *w = c->wiring;
    c->counts.neurons = w->n_neurons;
    c->counts.synapses = w->n_synapses;
    c->counts.bytes = pm_wiring_bytes(w) + pm_synaptic_bytes(&c->synaptic, w) +
                      w->n_cells * (sizeof(pm_step_cell) + 2 * sizeof(uint32_t));
    *clock = c;
    return PM_OK;
}

void pm_clock_free(pm_clock *clock) {
    if (!clock)
        return;
    for (size_t k = 0; clock->ring && k < clock->n_ring; k++)
        free(clock->ring[k].items);
    for (size_t k = 0; clock->cells && clock->wiring && k < clock->wiring->n_cells; k++)
        pm_step_cell_clear(&clock->cells[k]);
    pm_synaptic_clear(&clock->synaptic);
    pm_wiring_free(clock->wiring);
    pm_sources_free(clock->sources);
    free(clock->kinds);
    free(clock->cells);
    free(clock->population);
    free(clock->order);
    free(clock->rank);
    free(clock->ring);
    free(clock->head);
    free(clock->arrivals.items);
    free(clock->sorted.items);
    free(clock->pending.items);
    free(clock->watches);
    free(clock->fired);
    free(clock);
}

void pm_clock_on_spike(pm_clock *clock, pm_spike_callback *callback, void *user) {
    clock->on_spike = callback;
    clock->spike_user = user;
}

void pm_clock_on_sample(pm_clock *clock, pm_sample_callback *callback, void *user) {
    clock->on_sample = callback;
    clock->sample_user = user;
}

void pm_clock_stop(pm_clock *clock) { atomic_store(&clock->stop, true); }

double pm_clock_time(const pm_clock *clock) { return clock->time; }

pm_counts pm_clock_counts(const pm_clock *clock) { return clock->counts; }

uint64_t pm_clock_spikes(const pm_clock *clock, uint32_t population) { return clock->fired[population]; }

pm_wiring *pm_clock_wiring(pm_clock *clock) { return clock->wiring; }

pm_status pm_clock_reset(pm_clock *clock, pm_error *error) {
    pm_clock *c = clock;
    const pm_network *net = c->network;
    pm_status status = PM_OK;
    for (uint32_t k = 0; !status && k < c->wiring->n_cells; k++) {
        const uint32_t p = c->population[k];
        pm_step_cell_clear(&c->cells[k]);
        status = pm_step_cell_init(&c->cells[k], &c->kinds[p], net, p, k - c->wiring->first_cell[p], error);
        c->head[k] = NONE;
    }
    for (size_t k = 0; k < c->n_ring; k++)
        c->ring[k].count = 0;
    pm_synaptic_reset(&c->synaptic, c->wiring);
    pm_sources_reset(c->sources);
    c->pending.count = 0;
    c->step = 0;
    c->start = c->end = c->time = c->reported = 0.0;
    c->counts.spikes = c->counts.source_spikes = c->counts.synaptic_events = 0;
    memset(c->fired, 0, net->n_populations * sizeof *c->fired);
    atomic_store(&c->stop, false);
    return status;
}

/* Whether what was read can be the state of a simulation of this network between two runs. */
static bool is_sound(const pm_clock *c) {
    const double taken = (double)c->step * c->options.dt;
    bool good = c->step >= 0 && (double)c->step < 0x1p52 && c->time >= 0.0 && c->time <= taken && c->reported >= 0.0 &&
                c->reported <= taken;
    for (uint32_t k = 0; good && k < c->wiring->n_cells; k++)
        good = pm_step_cell_is_finite(&c->cells[k]) && !isnan(c->cells[k].ready);
    for (size_t k = 0; good && k < c->n_ring; k++)
        for (size_t j = 0; good && j < c->ring[k].count; j++) {
            const flight *f = &c->ring[k].items[j];
            good = f->group < c->wiring->n_groups && f->time >= 0.0 && isfinite(f->time) && f->step >= c->step &&
                   (size_t)f->step % c->n_ring == k;
        }
    for (size_t k = 0; good && k < c->pending.count; k++) {
        const pm_spike *spike = &c->pending.items[k];
        good = spike->time >= c->reported &&
               (pm_spike_is_of(c->network, spike, PM_LIF) || pm_spike_is_of(c->network, spike, PM_SPIKE_SOURCE) ||
                pm_spike_is_of(c->network, spike, PM_POISSON_SOURCE));
    }
    return good && pm_synaptic_is_sound(&c->synaptic, c->wiring, taken) &&
           pm_sources_are_sound(c->sources, taken, true);
}

pm_status pm_clock_archive(pm_clock *clock, pm_archive *archive, pm_error *error) {
    pm_clock *c = clock;
    pm_clock_options options = c->options;
    PM_ARCHIVE(archive, options.dt); /* another step has other grid points */
    pm_archive_demand(archive, options.dt == c->options.dt);
    PM_ARCHIVE(archive, c->step);
    PM_ARCHIVE(archive, c->time);
    PM_ARCHIVE(archive, c->reported);
    PM_ARCHIVE(archive, c->counts.spikes);
    PM_ARCHIVE(archive, c->counts.source_spikes);
    PM_ARCHIVE(archive, c->counts.synaptic_events);
    pm_archive_bytes(archive, c->fired, c->network->n_populations * sizeof *c->fired);
    for (uint32_t k = 0; k < c->wiring->n_cells; k++)
        pm_step_cell_archive(&c->cells[k], archive);
    for (size_t k = 0; k < c->n_ring; k++)
        PM_ARCHIVE_LIST(archive, c->ring[k]);
    PM_ARCHIVE_LIST(archive, c->pending);
    pm_sources_archive(c->sources, archive);
    pm_synaptic_archive(&c->synaptic, archive);
    if (pm_archive_to_check(archive))
        pm_archive_demand(archive, is_sound(c));
    if (archive->status == PM_NO_MEMORY)
        return pm_fail_memory(error, "the state of the simulation");
    if (archive->status != PM_OK || (archive->reading && archive->at != archive->size))
        return pm_fail(error, PM_INVALID, "the state does not fit the network");
    return PM_OK;
}

pm_status pm_clock_inject(pm_clock *clock, uint32_t population, uint32_t neuron, double time, pm_error *error) {
    const double taken = (double)clock->step * clock->options.dt;
    if (!isfinite(time) || time < taken)
        return pm_fail(error, PM_INVALID, "a spike cannot be injected at %g ms: the steps up to %.17g ms are taken",
                       time, taken);
    return pm_sources_inject(clock->sources, &(pm_spike){time, 0.0, population, neuron}, error);
}

void pm_clock_state(const pm_clock *clock, uint32_t population, uint32_t neuron, double *potential, double *current) {
    const uint32_t cell = clock->wiring->first_cell[population] + neuron;
    const double time = (double)clock->step * clock->options.dt;
    pm_potential_record record = {.quantity = PM_POTENTIAL};
    if (potential)
        *potential = pm_step_cell_sample(&clock->kinds[population], &clock->cells[cell], &record, time);
    if (current)
        *current = pm_step_cell_current(&clock->kinds[population], &clock->cells[cell], time);
}

/* --- delivery --- */

static bool on_grid(const pm_clock *c) { return c->options.interpolation == PM_CLOCK_GRID; }

/* A group's spike reaches its targets; synapses count from arrival to arrival, as from spike to spike. Those of rank
 * `settled` and below are at the end of the step already. */
static pm_status deliver(pm_clock *c, uint64_t group, double time, int64_t settled, pm_error *error) {
    const pm_wiring *w = c->wiring;
    double offset = fmin(fmax(time - c->start, 0.0), c->options.dt), factor = 1.0;
    const pm_status status = pm_step_fire(&c->synaptic, w, group, time, &factor, error);
    if (status)
        return status;
    c->counts.synaptic_events += pm_group_begin(w, group + 1) - pm_group_begin(w, group);
    for (uint64_t k = pm_group_begin(w, group); k < pm_group_begin(w, group + 1); k++) {
        uint32_t target = w->targets[k], p = c->population[target];
        if (on_grid(c) || (int64_t)c->rank[p] <= settled) {
            const bool held = c->cells[target].ready - c->start > (on_grid(c) ? 0.5 * c->options.dt : offset);
            pm_step_cell_arrive(&c->kinds[p], &c->cells[target], pm_group_receptor(w, group), factor * w->weights[k],
                                held);
            continue;
        }
        if (!PM_LIST_ROOM(c->arrivals) || c->arrivals.count >= NONE)
            return pm_fail_memory(error, "arrivals");
        c->arrivals.items[c->arrivals.count] =
            (arrival){offset, factor * w->weights[k], c->head[target], pm_group_receptor(w, group)};
        c->head[target] = (uint32_t)c->arrivals.count++;
    }
    return PM_OK;
}

static pm_status put(pm_clock *c, int64_t step, uint64_t group, double time, pm_error *error) {
    bucket *b = &c->ring[(size_t)step % c->n_ring];
    if (!PM_LIST_ROOM(*b))
        return pm_fail_memory(error, "spikes on their way");
    b->items[b->count++] = (flight){time, step, group};
    return PM_OK;
}

/* A spike sets out over all groups of its neuron. `settled` as above; sources are found before any cell is settled. */
static pm_status launch(pm_clock *c, const pm_spike *spike, int64_t settled, pm_error *error) {
    const pm_wiring *w = c->wiring;
    double dt = c->options.dt;
    uint32_t neuron = w->first_neuron[spike->population] + spike->neuron;
    bool is_source = c->network->populations[spike->population].kind != PM_LIF;
    double grid_step = is_source ? ceil(spike->time / dt - SAME_POINT) : (double)c->step + 1.0;
    int64_t earliest = c->step + !is_source;
    pm_status status = PM_OK;
    for (uint64_t g = w->first_group[neuron]; !status && g < w->first_group[neuron + 1]; g++) {
        double time = spike->time + pm_group_delay(w, g);
        double step = on_grid(c) ? grid_step + round(pm_group_delay(w, g) / dt) : floor(time / dt);
        if (!(step < 0x1p60))
            continue;
        if (!on_grid(c) && time < c->end)
            status = deliver(c, g, time, settled, error);
        else
            status = put(c, step < (double)earliest ? earliest : (int64_t)step, g, time, error);
    }
    return status;
}

/* What arrives in the step; entries of later turns of the ring stay. */
static pm_status open_bucket(pm_clock *c, pm_error *error) {
    bucket *b = &c->ring[(size_t)c->step % c->n_ring];
    size_t kept = 0;
    for (size_t k = 0; k < b->count; k++) {
        if (b->items[k].step > c->step) {
            b->items[kept++] = b->items[k];
            continue;
        }
        pm_status status = deliver(c, b->items[k].group, b->items[k].time, -1, error);
        if (status)
            return status;
    }
    b->count = kept;
    return PM_OK;
}

/* --- one cell through one step --- */

/* `fires`: the potential is the threshold, whatever the step has made of it. */
static pm_status sample(pm_clock *c, const watch *at, double time, pm_sample_kind kind, bool fires, pm_error *error) {
    pm_potential_record record = c->network->potentials[at->record];
    if (fires && record.quantity == PM_POTENTIAL)
        record.quantity = PM_THRESHOLD;
    const double value = pm_step_cell_sample(&c->kinds[c->population[at->cell]], &c->cells[at->cell], &record, time);
    pm_sample s = {time, value, at->record, at->neuron, kind};
    const bool in_time =
        time < c->network->duration || c->start >= c->network->duration; /* of a run beyond it all is */
    return c->on_sample && in_time ? c->on_sample(&s, c->sample_user, error) : PM_OK;
}

/* Samples at a spike: before and after the reset. */
static pm_status sample_spike(pm_clock *c, uint32_t number, double time, bool fires, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < c->n_watches; k++)
        if (c->watches[k].cell == number)
            status = sample(c, &c->watches[k], time, PM_SAMPLE_SPIKE, fires, error);
    return status;
}

static pm_status add_spike(pm_clock *c, uint32_t number, double time, double slope, pm_error *error) {
    uint32_t p = c->population[number];
    if (c->pending.count - c->n_found_before >
        (size_t)MOST_SPIKES_IN_STEP + 100 * (size_t)c->network->populations[p].size)
        return pm_fail(error, PM_FAILED, "runaway activity: neuron %s[%u] fires without end at %.17g ms",
                       c->network->populations[p].name, number - c->wiring->first_cell[p], time);
    if (!PM_LIST_ROOM(c->pending))
        return pm_fail_memory(error, "spikes");
    c->pending.items[c->pending.count++] = (pm_spike){time, slope, p, number - c->wiring->first_cell[p]};
    pm_status status = sample_spike(c, number, time, true, error);
    pm_step_cell_spike(&c->kinds[p], &c->cells[number]);
    return status ? status : sample_spike(c, number, time, false, error);
}

/* From offset x to x1 without arrivals. */
static pm_status move_to(pm_clock *c, uint32_t number, double x, double x1, pm_error *error) {
    pm_step_cell *at = &c->cells[number];
    pm_step_kind *kind = &c->kinds[c->population[number]];
    double dt = c->options.dt, t_ref = pm_step_cell_refractory(kind, at);
    pm_status status = PM_OK;
    while (!status && x < x1) {
        double to = x1, ready = at->ready - c->start;
        bool held = on_grid(c) ? ready > 0.5 * dt : ready > x;
        if (held && !on_grid(c))
            to = fmin(ready, x1);
        if (at->written && !on_grid(c)) /* V has a kink where a current jumps */
            to = fmin(to, pm_ode_smooth_until(&at->written->ode, c->start + x) - c->start);
        /* An impulse has carried V over the threshold: it fires wherever V goes from there. */
        const bool over = at->written && !held && !on_grid(c) && pm_step_cell_excess(kind, at) >= 0.0;
        if (!over)
            status = pm_step_cell_move(kind, at, c->start + x, to - x, held, error);
        if (status || held || pm_step_cell_excess(kind, at) < 0.0) {
            x = to;
            continue;
        }
        double after = 0.0;
        if (!over && pm_step_cell_excess_before(kind, at) < 0.0)
            after = pm_step_cell_crossing(kind, at, c->start + x, to - x, c->options.interpolation);
        if (!over && after < to - x) {
            pm_step_cell_back(at);
            status = pm_step_cell_move(kind, at, c->start + x, after, false, error);
        }
        x = after < to - x ? x + after : to;
        double time = x == dt ? c->end : c->start + x;
        const bool jumped = at->written && after == 0.0 && time > 0.0; /* over the threshold, or onto it from above */
        at->ready = time + (on_grid(c) ? dt * round(t_ref / dt) : t_ref);
        if (!status)
            status = add_spike(c, number, time, jumped ? 0.0 : pm_step_cell_slope(kind, at, time), error);
    }
    if (status || pm_step_cell_is_finite(at))
        return status;
    uint32_t p = c->population[number];
    return pm_fail(error, PM_FAILED, "neuron %s[%u] has a potential beyond all numbers at %.17g ms%s",
                   c->network->populations[p].name, number - c->wiring->first_cell[p], c->end,
                   c->options.scheme == PM_CLOCK_RK ? "; the Runge-Kutta method is unstable with steps that long" : "");
}

/* The cell's arrivals by time; those of one instant in the order of delivery. */
static pm_status sort_arrivals(pm_clock *c, uint32_t number, pm_error *error) {
    c->sorted.count = 0;
    for (uint32_t k = c->head[number]; k != NONE; k = c->arrivals.items[k].next) {
        if (!PM_LIST_ROOM(c->sorted))
            return pm_fail_memory(error, "arrivals");
        arrival item = c->arrivals.items[k];
        size_t place = c->sorted.count++;
        for (; place > 0 && c->sorted.items[place - 1].offset >= item.offset; place--)
            c->sorted.items[place] = c->sorted.items[place - 1];
        c->sorted.items[place] = item;
    }
    c->head[number] = NONE;
    return PM_OK;
}

static pm_status advance(pm_clock *c, uint32_t number, pm_error *error) {
    double x = 0.0;
    c->sorted.count = 0;
    pm_status status = c->head[number] == NONE ? PM_OK : sort_arrivals(c, number, error);
    for (size_t k = 0; !status && k < c->sorted.count; k++) {
        status = move_to(c, number, x, c->sorted.items[k].offset, error);
        x = c->sorted.items[k].offset;
        pm_step_cell_arrive(&c->kinds[c->population[number]], &c->cells[number], c->sorted.items[k].receptor,
                            c->sorted.items[k].weight, c->cells[number].ready - c->start > x);
    }
    return status ? status : move_to(c, number, x, c->options.dt, error);
}

/* --- steps --- */

/* Reports the pending spikes before `until`. */
static pm_status report(pm_clock *c, double until, pm_error *error) {
    pm_status status = PM_OK;
    size_t n = 0;
    pm_spikes_sort(&c->pending, 0);
    for (; !status && n < c->pending.count && c->pending.items[n].time < until; n++) {
        const pm_spike *spike = &c->pending.items[n];
        const pm_population *p = &c->network->populations[spike->population];
        *(p->kind == PM_LIF ? &c->counts.spikes : &c->counts.source_spikes) += 1;
        c->fired[spike->population]++;
        if (c->on_spike && p->record_spikes)
            status = c->on_spike(spike, c->spike_user, error);
    }
    for (size_t k = n; k < c->pending.count; k++)
        c->pending.items[k - n] = c->pending.items[k];
    c->pending.count -= n;
    c->reported = until;
    return status;
}

static pm_status take_sources(pm_clock *c, pm_error *error) {
    const pm_spike *spikes = NULL;
    size_t n = 0;
    pm_status status = pm_sources_collect(c->sources, c->end, &spikes, &n, error);
    for (size_t k = 0; !status && k < n; k++) {
        if (!PM_LIST_ROOM(c->pending))
            return pm_fail_memory(error, "spikes");
        c->pending.items[c->pending.count++] = spikes[k];
        status = launch(c, &spikes[k], -1, error);
    }
    return status;
}

static pm_status settle(pm_clock *c, uint32_t p, pm_error *error) {
    pm_status status = PM_OK;
    c->n_found_before = c->pending.count;
    for (uint32_t k = c->wiring->first_cell[p]; !status && k < c->wiring->first_cell[p + 1]; k++)
        status = advance(c, k, error);
    for (size_t k = c->n_found_before; !status && k < c->pending.count; k++)
        status = launch(c, &c->pending.items[k], c->rank[p], error);
    return status;
}

static pm_status run_step(pm_clock *c, pm_error *error) {
    pm_status status = PM_OK;
    c->start = (double)c->step * c->options.dt;
    c->end = (double)(c->step + 1) * c->options.dt;
    c->arrivals.count = 0;
    for (size_t k = 0; !status && c->on_sample && k < c->n_watches; k++)
        if (c->step % c->watches[k].stride == 0)
            status = sample(c, &c->watches[k], c->start, PM_SAMPLE, false, error);
    if (!status)
        status = take_sources(c, error);
    if (!status)
        status = open_bucket(c, error);
    for (size_t k = 0; !status && k < c->network->n_populations; k++)
        status = settle(c, c->order[k], error);
    c->step++;
    return status;
}

pm_status pm_clock_run(pm_clock *clock, double until, pm_error *error) {
    pm_clock *c = clock;
    if (!isfinite(until) || until < c->time)
        return pm_fail(error, PM_INVALID, "cannot run to %g ms: the simulation is at %.17g ms", until, c->time);
    pm_status status = c->reported < until ? report(c, fmin(until, (double)c->step * c->options.dt), error) : PM_OK;
    while (!status && (double)c->step * c->options.dt < until) {
        if (atomic_exchange(&c->stop, false))
            return pm_fail(error, PM_STOPPED, "stopped at %.17g ms", c->time);
        status = run_step(c, error);
        if (!status)
            status = report(c, fmin(until, c->end), error);
        c->time = fmin(until, c->end);
    }
    if (!status)
        c->time = until;
    return status;
}
