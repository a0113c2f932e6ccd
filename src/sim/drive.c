/* Which sources are private drives, and how many spikes they have fired. Invariant: `arrived` counts what arrived
 * before the present slab; what is still on its way is drawn where it is asked for. */
#include "sim/drive.h"

#include "model/kernel.h"
#include "model/rate_course.h"
#include "model/synapse.h"
#include "sim/general.h"
#include "sim/sources.h"

#include <math.h>
#include <stdlib.h>

/* Channels are looked at in every slab: seldom spikes are cheaper as events. */
static const double FEWEST = 0.125; /* spikes in a slab */

static uint64_t synapses_of(const pm_wiring *wiring, uint32_t neuron) {
    uint64_t first = wiring->first_group[neuron], end = wiring->first_group[neuron + 1];
    return end > first ? pm_group_begin(wiring, end) - pm_group_begin(wiring, first) : 0;
}

/* Where drives may be added up: at plain populations, and at the one receptor that a quick general population has for
 * them, if that is one of exponentials. */
static bool hears_drives(const pm_network *network, const pm_wiring *wiring, uint32_t to, uint32_t receptor) {
    const pm_receptor r = pm_population_get_receptor(&network->populations[to], receptor);
    if (!pm_population_needs_general(network, to))
        return true;
    return r.kernel->form == PM_FORM_EXPONENTIALS && pm_general_is_quick(network, to) &&
           receptor == wiring->drive_receptor[to];
}

/* What a population of sources must be for its spikes to be drawn at their targets. */
static bool may_be_private(const pm_network *network, size_t p, double slab) {
    const pm_population *population = &network->populations[p];
    return population->kind == PM_POISSON_SOURCE && population->rate * 1e-3 * slab >= FEWEST &&
           !pm_rate_course_changes(&population->course);
}

static bool fans_out(const pm_wiring *wiring, const uint64_t *fan, size_t p) {
    for (uint32_t n = wiring->first_neuron[p]; n < wiring->first_neuron[p + 1]; n++)
        if (fan[n] > 1)
            return true;
    return false;
}

/* Which sources are private. `fan`: the synapses of each neuron on all ranks. */
static void choose_private(pm_drive *drive, const pm_network *network, const pm_wiring *wiring, const uint64_t *fan,
                           double slab) {
    for (size_t p = 0; p < network->n_populations && p <= UINT16_MAX; p++)
        drive->covers[p] = may_be_private(network, p, slab) && !fans_out(wiring, fan, p);
    for (size_t k = 0; k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        if (drive->covers[p->from] &&
            (pm_projection_model(p)->width > 0 || !hears_drives(network, wiring, p->to, p->receptor)))
            drive->covers[p->from] = false;
    }
}

/* A neuron is a channel where its target is; one without a target where it belongs. */
typedef struct places {
    const pm_network *network;
    const pm_wiring *wiring;
    const pm_exchange *exchange;
    const uint64_t *fan;
} places;

static bool is_here(const places *at, size_t p, uint32_t neuron) {
    return synapses_of(at->wiring, neuron) > 0 ||
           (at->fan[neuron] == 0 &&
            pm_share_has(at->exchange, at->network->populations[p].size, neuron - at->wiring->first_neuron[p]));
}

/* The target of a source neuron, or n_cells. */
static uint32_t target_of(const pm_wiring *wiring, uint32_t neuron) {
    uint64_t group = wiring->first_group[neuron];
    return group < wiring->first_group[neuron + 1] ? wiring->targets[pm_group_begin(wiring, group)] : wiring->n_cells;
}

/* Counts the channels of each cell, then places them. */
static void place_channels(pm_drive *drive, const places *at, uint32_t *fill) {
    const pm_wiring *wiring = at->wiring;
    const size_t n_populations = at->network->n_populations;
    for (size_t p = 0; p < n_populations; p++)
        for (uint32_t n = wiring->first_neuron[p]; drive->covers[p] && n < wiring->first_neuron[p + 1]; n++)
            fill[target_of(wiring, n)] += is_here(at, p, n);
    uint32_t sum = 0;
    for (uint32_t c = 0; c <= wiring->n_cells; c++) {
        drive->first[c] = sum;
        sum += fill[c];
        fill[c] = drive->first[c];
    }
    drive->first_idle = drive->first[wiring->n_cells];
    for (size_t p = 0; p < n_populations; p++)
        for (uint32_t n = wiring->first_neuron[p]; drive->covers[p] && n < wiring->first_neuron[p + 1]; n++) {
            if (!is_here(at, p, n))
                continue;
            uint32_t target = target_of(wiring, n);
            const uint64_t group = wiring->first_group[n];
            pm_channel *channel = &drive->channels[fill[target]++];
            *channel = (pm_channel){.neuron = n - wiring->first_neuron[p], .stream = (uint16_t)p};
            if (target < wiring->n_cells) {
                channel->weight = wiring->weights[pm_group_begin(wiring, group)];
                channel->delay = pm_group_delay(wiring, group);
            }
        }
}

