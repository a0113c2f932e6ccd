/* What /proc and the control groups say, read into arrays on the stack: asking for memory needs none. Page cache counts
 * as free, for the kernel gives it up. */
#include "base/room.h"

#include "base/random.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TEXT = 8192, PATH = 4096 };
static const double SMALL = 0x1p26; /* bytes */

/* The beginning of a file as text; "" where there is none. */
static void read_text(const char *root, const char *path, char text[TEXT]) {
    char name[2 * PATH];
    snprintf(name, sizeof name, "%s%s", root, path);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    for (ssize_t more = 1; file >= 0 && more > 0 && n < TEXT - 1; n += more > 0 ? (size_t)more : 0)
        more = read(file, text + n, TEXT - 1 - n);
    text[n] = '\0';
    if (file >= 0)
        (void)close(file);
}

/* The number after a word that begins a line; `otherwise` where there is none. */
static double value_of(const char *text, const char *word, double otherwise) {
    const size_t length = strlen(word);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, word, length) == 0 && strchr(" \t:", line[length]))
            return strtod(line + length + strspn(line + length, " \t:"), NULL);
    return otherwise;
}

static double machine_left(const char *root) {
    char text[TEXT];
    read_text(root, "/proc/meminfo", text);
    return 1024.0 * (value_of(text, "MemAvailable", PM_ROOM_UNKNOWN) + value_of(text, "SwapFree", 0.0));
}

/* Files of a kind of control groups. */
typedef struct kind {
    const char *mount, *limit, *usage, *inactive, *active;
} kind;

static double number_in(const char *root, const char *folder, const char *name, double otherwise) {
    char path[2 * PATH], text[TEXT], *end = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    read_text(root, path, text);
    double value = strtod(text, &end);
    return end > text ? value : otherwise; /* "max" */
}

/* In one group. */
static double group_left(const char *root, const kind *k, const char *folder) {
    char path[2 * PATH], text[TEXT];
    double limit = number_in(root, folder, k->limit, PM_ROOM_UNKNOWN);
    if (!isfinite(limit))
        return PM_ROOM_UNKNOWN;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    read_text(root, path, text);
    double cache = value_of(text, k->inactive, 0.0) + value_of(text, k->active, 0.0);
    return fmax(0.0, limit - fmax(0.0, number_in(root, folder, k->usage, 0.0) - cache));
}

/* In a group and all around it. */
static double groups_left(const char *root, const kind *k, const char *group) {
    char folder[PATH];
    const size_t mount = strlen(k->mount);
    double least = PM_ROOM_UNKNOWN;
    snprintf(folder, sizeof folder, "%s%s", k->mount, group);
    for (;;) {
        size_t length = strlen(folder);
        while (length > mount && folder[length - 1] == '/')
            folder[--length] = '\0';
        least = fmin(least, group_left(root, k, folder));
        if (length <= mount)
            return least;
        *strrchr(folder, '/') = '\0';
    }
}

/* Whether a line of /proc/self/cgroup, "number:controllers:path", names that controller; "" is version 2. */
static const char *path_in_line(const char *line, const char *controller) {
    const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
    if (!path)
        return NULL;
    const size_t wanted = strlen(controller);
    for (const char *name = names + 1; name <= path; name += strcspn(name, ",:") + 1)
        if (strcspn(name, ",:") == wanted && strncmp(name, controller, wanted) == 0)
            return path + 1;
    return NULL;
}

static double control_left(const char *root) {
    static const kind second = {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file", "active_file"};
    static const kind first = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                               "total_inactive_file", "total_active_file"};
    char text[TEXT];
    double least = PM_ROOM_UNKNOWN;
    read_text(root, "/proc/self/cgroup", text);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        const char *group = path_in_line(line, "");
        if (group)
            least = fmin(least, groups_left(root, &second, group));
        group = path_in_line(line, "memory");
        if (group)
            least = fmin(least, groups_left(root, &first, group));
    }
    return least;
}

static double limit_left(int resource, double used) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return PM_ROOM_UNKNOWN;
    return fmax(0.0, (double)limit.rlim_cur - used);
}

pm_room pm_room_left(const char *root) {
    char text[TEXT];
    double pages[6] = {0.0}; /* all, resident, shared, text, library, data */
    const double page = (double)sysconf(_SC_PAGESIZE);
    read_text("", "/proc/self/statm", text);
    char *at = text;
    for (size_t k = 0; k < sizeof pages / sizeof *pages; k++)
        pages[k] = strtod(at, &at);
    return (pm_room){.machine = machine_left(root),
                     .group = control_left(root),
                     .space = limit_left(RLIMIT_AS, page * pages[0]),
                     .data = limit_left(RLIMIT_DATA, page * pages[5])};
}

static void print_bytes(double bytes, char *text, size_t size) {
    if (bytes < 1e9)
        snprintf(text, size, "%.0f MB", 1e-6 * bytes);
    else
        snprintf(text, size, "%.*f GB", bytes < 1e12 ? 1 : 0, 1e-9 * bytes);
}

static pm_status compare(double needed, double left, const char *of, const char *what, pm_error *error) {
    char needs[40], has[40];
    if (needed <= left || needed < SMALL)
        return PM_OK;
    print_bytes(needed, needs, sizeof needs);
    print_bytes(left, has, sizeof has);
    return pm_fail(error, PM_NO_MEMORY, "not enough memory for %s: %s are needed, and %s are left %s", what, needs, has,
                   of);
}

/* What a rank needs, and where it is: ranks with the same number share. */
typedef struct claim {
    double bytes;
    uint64_t machine, group;
} claim;

static claim claim_of(double bytes) {
    char machine[TEXT], group[TEXT];
    const char *const words[] = {machine, group};
    read_text("", "/proc/sys/kernel/random/boot_id", machine);
    read_text("", "/proc/self/cgroup", group);
    return (claim){bytes, pm_stream_key(0, words, 1), pm_stream_key(0, words, 2)};
}

pm_status pm_room_check_all(double bytes, const char *what, const pm_exchange *exchange, pm_error *error) {
    const bool alone = !exchange || exchange->size == 1;
    if (alone && bytes < SMALL)
        return PM_OK;
    const pm_room left = pm_room_left("");
    const claim own = claim_of(bytes), *all = alone ? &own : exchange->gather(exchange->user, &own, sizeof own, NULL);
    double machine = 0.0, group = 0.0;
    for (uint32_t r = 0; r < (alone ? 1 : exchange->size); r++) {
        machine += all[r].machine == own.machine ? all[r].bytes : 0.0;
        group += all[r].group == own.group ? all[r].bytes : 0.0;
    }
    pm_status status = compare(bytes, left.space, "within the limit of address space (ulimit -v)", what, error);
    if (!status)
        status = compare(bytes, left.data, "within the limit of data (ulimit -d)", what, error);
    if (!status)
        status = compare(group, left.group, "within the limit of the control group", what, error);
    if (!status)
        status = compare(machine, left.machine, "on this machine", what, error);
    return pm_exchange_agree(exchange, status, error);
}

pm_status pm_room_check(double bytes, const char *what, pm_error *error) {
    return pm_room_check_all(bytes, what, NULL, error);
}
