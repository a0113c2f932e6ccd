/* Private drives: Poisson sources whose neurons have at most one synapse each.
 *
 * Nobody but its one target needs such a neuron's spikes, so they never become events: the target draws them when it is
 * settled. Spikes are those of sources.c, to the bit. */
#ifndef PM_SIM_DRIVE_H
#define PM_SIM_DRIVE_H

#include "net/random.h"
#include "net/wiring.h"
#include "sim/archive.h"

/* One source neuron and its synapse. */
typedef struct pm_channel {
    double spike[PM_STREAM_BATCH]; /* ms, the present batch of its spikes */
    double weight, delay;          /* pA, ms */
    uint64_t batch;                /* the number of the next batch */
    uint32_t neuron;               /* of its population */
    uint16_t stream, next;         /* the first spike of the batch that has not arrived */
} pm_channel;

typedef struct pm_drive_stream {
    uint64_t key;
    double mean_gap; /* ms */
} pm_drive_stream;

typedef struct pm_drive {
    bool *covers; /* per population: its neurons are channels */
    pm_drive_stream *streams;
    pm_channel *channels; /* by target; those without a synapse are last */
    pm_channel *saved;
    size_t n_channels;
    uint32_t *first; /* per cell, and one more: its first channel */
} pm_drive;

/* Arrivals at one cell within a slab, in order of time; weights are 0 up to the next multiple of PM_SERIES_LANES. */
typedef struct pm_drive_arrivals {
    double *offset; /* ms from the start of the slab */
    double *weight; /* pA */
    size_t n, capacity;
} pm_drive_arrivals;

/* Covers the Poisson populations of that kind which fire often enough for slabs of `slab` ms. */
pm_status pm_drive_new(pm_drive *drive, const pm_network *network, const pm_wiring *wiring, const pm_exchange *exchange,
                       double slab, pm_error *error);
void pm_drive_clear(pm_drive *drive);
void pm_drive_reset(pm_drive *drive);
/* Remembers the state of all channels, and returns to it. */
void pm_drive_save(pm_drive *drive);
void pm_drive_restore(pm_drive *drive);

/* The state of all channels, written or read. */
void pm_drive_archive(pm_drive *drive, pm_archive *archive);

/* What arrives at a cell in [start, end), ms; each slab follows the one before. False: no memory. */
bool pm_drive_take(pm_drive *drive, uint32_t cell, double start, double end, pm_drive_arrivals *arrivals);
void pm_drive_arrivals_free(pm_drive_arrivals *arrivals);

/* The number of spikes of all channels before `time` (ms), which is not before the start of the present slab. */
uint64_t pm_drive_spikes(const pm_drive *drive, double time);

#endif
