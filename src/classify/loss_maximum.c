/* z_o = max over [0, duration] of V_o - E_L, divided by `scale`; the outputs do not fire (T. C. Wunderlich and C. Pehl,
 * Scientific Reports 11:12829, 2021). The maxima are exact (readout.h). */
#include "classify/classifier.h"
#include "gradient/readout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct maximum {
    double scale; /* mV */
} maximum;

static const pm_field fields[] = {
    {"scale", "mV", "that the largest potentials are divided by", offsetof(maximum, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static void room_free(void *room) {
    if (room)
        pm_readout_free(room);
    free(room);
}

static pm_status room_new(pm_lane *lane, void **room, pm_error *error) {
    pm_readout *readout = *room = calloc(1, sizeof *readout);
    return readout ? pm_readout_new(readout, &lane->output, &lane->of->neurons[1], error)
                   : pm_fail_memory(error, "the output layer");
}

static pm_status score(pm_lane *lane, pm_error *error) {
    const maximum *p = pm_lane_parameters(lane);
    pm_readout *readout = lane->room;
    pm_status status = pm_readout_run(readout, &lane->output, pm_lane_last(lane), lane->of->duration, error);
    for (size_t o = 0; o < readout->n_out; o++)
        lane->score[o] = readout->maximum[o] / p->scale;
    pm_cross_entropy_soften(lane);
    return status;
}

static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const maximum *p = pm_lane_parameters(lane);
    pm_readout *readout = lane->room;
    double *slope = pm_cross_entropy_slopes(lane, label, error); /* dl/dz_o, then dl/dV_o */
    if (!slope)
        return PM_NO_MEMORY;
    for (size_t o = 0; o < readout->n_out; o++)
        slope[o] /= p->scale;
    memset(lane->dl_dt, 0, pm_lane_last(lane)->n * sizeof *lane->dl_dt);
    const pm_layer_gradient own = pm_lane_gradient(lane, gradient);
    pm_status status =
        pm_readout_back(readout, &lane->adjoint, &lane->output, pm_lane_last(lane), slope, &own, error);
    return status ? status : pm_adjoint_layered(&lane->adjoint, &lane->net, lane->dl_dt, gradient, error);
}

const pm_loss pm_loss_maximum = {.head = {.name = "maximum",
                                          .help = "the largest potential of an output; outputs do not fire",
                                          .source = "T. C. Wunderlich and C. Pehl, Scientific Reports 11:12829, 2021",
                                          .fields = fields,
                                          .n_fields = sizeof fields / sizeof *fields,
                                          .size = sizeof(maximum)},
                                 .room_new = room_new,
                                 .room_free = room_free,
                                 .score = score,
                                 .value = pm_cross_entropy,
                                 .back = back};
