/* What private drives bring within a slab. Eight channels go side by side, one in each lane: their numbers, times and
 * the powers of these are vector arithmetic from the random words on. Invariant: nothing in a lane depends on the
 * others, so that the bits are the same however cells are divided into blocks. */
#include "sim/drive.h"

#include "base/list.h"
#include "base/simd.h"

#include <stdlib.h>
#include <string.h>

enum { DRIVE_LANES = PM_SERIES_LANES, BATCH = PM_POISSON_BATCH, WORTH = 64 /* channels in a block */ };
_Static_assert((int)PM_SERIES_LANES == (int)PM_POISSON_LANES, "a lane is a channel");
static const double NOWHERE = -1.0; /* the offset of no arrival */

/* The lanes at hand; `number` is what is left to be placed of the cells at hand. */
typedef struct group {
    uint32_t n;                      /* lanes with a channel; 0: there was no group before */
    uint16_t number_of[DRIVE_LANES]; /* of the streams */
    const pm_poisson *stream[DRIVE_LANES];
    pm_drive_span span[DRIVE_LANES];
    pm_poisson_cells cells;
    double begin[DRIVE_LANES], step[DRIVE_LANES]; /* of the cells at hand and of their places, ms */
    double delay[DRIVE_LANES], number[DRIVE_LANES];
} group;

#define PM_KERNELS "sim/drive_slab.inc"
#include "base/widths.inc"

static bool reserve_rows(pm_drive_block *block, size_t n) {
    void *rows = block->rows;
    const bool there = pm_list_reserve(&rows, &block->row_capacity, n, sizeof *block->rows);
    block->rows = rows;
    return there;
}

static bool reserve_groups(pm_drive_block *block, size_t n) {
    if (n <= block->group_capacity)
        return true;
    size_t *first_row = malloc(2 * n * sizeof *first_row);
    pm_series_sums *sums = malloc(2 * n * sizeof *sums);
    if (!first_row || !sums) {
        free(first_row);
        free(sums);
        return false;
    }
    free(block->first_row);
    free(block->sums);
    block->first_row = first_row;
    block->sums = sums;
    block->group_capacity = 2 * n;
    return true;
}

/* Channels [first, first + n), and idle lanes behind them; the group before, of the same slab, had much in common. The
 * number of passes that all cells need. */
static uint64_t open_group(group *g, const pm_drive *drive, uint32_t first, uint32_t n, double start, double end) {
    uint64_t passes = 0;
    for (uint32_t k = 0; k < DRIVE_LANES; k++) {
        const pm_channel *channel = &drive->channels[first + (k < n ? k : 0)];
        g->cells.neuron[k] = channel->neuron;
        if (g->n == 0 || channel->stream != g->number_of[k] || channel->delay != g->delay[k]) {
            const pm_poisson *stream = &drive->streams[channel->stream];
            g->number_of[k] = channel->stream;
            g->stream[k] = stream;
            g->delay[k] = channel->delay;
            g->step[k] = stream->step;
            g->cells.key[k] = stream->key;
            g->span[k] = pm_drive_reach(stream, channel->delay, start, end);
        }
        passes = g->span[k].n > passes ? g->span[k].n : passes;
    }
    g->n = n;
    return passes;
}

/* Cell number `pass` of each lane, behind the rows so far. */
static bool draw_cells(group *g, uint64_t pass, double start, double end, pm_drive_block *block, size_t *n_rows) {
    double place[BATCH][DRIVE_LANES];
    uint64_t word[DRIVE_LANES];
    uint32_t most = 0;
    for (size_t k = 0; k < DRIVE_LANES; k++) {
        g->cells.cell[k] = g->span[k].first + pass;
        g->begin[k] = (double)g->cells.cell[k] * g->stream[k]->width;
    }
    pm_poisson_batch(&g->cells, 0, place, word);
    for (size_t k = 0; k < DRIVE_LANES; k++) {
        uint32_t number = k < g->n && pass < g->span[k].n ? pm_poisson_number(g->stream[k], (uint32_t)word[k]) : 0;
        most = number > most ? number : most;
        g->number[k] = number;
    }
    for (uint32_t done = 0; done < most; done += BATCH) {
        const size_t n = most - done < BATCH ? most - done : BATCH;
        if (done > 0) {
            pm_poisson_batch(&g->cells, done / BATCH, place, word);
            for (size_t k = 0; k < DRIVE_LANES; k++)
                g->number[k] -= BATCH;
        }
        if (!reserve_rows(block, *n_rows + n))
            return false;
        PM_WIDEST(place_rows)(g, start, end, n, place, block->rows + *n_rows);
        *n_rows += n;
    }
    return true;
}

