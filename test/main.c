/* Runs every suite: test/<room>/test_<name>.c defines `Suite *pm_suite_<name>(void)`.
 *
 * Suites know nothing of each other: as many processes as there are cores take one after the other, and count in memory
 * that they share. CK_RUN_SUITE=name runs one of them; no checks at all are a failure. */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUITE(name) Suite *pm_suite_##name(void);
#include "suites.h"
#undef SUITE

static Suite *(*const suites[])(void) = {
#define SUITE(name) pm_suite_##name,
#include "suites.h"
#undef SUITE
};

typedef struct counts {
    atomic_int next; /* suite that nobody has taken yet */
    atomic_int checks, failures, errors;
} counts;

static void report(SRunner *runner, counts *all) {
    TestResult **failed = srunner_failures(runner);
    const int n = srunner_ntests_failed(runner);
    for (int k = 0; k < n; k++)
        atomic_fetch_add(tr_rtype(failed[k]) == CK_FAILURE ? &all->failures : &all->errors, 1);
    free((void *)failed);
    if (n > 0)
        srunner_print(runner, CK_NORMAL);
    fflush(stdout);
    atomic_fetch_add(&all->checks, srunner_ntests_run(runner));
}

static void run_suites(counts *all) {
    const int n = (int)(sizeof suites / sizeof *suites);
    for (int k = atomic_fetch_add(&all->next, 1); k < n; k = atomic_fetch_add(&all->next, 1)) {
        SRunner *runner = srunner_create(suites[k]());
        srunner_run_all(runner, CK_SILENT);
        report(runner, all);
        srunner_free(runner);
    }
}

int main(void) {
    counts *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return EXIT_FAILURE;
    const long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    for (long k = 0; k < n_cores; k++) {
        const pid_t child = fork();
        if (child == 0) {
            run_suites(all);
            exit(EXIT_SUCCESS);
        }
        if (child < 0)
            atomic_fetch_add(&all->errors, 1);
    }
    for (int status; wait(&status) > 0;)
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            atomic_fetch_add(&all->errors, 1);
    const int failed = all->failures + all->errors;
    printf("%d%%: Checks: %d, Failures: %d, Errors: %d\n", all->checks ? 100 * (all->checks - failed) / all->checks : 0,
           all->checks, all->failures, all->errors);
    return failed || !all->checks ? EXIT_FAILURE : EXIT_SUCCESS;
}
