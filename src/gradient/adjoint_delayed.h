/* The sweep through a layer in which each target has delays of its own, target by target. */
#ifndef PM_GRADIENT_ADJOINT_DELAYED_H
#define PM_GRADIENT_ADJOINT_DELAYED_H

#include "gradient/adjoint.h"

/* What the loss has to do with a layer: spikes of its last run and moved[], dL/dt_s of these, to which restarts add; or
 * instants at which the loss depends on potentials, and their dL/dV. */
typedef struct pm_layer_pull {
    const pm_raster *of;
    double *moved;
    const double *by; /* moved, or dL/dV */
    bool fires;
} pm_layer_pull;

/* From there to the gradient. Errors: as those of pm_adjoint_layered. */
pm_status pm_adjoint_delayed(pm_adjoint_layers *adjoint, const pm_layer *layer, const pm_raster *in,
                             const pm_layer_pull *pull, const pm_layer_gradient *gradient, pm_error *error);
void pm_adjoint_target_free(struct pm_adjoint_target *target);

#endif
