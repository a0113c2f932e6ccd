/* Invariant: a channel holds one batch of its neuron's spikes, of which those before `next` have arrived; spike number
 * k is the sum of the stream's first k gaps, added one after the other. */
#include "sim/drive.h"

#include "math/series.h"
#include "sim/sources.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = PM_STREAM_BATCH };

static void refill(const pm_drive *drive, pm_channel *channel) {
    const pm_drive_stream *stream = &drive->streams[channel->stream];
    double gaps[BATCH], time = channel->batch > 0 ? channel->spike[BATCH - 1] : 0.0;
    pm_stream_exponentials(stream->key, channel->neuron, channel->batch++, gaps);
    for (size_t k = 0; k < BATCH; k++)
        channel->spike[k] = time += stream->mean_gap * gaps[k];
    channel->next = 0;
}

void pm_drive_reset(pm_drive *drive) {
    for (size_t k = 0; k < drive->n_channels; k++) {
        drive->channels[k].batch = 0;
        refill(drive, &drive->channels[k]);
    }
}

/* Channels are looked at in every slab: seldom spikes are cheaper as events. */
static const double FEWEST = 0.125; /* spikes in a slab */

static uint64_t synapses_of(const pm_wiring *wiring, uint32_t neuron) {
    uint64_t first = wiring->first_group[neuron], end = wiring->first_group[neuron + 1];
    return end > first ? wiring->groups[end].begin - wiring->groups[first].begin : 0;
}

/* `fan`: the synapses of each neuron on all ranks. */
static bool is_private(const pm_network *network, const pm_wiring *wiring, const uint64_t *fan, size_t p, double slab) {
    const pm_population *population = &network->populations[p];
    if (population->kind != PM_POISSON_SOURCE || population->rate * 1e-3 * slab < FEWEST)
        return false;
    for (size_t k = 0; k < network->n_projections; k++) /* drives add currents */
        if (network->projections[k].from == p && network->populations[network->projections[k].to].neuron.tau_1 == 0.0)
            return false;
    for (uint32_t n = wiring->first_neuron[p]; n < wiring->first_neuron[p + 1]; n++)
        if (fan[n] > 1)
            return false;
    return true;
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
    return group < wiring->first_group[neuron + 1] ? wiring->targets[wiring->groups[group].begin] : wiring->n_cells;
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
    for (size_t p = 0; p < n_populations; p++)
        for (uint32_t n = wiring->first_neuron[p]; drive->covers[p] && n < wiring->first_neuron[p + 1]; n++) {
            if (!is_here(at, p, n))
                continue;
            uint32_t target = target_of(wiring, n);
            const pm_group *group = &wiring->groups[wiring->first_group[n]];
            pm_channel *channel = &drive->channels[fill[target]++];
            *channel = (pm_channel){.neuron = n - wiring->first_neuron[p], .stream = (uint16_t)p};
            if (target < wiring->n_cells) {
                channel->weight = wiring->weights[group->begin];
                channel->delay = group->delay;
            }
        }
}

