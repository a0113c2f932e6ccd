/* All ranks arrive at the same time, so that no waiting is measured. The fastest of several rounds counts: others are
 * disturbed by what else the machine does. */
#include "cli/bench_exchange.h"

#include "cli/command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 20, LARGEST = 1 << 20 }; /* bytes of a rank */

/* Microseconds of an exchange to which every rank gives so many bytes. */
static double measure(const pm_exchange *ranks, const void *own, size_t bytes) {
    const int times = bytes < 16384 ? 200 : 20;
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double begun = pm_seconds();
        for (int k = 0; k < times; k++)
            (void)ranks->gather(ranks->user, own, bytes, NULL);
        best = fmin(best, (pm_seconds() - begun) / times);
    }
    return 1e6 * best;
}

pm_status pm_bench_exchange(const pm_exchange *ranks, pm_error *error) {
    if (ranks->size == 1)
        return pm_fail(error, PM_INVALID, "an exchange takes several ranks: mpirun -n 2 punctum bench exchange");
    void *own = calloc(1, LARGEST);
    pm_status status = own ? PM_OK : pm_fail_memory(error, "messages");
    status = pm_exchange_agree(ranks, status, error);
    if (status) {
        free(own);
        return status;
    }
    if (ranks->rank == 0)
        printf("ranks  bytes of a rank  microseconds\n");
    for (size_t bytes = 64; bytes <= LARGEST; bytes *= 4) {
        double microseconds = measure(ranks, own, bytes);
        if (ranks->rank == 0)
            printf("%5u %16zu %13.2f\n", ranks->size, bytes, microseconds);
    }
    free(own);
    return PM_OK;
}
