/* Text files of numbers, one line at a time. The present row stays valid until the next one is read. */
#define _GNU_SOURCE
#include "io/file.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Some editors begin a text in UTF-8 with it. */
static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

pm_status pm_file_open(const char *path, FILE **file, pm_error *error) {
    struct stat found;
    *file = NULL;
    if (stat(path, &found) != 0)
        return pm_fail(error, PM_INVALID, "%s: %s", path, errno == ENOENT ? "there is no such file" : strerror(errno));
    if (S_ISDIR(found.st_mode))
        return pm_fail(error, PM_INVALID, "%s: this is a folder; a file is wanted", path);
    if (S_ISBLK(found.st_mode) || S_ISCHR(found.st_mode)) /* /dev/zero never ends */
        return pm_fail(error, PM_INVALID, "%s: this is a device; a file is wanted", path);
    *file = fopen(path, "r");
    return *file ? PM_OK : pm_fail(error, PM_INVALID, "%s: cannot be read: %s", path, strerror(errno));
}

pm_status pm_file_read(const char *path, unsigned char **bytes, size_t *size, pm_error *error) {
    FILE *file = NULL;
    struct stat found;
    *bytes = NULL;
    *size = 0;
    pm_status status = pm_file_open(path, &file, error);
    if (status)
        return status;
    if (fstat(fileno(file), &found) != 0) {
        status = pm_fail(error, PM_INVALID, "%s: cannot be read: %s", path, strerror(errno));
    } else {
        size_t length = (size_t)found.st_size;
        *bytes = malloc(length + 1);
        if (!*bytes)
            status = pm_fail_memory(error, path);
        else if (fread(*bytes, 1, length, file) != length)
            status = pm_fail(error, PM_INVALID, "%s: cannot be read", path);
        else
            *size = length, (*bytes)[length] = '\0';
    }
    (void)fclose(file);
    if (status) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
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

static pm_status append(pm_rows *rows, double value, pm_error *error) {
    if (rows->n == rows->capacity) {
        size_t capacity = 2 * rows->capacity + 16;
        double *grown = realloc(rows->values, capacity * sizeof *grown);
        if (!grown)
            return pm_fail_memory(error, rows->path);
        rows->values = grown;
        rows->capacity = capacity;
    }
    rows->values[rows->n++] = value;
    return PM_OK;
}

static pm_status split(pm_rows *rows, pm_error *error) {
    char *at = rows->text;
    pm_status status = PM_OK;
    rows->n = 0;
    while (!status) {
        at += strspn(at, " \t\r\n");
        if (*at == '\0' || *at == '#')
            break;
        char *end = NULL;
        double value = 0.0;
        if (!number_at(at, &end, &value))
            return pm_rows_fail(rows, error, "column %zu: '%.*s' is not a finite number", rows->n + 1,
                                (int)strcspn(at, " \t\r\n"), at);
        status = append(rows, value, error);
        at = end;
    }
    return status;
}

pm_status pm_rows_next(pm_rows *rows, pm_error *error) {
    pm_status status = PM_OK;
    rows->n = 0;
    while (!status && rows->n == 0) {
        errno = 0;
        ssize_t length = getline(&rows->text, &rows->text_size, rows->file);
        if (length < 0) {
            if (ferror(rows->file))
                return pm_fail(error, PM_INVALID, "%s: cannot be read: %s", rows->path, strerror(errno));
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
