/* SPAN (A. Mohemmed, S. Schliebs, S. Matsuda and N. Kasabov, "SPAN: spike pattern association neuron for learning
 * spatio-temporal spike patterns", International Journal of Neural Systems 22, 2012), for the output layer: the delta
 * rule on trains that are filtered with the alpha kernel a(t) = (e/tau) t e^{-t/tau},
 *
 *     dw_oi = rate integral x_i(t) (y_desired(t) - y_observed(t)) dt.
 *
 * The integral of two filtered spikes s ms apart is (e/2)^2 (tau + |s|) e^{-|s|/tau}: a sum over pairs of spikes. */
#include "gradient/errors.h"
#include "math/elementary.h"
#include "rule/tally.h"

#include <math.h>
#include <stdlib.h>

typedef struct parameters {
    double tau; /* ms */
} parameters;

static const pm_field fields[] = {
    {"tau", "ms", "time constant of the alpha kernel", offsetof(parameters, tau), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
};

typedef struct span {
    parameters p;
    pm_tally tally;
    pm_error_events errors;
} span;

static void destroy(void *state) {
    span *w = state;
    if (!w)
        return;
    pm_tally_free(&w->tally);
    pm_errors_free(&w->errors);
    free(w);
}

static pm_status create(void **state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    *state = NULL;
    span *w = calloc(1, sizeof *w);
    if (!w)
        return pm_fail_memory(error, "the learning rule");
    w->p = *(const parameters *)given;
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "SPAN", error);
    if (status)
        destroy(w);
    else
        *state = w;
    return status;
}

static double overlap(double s, double tau) {
    static const double half_e = 0.5 * M_E;
    return half_e * half_e * (tau + fabs(s)) * pm_exp(-fabs(s) / tau);
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    span *w = state;
    size_t last = net->n_layers - 1, stride = net->layers[last].stride;
    const pm_raster *in = &net->rasters[last];
    pm_status status = pm_errors_plain(&w->errors, &net->rasters[last + 1], desired, error);
    for (size_t e = 0; !status && w->tally.plastic[last] && e < w->errors.n; e++) {
        const pm_error_event *event = &w->errors.events[e];
        for (size_t k = 0; k < in->n; k++)
            w->tally.change[last][in->neuron[k] * stride + event->neuron] +=
                w->tally.rate[last] * event->size * overlap(event->time - in->time[k], w->p.tau);
    }
    return status;
}

static pm_status settle(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    span *w = state;
    (void)error;
    pm_tally_settle(&w->tally, net, change);
    return PM_OK;
}

const pm_learning_rule pm_rule_span = {
    .head = {.name = "span",
             .help = "spike pattern association (Mohemmed et al. 2012), output layer only",
             .source = "A. Mohemmed, S. Schliebs, S. Matsuda and N. Kasabov, International Journal of Neural Systems "
                       "22, 2012",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .create = create,
    .gather = gather,
    .settle = settle,
    .destroy = destroy};
