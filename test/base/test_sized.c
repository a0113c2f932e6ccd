/* Structures of callers that know less, and more, than today's library. */
#include "base/sized.h"

#include <check.h>
#include <string.h>

typedef struct today {
    double first;
    size_t size;
    double later;
} today;

/* What a caller does not know of is 0; who knows more than the library is refused. */
START_TEST(structures_grow) {
    pm_error error = {0};
    const today given = {1.0, 0, 2.0}, whole = {1.0, sizeof whole, 2.0}, longer = {1.0, sizeof longer + 8, 2.0},
                shorter = {1.0, 8, 2.0};
    today own;
    ck_assert_int_eq(PM_SIZED_COPY(own, &given, "a thing", &error), PM_OK);
    ck_assert_double_eq(own.first, 1.0);
    ck_assert_double_eq(own.later, 0.0);
    ck_assert_int_eq(PM_SIZED_COPY(own, &whole, "a thing", &error), PM_OK);
    ck_assert_double_eq(own.later, 2.0);
    ck_assert_int_eq(PM_SIZED_COPY(own, &longer, "a thing", &error), PM_INVALID);
    ck_assert_str_eq(error.key, "size");
    ck_assert_ptr_nonnull(strstr(error.message, "a thing of 32 bytes"));
    ck_assert_int_eq(PM_SIZED_COPY(own, &shorter, "a thing", &error), PM_INVALID);
}
END_TEST

Suite *pm_suite_sized(void);
Suite *pm_suite_sized(void) {
    Suite *suite = suite_create("sized");
    TCase *tests = tcase_create("sized");
    tcase_add_test(tests, structures_grow);
    suite_add_tcase(suite, tests);
    return suite;
}
