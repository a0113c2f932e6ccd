/* A table finds what was added and nothing else, whatever the hashes are and whatever fails on the way. */
#include "base/table.h"
#include "support/starve.h"

#include <check.h>

static bool is_equal(const void *user, uint32_t number) { return *(const uint32_t *)user == number; }

static uint32_t look_for(const pm_table *table, uint64_t hash, uint32_t number) {
    return pm_table_find(table, hash, is_equal, &number);
}

START_TEST(finds_what_was_added) {
    const uint64_t different = _i == 0 ? 1 : _i == 1 ? 7 : 1000; /* hashes: all items have the same, some, few */
    pm_table table = {0};
    ck_assert_uint_eq(look_for(&table, 0, 0), PM_TABLE_NONE);
    for (uint32_t k = 0; k < 1000; k++) {
        starve(k % 3 == 0);
        const bool reserved = pm_table_reserve(&table);
        starve(0);
        ck_assert(reserved || pm_table_reserve(&table));
        pm_table_add(&table, k % different << 32, k);
    }
    for (uint32_t k = 0; k < 1000; k++)
        ck_assert_uint_eq(look_for(&table, k % different << 32, k), k);
    ck_assert_uint_eq(look_for(&table, 0, 1001), PM_TABLE_NONE);
    ck_assert_uint_eq(look_for(&table, 12345, 1), PM_TABLE_NONE);
    pm_table_free(&table);
}
END_TEST

Suite *pm_suite_table(void);
Suite *pm_suite_table(void) {
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("finding");
    tcase_add_loop_test(tests, finds_what_was_added, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
