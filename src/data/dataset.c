/* Data sets are flat arrays, example by example. Everything random is a stream of its own, so that a set is a function
 * of its seed and name. */
#include "data/dataset.h"
#include "base/sized.h"

#include "base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void pm_dataset_free(pm_dataset *data) {
    free(data->bytes);
    free(data->values);
    free(data->first);
    free(data->stamp);
    free(data->time);
    free(data->feature);
    free(data->label);
    *data = (pm_dataset){0};
}

static pm_status check_values(const pm_dataset *data, pm_error *error) {
    for (size_t k = 0; data->values && k < data->n * data->n_features; k++)
        if (!(data->values[k] >= 0.0 && data->values[k] <= 1.0))
            return pm_fail(error, PM_INVALID, "examples: feature %zu of example %zu is %g; it must be from 0 to 1",
                           k % data->n_features, k / data->n_features, data->values[k]);
    return PM_OK;
}

static pm_status check_recordings(const pm_dataset *data, pm_error *error) {
    if (!data->stamp == !data->time || !data->feature || data->first[0] != 0)
        return pm_fail(error, PM_INVALID, "examples: recordings need stamps or times, and features, from event 0 on");
    for (size_t k = 0; k < data->n; k++)
        if (data->first[k] > data->first[k + 1])
            return pm_fail(error, PM_INVALID, "examples: recording %zu ends before it begins", k);
    for (uint64_t k = 0; k < data->first[data->n]; k++)
        if (data->feature[k] >= data->n_features)
            return pm_fail(error, PM_INVALID, "examples: event %llu is of feature %u; there are %zu",
                           (unsigned long long)k, data->feature[k], data->n_features);
    for (size_t k = 0; data->time && k < data->n; k++)
        for (uint64_t j = data->first[k]; j < data->first[k + 1]; j++)
            if (!(data->time[j] >= (j > data->first[k] ? data->time[j - 1] : 0.0) && isfinite(data->time[j])))
                return pm_fail(error, PM_INVALID,
                               "examples: event %llu is at %g ms; times are finite and in ascending order from 0 on",
                               (unsigned long long)j, data->time[j]);
    return PM_OK;
}

pm_status pm_dataset_check(const pm_dataset *data, pm_error *error) {
    pm_dataset own;
    pm_status status = PM_SIZED_COPY(own, data, "a set of examples", error);
    if (status)
        return status;
    if (data->n == 0 || data->n_features == 0 || data->n_classes == 0 || !data->label)
        return pm_fail(error, PM_INVALID,
                       "examples: %zu examples of %zu features and %zu classes, %s labels, are no "
                       "set",
                       data->n, data->n_features, data->n_classes, data->label ? "with" : "without");
    if ((data->bytes != NULL) + (data->values != NULL) + (data->first != NULL) != 1)
        return pm_fail(error, PM_INVALID, "examples: give one of bytes, values and recordings");
    if (data->width > 0 && (data->n_features % data->width != 0 || data->height != data->n_features / data->width))
        return pm_fail(error, PM_INVALID, "examples: pictures of %zu x %zu pixels do not have %zu features",
                       data->width, data->height, data->n_features);
    for (size_t k = 0; k < data->n; k++)
        if (data->label[k] >= data->n_classes)
            return pm_fail(error, PM_INVALID, "examples: label %u of example %zu; there are %zu classes",
                           data->label[k], k, data->n_classes);
    return data->first ? check_recordings(data, error) : check_values(data, error);
}

/* The recordings from number `kept` on. */
static bool copy_events(const pm_dataset *from, size_t kept, pm_dataset *part) {
    uint64_t begin = from->first[kept], n = from->first[from->n] - begin;
    part->first = malloc((part->n + 1) * sizeof *part->first);
    part->stamp = from->stamp ? malloc(n * sizeof *part->stamp + 1) : NULL;
    part->time = from->time ? malloc(n * sizeof *part->time + 1) : NULL;
    part->feature = malloc(n * sizeof *part->feature + 1);
    if (!part->first || (from->stamp && !part->stamp) || (from->time && !part->time) || !part->feature)
        return false;
    for (size_t k = 0; k <= part->n; k++)
        part->first[k] = from->first[kept + k] - begin;
    if (from->stamp)
        memcpy(part->stamp, from->stamp + begin, n * sizeof *part->stamp);
    if (from->time)
        memcpy(part->time, from->time + begin, n * sizeof *part->time);
    memcpy(part->feature, from->feature + begin, n * sizeof *part->feature);
    return true;
}

