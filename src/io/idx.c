/* An IDX file is a magic number (two zero bytes, the type, the number of dimensions), the sizes as big-endian 32-bit
 * numbers, and the data. zlib reads compressed and plain files alike and checks the sum of compressed ones at their
 * end, so a file is always read to its end. Offsets in messages count uncompressed bytes. */
#include "io/idx.h"

#include "io/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TYPE_BYTES = 0x08, CHUNK = 1 << 16 };

typedef struct idx {
    const char *path;
    gzFile file;
    uint64_t offset; /* bytes read so far */
    uint64_t size;   /* bytes of the whole file, as its head says; 0: not known yet */
} idx;

static pm_status open_idx(idx *f, const char *path, pm_error *error) {
    FILE *probe = NULL; /* for its messages about what cannot be opened */
    pm_status status = pm_file_open(path, &probe, error);
    if (status)
        return status;
    (void)fclose(probe);
    *f = (idx){.path = path, .file = gzopen(path, "rb")};
    if (!f->file)
        return errno == ENOMEM ? pm_fail_memory(error, path)
                               : pm_fail(error, PM_INVALID, "%s: cannot be read: %s", path, strerror(errno));
    return PM_OK;
}

/* Reads n bytes of `what`. */
static pm_status take(idx *f, void *to, size_t n, const char *what, pm_error *error) {
    uint8_t *bytes = to;
    size_t got = 0;
    while (got < n) {
        unsigned wanted = n - got < CHUNK ? (unsigned)(n - got) : CHUNK;
        int more = gzread(f->file, bytes + got, wanted);
        int code = Z_OK;
        const char *message = gzerror(f->file, &code);
        if (more < 0 || (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR))
            return pm_fail(error, PM_INVALID, "%s: byte %llu: corrupt gzip data: %s", f->path,
                           (unsigned long long)f->offset + got, message);
        if (more == 0) {
            const uint64_t size = f->size ? f->size : f->offset + n;
            return pm_fail(error, PM_INVALID, "%s: byte %llu: the file ends within %s; %llu more bytes are missing",
                           f->path, (unsigned long long)f->offset + got, what,
                           (unsigned long long)(size - f->offset - got));
        }
        got += (size_t)more;
    }
    f->offset += n;
    return PM_OK;
}

static uint32_t big_endian(const uint8_t *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Magic number and sizes. */
static pm_status read_head(idx *f, uint8_t dimensions, const char *kind, uint32_t *sizes, pm_error *error) {
    uint8_t bytes[4];
    pm_status status = take(f, bytes, 4, "the magic number", error);
    if (status)
        return status;
    uint32_t magic = big_endian(bytes), right = (uint32_t)TYPE_BYTES << 8 | dimensions;
    if (magic != right)
        return pm_fail(error, PM_INVALID,
                       "%s: byte 0: the magic number is 0x%08x; an IDX file of %s begins with 0x%08x", f->path, magic,
                       kind, right);
    uint64_t items = 1;
    for (size_t k = 0; !status && k < dimensions; k++) {
        status = take(f, bytes, 4, "the sizes", error);
        sizes[k] = big_endian(bytes);
        if (!status && sizes[k] == 0)
            status =
                pm_fail(error, PM_INVALID, "%s: byte %llu: a size of 0", f->path, (unsigned long long)(f->offset - 4));
        items *= sizes[k];
    }
    f->size = f->offset + items;
    return status;
}

/* The file must end here. What is skipped of it (examples not wanted) is still checked. */
static pm_status finish(idx *f, uint64_t skipped, const char *what, pm_error *error) {
    uint8_t *bytes = malloc(CHUNK);
    if (!bytes)
        return pm_fail_memory(error, f->path);
    pm_status status = PM_OK;
    while (!status && skipped > 0) {
        size_t n = skipped < CHUNK ? (size_t)skipped : CHUNK;
        status = take(f, bytes, n, what, error);
        skipped -= n;
    }
    int more = status ? 0 : gzread(f->file, bytes, 1);
    int code = Z_OK;
    const char *message = gzerror(f->file, &code);
    if (!status && (more < 0 || (code != Z_OK && code != Z_STREAM_END)))
        status = pm_fail(error, PM_INVALID, "%s: byte %llu: corrupt gzip data: %s", f->path,
                         (unsigned long long)f->offset, message);
    else if (more > 0)
        status = pm_fail(error, PM_INVALID, "%s: byte %llu: the file goes on after %s that its head announces", f->path,
                         (unsigned long long)f->offset, what);
    free(bytes);
    return status;
}

static pm_status read_images(idx *f, size_t most, pm_dataset *data, uint32_t *count, pm_error *error) {
    uint32_t sizes[3] = {0};
    pm_status status = read_head(f, 3, "images", sizes, error);
    if (status)
        return status;
    if ((uint64_t)sizes[1] * sizes[2] > 1u << 24)
        return pm_fail(error, PM_INVALID, "%s: byte 8: images of %u x %u pixels are too large", f->path, sizes[1],
                       sizes[2]);
    *count = sizes[0];
    data->n = sizes[0] < most ? sizes[0] : most;
    data->height = sizes[1];
    data->width = sizes[2];
    data->n_features = data->width * data->height;
    /* Memory grows with what has been read: a corrupt size does not ask for more than the file holds. */
    size_t size = data->n * data->n_features, have = 0;
    while (!status && have < size) {
        size_t next = have ? 4 * have : (size_t)1 << 20;
        next = next < size ? next : size;
        uint8_t *grown = realloc(data->bytes, next);
        if (!grown)
            return pm_fail_memory(error, "images");
        data->bytes = grown;
        status = take(f, data->bytes + have, next - have, "the images", error);
        have = next;
    }
    return status ? status : finish(f, (uint64_t)(sizes[0] - data->n) * data->n_features, "the images", error);
}

static pm_status read_labels(idx *f, const char *images, uint32_t count, pm_dataset *data, pm_error *error) {
    uint32_t n = 0;
    pm_status status = read_head(f, 1, "labels", &n, error);
    if (status)
        return status;
    if (n != count)
        return pm_fail(error, PM_INVALID, "%s: byte 4: %u labels, but %s has %u images", f->path, n, images, count);
    data->label = malloc(data->n);
    if (!data->label)
        return pm_fail_memory(error, "labels");
    status = take(f, data->label, data->n, "the labels", error);
    for (size_t k = 0; !status && k < data->n; k++)
        if (data->label[k] >= data->n_classes)
            status = pm_fail(error, PM_INVALID, "%s: byte %zu: the label %u is out of range; labels are 0 to %zu",
                             f->path, 8 + k, data->label[k], data->n_classes - 1);
    return status ? status : finish(f, count - data->n, "the labels", error);
}

pm_status pm_idx_read(const char *images, const char *labels, size_t n_classes, size_t most, pm_dataset *data,
                      pm_error *error) {
    *data = (pm_dataset){.n_classes = n_classes};
    idx f = {0};
    uint32_t count = 0;
    pm_status status = open_idx(&f, images, error);
    if (!status) {
        status = read_images(&f, most, data, &count, error);
        (void)gzclose(f.file);
    }
    if (!status)
        status = open_idx(&f, labels, error);
    if (!status) {
        status = read_labels(&f, images, count, data, error);
        (void)gzclose(f.file);
    }
    if (status)
        pm_dataset_free(data);
    return status;
}