static void cover(pm_drive *drive, const places *at, double slab) {
    const pm_wiring *wiring = at->wiring;
    choose_private(drive, at->network, wiring, at->fan, slab);
    for (size_t p = 0; p < at->network->n_populations; p++) {
        if (!drive->covers[p])
            continue;
        drive->streams[p] = pm_poisson_new(pm_source_key(at->network, p), at->network->populations[p].rate);
        for (uint32_t n = wiring->first_neuron[p]; n < wiring->first_neuron[p + 1]; n++)
            drive->n_channels += is_here(at, p, n);
    }
}

pm_status pm_drive_new(pm_drive *drive, const pm_network *network, const pm_wiring *wiring, const pm_exchange *exchange,
                       double slab, pm_error *error) {
    *drive = (pm_drive){0};
    drive->covers = calloc(network->n_populations + 1, sizeof *drive->covers);
    drive->streams = calloc(network->n_populations + 1, sizeof *drive->streams);
    drive->first = calloc((size_t)wiring->n_cells + 1, sizeof *drive->first);
    uint32_t *fill = calloc((size_t)wiring->n_cells + 1, sizeof *fill);
    uint64_t *fan = calloc((size_t)wiring->n_neurons + 1, sizeof *fan);
    bool memory = drive->covers && drive->streams && drive->first && fill && fan;
    pm_status status = memory ? PM_OK : pm_fail_memory(error, "the Poisson sources");
    status = pm_exchange_agree(exchange, status, error);
    if (memory && status == PM_OK) {
        for (uint32_t n = 0; n < wiring->n_neurons; n++)
            fan[n] = synapses_of(wiring, n);
        if (exchange)
            exchange->sum(exchange->user, fan, wiring->n_neurons);
        const places at = {network, wiring, exchange, fan};
        cover(drive, &at, slab);
        drive->channels = malloc((drive->n_channels + 1) * sizeof *drive->channels);
        if (drive->channels)
            place_channels(drive, &at, fill);
        else
            status = pm_fail_memory(error, "the Poisson sources");
    }
    free(fill);
    free(fan);
    if (status != PM_OK)
        pm_drive_clear(drive);
    return status;
}

void pm_drive_clear(pm_drive *drive) {
    free(drive->covers);
    free(drive->streams);
    free(drive->channels);
    free(drive->first);
    *drive = (pm_drive){0};
}

void pm_drive_reweigh(pm_drive *drive, const pm_wiring *wiring) {
    for (size_t k = 0; k < drive->first_idle; k++) {
        pm_channel *channel = &drive->channels[k];
        const uint64_t group = wiring->first_group[wiring->first_neuron[channel->stream] + channel->neuron];
        channel->weight = wiring->weights[pm_group_begin(wiring, group)];
    }
}

pm_drive_span pm_drive_reach(const pm_poisson *stream, double delay, double start, double end) {
    double guess = floor((start - delay) / stream->width) - 1.0;
    pm_drive_span span = {guess > 0.0 ? (uint64_t)guess : 0, 0};
    while (pm_poisson_time(stream, span.first, PM_POISSON_LAST) + delay < start)
        span.first++;
    while (pm_poisson_time(stream, span.first + span.n, PM_POISSON_FIRST) + delay < end)
        span.n++;
    return span;
}

/* The spikes of a channel that arrive from `start` on and are fired before `time`. */
static uint64_t under_way(const pm_drive *drive, const pm_channel *channel, double start, double time) {
    const pm_poisson *stream = &drive->streams[channel->stream];
    pm_drive_span span = pm_drive_reach(stream, channel->delay, start, time + channel->delay + stream->width);
    uint64_t n = 0;
    for (uint64_t cell = span.first; cell < span.first + span.n; cell++) {
        double spike[PM_POISSON_MOST];
        size_t count = pm_poisson_draw(stream, channel->neuron, cell, spike);
        for (size_t k = 0; k < count; k++)
            n += spike[k] + channel->delay >= start && spike[k] < time;
    }
    return n;
}

uint64_t pm_drive_idle(const pm_drive *drive, double start, double end) {
    uint64_t n = 0;
    for (size_t k = drive->first_idle; k < drive->n_channels; k++)
        n += under_way(drive, &drive->channels[k], start, end);
    return n;
}

uint64_t pm_drive_spikes(const pm_drive *drive, double start, double time) {
    uint64_t n = drive->arrived;
    for (size_t k = 0; k < drive->n_channels; k++)
        n += under_way(drive, &drive->channels[k], start, time);
    return n;
}
