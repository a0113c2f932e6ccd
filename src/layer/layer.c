/* A dense layer: what all widths share. The steps from arrival to arrival are listed and their factors tabulated; then
 * narrow layers (layer_narrow.c) and wide ones (layer_wide.c) go through them in their own ways, with the same bits.
 * Invariant: all spikes of a run are written in order, and end before the run's duration. */
#include "layer/layer.h"

#include "base/list.h"
#include "layer/layer_delayed.h"
#include "layer/layer_narrow.h"
#include "layer/layer_patched.h"
#include "layer/layer_receptors.h"
#include "layer/layer_span.h"
#include "layer/layer_wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE_ROWS = 9 }; /* of a wide layer's scratch memory: u, i, b twice; the end of refractoriness; zeros; flags */

static bool is_narrow(const pm_layer *layer) { return layer->stride <= PM_NARROW; }

pm_status pm_layer_new(pm_layer *layer, const pm_lif *lif, size_t n_in, size_t n_out, pm_error *error) {
    size_t stride = (n_out + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
    *layer = (pm_layer){.lif = *lif, .n_in = n_in, .n_out = n_out, .stride = stride};
    layer->weight = aligned_alloc(64, n_in * stride * sizeof(double));
    layer->scratch = aligned_alloc(64, (is_narrow(layer) ? PM_NARROW_ROWS : WIDE_ROWS) * stride * sizeof(double));
    layer->flagged = malloc(stride * sizeof *layer->flagged);
    if (!layer->weight || !layer->scratch || !layer->flagged) {
        pm_layer_free(layer);
        return pm_fail_memory(error, "the weights of a layer");
    }
    memset(layer->weight, 0, n_in * stride * sizeof(double));
    return PM_OK;
}

void pm_layer_free(pm_layer *layer) {
    free(layer->weight);
    free(layer->scratch);
    free(layer->flagged);
    free(layer->steps);
    free(layer->origins.items);
    pm_raster_free(&layer->shifted);
    pm_basis_free(&layer->basis);
    pm_layer_receptors_free(layer->receptors);
    layer->receptors = NULL;
    pm_layer_patched_free(layer->patched);
    layer->patched = NULL;
    layer->weight = layer->scratch = NULL;
    layer->flagged = NULL;
    layer->steps = NULL;
    layer->step_capacity = 0;
    layer->origins = (pm_delayed_list){0};
}

/* The way from one arrival to the next, in pieces: bounds are tight, and lanes do their work, over short times only.
 * What is left after MOST_PIECES has decayed. */
enum { MOST_PIECES = 8 };

/* The steps from `now` to an arrival or to the end, at least one. */
static void step_to(pm_layer *layer, double now, double target, uint32_t source, double piece) {
    for (size_t pieces = 0; pieces < MOST_PIECES && target - now > 2.0 * piece; pieces++) {
        layer->steps[layer->n_steps++] = (pm_layer_step){now, now + piece, PM_NO_SOURCE};
        now += piece;
    }
    layer->steps[layer->n_steps++] = (pm_layer_step){now, target, source};
}

pm_status pm_layer_list_steps(pm_layer *layer, const pm_raster *in, double duration, double piece, pm_error *error) {
    const double most = (double)MOST_PIECES * ((double)in->n + 1.0), cuts = duration / piece;
    const size_t n = in->n + 2 + (size_t)(cuts < most ? cuts : most);
    double now = 0.0;
    if (!pm_list_reserve((void **)&layer->steps, &layer->step_capacity, n, sizeof *layer->steps))
        return pm_fail_memory(error, "the intervals between spikes");
    layer->n_steps = 0;
    for (size_t k = 0; k < in->n && in->time[k] < duration; k++) {
        step_to(layer, now, in->time[k], in->neuron[k], piece);
        now = in->time[k];
    }
    step_to(layer, now, duration, PM_NO_SOURCE, piece);
    return PM_OK;
}

/* Lists the steps of a run and tabulates their basis. */
static pm_status tabulate(pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    const double piece = 1.0 / (layer->lif.x + (layer->lif.single ? layer->lif.dxy : layer->lif.dxz));
    pm_status status = pm_layer_list_steps(layer, in, duration, piece, error);
    if (!status)
        status = pm_basis_reserve(&layer->basis, layer->n_steps, error);
    if (status)
        return status;
    for (size_t k = 0; k < layer->n_steps; k++)
        layer->basis.t[k] = layer->steps[k].end - layer->steps[k].begin;
    pm_basis_fill(&layer->lif, &layer->basis, layer->n_steps);
    return PM_OK;
}

/* Neurons that rest at or above threshold fire at 0 ms, before the first input, whose current is not in their slope. */
static pm_status fire_at_rest(pm_layer_spikes *spikes, size_t n, double *held, pm_error *error) {
    const pm_lif_state rest = {0};
    pm_status status = PM_OK;
    for (uint32_t j = 0; !status && j < n; j++) {
        pm_span span = {.neuron = j};
        status = pm_span_fire(spikes, &span, 0.0, pm_lif_slope_now(spikes->lif, &rest), error);
        held[j] = span.held;
    }
    return status;
}

pm_status pm_layer_run(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                       pm_error *error) {
    if (layer->patched)
        return pm_layer_run_patched(layer, in, duration, limit, out, error);
    pm_layer_spikes spikes = {.lif = &layer->lif, .out = out, .limit = limit};
    double *held = layer->scratch, u = layer->lif.theta <= 0.0 ? layer->lif.u_reset : 0.0;
    out->n = 0;
    for (size_t j = 0; j < layer->stride; j++)
        held[j] = -INFINITY;
    const bool delayed = layer->delays.value && layer->delays.by_target > 0;
    pm_status status = PM_OK;
    if (layer->delays.value && !delayed) {
        status = pm_layer_shift(layer, in, 0, duration, error);
        in = &layer->shifted;
    }
    if (!status && !delayed && !layer->receptors)
        status = tabulate(layer, in, duration, error);
    if (!status && layer->lif.theta <= 0.0)
        status = fire_at_rest(&spikes, layer->n_out, held, error);
    if (!status && layer->receptors)
        status = pm_layer_run_receptors(layer, in, duration, &spikes, u, error);
    else if (!status && delayed)
        status = pm_layer_run_delayed(layer, in, duration, &spikes, u, error);
    else if (!status)
        status = (is_narrow(layer) ? pm_layer_run_narrow : pm_layer_run_wide)(layer, &spikes, u, error);
    while (!status && out->n && out->time[out->n - 1] >= duration)
        out->n--; /* a run ends just before `duration` */
    return status;
}
