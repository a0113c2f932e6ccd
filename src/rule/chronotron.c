/* Chronotron E-learning (R. V. Florian, "The chronotron: a neuron that learns to fire temporally precise spike
 * patterns", PLoS ONE 7:e40233, 2012), for the output layer. Observed and desired spikes are aligned as in the distance
 * of Victor and Purpura, at cost 1 for a spike without partner and (t - t~)^2/(2 tau_q^2) for a pair. With the
 * sensitivity of the potential lambda_i(t) = du(t)/dw_i (tally.h),
 *
 *     dw_i = rate (sum_{desired, alone} lambda_i(t~) - sum_{observed, alone} lambda_i(t)
 *                  + gamma_r/tau_q^2 sum_{pairs} (t - t~) lambda_i(t) / v(t)).
 *
 * In the paper v is constant (here slope_scale); with `slope: exact` it is V'(t), and the last term is the gradient of
 * the pairs' cost. */
#include "rule/pairs.h"

#include <math.h>
#include <stdlib.h>

typedef struct parameters {
    double tau_q;       /* ms */
    double gamma_r;     /* pure number */
    double slope;       /* CONSTANT or EXACT */
    double slope_scale; /* mV/ms */
} parameters;

enum { CONSTANT, EXACT };
static const char *const slopes[] = {"constant", "exact", NULL};

static const pm_field fields[] = {
    {"tau_q", "ms", "spikes up to twice this apart become pairs", offsetof(parameters, tau_q), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"gamma_r", "", "weight of the distance of pairs against spikes alone", offsetof(parameters, gamma_r), 1.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"slope", "", "what the change for a pair is divided by: constant, slope_scale as in the paper; exact, dV/dt",
     offsetof(parameters, slope), 0.0, .words = slopes},
    {"slope_scale", "mV/ms", "the constant slope, and the smallest exact one", offsetof(parameters, slope_scale), 1.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
};

typedef struct chronotron {
    pm_tally tally; /* first */
    parameters p;
    pm_alignment pairs;
    pm_sensitivity sensitivity;
} chronotron;

static void destroy(void *state) {
    chronotron *w = state;
    pm_tally_free(&w->tally);
    pm_alignment_free(&w->pairs);
    pm_sensitivity_free(&w->sensitivity);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    chronotron *w = state;
    w->p = *(const parameters *)given;
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "E-learning", error);
    if (!status)
        status = pm_sensitivity_new(&w->sensitivity, &net->layers[net->n_layers - 1], error);
    return status;
}

static double pair_factor(const chronotron *w, size_t i) {
    const pm_alignment *a = &w->pairs;
    double distance = a->observed[i] - a->desired[a->partner_of_observed[i]];
    double slope = w->p.slope == EXACT ? fmax(a->slope[i], w->p.slope_scale) : w->p.slope_scale;
    return w->p.gamma_r / (w->p.tau_q * w->p.tau_q) * distance / slope;
}

static void gather_neuron(chronotron *w, const pm_layered *net, size_t neuron) {
    const pm_alignment *a = &w->pairs;
    pm_sensitivity *s = &w->sensitivity;
    pm_sensitivity_begin(s, &net->rasters[net->n_layers - 1]);
    for (size_t i = 0, j = 0; i < a->n || j < a->m;) {
        bool observed = j == a->m || (i < a->n && a->observed[i] <= a->desired[j]);
        bool alone = observed ? a->partner_of_observed[i] == PM_ALONE : a->partner_of_desired[j] == PM_ALONE;
        double factor = 0.0;
        if (observed)
            factor = alone ? -1.0 : pair_factor(w, i);
        else if (alone)
            factor = 1.0;
        double t = observed ? a->observed[i++] : a->desired[j++];
        if (factor != 0.0) {
            pm_sensitivity_at(s, t);
            pm_tally_add(&w->tally, net, neuron, factor, s->row);
        }
        if (observed)
            pm_sensitivity_fire(s, t);
    }
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    chronotron *w = state;
    size_t last = net->n_layers - 1;
    pm_status status = PM_OK;
    for (uint32_t o = 0; !status && w->tally.plastic[last] && o < net->layers[last].n_out; o++) {
        status = pm_align(&w->pairs, &net->rasters[last + 1], desired, o, PM_PAIR_SQUARE, w->p.tau_q, 0.0, error);
        if (!status)
            gather_neuron(w, net, o);
    }
    return status;
}

const pm_learning_rule pm_rule_chronotron = {
    .head = {.name = "chronotron",
             .help = "chronotron E-learning (Florian 2012), output layer only",
             .source = "R. V. Florian, PLoS ONE 7:e40233, 2012",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(chronotron),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