static void cover(pm_drive *drive, const places *at, double slab) {
    const pm_wiring *wiring = at->wiring;
    for (size_t p = 0; p < at->network->n_populations && p <= UINT16_MAX; p++) {
        if (!is_private(at->network, wiring, at->fan, p, slab))
            continue;
        drive->covers[p] = true;
        drive->streams[p].key = pm_source_key(at->network, p);
        drive->streams[p].mean_gap = 1000.0 / at->network->populations[p].rate;
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
        drive->saved = malloc((drive->n_channels + 1) * sizeof *drive->saved);
        if (drive->channels && drive->saved)
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
    free(drive->saved);
    free(drive->first);
    *drive = (pm_drive){0};
}

void pm_drive_save(pm_drive *drive) {
    if (drive->n_channels > 0)
        memcpy(drive->saved, drive->channels, drive->n_channels * sizeof *drive->saved);
}

void pm_drive_restore(pm_drive *drive) {
    if (drive->n_channels > 0)
        memcpy(drive->channels, drive->saved, drive->n_channels * sizeof *drive->saved);
}

void pm_drive_archive(pm_drive *drive, pm_archive *archive) {
    for (size_t k = 0; k < drive->n_channels; k++) {
        pm_channel *channel = &drive->channels[k];
        PM_ARCHIVE(archive, channel->spike);
        PM_ARCHIVE(archive, channel->batch);
        PM_ARCHIVE(archive, channel->next);
    }
}

static bool reserve(pm_drive_arrivals *arrivals, size_t n) {
    if (n <= arrivals->capacity)
        return true;
    size_t larger = 2 * n;
    double *offset = malloc(larger * sizeof *offset), *weight = malloc(larger * sizeof *weight);
    if (!offset || !weight) {
        free(offset);
        free(weight);
        return false;
    }
    if (arrivals->n > 0) {
        memcpy(offset, arrivals->offset, arrivals->n * sizeof *offset);
        memcpy(weight, arrivals->weight, arrivals->n * sizeof *weight);
    }
    free(arrivals->offset);
    free(arrivals->weight);
    arrivals->offset = offset;
    arrivals->weight = weight;
    arrivals->capacity = larger;
    return true;
}

void pm_drive_arrivals_free(pm_drive_arrivals *arrivals) {
    free(arrivals->offset);
    free(arrivals->weight);
    *arrivals = (pm_drive_arrivals){0};
}

static bool take_channel(const pm_drive *drive, pm_channel *channel, double start, double end,
                         pm_drive_arrivals *arrivals) {
    for (;;) {
        if (!reserve(arrivals, arrivals->n + BATCH + PM_SERIES_LANES))
            return false;
        size_t k = channel->next, n = arrivals->n;
        for (; k < BATCH; k++, n++) {
            double time = channel->spike[k] + channel->delay;
            if (!(time < end))
                break;
            arrivals->offset[n] = time - start;
            arrivals->weight[n] = channel->weight;
        }
        arrivals->n = n;
        channel->next = (uint16_t)k;
        if (k < BATCH)
            return true;
        refill(drive, channel);
    }
}

/* Few arrivals that are nearly in order. */
static void sort(pm_drive_arrivals *arrivals) {
    for (size_t k = 1; k < arrivals->n; k++) {
        double offset = arrivals->offset[k], weight = arrivals->weight[k];
        size_t at = k;
        for (; at > 0 && arrivals->offset[at - 1] > offset; at--) {
            arrivals->offset[at] = arrivals->offset[at - 1];
            arrivals->weight[at] = arrivals->weight[at - 1];
        }
        arrivals->offset[at] = offset;
        arrivals->weight[at] = weight;
    }
}

bool pm_drive_take(pm_drive *drive, uint32_t cell, double start, double end, pm_drive_arrivals *arrivals) {
    uint32_t first = drive->first[cell], last = drive->first[cell + 1];
    arrivals->n = 0;
    for (uint32_t k = first; k < last; k++)
        if (!take_channel(drive, &drive->channels[k], start, end, arrivals))
            return false;
    if (last - first > 1)
        sort(arrivals);
    for (size_t k = 0; k < PM_SERIES_LANES && last > first; k++)
        arrivals->offset[arrivals->n + k] = arrivals->weight[arrivals->n + k] = 0.0;
    return true;
}

uint64_t pm_drive_spikes(const pm_drive *drive, double time) {
    uint64_t n = 0;
    for (size_t c = 0; c < drive->n_channels; c++) {
        pm_channel channel = drive->channels[c];
        size_t k = channel.next;
        for (;; k++) {
            if (k == BATCH) {
                refill(drive, &channel);
                k = 0;
            }
            if (!(channel.spike[k] < time))
                break;
        }
        n += (channel.batch - 1) * BATCH + k;
    }
    return n;
}
