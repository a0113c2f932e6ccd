/* Examples: what tasks draw, what codes make of intensities, which sets are taken. */
#include "data/coding.h"
#include "data/task.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <punctum/classification.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 400, GROUP = 3 };

/* Which group fires in [from, from + width) with all of its neurons; the number of groups for none. */
static size_t cue_at(const pm_dataset *data, size_t example, const pm_task *task, double from, double width,
                     size_t least) {
    for (size_t group = least; group < task->groups; group++) {
        size_t seen = 0;
        for (uint64_t k = data->first[example]; k < data->first[example + 1]; k++)
            seen += data->feature[k] / GROUP == group && data->time[k] >= from && data->time[k] < from + width;
        if (seen == GROUP)
            return group;
        ck_assert_uint_eq(seen, 0);
    }
    return task->groups;
}

/* A bit that was shown by group 0 or 1. */
static uint8_t bit_at(const pm_dataset *data, size_t example, const pm_task *task, double from, double width) {
    const size_t group = cue_at(data, example, task, from, width, 0);
    ck_assert_uint_lt(group, 2);
    return (uint8_t)group;
}

static pm_dataset draw(const pm_task *task, const char *name) {
    pm_dataset data;
    pm_error error = {0};
    ck_assert_msg(pm_task_examples(task, presets_of(&task->head), GROUP * task->groups, 7, name, EXAMPLES, &data,
                                   &error) == PM_OK,
                  "%s", error.message);
    ck_assert_msg(pm_dataset_check(&data, &error) == PM_OK, "%s", error.message);
    return data;
}

/* The label of every example is what the cues say: whether the two bits differ, or the bit beside the cue to store it;
 * both labels and all places occur, and the spikes of a set are those of its name. */
START_TEST(tasks_label_what_they_show) {
    size_t ones[2] = {0, 0}, stored_at[4] = {0};
    pm_dataset data = draw(&pm_task_delayed_xor, "train");
    for (size_t k = 0; k < data.n; k++) {
        ck_assert_uint_eq(data.first[k + 1] - data.first[k], 2 * GROUP);
        ck_assert_uint_eq(data.label[k], bit_at(&data, k, &pm_task_delayed_xor, 0.0, 5.0) ^
                                             bit_at(&data, k, &pm_task_delayed_xor, 200.0, 5.0));
        ones[0] += data.label[k];
    }
    ck_assert_double_eq(pm_task_delayed_xor.end(presets_of(&pm_task_delayed_xor.head)), 205.0);
    pm_dataset_free(&data);
    data = draw(&pm_task_store_recall, "train");
    for (size_t k = 0; k < data.n; k++) {
        size_t stored = 0;
        ck_assert_uint_eq(data.first[k + 1] - data.first[k], 6 * GROUP);
        while (cue_at(&data, k, &pm_task_store_recall, 50.0 * (double)stored, 5.0, 2) != 2)
            ck_assert_uint_lt(++stored, 4);
        stored_at[stored]++;
        ck_assert_uint_eq(data.label[k], bit_at(&data, k, &pm_task_store_recall, 50.0 * (double)stored, 5.0));
        ck_assert_uint_eq(cue_at(&data, k, &pm_task_store_recall, 200.0, 5.0, 0), 3);
        ones[1] += data.label[k];
    }
    ck_assert_double_eq(pm_task_store_recall.end(presets_of(&pm_task_store_recall.head)), 205.0);
    pm_dataset other = draw(&pm_task_store_recall, "test"), again = draw(&pm_task_store_recall, "train");
    const size_t bytes = (size_t)data.first[data.n] * sizeof *data.time;
    ck_assert_int_eq(memcmp(data.time, again.time, bytes), 0);
    ck_assert_int_ne(memcmp(data.time, other.time, bytes), 0);
    for (size_t k = 0; k < 2; k++)
        ck_assert(ones[k] > 150 && ones[k] < 250); /* 200 in the mean, five standard deviations of 10 */
    for (size_t k = 0; k < 4; k++)
        ck_assert(stored_at[k] > 56 && stored_at[k] < 144); /* 100 in the mean, five of 8.7 */
    pm_dataset_free(&data);
    pm_dataset_free(&other);
    pm_dataset_free(&again);
}
END_TEST

