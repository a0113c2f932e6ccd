/* Random streams: one for each purpose, independent of all others, at any place of which drawing can start.
 *
 * The generator is Philox4x32-10 (Salmon et al., SC 2011), a function of (key, counter): the key stands for the seed
 * and the purpose, the upper half of the counter for an index (a target neuron, a source), the lower half for the place
 * in the stream. It is registered as a GSL generator, so that all distributions are GSL's. */
#ifndef PM_BASE_RANDOM_H
#define PM_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

/* The GSL type; gsl_rng_set(r, seed) selects key `seed`, index 0. */
extern const gsl_rng_type *const pm_rng_philox;

/* The key of a purpose: a hash of the seed and of words such as ("weight", "input", "cells"). */
uint64_t pm_stream_key(uint64_t seed, const char *const *words, size_t n_words);

/* Puts a generator of type pm_rng_philox at the start of stream `index` of that key. */
void pm_stream_start(gsl_rng *rng, uint64_t key, uint64_t index);

/* One block of the stream: 4 x 32 random bits. */
void pm_philox_block(uint64_t key, uint64_t index, uint64_t block, uint32_t out[4]);

/* Draw number `place` of a stream of exponentially distributed numbers with mean 1. */
double pm_stream_exponential(uint64_t key, uint64_t index, uint64_t place);
/* Draws number batch * PM_STREAM_BATCH and following of the same stream, the same bits in vector arithmetic. */
enum { PM_STREAM_BATCH = 16 };
void pm_stream_exponentials(uint64_t key, uint64_t index, uint64_t batch, double draws[PM_STREAM_BATCH]);

#endif
