/* Files of results from inside: that they are the files that were written, however many there are. */
#define _GNU_SOURCE
#include "io/output.h"
#include "io/results.h"
#include "support/folder.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 220, ROUNDS = 3, PIECE = 9000 };

static char folder[TEST_FOLDER_SIZE];
static pm_results *results;
static pm_error error;

static void setup(void) {
    test_folder_make(folder);
    ck_assert_int_eq(pm_results_open(folder, NULL, true, &results, &error), PM_OK);
}

static void teardown(void) {
    pm_results_close(results, false);
    test_folder_remove(folder);
}

static const char *place(const char *name) { return test_folder_place(folder, name); }

static bool there(const char *name) { return access(place(name), F_OK) == 0; }

static json_t *summary(void) { return json_pack("{s:i}", "seed", 1); }

/* Files are written side by side through fewer descriptors than there are files. */
static void write_many(pm_output *outputs) {
    static char piece[PIECE];
    for (int k = 0; k < MANY; k++) {
        char name[32];
        snprintf(name, sizeof name, "many/file-%d", k);
        ck_assert_int_eq(pm_output_open_in(&outputs[k], results, name, &error), PM_OK);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < MANY; k++) {
            memset(piece, 'a' + (k + round) % 26, sizeof piece);
            ck_assert_int_eq(pm_output_bytes(&outputs[k], piece, sizeof piece, &error), PM_OK);
        }
}

START_TEST(more_files_than_descriptors) {
    static pm_output outputs[MANY];
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 216;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    write_many(outputs);
    for (int k = 0; k < MANY; k++)
        ck_assert_int_eq(pm_output_commit(&outputs[k], &error), PM_OK);
    json_t *text = summary();
    ck_assert(!there("many/file-0") && there("many/.file-0.partial"));
    ck_assert_int_eq(pm_results_commit(results, text, &error), PM_OK);
    json_decref(text);
    ck_assert(there("many/file-0") && there("summary.json"));
    FILE *file = fopen(place("many/file-219"), "r");
    ck_assert_ptr_nonnull(file);
    for (int n = 0; n < ROUNDS * PIECE; n++)
        ck_assert_int_eq(fgetc(file), 'a' + (219 + n / PIECE) % 26);
    ck_assert_int_eq(fgetc(file), EOF);
    (void)fclose(file);
}
END_TEST

/* Whether a file stays open or not: one that was replaced by another of the same length is not written to. */
START_TEST(replaced_files) {
    static pm_output outputs[MANY];
    char name[48], other[48], command[400];
    write_many(outputs);
    for (int k = 0; k < MANY; k += MANY - 1) {
        snprintf(name, sizeof name, "many/.file-%d.partial", k);
        snprintf(other, sizeof other, "many/other-%d", k);
        snprintf(command, sizeof command, "cd '%s' && cp '%s' '%s' && mv '%s' '%s'", folder, name, other, other, name);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(pm_output_commit(&outputs[k], &error), PM_FAILED);
        ck_assert_ptr_nonnull(strstr(error.message, "removed, replaced or changed"));
    }
    for (int k = 0; k < MANY; k++)
        pm_output_discard(&outputs[k]);
    ck_assert(!there("many/.file-1.partial"));
}
END_TEST

/* A second owner is refused, also within one process, until the first one lets go. */
START_TEST(one_owner) {
    pm_results *second = NULL;
    ck_assert_int_eq(pm_results_open(folder, NULL, true, &second, &error), PM_FAILED);
    pm_results_close(second, false);
    pm_results_close(results, false);
    ck_assert_int_eq(pm_results_open(folder, NULL, true, &results, &error), PM_OK);
}
END_TEST

static pm_output_mark leave_file(const char *text) {
    pm_output output = {0};
    pm_output_mark mark;
    ck_assert_int_eq(pm_output_open_in(&output, results, "left", &error), PM_OK);
    ck_assert_int_eq(pm_output_write(&output, &error, "%s", text), PM_OK);
    ck_assert_int_eq(pm_output_flush(&output, &mark, &error), PM_OK);
    ck_assert_int_eq(pm_output_write(&output, &error, "more"), PM_OK);
    ck_assert_int_eq(pm_output_flush(&output, &(pm_output_mark){0}, &error), PM_OK);
    pm_output_leave(&output);
    return mark;
}

static pm_status go_on(const pm_output_mark *mark) {
    pm_output output = {0};
    ck_assert_int_eq(pm_output_open_in(&output, results, "left", &error), PM_OK);
    pm_status status = pm_output_reopen(&output, mark, &error);
    if (!status)
        ck_assert_int_eq(pm_output_write(&output, &error, " end"), PM_OK);
    return pm_output_close(&output, status, &error);
}

/* What a checkpoint goes on with has to be what it speaks of, byte for byte; nothing is written elsewhere. */
START_TEST(only_what_was_left) {
    pm_output_mark mark = leave_file("begin");
    char command[300];
    snprintf(command, sizeof command, "cd '%s' && cp .left.partial kept && printf 'Begin' > .left.partial", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(go_on(&mark), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "another than it was"));
    ck_assert_int_eq(truncate(place(".left.partial"), 3), 0);
    ck_assert_int_eq(go_on(&mark), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "shorter than it was"));
    snprintf(command, sizeof command, "cd '%s' && ln -sf kept .left.partial", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(go_on(&mark), PM_INVALID);
    snprintf(command, sizeof command, "cd '%s' && ln -f kept .left.partial", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(go_on(&mark), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "linked to another"));
    ck_assert_int_eq(unlink(place(".left.partial")), 0);
    ck_assert_int_eq(go_on(&mark), PM_INVALID);
    snprintf(command, sizeof command, "cd '%s' && mv kept left", folder); /* as after a commit */
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(go_on(&mark) == PM_OK, "%s", error.message);
    ck_assert(!there("left"));
    json_t *text = summary();
    ck_assert_int_eq(pm_results_commit(results, text, &error), PM_OK);
    json_decref(text);
    snprintf(command, sizeof command, "test \"$(cat '%s/left')\" = 'begin end'", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

Suite *pm_suite_results(void);
Suite *pm_suite_results(void) {
    Suite *suite = suite_create("results");
    TCase *tests = tcase_create("results");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, more_files_than_descriptors);
    tcase_add_test(tests, replaced_files);
    tcase_add_test(tests, one_owner);
    tcase_add_test(tests, only_what_was_left);
    suite_add_tcase(suite, tests);
    return suite;
}
