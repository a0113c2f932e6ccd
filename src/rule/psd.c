/* PSD: precise-spike-driven plasticity (Q. Yu, H. Tang, K. C. Tan and H. Li, "Precise-spike-driven synaptic plasticity:
 * learning hetero-association of spatiotemporal spike patterns", PLoS ONE 8:e78318, 2013), for the output layer:
 *
 *     dw_oi/dt = rate (S_desired(t) - S_observed(t)) sum_f K(t - t_i^f),   K(s) = V_0 (e^{-s/tau_m} - e^{-s/tau_s})
 *
 * over the spikes f of input i before t; V_0 scales the maximum of K to 1. */
#include "math/elementary.h"
#include "rule/pairs.h"

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
    pm_tally tally; /* first */
    parameters p;
    pm_error_events errors;
    double scale;
} psd;

static void destroy(void *state) {
    psd *w = state;
    pm_tally_free(&w->tally);
    pm_errors_free(&w->errors);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    psd *w = state;
    w->p = *(const parameters *)given;
    double m = w->p.tau_m, s = w->p.tau_s, peak = m * s / (m - s) * pm_log(m / s);
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "PSD", error);
    w->scale = 1.0 / (pm_exp(-peak / m) - pm_exp(-peak / s));
    return status;
}

/* The kernel at s > 0 ms, with its maximum scaled to 1. */
static double kernel(const void *of, double s) {
    const psd *w = of;
    return w->scale * (pm_exp(-s / w->p.tau_m) - pm_exp(-s / w->p.tau_s));
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    psd *w = state;
    return pm_pairs_correlate(&w->tally, &w->errors, net, desired, kernel, w, true, error);
}

const pm_learning_rule pm_rule_psd = {
    .head = {.name = "psd",
             .help = "precise-spike-driven plasticity (Yu et al. 2013), output layer only",
             .source = "Q. Yu, H. Tang, K. C. Tan and H. Li, PLoS ONE 8:e78318, 2013",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters),
             .check = check},
    .state = sizeof(psd),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
