/* The file: a head of fixed length, the sizes of the parts, the parts, and a checksum (CRC-32 by zlib) of all that
 * precedes it. Numbers are in the machine's own order of bytes: on another machine the format does not fit. */
#define _GNU_SOURCE
#include "io/checkpoint.h"

#include "io/file.h"

#include <errno.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

typedef struct head {
    char magic[8], version[24], kind[20];
    uint32_t format, n_parts, unused;
    uint64_t mark;
} head;

static const char MAGIC[8] = "PMCHECK";
/* With which files of earlier versions began. */
static const char *const EARLIER[] = {"PMCKC1", "PMSTATE"};

const pm_checkpoint_kind pm_checkpoint_of_run = {"a run", "network", 6, true};
const pm_checkpoint_kind pm_checkpoint_of_simulation = {"a simulation", "network", 1, true};
const pm_checkpoint_kind pm_checkpoint_of_classifier = {"a classifier", "experiment", 2, false};
const pm_checkpoint_kind pm_checkpoint_of_trial = {"a trial", "experiment", 1, false};

static pm_status put(pm_output *output, uint32_t *sum, const void *bytes, size_t size, pm_error *error) {
    if (size == 0)
        return PM_OK;
    *sum = (uint32_t)crc32_z(*sum, bytes, size);
    return pm_output_bytes(output, bytes, size, error);
}

pm_status pm_checkpoint_write(pm_output *output, const pm_checkpoint_kind *kind, uint64_t mark, const pm_part *parts,
                              uint32_t n_parts, pm_error *error) {
    head h = {.version = PM_VERSION, .format = kind->format, .n_parts = n_parts, .mark = mark};
    uint32_t sum = 0;
    memcpy(h.magic, MAGIC, sizeof MAGIC);
    (void)snprintf(h.kind, sizeof h.kind, "%s", kind->name);
    pm_status status = put(output, &sum, &h, sizeof h, error);
    for (uint32_t k = 0; !status && k < n_parts; k++)
        status = put(output, &sum, &parts[k].size, sizeof parts[k].size, error);
    for (uint32_t k = 0; !status && k < n_parts; k++)
        status = put(output, &sum, parts[k].bytes, parts[k].size, error);
    if (!status)
        status = pm_output_bytes(output, &sum, sizeof sum, error);
    return pm_output_close(output, status, error);
}

/* Whether the head is one that this version can read, and of what is wanted. */
static pm_status check_head(const char *path, const head *h, const pm_checkpoint_kind *kind, uint64_t mark,
                            pm_error *error) {
    const bool known = h->kind[0] >= ' '; /* the first format had a number there */
    if (known && strncmp(h->kind, kind->name, sizeof h->kind) != 0)
        return pm_fail(error, PM_INVALID, "%s: this is a checkpoint of %.20s, not of %s", path, h->kind, kind->name);
    if (!known || h->format != kind->format ||
        (kind->of_version && strncmp(h->version, PM_VERSION, sizeof h->version) != 0))
        return pm_fail(error, PM_INVALID, "%s: the checkpoint was written by another version, %.24s", path, h->version);
    if (h->mark != mark)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint belongs to another %s or seed", path, kind->owner);
    return PM_OK;
}

/* Whether the bytes of a file are all of a checkpoint, and of how many parts. */
static pm_status check(const char *path, const unsigned char *bytes, size_t size, const pm_checkpoint_kind *kind,
                       uint64_t mark, uint32_t *n_parts, pm_error *error) {
    head h;
    uint32_t sum = 0;
    for (size_t k = 0; k < sizeof EARLIER / sizeof *EARLIER; k++)
        if (size > sizeof MAGIC && strcmp((const char *)bytes, EARLIER[k]) == 0)
            return pm_fail(error, PM_INVALID, "%s: the checkpoint was written by another version", path);
    if (memcmp(bytes, MAGIC, size < sizeof MAGIC ? size : sizeof MAGIC) != 0)
        return pm_fail(error, PM_INVALID, "%s: this is no checkpoint", path);
    size_t rest = size < sizeof h + sizeof sum ? 0 : size - sizeof h - sizeof sum;
    if (size < sizeof h + sizeof sum)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is cut short", path);
    memcpy(&h, bytes, sizeof h);
    const pm_status status = check_head(path, &h, kind, mark, error);
    if (status)
        return status;
    bool whole = h.n_parts <= rest / sizeof(size_t);
    rest -= whole ? h.n_parts * sizeof(size_t) : 0;
    for (uint32_t k = 0; whole && k < h.n_parts; k++) {
        size_t part = 0;
        memcpy(&part, bytes + sizeof h + k * sizeof part, sizeof part);
        whole = part <= rest;
        rest -= whole ? part : 0;
    }
    memcpy(&sum, bytes + size - sizeof sum, sizeof sum);
    if (!whole)
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is cut short or damaged", path);
    if (rest > 0 || sum != (uint32_t)crc32_z(0, bytes, size - sizeof sum))
        return pm_fail(error, PM_INVALID, "%s: the checkpoint is damaged: its checksum does not fit", path);
    *n_parts = h.n_parts;
    return PM_OK;
}

