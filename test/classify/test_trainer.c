/* The trainer of classifiers: the same for the exact network, STBP and Lee. */
#include "classify/looks.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <string.h>

enum { TRAIN = 130, TEST = 100, HIDDEN = 20, MODELS = 3, EPOCHS = 15 };

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

/* An experiment with the exact network (0), STBP (1) or Lee (2). */
static pm_classification *experiment(size_t which) {
    pm_classification *c = pm_classification_new();
    const pm_image_model *models[MODELS] = {NULL, &pm_image_model_stbp, &pm_image_model_lee};
    c->model = models[which];
    if (c->model)
        memcpy(c->model_parameters, presets_of(&c->model->head), c->model->head.size);
    c->duration = 40.0;
    c->neuron.V_th = c->readout.V_th = -50.0;
    set_value(&c->coding.code->head, c->coding.parameters, "to", 20.0);
    set_value(&c->coding.code->head, c->coding.parameters, "threshold", -1.0);
    set_value(&c->loss->head, c->loss_parameters, "scale", 0.3);
    c->layers[0] = (pm_classification_layer){.size = HIDDEN, .mean = 900.0, .std = 600.0, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = 3, .mean = 50.0, .std = 30.0, .rate = 1.0};
    c->n_layers = 2;
    c->n_classes = 3;
    c->seed = 3;
    c->batch = 40;
    c->rate = c->model ? 0.005 : 10.0;
    c->average = 0.9;
    c->optimiser = &pm_optimiser_adam;
    memcpy(c->optimiser_parameters, presets_of(&pm_optimiser_adam.head), pm_optimiser_adam.head.size);
    return c;
}

static pm_class_trainer *make(const pm_classification *c, const pm_dataset *train) {
    pm_class_trainer *t = NULL;
    pm_error error = {0};
    ck_assert_msg(pm_class_trainer_new(c, train, &t, &error) == PM_OK, "%s", error.message);
    return t;
}

static void count(void *argument, size_t done, const pm_score *score) {
    ck_assert_uint_eq(score->n, done);
    *(size_t *)argument = done;
}

/* Every model: an epoch shows every example once, training lowers the loss, and the confusion matrix counts every
 * example of a test with the correct ones on its diagonal. */
