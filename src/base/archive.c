/* Bytes are the machine's own: an archive is read by the program that wrote it. */
#include "base/archive.h"

#include "base/list.h"

#include <string.h>

static void write_bytes(pm_archive *a, const void *data, size_t size) {
    if (!pm_list_reserve((void **)&a->bytes, &a->capacity, a->at + size, 1)) {
        a->status = PM_NO_MEMORY;
        return;
    }
    memcpy(a->bytes + a->at, data, size);
    a->at += size;
    a->size = a->at;
}

void pm_archive_bytes(pm_archive *archive, void *data, size_t size) {
    if (archive->status != PM_OK || size == 0)
        return;
    if (!archive->reading) {
        write_bytes(archive, data, size);
    } else if (size > archive->size - archive->at) {
        archive->status = PM_INVALID;
    } else {
        memcpy(data, archive->bytes + archive->at, size);
        archive->at += size;
    }
}

void pm_archive_flag(pm_archive *archive, bool *flag) {
    unsigned char byte = *flag;
    PM_ARCHIVE(archive, byte);
    pm_archive_demand(archive, byte <= 1);
    *flag = byte == 1;
}

void pm_archive_demand(pm_archive *archive, bool right) {
    if (pm_archive_to_check(archive) && !right)
        archive->status = PM_INVALID;
}

void pm_archive_list(pm_archive *archive, void **items, size_t *count, size_t *capacity, size_t item_size) {
    size_t n = *count;
    PM_ARCHIVE(archive, n);
    if (archive->status == PM_OK && archive->reading && n > (archive->size - archive->at) / item_size)
        archive->status = PM_INVALID;
    if (archive->status != PM_OK)
        return;
    if (!pm_list_reserve(items, capacity, n, item_size)) {
        archive->status = PM_NO_MEMORY;
        return;
    }
    *count = n;
    if (n > 0)
        pm_archive_bytes(archive, *items, n * item_size);
}
