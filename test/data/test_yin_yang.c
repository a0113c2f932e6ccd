#include "data/dataset.h"

#include <check.h>

/* The sets that results are compared on are those of the published generator under NumPy: their last points to the bit,
 * after all draws before them, and how many points each class has. */
START_TEST(published) {
    static const struct {
        uint32_t seed;
        size_t n, of_class[3];
        double x, y; /* of the last point */
    } sets[] = {{42, 5000, {1681, 1702, 1617}, 0x1.89c4d1458e203p-1, 0x1.2d3ac2bedbf80p-1},
                {41, 1000, {316, 336, 348}, 0x1.6be16840556a5p-1, 0x1.9c06028ff6098p-1},
                {40, 1000, {350, 316, 334}, 0x1.5038850813b78p-2, 0x1.8f57b6ece295cp-2}};
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        pm_dataset data;
        size_t count[3] = {0};
        ck_assert_int_eq(pm_dataset_yin_yang_published(sets[k].seed, sets[k].n, &data, NULL), PM_OK);
        for (size_t i = 0; i < data.n; i++)
            count[data.label[i]]++;
        for (size_t class = 0; class < 3; class ++)
            ck_assert_uint_eq(count[class], sets[k].of_class[class]);
        const double *last = data.values + (data.n - 1) * data.n_features;
        ck_assert(last[0] == sets[k].x && last[1] == sets[k].y);
        ck_assert(last[2] == 1.0 - sets[k].x && last[3] == 1.0 - sets[k].y);
        pm_dataset_free(&data);
    }
}
END_TEST

Suite *pm_suite_yin_yang(void);
Suite *pm_suite_yin_yang(void) {
    Suite *suite = suite_create("yin_yang");
    TCase *tests = tcase_create("yin_yang");
    tcase_add_test(tests, published);
    suite_add_tcase(suite, tests);
    return suite;
}
