/* Removal is by the shell's rm: nothing of a name is chosen outside of this file. */
#define _GNU_SOURCE
#include "support/folder.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

void test_folder_make(char path[TEST_FOLDER_SIZE]) {
    snprintf(path, TEST_FOLDER_SIZE, "/tmp/punctum-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

void test_folder_remove(const char *path) {
    char command[TEST_FOLDER_SIZE + 20];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq(system(command), 0);
}

const char *test_folder_place(const char *folder, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}
