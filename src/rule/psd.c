/* PSD: precise-spike-driven plasticity (Q. Yu, H. Tang, K. C. Tan and H. Li, "Precise-spike-driven synaptic plasticity:
 * learning hetero-association of spatiotemporal spike patterns", PLoS ONE 8:e78318, 2013), for the output layer:
 *
 *     dw_oi/dt = rate (S_desired(t) - S_observed(t)) sum_f K(t - t_i^f),   K(s) = V_0 (e^{-s/tau_m} - e^{-s/tau_s})
 *
 * over the spikes f of input i before t; V_0 scales the maximum of K to 1. */
#include "gradient/errors.h"
#include "math/elementary.h"
#include "rule/tally.h"

#include <math.h>
#include <stdlib.h>

typedef struct parameters {
    double tau_m, tau_s; /* ms */
} parameters;

static const pm_field fields[] = {
    {"tau_m", "ms", "slow time constant of the kernel", offsetof(parameters, tau_m), 10.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"tau_s", "ms", "fast time constant of the kernel, below tau_m", offsetof(parameters, tau_s), 2.5,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
};

static pm_status check(const void *structure, pm_error *error) {
    const parameters *p = structure;
    if (p->tau_s < p->tau_m)
        return PM_OK;
    return pm_fail_key(error, "tau_s", "tau_s is %g ms; it must be below tau_m = %g ms", p->tau_s, p->tau_m);
}

typedef struct psd {
    parameters p;
    pm_tally tally;
    pm_error_events errors;
    double scale;
} psd;

static void destroy(void *state) {
    psd *w = state;
    if (!w)
        return;
    pm_tally_free(&w->tally);
    pm_errors_free(&w->errors);
    free(w);
}

static pm_status create(void **state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    *state = NULL;
    psd *w = calloc(1, sizeof *w);
    if (!w)
        return pm_fail_memory(error, "the learning rule");
    w->p = *(const parameters *)given;
    double m = w->p.tau_m, s = w->p.tau_s, peak = m * s / (m - s) * pm_log(m / s);
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "PSD", error);
    w->scale = 1.0 / (pm_exp(-peak / m) - pm_exp(-peak / s));
    if (status)
        destroy(w);
    else
        *state = w;
    return status;
}

/* The kernel at s > 0 ms, with its maximum scaled to 1. */
static double kernel(const psd *w, double s) { return w->scale * (pm_exp(-s / w->p.tau_m) - pm_exp(-s / w->p.tau_s)); }

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    psd *w = state;
    size_t last = net->n_layers - 1, stride = net->layers[last].stride;
    const pm_raster *in = &net->rasters[last];
    pm_status status = pm_errors_plain(&w->errors, &net->rasters[last + 1], desired, error);
    for (size_t e = 0; !status && w->tally.plastic[last] && e < w->errors.n; e++) {
        const pm_error_event *event = &w->errors.events[e];
        for (size_t k = 0; k < in->n && in->time[k] < event->time; k++)
            w->tally.change[last][in->neuron[k] * stride + event->neuron] +=
                w->tally.rate[last] * event->size * kernel(w, event->time - in->time[k]);
    }
    return status;
}

static pm_status settle(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    psd *w = state;
    (void)error;
    pm_tally_settle(&w->tally, net, change);
    return PM_OK;
}

const pm_learning_rule pm_rule_psd = {
    .head = {.name = "psd",
             .help = "precise-spike-driven plasticity (Yu et al. 2013), output layer only",
             .source = "Q. Yu, H. Tang, K. C. Tan and H. Li, PLoS ONE 8:e78318, 2013",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters),
             .check = check},
    .create = create,
    .gather = gather,
    .settle = settle,
    .destroy = destroy};
