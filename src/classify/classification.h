/* Training a classifier on a data set, from inside: what an experiment says, and the loop over epochs and mini-batches.
 * Times in ms, weights in pA. */
#ifndef PM_CLASSIFY_CLASSIFICATION_H
#define PM_CLASSIFY_CLASSIFICATION_H

#include "classify/circuit.h"
#include "classify/classifier.h"
#include "classify/image_model.h"
#include "classify/network_loss.h"
#include "data/coding.h"
#include "data/deform.h"
#include "data/task.h"
#include "layer/patches.h"
#include "net/distribution.h"
#include "net/population.h"
#include "rule/optimiser.h"

#include <punctum/classification.h>

enum { PM_CLASSIFIER_MOST_ARRAYS = 3 * PM_MOST_LAYERS, PM_MOST_LEARNT = 64 };

typedef enum pm_data_kind {
    PM_DATA_IDX,
    PM_DATA_YIN_YANG,
    PM_DATA_NMNIST,   /* recordings of events */
    PM_DATA_GIVEN,    /* by the program that trains */
    PM_DATA_EXAMPLES, /* files of spikes */
    PM_DATA_TASK      /* spikes that are drawn */
} pm_data_kind;

/* Delays from one layer to the next. */
typedef struct pm_classification_delays {
    bool given;              /* otherwise there are none */
    double per;              /* a pm_delays_per */
    pm_distribution initial; /* ms; what is drawn beyond low or high is taken to be that */
    double rate;             /* of learning, as that of the weights, but in ms; 0: they stay as they are */
    double low, high;        /* ms: no delay leaves this range */
} pm_classification_delays;

typedef struct pm_classification_layer {
    size_t size;                /* 0 of a convolution, whose size depends on what it sees */
    bool convolved;             /* it is a */
    pm_convolution convolution;
    double mean, std; /* pA: weights are drawn from this normal distribution */
    double dropout;   /* probability that a neuron's spikes are lost in training */
    double rate;      /* of the weights to this layer, relative to that of the experiment */
    pm_classification_delays delays;
    bool divided;                        /* has receptors of the experiment, and */
    uint32_t sources[PM_MOST_RECEPTORS]; /* so many sources over each, or PM_ALL_SOURCES */
    bool learns_V_th; /* each neuron has a threshold of its own, */
    pm_learnt V_th;   /* which is learnt so (pm_learnt_parameters) */
    size_t field; /* ties from the centre of a neuron's receptive field, see fields.h; 0: it sees all inputs */
} pm_classification_layer;

/* What an experiment says in numbers: each field is a key of the file, has its default and range here and goes into
 * results from here. */
extern const pm_kind pm_classification_layers;   /* of pm_classification_layer: of each layer */
extern const pm_kind pm_classification_delay;    /* of pm_classification_delays: the map delays of a layer */
extern const pm_kind pm_classification_convolution; /* of pm_convolution: the map convolution of a layer */
extern const pm_kind pm_classification_sets;     /* of pm_classification: numbers of examples, in the map data */
extern const pm_kind pm_classification_input;    /* of pm_classification: beside the code, in the map coding */
extern const pm_kind pm_classification_learning; /* of pm_classification: how weights change */
extern const pm_kind pm_classification_activity; /* of pm_classification: the map activity */

/* A population of a network whose spikes can be looked at. */
typedef struct pm_class_population {
    char name[40]; /* cut, if it is longer */
    size_t size;
    uint32_t number; /* in the network */
} pm_class_population;

