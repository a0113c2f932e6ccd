/* Private drives: Poisson sources whose neurons have at most one synapse each.
 *
 * Nobody but its one target needs such a neuron's spikes, so they never become events: the target draws them when it is
 * settled. Spikes are those of sources.c, to the bit. Any cell of a Poisson process can be drawn at any time, so drives
 * have no state. */
#ifndef PM_SIM_DRIVE_H
#define PM_SIM_DRIVE_H

#include "base/archive.h"
#include "math/series.h"
#include "model/poisson.h"
#include "net/wiring.h"

/* One source neuron and its synapse. */
typedef struct pm_channel {
    double weight, delay; /* pA, ms */
    uint32_t neuron;      /* of its population */
    uint16_t stream;
} pm_channel;

typedef struct pm_drive {
    bool *covers; /* per population: its neurons are channels */
    pm_poisson *streams;
    pm_channel *channels; /* by target; those without a synapse are last */
    size_t n_channels, first_idle;
    uint32_t *first;  /* per cell, and one more: its first channel */
    uint64_t arrived; /* spikes in the slabs settled so far, by arrival; without a synapse: by time */
} pm_drive;

/* Covers the Poisson populations of that kind which fire often enough for slabs of `slab` ms. */
pm_status pm_drive_new(pm_drive *drive, const pm_network *network, const pm_wiring *wiring, const pm_exchange *exchange,
                       double slab, pm_error *error);
void pm_drive_clear(pm_drive *drive);
/* Takes the weights as they are now. */
void pm_drive_reweigh(pm_drive *drive, const pm_wiring *wiring);

/* The spikes in [start, end), ms, of channels without a synapse. */
uint64_t pm_drive_idle(const pm_drive *drive, double start, double end);
/* The number of spikes of all channels before `time`, which lies in the slab that begins at `start` (ms). */
uint64_t pm_drive_spikes(const pm_drive *drive, double start, double time);

/* The cells of a process whose spikes, delayed (ms), may fall into [start, end): `n` from `first` on. */
typedef struct pm_drive_span {
    uint64_t first, n;
} pm_drive_span;
pm_drive_span pm_drive_reach(const pm_poisson *stream, double delay, double start, double end);

/* What arrives at some neighbouring cells in a slab: eight channels in a group, one in each lane. */
typedef struct pm_drive_block {
    uint32_t first;       /* channel */
    pm_series_row *rows;  /* offsets from the start of the slab */
    size_t *first_row;    /* per group, and one more */
    pm_series_sums *sums; /* per group: the responses */
    size_t row_capacity, group_capacity;
} pm_drive_block;

/* The most cells from `begin` on, up to `end`, that are worth being one block. */
uint32_t pm_drive_block_end(const pm_drive *drive, uint32_t begin, uint32_t end);
/* Draws what arrives at the cells [begin, end), neurons of that kind, in the slab [start, start + h), ms. `series`:
 * NULL where the sums are not wanted. False: no memory. */
bool pm_drive_draw(const pm_drive *drive, uint32_t begin, uint32_t end, double start, double h, const pm_lif *lif,
                   const pm_series *series, pm_drive_block *block);
/* The arrivals of a block before `until`, ms. */
uint64_t pm_drive_before(const pm_drive_block *block, size_t n_channels, double start, double until);
void pm_drive_block_free(pm_drive_block *block);

/* Arrivals at one cell within a slab, in order of time. */
typedef struct pm_drive_arrivals {
    double *offset; /* ms from the start of the slab */
    double *weight; /* pA */
    size_t n, capacity;
} pm_drive_arrivals;

/* Those of one cell of a block. False: no memory. */
bool pm_drive_list(const pm_drive *drive, const pm_drive_block *block, uint32_t cell, pm_drive_arrivals *arrivals);
void pm_drive_arrivals_free(pm_drive_arrivals *arrivals);

#endif
