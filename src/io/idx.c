/* An IDX file is a magic number (two zero bytes, the type, the number of dimensions), the sizes as big-endian 32-bit
 * numbers, and the data. zlib reads compressed and plain files alike and checks the sum of compressed ones at their
 * end, so a file is read to its end, if that is near. Both heads are read before any data, and what they announce must
 * be possible, of use and small enough for memory: a few compressed bytes can stand for a thousand times as many.
 * Offsets in messages count uncompressed bytes. */
#include "io/idx.h"

#include "base/room.h"
#include "io/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { TYPE_BYTES = 0x08, CHUNK = 1 << 16, MOST_PIXELS = 1 << 24, MOST_SKIPPED = 1 << 28 };
enum { DEFLATE_RATIO = 1032 }; /* the most bytes that a byte of deflate can stand for */

typedef struct idx {
    const char *path;
    gzFile file;
    uint64_t offset; /* bytes read so far */
    uint64_t size;   /* bytes of the whole file, as its head says; 0: not known yet */
    double longest;  /* bytes that the file can hold, uncompressed */
} idx;

static pm_status open_idx(idx *f, const char *path, pm_error *error) {
    FILE *probe = NULL; /* for its messages about what cannot be opened */
    struct stat found;
    pm_status status = pm_file_open(path, &probe, error);
    if (status)
        return status;
    bool regular = fstat(fileno(probe), &found) == 0 && S_ISREG(found.st_mode);
    (void)fclose(probe);
    errno = 0;
    *f = (idx){.path = path,
               .file = gzopen(path, "rb"),
               .longest = regular ? DEFLATE_RATIO * (double)found.st_size : PM_ROOM_UNKNOWN};
    return f->file ? PM_OK : pm_file_refuse(path, errno ? errno : ENOMEM, error);
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
        if (code == Z_MEM_ERROR || (more < 0 && code == Z_ERRNO))
            return pm_file_refuse(f->path, code == Z_MEM_ERROR ? ENOMEM : errno, error);
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

/* Whether the file can hold `size` more bytes at all. */
static pm_status check_size(const idx *f, double size, const char *what, pm_error *error) {
    if (size <= f->longest)
        return PM_OK;
    return pm_fail(error, PM_INVALID, "%s: byte 4: %.0f bytes of %s are announced, more than the file can hold", f->path,
                   size, what);
}

/* The file must end here. What is skipped of it (examples not wanted) is still checked, if it is not too much. */
static pm_status finish(idx *f, uint64_t skipped, const char *what, pm_error *error) {
    if (skipped > MOST_SKIPPED)
        return PM_OK;
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
    if (!status && code == Z_MEM_ERROR)
        status = pm_fail_memory(error, f->path);
    else if (!status && (more < 0 || (code != Z_OK && code != Z_STREAM_END)))
        status = pm_fail(error, PM_INVALID, "%s: byte %llu: corrupt gzip data: %s", f->path,
                         (unsigned long long)f->offset, message);
    else if (more > 0)
        status = pm_fail(error, PM_INVALID, "%s: byte %llu: the file goes on after %s that its head announces", f->path,
                         (unsigned long long)f->offset, what);
    free(bytes);
    return status;
}

/* What an image may be, and how many there are. */
static pm_status read_image_head(idx *f, const pm_idx_wanted *wanted, pm_dataset *data, uint32_t *count,
                                 pm_error *error) {
    uint32_t sizes[3] = {0};
    pm_status status = read_head(f, 3, "images", sizes, error);
    if (status)
        return status;
    *count = sizes[0];
    data->n = sizes[0] < wanted->most ? sizes[0] : wanted->most;
    data->height = sizes[1];
    data->width = sizes[2];
    data->n_features = data->width * data->height;
    if (wanted->side && (data->width > wanted->side || data->height > wanted->side))
        return pm_fail(error, PM_INVALID, "%s: byte 8: images of %zu x %zu pixels; at most %zu x %zu are possible",
                       f->path, data->width, data->height, wanted->side, wanted->side);
    if (data->n_features > MOST_PIXELS)
        return pm_fail(error, PM_INVALID, "%s: byte 8: images of %zu x %zu pixels are too large", f->path, data->height,
                       data->width);
    if (wanted->limit && data->n > wanted->limit)
        return pm_fail(error, PM_INVALID, "%s: byte 4: %zu images; at most %zu are possible", f->path, data->n,
                       wanted->limit);
    status = check_size(f, (double)*count * (double)data->n_features, "images", error);
    return status ? status : pm_room_check((double)data->n * (double)data->n_features, f->path, error);
}

static pm_status read_label_head(idx *f, const char *images, uint32_t count, pm_error *error) {
    uint32_t n = 0;
    pm_status status = read_head(f, 1, "labels", &n, error);
    if (!status && n != count)
        status = pm_fail(error, PM_INVALID, "%s: byte 4: %u labels, but %s has %u images", f->path, n, images, count);
    return status ? status : check_size(f, count, "labels", error);
}

static pm_status read_images(idx *f, pm_dataset *data, uint32_t count, pm_error *error) {
    pm_status status = PM_OK;
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
    return status ? status : finish(f, (uint64_t)(count - data->n) * data->n_features, "the images", error);
}

static pm_status read_labels(idx *f, pm_dataset *data, uint32_t count, pm_error *error) {
    data->label = malloc(data->n);
    if (!data->label)
        return pm_fail_memory(error, "labels");
    pm_status status = take(f, data->label, data->n, "the labels", error);
    for (size_t k = 0; !status && k < data->n; k++)
        if (data->label[k] >= data->n_classes)
            status = pm_fail(error, PM_INVALID, "%s: byte %zu: the label %u is out of range; labels are 0 to %zu",
                             f->path, 8 + k, data->label[k], data->n_classes - 1);
    return status ? status : finish(f, count - data->n, "the labels", error);
}

pm_status pm_idx_read(const char *images, const char *labels, const pm_idx_wanted *wanted, pm_dataset *data,
                      pm_error *error) {
    *data = (pm_dataset){.n_classes = wanted->n_classes};
    idx pictures = {0}, names = {0};
    uint32_t count = 0;
    pm_status status = open_idx(&pictures, images, error);
    if (!status)
        status = read_image_head(&pictures, wanted, data, &count, error);
    if (!status)
        status = open_idx(&names, labels, error);
    if (!status)
        status = read_label_head(&names, images, count, error);
    if (!status)
        status = read_images(&pictures, data, count, error);
    if (!status)
        status = read_labels(&names, data, count, error);
    if (pictures.file)
        (void)gzclose(pictures.file);
    if (names.file)
        (void)gzclose(names.file);
    if (status)
        pm_dataset_free(data);
    return status;
}
