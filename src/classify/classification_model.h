/* Models of their own (image_model.h) in the terms of classifiers. */
#ifndef PM_CLASSIFY_CLASSIFICATION_MODEL_H
#define PM_CLASSIFY_CLASSIFICATION_MODEL_H

#include "classify/classification.h"
#include "classify/image_trainer.h"

/* Turns sums over examples into means. */
void pm_score_finish(pm_score *score);

/* Of the experiment's model; errors, epochs and tests are those of image_trainer.h. */
pm_status pm_model_new(const pm_classification *c, const pm_dataset *train, pm_image_trainer **images, pm_error *error);
/* Of a training set of n examples. */
pm_status pm_model_epoch(pm_image_trainer *images, size_t n, double rate,
                         void (*progress)(void *, size_t, const pm_score *), void *argument, const volatile int *stop,
                         pm_score *score, pm_error *error);
pm_status pm_model_test(pm_image_trainer *images, const pm_dataset *data, uint32_t *confusion, pm_score *score,
                        pm_error *error);

#endif
