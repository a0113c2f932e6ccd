/* What the rules of spike timing share. Invariant of a sensitivity: its traces hold the input spikes before
 * traces.now, each carried there by the closed form of its kernel. */
#include "rule/tally.h"

#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

pm_status pm_tally_new(pm_tally *t, const pm_layered *net, const pm_plasticity *plasticity, pm_error *error) {
    *t = (pm_tally){.n_layers = net->n_layers};
    if (net->n_layers > PM_MOST_LAYERS)
        return pm_fail(error, PM_INVALID, "%zu layers of weights; the rule trains at most %d", net->n_layers,
                       PM_MOST_LAYERS);
    for (size_t l = 0; l < net->n_layers; l++) {
        t->plastic[l] = plasticity->plastic[l];
        t->rate[l] = plasticity->rate[l];
        if (!t->plastic[l])
            continue;
        t->change[l] = calloc(net->layers[l].n_in * net->layers[l].stride, sizeof *t->change[l]);
        if (!t->change[l]) {
            pm_tally_free(t);
            return pm_fail_memory(error, "the learning rule");
        }
    }
    return PM_OK;
}

pm_status pm_tally_new_output(pm_tally *t, const pm_layered *net, const pm_plasticity *plasticity, const char *rule,
                              pm_error *error) {
    *t = (pm_tally){0};
    for (size_t l = 0; l + 1 < net->n_layers; l++)
        if (plasticity->plastic[l])
            return pm_fail(error, PM_INVALID,
                           "%s trains the output layer only; layer %zu is plastic, and must have 'plastic: false'",
                           rule, l + 1);
    return pm_tally_new(t, net, plasticity, error);
}

void pm_tally_free(pm_tally *t) {
    for (size_t l = 0; l < PM_MOST_LAYERS; l++)
        free(t->change[l]);
    *t = (pm_tally){0};
}

void pm_tally_add(pm_tally *t, const pm_layered *net, size_t neuron, double factor, const double *row) {
    const size_t last = net->n_layers - 1;
    for (size_t k = 0; k < net->layers[last].n_in; k++)
        t->change[last][k * net->layers[last].stride + neuron] += t->rate[last] * factor * row[k];
}

void pm_tally_settle(pm_tally *t, const pm_layered *net, double *const *change) {
    for (size_t l = 0; l < t->n_layers; l++) {
        size_t size = net->layers[l].n_in * net->layers[l].stride;
        if (!t->plastic[l])
            continue;
        pm_axpy(size, 1.0, t->change[l], change[l]);
        memset(t->change[l], 0, size * sizeof *t->change[l]);
    }
}

pm_status pm_tally_settle_all(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    (void)error;
    pm_tally_settle(state, net, change);
    return PM_OK;
}

pm_status pm_sensitivity_new(pm_sensitivity *s, const pm_layer *layer, pm_error *error) {
    *s = (pm_sensitivity){0};
    pm_status status = pm_traces_new(&s->traces, &layer->lif, layer->n_in, error);
    if (status)
        return status;
    s->layer = layer;
    s->at_restart = calloc(2 * s->traces.n, sizeof *s->at_restart);
    s->kernels = layer->receptors ? malloc(layer->receptors->n * sizeof *s->kernels) : NULL;
    if (!s->at_restart || (layer->receptors && !s->kernels)) {
        pm_sensitivity_free(s);
        return pm_fail_memory(error, "the learning rule");
    }
    for (size_t r = 0; layer->receptors && r < layer->receptors->n; r++)
        s->kernels[r] = pm_layer_kernel(layer, r);
    s->row = s->at_restart + s->traces.n;
    return PM_OK;
}

void pm_sensitivity_free(pm_sensitivity *s) {
    pm_traces_free(&s->traces);
    free(s->at_restart);
    free(s->kernels);
    *s = (pm_sensitivity){0};
}

void pm_sensitivity_begin(pm_sensitivity *s, const pm_raster *in) {
    pm_traces_reset(&s->traces, 0.0);
    s->in = in;
    s->next = 0;
    s->restart = -INFINITY;
}

/* Spike by spike, as each receptor has a kernel of its own. */
static void add_up(pm_sensitivity *s, double t) {
    pm_traces *d = &s->traces;
    pm_traces_reset(d, t);
    for (size_t k = 0; k < s->in->n && s->in->time[k] < t; k++) {
        const uint32_t i = s->in->neuron[k];
        const pm_lif_basis at = pm_lif_basis_at(pm_sensitivity_kernel(s, i), t - s->in->time[k]);
        d->u[i] += at.d12;
        d->i[i] += at.alpha;
    }
}

static void carry(pm_sensitivity *s, double t) {
    pm_traces *d = &s->traces;
    if (s->kernels) {
        add_up(s, t);
        return;
    }
    if (t > d->now)
        pm_traces_advance(d, t - d->now);
    d->now = t;
    for (; s->next < s->in->n && s->in->time[s->next] < t; s->next++) {
        pm_lif_basis at = pm_lif_basis_at(&d->kernel, t - s->in->time[s->next]);
        uint32_t i = s->in->neuron[s->next];
        d->u[i] += d->kernel.single ? at.d1 : at.d12;
        d->i[i] += d->kernel.single ? at.e1 : at.alpha;
        d->b[i] += d->kernel.single ? 0.0 : at.e2;
    }
}

void pm_sensitivity_at(pm_sensitivity *s, double t) {
    size_t n = s->traces.n;
    if (t < s->restart) {
        memset(s->row, 0, n * sizeof *s->row);
        return;
    }
    carry(s, t);
    memcpy(s->row, s->traces.u, n * sizeof *s->row);
    if (isfinite(s->restart))
        pm_axpy(n, -pm_exp(-(t - s->restart) * s->traces.kernel.l_m), s->at_restart, s->row);
}

void pm_sensitivity_fire(pm_sensitivity *s, double t) {
    s->restart = t + s->traces.kernel.t_ref;
    carry(s, s->restart);
    memcpy(s->at_restart, s->traces.u, s->traces.n * sizeof *s->at_restart);
}

double pm_sensitivity_restart_slope(const pm_sensitivity *s, const pm_layer *layer, size_t neuron) {
    double current = 0.0;
    for (size_t i = 0; i < layer->n_in; i++)
        current += layer->weight[i * layer->stride + neuron] * s->traces.i[i];
    return (layer->lif.u_inf - layer->lif.u_reset) * layer->lif.l_m + current * layer->lif.inv_C;
}