struct pm_classification {
    char *file; /* where it was read; NULL: nowhere */
    uint64_t seed;
    /* NULL: the exact network. Otherwise a model of its own, to which nothing but data, sizes of layers and training
     * (epochs, batch, optimiser, rate, schedule) applies. */
    const pm_image_model *model;
    double model_parameters[PM_IMAGE_MODEL_PARAMETERS_SIZE / sizeof(double)];
    /* A network file; NULL: layers. Then its duration is that of an example, and neurons, layers, losses and activity
     * are not those below; the only layer is the output population, for its size. */
    char *network;
    uint64_t network_mark; /* stands for what is in the file */
    uint32_t input, output;
    size_t n_inputs;                  /* neurons of the input population */
    pm_class_population *populations; /* the input first, the output last, if it fires */
    size_t n_populations;
    pm_learnt learnt[PM_MOST_LEARNT];
    size_t n_learnt;
    const pm_network_loss *network_loss;
    double network_loss_parameters[PM_NETWORK_LOSS_PARAMETERS_SIZE / sizeof(double)];
    double duration; /* ms, of an example */
    pm_neuron neuron, readout;
    pm_receptor *receptors; /* of hidden neurons, and of outputs that fire; NULL: that of tau_1 and tau_2 */
    size_t n_receptors;
    pm_data_kind data;
    char *images, *labels, *test_images, *test_labels; /* PM_DATA_IDX */
    char *recordings, *test_recordings;                /* PM_DATA_NMNIST: folders; PM_DATA_EXAMPLES: files */
    const pm_task *task;                               /* PM_DATA_TASK */
    double task_parameters[PM_TASK_PARAMETERS_SIZE / sizeof(double)];
    double window[2];   /* ms: the part of a recording that counts */
    size_t most_events; /* of a pixel and polarity within the window; 0: all */
    bool published;     /* PM_DATA_YIN_YANG: */
    uint32_t seeds[3];  /* of the sets for training, validation and test */
    size_t n_classes;
    size_t train, validation, test; /* examples; SIZE_MAX: all that there are */
    pm_deformation deform;          /* of every presentation in training; needs pictures */
    pm_coding coding;
    double input_dropout;
    double opposition; /* ms: every example is learned a second time with its spikes moved so far against the network */
    pm_classification_layer layers[PM_MOST_LAYERS]; /* hidden layers, then the output layer */
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
    double fade;    /* lift is multiplied by this power of the rate's share that is left */
    double keep;    /* 0: the network of the last epoch is tested; 1: that of the best one in validation */
    double judge;   /* what is best: 0: by the validation set; 1: by the training set as well */
    size_t candidates, trial_epochs; /* so many networks are drawn and trained for so many epochs; the best goes on */
    double average; /* the network that is tested is a running mean of the weights, with this share of the old one per
                     * step; 0: the weights themselves */
};

pm_classification *pm_classification_new(void); /* defaults; NULL when there is no memory */
/* Another loss, with its default parameters. */
void pm_classification_set_loss(pm_classification *c, const pm_loss *loss);
/* Whether examples are spikes already. */
bool pm_classification_of_events(const pm_classification *c);
/* PM_INVALID with a message that begins with the key, unless the experiment can be run. */
pm_status pm_classification_check(const pm_classification *c, pm_error *error);

/* PM_INVALID with a message that begins with the key, unless layer l divides so many sources among its receptors. */
pm_status pm_classification_check_sources(const pm_classification *c, size_t l, size_t n, pm_error *error);

/* One epoch over the training set, without the test after it. */
pm_status pm_class_trainer_epoch(pm_class_trainer *trainer, pm_class_progress *progress, void *user,
                                 const volatile int *stop, pm_score *score, pm_error *error);

/* Whether its network has layers of integrate-and-fire neurons; if so, their weights in the order of
 * pm_experiment_set_weights, pA: those of the network that is tested, before what dropout asks for there; and others,
 * with which training begins anew. */
bool pm_class_trainer_layered(const pm_class_trainer *trainer);
void pm_class_trainer_weights(const pm_class_trainer *trainer, double *weights);
void pm_class_trainer_set_weights(pm_class_trainer *trainer, const double *weights);

/* The experiment of a trainer. */
const pm_classification *pm_class_trainer_experiment(const pm_class_trainer *trainer);

/* The network of layers of the last test; NULL: it is none of those. */
const pm_classifier *pm_class_trainer_classifier(const pm_class_trainer *trainer);

/* What a network did with an example: the spikes of its populations, the input first. */
typedef struct pm_class_look {
    const pm_raster *rasters;
    const size_t *sizes; /* neurons */
    size_t populations;
    double duration; /* ms */
} pm_class_look;

/* One example through the network of the last test; *look lives until the next call. Errors: as of a test. */
pm_status pm_class_trainer_look(pm_class_trainer *trainer, const pm_dataset *data, size_t example, pm_class_look *look,
                                pm_error *error);

/* The state of a trainer between epochs, for checkpoints: so many arrays of doubles. */
size_t pm_class_trainer_arrays(const pm_class_trainer *trainer);
double *pm_class_trainer_array(pm_class_trainer *trainer, size_t k, size_t *n);
uint64_t *pm_class_trainer_counters(pm_class_trainer *trainer); /* [2]: epochs and steps done */

#endif
