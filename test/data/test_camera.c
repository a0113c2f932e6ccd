#include "data/camera.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28 };

/* A smooth spot beside a sharp bar. */
static void paint(uint8_t *picture) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            double spot = 255.0 * exp(-0.02 * ((x - 9) * (x - 9) + (y - 15) * (y - 15)));
            picture[y * SIDE + x] = x >= 20 && x < 23 && y > 5 ? 255 : (uint8_t)(spot < 3.0 ? 0.0 : spot);
        }
}

static double brightness(const uint8_t *picture, int x, int y) {
    return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0.0 : picture[y * SIDE + x] / 255.0;
}

/* The level of a pixel at time t, from the definition: bilinear between the pixels of the picture. */
static double level(const pm_camera *c, const uint8_t *picture, int x, int y, double t) {
    double offset[2], sum = 0.0;
    pm_camera_offset(c, t, offset);
    double u = x - 3.0 - offset[0], v = y - 3.0 - offset[1];
    for (int j = (int)floor(v); j <= (int)floor(v) + 1; j++)
        for (int i = (int)floor(u); i <= (int)floor(u) + 1; i++)
            sum += (1.0 - fabs(u - i)) * (1.0 - fabs(v - j)) * brightness(picture, i, j);
    return log(c->dark + sum);
}

/* Without refractory time, each event comes when the level is that many thresholds from where it began, as the events
 * of the pixel so far say. Tolerance: the level is linear over a step of 10 us, and stamps are whole us; at the largest
 * speed (0.13 pixels/ms) and contrast (factor 11 per pixel) that is 1.4e-3 per us. */
START_TEST(events_count_thresholds) {
    uint8_t picture[SIDE * SIDE];
    int net[PM_CAMERA_PIXELS] = {0};
    pm_camera c = pm_camera_default();
    ck_assert_uint_eq(c.size, sizeof c);
    pm_pixel_events events = {0};
    c.refractory = 0.0;
    c.saccade = 20.0;
    c.step = 0.01;
    paint(picture);
    ck_assert_int_eq(pm_camera_record(&c, picture, SIDE, SIDE, &events, NULL), PM_OK);
    ck_assert_uint_gt(events.n, 1000);
    for (size_t k = 0; k < events.n; k++) {
        const pm_pixel_event *e = &events.list[k];
        int *count = &net[e->y * PM_CAMERA_SIDE + e->x];
        *count += e->on ? 1 : -1;
        double change = level(&c, picture, e->x, e->y, 1e-3 * e->time) - level(&c, picture, e->x, e->y, 0.0);
        ck_assert_double_eq_tol(change, *count * c.threshold, 0.02);
    }
    for (size_t k = 0; k < PM_CAMERA_PIXELS; k++) /* the way is closed; the last event falls on its end, or behind it */
        ck_assert_int_le(abs(net[k]), 1);
    pm_pixel_events_free(&events);
}
END_TEST

/* Nothing is missed: at every sample each pixel is less than a threshold from where its events say it is. */
START_TEST(nothing_is_missed) {
    uint8_t picture[SIDE * SIDE];
    pm_camera c = pm_camera_default();
    pm_pixel_events events = {0};
    c.refractory = 0.0;
    paint(picture);
    ck_assert_int_eq(pm_camera_record(&c, picture, SIDE, SIDE, &events, NULL), PM_OK);
    int net[PM_CAMERA_PIXELS] = {0};
    size_t next = 0;
    for (int t = 0; t <= 300; t += 10) {
        for (; next < events.n && events.list[next].time < 1000u * (unsigned)t; next++)
            net[events.list[next].y * PM_CAMERA_SIDE + events.list[next].x] += events.list[next].on ? 1 : -1;
        for (int k = 0; k < PM_CAMERA_PIXELS; k++) {
            int x = k % PM_CAMERA_SIDE, y = k / PM_CAMERA_SIDE;
            double change = level(&c, picture, x, y, t) - level(&c, picture, x, y, 0.0);
            ck_assert_double_lt(fabs(change - net[k] * c.threshold), c.threshold * (1.0 + 1e-9));
        }
    }
    pm_pixel_events_free(&events);
}
END_TEST

/* Events of a recording are in order of time, those of one pixel at least the refractory time apart, and the same every
 * time. */
START_TEST(refractory_time) {
    uint8_t picture[SIDE * SIDE];
    uint32_t last[PM_CAMERA_PIXELS] = {0};
    pm_camera c = pm_camera_default();
    pm_pixel_events events = {0}, again = {0};
    paint(picture);
    c.refractory = 4.0;
    ck_assert_int_eq(pm_camera_record(&c, picture, SIDE, SIDE, &events, NULL), PM_OK);
    ck_assert_int_eq(pm_camera_record(&c, picture, SIDE, SIDE, &again, NULL), PM_OK);
    ck_assert_uint_gt(events.n, 500);
    ck_assert_uint_eq(events.n, again.n);
    for (size_t k = 0; k < events.n; k++) {
        const pm_pixel_event *e = &events.list[k], *other = &again.list[k];
        uint32_t *before = &last[e->y * PM_CAMERA_SIDE + e->x];
        ck_assert(k == 0 || e->time >= e[-1].time);
        ck_assert(*before == 0 || e->time + 1 >= *before + 4000);
        ck_assert(e->time == other->time && e->x == other->x && e->y == other->y && e->on == other->on);
        *before = e->time;
    }
    pm_pixel_events_free(&events);
    pm_pixel_events_free(&again);
}
END_TEST

