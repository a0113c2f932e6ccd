/* A clock that only ever goes on. */
#ifndef PM_BASE_SECONDS_H
#define PM_BASE_SECONDS_H

#include <time.h>

/* Since some instant, s. */
static inline double pm_now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
