/* A structure of an earlier version is the beginning of today's. */
#include "base/sized.h"

#include <string.h>

pm_status pm_sized_copy(void *own, size_t known, const void *given, size_t size, size_t least, const char *what,
                        pm_error *error) {
    const size_t n = size > 0 ? size : least;
    memset(own, 0, known);
    if (n > known || n < least)
        return pm_fail_key(error, "size", "%s of %zu bytes; this version of punctum knows %zu", what, size, known);
    memcpy(own, given, n);
    return PM_OK;
}
