/* A simulation on several ranks (as a rule, processes of MPI): what they tell one another.
 *
 * The library knows no message passing; who starts it on several ranks hands in these calls with pm_options. Every call
 * is collective: all ranks make the same calls in the same order. They cannot fail; a rank that breaks down takes the
 * others with it.
 *
 * The neurons of each population, sources included, are divided among the ranks in contiguous shares of equal size; a
 * synapse is where its target is. */
#ifndef PUNCTUM_EXCHANGE_H
#define PUNCTUM_EXCHANGE_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_exchange {
    uint32_t rank, size;
    void *user;
    /* What every rank gave (`bytes`, a multiple of 8), one rank after the other; sizes[r], if wanted, are those of rank
     * r. Both live until the next call. */
    const void *(*gather)(void *user, const void *own, size_t bytes, const size_t **sizes);
    /* The same on rank 0 only; the others receive NULL. */
    const void *(*collect)(void *user, const void *own, size_t bytes, const size_t **sizes);
    /* Replaces each value by its sum, or by the smallest, over all ranks. */
    void (*sum)(void *user, uint64_t *values, size_t n);
    void (*least)(void *user, double *values, size_t n);
} pm_exchange;

/* Makes of the numbers from `from` to from + n - 1 the sum so far: before[0], ... over the ranks before this one (NULL:
 * there are none), then this rank's terms in their order. */
typedef void pm_relay_add(void *of, const double *before, size_t from, size_t n);

/* Training that several ranks share. The parts of a batch are divided among the ranks in contiguous blocks, in the
 * order of the ranks; sums over parts are taken in the order of the parts, so that they have the same bits for any
 * number of ranks. */
typedef struct pm_relay {
    const pm_exchange *ranks;
    void *user;
    /* Sums `n` numbers over the ranks, one rank after the other, each by calls of `add` for piece after piece, which
     * leave their results in `values`; then all ranks have what the last one made of them. */
    void (*sum)(void *user, double *values, size_t n, pm_relay_add *add, void *of);
} pm_relay;

/* The status of all ranks: that of the first one that failed, with its message; PM_OK if none did. NULL: one rank. */
PM_API pm_status pm_exchange_agree(const pm_exchange *exchange, pm_status status, pm_error *error);

/* The first neuron of a rank's share of `size` neurons; it ends where that of the next rank begins. */
static inline uint32_t pm_share_begin(const pm_exchange *exchange, uint32_t rank, uint32_t size) {
    return exchange ? (uint32_t)((uint64_t)size * rank / exchange->size) : rank == 0 ? 0 : size;
}

/* Whether a neuron belongs to this rank. */
static inline bool pm_share_has(const pm_exchange *exchange, uint32_t size, uint32_t neuron) {
    return !exchange || (neuron >= pm_share_begin(exchange, exchange->rank, size) &&
                         neuron < pm_share_begin(exchange, exchange->rank + 1, size));
}

/* Each population's spikes are reported on one rank; potentials where the neuron is. */
static inline bool pm_share_reports(const pm_exchange *exchange, size_t population) {
    return !exchange || population % exchange->size == exchange->rank;
}

#ifdef __cplusplus
}
#endif
#endif
