/* Memory that is left, so that what cannot fit is refused with figures before it is built: the kernel would end the
 * program without a word when the last page is gone. */
#ifndef PM_BASE_ROOM_H
#define PM_BASE_ROOM_H

#include <math.h>
#include <punctum/exchange.h>

/* Bytes; PM_ROOM_UNKNOWN where the system does not say. */
typedef struct pm_room {
    double machine; /* without swapping out others, and free swap space */
    double group;   /* within the limits of the control groups around this process, version 1 or 2 */
    double space;   /* within the limit of this process's address space (RLIMIT_AS) */
    double data;    /* within that of its data (RLIMIT_DATA) */
} pm_room;

#define PM_ROOM_UNKNOWN ((double)INFINITY)

/* `root` comes before /proc and /sys; "" but in tests. */
pm_room pm_room_left(const char *root);

/* PM_NO_MEMORY, with what is needed, what is left and of what, unless there is room for `bytes`; `what` says for what.
 * Less than 64 MiB, of all ranks together, are not asked for: what is left is an estimate, and allocations that small
 * fail by themselves. */
pm_status pm_room_check(double bytes, const char *what, pm_error *error);
/* The same for ranks, each of which needs `bytes`: those on one machine share its memory. All ranks get one answer.
 * `exchange` may be NULL. */
pm_status pm_room_check_all(double bytes, const char *what, const pm_exchange *exchange, pm_error *error);

#endif
