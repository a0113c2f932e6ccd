/* Memory for arrays that are read and written all over: in large pages where the system has them, which spares most of
 * the searches for addresses. */
#ifndef PM_BASE_LARGE_H
#define PM_BASE_LARGE_H

#include <stddef.h>

/* Freed with free(); NULL when there is no memory. */
void *pm_large_new(size_t bytes);

#endif
