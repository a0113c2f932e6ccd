/* What the ranks of one run tell one another. The library knows no message passing: who starts it on several ranks
 * hands in these calls. Every call is collective: all ranks make the same calls in the same order. They cannot fail; a
 * rank that breaks down takes the others with it.
 *
 * The neurons of each population are divided among the ranks in equal contiguous shares. */
#ifndef PM_SIM_EXCHANGE_H
#define PM_SIM_EXCHANGE_H

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

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

/* The status of all ranks: that of the first one that failed, with its message; PM_OK if none did. NULL: one rank. */
pm_status pm_exchange_agree(const pm_exchange *exchange, pm_status status, pm_error *error);

#endif
