/* Agreement costs one sum while all goes well; messages travel only when there is one. */
#include <punctum/exchange.h>

#include <string.h>

/* As exchanges take it: in units of 8 bytes. */
typedef struct report {
    _Alignas(8) pm_error error;
} report;

pm_status pm_exchange_agree(const pm_exchange *exchange, pm_status status, pm_error *error) {
    if (!exchange || exchange->size == 1)
        return status;
    uint64_t failed = status != PM_OK;
    exchange->sum(exchange->user, &failed, 1);
    if (failed == 0)
        return PM_OK;
    report own;
    memset(&own, 0, sizeof own);
    if (status != PM_OK && error)
        own.error = *error;
    own.error.status = status;
    const report *all = exchange->gather(exchange->user, &own, sizeof own, NULL);
    uint32_t first = 0;
    while (all[first].error.status == PM_OK)
        first++;
    if (error)
        *error = all[first].error;
    return all[first].error.status;
}
