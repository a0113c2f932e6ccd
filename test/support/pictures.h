/* Small pictures that can be told apart, for the tests of models that classify images. */
#ifndef TEST_SUPPORT_PICTURES_H
#define TEST_SUPPORT_PICTURES_H

#include "base/random.h"
#include "classify/image_model.h"

enum { INPUTS = 12, OUTPUTS = 3, IMAGES = 53 };

typedef struct set {
    double pixel[IMAGES * INPUTS];
    uint8_t label[IMAGES];
    uint64_t number[IMAGES];
    pm_images images;
} set;

/* Images of one third of the pixels each, bright for its label and dark else, with noise; every fifth pixel is black.
 */
static inline void make_set(set *s, uint64_t seed) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, seed);
    for (size_t i = 0; i < IMAGES; i++) {
        s->label[i] = (uint8_t)gsl_rng_uniform_int(rng, OUTPUTS);
        s->number[i] = 1000 * seed + i;
        for (size_t k = 0; k < INPUTS; k++)
            s->pixel[i * INPUTS + k] =
                k % 5 == 4 ? 0.0 : 0.3 * gsl_rng_uniform(rng) + (k % OUTPUTS == s->label[i] ? 0.6 : 0.1);
    }
    s->images = (pm_images){.n = IMAGES, .pixel = s->pixel, .label = s->label, .number = s->number, .key = 77};
    gsl_rng_free(rng);
}

#endif
