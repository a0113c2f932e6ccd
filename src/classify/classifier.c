/* Weights belong to the classifier; a lane's layers point to them, so that many threads run examples through one
 * network. A dropped neuron fires, but its spikes are taken out of the raster: the layers above and the sweep back see
 * a network without it, whose gradient is exact. */
#include "classify/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 200000 };

pm_status pm_classifier_new(pm_classifier *c, const pm_neuron *hidden, const pm_neuron *output, pm_loss_kind loss,
                            const size_t *sizes, size_t n_layers, pm_error *error) {
    *c = (pm_classifier){.n_layers = n_layers,
                         .hidden = pm_lif_new(hidden),
                         .output = pm_lif_new(output),
                         .scale = 1.0,
                         .loss = loss,
                         .limit = DEFAULT_LIMIT};
    c->sizes = malloc((n_layers + 1) * sizeof *c->sizes);
    c->strides = calloc(n_layers, sizeof *c->strides);
    c->weight = calloc(n_layers, sizeof *c->weight);
    bool enough = c->sizes && c->strides && c->weight;
    if (enough)
        memcpy(c->sizes, sizes, (n_layers + 1) * sizeof *sizes);
    for (size_t l = 0; enough && l < n_layers; l++) {
        c->strides[l] = (sizes[l + 1] + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
        size_t bytes = pm_classifier_weights(c, l) * sizeof(double);
        c->weight[l] = aligned_alloc(64, bytes);
        enough = c->weight[l] != NULL;
        if (enough)
            memset(c->weight[l], 0, bytes);
    }
    if (enough)
        return PM_OK;
    pm_classifier_free(c);
    return pm_fail_memory(error, "the weights");
}

void pm_classifier_free(pm_classifier *c) {
    for (size_t l = 0; c->weight && l < c->n_layers; l++)
        free(c->weight[l]);
    free(c->weight);
    free(c->sizes);
    free(c->strides);
    *c = (pm_classifier){0};
}

/* A layer without weights of its own. */
static pm_status borrow(pm_layer *layer, const pm_classifier *c, size_t l, const pm_lif *lif, pm_error *error) {
    pm_status status = pm_layer_new(layer, lif, 1, c->sizes[l + 1], error);
    if (status)
        return status;
    free(layer->weight);
    layer->weight = c->weight[l];
    layer->n_in = c->sizes[l];
    return PM_OK;
}

pm_status pm_lane_new(pm_lane *lane, const pm_classifier *c, pm_error *error) {
    bool fires = c->loss == PM_LOSS_FIRST_SPIKE || c->loss == PM_LOSS_TRAINS;
    size_t top = c->n_layers - 1, firing = fires ? c->n_layers : top, n_out = c->sizes[c->n_layers];
    *lane = (pm_lane){.of = c, .adjoint = {.slope_floor = c->slope_floor}};
    lane->net = (pm_layered){.n_layers = firing, .limit = c->limit};
    lane->net.layers = calloc(firing + 1, sizeof *lane->net.layers);
    lane->net.rasters = calloc(firing + 1, sizeof *lane->net.rasters);
    lane->score = calloc(n_out, sizeof *lane->score);
    lane->share = calloc(n_out, sizeof *lane->share);
    lane->first = calloc(n_out, sizeof *lane->first);
    bool enough = lane->net.layers && lane->net.rasters && lane->score && lane->share && lane->first;
    pm_status status = enough ? PM_OK : pm_fail_memory(error, "the state of a network");
    for (size_t l = 0; !status && l < firing; l++)
        status = borrow(&lane->net.layers[l], c, l, l == top ? &c->output : &c->hidden, error);
    if (!status && !fires)
        status = borrow(&lane->output, c, top, &c->output, error);
    if (!status && c->loss == PM_LOSS_MAXIMUM)
        status = pm_readout_new(&lane->readout, &lane->output, error);
    if (!status && c->loss == PM_LOSS_TRAINS)
        status = pm_train_loss_new(&lane->trains, &c->goal, &c->output, c->sizes[top], n_out, error);
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
    pm_readout_free(&lane->readout);
    pm_train_loss_free(&lane->trains);
    pm_adjoint_layers_free(&lane->adjoint);
    free(lane->score);
    free(lane->share);
    free(lane->first);
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

static void first_spikes(pm_lane *lane) {
    const pm_classifier *c = lane->of;
    const pm_raster *out = &lane->net.rasters[lane->net.n_layers];
    for (size_t o = 0; o < c->sizes[c->n_layers]; o++)
        lane->first[o] = SIZE_MAX;
    for (size_t k = out->n; k-- > 0;)
        lane->first[out->neuron[k]] = k;
    for (size_t o = 0; o < c->sizes[c->n_layers]; o++)
        lane->score[o] = -(lane->first[o] < SIZE_MAX ? out->time[lane->first[o]] : c->duration) / c->scale;
}

/* The Laplace transform of the potential that a spike of weight 1 at 0 ms causes, mV ms/pA. */
static double transform(const pm_lif *lif, double q) {
    double current = 1.0 / (q + lif->l_1) - (lif->single ? 0.0 : 1.0 / (q + lif->l_2));
    return current * lif->inv_C / (q + lif->l_m);
}

static pm_status make_room(pm_lane *lane, const pm_raster *last, pm_error *error) {
    if (last->n < lane->n_dl_dt)
        return PM_OK;
    size_t size = 2 * last->n + 64;
    free(lane->dl_dt);
    free(lane->worth);
    lane->dl_dt = calloc(size, sizeof *lane->dl_dt);
    lane->worth = calloc(size, sizeof *lane->worth);
    lane->n_dl_dt = lane->dl_dt && lane->worth ? size : 0;
    return lane->n_dl_dt > 0 ? PM_OK : pm_fail_memory(error, "the gradient");
}

static pm_status discount(pm_lane *lane, pm_error *error) {
    const pm_classifier *c = lane->of;
    const pm_raster *in = &lane->net.rasters[lane->net.n_layers];
    double q = 1.0 / c->tau, most = transform(&c->output, q) * q;
    size_t n_out = c->sizes[c->n_layers];
    pm_status status = make_room(lane, in, error);
    if (status)
        return status;
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] = c->output.u_inf;
    for (size_t k = 0; k < in->n; k++) {
        const double *row = lane->output.weight + in->neuron[k] * lane->output.stride;
        lane->worth[k] = most * exp(-q * in->time[k]);
        for (size_t o = 0; o < n_out; o++)
            lane->score[o] += lane->worth[k] * row[o];
    }
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] /= c->scale;
    return PM_OK;
}

