/* Every kind that there is, seen as a user of the library sees it. */
#include <punctum/punctum.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Calls `see` for every kind. */
static void for_each(void (*see)(const pm_category *, const pm_kind *)) {
    for (size_t c = 0; pm_category_at(c); c++) {
        const pm_category *category = pm_category_at(c);
        ck_assert_ptr_eq(pm_category_find(category->name), category);
        ck_assert_ptr_nonnull(category->kinds[0]);
        for (size_t k = 0; category->kinds[k]; k++)
            see(category, category->kinds[k]);
    }
}

static void see_names(const pm_category *category, const pm_kind *kind) {
    ck_assert_ptr_eq(pm_kind_find(category->kinds, kind->name), kind);
    ck_assert_msg(kind->help[0] && kind->source, "%s", kind->name);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *field = pm_kind_field_at(kind, k);
        ck_assert_msg(pm_kind_field(kind, field->name) == field, "%s.%s", kind->name, field->name);
        ck_assert_msg(field->help[0] && field->unit, "%s.%s", kind->name, field->name);
        ck_assert_msg(strlen(field->name) < PM_KEY_SIZE, "%s.%s", kind->name, field->name);
    }
}

/* Names are found again and not twice in a list, and everything is explained. */
START_TEST(names) {
    for_each(see_names);
    ck_assert_ptr_null(pm_category_find("nothing"));
}
END_TEST

static void see_values(const pm_category *category, const pm_kind *kind) {
    void *room = calloc(1, kind->size + 1);
    ck_assert_ptr_nonnull(room);
    (void)category;
    pm_kind_preset(kind, room);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *f = pm_kind_field_at(kind, k);
        double was = pm_field_value(f, room);
        ck_assert_msg(was == f->preset || (isnan(was) && isnan(f->preset)), "%s.%s", kind->name, f->name);
        ck_assert_uint_le(f->offset + sizeof(double), kind->size);
        ck_assert_msg(f->words || f->bounds.low < f->bounds.high, "%s.%s", kind->name, f->name);
        ck_assert_msg(!f->words || f->type == PM_NUMBER, "%s.%s", kind->name, f->name);
        bool must_be_given = isnan(f->preset) && !f->otherwise;
        ck_assert_msg(isfinite(f->preset) || f->otherwise || must_be_given, "%s.%s", kind->name, f->name);
        for (size_t j = 0; j < k; j++)
            ck_assert_uint_ne(kind->fields[j].offset, f->offset);
        if (must_be_given)
            pm_field_set(f, room, f->bounds.high);
    }
    pm_error error = {0};
    ck_assert_msg(pm_kind_check(kind, room, &error) == PM_OK, "%s: %s", kind->name, error.message);
    free(room);
}

/* Defaults are possible values, each in a place of its own within the structure, and go together. */
START_TEST(defaults) { for_each(see_values); }
END_TEST

static void see_ends(const pm_category *category, const pm_kind *kind) {
    (void)category;
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *f = pm_kind_field_at(kind, k);
        pm_error error = {0};
        if (f->words)
            continue;
        double low = f->bounds.low, high = f->bounds.high;
        double below = f->bounds.open & PM_LOW_OPEN ? low : nextafter(low, -INFINITY);
        double above = f->bounds.open & PM_HIGH_OPEN ? high : nextafter(high, INFINITY);
        ck_assert_msg(pm_field_check(f, below, &error) == PM_INVALID, "%s.%s", kind->name, f->name);
        ck_assert_msg(pm_field_check(f, above, &error) == PM_INVALID, "%s.%s", kind->name, f->name);
        ck_assert_msg(pm_field_check(f, -INFINITY, &error) == PM_INVALID, "%s.%s", kind->name, f->name);
        ck_assert_ptr_nonnull(strstr(error.message, f->name));
    }
}

/* What lies beyond a bound is refused, and so is what is no finite number. */
START_TEST(ends) { for_each(see_ends); }
END_TEST

Suite *pm_suite_kinds(void);
Suite *pm_suite_kinds(void) {
    Suite *suite = suite_create("kinds");
    TCase *tests = tcase_create("kinds");
    tcase_add_test(tests, names);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, ends);
    suite_add_tcase(suite, tests);
    return suite;
}
