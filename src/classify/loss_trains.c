/* The outputs fire, the one of the label is to fire a desired train and the others none (train_loss.h). This is no
 * cross-entropy, and what is returned as the gradient of the output layer is NormAD's direction; below the outputs it
 * is the exact gradient that belongs to it. */
#include "classify/classifier.h"
#include "gradient/train_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct trains {
    double tau;     /* ms, of score and loss */
    double tau_hat; /* ms */
} trains;

static const pm_field fields[] = {
    {"tau", "ms", "time constant of the correlation and of the distance of trains", offsetof(trains, tau), 5.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"tau_hat", "ms", "membrane time constant of the potential that learning sees; 0: that of the output",
     offsetof(trains, tau_hat), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
};

static void room_free(void *room) {
    if (room)
        pm_train_loss_free(room);
    free(room);
}

static pm_status room_new(pm_lane *lane, void **room, pm_error *error) {
    const pm_classifier *c = lane->of;
    const trains *p = pm_lane_parameters(lane);
    const pm_train_goal goal = {c->desired, c->n_desired, p->tau, p->tau_hat};
    pm_train_loss *own = *room = calloc(1, sizeof *own);
    return own ? pm_train_loss_new(own, &goal, &lane->net.layers[c->n_layers - 1], error)
               : pm_fail_memory(error, "desired spike trains");
}

static pm_status score(pm_lane *lane, pm_error *error) {
    return pm_train_loss_score(lane->room, pm_lane_last(lane), lane->score, error);
}

static double value(const pm_lane *lane, size_t label) { return pm_train_loss_value(lane->room, label); }

/* From errors of the output trains to the spikes below, and on from there. */
static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    pm_train_loss *own = lane->room;
    pm_layered below = lane->net;
    const pm_layer seen = pm_train_loss_layer(own, &below.layers[--below.n_layers]);
    const pm_raster *in = &below.rasters[below.n_layers];
    pm_status status = pm_train_loss_errors(own, &seen, in, in + 1, label, error);
    if (!status)
        status = pm_lane_reserve(lane, in->n, error);
    if (status)
        return status;
    memset(lane->dl_dt, 0, in->n * sizeof *lane->dl_dt);
    const pm_layer_gradient to = pm_lane_gradient(lane, gradient);
    status = pm_adjoint_potentials(&lane->adjoint, &seen, in, &own->at, own->pull, &to, error);
    return status ? status : pm_adjoint_layered(&lane->adjoint, &below, lane->dl_dt, gradient, error);
}

const pm_loss pm_loss_trains = {
    .head = {.name = "trains",
             .help = "the output of the label is to fire a desired train, the others none; learned by NormAD",
             .source = "S. R. Kulkarni and B. Rajendran, Neural Networks 103:118-127, 2018",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(trains)},
    .fires = true,
    .desired = true,
    .room_new = room_new,
    .room_free = room_free,
    .score = score,
    .value = value,
    .back = back};
