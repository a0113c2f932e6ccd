/* A layered network of LIF neurons that classifies: the loss of one example and its exact gradient.
 * Times in ms, weights in pA, potentials in mV. */
#ifndef PM_CLASSIFY_CLASSIFIER_H
#define PM_CLASSIFY_CLASSIFIER_H

#include "gradient/adjoint.h"
#include "gradient/readout.h"
#include "gradient/train_loss.h"

/* Cross-entropy of the softmax of z_o, for the label c:  l = -log(exp(z_c) / sum_o exp(z_o)), where
 * PM_LOSS_MAXIMUM      z_o = max over [0, duration] of V_o - E_L, divided by `scale` (mV); the outputs do not fire
 * PM_LOSS_FIRST_SPIKE  z_o = -t_o / scale (ms), t_o the first spike of output o, or `duration` if there is none
 * PM_LOSS_DISCOUNTED   z_o = integral over all t >= 0 of (V_o - E_L) exp(-t / tau) / tau dt, divided by `scale` (mV);
 * the outputs do not fire. A spike counts the more the earlier it comes (Nowotny, Turner and Knight, Neuromorphic
 * Computing and Engineering 5:014001, 2025)
 *
 * PM_LOSS_TRAINS is no cross-entropy: the outputs fire and are to fire desired trains, and what is returned as the
 * gradient is NormAD's direction (train_loss.h); below the outputs, the exact gradient that belongs to it. */
typedef enum pm_loss_kind { PM_LOSS_MAXIMUM, PM_LOSS_FIRST_SPIKE, PM_LOSS_DISCOUNTED, PM_LOSS_TRAINS } pm_loss_kind;

typedef struct pm_classifier {
    size_t n_layers; /* of weights: hidden layers and the output layer */
    size_t *sizes;   /* n_layers + 1, the input first */
    size_t *strides; /* of the rows of weight[l] */
    double **weight; /* pA: weight[l][source * strides[l] + target] */
    pm_lif hidden, output;
    double duration, scale, slope_floor;
    double tau;         /* ms, of PM_LOSS_DISCOUNTED */
    pm_train_goal goal; /* of PM_LOSS_TRAINS; borrowed */
    pm_loss_kind loss;
    size_t limit; /* spikes that a layer may fire in one run */
} pm_classifier;

/* Weights are 0. Errors: PM_NO_MEMORY. */
pm_status pm_classifier_new(pm_classifier *c, const pm_neuron *hidden, const pm_neuron *output, pm_loss_kind loss,
                            const size_t *sizes, size_t n_layers, pm_error *error);
void pm_classifier_free(pm_classifier *c);
/* Number of weights of layer l, padding included. */
static inline size_t pm_classifier_weights(const pm_classifier *c, size_t l) { return c->sizes[l] * c->strides[l]; }

/* What one thread needs to run examples through a classifier, whose weights it reads. */
typedef struct pm_lane {
    const pm_classifier *of;
    pm_layered net;  /* the layers that fire; net.rasters[0] is the input, to be filled in before a run */
    pm_layer output; /* PM_LOSS_MAXIMUM: the output layer */
    pm_readout readout;
    pm_train_loss trains; /* PM_LOSS_TRAINS */
    pm_adjoint_layers adjoint;
    double *worth;  /* mV/pA: PM_LOSS_DISCOUNTED, what each spike of the last layer adds to the integral per weight */
    double *score;  /* z_o of the last run */
    double *share;  /* softmax of the scores */
    double *dl_dt;  /* of the spikes of the last layer that fires */
    size_t n_dl_dt; /* capacity */
    size_t *first;  /* PM_LOSS_FIRST_SPIKE: each output's first spike, SIZE_MAX if there is none */
} pm_lane;

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
