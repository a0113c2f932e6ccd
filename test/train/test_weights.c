#include <punctum/punctum.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const RULES[] = {"normad", "exact_gradient", "spikeprop"};
static const pm_weights_format FORMATS[] = {PM_WEIGHTS_TEXT, PM_WEIGHTS_BINARY};
static const char PATH[] = "/tmp/punctum-weights";

static char path[64];

static void in_own_file(void) { snprintf(path, sizeof path, "%s-%ld", PATH, (long)getpid()); }
static void remove_file(void) { (void)unlink(path); }

/* Two patterns for a network of 6, `hidden` and 1 neurons with random weights. */
static pm_experiment *experiment_new(const char *rule, uint32_t hidden, const pm_neuron *neuron) {
    pm_experiment *e = pm_experiment_new();
    ck_assert_ptr_nonnull(e);
    pm_weight_part part = {.share = 1.0, .draw = {.kind = PM_UNIFORM, .a = 0.0, .b = 8000.0}};
    pm_training_layer layer = {.name = "input", .size = 6, .lowest = -INFINITY, .highest = INFINITY};
    ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
    layer.plastic = true, layer.rate = 30.0, layer.parts = &part, layer.n_parts = 1;
    layer.name = "hidden", layer.size = hidden;
    ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
    layer.name = "output", layer.size = 1;
    ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
    e->duration = 40.0;
    e->goal.within = 1e-6;
    e->momentum = 0.3;
    if (neuron)
        e->neuron = *neuron;
    pm_event input[6];
    for (uint32_t k = 0; k < 6; k++)
        input[k] = (pm_event){.neuron = k, .time = 3.0 * k};
    pm_event target[] = {{.time = 12.0}, {.time = 25.0}};
    ck_assert_int_eq(pm_experiment_add_pattern(e, input, 6, target, 2, NULL), PM_OK);
    ck_assert_int_eq(pm_experiment_add_pattern(e, input, 3, target, 1, NULL), PM_OK);
    ck_assert_int_eq(pm_experiment_set_rule(e, rule, NULL), PM_OK);
    return e;
}

static pm_trainer *trainer_new(const pm_experiment *e, uint32_t trial, int steps) {
    pm_trainer *t = NULL;
    pm_error error = {0};
    ck_assert_msg(pm_trainer_new(e, trial, &t, &error) == PM_OK, "%s", error.message);
    for (int k = 0; k < steps; k++)
        ck_assert_msg(pm_trainer_step(t, &error) == PM_OK, "%s", error.message);
    return t;
}

/* The number of weights that differ in any bit. */
static size_t differences(const pm_trainer *a, const pm_trainer *b) {
    const pm_experiment *e = pm_trainer_experiment(a);
    size_t n = 0;
    for (size_t l = 1; l < e->n_layers; l++)
        for (uint32_t i = 0; i < e->layers[l - 1].size; i++)
            for (uint32_t j = 0; j < e->layers[l].size; j++) {
                double x = pm_trainer_weight(a, l, i, j), y = pm_trainer_weight(b, l, i, j);
                n += memcmp(&x, &y, sizeof x) != 0;
            }
    return n;
}

