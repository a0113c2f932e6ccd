/* A temporary folder of a test's own. */
#ifndef PM_TEST_FOLDER_H
#define PM_TEST_FOLDER_H

enum { TEST_FOLDER_SIZE = 40 };

/* Makes it and writes its path to `path`; and removes it with all that it holds. */
void test_folder_make(char path[TEST_FOLDER_SIZE]);
void test_folder_remove(const char *path);

/* The path of a file in it; until the next call. */
const char *test_folder_place(const char *folder, const char *name);

#endif
