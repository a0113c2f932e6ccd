/* A layered network of LIF neurons that classifies: the loss of one example and its exact gradient.
 * Times in ms, weights in pA, potentials in mV. */
#ifndef PM_CLASSIFY_CLASSIFIER_H
#define PM_CLASSIFY_CLASSIFIER_H

#include "classify/loss.h"
#include "gradient/adjoint.h"
#include "layer/layer_receptors.h"

typedef struct pm_classifier {
    size_t n_layers;   /* of weights: hidden layers and the output layer */
    size_t *sizes;     /* n_layers + 1, the input first */
    size_t *rows, *strides; /* of weight[l]: its sources, if it is dense, and how long a row is */
    double **weight;   /* pA: weight[l][source * strides[l] + target]; of patches: as these say */
    const pm_patches *patches[PM_MOST_LAYERS]; /* borrowed: of each layer; NULL: dense */
    pm_delays *delays; /* ms: of each layer; none in a new one */
    double **V_th;     /* mV: of each layer's neurons; NULL, as in a new one: those of hidden or output */
    pm_lif hidden, output;
    pm_neuron neurons[2];         /* what these two are made of */
    const pm_receptor *receptors; /* borrowed; NULL: those of hidden and output */
    size_t n_receptors;
    const uint32_t *sources[PM_MOST_LAYERS]; /* borrowed: of each layer that has receptors, its sources over each */
    double duration, slope_floor;
    const pm_loss *loss;
    double loss_parameters[PM_LOSS_PARAMETERS_SIZE / sizeof(double)];
    const double *desired; /* ms, in ascending order; borrowed: the train of a loss that wants one */
    size_t n_desired;
    size_t limit; /* spikes that a layer may fire in one run */
} pm_classifier;

/* Weights are 0, the loss has its default parameters. Errors: PM_NO_MEMORY. */
pm_status pm_classifier_new(pm_classifier *c, const pm_neuron *hidden, const pm_neuron *output, const pm_loss *loss,
                            const size_t *sizes, size_t n_layers, pm_error *error);
void pm_classifier_free(pm_classifier *c);
/* Makes layer l, whose weights are 0 then, one of patches. Errors: PM_NO_MEMORY. */
pm_status pm_classifier_patch(pm_classifier *c, size_t l, const pm_patches *patches, pm_error *error);
/* What delays of a layer are told apart by. */
typedef enum pm_delays_per { PM_PER_SYNAPSE, PM_PER_AXON, PM_PER_DENDRITE } pm_delays_per;
/* Gives layer l delays, which are 0. Errors: PM_NO_MEMORY. */
pm_status pm_classifier_delay(pm_classifier *c, size_t l, pm_delays_per per, pm_error *error);
/* Gives the neurons of layer l, which fires, thresholds of their own, as they are. Errors: PM_NO_MEMORY. */
pm_status pm_classifier_part_thresholds(pm_classifier *c, size_t l, pm_error *error);
/* As they were at first, if the layer has any. */
void pm_classifier_reset_thresholds(pm_classifier *c, size_t l);
/* Number of delays of layer l, padding included. */
size_t pm_classifier_delays(const pm_classifier *c, size_t l);
/* Number of weights of layer l, padding included. */
static inline size_t pm_classifier_weights(const pm_classifier *c, size_t l) { return c->rows[l] * c->strides[l]; }

/* What one thread needs to run examples through a classifier, whose weights it reads. */
struct pm_lane {
    const pm_classifier *of;
    pm_layered net;  /* the layers that fire; net.rasters[0] is the input, to be filled in before a run */
    pm_layer output; /* the output layer, where it only integrates */
    pm_adjoint_layers adjoint;
    void *room;     /* of the loss */
    double *score;  /* z_o of the last run */
    double *share;  /* softmax of the scores */
    double *dl_dt;  /* of the spikes of the last layer that fires */
    double *worth;  /* as many numbers, of which the loss makes what it likes */
    size_t n_dl_dt; /* capacity */
};

/* What losses look at. */
static inline const void *pm_lane_parameters(const pm_lane *lane) { return lane->of->loss_parameters; }
static inline size_t pm_lane_outputs(const pm_lane *lane) { return lane->of->sizes[lane->of->n_layers]; }
/* The spikes of the last layer that fires. */
static inline const pm_raster *pm_lane_last(const pm_lane *lane) { return &lane->net.rasters[lane->net.n_layers]; }
/* The delays between them and an output layer that only integrates. */
static inline const pm_delays *pm_lane_delays(const pm_lane *lane) { return &lane->output.delays; }
/* Where derivatives of the output layer are added: gradient[] is that of all layers' weights. */
static inline pm_layer_gradient pm_lane_gradient(const pm_lane *lane, double *const *gradient) {
    const size_t top = lane->of->n_layers - 1;
    return (pm_layer_gradient){
        .weight = gradient[top], .delay = lane->adjoint.delay ? lane->adjoint.delay[top] : NULL, .in = lane->dl_dt};
}
/* Room for n spikes in dl_dt and worth, whose values are lost. Errors: PM_NO_MEMORY. */
pm_status pm_lane_reserve(pm_lane *lane, size_t n, pm_error *error);

pm_status pm_lane_new(pm_lane *lane, const pm_classifier *classifier, pm_error *error);
void pm_lane_free(pm_lane *lane);

/* Runs the network on net.rasters[0]. dropped[l] (NULL: none, as is dropped itself) marks the neurons of population l
 * whose spikes are lost. Errors: PM_FAILED (runaway activity), PM_NO_MEMORY. */
pm_status pm_lane_run(pm_lane *lane, const uint8_t *const *dropped, pm_error *error);
/* The class of the largest score, the first one of several. */
size_t pm_lane_decision(const pm_lane *lane);
double pm_lane_loss(const pm_lane *lane, size_t label);
/* Adds the gradient of the loss of the last run to gradient[l]; NULL: not wanted, of hidden layers. Errors:
 * PM_NO_MEMORY; PM_FAILED for a grazing spike if slope_floor is 0. */
pm_status pm_lane_back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error);
/* After pm_lane_back with adjoint.input_times: moves every input spike of neurons below `n` by `by` ms, within [0,
 * duration], in the direction in which the loss of the last run grows (I. J. Goodfellow, J. Shlens and C. Szegedy, ICLR
 * 2015, for times instead of pixels). Errors: PM_NO_MEMORY. */
pm_status pm_lane_oppose(pm_lane *lane, size_t n, double by, pm_error *error);
/* Spikes of all layers but the input in the last run. */
size_t pm_lane_spikes(const pm_lane *lane);

#endif
