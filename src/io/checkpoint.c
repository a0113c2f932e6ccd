/* The file: a head of fixed length, the sizes of the parts, the parts, and a checksum of all that precedes it. Numbers
 * are in the machine's own order of bytes: on another machine the head does not fit. */
#define _GNU_SOURCE
#include "io/checkpoint.h"

#include "io/file.h"
#include "io/output.h"
#include "net/mark.h"

#include <errno.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct head {
    char magic[8], version[24];
    uint32_t format, ranks;
    uint64_t mark;
} head;

enum { FORMAT = 5 };
static const char MAGIC[8] = "PMCHECK", NAME[] = "checkpoint";

static pm_status put(pm_output *output, uint64_t *sum, const void *bytes, size_t size, pm_error *error) {
    *sum = pm_hash(*sum, bytes, size);
    return pm_output_bytes(output, bytes, size, error);
}

pm_status pm_checkpoint_write(const char *folder, uint64_t mark, uint32_t ranks, const size_t *sizes, const void *parts,
                              pm_error *error) {
    head h = {.version = PM_VERSION, .format = FORMAT, .ranks = ranks, .mark = mark};
    memcpy(h.magic, MAGIC, sizeof MAGIC);
    uint64_t sum = PM_HASH_START;
    size_t all = 0;
    for (uint32_t r = 0; r < ranks; r++)
        all += sizes[r];
    pm_output output = {0};
    pm_status status = pm_folder_sync(folder, error); /* the files that it speaks of */
    if (!status)
        status = pm_output_open(&output, folder, NAME, error);
    if (!status)
        status = put(&output, &sum, &h, sizeof h, error);
    if (!status)
        status = put(&output, &sum, sizes, ranks * sizeof *sizes, error);
    if (!status)
        status = put(&output, &sum, parts, all, error);
    if (!status)
        status = pm_output_bytes(&output, &sum, sizeof sum, error);
    return pm_output_close(&output, status, error);
}

/* What is in the bytes of a file; the parts stay where they are. */
static pm_status parse(const char *path, const unsigned char *bytes, size_t size, uint64_t mark, head *h,
                       pm_error *error) {
    static const char again[] = "begin anew without --resume";
    size_t rest = size > sizeof *h ? size - sizeof *h : 0, wanted = sizeof(uint64_t), sizes = 0;
    if (size >= sizeof MAGIC && memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return pm_fail(error, PM_INVALID, "%s: this is no checkpoint; %s", path, again);
    if (rest == 0)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is cut short; %s", path, again);
    memcpy(h, bytes, sizeof *h);
    if (h->format != FORMAT || strncmp(h->version, PM_VERSION, sizeof h->version) != 0)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint was written by another version, %.24s; %s", path,
                       h->version, again);
    sizes = h->ranks * sizeof(size_t);
    for (size_t r = 0; sizes <= rest && r < h->ranks; r++) {
        size_t part = 0;
        memcpy(&part, bytes + sizeof *h + r * sizeof part, sizeof part);
        wanted = part > size ? SIZE_MAX / 2 : wanted + part;
    }
    if (sizes > rest || wanted != rest - sizes)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is cut short or damaged; %s", path, again);
    uint64_t sum = 0;
    memcpy(&sum, bytes + size - sizeof sum, sizeof sum);
    if (sum != pm_hash(PM_HASH_START, bytes, size - sizeof sum))
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is damaged; %s", path, again);
    if (h->mark != mark)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint belongs to another network, or to another seed; %s", path,
                       again);
    return PM_OK;
}

static pm_status take(pm_checkpoint *c, const unsigned char *bytes, size_t size, const head *h, pm_error *error) {
    size_t sizes = h->ranks * sizeof *c->sizes, parts = size - sizeof *h - sizes - sizeof(uint64_t);
    *c = (pm_checkpoint){h->mark, h->ranks, malloc(sizes + 1), malloc(parts + 1)};
    if (!c->sizes || !c->parts) {
        pm_checkpoint_free(c);
        return pm_fail_memory(error, "the checkpoint");
    }
    memcpy(c->sizes, bytes + sizeof *h, sizes);
    memcpy(c->parts, bytes + sizeof *h + sizes, parts);
    return PM_OK;
}

pm_status pm_checkpoint_read(const char *folder, uint64_t mark, pm_checkpoint *checkpoint, bool *found,
                             pm_error *error) {
    char *path = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    head h = {.ranks = 0};
    *checkpoint = (pm_checkpoint){0};
    pm_status status = pm_file_find(folder, NAME, &path, found, error);
    if (!status && *found)
        status = pm_file_read(path, &bytes, &size, error);
    if (!status && *found)
        status = parse(path, bytes, size, mark, &h, error);
    if (!status && *found)
        status = take(checkpoint, bytes, size, &h, error);
    *found = *found && !status;
    free(bytes);
    free(path);
    return status;
}

void pm_checkpoint_free(pm_checkpoint *checkpoint) {
    free(checkpoint->sizes);
    free(checkpoint->parts);
    *checkpoint = (pm_checkpoint){0};
}

pm_status pm_checkpoint_remove(const char *folder, pm_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, NAME) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = PM_OK;
    if (unlink(path) != 0 && errno != ENOENT)
        status = pm_fail(error, PM_FAILED, "%s: cannot be removed: %s", path, strerror(errno));
    free(path);
    return status;
}
