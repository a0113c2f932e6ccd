#include "sim/queue.h"

#include <check.h>

/* What was pushed for a slab comes out when that slab is opened, by time and source, however far away it was. */
START_TEST(order_within_slabs) {
    pm_queue *queue = pm_queue_new(1e9); /* longer than any ring: far slabs wait in the heap */
    ck_assert_ptr_nonnull(queue);
    enum { SLABS = 200 };
    const int64_t stride = 1000; /* up to 200,000 slabs ahead: beyond the ring */
    for (uint32_t round = 3; round-- > 0;)
        for (int64_t slab = SLABS - 1; slab >= 0; slab--) {
            pm_flight flight = {.time = (double)slab, .source = round, .group = (uint32_t)slab};
            ck_assert_int_eq(pm_queue_push(queue, slab * stride, &flight), PM_OK);
        }
    for (int64_t slab = 0; slab < SLABS * stride; slab++) {
        pm_bucket *bucket = pm_queue_open(queue, slab);
        ck_assert_ptr_nonnull(bucket);
        ck_assert_uint_eq(bucket->count, slab % stride ? 0 : 3);
        for (uint32_t k = 0; k < bucket->count; k++) {
            ck_assert_uint_eq(bucket->flights[k].group, (uint32_t)(slab / stride));
            ck_assert_uint_eq(bucket->flights[k].source, k);
        }
        bucket->count = 0;
    }
    pm_queue_free(queue);
}
END_TEST

/* The order within a slab is that of (time, source), in whatever order the entries were pushed. */
START_TEST(order_of_pushing) {
    pm_queue *queue = pm_queue_new(4.0);
    enum { N = 1000 };
    for (uint32_t n = 1; n < N; n += 1 + n / 4) {
        for (uint32_t k = 0; k < n; k++) {
            uint32_t number = (uint32_t)((uint64_t)k * 389 % n); /* some numbers twice, if n shares a factor */
            pm_flight flight = {.time = (double)(number / 3), .source = number % 3};
            ck_assert_int_eq(pm_queue_push(queue, n, &flight), PM_OK);
        }
        pm_bucket *bucket = pm_queue_open(queue, n);
        ck_assert_uint_eq(bucket->count, n);
        double sum = 0.0;
        for (uint32_t k = 0; k < n; k++) {
            const pm_flight *a = &bucket->flights[k ? k - 1 : 0], *b = &bucket->flights[k];
            ck_assert(a->time < b->time || (a->time == b->time && a->source <= b->source));
            sum += 3.0 * b->time + b->source;
        }
        double expected = 0.0;
        for (uint32_t k = 0; k < n; k++)
            expected += (double)((uint64_t)k * 389 % n);
        ck_assert_double_eq(sum, expected);
        bucket->count = 0;
    }
    pm_queue_free(queue);
}
END_TEST

/* A cleared queue is empty, and may start at slab 0 again. */
START_TEST(clearing) {
    pm_queue *queue = pm_queue_new(4.0);
    pm_flight flight = {0};
    pm_queue_open(queue, 5);
    for (int64_t slab = 5; slab < 100; slab++)
        ck_assert_int_eq(pm_queue_push(queue, slab, &flight), PM_OK);
    pm_queue_clear(queue);
    for (int64_t slab = 0; slab < 200; slab++)
        ck_assert_uint_eq(pm_queue_open(queue, slab)->count, 0);
    pm_queue_free(queue);
    pm_queue_free(NULL);
}
END_TEST

/* The next slab that has entries is found, near and far, wherever the ring stands. */
START_TEST(next_slab) {
    pm_queue *queue = pm_queue_new(100.0);
    const pm_flight flight = {.time = 1.0};
    static const int64_t slabs[] = {3, 64, 127, 128, 255, 1000000, 1000001};
    int64_t now = 0;
    ck_assert(pm_queue_next(queue, now) == INT64_MAX);
    for (size_t k = sizeof slabs / sizeof *slabs; k-- > 0;)
        ck_assert_int_eq(pm_queue_push(queue, slabs[k], &flight), PM_OK);
    for (size_t k = 0; k < sizeof slabs / sizeof *slabs; k++) {
        now = pm_queue_next(queue, now);
        ck_assert(now == slabs[k]);
        pm_bucket *bucket = pm_queue_open(queue, now);
        ck_assert_uint_eq(bucket->count, 1);
        bucket->count = 0;
    }
    ck_assert(pm_queue_next(queue, now) == INT64_MAX);
    pm_queue_free(queue);
}
END_TEST

Suite *pm_suite_queue(void);
Suite *pm_suite_queue(void) {
    Suite *suite = suite_create("queue");
    TCase *tests = tcase_create("queue");
    tcase_add_test(tests, order_within_slabs);
    tcase_add_test(tests, next_slab);
    tcase_add_test(tests, order_of_pushing);
    tcase_add_test(tests, clearing);
    suite_add_tcase(suite, tests);
    return suite;
}
