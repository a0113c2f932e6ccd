/* z_o = integral over all t >= 0 of (V_o - E_L) exp(-t / tau) / tau dt, divided by `scale`; the outputs do not fire. A
 * spike counts the more the earlier it comes (T. Nowotny, J. P. Turner and J. C. Knight, Neuromorphic Computing and
 * Engineering 5:014001, 2025). A closed form: each input spike adds its weight times what it is worth. */
#include "classify/classifier.h"
#include "math/elementary.h"

#include <math.h>

typedef struct discounted {
    double scale; /* mV */
    double tau;   /* ms */
} discounted;

static const pm_field fields[] = {
    {"scale", "mV", "that the integrals are divided by", offsetof(discounted, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"tau", "ms", "time constant of the discount", offsetof(discounted, tau), 10.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

/* The Laplace transform of the potential that a spike of weight 1 at 0 ms causes, mV ms/pA. */
static double transform(const pm_lif *lif, double q) {
    double current = 1.0 / (q + lif->l_1) - (lif->single ? 0.0 : 1.0 / (q + lif->l_2));
    return current * lif->inv_C / (q + lif->l_m);
}

/* worth[k], mV/pA: what spike k of the last layer adds to the integral per weight. */
static pm_status score(pm_lane *lane, pm_error *error) {
    const discounted *p = pm_lane_parameters(lane);
    const pm_lif *output = &lane->of->output;
    const pm_raster *in = pm_lane_last(lane);
    double q = 1.0 / p->tau, most = transform(output, q) * q;
    size_t n_out = pm_lane_outputs(lane);
    pm_status status = pm_lane_reserve(lane, in->n, error);
    if (status)
        return status;
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] = output->u_inf;
    for (size_t k = 0; k < in->n; k++)
        lane->worth[k] = -q * in->time[k];
    pm_exponentials(in->n, lane->worth);
    for (size_t k = 0; k < in->n; k++) {
        const double *row = lane->output.weight + in->neuron[k] * lane->output.stride;
        lane->worth[k] *= most;
        for (size_t o = 0; o < n_out; o++)
            lane->score[o] += lane->worth[k] * row[o];
    }
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] /= p->scale;
    pm_cross_entropy_soften(lane);
    return PM_OK;
}

static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const discounted *p = pm_lane_parameters(lane);
    const pm_raster *in = pm_lane_last(lane);
    size_t n_out = pm_lane_outputs(lane);
    double *own = gradient[lane->net.n_layers], *slope = pm_cross_entropy_slopes(lane, label, error);
    if (!slope)
        return PM_NO_MEMORY;
    for (size_t o = 0; o < n_out; o++)
        slope[o] /= p->scale; /* dl/dz_o, then dl/dV_o */
    double q = 1.0 / p->tau;
    for (size_t k = 0; k < in->n; k++) {
        size_t at = in->neuron[k] * lane->output.stride;
        double sum = 0.0;
        for (size_t o = 0; o < n_out; o++) {
            sum += slope[o] * lane->output.weight[at + o];
            own[at + o] += slope[o] * lane->worth[k];
        }
        lane->dl_dt[k] = -q * lane->worth[k] * sum;
    }
    return pm_adjoint_layered(&lane->adjoint, &lane->net, lane->dl_dt, gradient, error);
}

const pm_loss pm_loss_discounted = {
    .head = {.name = "discounted",
             .help = "the integral of an output's potential, the earlier the more; outputs do not fire",
             .source = "T. Nowotny, J. P. Turner and J. C. Knight, Neuromorphic Computing and Engineering 5:014001, "
                       "2025",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(discounted)},
    .score = score,
    .value = pm_cross_entropy,
    .back = back};
