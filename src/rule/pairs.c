/* Pairs of observed and desired spikes, and the demands that follow from them. */
#include "rule/pairs.h"

#include <math.h>

pm_status pm_pairing_new(pm_pairing *p, const pm_layered *net, pm_error *error) {
    p->alignment = (pm_alignment){0};
    return pm_sensitivity_new(&p->sensitivity, &net->layers[net->n_layers - 1], error);
}

void pm_pairing_free(pm_pairing *p) {
    pm_alignment_free(&p->alignment);
    pm_sensitivity_free(&p->sensitivity);
}

/* Moves the potential of an output neuron at t by so many mV, on the shortest way. */
static void move_potential(pm_pairing *p, const pm_layered *net, uint32_t neuron, double t, double amount,
                           double *change) {
    size_t last = net->n_layers - 1;
    const pm_raster *out = &net->rasters[last + 1];
    const pm_layer *layer = &net->layers[last];
    pm_sensitivity *s = &p->sensitivity;
    pm_sensitivity_begin(s, &net->rasters[last]);
    for (size_t k = 0; k < out->n && out->time[k] < t; k++)
        if (out->neuron[k] == neuron)
            pm_sensitivity_fire(s, out->time[k]);
    pm_sensitivity_at(s, t);
    double squares = pm_sum_squares(layer->n_in, s->row);
    for (size_t i = 0; squares > 0.0 && i < layer->n_in; i++)
        change[i * layer->stride + neuron] += amount / squares * s->row[i];
}

static void judge(pm_pairing *p, const pm_layered *net, uint32_t neuron, double *delta, double *change) {
    const pm_raster *out = &net->rasters[net->n_layers];
    const pm_alignment *a = &p->alignment;
    bool recruit = change && p->recruit > 0.0;
    size_t i = 0;
    for (size_t k = 0; k < out->n && i < a->n; k++) {
        if (out->neuron[k] != neuron)
            continue;
        if (a->partner_of_observed[i] != PM_ALONE)
            delta[k] += a->observed[i] - a->desired[a->partner_of_observed[i]];
        else if (recruit)
            move_potential(p, net, neuron, out->time[k], -p->recruit, change);
        i++;
    }
    for (size_t j = 0; recruit && j < a->m && (j == 0 || !p->first); j++)
        if (a->partner_of_desired[j] == PM_ALONE)
            move_potential(p, net, neuron, a->desired[j], p->recruit, change);
}

pm_status pm_pairing_judge(pm_pairing *p, const pm_layered *net, const pm_raster *desired, double *delta,
                           double *change, pm_error *error) {
    size_t last = net->n_layers - 1;
    pm_status status = PM_OK;
    double tau = p->window / 2.0; /* where a pair costs as much as two spikes alone */
    for (uint32_t o = 0; !status && o < net->layers[last].n_out; o++) {
        status = pm_align(&p->alignment, &net->rasters[last + 1], desired, o, PM_PAIR_SQUARE, tau, 0.0, error);
        if (!status)
            judge(p, net, o, delta, change);
    }
    return status;
}

pm_status pm_pairs_correlate(pm_tally *tally, pm_error_events *errors, const pm_layered *net, const pm_raster *desired,
                             pm_pair_kernel *kernel, const void *of, bool causal, pm_error *error) {
    size_t last = net->n_layers - 1, stride = net->layers[last].stride;
    const pm_raster *in = &net->rasters[last];
    pm_status status = pm_errors_plain(errors, &net->rasters[last + 1], desired, error);
    for (size_t e = 0; !status && tally->plastic[last] && e < errors->n; e++) {
        const pm_error_event *event = &errors->events[e];
        for (size_t k = 0; k < in->n && (!causal || in->time[k] < event->time); k++)
            tally->change[last][in->neuron[k] * stride + event->neuron] +=
                tally->rate[last] * event->size * kernel(of, event->time - in->time[k]);
    }
    return status;
}