static char *slurp(size_t *size) {
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    char *bytes = malloc(1 << 20);
    ck_assert_ptr_nonnull(bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void spill(const char *bytes, size_t size) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

/* Weights that are saved come back with the same bits. */
START_TEST(weights_come_back) {
    pm_experiment *e = experiment_new("normad", 5, NULL);
    pm_trainer *a = trainer_new(e, 0, 7), *b = trainer_new(e, 1, 2);
    ck_assert_uint_gt(differences(a, b), 20);
    ck_assert_int_eq(pm_trainer_save(a, path, FORMATS[_i], NULL), PM_OK);
    ck_assert_int_eq(pm_trainer_load(b, path, NULL), PM_OK);
    ck_assert_uint_eq(differences(a, b), 0);
    pm_trainer_free(a);
    pm_trainer_free(b);
    pm_experiment_free(e);
}
END_TEST

/* Training that begins with loaded weights does not depend on how they got there: nothing of the trainer's past is
 * left. */
START_TEST(training_begins_anew) {
    pm_experiment *e = experiment_new(RULES[_i], 5, NULL);
    pm_trainer *used = trainer_new(e, 0, 6);
    ck_assert_int_eq(pm_trainer_save(used, path, PM_WEIGHTS_BINARY, NULL), PM_OK);
    ck_assert_int_eq(pm_trainer_load(used, path, NULL), PM_OK);
    ck_assert_uint_eq(pm_trainer_report(used).iteration, 0);
    ck_assert_int_eq(pm_experiment_load_weights(e, path, NULL), PM_OK);
    pm_trainer *fresh = trainer_new(e, 3, 0);
    ck_assert_uint_eq(differences(used, fresh), 0);
    for (int k = 0; k < 6; k++) {
        ck_assert_int_eq(pm_trainer_step(used, NULL), PM_OK);
        ck_assert_int_eq(pm_trainer_step(fresh, NULL), PM_OK);
    }
    ck_assert_uint_eq(differences(used, fresh), 0);
    ck_assert_int_eq(pm_trainer_load(fresh, path, NULL), PM_OK);
    ck_assert_uint_gt(differences(used, fresh), 0); /* they have moved */
    pm_trainer_free(used);
    pm_trainer_free(fresh);
    pm_experiment_free(e);
}
END_TEST

/* A file that is cut short anywhere is refused, and the trainer is as it was. */
START_TEST(cut_files_are_refused) {
    pm_experiment *e = experiment_new("normad", 5, NULL);
    pm_trainer *a = trainer_new(e, 0, 3), *b = trainer_new(e, 1, 0), *same = trainer_new(e, 1, 0);
    ck_assert_int_eq(pm_trainer_save(a, path, FORMATS[_i], NULL), PM_OK);
    size_t size = 0;
    char *bytes = slurp(&size);
    for (size_t kept = 0; kept < size; kept++) {
        spill(bytes, kept);
        pm_error error = {0};
        ck_assert_int_eq(pm_trainer_load(b, path, &error), PM_INVALID);
        ck_assert_msg(strstr(error.message, kept < 24 ? "weights" : "cut short"), "%zu: %s", kept, error.message);
    }
    ck_assert_uint_eq(differences(b, same), 0);
    free(bytes);
    pm_trainer_free(a);
    pm_trainer_free(b);
    pm_trainer_free(same);
    pm_experiment_free(e);
}
END_TEST

/* No byte of the binary format can be changed, nor appended, without being noticed. */
START_TEST(damage_is_noticed) {
    pm_experiment *e = experiment_new("normad", 5, NULL);
    pm_trainer *t = trainer_new(e, 0, 3);
    ck_assert_int_eq(pm_trainer_save(t, path, PM_WEIGHTS_BINARY, NULL), PM_OK);
    size_t size = 0;
    char *bytes = slurp(&size);
    for (size_t k = 0; k < size; k++) {
        bytes[k] = (char)(bytes[k] ^ 4);
        spill(bytes, size);
        ck_assert_msg(pm_trainer_load(t, path, NULL) == PM_INVALID, "byte %zu", k);
        bytes[k] = (char)(bytes[k] ^ 4);
    }
    bytes[size] = 'x';
    spill(bytes, size + 1);
    ck_assert_int_eq(pm_trainer_load(t, path, NULL), PM_INVALID);
    spill(bytes, size);
    ck_assert_int_eq(pm_trainer_load(t, path, NULL), PM_OK);
    free(bytes);
    pm_trainer_free(t);
    pm_experiment_free(e);
}
END_TEST

static void refused_by(const pm_experiment *e, const char *why) {
    pm_trainer *t = trainer_new(e, 0, 0);
    pm_error error = {0};
    ck_assert_int_eq(pm_trainer_load(t, path, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, why) && strstr(error.message, path), "%s", error.message);
    pm_trainer_free(t);
}

/* Weights of another network are refused: other sizes of layers, and neurons with other parameters. */
START_TEST(other_networks_are_refused) {
    pm_neuron slow = pm_neuron_default();
    slow.C_m *= 1.5;
    pm_experiment *e = experiment_new("normad", 5, NULL), *wide = experiment_new("normad", 7, NULL),
                  *other = experiment_new("normad", 5, &slow);
    pm_trainer *t = trainer_new(e, 0, 1);
    ck_assert_int_eq(pm_trainer_save(t, path, FORMATS[_i], NULL), PM_OK);
    refused_by(wide, "its layers are 6-5-1, those here 6-7-1");
    refused_by(other, "its neurons have other parameters");
    pm_trainer_free(t);
    pm_experiment_free(e);
    pm_experiment_free(wide);
    pm_experiment_free(other);
}
END_TEST

static const char CLASSES[] = "duration: 40.0\ndata: {yin_yang: {}, train: 60, validation: 20, test: 40}\n"
                              "coding: {latency: {threshold: -1.0, from: 0.0, to: 20.0}, bias: 0.0}\n"
                              "neuron: {V_th: -50.0}\nepochs: 1\nbatch: 20\nrate: 20.0\n%s"
                              "layers:\n  - {size: 6, weight: {normal: [900.0, 600.0]}, dropout: 0.2}\n"
                              "  - {size: 3, weight: {normal: [50.0, 30.0]}}\n";

static pm_classification *classes_new(const char *more) {
    char text[600];
    pm_error error = {0};
    pm_classification *c = NULL;
    snprintf(text, sizeof text, CLASSES, more);
    ck_assert_msg(pm_classification_parse(text, "classes.yaml", &c, &error) == PM_OK, "%s", error.message);
    return c;
}

/* Both trainers keep weights in the same files: what one of them has learnt the other one takes, and saves it again with
 * the same bytes; a classifier that begins with it decides as the one that has learnt it. */
START_TEST(trainers_share_files) {
    const char *const kinds[] = {"", "average: 0.9\n", "keep: best\n"};
    for (size_t k = 0; k < 3; k++) {
        pm_classification *c = classes_new(kinds[k]);
        pm_dataset train = {0}, test = {0};
        pm_class_trainer *learnt = NULL, *begun = NULL;
        pm_epoch epoch;
        pm_score of_learnt, of_begun;
        size_t size = 0, again = 0;
        pm_error error = {0};
        ck_assert_int_eq(pm_classification_data(c, &train, NULL, &test, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_new(c, &train, &learnt, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_advance(learnt, &test, NULL, NULL, NULL, &epoch, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_save_weights(learnt, path, PM_WEIGHTS_BINARY, NULL), PM_OK);
        char *bytes = slurp(&size);

        pm_experiment *e = pm_experiment_new();
        pm_training_layer layer = {.name = "input", .size = 5, .lowest = -INFINITY, .highest = INFINITY};
        ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
        layer.plastic = true, layer.rate = 30.0;
        layer.name = "hidden", layer.size = 6;
        ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
        layer.name = "output", layer.size = 3;
        ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
        ck_assert_int_eq(pm_experiment_add_pattern(e, &(pm_event){.time = 1.0}, 1, &(pm_event){.time = 9.0}, 1, NULL), PM_OK);
        e->duration = 40.0;
        e->goal.within = 1.0;
        e->neuron = pm_neuron_default();
        e->neuron.V_th = -50.0;
        ck_assert_msg(pm_experiment_load_weights(e, path, &error) == PM_OK, "%s", error.message);
        pm_trainer *t = trainer_new(e, 0, 0);
        ck_assert_int_eq(pm_trainer_save(t, path, PM_WEIGHTS_BINARY, NULL), PM_OK);
        char *copy = slurp(&again);
        ck_assert_uint_eq(size, again);
        ck_assert_int_eq(memcmp(bytes, copy, size), 0);

        ck_assert_int_eq(pm_trainer_save(t, path, PM_WEIGHTS_TEXT, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_new(c, &train, &begun, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_advance(begun, &test, NULL, NULL, NULL, &epoch, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_advance(begun, &test, NULL, NULL, NULL, &epoch, NULL), PM_OK);
        ck_assert_msg(pm_class_trainer_load_weights(begun, path, &error) == PM_OK, "%s", error.message);
        ck_assert_uint_eq(pm_class_trainer_epochs(begun), 0);
        ck_assert_int_eq(pm_class_trainer_test(learnt, &test, NULL, &of_learnt, NULL), PM_OK);
        ck_assert_int_eq(pm_class_trainer_test(begun, &test, NULL, &of_begun, NULL), PM_OK);
        ck_assert_int_eq(memcmp(&of_learnt, &of_begun, sizeof of_begun), 0);
        free(bytes);
        free(copy);
        pm_trainer_free(t);
        pm_experiment_free(e);
        pm_class_trainer_free(learnt);
        pm_class_trainer_free(begun);
        pm_dataset_free(&train);
        pm_dataset_free(&test);
        pm_classification_free(c);
    }
}
END_TEST

/* Nothing of what came before stays with a classifier that begins anew: a second one that begins with the same weights
 * learns the same. */
START_TEST(classifier_begins_anew) {
    pm_classification *c = classes_new("average: 0.9\noptimiser: momentum\n");
    pm_dataset train = {0}, test = {0};
    pm_class_trainer *t[2] = {NULL, NULL};
    pm_epoch epochs[2];
    memset(epochs, 0, sizeof epochs);
    ck_assert_int_eq(pm_classification_data(c, &train, NULL, &test, NULL), PM_OK);
    for (size_t k = 0; k < 2; k++)
        ck_assert_int_eq(pm_class_trainer_new(c, &train, &t[k], NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_save_weights(t[0], path, PM_WEIGHTS_TEXT, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_advance(t[1], &test, NULL, NULL, NULL, &epochs[1], NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_load_weights(t[1], path, NULL), PM_OK);
    for (size_t k = 0; k < 2; k++)
        ck_assert_int_eq(pm_class_trainer_advance(t[k], &test, NULL, NULL, NULL, &epochs[k], NULL), PM_OK);
    ck_assert_int_eq(memcmp(&epochs[0].validation, &epochs[1].validation, sizeof epochs->validation), 0);
    ck_assert_int_eq(memcmp(&epochs[0].train, &epochs[1].train, sizeof epochs->train), 0);
    for (size_t k = 0; k < 2; k++)
        pm_class_trainer_free(t[k]);
    pm_dataset_free(&train);
    pm_dataset_free(&test);
    pm_classification_free(c);
}
END_TEST

/* Only weights that fit the layers and their bounds are taken; what cannot be written is said. */
START_TEST(unsuitable_weights_are_refused) {
    pm_experiment *e = experiment_new("normad", 5, NULL);
    pm_trainer *t = trainer_new(e, 0, 0);
    double weights[36] = {0.0};
    pm_error error = {0};
    ck_assert_uint_eq(pm_experiment_weights(e), 35);
    ck_assert_int_eq(pm_trainer_set_weights(t, weights, 36, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "36 weights; the layers have 35");
    weights[34] = NAN;
    ck_assert_int_eq(pm_trainer_set_weights(t, weights, 35, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "layer 'output' is nan pA"));
    weights[34] = 3.0;
    ck_assert_int_eq(pm_trainer_set_weights(t, weights, 35, NULL), PM_OK);
    ck_assert_double_eq(pm_trainer_weight(t, 2, 4, 0), 3.0);
    e->layers[2].highest = 2.0;
    ck_assert_int_eq(pm_experiment_set_weights(e, weights, 35, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "bounds"));
    ck_assert_int_eq(pm_trainer_save(t, "/proc/weights", PM_WEIGHTS_TEXT, &error), PM_FAILED);
    ck_assert_int_eq(pm_trainer_save(t, "/tmp/", PM_WEIGHTS_TEXT, &error), PM_INVALID);
    ck_assert_int_eq(pm_trainer_save(t, "/tmp", PM_WEIGHTS_TEXT, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "/tmp: this is no file that could be replaced"));
    ck_assert_int_eq(pm_trainer_load(t, "/tmp", &error), PM_INVALID);
    pm_trainer_free(t);
    pm_experiment_free(e);
}
END_TEST

/* Rows of the text that are too long, too short or too many are named by their line. */
START_TEST(text_is_checked_by_the_row) {
    static const struct {
        const char *from, *to, *why;
    } cases[] = {{"\n2 3", "\n2", ":5: 1 weights; neuron 0 of output has one from each of 2 neurons of input"},
                 {"\n2 3", "\n2 x", ":5: column 2: 'x' is not a finite number"},
                 {"\n# end", "\n4 5\n# end", ":6: one row too many"},
                 {"# layers 2 1", "# layers", "second line must be '# layers"},
                 {"# layers 2 1", "# layers 4294967295 1", "its layers are 4294967295-1, those here 2-1"}};
    pm_experiment *e = pm_experiment_new();
    pm_training_layer layer = {.name = "input", .size = 2, .lowest = -INFINITY, .highest = INFINITY};
    const pm_event input = {.time = 1.0}, target = {.time = 5.0};
    const double weights[] = {2.0, 3.0};
    ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
    layer.name = "output", layer.size = 1, layer.plastic = true, layer.rate = 1.0;
    ck_assert_int_eq(pm_experiment_add_layer(e, &layer, NULL), PM_OK);
    ck_assert_int_eq(pm_experiment_add_pattern(e, &input, 1, &target, 1, NULL), PM_OK);
    ck_assert_int_eq(pm_experiment_set_weights(e, weights, 2, NULL), PM_OK);
    e->duration = 10.0;
    e->goal.within = 1.0;
    pm_trainer *t = trainer_new(e, 0, 0);
    ck_assert_int_eq(pm_trainer_save(t, path, PM_WEIGHTS_TEXT, NULL), PM_OK);
    size_t size = 0;
    char *text = slurp(&size), changed[1000];
    text[size] = '\0';
    const char *at = strstr(text, cases[_i].from);
    ck_assert_msg(at != NULL, "%s", text);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, cases[_i].to, at + strlen(cases[_i].from));
    spill(changed, strlen(changed));
    pm_error error = {0};
    ck_assert_int_eq(pm_trainer_load(t, path, &error), PM_INVALID);
    ck_assert_msg(strstr(error.message, cases[_i].why), "%s", error.message);
    free(text);
    pm_trainer_free(t);
    pm_experiment_free(e);
}
END_TEST

Suite *pm_suite_weights(void);

Suite *pm_suite_weights(void) {
    Suite *suite = suite_create("weights");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, in_own_file, remove_file);
    tcase_add_loop_test(tests, weights_come_back, 0, 2);
    tcase_add_loop_test(tests, training_begins_anew, 0, 3);
    tcase_add_loop_test(tests, cut_files_are_refused, 0, 2);
    tcase_add_test(tests, damage_is_noticed);
    tcase_add_loop_test(tests, other_networks_are_refused, 0, 2);
    tcase_add_test(tests, trainers_share_files);
    tcase_add_test(tests, classifier_begins_anew);
    tcase_add_test(tests, unsuitable_weights_are_refused);
    tcase_add_loop_test(tests, text_is_checked_by_the_row, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
