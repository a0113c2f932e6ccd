#include "classify/classification.h"
#include "support/presets.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 28, HEIGHT = 23, SIZE = WIDTH * HEIGHT };

static const uint64_t key = 5;
static const pm_deformation all = {.shift = 2.0, .rotate = 15.0, .scale = 0.2, .strength = 30.0, .smoothness = 4.0};

/* A smooth spot beside a sharp bar that touches the edge. */
static void paint(uint8_t *picture) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double spot = 255.0 * exp(-0.02 * ((x - 9) * (x - 9) + (y - 12) * (y - 12)));
            picture[y * WIDTH + x] = x >= 20 && x < 23 && y > 5 ? 255 : (uint8_t)(spot < 3.0 ? 0.0 : spot);
        }
}

static pm_deformer *make(const pm_deformation *d) {
    pm_deformer *deformer = NULL;
    ck_assert_int_eq(pm_deformer_new(d, WIDTH, HEIGHT, &deformer, NULL), PM_OK);
    return deformer;
}

static int brightness(const uint8_t *picture, int x, int y) {
    return x < 0 || y < 0 || x >= WIDTH || y >= HEIGHT ? 0 : picture[y * WIDTH + x];
}

/* Without shift, rotation, scale and strength every byte stays. */
START_TEST(nothing_to_do) {
    const pm_deformation none = {.smoothness = 3.0};
    uint8_t from[SIZE], to[SIZE];
    paint(from);
    ck_assert(!pm_deformation_any(&none));
    ck_assert(pm_deformation_any(&all));
    pm_deformer *deformer = make(&none);
    for (uint64_t k = 0; k < 20; k++) {
        memset(to, 1, sizeof to);
        pm_deform(deformer, key, k, from, to);
        ck_assert_mem_eq(from, to, SIZE);
    }
    pm_deformer_free(deformer);
}
END_TEST

/* A shift by whole pixels moves bytes and makes dark what comes in from outside; also one far outside. */
START_TEST(whole_pixels) {
    static const int shifts[][2] = {{1, 0}, {0, 1}, {-2, 3}, {5, -4}, {WIDTH - 1, 0}, {0, HEIGHT}, {-900, 900}};
    uint8_t from[SIZE], to[SIZE];
    paint(from);
    pm_deformer *deformer = make(&(pm_deformation){.shift = 1.0});
    for (size_t k = 0; k < sizeof shifts / sizeof *shifts; k++) {
        const int *s = shifts[k];
        pm_deformer_apply(deformer, &(pm_pose){.right = s[0], .down = s[1], .size = 1.0}, from, to);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                ck_assert_int_eq(to[y * WIDTH + x], brightness(from, x - s[0], y - s[1]));
    }
    pm_deformer_free(deformer);
}
END_TEST

/* The byte at (x, y) by the definition, in double precision, before rounding. */
static double direct(const uint8_t *from, const pm_pose *pose, const float *field, size_t stride, int x, int y) {
    double cx = 0.5 * (WIDTH - 1), cy = 0.5 * (HEIGHT - 1), sum = 0.0;
    double p = x - cx - pose->right, q = y - cy - pose->down;
    double u = cx + (cos(pose->angle) * p - sin(pose->angle) * q) / pose->size;
    double v = cy + (sin(pose->angle) * p + cos(pose->angle) * q) / pose->size;
    u += field ? (double)field[(size_t)y * stride + (size_t)x] : 0.0;
    v += field ? (double)field[(size_t)y * stride + WIDTH + (size_t)x] : 0.0;
    for (int j = (int)floor(v); j <= (int)floor(v) + 1; j++)
        for (int i = (int)floor(u); i <= (int)floor(u) + 1; i++)
            sum += (1.0 - fabs(u - i)) * (1.0 - fabs(v - j)) * brightness(from, i, j);
    return sum;
}

/* Every pose and field gives what the definition says. Tolerance: half a level for rounding to bytes, and places in
 * single precision, 1e-5 pixels of 255 levels each. */
START_TEST(definition) {
    const size_t stride = 64; /* of a row of both components, in whole blocks of 16 */
    uint8_t from[SIZE], to[SIZE];
    paint(from);
    for (int elastic = 0; elastic < 2; elastic++) {
        pm_deformation d = all;
        d.strength = elastic ? all.strength : 0.0;
        pm_deformer *deformer = make(&d);
        for (uint64_t k = 0; k < 30; k++) {
            pm_pose pose = pm_pose_draw(&d, key, k);
            const float *field = NULL;
            pm_deform(deformer, key, k, from, to);
            pm_deformer_draw(deformer, key, k, &field);
            ck_assert_int_eq(field != NULL, elastic);
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++)
                    ck_assert_double_eq_tol(to[y * WIDTH + x], direct(from, &pose, field, stride, x, y), 0.5 + 0.01);
        }
        pm_deformer_free(deformer);
    }
}
END_TEST

