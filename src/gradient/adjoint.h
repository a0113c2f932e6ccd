/* The exact gradient of a loss on spike times, backwards in time through recorded spikes.
 *
 * Loss: any function l of the spike times. Given dl/dt_s of every spike, the sweeps return the derivatives of l with
 * respect to weights, delays, thresholds and spike times, where every spike that depends on others moves with them. For
 * the state x = (u, i, b) of lif.h, x' = M x + c between events, the adjoint p obeys p' = -M^T p; backwards from p = 0
 * at the end:
 *
 *     arrival over weight w:  dL/dw += p_b,   dL/dt_arrival = dL/d delay = w (l_2 p_b - (l_2 - l_1) p_i)
 *         (tau_2 = 0:         dL/dw += p_i,   dL/dt_arrival = w (l_1 p_i - p_u/C_m))
 *     spike at t_s, restart at t_r = t_s + t_ref:
 *         dL/dt_s = dl/dt_s + sum over its arrivals of dL/dt_arrival - p_u(t_r+) u'(t_r+)
 *         p_u = 0 from t_r down to t_s;   p_u(t_s-) = -(dL/dt_s) / u'(t_s-);   dL/dV_th = (dL/dt_s) / u'(t_s-)
 *
 * The gradient is that of the network as long as it fires the same spikes in the same order. Events of one instant keep
 * the order in which the simulation takes them: spikes and restarts come before arrivals. So an arrival at the very
 * instant of a spike does not count for that spike, and where left and right derivatives differ (tau_2 = 0: V' jumps
 * when a spike arrives) the one of that order is returned. A spike at t = 0 is that of a neuron which rests at its
 * threshold: nothing moves it.
 *
 * 1/V' grows without limit for spikes that graze the threshold; slope_floor bounds it: V' is taken to be at least that
 * (mV/ms). With a floor of 0 the gradient is exact, and a spike with V' <= 0 that the loss depends on is an error.
 * Times in ms, weights in pA. */
#ifndef PM_GRADIENT_ADJOINT_H
#define PM_GRADIENT_ADJOINT_H

#include "gradient/arrivals.h"
#include "layer/layer_patched.h"
#include "layer/layer_receptors.h"
#include "layer/layered.h"

/* Where a sweep adds derivatives of the loss; NULL: not wanted. Units: of the loss per ... */
typedef struct pm_adjoint_gradient {
    double *weight;    /* pA, in the order of the list that the synapses came from */
    double *delay;     /* ms, in the same order */
    double *threshold; /* mV, of each neuron */
} pm_adjoint_gradient;

typedef struct pm_adjoint_cell pm_adjoint_cell;

/* Workspace of the sweep through any network; starts as {0}, but for slope_floor. */
typedef struct pm_adjoint {
    double slope_floor; /* mV/ms, >= 0 */
    double *time;       /* dL/dt_s of every spike of the last sweep, those of sources included */
    double *restart;    /* mV/ms: u' just after the restart that follows each spike */
    size_t *previous;   /* of each spike: the one that the same neuron fired before, or SIZE_MAX */
    size_t n_spikes;    /* capacity */
    pm_adjoint_cell *cells;
    size_t n_cells; /* capacity */
    pm_arrivals walk;
} pm_adjoint;

void pm_adjoint_free(pm_adjoint *adjoint);

/* Sweeps through the spikes of all neurons, sources included: sorted by time, neurons numbered as in `synapses`, dV/dt
 * of every LIF spike as recorded. dl_dt has one entry per spike. Costs one set of exponentials per synaptic event.
 * Errors: PM_INVALID for spikes out of order or of unknown neurons, PM_FAILED for a grazing spike (see above),
 * PM_NO_MEMORY. */
pm_status pm_adjoint_run(pm_adjoint *adjoint, const pm_synapses *synapses, const pm_raster *spikes, const double *dl_dt,
                         const pm_adjoint_gradient *gradient, pm_error *error);

