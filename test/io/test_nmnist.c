#define _GNU_SOURCE
#include "io/nmnist.h"

#include "data/coding.h"
#include "io/event_file.h"
#include "io/output.h"
#include "support/folder.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[TEST_FOLDER_SIZE];

static void make_folder(void) { test_folder_make(folder); }

static void remove_folder(void) { test_folder_remove(folder); }

static const char *place(const char *name) { return test_folder_place(folder, name); }

static void put(const char *name, const void *bytes, size_t n) {
    const char *slash = strrchr(name, '/');
    if (slash) {
        char above[64];
        snprintf(above, sizeof above, "%.*s", (int)(slash - name), name);
        ck_assert_int_eq(pm_folder_make(place(above), NULL), PM_OK);
    }
    FILE *file = fopen(place(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

/* A recording of one event. */
static void put_event(const char *name, pm_pixel_event event) {
    uint8_t bytes[PM_EVENT_BYTES];
    pm_event_encode(&event, bytes);
    put(name, bytes, sizeof bytes);
}

static pm_pixel_event at(uint32_t time, uint8_t x, uint8_t y, uint8_t on) {
    return (pm_pixel_event){.time = time, .x = x, .y = y, .on = on};
}

static void same(const pm_pixel_event *a, pm_pixel_event b) {
    ck_assert_uint_eq(a->time, b.time);
    ck_assert_uint_eq(a->x, b.x);
    ck_assert_uint_eq(a->y, b.y);
    ck_assert_uint_eq(a->on, b.on);
}

static const pm_nmnist_part everything = {.from = 0.0, .to = 300.0, .most = SIZE_MAX};

/* --- event files -------------------------------------------------------------------------------------------------- */

/* Bytes taken apart by hand, as the format's description says. */
START_TEST(bytes_by_hand) {
    static const uint8_t first[] = {5, 16, 0x81, 0x23, 0x45}, last[] = {33, 0, 0x7f, 0xff, 0xff};
    uint8_t back[PM_EVENT_BYTES];
    pm_pixel_event event = pm_event_decode(first);
    same(&event, at(0x012345, 5, 16, 1));
    pm_event_encode(&event, back);
    ck_assert_mem_eq(back, first, sizeof first);
    event = pm_event_decode(last);
    same(&event, at(0x7fffff, 33, 0, 0));
    pm_event_encode(&event, back);
    ck_assert_mem_eq(back, last, sizeof last);
}
END_TEST

/* What is written comes back, however many events it is. */
START_TEST(round_trip) {
    static const size_t sizes[] = {1, 4095, 4096, 4097, 10000};
    make_folder();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        pm_pixel_events out = {0}, in = {0};
        for (size_t k = 0; k < sizes[s]; k++)
            ck_assert_int_eq(pm_pixel_events_append(&out,
                                                    at((uint32_t)k * 37, (uint8_t)(k * 7 % PM_CAMERA_SIDE),
                                                       (uint8_t)(k * 11 % PM_CAMERA_SIDE), k % 3 == 0),
                                                    NULL),
                             PM_OK);
        ck_assert_int_eq(pm_event_file_write(folder, "a.bin", &out, NULL), PM_OK);
        ck_assert_int_eq(pm_event_file_read(place("a.bin"), &in, NULL), PM_OK);
        ck_assert_uint_eq(in.n, out.n);
        for (size_t k = 0; k < in.n; k++)
            same(&in.list[k], out.list[k]);
        pm_pixel_events_free(&out);
        pm_pixel_events_free(&in);
    }
    remove_folder();
}
END_TEST

/* The format promises no order: a reader puts events into the order of time. */
START_TEST(order_of_time) {
    static const uint8_t bytes[] = {1, 2, 0x80, 1, 0, 3, 4, 0, 0, 9, 3, 3, 0, 0, 9};
    pm_pixel_events in = {0};
    make_folder();
    put("a.bin", bytes, sizeof bytes);
    ck_assert_int_eq(pm_event_file_read(place("a.bin"), &in, NULL), PM_OK);
    ck_assert_uint_eq(in.n, 3);
    same(&in.list[0], at(9, 3, 3, 0));
    same(&in.list[1], at(9, 3, 4, 0));
    same(&in.list[2], at(256, 1, 2, 1));
    pm_pixel_events_free(&in);
    remove_folder();
}
END_TEST

/* A row of 240 is no pixel; it adds 8192 us to what follows. */
START_TEST(clock_runs_over) {
    static const uint8_t bytes[] = {1, 2, 0, 0, 5, 200, 240, 0, 0, 0, 1, 2, 0, 0, 6, 0, 240, 0, 0, 0, 1, 2, 0, 0, 7};
    pm_pixel_events in = {0};
    make_folder();
    put("a.bin", bytes, sizeof bytes);
    ck_assert_int_eq(pm_event_file_read(place("a.bin"), &in, NULL), PM_OK);
    ck_assert_uint_eq(in.n, 3);
    ck_assert_uint_eq(in.list[0].time, 5);
    ck_assert_uint_eq(in.list[1].time, 6 + 8192);
    ck_assert_uint_eq(in.list[2].time, 7 + 2 * 8192);
    pm_pixel_events_free(&in);
    remove_folder();
}
END_TEST

/* Reading fails with PM_INVALID and a message that holds `what`. */
static void refused(const char *name, const char *what) {
    pm_pixel_events in = {0};
    pm_error error = {0};
    ck_assert_int_eq(pm_event_file_read(place(name), &in, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, what) && strstr(error.message, folder), "%s", error.message);
    pm_pixel_events_free(&in);
}

/* Files that are no recordings: what is wrong, and at which byte. */
START_TEST(bad_files) {
    static const uint8_t good[] = {1, 2, 0, 0, 5, 1, 2, 0, 0, 6};
    uint8_t bad[sizeof good];
    make_folder();
    put("a.bin", good, 7);
    refused("a.bin", "byte 5: the file ends within an event");
    put("a.bin", good, 0);
    refused("a.bin", "byte 0: the file ends without an event");
    memcpy(bad, good, sizeof good);
    bad[5] = PM_CAMERA_SIDE;
    put("a.bin", bad, sizeof bad);
    refused("a.bin", "byte 5: x is 34");
    memcpy(bad, good, sizeof good);
    bad[6] = 241;
    put("a.bin", bad, sizeof bad);
    refused("a.bin", "byte 6: y is 241");
    refused("b.bin", "there is no such file");
    refused("", "this is a folder");
    static uint8_t many[4097 * PM_EVENT_BYTES + 3];
    memset(many, 0, sizeof many);
    put("a.bin", many, sizeof many);
    refused("a.bin", "byte 20485: the file ends within an event");
    remove_folder();
}
END_TEST

/* Times of more than 23 bits are refused, and no file is left. */
START_TEST(times_too_late) {
    pm_pixel_event late = at(1u << 23, 0, 0, 0);
    pm_pixel_events out = {.list = &late, .n = 1, .capacity = 1};
    pm_error error = {0};
    make_folder();
    ck_assert_int_eq(pm_event_file_write(folder, "a.bin", &out, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "does not fit into 23 bits"));
    ck_assert_int_ne(access(place("a.bin"), F_OK), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* --- folders ------------------------------------------------------------------------------------------------------ */

/* Recordings are in the order of their numbers, whatever their digit; other files beside the folders do not matter. */
START_TEST(order_of_names) {
    pm_dataset data;
    make_folder();
    put_event("7/2.bin", at(2, 0, 0, 0));
    put_event("0/10.bin", at(10, 0, 0, 0));
    put_event("9/1.bin", at(1, 0, 0, 0));
    put_event("3/2.bin", at(3, 0, 0, 0));
    put("README.md", "text", 4);
    put("7/.2.bin.partial", "x", 1);
    ck_assert_int_eq(pm_nmnist_read(folder, &everything, &data, NULL), PM_OK);
    ck_assert_uint_eq(data.n, 4);
    ck_assert_mem_eq(data.label, ((uint8_t[]){9, 3, 7, 0}), 4);
    ck_assert_mem_eq(data.stamp, ((uint32_t[]){1, 3, 2, 10}), 4 * sizeof(uint32_t));
    ck_assert_uint_eq(data.n_classes, 10);
    ck_assert_uint_eq(data.n_features, 2312);
    pm_dataset_free(&data);
    pm_nmnist_part two = everything;
    two.most = 2;
    ck_assert_int_eq(pm_nmnist_read(folder, &two, &data, NULL), PM_OK);
    ck_assert_uint_eq(data.n, 2);
    pm_dataset_free(&data);
    remove_folder();
}
END_TEST

/* The window holds its beginning and not its end; stamps count from its beginning; each pixel and polarity gives so
 * many events at most. */
START_TEST(window_and_limit) {
    static const uint32_t times[] = {9999, 10000, 10500, 19999, 20000};
    pm_pixel_events out = {0};
    pm_dataset data;
    make_folder();
    ck_assert_int_eq(pm_folder_make(place("4"), NULL), PM_OK);
    for (size_t k = 0; k < 5; k++)
        for (uint8_t on = 0; on < 2; on++)
            ck_assert_int_eq(pm_pixel_events_append(&out, at(times[k], 33, 32, on), NULL), PM_OK);
    ck_assert_int_eq(pm_event_file_write(place("4"), "1.bin", &out, NULL), PM_OK);
    pm_nmnist_part part = {.from = 10.0, .to = 20.0, .most = SIZE_MAX};
    ck_assert_int_eq(pm_nmnist_read(folder, &part, &data, NULL), PM_OK);
    ck_assert_uint_eq(data.first[1], 6);
    ck_assert_mem_eq(data.stamp, ((uint32_t[]){0, 0, 500, 500, 9999, 9999}), 6 * sizeof(uint32_t));
    ck_assert_uint_eq(data.feature[0], 32 * 34 + 33);
    ck_assert_uint_eq(data.feature[1], 1156 + 32 * 34 + 33);
    pm_dataset_free(&data);
    part.most_events = 2;
    ck_assert_int_eq(pm_nmnist_read(folder, &part, &data, NULL), PM_OK);
    ck_assert_uint_eq(data.first[1], 4);
    ck_assert_uint_eq(data.stamp[3], 500);
    pm_dataset_free(&data);
    pm_pixel_events_free(&out);
    remove_folder();
}
END_TEST

/* Windows are decimal: an event at exactly 16,100 us belongs to what begins at 16.1 ms and not to what ends there, and
 * its time counts from where the window begins, wherever between two us that is. */
START_TEST(decimal_windows) {
    static const struct {
        double from, to;
        size_t n;
        double first; /* ms in the window */
    } windows[] = {{16.1, 300.0, 2, 0.0},      {0.0, 16.1, 1, 1.001},  {1.001, 300.0, 3, 0.0},
                   {1.0005, 300.0, 3, 0.0005}, {1.0011, 16.1, 0, 0.0}, {16.0999, 16.1001, 1, 0.0001},
                   {4.35, 300.0, 2, 11.75},    {0.0, 16.099, 1, 1.001}};
    static const uint32_t times[] = {1001, 16100, 299999};
    pm_pixel_events out = {0};
    pm_raster spikes = {0};
    make_folder();
    ck_assert_int_eq(pm_folder_make(place("4"), NULL), PM_OK);
    for (size_t k = 0; k < 3; k++)
        ck_assert_int_eq(pm_pixel_events_append(&out, at(times[k], 3, 2, 0), NULL), PM_OK);
    ck_assert_int_eq(pm_event_file_write(place("4"), "1.bin", &out, NULL), PM_OK);
    for (size_t k = 0; k < sizeof windows / sizeof *windows; k++) {
        const pm_nmnist_part part = {.from = windows[k].from, .to = windows[k].to, .most = SIZE_MAX};
        const pm_coding coding = pm_coding_new(&pm_code_events);
        pm_dataset data;
        ck_assert_int_eq(pm_nmnist_read(folder, &part, &data, NULL), windows[k].n > 0 ? PM_OK : PM_INVALID);
        if (windows[k].n == 0)
            continue;
        ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&data, 0, 0, 0}, &spikes, NULL), PM_OK);
        ck_assert_uint_eq(spikes.n, windows[k].n);
        ck_assert_double_eq_tol(spikes.time[0], windows[k].first, 4e-15); /* an ulp of 16,099.9 us */
        if (windows[k].from == 0.0) /* the double that is written so */
            ck_assert(spikes.time[0] == windows[k].first);
        pm_dataset_free(&data);
    }
    /* every whole us, as a beginning and as an end */
    bool whole = true;
    for (uint32_t us = 0; us < 3000000; us += 7)
        whole = whole && pm_microseconds(us / 1e3) == us && floor(pm_microseconds(us / 1e3 + 0.0005)) == us;
    ck_assert(whole);
    pm_raster_free(&spikes);
    pm_pixel_events_free(&out);
    remove_folder();
}
END_TEST

static void folder_refused(const pm_nmnist_part *part, const char *what) {
    pm_dataset data;
    pm_error error = {0};
    ck_assert_int_eq(pm_nmnist_read(folder, part, &data, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, what) && strstr(error.message, folder), "%s", error.message);
    ck_assert_ptr_null(data.label);
}

/* Folders that are no set of recordings. */
START_TEST(bad_folders) {
    static const pm_nmnist_part late = {.from = 1.0, .to = 2.0, .most = SIZE_MAX};
    make_folder();
    folder_refused(&everything, "there are no folders 0 to 9");
    put_event("5/1.bin", at(3, 1, 1, 0));
    folder_refused(&late, "no recording has an event from 1 to 2 ms");
    ck_assert_int_eq(mkdir(place("6"), 0777), 0);
    folder_refused(&everything, "/6: the folder holds no event files");
    put("6/1.txt", "x", 1);
    folder_refused(&everything, "/6/1.txt: this is no event file");
    ck_assert_int_eq(unlink(place("6/1.txt")), 0);
    ck_assert_int_eq(rmdir(place("6")), 0);
    ck_assert_int_eq(mkdir(place("10"), 0777), 0);
    folder_refused(&everything, "/10: a folder of recordings is named after its digit");
    ck_assert_int_eq(rmdir(place("10")), 0);
    put("5/2.bin", "123456", 6);
    folder_refused(&everything, "/5/2.bin: byte ");
    remove_folder();
    folder_refused(&everything, "there is no such folder");
}
END_TEST

/* A file where a folder is wanted. */
START_TEST(file_for_folder) {
    pm_dataset data;
    pm_error error = {0};
    make_folder();
    put("a", "x", 1);
    ck_assert_int_eq(pm_nmnist_read(place("a"), &everything, &data, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "this is a file"));
    remove_folder();
}
END_TEST

/* --- examples ----------------------------------------------------------------------------------------------------- */

/* Validation takes the last recordings away, whole; spikes come at the exact times, with the bias in its place. */
START_TEST(split_and_spikes) {
    pm_dataset data, part;
    pm_raster spikes = {0};
    make_folder();
    put_event("1/1.bin", at(1000, 0, 0, 1));
    put_event("2/2.bin", at(2500, 1, 0, 0));
    put_event("3/3.bin", at(3001, 2, 0, 1));
    ck_assert_int_eq(pm_nmnist_read(folder, &everything, &data, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_split(&data, 2, &part, NULL), PM_OK);
    ck_assert_uint_eq(data.n, 1);
    ck_assert_uint_eq(part.n, 2);
    ck_assert_mem_eq(part.first, ((uint64_t[]){0, 1, 2}), 3 * sizeof(uint64_t));
    ck_assert_mem_eq(part.label, ((uint8_t[]){2, 3}), 2);
    pm_coding coding = pm_coding_new(&pm_code_events);
    set_value(&coding.code->head, coding.parameters, "from", 0.25);
    set_value(&coding.code->head, coding.parameters, "compression", 10.0);
    coding.bias = 0.6;
    ck_assert_uint_eq(pm_coding_inputs(&coding, &part), 2313);
    ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&part, 1, 0, 0}, &spikes, NULL), PM_OK);
    ck_assert_uint_eq(spikes.n, 2);
    ck_assert_uint_eq(spikes.neuron[0], 1156 + 2);
    ck_assert_double_eq_tol(spikes.time[0], 0.25 + 0.3001, 1e-15);
    ck_assert_uint_eq(spikes.neuron[1], 2312);
    ck_assert_double_eq(spikes.time[1], 0.6);
    pm_raster_free(&spikes);
    pm_dataset_free(&part);
    pm_dataset_free(&data);
    remove_folder();
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    make_folder();
    put_event("1/1.bin", at(1000, 0, 0, 1));
    put_event("2/2.bin", at(2500, 1, 0, 0));
    for (size_t n = 1;; n++) {
        pm_dataset data = {0}, part = {0};
        pm_error error = {0};
        starve(n);
        pm_status status = pm_nmnist_read(folder, &everything, &data, &error);
        if (!status)
            status = pm_dataset_split(&data, 1, &part, &error);
        bool hit = starved();
        starve(0);
        pm_dataset_free(&part);
        pm_dataset_free(&data);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit)
            break;
        ck_assert_str_ne(error.message, "");
    }
    remove_folder();
}
END_TEST

Suite *pm_suite_nmnist(void);
Suite *pm_suite_nmnist(void) {
    Suite *suite = suite_create("nmnist");
    TCase *tests = tcase_create("nmnist");
    tcase_add_test(tests, bytes_by_hand);
    tcase_add_test(tests, round_trip);
    tcase_add_test(tests, order_of_time);
    tcase_add_test(tests, clock_runs_over);
    tcase_add_test(tests, bad_files);
    tcase_add_test(tests, times_too_late);
    tcase_add_test(tests, order_of_names);
    tcase_add_test(tests, window_and_limit);
    tcase_add_test(tests, decimal_windows);
    tcase_add_test(tests, bad_folders);
    tcase_add_test(tests, file_for_folder);
    tcase_add_test(tests, split_and_spikes);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
