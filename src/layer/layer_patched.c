/* Input spikes go to the patches that see their sources; then patch by patch is run like any dense layer. Where there
 * are windows, the earliest spike of each goes on, and of several at one instant that of the first neuron (T.
 * Masquelier and S. J. Thorpe, PLoS Computational Biology 3:e31, 2007). It is the first one of its neuron, and nothing
 * later moves it, so the sweep back is exact with it alone. Invariant: a neuron's spikes depend on nothing but what its
 * patch sees. */
#include "layer/layer_patched.h"

#include "base/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

pm_status pm_layer_patch(pm_layer *layer, const pm_patches *patches, pm_error *error) {
    pm_layer_patched *p = layer->patched = calloc(1, sizeof *p);
    if (!p)
        return pm_fail_memory(error, "the patches of a layer");
    p->of = patches;
    layer->n_in = patches->n_in;
    layer->n_out = patches->n_out;
    layer->stride = patches->stride;
    pm_status status = pm_layer_new(&p->patch, &layer->lif, 1, patches->stride, error);
    free(p->patch.weight);
    p->patch.weight = NULL;
    p->patch.once = patches->window != NULL;
    for (uint32_t w = 0; !status && patches->window && w < patches->n_windows; w++)
        status = pm_raster_append(&p->earliest, INFINITY, w, 0.0, error);
    return status;
}

void pm_layer_patched_free(pm_layer_patched *p) {
    if (!p)
        return;
    p->patch.weight = NULL;
    pm_layer_free(&p->patch);
    pm_patch_spikes_free(&p->in);
    pm_raster_free(&p->out);
    pm_raster_free(&p->earliest);
    free(p);
}

pm_layer pm_layer_of_patch(const pm_layer *layer, size_t q) {
    const pm_patch *of = &layer->patched->of->patch[q];
    pm_layer patch = layer->patched->patch;
    patch.weight = layer->weight + of->row * layer->stride;
    patch.n_in = of->n_sources;
    patch.n_out = of->n_targets;
    return patch;
}

/* --- spikes by patch ---------------------------------------------------------------------------------------------- */

void pm_patch_spikes_free(pm_patch_spikes *list) {
    pm_raster_free(&list->spikes);
    free(list->place);
    free(list->first);
    *list = (pm_patch_spikes){0};
}

/* Begins to put spikes together: then each patch's are counted, two places further. */
static pm_status begin(pm_patch_spikes *list, const pm_patches *p, pm_error *error) {
    if (!pm_list_reserve((void **)&list->first, &list->n_first, p->n + 2, sizeof *list->first))
        return pm_fail_memory(error, "the spikes of patches");
    memset(list->first, 0, (p->n + 2) * sizeof *list->first);
    return PM_OK;
}

/* From how many each patch has to where they go, one place further. */
static pm_status lay_out(pm_patch_spikes *list, const pm_patches *p, pm_error *error) {
    for (size_t q = 1; q <= p->n; q++)
        list->first[q + 1] += list->first[q];
    const size_t n = list->first[p->n + 1];
    if (!pm_list_reserve((void **)&list->place, &list->capacity, n, sizeof *list->place))
        return pm_fail_memory(error, "the spikes of patches");
    pm_status status = pm_raster_reserve(&list->spikes, n, error);
    list->spikes.n = status ? 0 : n;
    return status;
}

static inline void put(pm_patch_spikes *list, pm_tap to, const pm_raster *from, size_t k) {
    const size_t at = list->first[to.patch + 1]++;
    list->spikes.time[at] = from->time[k];
    list->spikes.slope[at] = from->slope[k];
    list->spikes.neuron[at] = to.number;
    list->place[at] = k;
}

static pm_status arrive(pm_layer_patched *l, const pm_raster *in, double duration, pm_error *error) {
    const pm_patches *p = l->of;
    pm_status status = begin(&l->in, p, error);
    size_t n = 0;
    for (; !status && n < in->n && in->time[n] < duration; n++)
        for (size_t t = p->first[in->neuron[n]]; t < p->first[in->neuron[n] + 1]; t++)
            l->in.first[p->tap[t].patch + 2]++;
    if (!status)
        status = lay_out(&l->in, p, error);
    for (size_t k = 0; !status && k < n; k++)
        for (size_t t = p->first[in->neuron[k]]; t < p->first[in->neuron[k] + 1]; t++)
            put(&l->in, p->tap[t], in, k);
    return status;
}

/* Who fired a spike of the last run. */
static inline pm_tap home_of(const pm_layer_patched *l, uint32_t neuron) {
    return l->of->home[l->of->window ? l->earliest.neuron[neuron] : neuron];
}

pm_status pm_layer_fired_by(const pm_layer *layer, const pm_raster *out, pm_patch_spikes *list, pm_error *error) {
    const pm_layer_patched *l = layer->patched;
    pm_status status = begin(list, l->of, error);
    for (size_t k = 0; !status && k < out->n; k++)
        list->first[home_of(l, out->neuron[k]).patch + 2]++;
    if (!status)
        status = lay_out(list, l->of, error);
    for (size_t k = 0; !status && k < out->n; k++)
        put(list, home_of(l, out->neuron[k]), out, k);
    return status;
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

/* Adds the spikes of a patch to all, or keeps the first ones of windows. */
static pm_status take(pm_layer_patched *l, const pm_patch *of, pm_raster *out, pm_error *error) {
    const uint32_t *target = l->of->target + of->target;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < l->out.n; k++) {
        const uint32_t j = target[l->out.neuron[k]];
        if (!l->of->window) {
            status = pm_raster_append(out, l->out.time[k], j, l->out.slope[k], error);
            continue;
        }
        const uint32_t w = l->of->window[j];
        const double before = l->earliest.time[w];
        if (l->out.time[k] < before || (l->out.time[k] == before && j < l->earliest.neuron[w])) {
            l->earliest.time[w] = l->out.time[k];
            l->earliest.slope[w] = l->out.slope[k];
            l->earliest.neuron[w] = j;
        }
    }
    return status;
}

/* The spikes of windows. */
static pm_status pool(const pm_layer_patched *l, pm_raster *out, pm_error *error) {
    const pm_raster *of = &l->earliest;
    pm_status status = PM_OK;
    for (uint32_t w = 0; !status && w < of->n; w++)
        if (of->time[w] < INFINITY)
            status = pm_raster_append(out, of->time[w], w, of->slope[w], error);
    return status;
}

pm_status pm_layer_run_patched(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                               pm_error *error) {
    pm_layer_patched *l = layer->patched;
    const bool rest = layer->lif.theta > layer->lif.u_inf && layer->lif.theta > 0.0; /* where nothing arrives */
    pm_status status = arrive(l, in, duration, error);
    size_t fired = 0;
    out->n = 0;
    for (size_t w = 0; w < l->earliest.n; w++)
        l->earliest.time[w] = INFINITY;
    for (size_t q = 0; !status && q < l->of->n; q++) {
        const pm_raster own = pm_patch_spikes_of(&l->in, q);
        if (rest && own.n == 0)
            continue;
        const pm_layer patch = pm_layer_of_patch(layer, q);
        l->patch.weight = patch.weight;
        l->patch.n_out = patch.n_out;
        status = pm_layer_run(&l->patch, &own, duration, limit - fired, &l->out, error);
        if (!status)
            status = take(l, &l->of->patch[q], out, error);
        fired += l->out.n;
    }
    if (!status)
        status = pool(l, out, error);
    return status ? status : pm_raster_sort(out, error);
}
