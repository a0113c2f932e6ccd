/* Classifiers: networks that learn to tell the classes of labelled examples apart, by exact spike times or by other
 * models, on any data set.
 *
 * An experiment says what a network looks like and how it learns; it is read from a file, or from a text in the program
 * (docs/classification.md), and its examples come from the files that it names or from arrays. It is trained as a
 * whole, with a folder of results as punctum train leaves it, or by a trainer, epoch by epoch. Results are functions of
 * the experiment: the same bits for any number of threads and ranks. Times in ms, weights in pA. */
#ifndef PUNCTUM_CLASSIFICATION_H
#define PUNCTUM_CLASSIFICATION_H

#include <punctum/exchange.h>
#include <punctum/results.h>
#include <punctum/training.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- examples --- */

/* Labelled examples, which the caller fills in or pm_classification_data allocates: n of n_features intensities each,
 * from 0 to 1, row by row, either as bytes (intensity byte / 255) or as numbers. Or else recordings of events: those of
 * example k have the numbers first[k] to first[k + 1] - 1, in order. Zeros are what is not there. */
typedef struct pm_dataset {
    size_t n, n_features, n_classes;
    size_t width, height; /* of a picture; 0: the features are no picture */
    uint8_t *bytes;       /* n * n_features; NULL unless they hold the features */
    double *values;       /* likewise */
    uint64_t *first;      /* n + 1 places; NULL unless these are recordings */
    uint32_t *stamp;      /* of each event: whole us from `before` us before the beginning of what is kept */
    double before;        /* 0 to 1; 0 where a recording is kept from a whole us on */
    uint16_t *feature;    /* of each event */
    uint8_t *label;       /* n, below n_classes */
    double *time;         /* ms, of each event, ascending in an example, in place of stamps; NULL: stamps */
    size_t size;          /* of this structure, bytes, as in pm_options */
} pm_dataset;

/* Frees the arrays of a set that pm_classification_data filled in, and leaves an empty set behind. */
PM_API void pm_dataset_free(pm_dataset *data);
/* Errors: PM_INVALID for a set without examples, features or labels, labels out of range, intensities outside [0, 1],
 * and pictures whose sides do not fit. Cost: linear in the features. */
PM_API pm_status pm_dataset_check(const pm_dataset *data, pm_error *error);

/* --- experiments --- */

typedef struct pm_classification pm_classification;

/* Reads an experiment file. Errors: PM_INVALID with file, line, key and what would be right; PM_NO_MEMORY. */
PM_API pm_status pm_classification_load(const char *path, pm_classification **classification, pm_error *error);
/* The same of a text, YAML or JSON. `name` stands for the file in messages, and paths in the text are relative to its
 * folder. With `data: {given: {classes: N}}` the examples are those that training and tests are given. */
PM_API pm_status pm_classification_parse(const char *text, const char *name, pm_classification **classification,
                                         pm_error *error);
/* Reads an experiment file of either sort: exactly one of *experiment and *classification is not NULL then. Errors: as
 * of pm_classification_load and pm_experiment_load. */
PM_API pm_status pm_training_load(const char *path, pm_experiment **experiment, pm_classification **classification,
                                  pm_error *error);
PM_API void pm_classification_free(pm_classification *classification); /* NULL is allowed */
/* Changes a number of the experiment by its key: "seed", or one of the categories data, coding, learning and activity
 * (pm_category_find), as "epochs", "rate", "train", "highest". Errors: PM_INVALID for an unknown key or a value out of
 * range; what must hold for several numbers together is checked by what uses the experiment. */
PM_API pm_status pm_classification_set(pm_classification *classification, const char *key, double value,
                                       pm_error *error);
/* Such a number; NAN where there is none of that name. */
PM_API double pm_classification_number(const pm_classification *classification, const char *key);
/* The training, validation and test sets of the experiment, read from its files or drawn; those that are not asked for
 * (NULL) are not read. The caller frees each with pm_dataset_free. Errors: PM_INVALID with file and byte; also for
 * examples that are given; PM_NO_MEMORY. */
PM_API pm_status pm_classification_data(const pm_classification *classification, pm_dataset *train,
                                        pm_dataset *validation, pm_dataset *test, pm_error *error);

/* --- training epoch by epoch --- */

/* What came of a set. */
typedef struct pm_score {
    size_t n, correct; /* examples, and those whose class was found */
    double loss;       /* mean per example */
    double spikes;     /* mean per example, of all layers but the input */
    double input;      /* mean number of input spikes per example */
} pm_score;

