/* Weights belong to the classifier; a lane's layers point to them, so that many threads run examples through one
 * network. A dropped neuron fires, but its spikes are taken out of the raster: the layers above and the sweep back see
 * a network without it, whose gradient is exact. */
#include "classify/classifier.h"
#include "model/kernel.h"
#include "model/neuron.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 200000 };

static bool set_weights(pm_classifier *c, size_t l, size_t rows, size_t stride) {
    const size_t bytes = rows * stride * sizeof(double);
    free(c->weight[l]);
    c->rows[l] = rows;
    c->strides[l] = stride;
    c->weight[l] = aligned_alloc(64, bytes);
    if (c->weight[l])
        memset(c->weight[l], 0, bytes);
    return c->weight[l] != NULL;
}

pm_status pm_classifier_new(pm_classifier *c, const pm_neuron *hidden, const pm_neuron *output, const pm_loss *loss,
                            const size_t *sizes, size_t n_layers, pm_error *error) {
    *c = (pm_classifier){.n_layers = n_layers,
                         .hidden = pm_lif_of_neuron(hidden),
                         .output = pm_lif_of_neuron(output),
                         .neurons = {*hidden, *output},
                         .loss = loss,
                         .limit = DEFAULT_LIMIT};
    pm_kind_preset(&loss->head, c->loss_parameters);
    c->sizes = malloc((n_layers + 1) * sizeof *c->sizes);
    c->rows = calloc(n_layers, sizeof *c->rows);
    c->strides = calloc(n_layers, sizeof *c->strides);
    c->weight = calloc(n_layers, sizeof *c->weight);
    c->delays = calloc(n_layers, sizeof *c->delays);
    c->V_th = calloc(n_layers, sizeof *c->V_th);
    bool enough = c->sizes && c->rows && c->strides && c->weight && c->delays && c->V_th;
    if (enough)
        memcpy(c->sizes, sizes, (n_layers + 1) * sizeof *sizes);
    for (size_t l = 0; enough && l < n_layers; l++)
        enough = set_weights(c, l, sizes[l], (sizes[l + 1] + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES);
    if (enough)
        return PM_OK;
    pm_classifier_free(c);
    return pm_fail_memory(error, "the weights");
}

void pm_classifier_free(pm_classifier *c) {
    for (size_t l = 0; c->weight && l < c->n_layers; l++)
        free(c->weight[l]);
    for (size_t l = 0; c->delays && l < c->n_layers; l++)
        free(c->delays[l].value);
    for (size_t l = 0; c->V_th && l < c->n_layers; l++)
        free(c->V_th[l]);
    free(c->V_th);
    free(c->weight);
    free(c->delays);
    free(c->sizes);
    free(c->rows);
    free(c->strides);
    *c = (pm_classifier){0};
}

pm_status pm_classifier_patch(pm_classifier *c, size_t l, const pm_patches *patches, pm_error *error) {
    c->patches[l] = patches;
    return set_weights(c, l, patches->n_rows, patches->stride) ? PM_OK : pm_fail_memory(error, "the weights");
}

size_t pm_classifier_delays(const pm_classifier *c, size_t l) {
    const pm_delays *d = &c->delays[l];
    return !d->value ? 0 : d->by_source == 0 ? c->strides[l] : c->sizes[l] * d->by_source;
}

pm_status pm_classifier_delay(pm_classifier *c, size_t l, pm_delays_per per, pm_error *error) {
    pm_delays *d = &c->delays[l];
    d->by_source = per == PM_PER_SYNAPSE ? c->strides[l] : per == PM_PER_AXON;
    d->by_target = per != PM_PER_AXON;
    free(d->value);
    d->value = calloc(per == PM_PER_DENDRITE ? c->strides[l] : c->sizes[l] * d->by_source, sizeof *d->value);
    return d->value ? PM_OK : pm_fail_memory(error, "the delays");
}

void pm_classifier_reset_thresholds(pm_classifier *c, size_t l) {
    for (size_t j = 0; c->V_th[l] && j < c->strides[l]; j++)
        c->V_th[l][j] = c->neurons[l + 1 == c->n_layers].V_th;
}

pm_status pm_classifier_part_thresholds(pm_classifier *c, size_t l, pm_error *error) {
    c->V_th[l] = malloc(c->strides[l] * sizeof **c->V_th);
    pm_classifier_reset_thresholds(c, l);
    return c->V_th[l] ? PM_OK : pm_fail_memory(error, "the thresholds");
}

/* A layer without weights of its own. */
static pm_status borrow(pm_layer *layer, const pm_classifier *c, size_t l, const pm_lif *lif, pm_error *error) {
    pm_status status = pm_layer_new(layer, lif, 1, c->patches[l] ? c->strides[l] : c->sizes[l + 1], error);
    if (status)
        return status;
    free(layer->weight);
    layer->weight = c->weight[l];
    if (c->patches[l])
        return pm_layer_patch(layer, c->patches[l], error);
    layer->delays = c->delays[l];
    layer->n_in = c->sizes[l];
    layer->V_th = c->V_th[l];
    const pm_neuron *neuron = &c->neurons[l + 1 == c->n_layers];
    if (c->sources[l])
        return pm_layer_divide(layer, neuron, c->receptors, c->sources[l], c->n_receptors, error);
    const pm_receptor own = pm_receptor_of_neuron(neuron);
    return c->V_th[l] ? pm_layer_divide(layer, neuron, &own, &PM_ALL_SOURCES, 1, error) : PM_OK;
}

pm_status pm_lane_new(pm_lane *lane, const pm_classifier *c, pm_error *error) {
    bool fires = c->loss->fires;
    size_t top = c->n_layers - 1, firing = fires ? c->n_layers : top, n_out = c->sizes[c->n_layers];
    *lane = (pm_lane){.of = c, .adjoint = {.slope_floor = c->slope_floor}};
    lane->net = (pm_layered){.n_layers = firing, .limit = c->limit};
    lane->net.layers = calloc(firing + 1, sizeof *lane->net.layers);
    lane->net.rasters = calloc(firing + 1, sizeof *lane->net.rasters);
    lane->score = calloc(n_out, sizeof *lane->score);
    lane->share = calloc(n_out, sizeof *lane->share);
    bool enough = lane->net.layers && lane->net.rasters && lane->score && lane->share;
    pm_status status = enough ? PM_OK : pm_fail_memory(error, "the state of a network");
    for (size_t l = 0; !status && l < firing; l++)
        status = borrow(&lane->net.layers[l], c, l, l == top ? &c->output : &c->hidden, error);
    if (!status && !fires)
        status = borrow(&lane->output, c, top, &c->output, error);
    if (!status && c->loss->room_new)
        status = c->loss->room_new(lane, &lane->room, error);
    if (status)
        pm_lane_free(lane);
    return status;
}

void pm_lane_free(pm_lane *lane) {
    for (size_t l = 0; lane->net.layers && l < lane->net.n_layers; l++)
        lane->net.layers[l].weight = NULL;
    lane->output.weight = NULL;
    pm_layer_free(&lane->output);
    pm_layered_free(&lane->net);
    if (lane->of && lane->of->loss->room_free)
        lane->of->loss->room_free(lane->room);
    pm_adjoint_layers_free(&lane->adjoint);
    free(lane->score);
    free(lane->share);
    free(lane->dl_dt);
    free(lane->worth);
    *lane = (pm_lane){0};
}

/* --- forwards ----------------------------------------------------------------------------------------------------- */

static void drop(pm_raster *raster, const uint8_t *dropped) {
    size_t kept = 0;
    for (size_t k = 0; k < raster->n; k++) {
        if (dropped[raster->neuron[k]])
            continue;
        raster->time[kept] = raster->time[k];
        raster->slope[kept] = raster->slope[k];
        raster->neuron[kept++] = raster->neuron[k];
    }
    raster->n = kept;
}

pm_status pm_lane_reserve(pm_lane *lane, size_t n, pm_error *error) {
    if (n < lane->n_dl_dt)
        return PM_OK;
    size_t size = 2 * n + 64;
    free(lane->dl_dt);
    free(lane->worth);
    lane->dl_dt = calloc(size, sizeof *lane->dl_dt);
    lane->worth = calloc(size, sizeof *lane->worth);
    lane->n_dl_dt = lane->dl_dt && lane->worth ? size : 0;
    return lane->n_dl_dt > 0 ? PM_OK : pm_fail_memory(error, "the gradient");
}

pm_status pm_lane_run(pm_lane *lane, const uint8_t *const *dropped, pm_error *error) {
    const pm_classifier *c = lane->of;
    pm_layered *net = &lane->net;
    pm_status status = PM_OK;
    if (dropped && dropped[0])
        drop(&net->rasters[0], dropped[0]);
    for (size_t l = 0; !status && l < net->n_layers; l++) {
        status = pm_layer_run(&net->layers[l], &net->rasters[l], c->duration, net->limit, &net->rasters[l + 1], error);
        if (!status && dropped && l + 1 < c->n_layers && dropped[l + 1])
            drop(&net->rasters[l + 1], dropped[l + 1]);
    }
    return status ? status : c->loss->score(lane, error);
}

size_t pm_lane_decision(const pm_lane *lane) {
    size_t best = 0;
    for (size_t o = 1; o < lane->of->sizes[lane->of->n_layers]; o++)
        if (lane->score[o] > lane->score[best])
            best = o;
    return best;
}

double pm_lane_loss(const pm_lane *lane, size_t label) { return lane->of->loss->value(lane, label); }

size_t pm_lane_spikes(const pm_lane *lane) {
    size_t n = 0;
    for (size_t l = 1; l <= lane->net.n_layers; l++)
        n += lane->net.rasters[l].n;
    return n;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

pm_status pm_lane_back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    return lane->of->loss->back(lane, label, gradient, error);
}

pm_status pm_lane_oppose(pm_lane *lane, size_t n, double by, pm_error *error) {
    pm_raster *in = &lane->net.rasters[0];
    const double *moved = lane->adjoint.time[0], last = lane->of->duration;
    for (size_t k = 0; k < in->n; k++) {
        if (in->neuron[k] >= n || moved[k] == 0.0)
            continue;
        double t = in->time[k] + (moved[k] > 0.0 ? by : -by);
        in->time[k] = t < 0.0 ? 0.0 : t > last ? last : t;
    }
    return pm_raster_sort(in, error);
}
