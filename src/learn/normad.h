/* NormAD (Anwani & Rajendran, Neurocomputing 2020): normalised approximate descent for layered networks.
 *
 * For every desired (s = +1) and observed (s = -1) output spike at t, with the kernel eps^ = alpha * exp(-t/tau_hat)/C_m and
 * the traces d^_j(t) = sum_f eps^(t - t_j^f), the gradient of the output potential is
 *     output layer:  d^(t)
 *     below:         sum over hidden spikes t_s < t of  w_oi eps^'(t - t_s) / max(V'_i(t_s), floor) d^(t_s),
 * recursively; each event adds s times the gradient divided by a norm (descriptor below) to the weight change.
 * Times in ms, weights in pA, gradients in mV/pA. */
#ifndef PM_LEARN_NORMAD_H
#define PM_LEARN_NORMAD_H

#include "learn/layered.h"

typedef enum pm_normalisation {
    PM_NORMALISE_NONE,      /* the gradient itself */
    PM_NORMALISE_PER_LAYER, /* each layer's gradient divided by its Frobenius norm */
    PM_NORMALISE_JOINT,     /* all layers divided by the norm of the gradients of all plastic layers together */
    PM_NORMALISE_POTENTIAL, /* all layers divided by the square of that norm, each layer's share weighted by its rate: the
                               event moves the output potential at its instant by `size` mV */
    PM_NORMALISE_GRAM       /* the same for all events at once: the square of the norm becomes the Gram matrix of the events'
                               gradients, so that events that share inputs do not count twice */
} pm_normalisation;

enum { PM_MAX_LAYERS = 8 };

typedef struct pm_normad_parameters {
    pm_normalisation normalisation;
    double tau_hat;        /* ms, kernel of the output layer's traces */
    double tau_hat_hidden; /* ms, kernels of everything below */
    double floor;          /* mV/ms, smallest dV/dt that 1/V' is computed from */
    double window;         /* ms, longest t - t_s considered */
    double share[PM_MAX_LAYERS]; /* PM_NORMALISE_POTENTIAL: relative rates of the layers */
    double largest;        /* PM_NORMALISE_POTENTIAL: longest step of one event, pA */
    double damping;        /* PM_NORMALISE_GRAM: added to the matrix, relative to its diagonal */
    bool resets;           /* whether an output spike clears the membrane part of the output's traces */
    bool plastic[PM_MAX_LAYERS];
} pm_normad_parameters;

/* An instant with an error of the output: size +1 for a desired spike, -1 for an observed one (or any other weight). */
typedef struct pm_error_event {
    double time; /* ms */
    double size;
    uint32_t neuron;
} pm_error_event;

typedef struct pm_normad pm_normad;

/* Workspace for networks of this shape. Errors: PM_NO_MEMORY. */
pm_status pm_normad_new(pm_normad **normad, const pm_layered *net, const pm_normad_parameters *parameters,
                        pm_error *error);
void pm_normad_free(pm_normad *normad);

/* Adds the changes of all events to change[l] (same layout as the weights of layer l; NULL for fixed layers). The spikes
 * are those of the network's last run. */
pm_status pm_normad_add(pm_normad *normad, const pm_layered *net, const pm_error_event *events, size_t n_events,
                        double *const *change, pm_error *error);

#endif