/* By hand: a picture that is white all over meets dark surroundings. Along the first side the picture moves down and
 * to the right, so its lower edge comes over the pixels below it (ON), the upper one leaves (OFF). */
START_TEST(polarity) {
    uint8_t white[SIDE * SIDE];
    pm_pixel_events events = {0};
    memset(white, 255, sizeof white);
    ck_assert_int_eq(pm_camera_record(presets_of(&pm_camera_kind), white, SIDE, SIDE, &events, NULL), PM_OK);
    size_t upper = 0, lower = 0;
    for (size_t k = 0; k < events.n && events.list[k].time < 100000; k++) {
        const pm_pixel_event *e = &events.list[k];
        if (e->x < 10 || e->x > 23)
            continue;
        ck_assert(e->y < 8 || e->y > 25);
        ck_assert_uint_eq(e->on, e->y > 25);
        upper += e->y < 8;
        lower += e->y > 25;
    }
    ck_assert_uint_gt(upper, 50);
    ck_assert_uint_gt(lower, 50);
    pm_pixel_events_free(&events);
}
END_TEST

/* The corners of the way, at rest. */
START_TEST(way) {
    static const double corner[][2] = {{-3.0, -3.0}, {0.0, 3.0}, {3.0, -3.0}, {-3.0, -3.0}};
    for (int k = 0; k < 4; k++) {
        double here[2], later[2];
        pm_camera_offset(presets_of(&pm_camera_kind), 100.0 * k, here);
        pm_camera_offset(presets_of(&pm_camera_kind), 100.0 * k + 0.1, later);
        for (int j = 0; j < 2; j++) {
            ck_assert_double_eq_tol(here[j], corner[k][j], 1e-12);
            ck_assert_double_eq_tol(later[j], here[j], 1e-6);
        }
    }
}
END_TEST

/* A blank picture makes no events; the smallest one is seen. */
START_TEST(smallest) {
    uint8_t picture[SIDE * SIDE] = {0}, dot = 255;
    pm_pixel_events events = {0};
    ck_assert_int_eq(pm_camera_record(presets_of(&pm_camera_kind), picture, SIDE, SIDE, &events, NULL), PM_OK);
    ck_assert_uint_eq(events.n, 0);
    ck_assert_int_eq(pm_camera_record(presets_of(&pm_camera_kind), &dot, 1, 1, &events, NULL), PM_OK);
    ck_assert_uint_gt(events.n, 10);
    pm_pixel_events_free(&events);
}
END_TEST

/* Parameters and pictures that cannot be. */
START_TEST(refusals) {
    static const struct {
        size_t parameter;
        double value;
    } bad[] = {{0, 0.0}, {0, 1e-4}, {0, NAN}, {1, 0.0}, {2, -1.0},  {2, INFINITY},
               {3, 0.0}, {3, 1e4},  {4, 0.0}, {4, 1e3}, {5, 101.0}, {5, 1e-6}};
    pm_error error = {0};
    ck_assert_int_eq(pm_kind_check(&pm_camera_kind, presets_of(&pm_camera_kind), &error), PM_OK);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pm_camera c = pm_camera_default();
        const pm_field *p = &pm_camera_kind.fields[bad[k].parameter];
        pm_field_set(p, &c, bad[k].value);
        ck_assert_int_eq(pm_kind_check(&pm_camera_kind, &c, &error), PM_INVALID);
        ck_assert_msg(strncmp(error.message, p->name, strlen(p->name)) == 0, "%s", error.message);
    }
    uint8_t picture[35] = {0};
    pm_pixel_events events = {0};
    ck_assert_int_eq(pm_camera_record(presets_of(&pm_camera_kind), picture, 35, 1, &events, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "35 x 1"));
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    uint8_t picture[SIDE * SIDE];
    paint(picture);
    const pm_camera *camera = presets_of(&pm_camera_kind);
    for (size_t n = 1;; n++) {
        pm_pixel_events events = {0};
        pm_error error = {0};
        starve(n);
        pm_status status = pm_camera_record(camera, picture, SIDE, SIDE, &events, &error);
        bool hit = starved();
        starve(0);
        pm_pixel_events_free(&events);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit)
            break;
        ck_assert_str_ne(error.message, "");
    }
}
END_TEST

Suite *pm_suite_camera(void);
Suite *pm_suite_camera(void) {
    Suite *suite = suite_create("camera");
    TCase *tests = tcase_create("camera");
    tcase_add_test(tests, events_count_thresholds);
    tcase_add_test(tests, nothing_is_missed);
    tcase_add_test(tests, refractory_time);
    tcase_add_test(tests, polarity);
    tcase_add_test(tests, way);
    tcase_add_test(tests, smallest);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
