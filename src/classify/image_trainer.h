/* Epochs and mini-batches of a model of images (image_model.h) on a data set. */
#ifndef PM_CLASSIFY_IMAGE_TRAINER_H
#define PM_CLASSIFY_IMAGE_TRAINER_H

#include "data/dataset.h"
#include "data/deform.h"
#include "classify/image_model.h"
#include "rule/optimiser.h"

typedef struct pm_image_training {
    const pm_image_model *kind;
    const void *parameters; /* of the kind */
    uint64_t seed;
    const uint32_t *sizes; /* of the layers, the input first */
    size_t n_layers;
    size_t batch;
    const pm_optimiser *optimiser;
    const void *optimiser_parameters;
    const pm_deformation *deform; /* of every presentation in training; NULL: none */
} pm_image_training;

typedef struct pm_image_trainer pm_image_trainer;

/* Both arguments, and what they point to, must outlive the trainer; `sizes` is copied. Errors: PM_INVALID for a network
 * that does not fit the data, a batch larger than it, and unusable parameters; PM_NO_MEMORY. */
pm_status pm_image_trainer_new(const pm_image_training *training, const pm_dataset *train, pm_image_trainer **trainer,
                               pm_error *error);
void pm_image_trainer_free(pm_image_trainer *trainer); /* NULL is allowed */

/* One epoch at this learning rate: every example once, in an order that depends on seed and epoch, in batches of
 * n / floor(n / batch) examples. `outcome` sums over them. progress (NULL: none) hears how many are done; *stop other
 * than 0 ends the epoch early (PM_STOPPED). Errors: PM_FAILED when training diverges; PM_NO_MEMORY. */
pm_status pm_image_trainer_epoch(pm_image_trainer *trainer, double rate,
                                 void (*progress)(void *, size_t, const pm_image_outcome *), void *argument,
                                 const volatile int *stop, pm_image_outcome *outcome, pm_error *error);
/* All examples of a set; confusion (NULL: not wanted) counts [label * n_classes + guess]. */
pm_status pm_image_trainer_test(pm_image_trainer *trainer, const pm_dataset *data, uint32_t *confusion,
                                pm_image_outcome *outcome, pm_error *error);

/* The state between epochs: two arrays of doubles, what is learnt and what the optimiser remembers, and the numbers of
 * epochs and of steps done. */
double *pm_image_trainer_array(pm_image_trainer *trainer, size_t which, size_t *n);
uint64_t *pm_image_trainer_counters(pm_image_trainer *trainer);

#endif
