/* Desired spike trains at the output of a classifier: the output of the label is to fire at given instants, the others
 * are to be silent. Learned by NormAD (S. R. Kulkarni and B. Rajendran, Neural Networks 103:118-127, 2018; N. Anwani
 * and B. Rajendran, Neurocomputing 380, 2020). Times in ms, weights in pA, potentials in mV.
 *
 * With x_o the train of output o, y the desired one, and <x, y> = sum over pairs of exp(-|t_i - t_j| / tau):
 *   score  z_o = C(x_o, y) = <x_o, y> / (|x_o| |y|); the decision is the largest one
 *   loss   sum over outputs of the squared van Rossum distance, (<x_o, x_o> + <y_o, y_o>) / 2 - <x_o, y_o>, with y_o =
 * y for the label and empty otherwise: a spike too many or too few, far from all others, counts 1/2 The loss measures;
 * what learning follows is not its gradient. Every error event e = +1 (a desired spike) or -1 (an observed one) of
 * output o at t asks for a potential V^_o(t) that is higher or lower, as would a loss with dL/dV^_o(t) = -e / |d^(t)|
 * where d^_i(t) = sum over the spikes of input i of eps^(t - t_i), eps^ the response of a membrane that sees no resets,
 * with tau_hat in place of tau_m. So the change of the output weights is NormAD's: sum of e d^(t) / |d^(t)|. */
#ifndef PM_GRADIENT_TRAIN_LOSS_H
#define PM_GRADIENT_TRAIN_LOSS_H

#include "gradient/errors.h"
#include "gradient/traces.h"

typedef struct pm_train_goal {
    const double *desired; /* ms, in ascending order */
    size_t n;
    double tau;     /* ms, of score and loss */
    double tau_hat; /* ms; 0: the output's tau_m */
} pm_train_goal;

/* Workspace of one thread. */
typedef struct pm_train_loss {
    pm_lif kernel; /* eps^ */
    pm_train_goal goal;
    size_t n_out;
    double desired_square; /* <y, y> */
    double *square;        /* <x_o, x_o>, of the last run */
    double *apart;         /* |x_o - y|^2 / 2 */
    double *train;         /* of one output */
    size_t n_train;        /* capacity */
    pm_raster wanted;      /* y, of the label */
    pm_error_events errors;
    pm_raster at; /* the error events, in order of time */
    double *pull; /* their dL/dV^, 1/mV */
    size_t n_pull;
    pm_traces traces;     /* d^ */
    pm_basis_table since; /* from input spikes to error events */
    uint32_t *sources;    /* of the former */
    size_t n_sources;     /* capacity */
} pm_train_loss;

/* For an output layer. Errors: PM_NO_MEMORY. */
pm_status pm_train_loss_new(pm_train_loss *loss, const pm_train_goal *goal, const pm_layer *output, pm_error *error);
void pm_train_loss_free(pm_train_loss *loss);

/* Compares the outputs' spikes with y: score[n_out]. Errors: PM_NO_MEMORY. */
pm_status pm_train_loss_score(pm_train_loss *loss, const pm_raster *out, double *score, pm_error *error);
/* The loss of the outputs last compared. */
double pm_train_loss_value(const pm_train_loss *loss, size_t label);
/* The output layer with the membrane that learning sees, for the functions below and the sweep back. It borrows all
 * from the layer. */
pm_layer pm_train_loss_layer(const pm_train_loss *loss, const pm_layer *output);
/* Error events of the spikes of such a layer, `in` being those of its inputs: at and pull. Events before which no input
 * has arrived have no direction and are left out. Errors: PM_NO_MEMORY. */
pm_status pm_train_loss_errors(pm_train_loss *loss, const pm_layer *output, const pm_raster *in, const pm_raster *out,
                               size_t label, pm_error *error);

#endif
