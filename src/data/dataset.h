/* Labelled examples (punctum/classification.h), from inside. */
#ifndef PM_DATA_DATASET_H
#define PM_DATA_DATASET_H

#include <punctum/classification.h>

/* Intensity of feature k of an example; not of recordings. */
static inline double pm_dataset_value(const pm_dataset *data, size_t example, size_t k) {
    size_t at = example * data->n_features + k;
    return data->bytes ? data->bytes[at] * (1.0 / 255.0) : data->values[at];
}

/* When event k of recordings is, in ms from the beginning of what is kept. */
static inline double pm_dataset_time(const pm_dataset *data, uint64_t k) {
    return data->time ? data->time[k] : (data->stamp[k] - data->before) / 1e3;
}

/* The last `n` examples of `from` go into `part` (a copy), which leaves the others behind. Errors: PM_NO_MEMORY. */
pm_status pm_dataset_split(pm_dataset *from, size_t n, pm_dataset *part, pm_error *error);

/* The Yin-Yang data set (Kriener, Goeltz and Petrovici, NICE 2022): points of the square around a circle of radius 0.5,
 * classes yin (0), yang (1) and dot (2), equally likely; features x, y, 1 - x, 1 - y. `name` tells independent sets
 * ("train", "test") of one seed apart. Errors: PM_NO_MEMORY. */
pm_status pm_dataset_yin_yang(uint64_t seed, const char *name, size_t n, pm_dataset *data, pm_error *error);
/* The same by the generator that was published with it (github.com/lkriener/yin_yang_data_set), on whose draws results
 * are compared: NumPy's RandomState(seed), the Mersenne Twister. Published are the seeds 42 (training), 41 (validation)
 * and 40 (test). */
pm_status pm_dataset_yin_yang_published(uint32_t seed, size_t n, pm_dataset *data, pm_error *error);
/* The class of a point of the circle. */
uint8_t pm_yin_yang_class(double x, double y);

/* A random order of 0 to n - 1, a function of (key, index). */
void pm_shuffle(uint64_t key, uint64_t index, size_t n, uint32_t *order);

#endif
