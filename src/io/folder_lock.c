/* The folder itself is locked (flock), so that there is no file that could be left behind: the lock goes with the
 * process, however that ends. Where a file system has no locks, there is none. */
#define _GNU_SOURCE
#include "io/folder_lock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "'punctum run', process 17", if the system tells. */
static void name_process(long process, char *text, size_t size) {
    char source[64], words[256] = "";
    snprintf(source, sizeof source, "/proc/%ld/cmdline", process);
    FILE *file = fopen(source, "r");
    size_t n = file ? fread(words, 1, sizeof words - 2, file) : 0;
    if (file)
        (void)fclose(file);
    const char *program = strrchr(words, '/') ? strrchr(words, '/') + 1 : words;
    const char *command = strlen(words) + 1 < n ? words + strlen(words) + 1 : "";
    for (char *c = words; c < words + n; c++)
        *c = (char)(*c == '\0' || isprint((unsigned char)*c) ? *c : '?');
    if (n > 0)
        snprintf(text, size, "'%.40s %.40s', process %ld,", program, command, process);
    else
        snprintf(text, size, "process %ld", process);
}

/* Who has locked the folder. */
static void find_holder(int folder, char *text, size_t size) {
    struct stat found;
    char line[256];
    FILE *file = fstat(folder, &found) == 0 ? fopen("/proc/locks", "r") : NULL;
    snprintf(text, size, "another program");
    while (file && fgets(line, sizeof line, file)) {
        char *lock_kind = strstr(line, "FLOCK"), *rest = NULL, *number = NULL;
        long process = lock_kind && (lock_kind = strstr(lock_kind, "WRITE ")) ? strtol(lock_kind + 6, &rest, 10) : 0;
        if (process > 0 && (number = strrchr(rest, ':')) && strtoull(number + 1, NULL, 10) == found.st_ino)
            name_process(process, text, size);
    }
    if (file)
        (void)fclose(file);
}

pm_status pm_folder_lock(const char *path, int *lock, pm_error *error) {
    *lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0)
        return pm_fail(error, PM_INVALID, "%s: the folder cannot be read: %s", path, strerror(errno));
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return PM_OK;
    char holder[160];
    find_holder(*lock, holder, sizeof holder);
    return pm_fail(error, PM_FAILED, "%s: %s is writing into this folder; give another one, or wait for it", path,
                   holder);
}
