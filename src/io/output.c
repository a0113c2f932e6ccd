/* A temporary file is created, never opened: what stood under its name was left by a program that was killed, or was
 * planted, and is removed first. From then on there is one way to it, the descriptor, on which it is locked as well.
 * Only files beyond the first few of a folder are closed between writes, so that thousands of them need no thousands of
 * descriptors; when they are opened again they have to be the same file, of the same length. Invariant: a file that
 * gets its name holds exactly what was written to the output. */
#define _GNU_SOURCE
#include "io/output.h"

#include "io/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

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

pm_status pm_folder_sync(const char *path, pm_error *error) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = folder >= 0 && (fsync(folder) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EBADF);
    pm_status status =
        good ? PM_OK : pm_fail(error, PM_FAILED, "%s: cannot be brought to disk: %s", path, strerror(errno));
    if (folder >= 0)
        (void)close(folder);
    return status;
}

/* --- the temporary file ------------------------------------------------------------------------------------------- */

static pm_status refuse(const pm_output *output, int code, pm_error *error) {
    return pm_fail(error, PM_FAILED, "%s: cannot be written: %s", output->path, strerror(code));
}

static pm_status refuse_change(const pm_output *output, pm_error *error) {
    return pm_fail(error, PM_FAILED, "%s: its temporary file was removed, replaced or changed by another program",
                   output->path);
}

static pm_status refuse_busy(const char *partial, pm_error *error) {
    return pm_fail(error, PM_FAILED, "%s: another program is writing this file", partial);
}

pm_status pm_partial_remove(const char *partial, pm_error *error) {
    int file = open(partial, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool busy = file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    pm_status status = busy ? refuse_busy(partial, error) : PM_OK;
    if (!busy && unlink(partial) != 0 && errno != ENOENT)
        status = pm_fail(error, PM_FAILED, "%s: cannot be removed: %s", partial, strerror(errno));
    if (file >= 0)
        (void)close(file);
    return status;
}

/* The file has just been opened; it stays so if it may. */
static void hold(pm_output *output) {
    output->open = true;
    output->kept = output->kept || !output->results || pm_results_keep(output->results);
}

/* Closes it. */
static int let_go(pm_output *output) {
    if (output->kept && output->results)
        pm_results_unkeep(output->results);
    output->open = output->kept = false;
    return close(output->file);
}

static pm_status create(pm_output *output, pm_error *error) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC;
    struct stat found;
    output->file = open(output->partial, flags, 0666);
    if (output->file < 0 && errno == EEXIST) {
        pm_status status = pm_partial_remove(output->partial, error);
        if (status)
            return status;
        output->file = open(output->partial, flags, 0666);
    }
    if (output->file < 0)
        return errno == EEXIST ? refuse_busy(output->partial, error) : refuse(output, errno, error);
    output->begun = true;
    hold(output);
    (void)flock(output->file, LOCK_EX | LOCK_NB); /* tells others that it is in use; not every file system can */
    if (fstat(output->file, &found) != 0)
        return refuse(output, errno, error);
    output->device = found.st_dev;
    output->number = found.st_ino;
    return PM_OK;
}

static bool is_same(const pm_output *output, const struct stat *found) {
    return S_ISREG(found->st_mode) && found->st_dev == output->device && found->st_ino == output->number &&
           (uint64_t)found->st_size == output->length;
}

