/* Delays of axons shift the input, which a layer then takes as any other. Otherwise each target has its own order of
 * arrivals, and is followed on its own from one to the next; the factors of all its intervals are tabulated at once.
 * Invariant: a target's spikes depend on nothing but its own arrivals. */
#include "layer/layer_delayed.h"

#include <stdint.h>

pm_status pm_layer_shift(pm_layer *layer, const pm_raster *in, size_t target, double end, pm_error *error) {
    pm_status status = pm_delays_arrive(&layer->delays, in, target, end, &layer->origins, error);
    layer->shifted.n = 0;
    for (size_t k = 0; !status && k < layer->origins.count; k++)
        status =
            pm_raster_append(&layer->shifted, layer->origins.items[k].time, layer->origins.items[k].source, 0.0, error);
    return status;
}

static pm_status tabulate(pm_layer *layer, double duration, pm_error *error) {
    const pm_delayed_list *list = &layer->origins;
    pm_status status = pm_basis_reserve(&layer->basis, list->count + 1, error);
    double now = 0.0;
    for (size_t k = 0; !status && k <= list->count; k++) {
        const double end = k < list->count ? list->items[k].time : duration;
        layer->basis.t[k] = end - now;
        now = end;
    }
    if (!status)
        pm_basis_fill(&layer->lif, &layer->basis, list->count + 1);
    return status;
}

/* One target from its start to the end of the run. */
static pm_status run_target(const pm_layer *layer, double duration, pm_layer_spikes *spikes, pm_span *span,
                            pm_error *error) {
    const pm_lif *lif = &layer->lif;
    const pm_delayed_list *list = &layer->origins;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k <= list->count; k++) {
        const bool last = k == list->count;
        span->end = last ? duration : list->items[k].time;
        if (span->begin < span->end) {
            const pm_lif_basis at = pm_basis_get(&layer->basis, k);
            span->last = pm_lif_advance_by(lif, &span->state, &at);
            status = pm_span_follow(spikes, span, error);
            span->state = span->last;
            span->begin = span->end;
        }
        if (!last)
            pm_lif_arrive(lif, &span->state, layer->weight[list->items[k].source * layer->stride + span->neuron]);
    }
    return status;
}

pm_status pm_layer_run_delayed(pm_layer *layer, const pm_raster *in, double duration, pm_layer_spikes *spikes, double u,
                               pm_error *error) {
    pm_status status = PM_OK;
    spikes->first = SIZE_MAX; /* they are sorted at the end */
    for (uint32_t j = 0; !status && j < layer->n_out; j++) {
        pm_span span = {.neuron = j, .held = layer->scratch[j], .state.u = u};
        status = pm_delays_arrive(&layer->delays, in, j, duration, &layer->origins, error);
        if (!status)
            status = tabulate(layer, duration, error);
        if (!status)
            status = run_target(layer, duration, spikes, &span, error);
    }
    return status ? status : pm_raster_sort(spikes->out, error);
}