static pm_coding poisson_coding(double threshold, double from, double to, double rate) {
    pm_coding coding = pm_coding_new(&pm_code_poisson);
    const pm_kind *kind = &pm_code_poisson.head;
    set_value(kind, coding.parameters, "threshold", threshold);
    set_value(kind, coding.parameters, "from", from);
    set_value(kind, coding.parameters, "to", to);
    set_value(kind, coding.parameters, "rate", rate);
    return coding;
}

/* Poisson codes: x rate (to - from) spikes in the mean, with that variance, within the window, in order; none at or
 * below the threshold; the same for the same presentation, others for the next one. */
START_TEST(poisson_code) {
    double values[3] = {0.2, 0.5, 1.0};
    uint8_t label = 0;
    const pm_dataset data = {.n = 1, .n_features = 3, .n_classes = 1, .values = values, .label = &label};
    const pm_coding coding = poisson_coding(0.2, 5.0, 25.0, 200.0);
    enum { TIMES = 2000 };
    double sum[3] = {0.0}, squares[3] = {0.0};
    pm_raster out = {0}, first = {0};
    ck_assert_int_eq(pm_code_poisson.fit(coding.parameters, 25.0, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_code_poisson.fit(coding.parameters, 24.0, 0.0, NULL), PM_INVALID);
    for (uint64_t n = 0; n < TIMES; n++) {
        double count[3] = {0.0};
        ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&data, 0, 11, n}, &out, NULL), PM_OK);
        for (size_t k = 0; k < out.n; k++) {
            ck_assert(out.time[k] >= 5.0 && out.time[k] < 25.0 && (k == 0 || out.time[k] >= out.time[k - 1]));
            count[out.neuron[k]]++;
        }
        for (size_t f = 0; f < 3; f++) {
            sum[f] += count[f];
            squares[f] += count[f] * count[f];
        }
    }
    ck_assert_double_eq(sum[0], 0.0);
    for (size_t f = 1; f < 3; f++) {
        const double mean = values[f] * 200.0 * 0.02, got = sum[f] / TIMES, variance = squares[f] / TIMES - got * got;
        ck_assert_double_eq_tol(got, mean, 5.0 * sqrt(mean / TIMES)); /* five standard deviations */
        ck_assert_double_eq_tol(variance, mean, 5.0 * sqrt((mean + 2.0 * mean * mean) / TIMES));
    }
    ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&data, 0, 11, 0}, &first, NULL), PM_OK);
    ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&data, 0, 11, 0}, &out, NULL), PM_OK);
    ck_assert_uint_eq(first.n, out.n);
    ck_assert_int_eq(memcmp(first.time, out.time, out.n * sizeof *out.time), 0);
    ck_assert_int_eq(pm_encode(&coding, &(pm_presentation){&data, 0, 11, 1}, &out, NULL), PM_OK);
    ck_assert(first.n != out.n || memcmp(first.time, out.time, out.n * sizeof *out.time) != 0);
    pm_raster_free(&out);
    pm_raster_free(&first);
}
END_TEST

