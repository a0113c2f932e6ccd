/* punctum bench exchange: what it costs that all ranks tell one another something. */
#ifndef PM_CLI_BENCH_EXCHANGE_H
#define PM_CLI_BENCH_EXCHANGE_H

#include <punctum/exchange.h>

/* Prints a table. Errors: PM_INVALID on one rank. */
pm_status pm_bench_exchange(const pm_exchange *ranks, pm_error *error);

#endif
