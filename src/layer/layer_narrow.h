/* Narrow layers: neurons that may fire are settled eight at a time, whatever intervals they are in. */
#ifndef PM_LAYER_LAYER_NARROW_H
#define PM_LAYER_LAYER_NARROW_H

#include "layer/layer_span.h"

enum { PM_NARROW = 64 };           /* neurons, at most */
enum { PM_NARROW_INTERVALS = 32 }; /* whose states are kept: a power of two */
/* Rows of `stride` numbers in the scratch memory: the end of refractoriness; zeros; u, i, b at the start of each
 * interval. */
enum { PM_NARROW_ROWS = 2 + 3 * PM_NARROW_INTERVALS };

/* Runs the layer over its steps, from potentials of u and the ends of refractoriness at the start of its scratch memory
 * (see pm_layer_run). */
pm_status pm_layer_run_narrow(pm_layer *layer, pm_layer_spikes *spikes, double u, pm_error *error);

#endif
