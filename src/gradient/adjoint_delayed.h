/* The sweep through a layer in which each target has delays of its own, target by target. */
#ifndef PM_GRADIENT_ADJOINT_DELAYED_H
#define PM_GRADIENT_ADJOINT_DELAYED_H

#include "gradient/adjoint.h"

/* Where the sweep through a layer adds its derivatives; NULL: not wanted. */
typedef struct pm_layer_gradient {
    double *weight; /* in the layout of the weights */
    double *delay;  /* in that of the delays */
    double *in;     /* of the input spikes' times */
} pm_layer_gradient;

/* From moved[], dL/dt_s of the spikes `out` of a layer's last run on `in`, to which restarts add, to the gradient.
 * Errors: as those of pm_adjoint_layered. */
pm_status pm_adjoint_delayed(pm_adjoint_layers *adjoint, const pm_layer *layer, const pm_raster *in,
                             const pm_raster *out, double *moved, const pm_layer_gradient *gradient, pm_error *error);
void pm_adjoint_target_free(struct pm_adjoint_target *target);

#endif
