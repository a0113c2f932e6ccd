/* Linux gives large pages to who asks for them, at addresses that are their multiples. Refusal is no failure. */
#define _DEFAULT_SOURCE
#include "base/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 1 << 21, WORTH = 2 * PAGE }; /* bytes */

void *pm_large_new(size_t bytes) {
    if (bytes < WORTH)
        return malloc(bytes);
    if (bytes > SIZE_MAX / 2)
        return NULL;
    const size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
    void *memory = aligned_alloc(PAGE, whole);
#ifdef MADV_HUGEPAGE
    if (memory)
        (void)madvise(memory, whole, MADV_HUGEPAGE);
#endif
    return memory;
}
