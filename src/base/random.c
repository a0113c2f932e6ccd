/* Philox4x32-10 as a GSL generator. Invariant: what is drawn depends on (key, index, place) only, never on what was
 * drawn elsewhere; so populations, threads and ranks cannot disturb one another's draws. */
#include "base/random.h"

#include "base/simd.h"

#include <stdbool.h>
#include <string.h>

void pm_philox_block(uint64_t key, uint64_t index, uint64_t block, uint32_t out[4]) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = (uint32_t)index, c3 = (uint32_t)(index >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static void philox_set(void *vstate, unsigned long seed) {
    pm_philox *state = vstate;
    *state = (pm_philox){.key = seed, .used = 4};
}

static unsigned long philox_get(void *vstate) {
    pm_philox *state = vstate;
    if (state->used == 4) {
        pm_philox_block(state->key, state->index, state->block++, state->word);
        state->used = 0;
    }
    return state->word[state->used++];
}

/* [0, 1) in steps of 2^-53. */
static double philox_get_double(void *vstate) {
    uint64_t high = philox_get(vstate), low = philox_get(vstate);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

static const gsl_rng_type philox_type = {
    .name = "philox4x32-10",
    .max = 0xffffffffUL,
    .min = 0,
    .size = sizeof(pm_philox),
    .set = philox_set,
    .get = philox_get,
    .get_double = philox_get_double,
};
const gsl_rng_type *const pm_rng_philox = &philox_type;

gsl_rng *pm_stream_new(pm_stream *stream) {
    stream->rng = (gsl_rng){.type = pm_rng_philox, .state = &stream->state};
    philox_set(&stream->state, 0);
    return &stream->rng;
}

uint64_t pm_stream_key(uint64_t seed, const char *const *words, size_t n_words) {
    uint64_t hash = 0xcbf29ce484222325u ^ seed * 0x9E3779B97F4A7C15u; /* FNV-1a, then the finaliser of SplitMix64 */
    for (size_t w = 0; w < n_words; w++)
        for (size_t k = 0; k <= strlen(words[w]); k++)
            hash = (hash ^ (unsigned char)words[w][k]) * 0x100000001b3u;
    hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ hash >> 27) * 0x94D049BB133111EBu;
    return hash ^ hash >> 31;
}

void pm_stream_start(gsl_rng *rng, uint64_t key, uint64_t index) {
    pm_philox *state = gsl_rng_state(rng);
    *state = (pm_philox){.key = key, .index = index, .used = 4};
}

enum { DRAWS = PM_STREAM_BATCH, BLOCKS = DRAWS / 2 };

#define PM_KERNELS "base/random.inc"
#include "base/widths.inc"

/* The first few blocks one at a time: streams are short where projections are many. */
void pm_words_refill(pm_words *words) {
    enum { FEW = 2 };
    words->used = 0;
    words->count = 4;
    if (words->block < FEW) {
        pm_philox_block(words->key, words->index, words->block++, words->word);
        return;
    }
    words->used = words->block == FEW ? 4 * FEW : 0;
    words->block -= words->block == FEW ? FEW : 0;
    PM_WIDEST(draw_words)(words->key, words->index, words->block, words->word);
    words->block += BLOCKS;
    words->count = PM_WORDS;
}

/* Quotients of words and `scale`, rounded down; whether all are below n. (word + 1/2) / scale is at least 1/2 / scale
 * away from whole numbers, much more than what rounding does. */
PM_SIMD static bool divide(const uint32_t *restrict word, size_t count, uint32_t scale, uint32_t n,
                           uint32_t *restrict quotient) {
    const double inverse = 1.0 / scale;
    uint32_t above = 0;
    for (size_t k = 0; k < count; k++) {
        uint64_t bits = word[k] | 0x4330000000000000u; /* 2^52 + word */
        double x;
        memcpy(&x, &bits, sizeof x);
        x = (x - (0x1p52 - 0.5)) * inverse - 0.5 + 0x1.8p52; /* as a whole number in the lower bits */
        memcpy(&bits, &x, sizeof bits);
        quotient[k] = (uint32_t)bits;
        above |= quotient[k] >= n;
    }
    return above == 0;
}

void pm_words_below_many(pm_words *words, uint32_t n, size_t count, uint32_t *drawn) {
    const uint32_t scale = UINT32_MAX / n;
    while (count > 0) {
        if (words->used == words->count)
            pm_words_refill(words);
        const size_t there = words->count - words->used, more = there < count ? there : count;
        size_t n_below = more;
        if (!divide(words->word + words->used, more, scale, n, drawn)) {
            n_below = 0;
            for (size_t k = 0; k < more; k++)
                if (drawn[k] < n)
                    drawn[n_below++] = drawn[k];
        }
        words->used += (unsigned)more;
        drawn += n_below;
        count -= n_below;
    }
}

PM_SIMD void pm_stream_exponentials(uint64_t key, uint64_t index, uint64_t batch, double draws[DRAWS]) {
    uint64_t c[4][BLOCKS];
    PM_WIDEST(draw_blocks)(key, index, batch * BLOCKS, c);
    /* Uniform on (0, 1] in steps of 2^-52: 1 + bits 2^-52 by its bits, taken from 2. */
    double even[BLOCKS], odd[BLOCKS];
    for (size_t k = 0; k < BLOCKS; k++) {
        uint64_t bits = (c[0][k] << 32 | c[1][k]) >> 12 | 0x3ff0000000000000u;
        memcpy(&even[k], &bits, sizeof bits);
        bits = (c[2][k] << 32 | c[3][k]) >> 12 | 0x3ff0000000000000u;
        memcpy(&odd[k], &bits, sizeof bits);
    }
    for (size_t k = 0; k < BLOCKS; k++) {
        draws[2 * k] = pm_minus_log(2.0 - even[k]);
        draws[2 * k + 1] = pm_minus_log(2.0 - odd[k]);
    }
}

double pm_stream_exponential(uint64_t key, uint64_t index, uint64_t place) {
    uint32_t word[4];
    pm_philox_block(key, index, place / 2, word);
    size_t at = 2 * (place % 2);
    uint64_t bits = ((uint64_t)word[at] << 32 | word[at + 1]) >> 12 | 0x3ff0000000000000u;
    double uniform;
    memcpy(&uniform, &bits, sizeof bits);
    return pm_minus_log(2.0 - uniform);
}