pm_status pm_checkpoint_read(const char *path, const pm_checkpoint_kind *kind, uint64_t mark, pm_checkpoint *checkpoint,
                             pm_error *error) {
    pm_checkpoint c = {.path = strdup(path)};
    size_t size = 0;
    pm_status status = c.path ? pm_file_read(path, &c.bytes, &size, error) : pm_fail_memory(error, "a path");
    if (!status)
        status = check(path, c.bytes, size, kind, mark, &c.n_parts, error);
    if (!status && !(c.sizes = malloc((c.n_parts + 1) * sizeof *c.sizes)))
        status = pm_fail_memory(error, "the checkpoint");
    if (!status) {
        memcpy(c.sizes, c.bytes + sizeof(head), c.n_parts * sizeof *c.sizes);
        c.parts = c.bytes + sizeof(head) + c.n_parts * sizeof *c.sizes;
    } else {
        pm_checkpoint_free(&c);
    }
    *checkpoint = c;
    return status;
}

pm_status pm_checkpoint_find(const char *folder, const char *name, const pm_checkpoint_kind *kind, uint64_t mark,
                             pm_checkpoint *checkpoint, bool *found, pm_error *error) {
    char *path = NULL;
    *checkpoint = (pm_checkpoint){0};
    pm_status status = pm_file_find(folder, name, &path, found, error);
    if (!status && *found)
        status = pm_checkpoint_read(path, kind, mark, checkpoint, error);
    *found = *found && !status;
    free(path);
    return status;
}

bool pm_checkpoint_is_other(const char *path, const pm_checkpoint_kind *kind, uint64_t mark) {
    head h = {.mark = mark};
    FILE *file = NULL;
    if (pm_file_open(path, &file, NULL))
        return false;
    const bool whole = fread(&h, 1, sizeof h, file) == sizeof h;
    (void)fclose(file);
    return whole && memcmp(h.magic, MAGIC, sizeof MAGIC) == 0 && strncmp(h.kind, kind->name, sizeof h.kind) == 0 &&
           h.mark != mark;
}

const unsigned char *pm_checkpoint_part(const pm_checkpoint *checkpoint, uint32_t k) {
    const unsigned char *at = checkpoint->parts;
    for (uint32_t j = 0; j < k; j++)
        at += checkpoint->sizes[j];
    return at;
}

pm_status pm_checkpoint_blame(const pm_checkpoint *checkpoint, const unsigned char *at, const char *what,
                              pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: byte %zu: %s", checkpoint->path, (size_t)(at - checkpoint->bytes), what);
}

pm_status pm_checkpoint_advise(pm_status status, pm_error *error) {
    const pm_error why = error ? *error : (pm_error){0};
    return status == PM_INVALID ? pm_fail(error, status, "%.900s; begin anew without --resume", why.message) : status;
}

pm_status pm_checkpoint_remove(const char *folder, const char *name, pm_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = PM_OK;
    if (unlink(path) != 0 && errno != ENOENT)
        status = pm_fail(error, PM_FAILED, "%s: cannot be removed: %s", path, strerror(errno));
    free(path);
    return status;
}

void pm_checkpoint_free(pm_checkpoint *checkpoint) {
    free(checkpoint->path);
    free(checkpoint->bytes);
    free(checkpoint->sizes);
    *checkpoint = (pm_checkpoint){0};
}
