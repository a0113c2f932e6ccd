/* Search files from inside. */
#include "io/search_yaml.h"
#include "support/folder.h"

#include <check.h>
#include <stdio.h>

static char folder[TEST_FOLDER_SIZE];

static const char *place(const char *name) { return test_folder_place(folder, name); }

static void put(const char *name, const char *text) {
    FILE *file = fopen(place(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* All points are of one experiment: its file is read once, whatever becomes of it in the course of a search. */
START_TEST(one_experiment) {
    pm_search *search = NULL;
    pm_experiment *experiment = NULL;
    pm_error error = {0};
    test_folder_make(folder);
    put("experiment.yaml",
        "duration: 100.0\nlayers: [{name: in, size: 5}, {name: out, size: 1}]\n"
        "problem: {poisson: {}}\ngoal: {correlation: 0.9, tau: 5.0}\nrule: {normad: {tau_hat: 2.0}}\n");
    put("search.yaml",
        "experiment: experiment.yaml\nseed: 7\ntrials: 2\nvary: {rule.normad.tau_hat: {choice: [3.0, 4.0]}}\n");
    ck_assert_msg(pm_search_load(place("search.yaml"), &search, &error) == PM_OK, "%s", error.message);
    put("experiment.yaml", "duration: 50.0\n");
    for (uint32_t point = 0; point < 2; point++) {
        ck_assert_msg(pm_search_experiment(search, point, &experiment, &error) == PM_OK, "%s", error.message);
        ck_assert_double_eq(experiment->duration, 100.0);
        ck_assert_uint_eq(experiment->seed, 7);
        pm_experiment_free(experiment);
    }
    pm_search_free(search);
    test_folder_remove(folder);
}
END_TEST

Suite *pm_suite_search(void);
Suite *pm_suite_search(void) {
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");
    tcase_add_test(tests, one_experiment);
    suite_add_tcase(suite, tests);
    return suite;
}
