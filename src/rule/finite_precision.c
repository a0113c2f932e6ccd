/* Finite-precision learning (R.-M. Memmesheimer, R. Rubin, B. P. Olveczky and H. Sompolinsky, "Learning precisely timed
 * spikes", Neuron 82, 2014), for the output layer: a run is judged up to its first error only. An output spike outside
 * the windows of +-tolerance about the desired instants, or a second one in a window, lowers the potential at that
 * spike; a window that ends without a spike raises it at the window's end:
 *
 *     dw_i = -+ rate lambda_i(t_error),   lambda_i(t) = du(t)/dw_i (tally.h). */
#include "rule/pairs.h"

#include <math.h>
#include <stdlib.h>

typedef struct parameters {
    double tolerance; /* ms */
} parameters;

static const pm_field fields[] = {
    {"tolerance", "ms", "an output spike this close to its desired instant is right", offsetof(parameters, tolerance),
     0.1, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
};

typedef struct finite_precision {
    pm_tally tally; /* first */
    parameters p;
    double *observed, *desired; /* ms, trains of one neuron */
    size_t capacity;
    pm_sensitivity sensitivity;
} finite_precision;

static void destroy(void *state) {
    finite_precision *w = state;
    pm_tally_free(&w->tally);
    free(w->observed);
    pm_sensitivity_free(&w->sensitivity);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    finite_precision *w = state;
    w->p = *(const parameters *)given;
    pm_status status = pm_tally_new_output(&w->tally, net, plasticity, "finite-precision learning", error);
    if (!status)
        status = pm_sensitivity_new(&w->sensitivity, &net->layers[net->n_layers - 1], error);
    return status;
}

/* The first error of a run: at *t the potential should be higher (1) or lower (-1); 0: there is none. */
static double first_error(const finite_precision *w, size_t n, size_t m, double *t) {
    size_t j = 0;
    for (size_t i = 0; i < n; i++) {
        double spike = w->observed[i];
        *t = j < m ? w->desired[j] + w->p.tolerance : INFINITY;
        if (*t < spike)
            return 1.0;
        *t = spike;
        if (j == m || spike < w->desired[j] - w->p.tolerance)
            return -1.0;
        j++;
    }
    *t = j < m ? w->desired[j] + w->p.tolerance : INFINITY;
    return j < m ? 1.0 : 0.0;
}

static void gather_neuron(finite_precision *w, const pm_layered *net, uint32_t neuron, size_t n, size_t m) {
    pm_sensitivity *s = &w->sensitivity;
    double t, sign = first_error(w, n, m, &t);
    if (sign == 0.0)
        return;
    pm_sensitivity_begin(s, &net->rasters[net->n_layers - 1]);
    for (size_t i = 0; i < n && w->observed[i] < t; i++)
        pm_sensitivity_fire(s, w->observed[i]);
    pm_sensitivity_at(s, t);
    pm_tally_add(&w->tally, net, neuron, sign, s->row);
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    finite_precision *w = state;
    size_t last = net->n_layers - 1;
    const pm_raster *observed = &net->rasters[last + 1];
    size_t needed = (observed->n > desired->n ? observed->n : desired->n) + 1;
    if (!w->tally.plastic[last])
        return PM_OK;
    if (needed > w->capacity) {
        free(w->observed);
        w->observed = malloc(4 * needed * sizeof *w->observed);
        w->capacity = w->observed ? 2 * needed : 0;
        if (!w->observed)
            return pm_fail_memory(error, "spike trains");
        w->desired = w->observed + w->capacity;
    }
    for (uint32_t o = 0; o < net->layers[last].n_out; o++) {
        size_t n = pm_train_of(observed, o, w->observed, NULL), m = pm_train_of(desired, o, w->desired, NULL);
        gather_neuron(w, net, o, n, m);
    }
    return PM_OK;
}

const pm_learning_rule pm_rule_finite_precision = {
    .head = {.name = "finite_precision",
             .help = "finite-precision learning (Memmesheimer et al. 2014), output layer only",
             .source = "R.-M. Memmesheimer, R. Rubin, B. P. Olveczky and H. Sompolinsky, Neuron 82, 2014",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(finite_precision),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
