/* Labelled examples: what a classifier is trained and tested on. */
#ifndef PM_DATA_DATASET_H
#define PM_DATA_DATASET_H

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

/* n examples of n_features intensities each, from 0 to 1: either bytes (intensity byte / 255) or numbers, row by row.
 * Or else recordings: those events of example k that have the numbers first[k] to first[k + 1] - 1, in order. */
typedef struct pm_dataset {
    size_t n, n_features, n_classes;
    size_t width, height; /* of a picture; 0: the features are no picture */
    uint8_t *bytes;       /* NULL unless they hold the features */
    double *values;       /* likewise */
    uint64_t *first;      /* n + 1 places; NULL unless these are recordings */
    uint32_t *stamp;      /* of each event: whole us from `before` us before the beginning of what is kept */
    double before;        /* 0 to 1; 0 where a recording is kept from a whole us on */
    uint16_t *feature;    /* of each event */
    uint8_t *label;
} pm_dataset;

void pm_dataset_free(pm_dataset *data);

/* Intensity of feature k of an example; not of recordings. */
static inline double pm_dataset_value(const pm_dataset *data, size_t example, size_t k) {
    size_t at = example * data->n_features + k;
    return data->bytes ? data->bytes[at] * (1.0 / 255.0) : data->values[at];
}

/* The last `n` examples of `from` go into `part` (a copy), which leaves the others behind. Errors: PM_NO_MEMORY. */
pm_status pm_dataset_split(pm_dataset *from, size_t n, pm_dataset *part, pm_error *error);

/* The Yin-Yang data set (Kriener, Goeltz and Petrovici, NICE 2022): points of the square around a circle of radius 0.5,
 * classes yin (0), yang (1) and dot (2), equally likely; features x, y, 1 - x, 1 - y. `name` tells independent sets
 * ("train", "test") of one seed apart. Errors: PM_NO_MEMORY. */
pm_status pm_dataset_yin_yang(uint64_t seed, const char *name, size_t n, pm_dataset *data, pm_error *error);
/* The class of a point of the circle. */
uint8_t pm_yin_yang_class(double x, double y);

/* A random order of 0 to n - 1, a function of (key, index). */
void pm_shuffle(uint64_t key, uint64_t index, size_t n, uint32_t *order);

#endif
