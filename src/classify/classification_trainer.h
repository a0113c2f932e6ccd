/* What the loop over mini-batches (classification_trainer.c) and its steps (classification_step.c) share. */
#ifndef PM_CLASSIFY_CLASSIFICATION_TRAINER_H
#define PM_CLASSIFY_CLASSIFICATION_TRAINER_H

#include "classify/classification_model.h"

/* The work of one part of a batch. */
typedef struct pm_class_part {
    pm_lane lane;
    double *gradient[PM_CLASSIFIER_MOST_LAYERS];
    double *wanted[PM_CLASSIFIER_MOST_LAYERS];  /* the same; NULL for hidden layers that do not learn */
    uint32_t *fired[PM_CLASSIFIER_MOST_LAYERS]; /* spikes of each source of a layer, summed over the part's examples */
    uint8_t *dropped[PM_CLASSIFIER_MOST_LAYERS];
    pm_deformer *deformer; /* NULL: pictures are as they are */
    uint8_t *picture;      /* deformed */
} pm_class_part;

/* What became of a part, in training or in a test. */
typedef struct pm_class_outcome {
    pm_score score;
    pm_status status;
    pm_error error;
} pm_class_outcome;

struct pm_class_trainer {
    const pm_classification *of;
    const pm_dataset *train;
    pm_image_trainer *images; /* of a model of its own: then nothing of what follows is used */
    pm_classifier net, tested;
    double *memory[PM_CLASSIFIER_MOST_LAYERS];  /* of the optimiser */
    double *average[PM_CLASSIFIER_MOST_LAYERS]; /* running mean of the weights, if wanted */
    uint8_t *fields;       /* 1 in receptive fields, 0 outside, in the order of the first layer's weights; NULL: none */
    const pm_relay *relay; /* NULL: there is one rank */
    size_t first, n_parts; /* those parts of a batch that this rank works off; what follows has as many places */
    pm_class_part *parts;
    pm_lane *testers; /* on `tested` */
    pm_class_outcome *outcomes;
    pm_score *scores;
    uint64_t *fired; /* spikes of inputs and hidden neurons in a batch, layer by layer */
    size_t n_sources;
    double *lift; /* of the neurons of a layer, pA */
    uint32_t *order;
    uint64_t counters[2]; /* epochs, steps */
    uint64_t shuffle_key, code_key, drop_key, deform_key;
};

/* One step of the optimiser and of the regularisation, from the parts' gradients and spikes over a batch of n; common
 * to all ranks. Errors: PM_FAILED when weights are no finite numbers any more. */
pm_status pm_class_trainer_step(pm_class_trainer *trainer, size_t n, pm_error *error);

#endif