/* Workspace of the sweep through a layered network; starts as {0}, but for slope_floor. */
typedef struct pm_adjoint_layers {
    double slope_floor;   /* mV/ms, >= 0 */
    bool input_times;     /* whether dL/dt of the input's spikes is wanted */
    const double *below;  /* dl/dt of the spikes of the last layer but one (or the input), borrowed; NULL: none */
    double *const *delay; /* delay[l]: where derivatives with respect to the delays of layer l are added, in the order
                             of their values; NULL: not wanted, of that layer or of all */
    double *const *V_th;  /* V_th[l]: likewise, with respect to the thresholds of its neurons */
    double **time;        /* time[p]: dL/dt_s of every spike of population p in the last sweep, if it got there */
    size_t *n_time;       /* capacities */
    size_t n_populations;
    double *restart; /* mV/ms, as above, of the layer at hand */
    size_t n_restart;
    double *state; /* of the layer at hand */
    size_t n_state;
    uint32_t *touched; /* neurons with events in the present interval */
    pm_lif_state *kept;
    size_t n_touched;     /* capacity of both */
    pm_basis_table steps; /* between the arrivals at the layer at hand */
    double *shifted;      /* dL/dt of its arrivals */
    size_t n_shifted;
    pm_layer_part part; /* the input over one receptor of the layer at hand, */
    double *of_part;    /* and its dL/dt */
    double *pull;       /* dL/dt of the layer's own spikes, as it goes through one receptor */
    size_t n_of_part, n_pull;
    pm_patch_spikes fired; /* the layer's spikes by patch */
    struct pm_adjoint_target *target; /* the neuron at hand of a layer with delays of its synapses */
} pm_adjoint_layers;

void pm_adjoint_layers_free(pm_adjoint_layers *adjoint);

/* Sweeps through the spikes of the network's last run. dl_dt has one entry per output spike, in the order of
 * net->rasters[n_layers]. gradient[l], in the layout of the weights of layer l, is added to; NULL: not wanted. Layers
 * below the lowest one that is wanted are not visited. Errors: PM_FAILED for a grazing spike (see above), PM_NO_MEMORY.
 * */
pm_status pm_adjoint_layered(pm_adjoint_layers *adjoint, const pm_layered *net, const double *dl_dt,
                             double *const *gradient, pm_error *error);

/* Where the sweep through a layer adds its derivatives; NULL: not wanted. */
typedef struct pm_layer_gradient {
    double *weight; /* in the layout of the weights */
    double *delay;  /* in that of the delays */
    double *in;     /* of the input spikes' times */
    double *V_th;   /* of each neuron */
} pm_layer_gradient;

/* The sweep through one layer whose neurons never restart: the loss depends on the potentials of neurons at->neuron[k]
 * at at->time[k], which are in order of time, and dl_dv[k] are its derivatives (per mV). Potentials follow the course
 * of the layer's membrane and receptors. Delays of axons are taken from its last run. Errors: PM_NO_MEMORY. */
pm_status pm_adjoint_potentials(pm_adjoint_layers *adjoint, const pm_layer *layer, const pm_raster *in,
                                const pm_raster *at, const double *dl_dv, const pm_layer_gradient *gradient,
                                pm_error *error);

/* p_u just before a spike whose time has the derivative `moved`, for both sweeps. Errors: PM_FAILED. */
pm_status pm_adjoint_at_threshold(double moved, double slope, double floor, uint32_t neuron, double time, double *p_u,
                                  pm_error *error);
/* p of lif.h's state, carried back by the time whose basis is given. */
static inline pm_lif_state pm_adjoint_back(const pm_lif_state *p, const pm_lif_basis *at) {
    return (pm_lif_state){
        .u = p->u * at->em,
        .i = p->u * at->d1 + p->i * at->e1,
        .b = p->u * at->d12 + p->i * at->alpha + p->b * at->e2,
    };
}

#endif
