/* Wide layers: several intervals at once. */
#ifndef PM_LAYER_LAYER_WIDE_H
#define PM_LAYER_LAYER_WIDE_H

#include "layer/layer_span.h"

/* Runs the layer over its steps, from potentials of u and the ends of refractoriness at the start of its scratch memory
 * (see pm_layer_run). The spikes do not differ in a bit from those of pm_layer_run_narrow. */
pm_status pm_layer_run_wide(pm_layer *layer, pm_layer_spikes *spikes, double u, pm_error *error);

#endif
