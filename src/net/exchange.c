/* Agreement costs one sum while all goes well; messages travel only when there is one. */
#include <punctum/exchange.h>

pm_status pm_exchange_agree(const pm_exchange *exchange, pm_status status, pm_error *error) {
    if (!exchange || exchange->size == 1)
        return status;
    uint64_t failed = status != PM_OK;
    exchange->sum(exchange->user, &failed, 1);
    if (failed == 0)
        return PM_OK;
    pm_error own = {.status = PM_OK};
    if (status != PM_OK && error)
        own = *error;
    own.status = status;
    const pm_error *all = exchange->gather(exchange->user, &own, sizeof own, NULL);
    uint32_t first = 0;
    while (all[first].status == PM_OK)
        first++;
    if (error)
        *error = all[first];
    return all[first].status;
}