START_TEST(epochs) {
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        pm_class_trainer *t = make(c, &s.train);
        pm_epoch epoch, first = {0};
        pm_score score;
        uint32_t confusion[9], all = 0;
        size_t done = 0;
        for (int k = 0; k < EPOCHS; k++) {
            ck_assert_int_eq(pm_class_trainer_advance(t, &s.test, count, &done, NULL, &epoch, NULL), PM_OK);
            ck_assert_uint_eq(done, TRAIN);
            if (k == 0)
                first = epoch;
        }
        ck_assert_double_lt(epoch.train.loss, 0.8 * first.train.loss);
        ck_assert_double_eq(epoch.rate, c->rate);
        ck_assert_uint_eq(pm_class_trainer_counters(t)[0], EPOCHS);
        ck_assert_uint_eq(pm_class_trainer_counters(t)[1], 3 * EPOCHS); /* 3 batches of 43 or 44 */
        ck_assert_int_eq(pm_class_trainer_test(t, &s.test, confusion, &score, NULL), PM_OK);
        ck_assert_mem_eq(&score, &epoch.validation, sizeof score);
        for (size_t k = 0; k < 9; k++)
            all += confusion[k];
        ck_assert_uint_eq(all, TEST);
        ck_assert_uint_eq(confusion[0] + confusion[4] + confusion[8], score.correct);
        ck_assert_double_gt(score.spikes, 0.0);
        pm_class_trainer_free(t);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

/* State between epochs is all there is: a trainer that takes it over goes on with the same bits. */
START_TEST(resumed) {
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        pm_class_trainer *a = make(c, &s.train), *b = make(c, &s.train);
        pm_score score;
        ck_assert_int_eq(pm_class_trainer_epoch(a, NULL, NULL, NULL, &score, NULL), PM_OK);
        for (size_t k = 0; k < pm_class_trainer_arrays(a); k++) {
            size_t n, m;
            double *from = pm_class_trainer_array(a, k, &n), *to = pm_class_trainer_array(b, k, &m);
            ck_assert_uint_eq(n, m);
            memcpy(to, from, n * sizeof *to);
        }
        memcpy(pm_class_trainer_counters(b), pm_class_trainer_counters(a), 2 * sizeof(uint64_t));
        ck_assert_int_eq(pm_class_trainer_epoch(a, NULL, NULL, NULL, &score, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_epoch(b, NULL, NULL, NULL, &score, NULL), PM_OK);
        for (size_t k = 0; k < pm_class_trainer_arrays(a); k++) {
            size_t n;
            const double *left = pm_class_trainer_array(a, k, &n), *right = pm_class_trainer_array(b, k, &n);
            ck_assert_mem_eq(left, right, n * sizeof *left);
        }
        pm_class_trainer_free(a);
        pm_class_trainer_free(b);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

/* What is tested, and left in tables, is the running mean: with weights of 0 there nothing fires, while what is learnt
 * goes on firing. */
START_TEST(mean_is_tested) {
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        pm_class_trainer *t = make(c, &s.train);
        pm_score score;
        pm_class_table table;
        size_t n, arrays = c->model ? 1 : 2;
        ck_assert(pm_class_trainer_table(t, 0, &table));
        ck_assert_uint_eq(pm_class_trainer_arrays(t), 3 * arrays);
        double *mean = pm_class_trainer_array(t, 2 * arrays, &n);
        memset(mean, 0, (c->model ? table.rows * table.columns : n) * sizeof *mean);
        ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, NULL), PM_OK);
        ck_assert_double_eq(score.spikes, 0.0);
        ck_assert(pm_class_trainer_table(t, 0, &table));
        for (size_t k = 0; k < table.rows; k++)
            ck_assert_double_eq(table.numbers[k], 0.0);
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
        ck_assert_double_gt(score.spikes, 0.0);
        pm_class_trainer_free(t);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

/* The mean is that of what is there after each step, whatever a model does to it besides: here Lee's thresholds drift
 * by far while nothing else is learnt. */
START_TEST(mean_of_what_is_left) {
    sets s;
    make_sets(&s);
    pm_classification *c = experiment(2);
    c->average = 0.5;
    c->rate = 1e-30;
    c->batch = TRAIN;
    set_value(&c->model->head, c->model_parameters, "threshold_drift", 0.01);
    pm_class_trainer *t = make(c, &s.train);
    size_t n = 0, changed = 0;
    const double *learnt = pm_class_trainer_array(t, 0, &n), *mean = pm_class_trainer_array(t, 2, &n);
    double first[n], expected[n];
    memcpy(first, learnt, sizeof first);
    memcpy(expected, learnt, sizeof first);
    for (int k = 1; k <= 12; k++) {
        pm_score score;
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
        for (size_t i = 0; i < n; i++) {
            const double old = k < 10 ? k / (k + 10.0) : 0.5;
            expected[i] += (1.0 - old) * (learnt[i] - expected[i]);
            ck_assert_double_eq_tol(mean[i], expected[i], 1e-12);
            changed += learnt[i] != first[i];
        }
    }
    ck_assert_uint_gt(changed, 0);
    pm_class_trainer_free(t);
    pm_classification_free(c);
    drop_sets(&s);
}
END_TEST

/* With `keep`, what is tested in the end is what was best in validation, or in validation and training together, also
 * where its arrays are taken over. Returns the best epoch. */
static int keep_best(bool of_all) {
    sets s;
    make_sets(&s);
    pm_classification *c = experiment(0), *plain = experiment(0);
    c->validation = TEST;
    c->keep = 1.0;
    c->judge = of_all;
    c->rate = plain->rate = 300.0; /* it goes up and down */
    pm_class_trainer *t = make(c, &s.train), *other = make(c, &s.train), *alike = make(plain, &s.train);
    pm_epoch epoch;
    pm_score score, best = {0}, last = {0}, train = {0};
    size_t most = 0;
    double least = 0.0;
    int best_epoch = 0;
    for (int k = 0; k < 2 * EPOCHS; k++) {
        ck_assert_int_eq(pm_class_trainer_advance(t, &s.test, NULL, NULL, NULL, &epoch, NULL), PM_OK);
        last = epoch.validation;
        ck_assert_int_eq(pm_class_trainer_advance(alike, &s.test, NULL, NULL, NULL, &epoch, NULL), PM_OK);
        if (of_all)
            ck_assert_int_eq(pm_class_trainer_test(alike, &s.train, NULL, &train, NULL), PM_OK);
        const size_t correct = last.correct + train.correct;
        const double loss = (double)last.n * last.loss + (double)train.n * train.loss;
        if (k == 0 || correct > most || (correct == most && loss < least)) {
            best = last;
            best_epoch = k;
            most = correct;
            least = loss;
        }
    }
    ck_assert_int_lt(best_epoch, 2 * EPOCHS - 1);
    ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, NULL), PM_OK);
    ck_assert_mem_eq(&score, &best, sizeof score);
    ck_assert_uint_eq(pm_class_trainer_arrays(t), 9); /* weights, memory, means, the best of two layers; how good */
    for (size_t k = 0; k < pm_class_trainer_arrays(t); k++) {
        size_t n, m;
        const double *from = pm_class_trainer_array(t, k, &n);
        memcpy(pm_class_trainer_array(other, k, &m), from, n * sizeof *from);
        ck_assert_uint_eq(n, m);
    }
    ck_assert_int_eq(pm_class_trainer_test(other, &s.test, NULL, &score, NULL), PM_OK);
    ck_assert_mem_eq(&score, &best, sizeof score);
    pm_class_trainer_free(t);
    pm_class_trainer_free(other);
    pm_class_trainer_free(alike);
    pm_classification_free(c);
    pm_classification_free(plain);
    drop_sets(&s);
    return best_epoch;
}

