/* Runs every suite: test/<room>/test_<name>.c defines `Suite *pm_suite_<name>(void)`. */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *pm_suite_##name(void);
#include "suites.h"
#undef SUITE

int main(void) {
    SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, pm_suite_##name());
#include "suites.h"
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
