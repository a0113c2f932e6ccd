/* Training a classifier on a data set: what an experiment says, and the loop over epochs and mini-batches.
 * Times in ms, weights in pA. */
#ifndef PM_CLASSIFY_CLASSIFICATION_H
#define PM_CLASSIFY_CLASSIFICATION_H

#include "base/relay.h"
#include "classify/classifier.h"
#include "classify/image_model.h"
#include "data/coding.h"
#include "data/deform.h"
#include "rule/optimiser.h"

enum { PM_CLASSIFIER_MOST_LAYERS = 8 };

typedef enum pm_data_kind { PM_DATA_IDX, PM_DATA_YIN_YANG, PM_DATA_NMNIST } pm_data_kind;

typedef struct pm_classification_layer {
    size_t size;
    double mean, std; /* pA: weights are drawn from this normal distribution */
    double dropout;   /* probability that a neuron's spikes are lost in training */
    double rate;      /* of the weights to this layer, relative to that of the experiment */
    size_t field;     /* ties from the centre of a neuron's receptive field, see fields.h; 0: it sees all inputs */
} pm_classification_layer;

/* What an experiment says in numbers: each field is a key of the file, has its default and range here and goes into
 * results from here. */
extern const pm_kind pm_classification_layers;   /* of pm_classification_layer: of each layer */
extern const pm_kind pm_classification_sets;     /* of pm_classification: numbers of examples, in the map data */
extern const pm_kind pm_classification_input;    /* of pm_classification: beside the code, in the map coding */
extern const pm_kind pm_classification_learning; /* of pm_classification: how weights change */
extern const pm_kind pm_classification_activity; /* of pm_classification: the map activity */

typedef struct pm_classification {
    uint64_t seed;
    /* NULL: the exact network. Otherwise a model of its own, to which nothing but data, sizes of layers and training
     * (epochs, batch, optimiser, rate, schedule) applies. */
    const pm_image_model *model;
    double model_parameters[PM_IMAGE_MODEL_PARAMETERS_SIZE / sizeof(double)];
    double duration; /* ms, of an example */
    pm_neuron neuron, readout;
    pm_data_kind data;
    char *images, *labels, *test_images, *test_labels; /* PM_DATA_IDX */
    char *recordings, *test_recordings;                /* PM_DATA_NMNIST: folders */
    double window[2];                                  /* ms: the part of a recording that counts */
    size_t most_events;                                /* of a pixel and polarity within the window; 0: all */
    size_t n_classes;
    size_t train, validation, test; /* examples; SIZE_MAX: all that there are */
    pm_deformation deform;          /* of every presentation in training; needs pictures */
    pm_coding coding;
    double input_dropout;
    double opposition; /* ms: every example is learned a second time with its spikes moved so far against the network */
    pm_classification_layer layers[PM_CLASSIFIER_MOST_LAYERS]; /* hidden layers, then the output layer */
    size_t n_layers;
    const pm_loss *loss;
    double loss_parameters[PM_LOSS_PARAMETERS_SIZE / sizeof(double)];
    double *desired; /* ms: the train of the label's output, of losses that want one */
    size_t n_desired;
    double slope_floor;
    size_t epochs, batch, parts; /* parts: a batch is cut into so many, each summed on its own, in order */
    const pm_optimiser *optimiser;
    double optimiser_parameters[PM_OPTIMISER_PARAMETERS_SIZE / sizeof(double)];
    double rate;
    double decay; /* the rate is multiplied by this every `decay_every` epochs */
    size_t decay_every;
    double weight_decay; /* each step also takes rate * weight_decay / rate_0 of every weight away */
    /* A hidden neuron that fires less than `lowest` spikes per example (mean over a batch) gets its weights raised by
     * lift * (lowest - mean) pA for each spike of their source per example; one above `highest` gets them lowered by
     * lift * (mean - highest). Inputs that never fire could not help it. */
    double lowest, highest, lift;
    double average; /* the network that is tested is a running mean of the weights, with this share of the old one per
                     * step; 0: the weights themselves */
} pm_classification;

