/* Layers of patches: each patch runs as a dense layer of its own on what it sees. */
#ifndef PM_LAYER_LAYER_PATCHED_H
#define PM_LAYER_LAYER_PATCHED_H

#include "layer/layer.h"
#include "layer/patches.h"

/* Spikes put together by patch: those of patch q are first[q] to first[q + 1] - 1, in the order that they came in.
 * `neuron` is the number in the patch, of a source or of a neuron that fires. */
typedef struct pm_patch_spikes {
    pm_raster spikes;
    size_t *place; /* of each in the raster it comes from */
    size_t *first;
    size_t capacity, n_first; /* of places; of first */
} pm_patch_spikes;

void pm_patch_spikes_free(pm_patch_spikes *list);
/* Those of patch q, borrowed. */
static inline pm_raster pm_patch_spikes_of(const pm_patch_spikes *list, size_t q) {
    const size_t at = list->first[q];
    return (pm_raster){
        .time = list->spikes.time + at,
        .slope = list->spikes.slope + at,
        .neuron = list->spikes.neuron + at,
        .n = list->first[q + 1] - at,
    };
}

typedef struct pm_layer_patched {
    const pm_patches *of; /* borrowed */
    pm_layer patch;       /* any patch, with its weights while it runs */
    pm_patch_spikes in;   /* arrivals of the last run */
    pm_raster out;        /* spikes of a patch */
    pm_raster earliest;   /* of each window: its first spike, at infinity where there is none; and who fired it */
} pm_layer_patched;

/* Makes a layer without weights, which only has to be told them, one of patches. Errors: PM_NO_MEMORY. */
pm_status pm_layer_patch(pm_layer *layer, const pm_patches *patches, pm_error *error);
void pm_layer_patched_free(pm_layer_patched *patched); /* NULL is allowed */

/* As pm_layer_run; neurons are numbered as the next layer sees them. */
pm_status pm_layer_run_patched(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                               pm_error *error);

/* The layer of patch q. */
pm_layer pm_layer_of_patch(const pm_layer *layer, size_t q);
/* Spikes of the last run by the patches that fired them. Errors: PM_NO_MEMORY. */
pm_status pm_layer_fired_by(const pm_layer *layer, const pm_raster *out, pm_patch_spikes *list, pm_error *error);

#endif
