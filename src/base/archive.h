/* State as bytes and back. One function of each module walks through its state and serves both directions, so that what
 * is written and what is read cannot differ. */
#ifndef PM_BASE_ARCHIVE_H
#define PM_BASE_ARCHIVE_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Begins zeroed for writing; for reading `bytes` and `size` are given. Errors are remembered: after one, nothing more
 * happens. What is read may come from anywhere: each module says with pm_archive_demand() what its state must be. */
typedef struct pm_archive {
    unsigned char *bytes;
    size_t size, at, capacity;
    bool reading;
    pm_status status; /* PM_NO_MEMORY, or PM_INVALID where the bytes do not fit the state */
} pm_archive;

void pm_archive_bytes(pm_archive *archive, void *data, size_t size);
#define PM_ARCHIVE(archive, value) pm_archive_bytes(archive, &(value), sizeof(value))

/* True or false; nothing else is read. */
void pm_archive_flag(pm_archive *archive, bool *flag);

/* When reading: PM_INVALID unless what was read is `right`. */
void pm_archive_demand(pm_archive *archive, bool right);
/* Whether something was read, and no error has occurred: only then is there something to look at. */
static inline bool pm_archive_to_check(const pm_archive *archive) {
    return archive->reading && archive->status == PM_OK;
}

/* A growing array of items. */
void pm_archive_list(pm_archive *archive, void **items, size_t *count, size_t *capacity, size_t item_size);
#define PM_ARCHIVE_LIST(archive, list)                                                                                 \
    pm_archive_list(archive, (void **)&(list).items, &(list).count, &(list).capacity, sizeof *(list).items)

#endif
