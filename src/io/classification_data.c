/* The sets of an experiment in classification, from its files or drawn. What is for training and what for validation
 * are parts of the same files: validation takes the last examples. */
#include "io/classification_file.h"
#include "io/examples.h"
#include "io/idx.h"
#include "io/nmnist.h"

/* One set: IDX files or a folder of recordings. */
static pm_status read_set(const pm_classification *c, bool test, size_t most, pm_dataset *data, pm_error *error) {
    const pm_idx_wanted wanted = {.n_classes = c->n_classes, .most = most};
    if (c->data == PM_DATA_IDX)
        return pm_idx_read(test ? c->test_images : c->images, test ? c->test_labels : c->labels, &wanted, data, error);
    if (c->data == PM_DATA_EXAMPLES)
        return pm_examples_read(test ? c->test_recordings : c->recordings, c->n_inputs, c->n_classes, most, data,
                                error);
    const pm_nmnist_part part = {.from = c->window[0], .to = c->window[1], .most_events = c->most_events, .most = most};
    return pm_nmnist_read(test ? c->test_recordings : c->recordings, &part, data, error);
}

static pm_status sets_of_files(const pm_classification *c, pm_dataset *train, pm_dataset *validation, pm_dataset *test,
                               pm_error *error) {
    pm_status status = PM_OK;
    const char *what = c->data == PM_DATA_IDX        ? "images"
                       : c->data == PM_DATA_EXAMPLES ? "examples"
                                                     : "recordings";
    const char *name = c->data == PM_DATA_IDX ? c->images : c->recordings;
    const char *test_name = c->data == PM_DATA_IDX ? c->test_images : c->test_recordings;
    if (train) {
        size_t most = c->train == SIZE_MAX ? SIZE_MAX : c->train + c->validation;
        status = read_set(c, false, most, train, error);
        if (!status && c->train != SIZE_MAX && train->n < most)
            status = pm_fail(error, PM_INVALID, "%s: has %zu %s; %zu are wanted for training and %zu for validation",
                             name, train->n, what, c->train, c->validation);
        if (!status && train->n <= c->validation)
            status = pm_fail(error, PM_INVALID, "%s: has %zu %s; after %zu for validation none are left to train on",
                             name, train->n, what, c->validation);
        if (!status)
            status = pm_dataset_split(train, c->validation, validation, error);
    }
    if (!status && test)
        status = read_set(c, true, c->test, test, error);
    if (!status && test && c->test != SIZE_MAX && test->n < c->test)
        status = pm_fail(error, PM_INVALID, "%s: has %zu %s; %zu are wanted", test_name, test->n, what, c->test);
    if (!status && train && test && train->n_features != test->n_features)
        status = pm_fail(error, PM_INVALID, "%s: images of %zu x %zu pixels, but those of %s have %zu x %zu", test_name,
                         test->width, test->height, name, train->width, train->height);
    return status;
}

/* The points for training, validation or test. */
static pm_status draw_set(const pm_classification *c, size_t which, size_t n, pm_dataset *data, pm_error *error) {
    static const char *const names[] = {"train", "validation", "test"};
    return c->published ? pm_dataset_yin_yang_published(c->seeds[which], n, data, error)
                        : pm_dataset_yin_yang(c->seed, names[which], n, data, error);
}

pm_status pm_classification_data(const pm_classification *c, pm_dataset *train, pm_dataset *validation,
                                 pm_dataset *test, pm_error *error) {
    pm_dataset a = {0}, b = {0}, d = {0};
    pm_status status = PM_OK;
    if (c->data == PM_DATA_GIVEN)
        return pm_fail(
            error, PM_INVALID,
            "%s: data.given: its examples are given by the program that trains; a file of data is wanted here",
            c->file ? c->file : "the experiment");
    if (c->data == PM_DATA_TASK) {
        status = pm_task_examples(c->task, c->task_parameters, c->n_inputs, c->seed, "train", c->train, &a, error);
        if (!status)
            status = pm_task_examples(c->task, c->task_parameters, c->n_inputs, c->seed, "validation", c->validation,
                                      &b, error);
        if (!status)
            status = pm_task_examples(c->task, c->task_parameters, c->n_inputs, c->seed, "test", c->test, &d, error);
    } else if (c->data != PM_DATA_YIN_YANG) {
        status = sets_of_files(c, train ? &a : NULL, &b, test ? &d : NULL, error);
    } else {
        status = draw_set(c, 0, c->train, &a, error);
        if (!status)
            status = draw_set(c, 1, c->validation, &b, error);
        if (!status)
            status = draw_set(c, 2, c->test, &d, error);
    }
    pm_dataset *const from[] = {&a, &b, &d}, *const to[] = {train, validation, test};
    for (size_t k = 0; k < 3; k++)
        if (status || !to[k])
            pm_dataset_free(from[k]);
        else
            *to[k] = *from[k];
    return status;
}