pm_status pm_dataset_split(pm_dataset *from, size_t n, pm_dataset *part, pm_error *error) {
    size_t kept = from->n - n, row = from->n_features;
    *part = *from;
    part->n = n;
    part->bytes = from->bytes ? malloc(n * row + 1) : NULL;
    part->values = from->values ? malloc(n * row * sizeof *part->values + 1) : NULL;
    part->first = NULL;
    part->stamp = NULL;
    part->time = NULL;
    part->feature = NULL;
    part->label = malloc(n + 1);
    bool enough = part->label && (!from->bytes || part->bytes) && (!from->values || part->values);
    if (!enough || (from->first && !copy_events(from, kept, part))) {
        pm_dataset_free(part);
        return pm_fail_memory(error, "examples");
    }
    if (from->bytes)
        memcpy(part->bytes, from->bytes + kept * row, n * row);
    if (from->values)
        memcpy(part->values, from->values + kept * row, n * row * sizeof *part->values);
    memcpy(part->label, from->label + kept, n);
    from->n = kept;
    return PM_OK;
}

/* --- Yin-Yang ----------------------------------------------------------------------------------------------------- */

static const double BIG = 0.5, SMALL = 0.1; /* radii of the circle and of the dots */

static double distance(double right, double up) { return sqrt(right * right + up * up); }

uint8_t pm_yin_yang_class(double x, double y) {
    double right = distance(x - 1.5 * BIG, y - BIG), left = distance(x - 0.5 * BIG, y - BIG);
    if (right < SMALL || left < SMALL)
        return 2;
    return right <= SMALL || (left > SMALL && left <= 0.5 * BIG) || (y > BIG && right > 0.5 * BIG);
}

enum { FEATURES = 4, CLASSES = 3 };

static pm_status points_new(size_t n, pm_dataset *data, pm_error *error) {
    *data = (pm_dataset){.n = n, .n_features = FEATURES, .n_classes = CLASSES};
    data->values = malloc(n * FEATURES * sizeof *data->values + 1);
    data->label = malloc(n + 1);
    if (data->values && data->label)
        return PM_OK;
    pm_dataset_free(data);
    return pm_fail_memory(error, "examples");
}

/* Draws point k: of the wanted class, coordinates being numbers from 0 to 1 times the square's side. */
static void draw_point(gsl_rng *rng, double (*uniform)(const gsl_rng *), uint8_t wanted, pm_dataset *data, size_t k) {
    double x = 0.0, y = 0.0;
    do {
        x = 2.0 * BIG * uniform(rng);
        y = 2.0 * BIG * uniform(rng);
    } while (distance(x - BIG, y - BIG) > BIG || pm_yin_yang_class(x, y) != wanted);
    memcpy(data->values + k * FEATURES, (const double[]){x, y, 1.0 - x, 1.0 - y}, FEATURES * sizeof(double));
    data->label[k] = wanted;
}

pm_status pm_dataset_yin_yang(uint64_t seed, const char *name, size_t n, pm_dataset *data, pm_error *error) {
    pm_status status = points_new(n, data, error);
    if (status)
        return status;
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    const char *const words[] = {"yin-yang", name};
    uint64_t key = pm_stream_key(seed, words, 2);
    for (size_t k = 0; k < n; k++) {
        pm_stream_start(rng, key, k);
        draw_point(rng, gsl_rng_uniform, (uint8_t)gsl_rng_uniform_int(rng, CLASSES), data, k);
    }
    return PM_OK;
}

/* NumPy's numbers from 0 to 1: 53 bits of two draws. */
static double uniform_53(const gsl_rng *rng) {
    const unsigned long high = gsl_rng_get(rng) >> 5, low = gsl_rng_get(rng) >> 6;
    return ((double)high * 0x1p26 + (double)low) * 0x1p-53;
}

/* NumPy's randint(3): the first of two bits that is below 3. */
static uint8_t class_of_3(const gsl_rng *rng) {
    unsigned long bits;
    do
        bits = gsl_rng_get(rng) & 3;
    while (bits >= CLASSES);
    return (uint8_t)bits;
}

pm_status pm_dataset_yin_yang_published(uint32_t seed, size_t n, pm_dataset *data, pm_error *error) {
    gsl_rng rng = {.type = gsl_rng_mt19937, .state = malloc(gsl_rng_mt19937->size)};
    pm_status status = rng.state ? points_new(n, data, error) : pm_fail_memory(error, "random numbers");
    if (!status)
        gsl_rng_set(&rng, seed);
    for (size_t k = 0; !status && k < n; k++) {
        const uint8_t wanted = class_of_3(&rng);
        draw_point(&rng, uniform_53, wanted, data, k);
    }
    free(rng.state);
    return status;
}

/* --- order -------------------------------------------------------------------------------------------------------- */

void pm_shuffle(uint64_t key, uint64_t index, size_t n, uint32_t *order) {
    for (size_t k = 0; k < n; k++)
        order[k] = (uint32_t)k;
    for (size_t k = n; k > 1; k--) {
        uint32_t word[4];
        pm_philox_block(key, index, k, word);
        size_t other = (size_t)(((uint64_t)word[0] * k) >> 32);
        uint32_t kept = order[k - 1];
        order[k - 1] = order[other];
        order[other] = kept;
    }
}
