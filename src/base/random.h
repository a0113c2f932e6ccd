/* Random streams: one for each purpose, independent of all others, at any place of which drawing can start.
 *
 * The generator is Philox4x32-10 (Salmon et al., SC 2011), a function of (key, counter): the key stands for the seed
 * and the purpose, the upper half of the counter for an index (a target neuron, a source), the lower half for the place
 * in the stream. It is registered as a GSL generator; distributions are in math/draw.h. */
#ifndef PM_BASE_RANDOM_H
#define PM_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The GSL type; gsl_rng_set(r, seed) selects key `seed`, index 0. */
extern const gsl_rng_type *const pm_rng_philox;

/* The key of a purpose: a hash of the seed and of words such as ("weight", "input", "cells"). */
uint64_t pm_stream_key(uint64_t seed, const char *const *words, size_t n_words);

typedef struct pm_philox {
    uint64_t key, index, block; /* `block` is the next to compute */
    uint32_t word[4];
    unsigned used; /* words of the current block already given out */
} pm_philox;

/* A generator of that type where the caller has room for it: making it cannot fail. It stays where it was made. */
typedef struct pm_stream {
    gsl_rng rng;
    pm_philox state;
} pm_stream;
gsl_rng *pm_stream_new(pm_stream *stream);

/* Puts a generator of type pm_rng_philox at the start of stream `index` of that key. */
void pm_stream_start(gsl_rng *rng, uint64_t key, uint64_t index);

/* One block of the stream: 4 x 32 random bits. */
void pm_philox_block(uint64_t key, uint64_t index, uint64_t block, uint32_t out[4]);

/* The words of a stream, as a generator of that type gives them, drawn many at a time where many are wanted. */
enum { PM_WORDS = 32 };
typedef struct pm_words {
    uint64_t key, index, block; /* `block` is the next to compute */
    uint32_t word[PM_WORDS];
    unsigned used, count; /* of `word` */
} pm_words;
static inline void pm_words_start(pm_words *words, uint64_t key, uint64_t index) {
    words->key = key;
    words->index = index;
    words->block = 0;
    words->used = words->count = 0;
}
void pm_words_refill(pm_words *words);
static inline uint32_t pm_words_next(pm_words *words) {
    if (words->used == words->count)
        pm_words_refill(words);
    return words->word[words->used++];
}
/* [0, 1) in steps of 2^-53, as gsl_rng_uniform. */
static inline double pm_words_uniform(pm_words *words) {
    uint64_t high = pm_words_next(words), low = pm_words_next(words);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}
/* One of 0, ..., n - 1, as gsl_rng_uniform_int; n > 0. */
static inline uint32_t pm_words_below(pm_words *words, uint32_t n) {
    const uint32_t scale = UINT32_MAX / n;
    uint32_t k;
    do
        k = pm_words_next(words) / scale;
    while (k >= n);
    return k;
}

/* The same `count` times. */
void pm_words_below_many(pm_words *words, uint32_t n, size_t count, uint32_t *drawn);

/* Draw number `place` of a stream of exponentially distributed numbers with mean 1. */
double pm_stream_exponential(uint64_t key, uint64_t index, uint64_t place);
/* Draws number batch * PM_STREAM_BATCH and following of the same stream, the same bits in vector arithmetic. */
enum { PM_STREAM_BATCH = 16 };
void pm_stream_exponentials(uint64_t key, uint64_t index, uint64_t batch, double draws[PM_STREAM_BATCH]);

/* -log m to an ulp, m positive, normal and finite: m = 2^n f with f in [sqrt(1/2), sqrt(2)), and log f = 2 atanh(s)
 * with s = (f - 1)/(f + 1). Straight-line arithmetic: vector code, the same bits on every machine. */
static inline double pm_minus_log(double m) {
    static const uint64_t root_half = 0x3fe6a09e667f3bcd; /* bits of sqrt(1/2) */
    static const double ln2_high = 0x1.62e42fefa0000p-1;  /* 35 bits: n * ln2_high is exact */
    static const double ln2_low = 0x1.cf79abc9e3b3ap-40;
    uint64_t bits, place;
    memcpy(&bits, &m, sizeof bits);
    place = (bits - root_half + ((uint64_t)1024 << 52)) >> 52; /* n + 1024 */
    bits -= (place - 1024) << 52;
    place |= 0x4330000000000000u;
    double f, n;
    memcpy(&f, &bits, sizeof f);
    memcpy(&n, &place, sizeof n);
    n -= 0x1p52 + 1024.0;
    double s = (f - 1.0) / (f + 1.0), z = s * s, z2 = z * z;
    /* 2 atanh(s) = 2 s + s z (2/3 + 2/5 z + ...); z < 0.0295: the next term is below 2^-57 relative. */
    double even = 2.0 / 3 + z2 * (2.0 / 7 + z2 * (2.0 / 11 + z2 * (2.0 / 15 + z2 * (2.0 / 19))));
    double odd = 2.0 / 5 + z2 * (2.0 / 9 + z2 * (2.0 / 13 + z2 * (2.0 / 17 + z2 * (2.0 / 21))));
    double tail = n * ln2_low + s * z * (even + z * odd);
    return -(n * ln2_high + (2.0 * s + tail));
}

#endif