uint32_t pm_drive_block_end(const pm_drive *drive, uint32_t begin, uint32_t end) {
    uint32_t last = end - begin > WORTH ? begin + WORTH : end;
    while (last > begin + 1 && drive->first[last] - drive->first[begin] > WORTH)
        last = begin + (last - begin) / 2;
    return last;
}

bool pm_drive_draw(const pm_drive *drive, uint32_t begin, uint32_t end, double start, double h, const pm_lif *lif,
                   const pm_series *series, pm_drive_block *block) {
    const uint32_t first = drive->first[begin], last = drive->first[end];
    const size_t n_groups = (last - first + DRIVE_LANES - 1) / DRIVE_LANES;
    group g = {0};
    block->first = first;
    if (!reserve_groups(block, n_groups + 1) || !reserve_rows(block, 1))
        return false;
    size_t n_rows = 0;
    for (size_t k = 0; k < n_groups; k++) {
        const uint32_t channel = first + (uint32_t)k * DRIVE_LANES;
        const uint32_t n = last - channel < DRIVE_LANES ? last - channel : DRIVE_LANES;
        block->first_row[k] = n_rows;
        const uint64_t passes = open_group(&g, drive, channel, n, start, start + h);
        for (uint64_t pass = 0; pass < passes; pass++)
            if (!draw_cells(&g, pass, start, start + h, block, &n_rows))
                return false;
        if (series)
            pm_series_add_up(series, lif, h, n_rows - block->first_row[k], block->rows + block->first_row[k],
                             &block->sums[k]);
    }
    block->first_row[n_groups] = n_rows;
    return true;
}

uint64_t pm_drive_before(const pm_drive_block *block, size_t n_channels, double start, double until) {
    uint64_t n = 0;
    for (size_t row = 0; row < block->first_row[(n_channels + DRIVE_LANES - 1) / DRIVE_LANES]; row++)
        for (size_t k = 0; k < DRIVE_LANES; k++)
            n += block->rows[row][k] >= 0.0 && start + block->rows[row][k] < until;
    return n;
}

void pm_drive_block_free(pm_drive_block *block) {
    free(block->rows);
    free(block->first_row);
    free(block->sums);
    *block = (pm_drive_block){0};
}

static bool reserve_list(pm_drive_arrivals *arrivals, size_t n) {
    if (n <= arrivals->capacity)
        return true;
    double *offset = malloc(4 * n * sizeof *offset);
    if (!offset)
        return false;
    if (arrivals->n > 0) {
        memcpy(offset, arrivals->offset, arrivals->n * sizeof *offset);
        memcpy(offset + 2 * n, arrivals->weight, arrivals->n * sizeof *offset);
    }
    free(arrivals->offset);
    arrivals->offset = offset;
    arrivals->weight = offset + 2 * n;
    arrivals->capacity = 2 * n;
    return true;
}

void pm_drive_arrivals_free(pm_drive_arrivals *arrivals) {
    free(arrivals->offset);
    *arrivals = (pm_drive_arrivals){0};
}

static void insert(pm_drive_arrivals *arrivals, double offset, double weight) {
    size_t at = arrivals->n++;
    for (; at > 0 && arrivals->offset[at - 1] > offset; at--) {
        arrivals->offset[at] = arrivals->offset[at - 1];
        arrivals->weight[at] = arrivals->weight[at - 1];
    }
    arrivals->offset[at] = offset;
    arrivals->weight[at] = weight;
}

bool pm_drive_list(const pm_drive *drive, const pm_drive_block *block, uint32_t cell, pm_drive_arrivals *arrivals) {
    arrivals->n = 0;
    for (uint32_t c = drive->first[cell]; c < drive->first[cell + 1]; c++) {
        const size_t k = (c - block->first) / DRIVE_LANES, lane = (c - block->first) % DRIVE_LANES;
        if (!reserve_list(arrivals, arrivals->n + (block->first_row[k + 1] - block->first_row[k])))
            return false;
        for (size_t row = block->first_row[k]; row < block->first_row[k + 1]; row++)
            if (block->rows[row][lane] >= 0.0)
                insert(arrivals, block->rows[row][lane], drive->channels[c].weight);
    }
    return true;
}