START_TEST(best_is_kept) { ck_assert_int_ne(keep_best(false), keep_best(true)); }
END_TEST

/* What a trainer would go on with: its arrays. */
static void take_over(pm_class_trainer *to, pm_class_trainer *from) {
    ck_assert_uint_eq(pm_class_trainer_arrays(to), pm_class_trainer_arrays(from));
    for (size_t k = 0; k < pm_class_trainer_arrays(from); k++) {
        size_t n = 0, m = 0;
        const double *array = pm_class_trainer_array(from, k, &n);
        memcpy(pm_class_trainer_array(to, k, &m), array, n * sizeof *array);
        ck_assert_uint_eq(n, m);
    }
    memcpy(pm_class_trainer_counters(to), pm_class_trainer_counters(from), 2 * sizeof(uint64_t));
}

static void advance(pm_class_trainer *t, const pm_dataset *validation, pm_epoch *epoch) {
    ck_assert_int_eq(pm_class_trainer_advance(t, validation, NULL, NULL, NULL, epoch, NULL), PM_OK);
}

enum { CANDIDATES = 4, TRIAL = 2 };

/* Candidates begin with the first rate, the first of them with the network that there would be otherwise; what the best
 * one in validation has learnt goes on; training goes on with the same bits from any epoch, with `keep` or without. */
