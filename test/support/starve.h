/* Memory that runs out: after starve(n), the n-th allocation from now on fails, and those after it succeed again. */
#ifndef TEST_SUPPORT_STARVE_H
#define TEST_SUPPORT_STARVE_H

#include <stdbool.h>
#include <stddef.h>

void starve(size_t n); /* 0: never */
bool starved(void);    /* whether the allocation has failed */

#endif
