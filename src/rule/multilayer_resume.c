/* Multilayer ReSuMe (I. Sporea and A. Gruening, "Supervised learning in multilayer spiking neural networks", Neural
 * Computation 25, 2013). With the learning window of an input spike s ms before an error of output o,
 *
 *     W(s) = a_plus e^{-s/tau_plus} for s > 0,  -a_minus e^{s/tau_minus} otherwise,
 *
 * a desired (+1) or observed (-1) output spike at t changes the weight from i to j of a layer with n inputs by
 *
 *     rate/n (+-1) share_j (a + sum_f W(t - t_i^f)),
 *
 * where share is 1 for the output neuron itself, and for hidden neurons h the share of the neurons o above through
 * their weights: sum_o share_o w_oh / (weight_scale n_h). Hidden neurons are taken as linear: their own spikes play no
 * part. */
#include "gradient/errors.h"
#include "math/elementary.h"
#include "rule/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct parameters {
    double a;                   /* pure number */
    double a_plus, a_minus;     /* pure numbers */
    double tau_plus, tau_minus; /* ms */
    double weight_scale;        /* pA */
    double sign;
} parameters;

enum { ABSOLUTE, SIGNED };
static const char *const signs[] = {"absolute", "signed", NULL};

static const pm_field fields[] = {
    {"a", "", "non-Hebbian part: change of every weight per error", offsetof(parameters, a), 0.05,
     .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
    {"a_plus", "", "amplitude of the window for inputs before an error", offsetof(parameters, a_plus), 1.2,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"a_minus", "", "amplitude of the window for inputs after an error", offsetof(parameters, a_minus), 0.5,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"tau_plus", "ms", "time constant of the window before", offsetof(parameters, tau_plus), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"tau_minus", "ms", "time constant of the window after", offsetof(parameters, tau_minus), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"weight_scale", "pA", "the weight that counts as 1 where errors go through weights",
     offsetof(parameters, weight_scale), 1000.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"sign", "", "whether errors go through weights as they are, or through their absolute values",
     offsetof(parameters, sign), SIGNED, .words = signs},
};

typedef struct multilayer {
    pm_tally tally; /* first */
    parameters p;
    pm_error_events errors;
    size_t widest;    /* neurons of the largest population */
    double *factor;   /* of each input of a layer */
    double *share[2]; /* of the neurons of a population, and of the one below */
} multilayer;

static void destroy(void *state) {
    multilayer *w = state;
    pm_tally_free(&w->tally);
    pm_errors_free(&w->errors);
    free(w->factor);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    multilayer *w = state;
    w->p = *(const parameters *)given;
    pm_status status = pm_tally_new(&w->tally, net, plasticity, error);
    for (size_t l = 0; l < net->n_layers; l++) {
        w->widest = w->widest > net->layers[l].n_in ? w->widest : net->layers[l].n_in;
        w->widest = w->widest > net->layers[l].n_out ? w->widest : net->layers[l].n_out;
    }
    w->factor = calloc(3 * w->widest, sizeof *w->factor);
    if (!status && !w->factor)
        status = pm_fail_memory(error, "the learning rule");
    if (status)
        return status;
    w->share[0] = w->factor + w->widest;
    w->share[1] = w->share[0] + w->widest;
    return PM_OK;
}

/* The learning window for an input spike at t and an error at t + s. */
static double window(const parameters *p, double s) {
    return s > 0.0 ? p->a_plus * pm_exp(-s / p->tau_plus) : -p->a_minus * pm_exp(s / p->tau_minus);
}

/* blame[l][j]: how much of an error of output o falls to neuron j of population l + 1. */
static void blame(const multilayer *w, const pm_layered *net, size_t l, const double *above, double *below) {
    const pm_layer *layer = &net->layers[l];
    for (size_t j = 0; j < layer->n_in; j++) {
        double sum = 0.0;
        for (size_t k = 0; k < layer->n_out; k++) {
            double weight = layer->weight[j * layer->stride + k] / w->p.weight_scale;
            sum += (w->p.sign == SIGNED ? weight : fabs(weight)) * above[k];
        }
        below[j] = sum / (double)layer->n_in;
    }
}

static void add_error(multilayer *w, const pm_layered *net, size_t l, const pm_error_event *event,
                      const double *share) {
    const pm_layer *layer = &net->layers[l];
    const pm_raster *in = &net->rasters[l];
    double *change = w->tally.change[l], size = w->tally.rate[l] * event->size / (double)layer->n_in;
    for (size_t i = 0; i < layer->n_in; i++)
        w->factor[i] = size * w->p.a;
    for (size_t k = 0; k < in->n; k++)
        w->factor[in->neuron[k]] += size * window(&w->p, event->time - in->time[k]);
    for (size_t i = 0; i < layer->n_in; i++)
        for (size_t j = 0; j < layer->n_out; j++)
            change[i * layer->stride + j] += w->factor[i] * share[j];
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    multilayer *w = state;
    size_t last = net->n_layers - 1;
    pm_status status = pm_errors_plain(&w->errors, &net->rasters[last + 1], desired, error);
    for (size_t e = 0; !status && e < w->errors.n; e++) {
        memset(w->share[0], 0, w->widest * sizeof *w->share[0]);
        w->share[0][w->errors.events[e].neuron] = 1.0;
        for (size_t l = last + 1, side = 0; l-- > 0; side = 1 - side) {
            if (w->tally.plastic[l])
                add_error(w, net, l, &w->errors.events[e], w->share[side]);
            if (l > 0)
                blame(w, net, l, w->share[side], w->share[1 - side]);
        }
    }
    return status;
}

const pm_learning_rule pm_rule_multilayer_resume = {
    .head = {.name = "multilayer_resume",
             .help = "remote supervision of several layers (Sporea and Gruening 2013)",
             .source = "I. Sporea and A. Gruening, Neural Computation 25, 2013",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(multilayer),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
