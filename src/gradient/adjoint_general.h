/* The exact gradient of a loss on spike times through a network of general neurons: several receptors, moving
 * thresholds, currents after spikes, any reset, injected currents, parameters that differ from neuron to neuron.
 *
 * As adjoint.h, with x the state of math/membrane.h, f = x' and g = u - threshold, whose derivative with respect to x
 * is n = (1 for u, -1 for each h). An event at t that takes x- to x+ = R x- + j moves with the loss by
 *
 *     dL/dt = p+ (R f- - f+)          p- = R^T p+
 *     arrival of weight w over a port:   dL/dw = jump p of what jumps, dL/d delay = dL/dt = -w dL/dw p M e
 *     spike at t_s (u is reset, h and A jump), restart at t_s + t_ref:
 *         dL/dt_s = dl/dt_s + p+ (R f- - f+) + dL/dt of its arrivals and of its restart
 *         a crossing:   p- = R^T p+ - (dL/dt_s) n / g',   dL/dV_th = (dL/dt_s) / g'
 *         by an impulse: dL/dt_s goes to the time of that arrival (of several at the instant, the last one)
 *         at the end of refractoriness, V being at the threshold: dL/dt_s goes to the restart
 *
 * g' = d(V - threshold)/dt just before the spike is computed from the network, not taken from the record. What
 * adjoint.h says of orders of spikes, events of one instant, spikes at t = 0 and slope_floor holds here, too. Injected
 * currents are functions of time and do not move. Where impulses are concerned, derivatives are those of the same
 * spikes set off in the same way: a weight that only has to lift V beyond its threshold has none.
 *
 * Derivatives with respect to what shapes the course, C_m, g_L, I_e and all time constants, are integrals of p and x:
 * sums of convolutions (math/convolution.h). */
#ifndef PM_GRADIENT_ADJOINT_GENERAL_H
#define PM_GRADIENT_ADJOINT_GENERAL_H

#include "gradient/tape.h"
#include "net/population.h"

/* Derivatives with respect to what the neurons of a population share, added to; laid out as in pm_population. NULL: not
 * wanted. Units: of the loss per unit of the parameter. */
typedef struct pm_shared_slopes {
    double (*receptors)[4]; /* parameters of each receptor: of tau_1 and tau_2 where the population has no other */
    pm_jump *threshold;     /* jump and tau */
    pm_jump *after_spike;
    pm_reset *reset; /* subtract, fraction, add */
} pm_shared_slopes;

/* Where a sweep adds derivatives of the loss; NULL: not wanted. Units: of the loss per ... */
typedef struct pm_general_gradient {
    double *weight;              /* pA, impulses: mV; in the order of the wiring */
    double *delay;               /* ms; in the order of the wiring */
    double (*neuron)[PM_VARIED]; /* of each neuron: the parameters of pm_neuron in their order, then V_m at t = 0. E_L:
                                    with V_m as it is. tau_1, tau_2: where there are no receptors but these */
    pm_shared_slopes *populations; /* of each population */
} pm_general_gradient;

/* Workspace of the sweep; starts as {0}, but for slope_floor. */
typedef struct pm_adjoint_general {
    double slope_floor; /* mV/ms, >= 0: of d(V - threshold)/dt */
    double *time;       /* dL/dt_s of every spike of the last sweep, those of sources included */
    size_t most_spikes;
    double *p;            /* of all cells, as their states */
    double *numbers;      /* of all cells: derivatives with respect to the numbers of their membranes */
    size_t *first_number; /* of each cell; one more ends them */
    size_t most_state, most_numbers, most_cells;
} pm_adjoint_general;

void pm_adjoint_general_free(pm_adjoint_general *adjoint);

/* Sweeps back over what the tape has recorded last. dl_dt has one entry per spike. A tape without states has no
 * derivatives with respect to what shapes the course: they are left out. Costs about one row of coefficients per
 * synaptic event, and some ten times that with those. Errors: PM_FAILED for a grazing spike, PM_NO_MEMORY. */
pm_status pm_adjoint_general_run(pm_adjoint_general *adjoint, const pm_tape *tape, const double *dl_dt,
                                 const pm_general_gradient *gradient, pm_error *error);

#endif