typedef struct pm_epoch {
    pm_score train, validation; /* train: with dropout, while the weights changed */
    double rate;                /* of learning */
    double cpu_seconds;         /* processor time of training, all threads of this process */
} pm_epoch;

typedef struct pm_class_trainer pm_class_trainer;

/* A new network with its initial weights. Experiment and training set must outlive the trainer. Errors: PM_INVALID for
 * an experiment that cannot be run, a set that is none, a network that does not fit the data, a batch larger than it,
 * and deformations of what is no picture; PM_NO_MEMORY. */
PM_API pm_status pm_class_trainer_new(const pm_classification *classification, const pm_dataset *train,
                                      pm_class_trainer **trainer, pm_error *error);
/* The same on several ranks (NULL: one), each with the same data. Epochs and tests are then common to all: all ranks
 * call them alike, and have the same results and the same errors. Errors: PM_INVALID also for more ranks than parts,
 * and for models of their own, which one process trains. */
PM_API pm_status pm_class_trainer_new_shared(const pm_classification *classification, const pm_dataset *train,
                                             const pm_relay *relay, pm_class_trainer **trainer, pm_error *error);
PM_API void pm_class_trainer_free(pm_class_trainer *trainer); /* NULL is allowed */
/* Epochs done so far. */
PM_API size_t pm_class_trainer_epochs(const pm_class_trainer *trainer);

/* Called after each batch with the examples of the epoch that are done, and the sums (not means) of their scores. */
typedef void pm_class_progress(void *user, size_t done, const pm_score *sums);

/* One epoch over the training set, then a test on the validation set (NULL or of 0 examples: none); *epoch says what
 * came of both. `progress` may be NULL; *stop other than 0 ends it early (PM_STOPPED: the weights are then those of an
 * epoch half done; NULL: never). Errors: PM_FAILED when training diverges: the message says how. Cost: runs every
 * example forwards and backwards. */
PM_API pm_status pm_class_trainer_advance(pm_class_trainer *trainer, const pm_dataset *validation,
                                          pm_class_progress *progress, void *user, const volatile int *stop,
                                          pm_epoch *epoch, pm_error *error);
/* Runs all examples of a set without dropout; confusion (NULL: not wanted; n_classes * n_classes numbers) counts at
 * [label * n_classes + decision]. Errors: PM_INVALID for a set with other features or classes than the training set's;
 * PM_FAILED for runaway activity; PM_NO_MEMORY. */
PM_API pm_status pm_class_trainer_test(pm_class_trainer *trainer, const pm_dataset *data, uint32_t *confusion,
                                       pm_score *score, pm_error *error);

/* Whether the spikes of the network have times to look at: not those of models of their own. */
PM_API bool pm_class_trainer_looks(const pm_class_trainer *trainer);
/* Runs one example through the network of the last test; its spikes live until the next run. Errors: as of a test, and
 * PM_INVALID where there is no such example or nothing to look at. */
PM_API pm_status pm_class_trainer_run(pm_class_trainer *trainer, const pm_dataset *data, size_t example,
                                      pm_error *error);
/* The spikes of a population (0: input) in that run, in order of (time, neuron), as arrays of the number returned; none
 * of a population that there is not. Slopes in mV/ms. Each pointer may be NULL. */
PM_API size_t pm_class_trainer_spikes(const pm_class_trainer *trainer, size_t population, const double **time,
                                      const uint32_t **neuron, const double **slope);

/* A part of what is learnt: row r, column i is numbers[i * stride + r]. */
typedef struct pm_class_table {
    char name[40];    /* "weights-1" */
    const char *head; /* what the numbers are, with their unit */
    const double *numbers;
    size_t rows, columns, stride;
} pm_class_table;

/* Table k of the network of the last test, which has no dropout; false beyond the last one. */
PM_API bool pm_class_trainer_table(const pm_class_trainer *trainer, size_t k, pm_class_table *table);

#define PM_CLASS_CHECKPOINT "checkpoint.bin"
/* The state of a trainer and the epochs so far, of which there are pm_class_trainer_epochs, as "folder/checkpoint.bin",
 * which appears whole or not at all; and back into a new trainer of the same experiment, which then goes on with the
 * same bits. *epochs is allocated; the caller frees it with pm_free. Where there is no checkpoint, *found is false, or,
 * if `found` is NULL, that is an error. Errors: PM_FAILED where it cannot be written; PM_INVALID with file and offset
 * where it is truncated, corrupt or of another experiment. */
