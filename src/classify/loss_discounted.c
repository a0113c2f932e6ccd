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

/* The Laplace transform of the potential that a spike of weight 1 at 0 ms causes over a receptor, mV ms/pA. */
static double transform(const pm_layer *layer, size_t receptor, double q) {
    const pm_lif lif = pm_layer_kernel(layer, receptor);
    double current = 1.0 / (q + lif.l_1) - (lif.single ? 0.0 : 1.0 / (q + lif.l_2));
    if (layer->receptors && !lif.single) /* the rates may be equal */
        current = lif.d12 / ((q + lif.l_1) * (q + lif.l_2));
    return current * lif.inv_C / (q + lif.l_m);
}

/* What spike k of the last layer adds to the integral of output o per weight, mV/pA, is worth[k * by_spike + o *
 * by_output]: without delays to all alike. */
typedef struct worths {
    size_t by_spike, by_output;
} worths;

static worths worths_of(const pm_lane *lane) {
    return pm_lane_delays(lane)->value ? (worths){pm_lane_outputs(lane), 1} : (worths){1, 0};
}

/* What all spikes are worth: exp(-t/tau), t their arrival, however late, times the most over their receptor. */
static pm_status find_worths(pm_lane *lane, double q, pm_error *error) {
    const pm_raster *in = pm_lane_last(lane);
    const pm_delays *delays = pm_lane_delays(lane);
    const worths at = worths_of(lane);
    const size_t n = in->n * at.by_spike;
    pm_status status = pm_lane_reserve(lane, n, error);
    if (status)
        return status;
    for (size_t k = 0; k < in->n; k++)
        for (size_t o = 0; o < at.by_spike; o++) {
            const size_t place = pm_delay_place(delays, in->neuron[k], o);
            lane->worth[k * at.by_spike + o] = -q * (delays->value ? in->time[k] + delays->value[place] : in->time[k]);
        }
    pm_exponentials(n, lane->worth);
    for (size_t r = 0; r < pm_layer_n_receptors(&lane->output); r++) {
        const size_t first = pm_layer_first_source(&lane->output, r), end = pm_layer_first_source(&lane->output, r + 1);
        const double most = transform(&lane->output, r, q) * q;
        for (size_t k = 0; k < in->n; k++)
            for (size_t o = 0; in->neuron[k] >= first && in->neuron[k] < end && o < at.by_spike; o++)
                lane->worth[k * at.by_spike + o] *= most;
    }
    return PM_OK;
}

static pm_status score(pm_lane *lane, pm_error *error) {
    const discounted *p = pm_lane_parameters(lane);
    const pm_raster *in = pm_lane_last(lane);
    size_t n_out = pm_lane_outputs(lane);
    const worths at = worths_of(lane);
    pm_status status = find_worths(lane, 1.0 / p->tau, error);
    if (status)
        return status;
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] = lane->output.lif.u_inf;
    for (size_t k = 0; k < in->n; k++) {
        const double *row = lane->output.weight + in->neuron[k] * lane->output.stride;
        const double *worth = lane->worth + k * at.by_spike;
        for (size_t o = 0; o < n_out; o++)
            lane->score[o] += worth[o * at.by_output] * row[o];
    }
    for (size_t o = 0; o < n_out; o++)
        lane->score[o] /= p->scale;
    pm_cross_entropy_soften(lane);
    return PM_OK;
}

/* The derivative of the loss by the time of spike k, from those of all outputs: by the delays, too. */
static double back_delayed(const pm_lane *lane, size_t k, double q, const double *slope,
                           const pm_layer_gradient *own) {
    const size_t n_out = pm_lane_outputs(lane);
    const uint32_t source = pm_lane_last(lane)->neuron[k];
    const double *worth = lane->worth + k * n_out, *weight = lane->output.weight + source * lane->output.stride;
    double *to = own->weight + source * lane->output.stride, sum = 0.0;
    for (size_t o = 0; o < n_out; o++) {
        const double later = -q * worth[o] * slope[o] * weight[o];
        to[o] += slope[o] * worth[o];
        if (own->delay)
            own->delay[pm_delay_place(pm_lane_delays(lane), source, o)] += later;
        sum += later;
    }
    return sum;
}

static pm_status back(pm_lane *lane, size_t label, double *const *gradient, pm_error *error) {
    const discounted *p = pm_lane_parameters(lane);
    const pm_raster *in = pm_lane_last(lane);
    size_t n_out = pm_lane_outputs(lane);
    double *slope = pm_cross_entropy_slopes(lane, label, error);
    if (!slope)
        return PM_NO_MEMORY;
    const pm_layer_gradient own = pm_lane_gradient(lane, gradient);
    for (size_t o = 0; o < n_out; o++)
        slope[o] /= p->scale; /* dl/dz_o, then dl/dV_o */
    double q = 1.0 / p->tau;
    const bool delayed = pm_lane_delays(lane)->value;
    for (size_t k = 0; k < in->n; k++) {
        size_t at = in->neuron[k] * lane->output.stride;
        if (delayed) {
            lane->dl_dt[k] = back_delayed(lane, k, q, slope, &own);
            continue;
        }
        double sum = 0.0;
        for (size_t o = 0; o < n_out; o++) {
            sum += slope[o] * lane->output.weight[at + o];
            own.weight[at + o] += slope[o] * lane->worth[k];
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
