/* Text files of numbers, one line at a time. The present row stays valid until the next one is read. */
#define _GNU_SOURCE
#include "io/file.h"

#include "base/list.h"
#include "base/room.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some editors begin a text in UTF-8 with it. */
static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

typedef PM_LIST(unsigned char) buffer;

pm_status pm_file_refuse(const char *path, int code, pm_error *error) {
    if (code == ENOMEM)
        return pm_fail_memory(error, path);
    if (code == ENOENT)
        return pm_fail(error, PM_INVALID, "%s: there is no such file", path);
    bool system = code == EMFILE || code == ENFILE || code == EIO;
    return pm_fail(error, system ? PM_FAILED : PM_INVALID, "%s: cannot be read: %s", path, strerror(code));
}

pm_status pm_file_open(const char *path, FILE **file, pm_error *error) {
    struct stat found;
    *file = NULL;
    if (stat(path, &found) != 0)
        return pm_file_refuse(path, errno, error);
    if (S_ISDIR(found.st_mode))
        return pm_fail(error, PM_INVALID, "%s: this is a folder; a file is wanted", path);
    if (S_ISBLK(found.st_mode) || S_ISCHR(found.st_mode)) /* /dev/zero never ends */
        return pm_fail(error, PM_INVALID, "%s: this is a device; a file is wanted", path);
    *file = fopen(path, "r");
    return *file ? PM_OK : pm_file_refuse(path, errno, error);
}

pm_status pm_file_find(const char *folder, const char *name, char **path, bool *found, pm_error *error) {
    *found = false;
    if (asprintf(path, "%s/%s", folder, name) < 0) {
        *path = NULL;
        return pm_fail_memory(error, "a path");
    }
    *found = access(*path, F_OK) == 0 || errno != ENOENT; /* what cannot be looked at is there */
    return PM_OK;
}

static pm_status too_large(const char *path, size_t most, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the file has more than %zu bytes", path, most);
}

/* From the present place to the end. What a file of known length will take is asked for at once. */
static pm_status read_all(FILE *file, const char *path, size_t most, buffer *to, pm_error *error) {
    enum { PIECE = 1 << 16 };
    struct stat found;
    size_t length = fstat(fileno(file), &found) == 0 && S_ISREG(found.st_mode) ? (size_t)found.st_size : 0;
    if (length > most)
        return too_large(path, most, error);
    pm_status status = pm_room_check((double)length, path, error);
    if (status)
        return status;
    do {
        size_t more = length >= to->count ? length - to->count + 1 : PIECE; /* one more tells the end */
        if (!PM_LIST_RESERVE(*to, to->count + more + 1))
            return pm_fail_memory(error, path);
        errno = 0;
        to->count += fread(to->items + to->count, 1, more, file);
        if (ferror(file))
            return pm_file_refuse(path, errno, error);
        if (to->count > most)
            return too_large(path, most, error);
    } while (!feof(file));
    to->items[to->count] = '\0';
    return PM_OK;
}

pm_status pm_file_read_most(const char *path, size_t most, unsigned char **text, size_t *size, pm_error *error) {
    FILE *file = NULL;
    buffer all = {0};
    *text = NULL;
    *size = 0;
    pm_status status = pm_file_open(path, &file, error);
    if (status)
        return status;
    status = read_all(file, path, most, &all, error);
    (void)fclose(file);
    if (status) {
        free(all.items);
        return status;
    }
    *text = all.items;
    *size = all.count;
    return PM_OK;
}

pm_status pm_file_read(const char *path, uint8_t **bytes, size_t *size, pm_error *error) {
    return pm_file_read_most(path, SIZE_MAX, bytes, size, error);
}

/* The number that begins at `text`, up to a blank, a comment or the end; false if it is none. */
static bool number_at(const char *text, char **end, double *value) {
    *value = strtod(text, end);
    size_t length = (size_t)(*end - text);
    bool ends = **end == '\0' || strchr(" \t\r\n#", **end);
    return length > 0 && ends && isfinite(*value) && strspn(text, "+-.0123456789eE") >= length;
}

bool pm_parse_number(const char *text, double *value) {
    char *end = NULL;
    return number_at(text, &end, value) && *end == '\0';
}

pm_status pm_rows_open(pm_rows *rows, const char *path, pm_error *error) {
    *rows = (pm_rows){.path = path};
    return pm_file_open(path, &rows->file, error);
}

void pm_rows_close(pm_rows *rows) {
    if (rows->file)
        (void)fclose(rows->file);
    free(rows->text);
    free(rows->values);
    *rows = (pm_rows){0};
}

pm_status pm_rows_fail(const pm_rows *rows, pm_error *error, const char *format, ...) {
    char what[PM_MESSAGE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return pm_fail(error, PM_INVALID, "%s:%zu: %s", rows->path, rows->line, what);
}

static pm_status split(pm_rows *rows, pm_error *error) {
    char *at = rows->text;
    rows->n = 0;
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at == '\0' || *at == '#')
            return PM_OK;
        char *end = NULL;
        double value = 0.0;
        if (!number_at(at, &end, &value))
            return pm_rows_fail(rows, error, "column %zu: '%.*s' is not a finite number", rows->n + 1,
                                (int)strcspn(at, " \t\r\n"), at);
        if (!pm_list_reserve((void **)&rows->values, &rows->capacity, rows->n + 1, sizeof value))
            return pm_fail_memory(error, rows->path);
        rows->values[rows->n++] = value;
        at = end;
    }
}

pm_status pm_rows_next(pm_rows *rows, pm_error *error) {
    pm_status status = PM_OK;
    rows->n = 0;
    while (!status && rows->n == 0) {
        errno = 0;
        ssize_t length = getline(&rows->text, &rows->text_size, rows->file);
        if (length < 0) {
            if (ferror(rows->file))
                return pm_file_refuse(rows->path, errno, error);
            return feof(rows->file) ? PM_OK : pm_fail_memory(error, rows->path);
        }
        rows->line++;
        if (strlen(rows->text) != (size_t)length)
            return pm_rows_fail(rows, error, "a zero byte; this is no text file");
        if (rows->line == 1 && strncmp(rows->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
            memmove(rows->text, rows->text + strlen(BYTE_ORDER_MARK), (size_t)length + 1 - strlen(BYTE_ORDER_MARK));
        status = split(rows, error);
    }
    return status;
}
