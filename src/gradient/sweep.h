/* Gradients of an output neuron's potential with respect to all weights of a layered network.
 *
 * With the kernel eps^ = alpha * exp(-t/tau_hat)/C_m and the traces d^_j(t) = sum_f eps^(t - t_j^f), which ignore
 * resets on purpose, the gradient of V^_o(t) is (Anwani & Rajendran, Neurocomputing 2020) output layer:  d^(t) below:
 * sum over hidden spikes t_s < t of  w_oi eps^'(t - t_s) / max(V'_i(t_s), floor) d^(t_s), recursively for deeper
 * layers. Times in ms, weights in pA, gradients in mV/pA.
 *
 * The potential of an output can also be taken with its own spikes held where they are. Let r be the end of the
 * refractory time after the neuron's last spike before t, h = exp(-(t - r)/tau_hat), and R the gradient above: what
 * came before r is forgotten, so that the gradient is R(t) - h R(r), and 0 within the refractory time. Two desired
 * spikes close to each other then have gradients that differ, where those of R hardly do.
 *
 * With exact resets the kernel is the membrane's own, and nothing is ignored. Let t_r be a neuron's last spike before
 * t, h = exp(-(t - t_r)/tau_m), and u'+ its slope just after the reset. Then the gradient G of V(t) follows from the
 * one without resets, R, by G(t) = R(t) - h R(t_r) + h u'+(t_r) / V'(t_r) G(t_r) (the membrane forgets what was before
 * t_r, but t_r itself moves), for output and hidden neurons alike. */
#ifndef PM_GRADIENT_SWEEP_H
#define PM_GRADIENT_SWEEP_H

#include "gradient/traces.h"
#include "layer/layer_receptors.h"
#include "layer/layered.h"

typedef enum pm_resets { PM_RESETS_IGNORED, PM_RESETS_HELD, PM_RESETS_EXACT } pm_resets;

/* How far the traces of a layer's inputs have come. */
typedef struct pm_sweep {
    size_t n_layers, lowest; /* layers of weights; the lowest plastic one */
    bool plastic[PM_MOST_LAYERS];
    double slope_floor;               /* mV/ms, smallest V' that 1/V' is computed from */
    double window;                    /* ms, spikes longer before an event are left out */
    size_t row;                       /* doubles in the gradient of one event */
    size_t offset[PM_MOST_LAYERS];    /* of layer l's part of a row, which is laid out like the layer's weights */
    pm_lif *kernels[PM_MOST_LAYERS];  /* of layer l's inputs, one for each receptor */
    pm_lif *below;                    /* of the output layer's inputs, with the time constant of hidden layers */
    pm_traces errors[PM_MOST_LAYERS]; /* of a hidden layer's neurons, on their way back in time */
    pm_way_back way;
    pm_basis_table lags;                 /* from the inputs of the output layer to an event */
    double *coefficient[PM_MOST_LAYERS]; /* of each spike of a hidden layer */
    size_t coefficient_capacity[PM_MOST_LAYERS];
    size_t first[PM_MOST_LAYERS], end[PM_MOST_LAYERS]; /* the spikes that have a coefficient */
    pm_layer_part part;                                /* several receptors: the spikes over one of them, */
    double *of_part;                                   /* and their coefficients */
    size_t part_capacity;
    pm_resets kind;
    size_t *before[PM_MOST_LAYERS]; /* exact: the neuron's spike before, or SIZE_MAX */
    double *decay[PM_MOST_LAYERS];  /* exact: h between the two */
    double *gain[PM_MOST_LAYERS];   /* exact: h u'+ / V' of the one before */
    double *raw;                    /* exact: workspace of the largest layer */
    size_t exact_capacity[PM_MOST_LAYERS], raw_capacity;
    double *reset_rows; /* held, exact: R and G at the last spike of each output, and of the present event */
    double *reset_time; /* ms; NAN: no spike so far */
    double *reset_gain; /* u'+ / V' */
    size_t resets;      /* output spikes that these hold */
} pm_sweep;

/* Workspace for networks of this shape. tau_hat: kernel of the output layer's traces; tau_hat_hidden: of all below; ms.
 * Errors: PM_NO_MEMORY, PM_INVALID for too many layers. */
pm_status pm_sweep_new(pm_sweep *sweep, const pm_layered *net, const bool *plastic, double tau_hat,
                       double tau_hat_hidden, double slope_floor, double window, pm_error *error);
/* The same for outputs whose spikes are held where they are. */
pm_status pm_sweep_new_held(pm_sweep *sweep, const pm_layered *net, const bool *plastic, double tau_hat,
                            double tau_hat_hidden, double slope_floor, double window, pm_error *error);
/* The same with exact resets; for neurons whose t_ref is 0 (PM_INVALID for others). */
pm_status pm_sweep_new_exact(pm_sweep *sweep, const pm_layered *net, const bool *plastic, double slope_floor,
                             pm_error *error);
void pm_sweep_free(pm_sweep *sweep);

/* Prepares for the spikes of the network's last run. */
pm_status pm_sweep_begin(pm_sweep *sweep, const pm_layered *net, pm_error *error);
/* The gradient of output neuron o's potential at t into `row` (sweep->row doubles). Held or exact resets: events come
 * in order of time. */
pm_status pm_sweep_event(pm_sweep *sweep, const pm_layered *net, double t, uint32_t o, double *row, pm_error *error);
/* Held or exact resets: the latest event's gradient that ignores them (sweep->row doubles, until the next event). */
const double *pm_sweep_ignoring(const pm_sweep *sweep, const pm_layered *net);
/* The traces d^(t) of layer l's inputs, of whatever age (n_in doubles and 0 up to a multiple of PM_LAYER_LANES). */
void pm_sweep_trace(const pm_sweep *sweep, const pm_layered *net, size_t l, double t, double *trace);
/* change[l] += the layer's part of a row, for plastic layers. */
void pm_sweep_add(const pm_sweep *sweep, const pm_layered *net, const double *row, double *const *change);

#endif
