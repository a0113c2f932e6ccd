/* Preloaded into the program: call number FAULT_AT of those that change the file system fails (FAULT_HOW=fail), kills the
 * program before it is made (kill), or after (after). When it has come to that, the file FAULT_MARK is there. Without
 * FAULT_AT nothing happens but that no call waits for the disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PASS, FAIL, KILL, AFTER };
static atomic_long calls;

static int next(void) {
    const char *at = getenv("FAULT_AT"), *how = getenv("FAULT_HOW"), *mark = getenv("FAULT_MARK");
    if (!at || !how || !mark || atomic_fetch_add(&calls, 1) + 1 != atol(at))
        return PASS;
    long file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0666);
    (void)syscall(SYS_close, file);
    if (strcmp(how, "kill") == 0)
        (void)kill(getpid(), SIGKILL);
    return strcmp(how, "fail") == 0 ? FAIL : AFTER;
}

/* Makes a call, or does not. */
#define CHANGE(code, ...)                                                                                              \
    do {                                                                                                               \
        int what = next();                                                                                             \
        if (what == FAIL)                                                                                              \
            return errno = (code), -1;                                                                                 \
        long result = syscall(__VA_ARGS__);                                                                            \
        if (what == AFTER)                                                                                             \
            (void)kill(getpid(), SIGKILL);                                                                             \
        return (__typeof__(next()))result;                                                                             \
    } while (0)

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = flags & O_CREAT ? va_arg(list, int) : 0;
    va_end(list);
    if (!(flags & (O_WRONLY | O_RDWR)))
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    CHANGE(ENOSPC, SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t write(int file, const void *bytes, size_t size) {
    if (file <= STDERR_FILENO)
        return syscall(SYS_write, file, bytes, size);
    int what = next();
    if (what == FAIL) {
        if (size > 1) /* a disk that is full takes what it still can */
            (void)syscall(SYS_write, file, bytes, size / 2);
        return errno = ENOSPC, -1;
    }
    ssize_t written = syscall(SYS_write, file, bytes, size);
    if (what == AFTER)
        (void)kill(getpid(), SIGKILL);
    return written;
}

/* Waiting for the disk would take most of the time, and tell nothing. */
int fsync(int file) {
    (void)file;
    int what = next();
    if (what == AFTER)
        (void)kill(getpid(), SIGKILL);
    return what == FAIL ? (errno = EIO, -1) : 0;
}

int rename(const char *from, const char *to) { CHANGE(EIO, SYS_rename, from, to); }
int unlink(const char *path) { CHANGE(EIO, SYS_unlink, path); }
int unlinkat(int folder, const char *path, int flags) { CHANGE(EIO, SYS_unlinkat, folder, path, flags); }
int mkdir(const char *path, mode_t mode) { CHANGE(ENOSPC, SYS_mkdir, path, mode); }
int ftruncate(int file, off_t length) { CHANGE(EIO, SYS_ftruncate, file, length); }
