/* Training that several ranks share (as a rule, processes of MPI). The parts of a batch are divided among the ranks in
 * contiguous blocks, in the order of the ranks; sums over parts are taken in the order of the parts, so that they have
 * the same bits for any number of ranks. The library knows no message passing; who starts it on several ranks hands in
 * these calls. All ranks make the same calls in the same order. */
#ifndef PM_BASE_RELAY_H
#define PM_BASE_RELAY_H

#include <punctum/exchange.h>

/* Makes of the numbers from `from` to from + n - 1 the sum so far: before[0], ... over the ranks before this one (NULL:
 * there are none), then this rank's terms in their order. */
typedef void pm_relay_add(void *of, const double *before, size_t from, size_t n);

typedef struct pm_relay {
    const pm_exchange *ranks;
    void *user;
    /* Sums `n` numbers over the ranks, one rank after the other, each by calls of `add` for piece after piece, which
     * leave their results in `values`; then all ranks have what the last one made of them. */
    void (*sum)(void *user, double *values, size_t n, pm_relay_add *add, void *of);
} pm_relay;

#endif
