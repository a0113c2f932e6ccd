/* One neuron of a dense layer over one interval without arrivals: its spikes, and its potential at the end. */
#ifndef PM_LAYER_LAYER_SPAN_H
#define PM_LAYER_LAYER_SPAN_H

#include "layer/layer.h"
#include "math/lanes.h"

/* The spikes of a layer, kept in order from number `first` on. */
typedef struct pm_layer_spikes {
    const pm_lif *lif;
    pm_raster *out;
    size_t limit; /* spikes */
    size_t first;
} pm_layer_spikes;

typedef struct pm_span {
    uint32_t neuron;
    double begin, end;  /* ms */
    double held;        /* ms, end of refractoriness */
    pm_lif_state state; /* at `begin` */
    pm_lif_state last;  /* at `end`, as if there were no spike on the way */
} pm_span;

/* Adds a spike, and holds its neuron. */
pm_status pm_span_fire(pm_layer_spikes *spikes, pm_span *span, double time, double slope, pm_error *error);
/* Every spike of the span, one after the other; leaves the true potential at its end in last.u (the currents there are
 * right anyway). */
pm_status pm_span_follow(pm_layer_spikes *spikes, pm_span *span, pm_error *error);
/* The same where `lanes` has crossed lane k for this span. */
pm_status pm_span_take(pm_layer_spikes *spikes, pm_span *span, const pm_lanes *lanes, size_t k, pm_error *error);

#endif
