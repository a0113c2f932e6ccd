/* z_o = -t_o / scale, t_o the first spike of output o, or the duration if there is none (J. Goeltz et al., Nature
 * Machine Intelligence 3:823, 2021). */
#include "classify/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct first_spike {
    double scale; /* ms */
} first_spike;

static const pm_field fields[] = {
    {"scale", "ms", "that the times of first spikes are divided by", offsetof(first_spike, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

/* Each output's first spike, SIZE_MAX if there is none. */
static pm_status room_new(pm_lane *lane, void **room, pm_error *error) {
    *room = calloc(pm_lane_outputs(lane), sizeof(size_t));
    return *room ? PM_OK : pm_fail_memory(error, "the state of a network");
}

static pm_status score(pm_lane *lane, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const pm_raster *out = pm_lane_last(lane);
    size_t *first = lane->room, n = pm_lane_outputs(lane);
    (void)error;
    for (size_t o = 0; o < n; o++)
        first[o] = SIZE_MAX;
    for (size_t k = out->n; k-- > 0;)
        first[out->neuron[k]] = k;
    for (size_t o = 0; o < n; o++)
        lane->score[o] = -(first[o] < SIZE_MAX ? out->time[first[o]] : lane->of->duration) / p->scale;
    pm_cross_entropy_soften(lane);
    return PM_OK;
}

static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const size_t *first = lane->room;
    const double *slope = pm_cross_entropy_slopes(lane, label, error);
    if (!slope)
        return PM_NO_MEMORY;
    memset(lane->dl_dt, 0, (pm_lane_last(lane)->n + 1) * sizeof *lane->dl_dt);
    for (size_t o = 0; o < pm_lane_outputs(lane); o++)
        if (first[o] < SIZE_MAX)
            lane->dl_dt[first[o]] = -slope[o] / p->scale;
    return pm_adjoint_layered(&lane->adjoint, &lane->net, lane->dl_dt, gradient, error);
}

const pm_loss pm_loss_first_spike = {.head = {.name = "first_spike",
                                              .help = "which output fires first",
                                              .source = "J. Goeltz et al., Nature Machine Intelligence 3:823, 2021",
                                              .fields = fields,
                                              .n_fields = sizeof fields / sizeof *fields,
                                              .size = sizeof(first_spike)},
                                     .fires = true,
                                     .room_new = room_new,
                                     .room_free = free,
                                     .score = score,
                                     .value = pm_cross_entropy,
                                     .back = back};
