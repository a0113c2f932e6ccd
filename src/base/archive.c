/* Bytes are the machine's own: an archive is read by the program that wrote it. */
#include "base/archive.h"

#include <stdlib.h>
#include <string.h>

static void write_bytes(pm_archive *a, const void *data, size_t size) {
    if (size > a->capacity - a->at) {
        size_t larger = 2 * a->capacity + size + 4096;
        unsigned char *moved = realloc(a->bytes, larger);
        if (!moved) {
            a->status = PM_NO_MEMORY;
            return;
        }
        a->bytes = moved;
        a->capacity = larger;
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

void pm_archive_list(pm_archive *archive, void **items, size_t *count, size_t *capacity, size_t item_size) {
    size_t n = *count;
    PM_ARCHIVE(archive, n);
    if (archive->status == PM_OK && archive->reading && n > (archive->size - archive->at) / item_size)
        archive->status = PM_INVALID;
    if (archive->status != PM_OK)
        return;
    if (n > *capacity) {
        void *larger = realloc(*items, n * item_size);
        if (!larger) {
            archive->status = PM_NO_MEMORY;
            return;
        }
        *items = larger;
        *capacity = n;
    }
    *count = n;
    if (n > 0)
        pm_archive_bytes(archive, *items, n * item_size);
}
