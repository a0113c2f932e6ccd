/* Receptive fields: against a plain computation by definition, on pictures whose pixels are in a random order, and in
 * training. */
#include "classify/fields.h"

#include "classify/classification.h"
#include "base/random.h"
#include "support/draw.h"

#include <check.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static gsl_rng *stream(uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed);
    return rng;
}

/* Pearson's correlation of two inputs, and the standard deviation of one, in two passes. */
static double product_of(const pm_dataset *data, size_t a, size_t b) {
    double mean_a = 0.0, mean_b = 0.0, sum = 0.0;
    for (size_t k = 0; k < data->n; k++) {
        mean_a += data->bytes[k * data->n_features + a] / (double)data->n;
        mean_b += data->bytes[k * data->n_features + b] / (double)data->n;
    }
    for (size_t k = 0; k < data->n; k++)
        sum += (data->bytes[k * data->n_features + a] - mean_a) * (data->bytes[k * data->n_features + b] - mean_b);
    return sum / (double)data->n;
}

static double deviation_of(const pm_dataset *data, size_t a) { return sqrt(product_of(data, a, a)); }

enum { MOST = 100 };

/* reach[a][b]: ties on the shortest way from a to b, MOST if there is none. */
static void find_distances(const pm_dataset *data, size_t reach[MOST][MOST]) {
    static bool near[MOST][MOST];
    size_t n = data->n_features;
    memset(near, 0, sizeof near);
    for (size_t a = 0; a < n; a++)
        for (size_t k = 0; k < PM_FIELD_NEIGHBOURS; k++) {
            size_t best = n;
            double most = -2.0;
            for (size_t b = 0; b < n; b++) {
                double scale = deviation_of(data, a) * deviation_of(data, b);
                if (b == a || near[a][b] || !(scale > 1e-9) || !(product_of(data, a, b) / scale > most))
                    continue;
                most = product_of(data, a, b) / scale;
                best = b;
            }
            if (best < n)
                near[a][best] = true;
        }
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            reach[a][b] = a == b ? 0 : near[a][b] && near[b][a] ? 1 : MOST;
    for (size_t c = 0; c < n; c++)
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++)
                if (reach[a][c] + reach[c][b] < reach[a][b])
                    reach[a][b] = reach[a][c] + reach[c][b];
}

/* Whether the field of a neuron is what can be reached from a centre. */
static bool is_ball(const uint8_t *field, size_t stride, const size_t *reach, size_t n, size_t steps) {
    for (size_t i = 0; i < n; i++)
        if (field[i * stride] != (reach[i] <= steps))
            return false;
    return true;
}

/* Every field is what lies within so many ties of a centre, and centres are as frequent as deviations say. Input 0
 * never changes and is in no field; the bias is in all. */
START_TEST(by_definition) {
    enum { N = 60, FEATURES = 24, NEURONS = 4000, STRIDE = NEURONS + 8, STEPS = 2 };
    static size_t reach[MOST][MOST];
    uint8_t bytes[N * FEATURES], *fields = NULL;
    gsl_rng *rng = stream(11);
    for (size_t k = 0; k < N; k++)
        for (size_t i = 0; i < FEATURES; i++)
            bytes[k * FEATURES + i] = i == 0                  ? 200
                                      : draw_chance(rng, 0.5) ? (uint8_t)gsl_rng_uniform_int(rng, 10 * i + 2)
                                                              : 0;
    const pm_dataset data = {.n = N, .n_features = FEATURES, .bytes = bytes};
    find_distances(&data, reach);
    ck_assert_int_eq(pm_fields_new(&data, FEATURES + 1, NEURONS, STRIDE, STEPS, 5, &fields, NULL), PM_OK);
    size_t count[FEATURES] = {0};
    for (size_t j = 0; j < NEURONS; j++) {
        ck_assert_uint_eq(fields[j], 0);
        ck_assert_uint_eq(fields[FEATURES * STRIDE + j], 1);
        size_t c = 1;
        while (c < FEATURES && !is_ball(fields + j, STRIDE, reach[c], FEATURES, STEPS))
            c++;
        ck_assert_uint_lt(c, FEATURES);
        count[c]++;
    }
    double total = 0.0;
    for (size_t i = 0; i < FEATURES; i++)
        total += deviation_of(&data, i);
    for (size_t c = 1; c < FEATURES; c++) { /* the first of those with the same ball counts for all of them */
        double share = 0.0;
        bool first = true;
        for (size_t i = 1; i < FEATURES; i++) {
            bool same = true;
            for (size_t k = 0; k < FEATURES; k++)
                same = same && (reach[c][k] <= STEPS) == (reach[i][k] <= STEPS);
            share += same ? deviation_of(&data, i) / total : 0.0;
            first = first && (!same || i >= c);
        }
        double spread = sqrt(NEURONS * share * (1.0 - share));
        ck_assert_double_le(fabs((double)count[c] - (first ? NEURONS * share : 0.0)), 5.0 * spread);
        ck_assert(first || count[c] == 0);
    }
    free(fields);
    gsl_rng_free(rng);
}
END_TEST

