/* Invariant: what is drawn for a cell is the same bits, whether one by one or in lanes, and whatever lies in the other
 * lanes. */
#include "model/poisson.h"
#include "model/source.h"

#include "base/random.h"
#include "base/simd.h"
#include "math/exponential.h"

#include <math.h>
#include <string.h>

enum { BLOCKS = 4, BLOCKS_OF_CELL = 16 }; /* of a batch; room for all batches of a cell */
static const double MOST_EXPECTED = 7.0;
static const int WIDEST = 40; /* 2^40 ms: 35 years */

pm_poisson pm_poisson_new(uint64_t key, double rate) {
    const double per_ms = rate * 1e-3;
    int exponent;
    (void)frexp(MOST_EXPECTED / per_ms, &exponent); /* 2^(exponent - 1) <= the quotient */
    if (!(per_ms * ldexp(1.0, WIDEST) > MOST_EXPECTED))
        exponent = WIDEST + 1;
    const double width = ldexp(1.0, exponent - 1);
    pm_poisson poisson = {.key = key, .width = width, .step = width * 0x1p-41};
    const double mean = per_ms * width;
    double p = pm_exponential_at(-mean).e, sum = p;
    for (size_t k = 0; k < PM_POISSON_MOST; k++) {
        poisson.threshold[k] = (uint64_t)(fmin(sum, 1.0) * 0x1p32 + 0.5);
        p *= mean / (double)(k + 1);
        sum += p;
    }
    for (uint32_t first = 0, n = 0; first < 256; first++) {
        while (n < PM_POISSON_MOST && (uint64_t)first << 24 >= poisson.threshold[n])
            n++;
        poisson.least[first] = (unsigned char)n;
    }
    return poisson;
}

static uint64_t first_block(uint64_t cell, uint64_t batch) { return cell * BLOCKS_OF_CELL + batch * BLOCKS; }

size_t pm_poisson_count(const pm_poisson *poisson, uint32_t neuron, uint64_t cell) {
    uint32_t word[4];
    pm_philox_block(poisson->key, neuron, first_block(cell, 0), word);
    return pm_poisson_number(poisson, word[3]);
}

size_t pm_poisson_draw(const pm_poisson *poisson, uint32_t neuron, uint64_t cell, double times[PM_POISSON_MOST]) {
    size_t n = pm_poisson_count(poisson, neuron, cell);
    for (size_t begin = 0; begin < n; begin += PM_POISSON_BATCH) {
        uint32_t word[BLOCKS][4];
        for (uint64_t b = 0; b < BLOCKS; b++)
            pm_philox_block(poisson->key, neuron, first_block(cell, begin / PM_POISSON_BATCH) + b, word[b]);
        for (size_t j = 0; j < PM_POISSON_BATCH && begin + j < n; j++) {
            uint64_t low = word[1 + j % 3][3] >> 8 * (j / 3) & 0xff;
            uint64_t q = (uint64_t)word[j / 3][j % 3] << 8 | low;
            times[begin + j] = pm_poisson_time(poisson, cell, (double)(2 * q + 1));
        }
    }
    return n;
}

#define PM_KERNELS "model/poisson.inc"
#include "base/widths.inc"

void pm_poisson_batch(const pm_poisson_cells *cells, uint64_t batch, double place[PM_POISSON_BATCH][PM_POISSON_LANES],
                      uint64_t number[PM_POISSON_LANES]) {
    PM_WIDEST(draw_batch)(cells, batch, place, number);
}

static const pm_field fields[] = {
    {"rate", "spikes/s", "of each neuron", offsetof(pm_poisson_source, rate), NAN,
     .bounds = {0.0, PM_HIGHEST_RATE, PM_CLOSED}},
};

const pm_kind pm_source_poisson = {.name = "poisson",
                                   .help = "every neuron an independent Poisson process",
                                   .source = "",
                                   .fields = fields,
                                   .n_fields = sizeof fields / sizeof *fields,
                                   .size = sizeof(pm_poisson_source)};
