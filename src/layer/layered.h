/* A layered network without delays, and the spikes of its last forward run. */
#ifndef PM_LAYER_LAYERED_H
#define PM_LAYER_LAYERED_H

#include "layer/layer.h"

enum { PM_MOST_LAYERS = 8 }; /* of weights, where something learns */

typedef struct pm_layered {
    size_t n_layers;    /* layers of weights */
    pm_layer *layers;   /* layers[l] leads from population l to population l + 1 */
    pm_raster *rasters; /* n_layers + 1 populations; rasters[0] is the input */
    size_t limit;       /* spikes a layer may fire in one run */
} pm_layered;

/* A network of LIF layers of the given sizes (n_layers + 1 of them) with weights of 0. */
pm_status pm_layered_new(pm_layered *net, const pm_lif *lif, const size_t *sizes, size_t n_layers, pm_error *error);
void pm_layered_free(pm_layered *net);

/* Runs the network over [0, duration) on the input raster: rasters[l] receive the spikes. Layers below `from` are not
 * run again: their rasters are still valid. Errors: PM_FAILED for runaway activity; the message gives the number of the
 * layer, which is 1 for the first behind the input. */
pm_status pm_layered_run(pm_layered *net, const pm_raster *input, double duration, size_t from, pm_error *error);

#endif