/* Blurred dots on a square whose pixels are in a random order: fields are compact all the same. */
START_TEST(finds_the_raster) {
    enum { N = 4000, SIDE = 16, PIXELS = SIDE * SIDE, NEURONS = 64 };
    static uint8_t bytes[N * PIXELS];
    size_t place[PIXELS]; /* of a pixel of the square in an example */
    uint8_t *fields = NULL;
    gsl_rng *rng = stream(3);
    for (size_t i = 0; i < PIXELS; i++) {
        size_t other = gsl_rng_uniform_int(rng, i + 1);
        place[i] = place[other];
        place[other] = i;
    }
    for (size_t k = 0; k < N; k++) {
        double x = draw_uniform(rng, -2.0, SIDE + 2.0), y = draw_uniform(rng, -2.0, SIDE + 2.0);
        for (size_t i = 0; i < PIXELS; i++) {
            double right = (double)(i % SIDE) + 0.5 - x, down = (double)(i / SIDE) + 0.5 - y;
            bytes[k * PIXELS + place[i]] = (uint8_t)(255.0 * exp(-(right * right + down * down) / 3.0));
        }
    }
    const pm_dataset data = {.n = N, .n_features = PIXELS, .bytes = bytes};
    ck_assert_int_eq(pm_fields_new(&data, PIXELS, NEURONS, NEURONS, 2, 7, &fields, NULL), PM_OK);
    for (size_t j = 0; j < NEURONS; j++) {
        size_t n = 0, left = SIDE, right = 0, top = SIDE, bottom = 0;
        for (size_t i = 0; i < PIXELS; i++) {
            if (!fields[place[i] * NEURONS + j])
                continue;
            n++;
            left = i % SIDE < left ? i % SIDE : left;
            right = i % SIDE > right ? i % SIDE : right;
            top = i / SIDE < top ? i / SIDE : top;
            bottom = i / SIDE > bottom ? i / SIDE : bottom;
        }
        ck_assert_uint_ge(n, 6);
        ck_assert_uint_le(n, 40);
        ck_assert_uint_le(right - left, 8);
        ck_assert_uint_le(bottom - top, 8);
    }
    free(fields);
    gsl_rng_free(rng);
}
END_TEST

START_TEST(refused) {
    uint8_t bytes[] = {3, 4, 3, 4}, *fields = NULL;
    double values[] = {0.0, 0.5};
    pm_error error;
    const pm_dataset alike = {.n = 2, .n_features = 2, .bytes = bytes};
    ck_assert_int_eq(pm_fields_new(&alike, 2, 3, 8, 1, 1, &fields, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "examples that differ"));
    ck_assert_ptr_null(fields);
    const pm_dataset numbers = {.n = 1, .n_features = 2, .values = values};
    ck_assert_int_eq(pm_fields_new(&numbers, 2, 3, 8, 1, 1, &fields, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "need images"));
    ck_assert_ptr_null(fields);
}
END_TEST

enum { EXAMPLES = 200, SIDE = 6, FEATURES = SIDE * SIDE, HIDDEN = 12, WEIGHTS = (FEATURES + 1) * 16 };

