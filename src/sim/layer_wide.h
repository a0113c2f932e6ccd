/* Wide layers: several intervals at once. */
#ifndef PM_SIM_LAYER_WIDE_H
#define PM_SIM_LAYER_WIDE_H

#include "sim/layer_span.h"

/* Runs the layer over its steps, from the states in its scratch memory (see pm_layer_run). The spikes do not differ in
 * a bit from those of single intervals. */
pm_status pm_layer_run_wide(pm_layer *layer, pm_layer_spikes *spikes, pm_error *error);

#endif
