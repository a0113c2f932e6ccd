/* Layers in topological order: the output raster of one is the whole input of the next. */
#include "layer/layered.h"

#include <stdlib.h>

enum { DEFAULT_LIMIT = 1000000 };

pm_status pm_layered_new(pm_layered *net, const pm_lif *lif, const size_t *sizes, size_t n_layers, pm_error *error) {
    *net = (pm_layered){.n_layers = n_layers, .limit = DEFAULT_LIMIT};
    net->layers = calloc(n_layers, sizeof *net->layers);
    net->rasters = calloc(n_layers + 1, sizeof *net->rasters);
    pm_status status = net->layers && net->rasters ? PM_OK : pm_fail_memory(error, "a layered network");
    for (size_t l = 0; !status && l < n_layers; l++)
        status = pm_layer_new(&net->layers[l], lif, sizes[l], sizes[l + 1], error);
    if (status)
        pm_layered_free(net);
    return status;
}

void pm_layered_free(pm_layered *net) {
    for (size_t l = 0; net->layers && l < net->n_layers; l++)
        pm_layer_free(&net->layers[l]);
    for (size_t l = 0; net->rasters && l <= net->n_layers; l++)
        pm_raster_free(&net->rasters[l]);
    free(net->layers);
    free(net->rasters);
    *net = (pm_layered){0};
}

pm_status pm_layered_run(pm_layered *net, const pm_raster *input, double duration, size_t from, pm_error *error) {
    pm_status status = from == 0 ? pm_raster_copy(&net->rasters[0], input, error) : PM_OK;
    for (size_t l = from; !status && l < net->n_layers; l++) {
        status = pm_layer_run(&net->layers[l], &net->rasters[l], duration, net->limit, &net->rasters[l + 1], error);
        if (status == PM_FAILED && error) {
            pm_error why = *error;
            (void)pm_fail(error, status, "layer %zu: %.900s", l + 1, why.message);
        }
    }
    return status;
}