/* Opens the file again that was closed between two writes. */
static pm_status return_to(pm_output *output, pm_error *error) {
    struct stat found;
    output->file = open(output->partial, O_WRONLY | O_NOFOLLOW | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    if (output->file < 0)
        return errno == ENOENT || errno == ELOOP ? refuse_change(output, error) : refuse(output, errno, error);
    hold(output);
    return fstat(output->file, &found) == 0 && is_same(output, &found) ? PM_OK : refuse_change(output, error);
}

static pm_status shut(pm_output *output, pm_error *error) {
    return !output->open || let_go(output) == 0 ? PM_OK : refuse(output, errno, error);
}

/* Until the next write. */
static pm_status rest(pm_output *output, pm_error *error) { return output->kept ? PM_OK : shut(output, error); }

/* Appends the buffer to the temporary file, which is open afterwards. */
static pm_status append(pm_output *output, pm_error *error) {
    pm_status status = output->open ? PM_OK : output->begun ? return_to(output, error) : create(output, error);
    size_t written = 0;
    while (!status && written < output->used) {
        ssize_t n = write(output->file, output->buffer + written, output->used - written);
        if (n > 0)
            written += (size_t)n;
        else if (n == 0 || errno != EINTR)
            status = refuse(output, n == 0 ? EIO : errno, error);
    }
    if (status)
        return status;
    output->check = crc32_z((uLong)output->check, (const unsigned char *)output->buffer, output->used);
    output->length += output->used;
    output->used = 0;
    return PM_OK;
}

/* The same, and brings it to disk; what is there is then what was written. */
static pm_status settle(pm_output *output, pm_error *error) {
    struct stat named, held;
    pm_status status = append(output, error);
    if (!status && fsync(output->file) != 0 && errno != EINVAL)
        status = refuse(output, errno, error);
    if (!status && (lstat(output->partial, &named) != 0 || fstat(output->file, &held) != 0 ||
                    !is_same(output, &named) || !is_same(output, &held)))
        status = refuse_change(output, error);
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static pm_status begin(pm_output *output, const char *folder, const char *name, pm_error *error) {
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    *output = (pm_output){.buffer = malloc(BUFFER_SIZE)};
    if (!output->buffer || asprintf(&output->path, "%s/%s", folder, name) < 0 ||
        asprintf(&output->partial, "%s/%.*s.%s.partial", folder, (int)(last - name), name, last) < 0) {
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

pm_status pm_output_open(pm_output *output, const char *folder, const char *name, pm_error *error) {
    return begin(output, folder, name, error);
}

pm_status pm_output_open_path(pm_output *output, const char *path, pm_error *error) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (name[0] == '\0')
        return pm_fail(error, PM_INVALID, "%s: this is a folder; a file is wanted", path);
    char *folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
    pm_status status = folder ? begin(output, folder, name, error) : pm_fail_memory(error, "a path");
    free(folder);
    return status;
}

pm_status pm_file_write(const char *folder, const char *name, const void *bytes, size_t size, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open(&output, folder, name, error);
    if (!status)
        status = pm_output_bytes(&output, bytes, size, error);
    return pm_output_close(&output, status, error);
}

pm_status pm_output_open_in(pm_output *output, pm_results *results, const char *name, pm_error *error) {
    *output = (pm_output){0};
    pm_status status = pm_results_add(results, name, error);
    if (!status)
        status = begin(output, pm_results_folder(results), name, error);
    output->results = status ? NULL : results;
    output->entry = pm_results_size(results) - 1;
    return status;
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
        if (output->used < BUFFER_SIZE)
            continue;
        status = append(output, error);
        if (!status)
            status = rest(output, error);
    }
    return status;
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

pm_status pm_output_flush(pm_output *output, pm_output_mark *mark, pm_error *error) {
    pm_status status = settle(output, error);
    *mark = (pm_output_mark){output->length, output->check};
    return status ? status : rest(output, error);
}

bool pm_output_missing(const pm_output *output) {
    struct stat found;
    return lstat(output->partial, &found) != 0;
}

static pm_status refuse_going_on(const char *path, const char *why, pm_error *error) {
    return pm_fail(error, PM_INVALID, "%s: the run cannot go on, for its file is %s; begin anew without --resume", path,
                   why);
}

/* Whether the file that was opened begins as the mark says; it is then at that place. */
static pm_status recognise(pm_output *output, const char *path, const pm_output_mark *mark, pm_error *error) {
    struct stat found;
    uint64_t left = mark->length, check = 0;
    if (fstat(output->file, &found) != 0)
        return refuse(output, errno, error);
    if (!S_ISREG(found.st_mode) || found.st_nlink > 1)
        return refuse_going_on(path, "linked to another", error);
    if ((uint64_t)found.st_size < mark->length)
        return refuse_going_on(path, "shorter than it was", error);
    while (left > 0) {
        ssize_t n = read(output->file, output->buffer, left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return refuse(output, n == 0 ? EIO : errno, error);
        check = crc32_z((uLong)check, (const unsigned char *)output->buffer, (size_t)n);
        left -= (uint64_t)n;
    }
    if (check != mark->check)
        return refuse_going_on(path, "another than it was", error);
    output->device = found.st_dev;
    output->number = found.st_ino;
    return PM_OK;
}

pm_status pm_output_reopen(pm_output *output, const pm_output_mark *mark, pm_error *error) {
    const bool named = pm_output_missing(output);
    const char *path = named ? output->path : output->partial;
    output->file = open(path, O_RDWR | O_NOFOLLOW | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    if (output->file < 0 && (errno == ENOENT || errno == ELOOP))
        return refuse_going_on(path, errno == ENOENT ? "missing" : "linked to another", error);
    if (output->file < 0)
        return refuse(output, errno, error);
    hold(output);
    if (flock(output->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return refuse_busy(path, error);
    pm_status status = recognise(output, path, mark, error);
    if (!status &&
        ((named && rename(output->path, output->partial) != 0) || ftruncate(output->file, (off_t)mark->length) != 0))
        status = refuse(output, errno, error);
    if (status)
        return status;
    output->begun = true;
    output->length = mark->length;
    output->check = mark->check;
    output->used = 0;
    return rest(output, error);
}

void pm_output_leave(pm_output *output) {
    output->begun = false;
    pm_output_discard(output);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

pm_status pm_output_prepare(pm_output *output, pm_error *error) {
    pm_status status = output->ready ? PM_OK : settle(output, error);
    if (!status)
        status = shut(output, error);
    if (status)
        return status;
    output->ready = true;
    free(output->buffer);
    output->buffer = NULL;
    return PM_OK;
}

/* The names in the folder of the file. */
static pm_status sync_above(const pm_output *output, pm_error *error) {
    char *folder = strndup(output->path, (size_t)(strrchr(output->path, '/') - output->path) + 1);
    pm_status status = folder ? pm_folder_sync(folder, error) : pm_fail_memory(error, "a path");
    free(folder);
    return status;
}

pm_status pm_output_commit(pm_output *output, pm_error *error) {
    pm_status status = pm_output_prepare(output, error);
    if (!status && !output->results && rename(output->partial, output->path) != 0)
        status = refuse(output, errno, error);
    if (!status && output->results)
        pm_results_prepared(output->results, output->entry, output->number);
    if (!status)
        output->begun = false;
    pm_output_discard(output);
    return status;
}

pm_status pm_output_commit_all(pm_output *outputs, size_t n, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++)
        status = pm_output_prepare(&outputs[k], error);
    if (!status && unlink(outputs->path) == 0)
        status = sync_above(outputs, error);
    else if (!status && errno != ENOENT)
        status = refuse(outputs, errno, error);
    for (size_t k = n; !status && k > 0; k--)
        status = pm_output_commit(&outputs[k - 1], error);
    return status;
}

pm_status pm_output_close(pm_output *output, pm_status status, pm_error *error) {
    if (!status)
        return pm_output_commit(output, error);
    pm_output_discard(output);
    return status;
}

void pm_output_discard(pm_output *output) {
    if (output->begun)
        (void)unlink(output->partial);
    if (output->open)
        (void)let_go(output);
    free(output->path);
    free(output->partial);
    free(output->buffer);
    *output = (pm_output){0};
}
