/* A list holds what was appended, in order, whatever fails on the way; sizes beyond all memory are refused. */
#include "base/list.h"
#include "support/starve.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

START_TEST(keeps_what_was_appended) {
    PM_LIST(uint32_t) list = {0};
    size_t failed = 0;
    for (uint32_t k = 0; k < 1000; k++) {
        starve(k % 3 == 0); /* whether this one has to grow or not */
        bool added = PM_LIST_ADD(list, k);
        if (!added)
            failed++;
        starve(0);
        if (!added)
            ck_assert(PM_LIST_ADD(list, k));
    }
    ck_assert_uint_gt(failed, 0);
    ck_assert_uint_eq(list.count, 1000);
    ck_assert_uint_ge(list.capacity, 1000);
    for (uint32_t k = 0; k < 1000; k++)
        ck_assert_uint_eq(list.items[k], k);
    free(list.items);
}
END_TEST

START_TEST(refuses_what_cannot_be) {
    PM_LIST(double) list = {0};
    ck_assert(!PM_LIST_RESERVE(list, SIZE_MAX));
    ck_assert(!PM_LIST_RESERVE(list, SIZE_MAX / sizeof(double) + 2)); /* whose bytes would be few, modulo 2^64 */
    ck_assert(!PM_LIST_RESERVE(list, (size_t)1 << 56));
    ck_assert_ptr_null(list.items);
    ck_assert_uint_eq(list.capacity, 0);
    ck_assert(PM_LIST_RESERVE(list, 5));
    free(list.items);
}
END_TEST

Suite *pm_suite_list(void);
Suite *pm_suite_list(void) {
    Suite *suite = suite_create("list");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, keeps_what_was_appended);
    tcase_add_test(cases, refuses_what_cannot_be);
    suite_add_tcase(suite, cases);
    return suite;
}
