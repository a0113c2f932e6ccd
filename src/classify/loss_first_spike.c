/* z_o = -t_o / scale, t_o the first spike of output o (J. Goeltz et al., Nature Machine Intelligence 3:823, 2021). An
 * output that is silent all the time has a pseudospike after the end (C. Klos and R.-M. Memmesheimer, Physical Review
 * Letters 134, 2025): at duration + (V_th - max V) / climb, so that what is learnt raises its largest potential until
 * it fires. It never comes before a spike. Without `climb` it is at the duration, and nothing moves it. */
#include "classify/classifier.h"
#include "gradient/readout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct first_spike {
    double scale; /* ms */
    double climb; /* mV/ms */
} first_spike;

static const pm_field fields[] = {
    {"scale", "ms", "that the times of first spikes are divided by", offsetof(first_spike, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"climb", "mV/ms", "how fast a silent output would come from its largest potential to its threshold after the end",
     offsetof(first_spike, climb), INFINITY, "at once", .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

typedef struct room {
    size_t *first;      /* of each output: its first spike, SIZE_MAX if there is none */
    double *pull;       /* of each output: dl/d max V, per mV */
    pm_readout readout; /* potentials as if no output fired; unused without `climb` */
} room;

static void room_free(void *of) {
    room *r = of;
    if (!r)
        return;
    free(r->first);
    free(r->pull);
    pm_readout_free(&r->readout);
    free(r);
}

static pm_layer *top_of(const pm_lane *lane) { return &lane->net.layers[lane->of->n_layers - 1]; }
static const pm_raster *below(const pm_lane *lane) { return &lane->net.rasters[lane->of->n_layers - 1]; }

static pm_status room_new(pm_lane *lane, void **of, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const size_t n = pm_lane_outputs(lane);
    room *r = *of = calloc(1, sizeof *r);
    if (r) {
        r->first = calloc(n, sizeof *r->first);
        r->pull = calloc(n, sizeof *r->pull);
    }
    if (!r || !r->first || !r->pull)
        return pm_fail_memory(error, "the state of a network");
    return p->climb < INFINITY ? pm_readout_new(&r->readout, top_of(lane), &lane->of->neurons[1], error) : PM_OK;
}

/* How far its largest potential is below the threshold of a silent output, mV. */
static double lacks(const pm_lane *lane, size_t o) {
    const pm_classifier *c = lane->of;
    const double *V_th = c->V_th[c->n_layers - 1];
    const double theta = V_th ? V_th[o] - c->neurons[1].E_L : c->output.theta;
    return fmax(theta - ((const room *)lane->room)->readout.maximum[o], 0.0);
}

static pm_status score(pm_lane *lane, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const pm_raster *out = pm_lane_last(lane);
    room *r = lane->room;
    const size_t n = pm_lane_outputs(lane);
    const double end = lane->of->duration;
    size_t silent = n;
    pm_status status = PM_OK;
    for (size_t o = 0; o < n; o++)
        r->first[o] = SIZE_MAX;
    for (size_t k = out->n; k-- > 0;) {
        silent -= r->first[out->neuron[k]] == SIZE_MAX;
        r->first[out->neuron[k]] = k;
    }
    const bool late = silent > 0 && p->climb < INFINITY;
    if (late)
        status = pm_readout_run(&r->readout, top_of(lane), below(lane), end, error);
    for (size_t o = 0; !status && o < n; o++) {
        double t = end;
        if (r->first[o] < SIZE_MAX)
            t = out->time[r->first[o]];
        else if (late)
            t += lacks(lane, o) / p->climb;
        lane->score[o] = -t / p->scale;
    }
    pm_cross_entropy_soften(lane);
    return status;
}

/* What pseudospikes say to the output layer's weights, delays and thresholds, and to the spikes below: worth[]. */
static pm_status back_silent(pm_lane *lane, const double *slope, double *const *gradient, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const size_t top = lane->of->n_layers - 1;
    room *r = lane->room;
    double *V_th = lane->adjoint.V_th ? lane->adjoint.V_th[top] : NULL;
    pm_layer_gradient own = pm_lane_gradient(lane, gradient);
    own.in = lane->worth;
    for (size_t o = 0; o < pm_lane_outputs(lane); o++) {
        r->pull[o] = r->first[o] == SIZE_MAX && lacks(lane, o) > 0.0 ? slope[o] / (p->scale * p->climb) : 0.0;
        if (V_th)
            V_th[o] -= r->pull[o];
    }
    return pm_readout_back(&r->readout, &lane->adjoint, top_of(lane), below(lane), r->pull, &own, error);
}

static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const first_spike *p = pm_lane_parameters(lane);
    const room *r = lane->room;
    const pm_raster *out = pm_lane_last(lane), *in = below(lane);
    const double *slope = pm_cross_entropy_slopes(lane, label, error);
    bool late = false;
    if (!slope || pm_lane_reserve(lane, out->n > in->n ? out->n : in->n, error))
        return PM_NO_MEMORY;
    memset(lane->dl_dt, 0, (out->n + 1) * sizeof *lane->dl_dt);
    memset(lane->worth, 0, (in->n + 1) * sizeof *lane->worth);
    for (size_t o = 0; o < pm_lane_outputs(lane); o++)
        if (r->first[o] < SIZE_MAX)
            lane->dl_dt[r->first[o]] = -slope[o] / p->scale;
        else
            late = p->climb < INFINITY;
    pm_status status = late ? back_silent(lane, slope, gradient, error) : PM_OK;
    lane->adjoint.below = late ? lane->worth : NULL;
    if (!status)
        status = pm_adjoint_layered(&lane->adjoint, &lane->net, lane->dl_dt, gradient, error);
    lane->adjoint.below = NULL;
    return status;
}

const pm_loss pm_loss_first_spike = {
    .head = {.name = "first_spike",
             .help = "which output fires first; with `climb` silent ones have a pseudospike after the end",
             .source = "J. Goeltz et al., Nature Machine Intelligence 3:823, 2021; C. Klos and R.-M. Memmesheimer, "
                       "Physical Review Letters 134, 2025",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(first_spike)},
    .fires = true,
    .room_new = room_new,
    .room_free = room_free,
    .score = score,
    .value = pm_cross_entropy,
    .back = back};