/* A quarter turn takes what is right of the centre to its top: counterclockwise as seen. */
START_TEST(quarter_turn) {
    uint8_t from[SIZE] = {0}, to[SIZE];
    const int cx = WIDTH / 2, cy = HEIGHT / 2;
    pm_deformer *deformer = NULL;
    from[cy * (WIDTH - 1) + cx - 1 + 6] = 200; /* both sides are odd */
    ck_assert_int_eq(pm_deformer_new(&(pm_deformation){.rotate = 90.0}, WIDTH - 1, HEIGHT, &deformer, NULL), PM_OK);
    pm_deformer_apply(deformer, &(pm_pose){.angle = acos(0.0), .size = 1.0}, from, to);
    for (int k = 0; k < (WIDTH - 1) * HEIGHT; k++)
        ck_assert_int_eq(to[k], k == (cy - 6) * (WIDTH - 1) + cx - 1 ? 200 : 0);
    pm_deformer_free(deformer);
}
END_TEST

/* Poses lie within their ranges and fill them: of uniform numbers, N = 4000, the mean is within 5 standard deviations
 * 1/sqrt(3 N) of 0 and the extremes are beyond 0.99 of the range. */
START_TEST(poses) {
    enum { N = 4000 };
    double sum[4] = {0.0}, least[4] = {0.0}, most[4] = {0.0};
    for (uint64_t k = 0; k < N; k++) {
        pm_pose p = pm_pose_draw(&all, key, k);
        const double x[] = {p.right / all.shift, p.down / all.shift, p.angle * 180.0 / acos(-1.0) / all.rotate,
                            (p.size - 1.0) / all.scale};
        for (size_t i = 0; i < 4; i++) {
            sum[i] += x[i];
            least[i] = fmin(least[i], x[i]);
            most[i] = fmax(most[i], x[i]);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_lt(fabs(sum[i] / N), 5.0 / sqrt(3.0 * N));
        ck_assert(least[i] >= -1.0 && least[i] < -0.99);
        ck_assert(most[i] <= 1.0 && most[i] > 0.99);
    }
}
END_TEST

/* In the middle of the picture, where the Gaussian (reach 6) does not meet the edge, the elastic displacement has mean
 * 0 and variance strength^2 / 3 (sum of squared weights), the weights those of the product of two Gaussians; neighbours
 * d apart correlate as the weights do. N = 3000 draws: 5 standard deviations are 0.09 of each figure's scale. */
START_TEST(elastic_field) {
    enum { N = 3000, REACH = 6, STRIDE = 64, X = 13, Y = 11, APART = 2 };
    const pm_deformation d = {.strength = 10.0, .smoothness = 2.0};
    double weight[2 * REACH + 1], total = 0.0, square = 0.0, product = 0.0;
    for (int k = -REACH; k <= REACH; k++)
        total += weight[k + REACH] = exp(-0.5 * k * k / 4.0);
    for (int k = 0; k <= 2 * REACH; k++) {
        square += weight[k] * weight[k] / (total * total);
        product += k >= APART ? weight[k] * weight[k - APART] / (total * total) : 0.0;
    }
    double mean = 0.0, variance = 0.0, across = 0.0, down = 0.0, mixed = 0.0;
    pm_deformer *deformer = make(&d);
    for (uint64_t k = 0; k < N; k++) {
        const float *field = NULL;
        pm_deformer_draw(deformer, key, k, &field);
        double e = (double)field[Y * STRIDE + X];
        mean += e / N;
        variance += e * e / N;
        across += e * (double)field[Y * STRIDE + X + APART] / N;
        down += e * (double)field[(Y + APART) * STRIDE + X] / N;
        mixed += e * (double)field[Y * STRIDE + WIDTH + X] / N;
    }
    const double scale = d.strength * d.strength / 3.0 * square * square;
    ck_assert_double_lt(fabs(mean), 0.09 * sqrt(scale));
    ck_assert_double_eq_tol(variance / scale, 1.0, 0.13); /* of a square: sqrt(2) as much */
    ck_assert_double_eq_tol(across / scale, product / square, 0.13);
    ck_assert_double_eq_tol(down / scale, product / square, 0.13);
    ck_assert_double_lt(fabs(mixed / scale), 0.13);
    pm_deformer_free(deformer);
}
END_TEST

/* A presentation looks the same whatever was drawn before it, and not as another one does. */
START_TEST(order) {
    enum { N = 12 };
    uint8_t from[SIZE], seen[N][SIZE], to[SIZE];
    paint(from);
    pm_deformer *deformer = make(&all);
    for (uint64_t k = 0; k < N; k++)
        pm_deform(deformer, key, k, from, seen[k]);
    for (uint64_t k = N; k-- > 0;) {
        pm_deform(deformer, key, k, from, to);
        ck_assert_mem_eq(to, seen[k], SIZE);
        ck_assert_int_ne(memcmp(to, seen[(k + 1) % N], SIZE), 0);
    }
    pm_deform(deformer, key + 1, 0, from, to);
    ck_assert_int_ne(memcmp(to, seen[0], SIZE), 0);
    pm_deformer_free(deformer);
}
END_TEST

/* Pictures of every small size, and smoothness far beyond them: bytes stay within the room (under the sanitizers). */
START_TEST(sizes) {
    uint8_t from[40 * 3], to[40 * 3];
    memset(from, 255, sizeof from);
    for (size_t width = 1; width <= 40; width += width < 6 ? 1 : 11)
        for (size_t height = 1; height <= 3; height++)
            for (int wide = 0; wide < 2; wide++) {
                const pm_deformation d = {
                    .shift = 1.0, .rotate = 180.0, .scale = 0.9, .strength = 1000.0, .smoothness = wide ? 900.0 : 0.2};
                pm_deformer *deformer = NULL;
                ck_assert_int_eq(pm_deformer_new(&d, width, height, &deformer, NULL), PM_OK);
                for (uint64_t k = 0; k < 10; k++)
                    pm_deform(deformer, key, k, from, to);
                pm_deformer_free(deformer);
            }
}
END_TEST

static void refused(pm_deformation d, const char *words) {
    pm_error error = {0};
    ck_assert_int_eq(pm_kind_check(&pm_deformation_kind, &d, &error), PM_INVALID);
    ck_assert_msg(strncmp(error.message, words, strlen(words)) == 0, "%s", error.message);
}

START_TEST(impossible) {
    refused((pm_deformation){.shift = -1.0}, "shift is -1 pixels; it must be from 0 to 1000 pixels");
    refused((pm_deformation){.shift = INFINITY}, "shift is inf");
    refused((pm_deformation){.rotate = 181.0}, "rotate is 181 degrees");
    refused((pm_deformation){.rotate = NAN}, "rotate is ");
    refused((pm_deformation){.scale = 1.0}, "scale is 1; it must be from 0 to below 1");
    refused((pm_deformation){.strength = -2.0, .smoothness = 1.0}, "elastic.strength is -2");
    refused((pm_deformation){.strength = 2.0}, "elastic.smoothness is 0 pixels; it must be positive where");
    refused((pm_deformation){.strength = 2.0, .smoothness = NAN}, "elastic.smoothness is ");
    ck_assert_int_eq(pm_kind_check(&pm_deformation_kind, &all, NULL), PM_OK);
}
END_TEST

START_TEST(memory_runs_out) {
    for (size_t n = 1;; n++) {
        pm_deformer *deformer = NULL;
        starve(n);
        pm_status status = pm_deformer_new(&all, WIDTH, HEIGHT, &deformer, NULL);
        bool hit = starved();
        starve(0);
        pm_deformer_free(deformer);
        ck_assert_int_eq(status, hit ? PM_NO_MEMORY : PM_OK);
        if (!hit)
            break;
    }
}
END_TEST

/* --- in training ---------------------------------------------------------------------------------------------------
 */

enum { EXAMPLES = 60, CLASSES = 3, HIDDEN = 20, LEARNT = 500 };

/* Classes are quarters in which the picture is bright. */
static pm_dataset examples(uint8_t *bytes, uint8_t *label) {
    for (size_t k = 0; k < EXAMPLES; k++) {
        label[k] = (uint8_t)(k % CLASSES);
        for (size_t i = 0; i < SIZE; i++) {
            size_t quarter = (i % WIDTH >= WIDTH / 2 ? 1u : 0u) + (i / WIDTH >= HEIGHT / 2 ? 2u : 0u);
            bytes[k * SIZE + i] = quarter == label[k] ? (uint8_t)(255 - (7 * i + 31 * k) % 200) : 0;
        }
    }
    return (pm_dataset){.n = EXAMPLES,
                        .n_features = SIZE,
                        .n_classes = CLASSES,
                        .width = WIDTH,
                        .height = HEIGHT,
                        .bytes = bytes,
                        .label = label};
}

static pm_classification *experiment(const pm_image_model *model, const pm_deformation *d) {
    pm_classification *c = pm_classification_new();
    c->neuron.V_th = c->readout.V_th = -50.0;
    pm_classification_set_loss(c, &pm_loss_discounted);
    set_value(&c->coding.code->head, c->coding.parameters, "threshold", 0.2);
    c->layers[0] = (pm_classification_layer){.size = HIDDEN, .mean = 40.0, .std = 60.0, .rate = 1.0};
    c->layers[1] = (pm_classification_layer){.size = CLASSES, .mean = 0.0, .std = 50.0, .rate = 1.0};
    c->n_layers = 2;
    c->n_classes = CLASSES;
    c->batch = 20;
    c->model = model;
    if (model)
        pm_kind_preset(&model->head, c->model_parameters);
    c->rate = model ? 0.01 : 5.0;
    c->deform = *d;
    ck_assert_int_eq(pm_classification_check(c, NULL), PM_OK);
    return c;
}

/* Two epochs; the first weights go to `learnt`, and what a test of the training set gives is returned. */
static double trained(const pm_image_model *model, const pm_deformation *d, int threads, double *learnt) {
    static uint8_t bytes[EXAMPLES * SIZE], label[EXAMPLES];
    pm_dataset data = examples(bytes, label);
    pm_classification *c = experiment(model, d);
    pm_class_trainer *t = NULL;
    pm_score score;
    size_t n = 0;
    omp_set_num_threads(threads);
    ck_assert_int_eq(pm_class_trainer_new(c, &data, &t, NULL), PM_OK);
    for (int epoch = 0; epoch < 2; epoch++)
        ck_assert_int_eq(pm_class_trainer_epoch(t, NULL, NULL, NULL, &score, NULL), PM_OK);
    ck_assert_int_eq(pm_class_trainer_test(t, &data, NULL, &score, NULL), PM_OK);
    const double *weight = pm_class_trainer_array(t, 0, &n);
    ck_assert_uint_ge(n, LEARNT);
    memcpy(learnt, weight, LEARNT * sizeof *learnt);
    pm_class_trainer_free(t);
    pm_classification_free(c);
    return score.loss;
}

/* Training with deformations has the same bits for any number of threads, and others than without; a deformation of 0
 * is none. The exact network and a model of its own. */
START_TEST(training) {
    const pm_deformation none = {0}, idle = {.smoothness = 4.0};
    const pm_image_model *const models[] = {NULL, &pm_image_model_stbp};
    double plain[LEARNT], one[LEARNT], other[LEARNT];
    for (size_t k = 0; k < 2; k++) {
        double loss = trained(models[k], &none, 2, plain);
        ck_assert_double_eq(trained(models[k], &idle, 2, other), loss);
        ck_assert_mem_eq(plain, other, sizeof plain);
        double deformed = trained(models[k], &all, 1, one);
        ck_assert_double_eq(trained(models[k], &all, 3, other), deformed);
        ck_assert_mem_eq(one, other, sizeof one);
        ck_assert_int_ne(memcmp(one, plain, sizeof one), 0);
    }
}
END_TEST

/* What is no picture is refused, by the experiment and by the trainer; tests deform nothing. */
START_TEST(pictures_only) {
    static uint8_t bytes[EXAMPLES * SIZE], label[EXAMPLES];
    pm_dataset data = examples(bytes, label);
    pm_error error = {0};
    for (int k = 0; k < 2; k++) {
        pm_classification *c = experiment(k ? &pm_image_model_lee : NULL, &all);
        pm_class_trainer *t = NULL;
        data.width = 0;
        ck_assert_int_eq(pm_class_trainer_new(c, &data, &t, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "data.deform: "));
        c->data = PM_DATA_YIN_YANG;
        ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "data.deform: only images"));
        c->deform.shift = -1.0;
        ck_assert_int_eq(pm_classification_check(c, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "data.deform: shift is -1"));
        pm_classification_free(c);
    }
}
END_TEST

Suite *pm_suite_deform(void);
Suite *pm_suite_deform(void) {
    Suite *suite = suite_create("deform");
    TCase *tests = tcase_create("deform");
    tcase_add_test(tests, nothing_to_do);
    tcase_add_test(tests, whole_pixels);
    tcase_add_test(tests, definition);
    tcase_add_test(tests, quarter_turn);
    tcase_add_test(tests, poses);
    tcase_add_test(tests, elastic_field);
    tcase_add_test(tests, order);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, impossible);
    tcase_add_test(tests, memory_runs_out);
    tcase_add_test(tests, training);
    tcase_add_test(tests, pictures_only);
    suite_add_tcase(suite, tests);
    return suite;
}
