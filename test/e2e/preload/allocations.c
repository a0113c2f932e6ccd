/* Memory that runs out in a whole program, libraries included: loaded before the C library, it lets allocation number
 * PM_FAIL_AT fail (from 1, counted from the beginning of main), and with PM_FAIL_ON=1 all that follow. At the end the
 * number of allocations that were asked for is written into the file PM_FAIL_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

typedef int program(int, char **, char **);

static program *begin;
static const char *count_file;
static unsigned long fail_at;
static bool fail_on;
static atomic_ulong asked;
static atomic_bool counting;

static bool fails(void) {
    if (!atomic_load(&counting))
        return false;
    unsigned long n = atomic_fetch_add(&asked, 1) + 1;
    if (fail_at == 0 || (fail_on ? n < fail_at : n != fail_at))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return fails() ? NULL : __libc_realloc(block, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = fails() ? NULL : __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

static void end(void) {
    char text[32];
    atomic_store(&counting, false); /* builds for coverage write their counts after this */
    if (!count_file)
        return;
    int file = open(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&asked));
    if (file < 0 || write(file, text, (size_t)n) != n || close(file) != 0)
        _exit(99);
}

static int counted(int argc, char **argv, char **environment) {
    const char *at = getenv("PM_FAIL_AT"), *on = getenv("PM_FAIL_ON");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = on && on[0] == '1';
    count_file = getenv("PM_FAIL_COUNT");
    (void)atexit(end);
    (void)unsetenv("LD_PRELOAD"); /* programs that it starts have all the memory */
    atomic_store(&counting, true);
    return begin(argc, argv, environment);
}

typedef int start(program *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
int __libc_start_main(program *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(program *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
    begin = main;
    start *real = (start *)dlsym(RTLD_NEXT, "__libc_start_main");
    return real(counted, argc, argv, init, fini, rtld_fini, stack_end);
}
