/* SPAN (A. Mohemmed, S. Schliebs, S. Matsuda and N. Kasabov, "SPAN: spike pattern association neuron for learning
 * spatio-temporal spike patterns", International Journal of Neural Systems 22, 2012), for the output layer: the delta
 * rule on trains that are filtered with the alpha kernel a(t) = (e/tau) t e^{-t/tau},
 *
 *     dw_oi = rate integral x_i(t) (y_desired(t) - y_observed(t)) dt.
 *
 * The integral of two filtered spikes s ms apart is (e/2)^2 (tau + |s|) e^{-|s|/tau}: a sum over pairs of spikes. */
#include "math/elementary.h"
#include "rule/pairs.h"

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
    pm_tally tally; /* first */
    parameters p;
    pm_error_events errors;
} span;

static void destroy(void *state) {
    span *w = state;
    pm_tally_free(&w->tally);
    pm_errors_free(&w->errors);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    span *w = state;
    w->p = *(const parameters *)given;
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "SPAN", error);
    return status;
}

static double overlap(const void *of, double s) {
    static const double half_e = 0.5 * M_E;
    const double tau = ((const span *)of)->p.tau;
    return half_e * half_e * (tau + fabs(s)) * pm_exp(-fabs(s) / tau);
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    span *w = state;
    return pm_pairs_correlate(&w->tally, &w->errors, net, desired, overlap, w, false, error);
}

const pm_learning_rule pm_rule_span = {
    .head = {.name = "span",
             .help = "spike pattern association (Mohemmed et al. 2012), output layer only",
             .source = "A. Mohemmed, S. Schliebs, S. Matsuda and N. Kasabov, International Journal of Neural Systems "
                       "22, 2012",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(span),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