static void try_candidates(double keep) {
    sets s;
    make_sets(&s);
    pm_classification *c = experiment(0), *plain = experiment(0);
    c->validation = TEST;
    c->seed = plain->seed = 4;
    c->candidates = CANDIDATES;
    c->trial_epochs = TRIAL;
    c->epochs = CANDIDATES * TRIAL + 1;
    c->keep = keep;
    c->decay = plain->decay = 0.5;
    c->layers[0].delays = (pm_classification_delays){.given = true, .high = 9.0, .rate = 0.1};
    c->layers[0].delays.initial = (pm_distribution){.kind = PM_UNIFORM, .a = 0.0, .b = 5.0};
    plain->layers[0].delays = c->layers[0].delays;
    pm_class_trainer *t = make(c, &s.train), *other = make(c, &s.train), *alone = make(plain, &s.train);
    pm_epoch epoch, of[CANDIDATES];
    size_t best = 0, n = 0, done = 0;
    double weight = 0.0;
    for (size_t k = 0; k < CANDIDATES; k++) {
        const double *drawn = pm_class_trainer_array(t, 0, &n);
        ck_assert(k == 0 || drawn[0] != weight);
        weight = drawn[0];
        advance(t, &s.test, &epoch);
        ck_assert_double_eq(epoch.rate, c->rate);
        if (k == 1)
            take_over(other, t), done = (size_t)pm_class_trainer_counters(t)[0];
        advance(t, &s.test, &of[k]);
        ck_assert_double_eq(of[k].rate, 0.5 * c->rate);
        best = of[k].validation.correct > of[best].validation.correct ? k : best;
    }
    for (size_t k = 0; k < TRIAL; k++)
        advance(alone, &s.test, &epoch);
    ck_assert_mem_eq(&epoch.validation, &of[0].validation, sizeof epoch.validation);
    pm_score score;
    ck_assert(best > 0 && best + 1 < CANDIDATES); /* otherwise this would show less */
    ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, NULL), PM_OK);
    ck_assert(keep > 0.0 || memcmp(&score, &of[best].validation, sizeof score) == 0);
    advance(t, &s.test, &of[0]);
    ck_assert_double_eq(of[0].rate, 0.25 * c->rate);
    for (; done < c->epochs; done++)
        advance(other, &s.test, &epoch);
    ck_assert_mem_eq(&epoch.validation, &of[0].validation, sizeof epoch.validation);
    for (size_t k = 0; k < pm_class_trainer_arrays(t); k++) {
        const double *one = pm_class_trainer_array(t, k, &n);
        ck_assert_mem_eq(pm_class_trainer_array(other, k, &n), one, n * sizeof *one);
    }
    pm_class_trainer_free(t);
    pm_class_trainer_free(other);
    pm_class_trainer_free(alone);
    pm_classification_free(c);
    pm_classification_free(plain);
    drop_sets(&s);
}

START_TEST(best_candidate_goes_on) {
    try_candidates(0.0);
    try_candidates(1.0);
}
END_TEST

/* The tables of every model name each layer, with as many numbers as it has sources and neurons. */
START_TEST(tables) {
    static const char *const names[2][5] = {{"weights-1", "weights-2"},
                                            {"weights-1", "neurons-1", "weights-2", "neurons-2"}};
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        pm_class_trainer *t = make(c, &s.train);
        pm_score score;
        pm_class_table table;
        size_t k = 0;
        ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, NULL), PM_OK);
        for (; pm_class_trainer_table(t, k, &table); k++) {
            ck_assert_str_eq(table.name, names[which > 0][k]);
            ck_assert_uint_eq(table.rows, strchr(table.name, '1') ? HIDDEN : 3);
            ck_assert_uint_eq(table.columns, table.name[0] == 'n' ? 1 : strchr(table.name, '1') ? 4 : HIDDEN);
        }
        ck_assert_uint_eq(k, which > 0 ? 4 : 2);
        pm_class_trainer_free(t);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

/* Looks count the first spike of every neuron in every example, and keep all spikes of the first ones; models whose
 * spikes have no times have none. */
