/* A file is open only while a full buffer is appended to it, so that thousands of outputs need no thousands of file
 * descriptors. */
#define _GNU_SOURCE
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 14, LONGEST_LINE = 1 << 10 };

static pm_status refuse_folder(const char *path, int code, pm_error *error) {
    return pm_fail(error, code == ENOSPC ? PM_FAILED : PM_INVALID, "%s: the folder cannot be written: %s", path,
                   strerror(code));
}

pm_status pm_folder_make(const char *path, pm_error *error) {
    char *copy = strdup(path);
    if (!copy)
        return pm_fail_memory(error, "a path");
    pm_status status = path[0] ? PM_OK : pm_fail(error, PM_INVALID, "the output folder has no name");
    for (char *c = copy + 1; !status && *copy; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char end = *c;
        *c = '\0';
        struct stat found;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            status = refuse_folder(path, errno, error);
        else if (stat(copy, &found) == 0 && !S_ISDIR(found.st_mode))
            status = pm_fail(error, PM_INVALID, "%s: this is a file; a folder is wanted", copy);
        *c = end;
        if (end == '\0')
            break;
    }
    free(copy);
    struct stat found;
    if (status || (stat(path, &found) == 0 && S_ISDIR(found.st_mode) && access(path, W_OK | X_OK) == 0))
        return status;
    return refuse_folder(path, errno ? errno : ENOTDIR, error);
}

pm_status pm_output_open(pm_output *output, const char *folder, const char *name, pm_error *error) {
    *output = (pm_output){0};
    output->buffer = malloc(BUFFER_SIZE);
    if (!output->buffer || asprintf(&output->path, "%s/%s", folder, name) < 0 ||
        asprintf(&output->partial, "%s/.%s.partial", folder, name) < 0) {
        pm_output_discard(output);
        return pm_fail_memory(error, name);
    }
    struct stat found; /* the file replaces what has its name: never a device, such as /dev/stdout */
    if (stat(output->path, &found) == 0 && !S_ISREG(found.st_mode)) {
        pm_status status = pm_fail(error, PM_INVALID, "%s: this is no file that could be replaced", output->path);
        pm_output_discard(output);
        return status;
    }
    return PM_OK;
}

static pm_status refuse(const pm_output *output, int code, pm_error *error) {
    return pm_fail(error, PM_FAILED, "%s: cannot be written: %s", output->path, strerror(code));
}

/* Appends the buffer to the temporary file. */
static pm_status flush(pm_output *output, int last, pm_error *error) {
    int file = open(output->partial, O_WRONLY | O_CREAT | O_CLOEXEC | (output->started ? O_APPEND : O_TRUNC), 0666);
    if (file < 0)
        return refuse(output, errno, error);
    output->started = 1;
    size_t written = 0;
    while (written < output->used) {
        ssize_t n = write(file, output->buffer + written, output->used - written);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int code = errno;
            (void)close(file);
            return refuse(output, code, error);
        }
        written += (size_t)n;
    }
    output->used = 0;
    int code = last && fsync(file) != 0 && errno != EINVAL ? errno : 0;
    if (close(file) != 0 && !code)
        code = errno;
    return code ? refuse(output, code, error) : PM_OK;
}

pm_status pm_output_write(pm_output *output, pm_error *error, const char *format, ...) {
    char line[LONGEST_LINE], *text = line;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length >= LONGEST_LINE && vasprintf(&text, format, again) < 0)
        text = NULL;
    va_end(again);
    if (!text || length < 0)
        return pm_fail_memory(error, output->path);
    pm_status status = pm_output_bytes(output, text, (size_t)length, error);
    if (text != line)
        free(text);
    return status;
}

pm_status pm_output_bytes(pm_output *output, const void *bytes, size_t size, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t done = 0; !status && done < size;) {
        size_t room = BUFFER_SIZE - output->used, n = size - done < room ? size - done : room;
        memcpy(output->buffer + output->used, (const char *)bytes + done, n);
        output->used += n;
        done += n;
        if (output->used == BUFFER_SIZE)
            status = flush(output, 0, error);
    }
    return status;
}

pm_status pm_output_flush(pm_output *output, uint64_t *length, pm_error *error) {
    struct stat found;
    pm_status status = flush(output, 1, error);
    if (!status && stat(output->partial, &found) != 0)
        status = refuse(output, errno, error);
    *length = status ? 0 : (uint64_t)found.st_size;
    return status;
}

pm_status pm_output_reopen(pm_output *output, uint64_t length, pm_error *error) {
    struct stat found;
    if (stat(output->partial, &found) != 0 && rename(output->path, output->partial) != 0)
        return pm_fail(error, PM_INVALID,
                       "%s: the run cannot go on, for its file is missing; begin anew without --resume", output->path);
    if (stat(output->partial, &found) != 0 || (uint64_t)found.st_size < length)
        return pm_fail(error, PM_INVALID,
                       "%s: the run cannot go on, for its file is shorter than it was; begin anew without --resume",
                       output->partial);
    if (truncate(output->partial, (off_t)length) != 0)
        return refuse(output, errno, error);
    output->started = 1;
    output->used = 0;
    return PM_OK;
}

void pm_output_leave(pm_output *output) {
    output->started = 0;
    pm_output_discard(output);
}

pm_status pm_output_commit(pm_output *output, pm_error *error) {
    pm_status status = flush(output, 1, error);
    if (!status && rename(output->partial, output->path) != 0)
        status = refuse(output, errno, error);
    if (!status)
        output->started = 0;
    pm_output_discard(output);
    return status;
}

void pm_output_discard(pm_output *output) {
    if (output->started)
        (void)unlink(output->partial);
    free(output->path);
    free(output->partial);
    free(output->buffer);
    *output = (pm_output){0};
}
