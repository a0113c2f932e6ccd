/* What is left is the least of what the machine, the control groups around the process (of both versions) and its limits
 * leave; page cache counts as free. Ranks on one machine share it. */
#define _GNU_SOURCE
#include "base/room.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/punctum-room-XXXXXX";

static void put(const char *path, const char *text) {
    char name[300];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = strchr(name + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(name, 0777);
        *slash = '/';
    }
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void begin(void) {
    strcpy(root + strlen(root) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void end(void) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(the_machine) {
    ck_assert(isinf(pm_room_left(root).machine)); /* nobody knows */
    put("/proc/meminfo", "MemTotal:  8000000 kB\nMemFree: 1 kB\nMemAvailable:    5000000 kB\nSwapTotal: 9 kB\n"
                         "SwapFree:          1000 kB\n");
    ck_assert_double_eq(pm_room_left(root).machine, 1024.0 * 5001000.0);
    ck_assert(isinf(pm_room_left(root).group));
}
END_TEST

START_TEST(groups_of_version_2) {
    put("/proc/self/cgroup", "0::/outer/inner\n");
    put("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    ck_assert(isinf(pm_room_left(root).group));
    put("/sys/fs/cgroup/outer/memory.max", "1000000000\n");
    put("/sys/fs/cgroup/outer/memory.current", "300000000\n");
    put("/sys/fs/cgroup/outer/memory.stat", "anon 1\nfile 99\ninactive_file 40000000\nactive_file 10000000\n");
    ck_assert_double_eq(pm_room_left(root).group, 750e6);
    put("/sys/fs/cgroup/outer/inner/memory.max", "600000000\n");
    put("/sys/fs/cgroup/outer/inner/memory.current", "100000000\n");
    ck_assert_double_eq(pm_room_left(root).group, 500e6);
    put("/sys/fs/cgroup/memory.max", "200000000\n"); /* a container sees its own group as the root */
    ck_assert_double_eq(pm_room_left(root).group, 200e6);
    put("/sys/fs/cgroup/memory.current", "200000001\n");
    ck_assert_double_eq(pm_room_left(root).group, 0.0);
}
END_TEST

START_TEST(groups_of_version_1) {
    put("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/job/1\n3:memoryless:/b\n");
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/job/1/memory.limit_in_bytes", "500000000\n");
    put("/sys/fs/cgroup/memory/job/1/memory.usage_in_bytes", "300000000\n");
    put("/sys/fs/cgroup/memory/job/1/memory.stat", "inactive_file 7\ntotal_inactive_file 50000000\n");
    ck_assert_double_eq(pm_room_left(root).group, 250e6);
}
END_TEST

START_TEST(limits) {
    struct rlimit own;
    ck_assert_int_eq(getrlimit(RLIMIT_DATA, &own), 0);
    const struct rlimit less = {.rlim_cur = (rlim_t)1 << 46, .rlim_max = own.rlim_max};
    const double before = pm_room_left("").data;
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &less), 0);
    const double after = pm_room_left("").data;
    ck_assert(after < 0x1p46 && after <= before);
    pm_error error = {0};
    ck_assert_int_eq(pm_room_check(0x1p47, "a test", &error), PM_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(error.message, "not enough memory for a test: 140737 GB are needed, and "));
    ck_assert_int_eq(pm_room_check(1e3, "a test", &error), PM_OK);
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &own), 0);
}
END_TEST

/* Both ranks of an exchange that say the same. */
static const void *gather(void *user, const void *own, size_t bytes, const size_t **sizes) {
    unsigned char *both = user;
    memcpy(both, own, bytes);
    memcpy(both + bytes, own, bytes);
    if (sizes)
        *sizes = NULL;
    return both;
}
static void sum(void *user, uint64_t *values, size_t n) {
    (void)user;
    for (size_t k = 0; k < n; k++)
        values[k] *= 2;
}

START_TEST(ranks_share_a_machine) {
    _Alignas(8) static unsigned char both[4096];
    const pm_exchange exchange = {.rank = 0, .size = 2, .user = both, .gather = gather, .sum = sum};
    const double machine = pm_room_left("").machine;
    pm_error error = {0};
    if (isinf(machine))
        return;
    ck_assert_int_eq(pm_room_check_all(0.1 * machine, "a test", &exchange, &error), PM_OK);
    ck_assert_int_eq(pm_room_check_all(0.7 * machine, "a test", &exchange, &error), PM_NO_MEMORY);
}
END_TEST

Suite *pm_suite_room(void);
Suite *pm_suite_room(void) {
    Suite *suite = suite_create("room");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, the_machine);
    tcase_add_test(cases, groups_of_version_2);
    tcase_add_test(cases, groups_of_version_1);
    tcase_add_test(cases, limits);
    tcase_add_test(cases, ranks_share_a_machine);
    suite_add_tcase(suite, cases);
    return suite;
}