START_TEST(looks) {
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        pm_class_trainer *t = make(c, &s.train);
        pm_score score;
        pm_class_looks seen;
        uint64_t inputs = 0;
        ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, NULL), PM_OK);
        ck_assert_int_eq(pm_class_looks_take(t, &s.test, &seen, NULL), PM_OK);
        ck_assert_uint_eq(seen.populations, which == 0 ? 2 : 0); /* the output only integrates */
        ck_assert_uint_eq(seen.examples, which == 0 ? TEST : 0);
        for (size_t b = 0; b < PM_LOOK_BINS && which == 0; b++)
            inputs += seen.bins[b];
        ck_assert_uint_eq(inputs, 4 * seen.examples);
        for (size_t k = 1; k < seen.spikes.count; k++)
            ck_assert_uint_le(seen.spikes.items[k - 1].example, seen.spikes.items[k].example);
        ck_assert(seen.spikes.count > 0 ? seen.spikes.items[seen.spikes.count - 1].example == PM_LOOK_SHOWN - 1
                                        : which > 0);
        pm_class_looks_free(&seen);
        pm_class_trainer_free(t);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

static void refused(const pm_classification *c, const pm_dataset *train, const char *word) {
    pm_class_trainer *t;
    pm_error error = {0};
    ck_assert_int_eq(pm_class_trainer_new(c, train, &t, &error), PM_INVALID);
    ck_assert_ptr_null(t);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s", error.message);
}

/* Networks and batches that do not fit the data are refused; so is a test on other data; a stop ends an epoch. */
START_TEST(misfits) {
    sets s;
    make_sets(&s);
    for (size_t which = 0; which < MODELS; which++) {
        pm_classification *c = experiment(which);
        c->layers[1].size = 4, refused(c, &s.train, "4 neurons");
        c->layers[1].size = 3, c->batch = TRAIN + 1, refused(c, &s.train, "131");
        c->batch = 40, c->deform.rotate = 5.0, refused(c, &s.train, "no pictures");
        c->deform.rotate = 0.0, c->rate = c->model ? 1e308 : 1e300;
        pm_class_trainer *t = make(c, &s.train);
        pm_score score;
        pm_error error = {0};
        const volatile int stop = 1;
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, &stop, &score, &error), PM_STOPPED);
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, &error), PM_FAILED);
        ck_assert(strstr(error.message, "diverged") || strstr(error.message, "runaway"));
        s.test.n_features = 2;
        if (c->model)
            ck_assert_int_eq(pm_class_trainer_test(t, &s.test, NULL, &score, &error), PM_INVALID);
        s.test.n_features = 4;
        pm_class_trainer_free(t);
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

/* Memory may run out anywhere: that is said, and nothing is left behind. */
START_TEST(memory_runs_out) {
    sets s;
    make_sets(&s);
    s.test.n = 4; /* of them */
    for (size_t which = 0; which < MODELS; which += 2) {
        pm_classification *c = experiment(which);
        c->layers[0].size = 3;
        c->parts = 2;
        for (size_t n = 1;; n++) {
            pm_class_trainer *t = NULL;
            pm_class_looks seen = {0};
            pm_score score;
            pm_error error = {0};
            starve(n);
            pm_status status = pm_class_trainer_new(c, &s.train, &t, &error);
            if (status == PM_OK)
                status = pm_class_trainer_test(t, &s.test, NULL, &score, &error);
            if (status == PM_OK)
                status = pm_class_looks_take(t, &s.test, &seen, &error);
            bool hit = starved();
            starve(0);
            pm_class_looks_free(&seen);
            pm_class_trainer_free(t);
            ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
            if (!hit)
                break;
        }
        pm_classification_free(c);
    }
    drop_sets(&s);
}
END_TEST

Suite *pm_suite_trainer(void);
Suite *pm_suite_trainer(void) {
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("trainer");
    tcase_add_test(tests, epochs);
    tcase_add_test(tests, resumed);
    tcase_add_test(tests, mean_is_tested);
    tcase_add_test(tests, mean_of_what_is_left);
    tcase_add_test(tests, best_is_kept);
    tcase_add_test(tests, best_candidate_goes_on);
    tcase_add_test(tests, tables);
    tcase_add_test(tests, looks);
    tcase_add_test(tests, misfits);
    tcase_add_test(tests, memory_runs_out);
    suite_add_tcase(suite, tests);
    return suite;
}
