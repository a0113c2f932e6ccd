/* Models that classify images, beside the exact network: each is one constant descriptor in a file of its own, from
 * which keys, help and the manual come. What a model has learnt is one array of doubles: for each layer its weights,
 * weight[source * n_out + target], then one number of each of its neurons. What a batch asks for is one array of sums
 * over its images: the gradient in the same layout, then what else the model wants. */
#ifndef PM_CLASSIFY_IMAGE_MODEL_H
#define PM_CLASSIFY_IMAGE_MODEL_H

#include "base/kind.h"
#include "data/dataset.h"
#include "layer/layered.h"

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PM_IMAGE_MODEL_PARAMETERS_SIZE = 256, /* bytes that hold the parameters of any model */
    PM_IMAGE_LAYERS = PM_MOST_LAYERS + 1, /* of neurons, the input included */
    PM_IMAGE_CHUNK = 20                   /* images that a model runs together, at most */
};

/* Some images of a data set, or recordings. */
typedef struct pm_images {
    size_t n;
    const double *pixel;    /* n x inputs, 0 (dark) to 1; not of recordings */
    const uint8_t *label;   /* n */
    const uint64_t *number; /* n: the random draws of an image depend on `key` and on this, on nothing else */
    uint64_t key;
    const pm_dataset *recordings; /* examples number[] of these, whose events are the input spikes; NULL: images */
    double window;                /* ms: of a recording; it is shown for as long as an image */
} pm_images;

/* What came out, summed over images. */
typedef struct pm_image_outcome {
    double loss;
    uint64_t correct;
    uint64_t spikes[PM_IMAGE_LAYERS]; /* of each layer, the input first; arrivals of inputs without spikes count none */
} pm_image_outcome;

typedef struct pm_image_model {
    pm_kind head;
    const char *of_neuron; /* what a neuron's own number is: "bias" */
    /* A model of layers of these sizes, the input first; `parameters` is copied. Errors: PM_INVALID with a message
     * that names the parameter; PM_NO_MEMORY. */
    pm_status (*create)(void **model, const uint32_t *sizes, size_t n_layers, const void *parameters, pm_error *error);
    void (*destroy)(void *model); /* NULL is allowed */
    /* How many doubles are learnt; how many sums a batch gathers: at least as many, and the first of them are the
     * gradient with respect to what is learnt. */
    size_t (*n_learnt)(const void *model);
    size_t (*n_sums)(const void *model);
    /* Learning rates differ between pieces of what is learnt: piece `number` has n doubles from `from` on and `share`
     * of the rate; false: there is no such piece. NULL: everything is one piece with the whole rate. */
    bool (*piece)(const void *model, size_t number, size_t *from, size_t *n, double *share);
    /* The initial values, drawn from streams of `key`. */
    void (*draw)(const void *model, uint64_t key, double *learnt);
    /* Room for one thread's work on PM_IMAGE_CHUNK images. */
    pm_status (*room_new)(const void *model, void **room, pm_error *error);
    void (*room_free)(void *room); /* NULL is allowed */
    /* Runs at most PM_IMAGE_CHUNK images, adds to `outcome`, writes what each was taken for into guess[], and, unless
     * `sums` is NULL, adds to them. A model's output neurons stand for the labels 0, 1, ... */
    pm_status (*run)(const void *model, void *room, const double *learnt, const pm_images *images, double *sums,
                     pm_image_outcome *outcome, uint8_t *guess, pm_error *error);
    /* Turns the sums of a batch of n images into the gradient of the mean loss, in place; `learnt` is not changed. */
    void (*finish)(const void *model, size_t n, const double *learnt, double *sums);
    /* After the optimiser's step of a piece: what a model does to it besides (NULL: nothing). */
    void (*settle)(const void *model, size_t number, const double *sums, double *learnt);
} pm_image_model;

/* All models, pm_image_model_NAME. */
#define PM_IMAGE_MODELS(X)                                                                                             \
    X(stbp)                                                                                                            \
    X(lee)
#define PM_IMAGE_MODEL(name) extern const pm_image_model pm_image_model_##name;
PM_IMAGE_MODELS(PM_IMAGE_MODEL)
#undef PM_IMAGE_MODEL

extern const pm_kind *const pm_image_models[]; /* their heads; ends with NULL */
static inline const pm_image_model *pm_image_model_of(const pm_kind *kind) { return (const void *)kind; }

/* A model with its values and rooms for `threads` threads. Batches of any size are cut into chunks; sums over chunks
 * are added in the order of the images, so every result has the same bits for any number of threads. */
typedef struct pm_image_net {
    const pm_image_model *kind;
    void *model;
    double *learnt;       /* n_learnt */
    const double *tested; /* what images are run with that nothing is learnt from; NULL: what is learnt */
    double *sums;         /* n_sums, of the last batch */
    size_t n_learnt, n_sums, n_inputs, n_outputs, n_layers;
    void **room;         /* of each thread */
    double **chunk_sums; /* of each chunk of a batch; as many as the largest batch so far has asked for */
    size_t n_chunk_sums;
    int threads;
} pm_image_net;

/* Errors: PM_INVALID for sizes (between 2 layers and PM_IMAGE_LAYERS, none empty, at most 256 outputs) and parameters;
 * PM_NO_MEMORY. After an error there is nothing to free. */
pm_status pm_image_net_new(pm_image_net *net, const pm_image_model *kind, const uint32_t *sizes, size_t n_layers,
                           const void *parameters, uint64_t key, int threads, pm_error *error);
void pm_image_net_free(pm_image_net *net); /* a net of zeros is allowed */

/* Runs images and replaces `outcome`; guess (images->n) may be NULL. With `learn`, net->sums becomes the gradient of
 * the mean loss. Errors: PM_INVALID for labels without an output neuron, PM_FAILED when the loss or the gradient is no
 * number any more, PM_NO_MEMORY. */
pm_status pm_image_net_run(pm_image_net *net, const pm_images *images, bool learn, pm_image_outcome *outcome,
                           uint8_t *guess, pm_error *error);

#endif
