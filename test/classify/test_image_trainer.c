#include "classify/image_trainer.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <string.h>

enum { TRAIN = 130, TEST = 100, HIDDEN = 20 };

static const uint32_t sizes[] = {4, HIDDEN, 3};

typedef struct sets {
    pm_dataset train, test;
} sets;

static void make_sets(sets *s) {
    ck_assert_int_eq(pm_dataset_yin_yang(1, "train", TRAIN, &s->train, NULL), PM_OK);
    ck_assert_int_eq(pm_dataset_yin_yang(1, "test", TEST, &s->test, NULL), PM_OK);
}

static void drop_sets(sets *s) {
    pm_dataset_free(&s->train);
    pm_dataset_free(&s->test);
}

static pm_image_training training(const pm_image_model *kind) {
    return (pm_image_training){kind, presets_of(&kind->head),    3,   sizes, 3, 40, &pm_optimiser_adam,
                               presets_of(&pm_optimiser_adam.head), NULL};
}

static pm_image_trainer *make(const pm_image_training *of, const pm_dataset *train) {
    pm_image_trainer *t = NULL;
    ck_assert_int_eq(pm_image_trainer_new(of, train, &t, NULL), PM_OK);
    return t;
}

static void count(void *argument, size_t done, const pm_image_outcome *outcome) {
    (void)outcome;
    *(size_t *)argument = done;
}

/* Every model: an epoch shows every example once, training lowers the loss, and the confusion matrix counts every
 * example of a test with the correct ones on its diagonal. */
START_TEST(epochs) {
    sets s;
    make_sets(&s);
    for (size_t k = 0; pm_image_models[k]; k++) {
        pm_image_training of = training(pm_image_model_of(pm_image_models[k]));
        pm_image_trainer *t = make(&of, &s.train);
        pm_image_outcome outcome, first = {0};
        uint32_t confusion[9], all = 0;
        size_t done = 0;
        for (int epoch = 0; epoch < 30; epoch++) {
            ck_assert_int_eq(pm_image_trainer_epoch(t, 0.005, count, &done, NULL, &outcome, NULL), PM_OK);
            ck_assert_uint_eq(done, TRAIN);
            if (epoch == 0)
                first = outcome;
        }
        ck_assert_double_lt(outcome.loss, 0.8 * first.loss);
        ck_assert_uint_eq(pm_image_trainer_counters(t)[0], 30);
        ck_assert_uint_eq(pm_image_trainer_counters(t)[1], 90); /* 3 batches of 43 or 44 */
        ck_assert_int_eq(pm_image_trainer_test(t, &s.test, confusion, &outcome, NULL), PM_OK);
        for (size_t c = 0; c < 9; c++)
            all += confusion[c];
        ck_assert_uint_eq(all, TEST);
        ck_assert_uint_eq(confusion[0] + confusion[4] + confusion[8], outcome.correct);
        ck_assert_uint_gt(outcome.spikes[1], 0);
        pm_image_trainer_free(t);
    }
    drop_sets(&s);
}
END_TEST

/* State between epochs is all there is: a trainer that takes it over goes on with the same bits. */
START_TEST(resumed) {
    sets s;
    make_sets(&s);
    for (size_t k = 0; pm_image_models[k]; k++) {
        pm_image_training of = training(pm_image_model_of(pm_image_models[k]));
        pm_image_trainer *a = make(&of, &s.train), *b = make(&of, &s.train);
        pm_image_outcome outcome;
        ck_assert_int_eq(pm_image_trainer_epoch(a, 0.005, NULL, NULL, NULL, &outcome, NULL), PM_OK);
        for (size_t which = 0; which < 2; which++) {
            size_t n, m;
            double *from = pm_image_trainer_array(a, which, &n), *to = pm_image_trainer_array(b, which, &m);
            ck_assert_uint_eq(n, m);
            memcpy(to, from, n * sizeof *to);
        }
        memcpy(pm_image_trainer_counters(b), pm_image_trainer_counters(a), 2 * sizeof(uint64_t));
        ck_assert_int_eq(pm_image_trainer_epoch(a, 0.005, NULL, NULL, NULL, &outcome, NULL), PM_OK);
        ck_assert_int_eq(pm_image_trainer_epoch(b, 0.005, NULL, NULL, NULL, &outcome, NULL), PM_OK);
        size_t n;
        double *left = pm_image_trainer_array(a, 0, &n), *right = pm_image_trainer_array(b, 0, &n);
        ck_assert_mem_eq(left, right, n * sizeof *left);
        pm_image_trainer_free(a);
        pm_image_trainer_free(b);
    }
    drop_sets(&s);
}
END_TEST

static void refused(pm_image_training of, const pm_dataset *train, const char *word) {
    pm_image_trainer *t;
    pm_error error = {0};
    ck_assert_int_eq(pm_image_trainer_new(&of, train, &t, &error), PM_INVALID);
    ck_assert_ptr_null(t);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s", error.message);
}

/* Networks and batches that do not fit the data are refused; so is a test on other data; a stop ends an epoch. */
START_TEST(misfits) {
    sets s;
    make_sets(&s);
    const uint32_t wide[] = {5, 3}, many[] = {4, 4};
    const pm_image_training good = training(&pm_image_model_stbp);
    pm_image_training of = good;
    of.sizes = wide, of.n_layers = 2, refused(of, &s.train, "5 inputs");
    of.sizes = many, refused(of, &s.train, "4 neurons");
    of = good, of.batch = TRAIN + 1, refused(of, &s.train, "131");
    of.batch = 0, refused(of, &s.train, "batch");
    pm_image_trainer *t = make(&good, &s.train);
    pm_image_outcome outcome;
    pm_error error = {0};
    const volatile int stop = 1;
    ck_assert_int_eq(pm_image_trainer_epoch(t, 0.1, NULL, NULL, &stop, &outcome, &error), PM_STOPPED);
    s.test.n_features = 2;
    ck_assert_int_eq(pm_image_trainer_test(t, &s.test, NULL, &outcome, &error), PM_INVALID);
    s.test.n_features = 4;
    ck_assert_int_eq(pm_image_trainer_epoch(t, 1e308, NULL, NULL, NULL, &outcome, &error), PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "diverged"));
    pm_image_trainer_free(t);
    drop_sets(&s);
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    sets s;
    make_sets(&s);
    const pm_image_training of = training(&pm_image_model_lee);
    for (size_t n = 1;; n++) {
        pm_image_trainer *t = NULL;
        pm_image_outcome outcome;
        pm_error error = {0};
        starve(n);
        pm_status status = pm_image_trainer_new(&of, &s.train, &t, &error);
        if (status == PM_OK)
            status = pm_image_trainer_test(t, &s.test, NULL, &outcome, &error);
        bool hit = starved();
        starve(0);
        pm_image_trainer_free(t);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit)
            break;
    }
    drop_sets(&s);
}
END_TEST

Suite *pm_suite_image_trainer(void);
Suite *pm_suite_image_trainer(void) {
    Suite *suite = suite_create("image_trainer");
    TCase *tests = tcase_create("image_trainer");
    tcase_add_test(tests, epochs);
    tcase_add_test(tests, resumed);
    tcase_add_test(tests, misfits);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
