/* Preloaded into the program: call number FAULT_AT of those that change the file system fails (FAULT_HOW=fail), or
 * kills the program before it is made (kill). When it has come to that, the file FAULT_MARK is there. FAULT_HOW=full:
 * nothing can be written into temporary files. Otherwise nothing happens but that no call waits for the disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;
static bool is_full[4096]; /* by descriptor */

static bool is_how(const char *word) {
    const char *how = getenv("FAULT_HOW");
    return how && strcmp(how, word) == 0;
}

/* Whether the call that is coming is to fail. */
static bool fails(void) {
    const char *at = getenv("FAULT_AT"), *mark = getenv("FAULT_MARK");
    if (!at || !mark || atomic_fetch_add(&calls, 1) + 1 != atol(at))
        return false;
    long file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0666);
    (void)syscall(SYS_close, file);
    if (is_how("kill"))
        (void)kill(getpid(), SIGKILL);
    return is_how("fail");
}

static int fail(int code) {
    errno = code;
    return -1;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    const bool counts = strstr(path, ".gcda") != NULL; /* of a build for coverage, when the program has ended */
    if (flags & (O_WRONLY | O_RDWR) && !counts && fails())
        return fail(ENOSPC);
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (file >= 0 && file < 4096)
        is_full[file] = flags & O_CREAT && is_how("full") && strstr(path, ".partial");
    return file;
}

ssize_t write(int file, const void *bytes, size_t size) {
    bool full = file >= 0 && file < 4096 && is_full[file];
    if (!full && (file <= STDERR_FILENO || !fails()))
        return syscall(SYS_write, file, bytes, size);
    if (size > 1) /* a disk that is full takes what it still can */
        (void)syscall(SYS_write, file, bytes, size / 2);
    return fail(ENOSPC);
}

/* Waiting for the disk would take most of the time, and tell nothing. */
int fsync(int file) {
    (void)file;
    return fails() ? fail(EIO) : 0;
}

int rename(const char *from, const char *to) { return fails() ? fail(EIO) : (int)syscall(SYS_rename, from, to); }
int unlink(const char *path) { return fails() ? fail(EIO) : (int)syscall(SYS_unlink, path); }
int unlinkat(int folder, const char *path, int flags) {
    return fails() ? fail(EIO) : (int)syscall(SYS_unlinkat, folder, path, flags);
}
int mkdir(const char *path, mode_t mode) { return fails() ? fail(ENOSPC) : (int)syscall(SYS_mkdir, path, mode); }
int ftruncate(int file, off_t length) { return fails() ? fail(EIO) : (int)syscall(SYS_ftruncate, file, length); }