/* Trains on bars, left or right, with receptive fields; the weights of the first layer and their running means. */
static void train_bars(int threads, double *weights, double *averages) {
    static uint8_t bytes[EXAMPLES * FEATURES], labels[EXAMPLES];
    const pm_dataset data = {.n = EXAMPLES, .n_features = FEATURES, .n_classes = 2, .bytes = bytes, .label = labels};
    gsl_rng *rng = stream(9);
    for (size_t k = 0; k < EXAMPLES; k++) {
        size_t bar = gsl_rng_uniform_int(rng, SIDE);
        labels[k] = bar >= SIDE / 2;
        for (size_t i = 0; i < FEATURES; i++)
            bytes[k * FEATURES + i] = (uint8_t)((i % SIDE == bar ? 150 : 0) + gsl_rng_uniform_int(rng, 100));
    }
    gsl_rng_free(rng);
    pm_classification *c = pm_classification_new();
    pm_class_trainer *t = NULL;
    pm_score score;
    c->neuron.V_th = c->readout.V_th = -50.0;
    pm_classification_set_loss(c, &pm_loss_discounted);
    c->coding.bias = 0.0;
    c->layers[0] = (pm_classification_layer){.size = HIDDEN, .mean = 300.0, .std = 100.0, .rate = 1.0, .field = 1};
    c->layers[1] = (pm_classification_layer){.size = 2, .std = 30.0, .rate = 1.0};
    c->n_layers = c->n_classes = 2;
    c->batch = 20;
    c->rate = 5.0;
    c->average = 0.9;
    c->weight_decay = 1e-3;
    c->lowest = 2.0;
    c->lift = 5.0;
    ck_assert_int_eq(pm_classification_check(c, NULL), PM_OK);
    omp_set_num_threads(threads);
    ck_assert_int_eq(pm_class_trainer_new(c, &data, &t, NULL), PM_OK);
    for (int epoch = 0; epoch < 3; epoch++)
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
    size_t length = 0;
    const double *array = pm_class_trainer_array(t, 0, &length);
    ck_assert_uint_eq(length, WEIGHTS);
    memcpy(weights, array, WEIGHTS * sizeof *weights);
    array = pm_class_trainer_array(t, 4, &length);
    ck_assert_uint_eq(length, WEIGHTS);
    memcpy(averages, array, WEIGHTS * sizeof *averages);
    pm_class_trainer_free(t);
    pm_classification_free(c);
}

/* Weights outside the fields stay 0 whatever moves weights; within, none does; bits do not depend on threads. */
START_TEST(training_keeps_to_fields) {
    double one[WEIGHTS], mean[WEIGHTS], two[WEIGHTS], other[WEIGHTS];
    train_bars(1, one, mean);
    train_bars(2, two, other);
    ck_assert_int_eq(memcmp(one, two, sizeof one), 0);
    ck_assert_int_eq(memcmp(mean, other, sizeof mean), 0);
    for (size_t j = 0; j < HIDDEN; j++) {
        size_t inside = 0;
        for (size_t i = 0; i < FEATURES; i++) {
            inside += one[i * 16 + j] != 0.0;
            ck_assert_int_eq(one[i * 16 + j] != 0.0, mean[i * 16 + j] != 0.0);
        }
        ck_assert_uint_ge(inside, 1);
        ck_assert_uint_le(inside, 1 + PM_FIELD_NEIGHBOURS);
        ck_assert_double_ne(one[FEATURES * 16 + j], 0.0);
    }
}
END_TEST

/* Only the first hidden layer has fields, and only of images. */
START_TEST(experiments_refused) {
    pm_classification *c = pm_classification_new();
    pm_error error;
    c->layers[0] = (pm_classification_layer){.size = 3, .rate = 1.0, .field = 2};
    c->layers[1] = (pm_classification_layer){.size = 3, .rate = 1.0};
    c->n_layers = 2;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_OK);
    c->data = PM_DATA_YIN_YANG;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "layers[0]: "));
    c->data = PM_DATA_IDX;
    c->layers[1].field = 1;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "layers[1]: "));
    c->n_layers = 1;
    ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "layers[0]: "));
    pm_classification_free(c);
}
END_TEST

Suite *pm_suite_fields(void);
Suite *pm_suite_fields(void) {
    Suite *suite = suite_create("fields");
    TCase *tests = tcase_create("fields");
    tcase_add_test(tests, by_definition);
    tcase_add_test(tests, finds_the_raster);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, training_keeps_to_fields);
    tcase_add_test(tests, experiments_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
