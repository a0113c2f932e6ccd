/* What the rules of spike timing share: the change gathered so far, and how a potential depends on weights. */
#ifndef PM_RULE_TALLY_H
#define PM_RULE_TALLY_H

#include "gradient/traces.h"
#include "layer/layer_receptors.h"
#include "rule/rule.h"

/* The change of weights gathered since the last settling. */
typedef struct pm_tally {
    size_t n_layers;
    bool plastic[PM_MOST_LAYERS];
    double rate[PM_MOST_LAYERS];
    double *change[PM_MOST_LAYERS]; /* in the layout of the weights; NULL: not plastic */
} pm_tally;

pm_status pm_tally_new(pm_tally *tally, const pm_layered *net, const pm_plasticity *plasticity, pm_error *error);
/* The same for rules that know the output layer only: PM_INVALID if another one is plastic. */
pm_status pm_tally_new_output(pm_tally *tally, const pm_layered *net, const pm_plasticity *plasticity, const char *rule,
                              pm_error *error);
void pm_tally_free(pm_tally *tally);
/* Adds rate * factor * row to the weights of an output neuron. */
void pm_tally_add(pm_tally *tally, const pm_layered *net, size_t neuron, double factor, const double *row);
/* Adds all to `change` and begins anew. */
void pm_tally_settle(pm_tally *tally, const pm_layered *net, double *const *change);
/* The same as what a rule does whose state begins with its tally. */
pm_status pm_tally_settle_all(void *state, const pm_layered *net, double *const *change, pm_error *error);

/* How the potential of one neuron depends on its weights, with its own spikes held where they are: after a restart
 * at r (the end of the refractory time, or the spike)
 *
 *     du(t)/dw_i = d_i(t) - e^{-(t - r)/tau_m} d_i(r),    d_i(t) = sum over input spikes f < t of eps(t - t_i^f),
 *
 * 0 between spike and restart, and d_i(t) before the first spike. Times are asked for in ascending order. */
typedef struct pm_sensitivity {
    pm_traces traces; /* d_i, i_i and b_i */
    const pm_layer *layer;
    pm_lif *kernels; /* of its receptors; NULL: there is but one, and that of the traces */
    const pm_raster *in;
    size_t next;        /* input spike that is not yet in the traces */
    double restart;     /* ms; -INFINITY before the first spike */
    double *at_restart; /* d_i(r) */
    double *row;        /* du/dw_i, mV/pA, at the time asked for last */
} pm_sensitivity;

/* eps of an input. */
static inline const pm_lif *pm_sensitivity_kernel(const pm_sensitivity *s, size_t source) {
    return s->kernels ? &s->kernels[pm_layer_receptor_of(s->layer, source)] : &s->traces.kernel;
}
pm_status pm_sensitivity_new(pm_sensitivity *s, const pm_layer *layer, pm_error *error);
void pm_sensitivity_free(pm_sensitivity *s);
void pm_sensitivity_begin(pm_sensitivity *s, const pm_raster *in);
void pm_sensitivity_at(pm_sensitivity *s, double t);   /* fills row */
void pm_sensitivity_fire(pm_sensitivity *s, double t); /* the neuron fires at t */
/* du/dt right after the restart (mV/ms) of the neuron with that column of weights. */
double pm_sensitivity_restart_slope(const pm_sensitivity *s, const pm_layer *layer, size_t neuron);

#endif
