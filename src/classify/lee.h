/* Backpropagation by membrane potentials (see lee.c). */
#ifndef PM_CLASSIFY_LEE_H
#define PM_CLASSIFY_LEE_H

#include "classify/image_model.h"

typedef struct pm_lee_parameters {
    double duration;          /* ms, for which an image is shown */
    double input_spikes;      /* expected number for an image */
    double tau;               /* ms */
    double t_ref;             /* ms */
    double alpha;             /* initial threshold of hidden layers over the largest initial weight */
    double alpha_output;      /* the same of the output layer */
    double inhibition;        /* of hidden layers, share of the threshold, 0 to 1 */
    double inhibition_output; /* of the output layer */
    double weight_penalty;    /* lambda */
    double weight_steepness;  /* beta */
    double threshold_share;   /* learning rate of thresholds over that of weights */
    double threshold_drift;   /* rho */
    double threshold_floor;   /* share of the initial threshold below which none falls */
    double normalise;         /* 1: the published normalisation of errors; 0: the plain gradient */
    double lateral;           /* 1: errors follow lateral inhibition; 0: they ignore it */
    double relative;          /* 1: errors follow the division by the largest count of spikes; 0: they ignore it */
} pm_lee_parameters;

/* Of n images, row by row: filtered spike trains of each layer and errors. */
typedef struct pm_lee_traces {
    double *x[PM_IMAGE_LAYERS];     /* x[l]: n x size of layer l */
    double *error[PM_IMAGE_LAYERS]; /* the same for l > 0; the output's is given, the others are worked out */
} pm_lee_traces;

/* Adds to the sums of `model` (of the kind pm_image_model_lee) what the errors of the output ask for. Overwrites the
 * errors. */
void pm_lee_backward(const void *model, const double *learnt, const pm_lee_traces *traces, size_t n, double *sums);

#endif
