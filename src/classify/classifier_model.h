/* The face of a model that classifies, behind which the exact network, STBP and Lee look alike to the trainer: a model
 * runs examples and knows the gradient; orders, steps, running means, validation and what is saved are the trainer's.
 * What a model has learnt is some arrays of doubles, which are its state between batches. */
#ifndef PM_CLASSIFY_CLASSIFIER_MODEL_H
#define PM_CLASSIFY_CLASSIFIER_MODEL_H

#include "base/random.h"
#include "classify/classification.h"
#include "layer/layer.h"

/* Examples of a training set that are learnt one after the other, and the random streams that belong to them. */
typedef struct pm_class_batch {
    const uint32_t *order; /* their numbers */
    size_t n;
    uint64_t epoch, first; /* first: the number of the first one's presentation, over all epochs */
} pm_class_batch;

/* A rectangle of what is learnt, whose rows the optimiser steps one by one. */
typedef struct pm_class_block {
    size_t array, from; /* number `from` of an array is the first one */
    size_t rows, columns;
    double share; /* of the learning rate; 0: it is not learnt */
} pm_class_block;

typedef struct pm_classifier_model {
    const char *streams; /* first word of the keys of its random streams, the order of examples among them */
    size_t size;         /* bytes of the model, which is handed to the following */
    bool divided;        /* a batch comes in the experiment's `parts`, which ranks may share; otherwise in one */
    bool only_by_spikes; /* neurons that do not fire have no gradient */

    /* Makes a zeroed model ready for an experiment and its training set, which outlive it, and n_parts parts of every
     * batch: those of this rank. What fails is destroyed. Errors: PM_INVALID, PM_NO_MEMORY. */
    pm_status (*create)(void *model, const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                        size_t n_parts, pm_error *error);
    void (*destroy)(void *model); /* what it holds, also one that is made in part only */

    /* What is learnt: array k and its length, NULL beyond the last one; block k, false beyond the last one. */
    double *(*array)(void *model, size_t k, size_t *n);
    bool (*block)(const void *model, size_t k, pm_class_block *block);

    /* Runs a part of a batch with dropout and deformation, gathers what the gradient is made of, and adds to the score.
     * Parts are run by several threads, each in a place of its own. Errors: those of the model, on this rank alone. */
    pm_status (*learn)(void *model, size_t part, const pm_class_batch *batch, pm_score *score, pm_error *error);
    /* Before the rows of a block are stepped, after a batch of n examples; common to all ranks. May be NULL. */
    void (*gather)(void *model, size_t block, size_t n, double rate);
    /* The gradient of the mean loss with respect to a row. Rows may be asked for by several threads. */
    const double *(*gradient)(void *model, size_t block, size_t row, size_t n);
    /* What a model does to a row besides, after its step; false when numbers are not finite any more. May be NULL. */
    bool (*settle)(void *model, size_t block, size_t row, size_t n);

    /* After its arrays were set from outside. May be NULL. */
    void (*adopt)(void *model);
    /* Draws its arrays anew, each candidate's from streams of its own; those of 0 are there at first. NULL: there is but
     * one candidate. */
    void (*redraw)(void *model, size_t candidate);
    /* Before a batch (arrays: NULL), and before tests, until the next call: takes these numbers in place of its arrays.
     * May be NULL: it takes its arrays. */
    void (*prepare)(void *model, const double *const *arrays);
    /* As `learn`: runs the examples of a set from `from` to before `to` as prepared, in the place of a part, adds to
     * the score and calls pm_class_count for each. */
    pm_status (*test)(void *model, size_t part, const pm_dataset *data, size_t from, size_t to, uint32_t *confusion,
                      pm_score *score, pm_error *error);
    /* Runs one example as prepared and gives the spikes of its populations, the input first, for as long as nothing
     * else is run. NULL: there are none to see. */
    pm_status (*look)(void *model, const pm_dataset *data, size_t example, pm_class_look *look, pm_error *error);
    /* The layers of what is tested. NULL: there are none. */
    const pm_classifier *(*layers)(const void *model);
    /* What is tested as tables for people; false beyond the last one. */
    bool (*table)(const void *model, size_t k, pm_class_table *table);
    /* Where the number in that column and row of table k is in array k; SIZE_MAX: nowhere, it is 0. NULL: as in tables.
     */
    size_t (*place)(const void *model, size_t k, size_t column, size_t row);
} pm_classifier_model;

extern const pm_classifier_model pm_classifier_exact, pm_classifier_of_images, pm_classifier_network;

/* The key of one of a model's random streams. */
static inline uint64_t pm_class_key(const pm_classifier_model *kind, uint64_t seed, const char *word) {
    const char *const words[] = {kind->streams, word};
    return pm_stream_key(seed, words, 2);
}

/* The share of every weight that a step leaves. */
static inline double pm_class_keep(const pm_classification *c, double rate) {
    return 1.0 - c->weight_decay * rate / c->rate;
}

/* Adds what came of one example. */
static inline void pm_class_score(pm_score *score, bool right, double loss, size_t spikes, size_t input) {
    score->n++;
    score->correct += right;
    score->loss += loss;
    score->spikes += (double)spikes;
    score->input += (double)input;
}

/* Counts the decision on an example, where it is wanted. */
static inline void pm_class_count(uint32_t *confusion, const pm_dataset *data, size_t example, size_t decision) {
    if (!confusion)
        return;
    uint32_t *count = &confusion[data->label[example] * data->n_classes + decision];
#pragma omp atomic
    ++*count;
}

#endif
