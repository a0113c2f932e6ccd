/* What an experiment in classification says: defaults and checks. */
#include "classify/classification.h"
#include "model/neuron.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pm_classification *pm_classification_new(void) {
    pm_classification *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (pm_classification){.seed = 1,
                             .duration = 30.0,
                             .neuron = pm_neuron_default(),
                             .readout = pm_neuron_default(),
                             .n_classes = 10,
                             .train = SIZE_MAX,
                             .test = SIZE_MAX,
                             .window = {0.0, 300.0},
                             .coding = {.to = 10.0, .rate = 100.0, .compression = 1.0, .bias = NAN},
                             .scale = 1.0,
                             .tau = 10.0,
                             .slope_floor = 0.1,
                             .epochs = 10,
                             .batch = 100,
                             .parts = 4,
                             .optimiser = &pm_optimiser_adam,
                             .rate = 1.0,
                             .decay = 1.0,
                             .decay_every = 1,
                             .highest = INFINITY};
    pm_kind_preset(&c->optimiser->head, c->optimiser_parameters);
    return c;
}

void pm_classification_free(pm_classification *c) {
    if (!c)
        return;
    free(c->images);
    free(c->labels);
    free(c->test_images);
    free(c->test_labels);
    free(c->recordings);
    free(c->test_recordings);
    free(c->desired);
    free(c);
}

/* One condition: key, value, whether it is right, and what would be. */
static pm_status need(bool right, const char *key, double value, const char *what, pm_error *error) {
    return right ? PM_OK : pm_fail(error, PM_INVALID, "%s: %g is not possible; it must be %s", key, value, what);
}

static pm_status check_layer(const pm_classification *c, size_t l, pm_error *error) {
    const pm_classification_layer *layer = &c->layers[l];
    char key[32];
    snprintf(key, sizeof key, "layers[%zu]", l);
    pm_status status = need(layer->size > 0, key, (double)layer->size, "a size of at least 1", error);
    if (!status)
        status = need(layer->std >= 0.0, key, layer->std, "a standard deviation of 0 or more", error);
    if (!status)
        status = need(layer->dropout >= 0.0 && layer->dropout < 1.0, key, layer->dropout, "a dropout from 0 to below 1",
                      error);
    if (!status)
        status = need(layer->rate >= 0.0 && isfinite(layer->rate), key, layer->rate, "a rate of 0 or more", error);
    if (!status && layer->field > 0 && (l > 0 || c->n_layers == 1 || c->data != PM_DATA_IDX))
        status = pm_fail(error, PM_INVALID,
                         "%s: only the first hidden layer has receptive fields, of images in IDX files", key);
    if (!status && l + 1 == c->n_layers)
        status = need(layer->dropout == 0.0, key, layer->dropout, "no dropout of the output layer", error);
    return status;
}

/* Recordings are coded by their events, and nothing else is. */
static pm_status check_events(const pm_classification *c, pm_error *error) {
    const pm_coding *k = &c->coding;
    if (c->model && c->data == PM_DATA_NMNIST)
        return pm_fail(error, PM_INVALID, "data.nmnist: model %s takes intensities, not recordings of events",
                       c->model->head.name);
    if ((c->data == PM_DATA_NMNIST) != (k->kind == PM_CODING_EVENTS))
        return pm_fail(error, PM_INVALID, "coding: %s",
                       c->data == PM_DATA_NMNIST ? "the data nmnist needs the coding events"
                                                 : "the coding events is for recordings of events: the data nmnist");
    if (c->data != PM_DATA_NMNIST)
        return PM_OK;
    pm_status status = need(c->window[0] >= 0.0, "data.nmnist.window", c->window[0], "0 or more", error);
    if (!status)
        status = need(c->window[1] > c->window[0] && c->window[1] <= 1e6, "data.nmnist.window", c->window[1],
                      "later than the beginning, and at most 1e6 ms", error);
    if (!status)
        status = need(k->compression > 0.0, "coding.events.compression", k->compression, "positive", error);
    double end = k->from + (c->window[1] - c->window[0]) / k->compression;
    if (!status && !(end <= c->duration))
        status = pm_fail(error, PM_INVALID,
                         "coding.events: the window ends at %g ms, after the duration of %g ms; compression may be "
                         "larger",
                         end, c->duration);
    return status;
}

static pm_status check_deformation(const pm_classification *c, pm_error *error) {
    pm_error why = {0};
    pm_status status = pm_deformation_check(&c->deform, &why);
    if (status)
        return pm_fail(error, status, "data.deform.%.400s", why.message);
    return c->data == PM_DATA_IDX || !pm_deformation_any(&c->deform)
               ? PM_OK
               : pm_fail(error, PM_INVALID, "data.deform: only images in IDX files can be deformed");
}

