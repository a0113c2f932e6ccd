/* ReSuMe: remote supervision (F. Ponulak and A. Kasinski, "Supervised learning in spiking neural networks with ReSuMe",
 * Neural Computation 22, 2010), for the output layer:
 *
 *     dw_oi/dt = rate (S_desired(t) - S_observed(t)) (a + sum_f exp(-(t - t_i^f)/tau)),    f over the spikes of input i
 * before t */
#include "gradient/errors.h"
#include "math/elementary.h"
#include "rule/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct parameters {
    double tau; /* ms */
    double a;
} parameters;

static const pm_field fields[] = {
    {"tau", "ms", "time constant of the learning window", offsetof(parameters, tau), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"a", "", "non-Hebbian part: change of every weight per error", offsetof(parameters, a), 0.0,
     .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
};

typedef struct resume {
    parameters p;
    double rate; /* pA */
    bool plastic;
    pm_error_events errors;
    double *trace;  /* of each input */
    double *change; /* gathered: n_in x n_out */
    size_t n_in, n_out;
} resume;

static void destroy(void *state) {
    resume *w = state;
    pm_errors_free(&w->errors);
    free(w->trace);
    free(w->change);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    size_t last = net->n_layers - 1;
    for (size_t l = 0; l < last; l++)
        if (plasticity->plastic[l])
            return pm_fail(error, PM_INVALID,
                           "ReSuMe trains the output layer only; layer %zu is plastic, and must have 'plastic: false'",
                           l + 1);
    resume *w = state;
    w->p = *(const parameters *)given;
    w->rate = plasticity->rate[last];
    w->plastic = plasticity->plastic[last];
    w->n_in = net->layers[last].n_in;
    w->n_out = net->layers[last].n_out;
    w->trace = calloc(w->n_in, sizeof *w->trace);
    w->change = calloc(w->n_in * w->n_out, sizeof *w->change);
    if (!w->trace || !w->change)
        return pm_fail_memory(error, "the learning rule");
    return PM_OK;
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    resume *w = state;
    size_t last = net->n_layers - 1;
    const pm_raster *in = &net->rasters[last];
    pm_status status = pm_errors_plain(&w->errors, &net->rasters[last + 1], desired, error);
    if (status || !w->plastic)
        return status;
    memset(w->trace, 0, w->n_in * sizeof *w->trace);
    double now = 0.0;
    for (size_t e = 0, k = 0; e < w->errors.n; e++) {
        const pm_error_event *event = &w->errors.events[e];
        double decay = pm_exp(-(event->time - now) / w->p.tau);
        for (size_t i = 0; i < w->n_in; i++)
            w->trace[i] *= decay;
        for (; k < in->n && in->time[k] < event->time; k++)
            w->trace[in->neuron[k]] += pm_exp(-(event->time - in->time[k]) / w->p.tau);
        now = event->time;
        for (size_t i = 0; i < w->n_in; i++)
            w->change[i * w->n_out + event->neuron] += w->rate * event->size * (w->p.a + w->trace[i]);
    }
    return PM_OK;
}

static pm_status settle(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    resume *w = state;
    size_t last = net->n_layers - 1, stride = net->layers[last].stride;
    (void)error;
    for (size_t i = 0; w->plastic && i < w->n_in; i++)
        for (size_t o = 0; o < w->n_out; o++)
            change[last][i * stride + o] += w->change[i * w->n_out + o];
    memset(w->change, 0, w->n_in * w->n_out * sizeof *w->change);
    return PM_OK;
}

const pm_learning_rule pm_rule_resume = {
    .head = {.name = "resume",
             .help = "remote supervision (Ponulak and Kasinski 2010), output layer only",
             .source = "F. Ponulak and A. Kasinski, Neural Computation 22, 2010",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(resume),
    .create = create,
    .gather = gather,
    .settle = settle,
    .destroy = destroy};
