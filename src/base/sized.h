/* Structures that callers fill in and that may grow: they have a field `size`, behind which later versions put what is
 * new; 0 says that there is nothing behind it. */
#ifndef PM_BASE_SIZED_H
#define PM_BASE_SIZED_H

#include <punctum/error.h>
#include <stddef.h>

/* Copies as much as the caller knows of: `size` bytes, of which there are at least `least`; the rest is 0. Errors:
 * PM_INVALID for other sizes; `what` names the structure. */
pm_status pm_sized_copy(void *own, size_t known, const void *given, size_t size, size_t least, const char *what,
                        pm_error *error);
#define PM_SIZED_LEAST(type) (offsetof(type, size) + sizeof(size_t))
#define PM_SIZED_COPY(own, given, what, error)                                                                         \
    pm_sized_copy(&(own), sizeof(own), given, (given)->size, PM_SIZED_LEAST(__typeof__(own)), what, error)

#endif