static pm_status check_coding(const pm_classification *c, pm_error *error) {
    const pm_coding *k = &c->coding;
    pm_status status = check_events(c, error);
    if (!status)
        status = need(k->from >= 0.0, "coding.from", k->from, "0 or more", error);
    if (!status && k->kind != PM_CODING_EVENTS)
        status =
            need(k->to >= k->from && k->to <= c->duration, "coding.to", k->to, "between from and the duration", error);
    if (!status)
        status = need(k->threshold < 1.0, "coding.threshold", k->threshold, "below 1", error);
    if (!status)
        status = need(k->rate > 0.0, "coding.rate", k->rate, "positive", error);
    if (!status && !isnan(k->bias))
        status = need(k->bias >= 0.0 && k->bias < c->duration, "coding.bias", k->bias, "within the duration", error);
    if (!status)
        status = need(c->input_dropout >= 0.0 && c->input_dropout < 1.0, "coding.dropout", c->input_dropout,
                      "from 0 to below 1", error);
    if (!status)
        status = need(c->opposition >= 0.0 && c->opposition < c->duration, "coding.opposition", c->opposition,
                      "0 or more, within the duration", error);
    return status;
}

static pm_status check_trains(const pm_classification *c, pm_error *error) {
    static const char key[] = "loss.trains";
    if (c->n_desired == 0)
        return pm_fail(error, PM_INVALID, "%s: the desired train has no spikes", key);
    pm_status status = need(c->tau_hat >= 0.0, "loss.tau_hat", c->tau_hat, "0 (tau_m) or positive", error);
    for (size_t k = 0; !status && k < c->n_desired; k++) {
        status = need(c->desired[k] > 0.0 && c->desired[k] < c->duration, key, c->desired[k],
                      "after 0 and before the duration", error);
        if (!status && k > 0)
            status =
                need(c->desired[k] > c->desired[k - 1], key, c->desired[k], "later than the time before it", error);
    }
    return status;
}

static pm_status check_model(const pm_classification *c, pm_error *error) {
    pm_status status = need(c->n_layers < PM_IMAGE_LAYERS, "layers", (double)c->n_layers, "at most 7 layers", error);
    return status ? status : pm_kind_check(&c->model->head, c->model_parameters, error);
}

pm_status pm_classification_check(const pm_classification *c, pm_error *error) {
    pm_status status = need(c->duration > 0.0, "duration", c->duration, "positive", error);
    if (!status)
        status = pm_neuron_check(&c->neuron, error);
    if (!status)
        status = pm_neuron_need_current(&c->neuron, "training", error);
    if (!status)
        status = pm_neuron_check(&c->readout, error);
    if (!status)
        status = pm_neuron_need_current(&c->readout, "training", error);
    if (!status)
        status = need(c->n_layers >= 1, "layers", (double)c->n_layers, "at least the output layer", error);
    for (size_t l = 0; !status && l < c->n_layers; l++)
        status = check_layer(c, l, error);
    if (!status)
        status = check_deformation(c, error);
    if (!status)
        status = check_coding(c, error);
    if (!status)
        status = need(c->scale > 0.0, "loss.scale", c->scale, "positive", error);
    if (!status)
        status = need(c->tau > 0.0, "loss.tau", c->tau, "positive", error);
    if (!status && !c->model && c->loss == PM_LOSS_TRAINS)
        status = check_trains(c, error);
    if (!status)
        status = need(c->slope_floor >= 0.0, "slope_floor", c->slope_floor, "0 or more", error);
    if (!status)
        status = need(c->rate > 0.0, "rate", c->rate, "positive", error);
    if (!status)
        status = need(c->decay > 0.0 && c->decay <= 1.0, "schedule.factor", c->decay, "above 0, at most 1", error);
    if (!status)
        status = need(c->weight_decay >= 0.0 && c->weight_decay < 1.0, "weight_decay", c->weight_decay,
                      "from 0 to below 1", error);
    if (!status)
        status = need(c->lowest >= 0.0 && c->highest >= c->lowest && c->lift >= 0.0, "activity", c->lowest,
                      "0 or more, with highest at least lowest and lift 0 or more", error);
    if (!status)
        status = need(c->average >= 0.0 && c->average < 1.0, "average", c->average, "from 0 to below 1", error);
    if (!status && c->model)
        status = check_model(c, error);
    return status ? status : pm_kind_check(&c->optimiser->head, c->optimiser_parameters, error);
}
