/* Poisson processes that can be drawn at any place, in any order.
 *
 * Time is cut into cells whose width is a power of two (ms) that depends on the rate alone and lets a cell hold 3.5 to
 * 7 spikes in the mean. The number of spikes in a cell is Poisson distributed, and their times are uniform in it: that
 * is a Poisson process. Both come from the blocks of the random stream (key, neuron) that belong to the cell, so that
 * no state is kept, and no draw depends on the ones before.
 *
 * A batch is four blocks, 16 words, 12 spikes: spike number j has the word j mod 3 of block j div 3 and, below it, byte
 * j div 3 of the last word of block 1 + j mod 3. These 40 bits q stand for the time (q + 1/2) 2^-40 of the cell. The
 * number of spikes comes from the last word of the first block by inversion; at most one cell in 37 needs a further
 * batch, which is laid out alike. */
#ifndef PM_MODEL_POISSON_H
#define PM_MODEL_POISSON_H

#include <stddef.h>
#include <stdint.h>

enum {
    PM_POISSON_LANES = 8,  /* cells drawn at once */
    PM_POISSON_BATCH = 12, /* spikes */
    PM_POISSON_MOST = 48   /* spikes in a cell: more have a probability below 2^-70 */
};

typedef struct pm_poisson {
    uint64_t key;
    double width;                        /* of a cell, ms */
    double step;                         /* 2^-41 of it, ms */
    uint64_t threshold[PM_POISSON_MOST]; /* 2^32 P(number <= k) */
    unsigned char least[256];            /* number of spikes for the smallest word with that first byte */
} pm_poisson;

/* `rate`: spikes/s, > 0. */
pm_poisson pm_poisson_new(uint64_t key, double rate);

/* The number of spikes that a word stands for. */
static inline uint32_t pm_poisson_number(const pm_poisson *poisson, uint32_t word) {
    uint32_t n = poisson->least[word >> 24];
    while (n < PM_POISSON_MOST && word >= poisson->threshold[n])
        n++;
    return n;
}

/* The time (ms) at `place` = 2 q + 1 of a cell. It grows with both. */
static inline double pm_poisson_time(const pm_poisson *poisson, uint64_t cell, double place) {
    return (double)cell * poisson->width + place * poisson->step;
}
static const double PM_POISSON_FIRST = 1.0, PM_POISSON_LAST = 0x1p41 - 1.0; /* places */

/* The spikes of a neuron in a cell: their number, and their times (ms) in the order in which they are drawn. */
size_t pm_poisson_count(const pm_poisson *poisson, uint32_t neuron, uint64_t cell);
size_t pm_poisson_draw(const pm_poisson *poisson, uint32_t neuron, uint64_t cell, double times[PM_POISSON_MOST]);

/* Cells of several processes beside each other. */
typedef struct pm_poisson_cells {
    uint64_t key[PM_POISSON_LANES], neuron[PM_POISSON_LANES], cell[PM_POISSON_LANES];
} pm_poisson_cells;

/* A batch of each cell: places as above, of which the first ones count, and the word of the number (batch 0 only). */
void pm_poisson_batch(const pm_poisson_cells *cells, uint64_t batch, double place[PM_POISSON_BATCH][PM_POISSON_LANES],
                      uint64_t number[PM_POISSON_LANES]);

#endif