/* Sets that are none are refused with the event or feature that is at fault. */
START_TEST(sets_are_checked) {
    uint8_t labels[2] = {0, 1};
    double values[4] = {0.0, 1.0, 0.5, 0.5}, times[3] = {1.0, 2.0, 0.5};
    uint64_t first[3] = {0, 2, 3};
    uint16_t features[3] = {0, 1, 1};
    pm_dataset intensities = {.n = 2, .n_features = 2, .n_classes = 2, .values = values, .label = labels};
    pm_dataset spikes = {
        .n = 2, .n_features = 2, .n_classes = 2, .first = first, .time = times, .feature = features, .label = labels};
    pm_error error = {0};
    ck_assert_int_eq(pm_dataset_check(&intensities, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_check(&spikes, NULL), PM_OK);
    values[3] = 1.5;
    ck_assert_int_eq(pm_dataset_check(&intensities, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "examples: feature 1 of example 1 is 1.5; it must be from 0 to 1");
    labels[1] = 2;
    ck_assert_int_eq(pm_dataset_check(&intensities, NULL), PM_INVALID);
    labels[1] = 1;
    times[1] = 0.5;
    ck_assert_int_eq(pm_dataset_check(&spikes, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, "event 1 is at 0.5 ms"), "%s", error.message);
    times[1] = 2.0, features[2] = 2;
    ck_assert_int_eq(pm_dataset_check(&spikes, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "examples: event 2 is of feature 2; there are 2");
    features[2] = 1, first[1] = 4;
    ck_assert_int_eq(pm_dataset_check(&spikes, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "examples: recording 1 ends before it begins");
    first[0] = 1;
    ck_assert_int_eq(pm_dataset_check(&spikes, NULL), PM_INVALID);
    spikes.first = NULL;
    ck_assert_int_eq(pm_dataset_check(&spikes, NULL), PM_INVALID);
    ck_assert_int_eq(pm_task_examples(&pm_task_store_recall, presets_of(&pm_task_store_recall.head), 3, 1, "train", 1,
                                      &spikes, &error),
                     PM_INVALID);
    ck_assert_str_eq(error.message, "data.store_recall: 3 inputs; there must be 4 at least, one for each kind of cue");
}
END_TEST

/* The last examples of a set become another one, whatever they are made of. */
START_TEST(sets_are_split) {
    pm_dataset whole, rest, part;
    ck_assert_int_eq(pm_dataset_yin_yang(1, "train", 10, &whole, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_yin_yang(1, "train", 10, &rest, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_split(&rest, 3, &part, NULL), PM_OK);
    ck_assert_uint_eq(rest.n, 7);
    ck_assert_uint_eq(part.n, 3);
    ck_assert_int_eq(memcmp(rest.values, whole.values, 7 * 4 * sizeof(double)), 0);
    ck_assert_int_eq(memcmp(part.values, whole.values + 7 * 4, 3 * 4 * sizeof(double)), 0);
    ck_assert_int_eq(memcmp(part.label, whole.label + 7, 3), 0);
    pm_dataset_free(&whole);
    pm_dataset_free(&rest);
    pm_dataset_free(&part);
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    const void *presets = presets_of(&pm_task_delayed_xor.head);
    for (size_t n = 1;; n++) {
        pm_dataset points = {0}, part = {0}, spikes = {0}, later = {0};
        starve(n);
        pm_status status = pm_dataset_yin_yang(1, "train", 10, &points, NULL);
        if (status == PM_OK)
            status = pm_dataset_split(&points, 3, &part, NULL);
        if (status == PM_OK)
            status = pm_task_examples(&pm_task_delayed_xor, presets, 4, 1, "train", 5, &spikes, NULL);
        if (status == PM_OK)
            status = pm_dataset_split(&spikes, 2, &later, NULL);
        const bool hit = starved();
        starve(0);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        pm_dataset_free(&points);
        pm_dataset_free(&part);
        pm_dataset_free(&spikes);
        pm_dataset_free(&later);
        if (!hit)
            break;
    }
}
END_TEST

Suite *pm_suite_examples(void);
Suite *pm_suite_examples(void) {
    Suite *suite = suite_create("examples");
    TCase *tests = tcase_create("examples");
    tcase_add_test(tests, tasks_label_what_they_show);
    tcase_add_test(tests, poisson_code);
    tcase_add_test(tests, sets_are_checked);
    tcase_add_test(tests, sets_are_split);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
