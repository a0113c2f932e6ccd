/* Layers whose synapses have delays. */
#ifndef PM_LAYER_LAYER_DELAYED_H
#define PM_LAYER_LAYER_DELAYED_H

#include "layer/layer_span.h"

/* Replaces layer->shifted by the spikes of `in` that reach a target before `end`, as it sees them, and layer->origins by
 * what they were in `in`. Errors: PM_NO_MEMORY. */
pm_status pm_layer_shift(pm_layer *layer, const pm_raster *in, size_t target, double end, pm_error *error);

/* Runs the layer target by target over [0, duration), from potentials of u and the ends of refractoriness at the start
 * of its scratch memory (see pm_layer_run); spikes come sorted. Errors: as those of pm_layer_run. */
pm_status pm_layer_run_delayed(pm_layer *layer, const pm_raster *in, double duration, pm_layer_spikes *spikes, double u,
                               pm_error *error);

#endif