pm_classification *pm_classification_new(void); /* defaults; NULL when there is no memory */
void pm_classification_free(pm_classification *c);
/* Another loss, with its default parameters. */
void pm_classification_set_loss(pm_classification *c, const pm_loss *loss);
/* PM_INVALID with a message that begins with the key, unless the experiment can be run. */
pm_status pm_classification_check(const pm_classification *c, pm_error *error);

typedef struct pm_score {
    size_t n, correct;
    double loss;   /* mean per example */
    double spikes; /* mean per example, of all layers but the input */
    double input;  /* mean number of input spikes per example */
} pm_score;

typedef struct pm_epoch {
    pm_score train, validation; /* train: with dropout, while the weights changed */
    double rate;
    double cpu_seconds; /* processor time of training, all threads of this process */
} pm_epoch;

typedef struct pm_class_trainer pm_class_trainer;

/* Takes the data sets over by reference. Errors: PM_INVALID for a network that does not fit the data or a batch larger
 * than it, and for deformations of what is no picture; PM_NO_MEMORY. */
pm_status pm_class_trainer_new(const pm_classification *c, const pm_dataset *train, pm_class_trainer **trainer,
                               pm_error *error);
/* The same on several ranks (NULL: one), each with the same data. Epochs and tests are then common to all: all ranks
 * call them alike, and have the same results and the same errors. Errors: PM_INVALID also for more ranks than parts,
 * and for models of their own, which one process trains. */
pm_status pm_class_trainer_new_shared(const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                                      pm_class_trainer **trainer, pm_error *error);
void pm_class_trainer_free(pm_class_trainer *trainer);
/* One epoch over the training set. *progress, if given, counts examples; *stop other than 0 ends it early (PM_STOPPED:
 * the weights are then those of an epoch half done). Errors: PM_FAILED when training diverges: the message says how. */
pm_status pm_class_trainer_epoch(pm_class_trainer *trainer, void (*progress)(void *, size_t, const pm_score *),
                                 void *argument, const volatile int *stop, pm_score *score, pm_error *error);
/* The same, with a test on the validation set (of 0 examples: none) after it; *epoch says what came of both. */
pm_status pm_class_trainer_advance(pm_class_trainer *trainer, const pm_dataset *validation,
                                   void (*progress)(void *, size_t, const pm_score *), void *argument,
                                   const volatile int *stop, pm_epoch *epoch, pm_error *error);

/* Runs all examples of a set without dropout; confusion (NULL: not wanted) counts [label * n_classes + decision]. */
pm_status pm_class_trainer_test(pm_class_trainer *trainer, const pm_dataset *data, uint32_t *confusion, pm_score *score,
                                pm_error *error);

/* What a network did with an example: the spikes of its populations, the input first. */
typedef struct pm_class_look {
    const pm_raster *rasters;
    const size_t *sizes; /* neurons */
    size_t populations;
    double duration; /* ms */
} pm_class_look;

/* Whether there are spikes to look at: not of models whose spikes have no times. */
bool pm_class_trainer_looks(const pm_class_trainer *trainer);
/* One example through the network of the last test; *look lives until the next call. Errors: as of a test. */
pm_status pm_class_trainer_look(pm_class_trainer *trainer, const pm_dataset *data, size_t example, pm_class_look *look,
                                pm_error *error);

/* A part of what is learnt: row r, column i is numbers[i * stride + r]. */
typedef struct pm_class_table {
    char name[40];    /* "weights-1" */
    const char *head; /* what the numbers are */
    const double *numbers;
    size_t rows, columns, stride;
} pm_class_table;

/* Table k of the network of the last test, which has no dropout; false beyond the last one. */
bool pm_class_trainer_table(const pm_class_trainer *trainer, size_t k, pm_class_table *table);

/* The state of a trainer between epochs, for checkpoints: so many arrays of doubles. */
size_t pm_class_trainer_arrays(const pm_class_trainer *trainer);
double *pm_class_trainer_array(pm_class_trainer *trainer, size_t k, size_t *n);
uint64_t *pm_class_trainer_counters(pm_class_trainer *trainer); /* [2]: epochs and steps done */

#endif
