/* Search, defaults and checks of kinds, on a kind of the test's own. */
#include "base/kind.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct thing {
    double length, share, shape, steps;
    size_t count;
    double end;
} thing;

static const char *const shapes[] = {"round", "square", NULL};
static const pm_field fields[] = {
    {"length", "ms", "", offsetof(thing, length), 5.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"share", "", "", offsetof(thing, share), 0.5, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"shape", "", "", offsetof(thing, shape), 1.0, .words = shapes},
    {"steps", "", "", offsetof(thing, steps), 20.0, .bounds = {1.0, 100.0, PM_CLOSED}, .type = PM_WHOLE},
    {"count", "", "", offsetof(thing, count), INFINITY, "all", .bounds = {1.0, INFINITY, PM_CLOSED}, .type = PM_COUNT},
    {"end", "ms", "", offsetof(thing, end), NAN, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};
enum { LENGTH, SHARE, SHAPE, STEPS, COUNT, END };

static pm_status check(const void *structure, pm_error *error) {
    const thing *t = structure;
    return t->end > t->length ? PM_OK : pm_fail_key(error, "end", "end is too early");
}

static const pm_kind kind = {"thing", "", "", fields, sizeof fields / sizeof *fields, sizeof(thing), check};
static const pm_kind other = {.name = "other"};
static const pm_kind *const list[] = {&kind, &other, NULL};

/* A kind is found by its name; of a name that there is not, the nearest one is told, or else all. */
START_TEST(search) {
    const pm_kind *found = NULL;
    pm_error error = {0};
    ck_assert_ptr_eq(pm_kind_find(list, "other"), &other);
    ck_assert_ptr_null(pm_kind_find(list, "oth"));
    ck_assert_ptr_eq(pm_kind_field(&kind, "share"), &fields[SHARE]);
    ck_assert_ptr_null(pm_kind_field(&kind, "shares"));
    ck_assert_ptr_null(pm_kind_field_at(&kind, kind.n_fields));
    ck_assert_int_eq(pm_kind_choose(list, "toy", "thing", &found, &error), PM_OK);
    ck_assert_ptr_eq(found, &kind);
    ck_assert_int_eq(pm_kind_choose(list, "toy", "thinh", &found, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "there is no toy 'thinh'; did you mean 'thing'?");
    ck_assert_int_eq(pm_kind_choose(list, "toy", "zebra", &found, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "there is no toy 'zebra'; one of these is wanted: thing, other");
}
END_TEST

/* Defaults are those of the table; numbers and counts come back as they were set, SIZE_MAX as infinity. */
START_TEST(values) {
    thing t;
    memset(&t, 0xff, sizeof t);
    pm_kind_preset(&kind, &t);
    ck_assert(t.length == 5.0 && t.share == 0.5 && t.shape == 1.0 && t.steps == 20.0 && isnan(t.end));
    ck_assert_uint_eq(t.count, SIZE_MAX);
    ck_assert(isinf(pm_field_value(&fields[COUNT], &t)));
    pm_field_set(&fields[COUNT], &t, 12.0);
    ck_assert_uint_eq(t.count, 12);
    ck_assert(pm_field_value(&fields[COUNT], &t) == 12.0);
    ck_assert_int_eq(pm_kind_set(&kind, &t, "share", 0.25, NULL), PM_OK);
    ck_assert(t.share == 0.25);
    ck_assert_int_eq(pm_kind_set(&kind, &t, "share", 2.0, NULL), PM_INVALID);
    ck_assert_int_eq(pm_kind_set(&kind, &t, "shares", 0.5, NULL), PM_INVALID);
    ck_assert(t.share == 0.25);
}
END_TEST

/* Bounds are kept with their open and closed ends; the message names the field, its value and its range, the error's
 * key the field. */
START_TEST(ranges) {
    const struct {
        size_t field;
        double value;
        const char *message; /* NULL: it is possible */
    } cases[] = {
        {LENGTH, 1e-9, NULL},
        {LENGTH, 1e-10, "length is 1e-10 ms; it must be positive, at least 1e-9 ms"},
        {LENGTH, INFINITY, "length is inf ms; it must be positive, at least 1e-9 ms"},
        {SHARE, 0.0, NULL},
        {SHARE, 1.0, "share is 1; it must be from 0 to below 1"},
        {SHARE, NAN, "share is nan; it must be from 0 to below 1"},
        {SHAPE, 0.0, NULL},
        {SHAPE, 2.0, "shape is 2; it must be one of round, square"},
        {SHAPE, 0.5, "shape is 0.5; it must be one of round, square"},
        {STEPS, 6.5, "steps is 6.5; it must be a whole number from 1 to 100"},
        {COUNT, INFINITY, "count is inf; it must be a whole number, at least 1"},
        {COUNT, 0.0, "count is 0; it must be a whole number, at least 1"},
        {END, 0.0, "end is 0 ms; it must be positive"},
        {END, NAN, "end is nan ms; it must be positive"}, /* it has no default */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        pm_error error = {0};
        pm_status status = pm_field_check(&fields[cases[k].field], cases[k].value, &error);
        ck_assert_int_eq(status, cases[k].message ? PM_INVALID : PM_OK);
        ck_assert_str_eq(error.message, cases[k].message ? cases[k].message : "");
        ck_assert_str_eq(error.key, cases[k].message ? fields[cases[k].field].name : "");
    }
}
END_TEST

/* Fields are checked in their order, then together; an error that blames no field has no key. */
START_TEST(together) {
    thing t;
    pm_error error = {0};
    pm_kind_preset(&kind, &t);
    ck_assert_int_eq(pm_kind_check(&kind, &t, &error), PM_INVALID);
    ck_assert_str_eq(error.key, "end");
    t.end = 1.0;
    ck_assert_int_eq(pm_kind_check(&kind, &t, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "end is too early");
    t.end = 6.0; /* the count is infinite, which is its default, and may not be given */
    ck_assert_int_eq(pm_kind_check(&kind, &t, &error), PM_OK);
    (void)pm_fail(&error, PM_INVALID, "something else");
    ck_assert_str_eq(error.key, "");
}
END_TEST

Suite *pm_suite_kind(void);
Suite *pm_suite_kind(void) {
    Suite *suite = suite_create("kind");
    TCase *tests = tcase_create("kind");
    tcase_add_test(tests, search);
    tcase_add_test(tests, values);
    tcase_add_test(tests, ranges);
    tcase_add_test(tests, together);
    suite_add_tcase(suite, tests);
    return suite;
}