PM_API pm_status pm_class_trainer_save(pm_class_trainer *trainer, const char *folder, const pm_epoch *epochs,
                                       pm_error *error);
PM_API pm_status pm_class_trainer_restore(pm_class_trainer *trainer, const char *folder, pm_epoch **epochs, bool *found,
                                          pm_error *error);

/* The weights of a network of layers as a file of the same format as pm_trainer_save's, which appears whole or not at
 * all: those of the network that is tested, before what dropout asks for there. And back: training begins anew with them,
 * delays being as they are. Both trainers take what the other one has saved, where sizes of layers (the input with its
 * bias) and parameters of neurons agree. Errors: PM_INVALID for a network file and models of others, and for weights of
 * another network or a file that is cut short, damaged or something else; PM_FAILED where it cannot be written. */
PM_API pm_status pm_class_trainer_save_weights(const pm_class_trainer *trainer, const char *path,
                                               pm_weights_format format, pm_error *error);
PM_API pm_status pm_class_trainer_load_weights(pm_class_trainer *trainer, const char *path, pm_error *error);

/* --- as a whole --- */

/* How to train; zeros are: no folder, all cores, one rank, the experiment's own examples. */
typedef struct pm_class_training {
    const char *folder; /* for checkpoints and results, made if need be; NULL: nothing is written */
    bool resume;        /* goes on from the checkpoint in the folder, if there is one */
    int threads;        /* 0: as many as OpenMP would use; results do not depend on it */
    const pm_relay *relay;
    const volatile int *stop; /* ends the training with PM_STOPPED once it is other than 0; NULL: never */
    /* Called after each batch of epoch number `epoch`, from 0; the rest as in pm_class_progress, but the share of all
     * work that is done; NULL: nobody asks. */
    void (*progress)(void *user, size_t epoch, double done, const pm_score *sums);
    void *user;
    const pm_dataset *train, *validation, *test; /* in place of the experiment's; NULL: those */
    const char *weights; /* a file, with whose weights training begins; NULL: they are drawn */
    size_t size;         /* of this structure, bytes, as in pm_options */
} pm_class_training;

/* What came of a training, or of a test. */
typedef struct pm_class_outcome {
    pm_score test;
    uint32_t *confusion; /* test examples: [label * n_classes + decision] */
    size_t n_classes;
    pm_epoch *epochs;
    size_t n_epochs;
} pm_class_outcome;

PM_API void pm_class_outcome_free(pm_class_outcome *outcome); /* an empty one stays behind */

/* Trains for all epochs, then looks at the test set once. The folder holds a checkpoint after each epoch, and in the
 * end the results that docs/classification.md lists; on several ranks the first one writes. Errors: those of reading
 * data, of the trainer and of folders of results; there is nothing to free then. */
PM_API pm_status pm_classification_train(const pm_classification *classification, const pm_class_training *how,
                                         pm_class_outcome *outcome, pm_error *error);

/* What to test; zeros are the experiment's own examples and all cores. */
typedef struct pm_class_exam {
    const char *trained;         /* the folder of a training, at its end or after any epoch */
    const char *images, *labels; /* IDX files in place of the test set; NULL: that one */
    const pm_dataset *train;     /* in place of the experiment's, which say what the network looks like */
    const pm_dataset *test;      /* in place of the test set */
    const char *network;         /* folder in which the network is left as a network file; NULL: none */
    int threads;                 /* 0: as many as OpenMP would use */
    size_t size;                 /* of this structure, bytes, as in pm_options */
} pm_class_exam;

/* A trained network on a test set; outcome->epochs are those of its training. Errors: as of pm_class_trainer_restore
 * and pm_class_trainer_test; with `network`, as of pm_results_open, and PM_INVALID for networks that are not of layers or
 * have receptors. Its input is then the first example. */
PM_API pm_status pm_classification_test(const pm_classification *classification, const pm_class_exam *how,
                                        pm_class_outcome *outcome, pm_error *error);
/* Its results: confusion.dat and summary.json. Errors: as of pm_results_open, PM_FAILED. */
PM_API pm_status pm_classification_test_write(pm_results *results, const pm_classification *classification,
                                              const pm_class_exam *how, const pm_class_outcome *outcome,
                                              pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