static void discount_back(pm_lane *lane, const double *slope, double *gradient) {
    const pm_classifier *c = lane->of;
    const pm_raster *in = &lane->net.rasters[lane->net.n_layers];
    size_t n_out = c->sizes[c->n_layers];
    double q = 1.0 / c->tau;
    for (size_t k = 0; k < in->n; k++) {
        size_t at = in->neuron[k] * lane->output.stride;
        double sum = 0.0;
        for (size_t o = 0; o < n_out; o++) {
            sum += slope[o] * lane->output.weight[at + o];
            gradient[at + o] += slope[o] * lane->worth[k];
        }
        lane->dl_dt[k] = -q * lane->worth[k] * sum;
    }
}

static void soften(pm_lane *lane) {
    size_t n = lane->of->sizes[lane->of->n_layers];
    double most = lane->score[pm_lane_decision(lane)], sum = 0.0;
    for (size_t o = 0; o < n; o++)
        sum += lane->share[o] = exp(lane->score[o] - most);
    for (size_t o = 0; o < n; o++)
        lane->share[o] /= sum;
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
    if (status)
        return status;
    if (c->loss == PM_LOSS_TRAINS)
        return pm_train_loss_score(&lane->trains, &net->rasters[net->n_layers], lane->score, error);
    if (c->loss == PM_LOSS_FIRST_SPIKE) {
        first_spikes(lane);
    } else if (c->loss == PM_LOSS_DISCOUNTED) {
        status = discount(lane, error);
        if (status)
            return status;
    } else {
        status = pm_readout_run(&lane->readout, &lane->output, &net->rasters[net->n_layers], c->duration, error);
        for (size_t o = 0; o < lane->readout.n_out; o++)
            lane->score[o] = lane->readout.maximum[o] / c->scale;
    }
    soften(lane);
    return status;
}

size_t pm_lane_decision(const pm_lane *lane) {
    size_t best = 0;
    for (size_t o = 1; o < lane->of->sizes[lane->of->n_layers]; o++)
        if (lane->score[o] > lane->score[best])
            best = o;
    return best;
}

double pm_lane_loss(const pm_lane *lane, size_t label) {
    if (lane->of->loss == PM_LOSS_TRAINS)
        return pm_train_loss_value(&lane->trains, label);
    size_t n = lane->of->sizes[lane->of->n_layers], best = pm_lane_decision(lane);
    double most = lane->score[best], others = 0.0;
    for (size_t o = 0; o < n; o++)
        others += o == best ? 0.0 : exp(lane->score[o] - most);
    return log1p(others) + most - lane->score[label];
}

size_t pm_lane_spikes(const pm_lane *lane) {
    size_t n = 0;
    for (size_t l = 1; l <= lane->net.n_layers; l++)
        n += lane->net.rasters[l].n;
    return n;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

/* From errors of the output trains to the spikes below, and on from there. */
static pm_status trains_back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    pm_train_loss *trains = &lane->trains;
    pm_layered below = lane->net;
    const pm_layer *output = &below.layers[--below.n_layers];
    const pm_raster *in = &below.rasters[below.n_layers];
    pm_status status = pm_train_loss_errors(trains, in, in + 1, label, error);
    if (!status)
        status = make_room(lane, in, error);
    if (!status)
        status = pm_adjoint_potentials(&lane->adjoint, &trains->kernel, output, in, &trains->at, trains->pull,
                                       lane->dl_dt, gradient[below.n_layers], error);
    return status ? status : pm_adjoint_layered(&lane->adjoint, &below, lane->dl_dt, gradient, error);
}

pm_status pm_lane_back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const pm_classifier *c = lane->of;
    const pm_raster *last = &lane->net.rasters[lane->net.n_layers];
    size_t n_out = c->sizes[c->n_layers], top = c->n_layers - 1;
    if (c->loss == PM_LOSS_TRAINS)
        return trains_back(lane, label, gradient, error);
    pm_status status = make_room(lane, last, error);
    if (status)
        return status;
    double *slope = lane->share; /* dl/dz_o, then dl/dV_o */
    slope[label] -= 1.0;
    if (c->loss == PM_LOSS_FIRST_SPIKE) {
        memset(lane->dl_dt, 0, (last->n + 1) * sizeof *lane->dl_dt);
        for (size_t o = 0; o < n_out; o++)
            if (lane->first[o] < SIZE_MAX)
                lane->dl_dt[lane->first[o]] = -slope[o] / c->scale;
    } else {
        for (size_t o = 0; o < n_out; o++)
            slope[o] /= c->scale;
        if (c->loss == PM_LOSS_DISCOUNTED)
            discount_back(lane, slope, gradient[top]);
        else
            status = pm_readout_back(&lane->readout, &lane->adjoint, &lane->output, last, slope, lane->dl_dt,
                                     gradient[top], error);
    }
    return status ? status : pm_adjoint_layered(&lane->adjoint, &lane->net, lane->dl_dt, gradient, error);
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
