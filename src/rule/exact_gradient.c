/* The exact gradient of E = 1/2 sum (t - t~)^2 over pairs of observed and desired output spikes (pairs.h) with respect
 * to all weights, by the adjoint sweep through the recorded spikes (adjoint.h): EventProp (T. C. Wunderlich and C.
 * Pehl, "Event-based backpropagation can compute exact gradients for spiking neural networks", Scientific Reports 11,
 * 2021) for a loss on spike times. An optimiser turns the gradient into steps; what recruits missing spikes, which have
 * no gradient, is added as it is. Invariant: gradient[] holds the sum over the patterns gathered since the last step.
 */
#include "gradient/adjoint.h"
#include "rule/optimiser.h"
#include "rule/pairs.h"

#include <stdlib.h>
#include <string.h>

typedef struct parameters {
    double optimiser; /* place in PM_OPTIMISERS */
    double share, beta_1, beta_2, epsilon;
    double slope_floor; /* mV/ms */
    double pair_window; /* ms */
    double recruit;     /* mV */
} parameters;

#define PLACE(name) PLACE_##name,
enum { PM_OPTIMISERS(PLACE) };
#define WORD(name) #name,
static const char *const optimisers[] = {PM_OPTIMISERS(WORD) NULL};

static const pm_field fields[] = {
    {"optimiser", "", "how the gradient becomes a step; a layer's rate is in pA^2/ms^2, for adam in pA",
     offsetof(parameters, optimiser), PLACE_adam, .words = optimisers},
    {"share", "", "momentum: share of the last step's direction in the next one, below 1", offsetof(parameters, share),
     0.9, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"beta_1", "", "adam: decay of the mean of gradients per step, below 1", offsetof(parameters, beta_1), 0.9,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"beta_2", "", "adam: decay of the mean of their squares per step, below 1", offsetof(parameters, beta_2), 0.99,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"epsilon", "ms^2/pA", "adam: gradients well below it give small steps", offsetof(parameters, epsilon), 1e-6,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"slope_floor", "mV/ms", "smallest dV/dt of a spike that 1/V' is computed from; 0: none, spikes may not graze",
     offsetof(parameters, slope_floor), 0.5, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"pair_window", "ms", "output spikes further from a desired one are no pair", offsetof(parameters, pair_window),
     20.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"recruit", "mV", "moves the output's potential where a spike is missing (up) or superfluous (down); 0: not at all",
     offsetof(parameters, recruit), 5.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
};

typedef struct exact_gradient {
    const pm_optimiser *optimiser;
    double settings[PM_OPTIMISER_PARAMETERS_SIZE / sizeof(double)]; /* of the optimiser */
    uint64_t steps;
    pm_tally recruited;
    double *gradient[PM_MOST_LAYERS]; /* ms^2/pA, in the layout of the weights; NULL: not plastic */
    double *memory[PM_MOST_LAYERS];   /* of the optimiser */
    pm_pairing pairing;
    pm_adjoint_layers adjoint;
    double *dl_dt; /* ms */
    size_t n_dl_dt;
} exact_gradient;

static void destroy(void *state) {
    exact_gradient *w = state;
    pm_tally_free(&w->recruited);
    pm_pairing_free(&w->pairing);
    pm_adjoint_layers_free(&w->adjoint);
    for (size_t l = 0; l < PM_MOST_LAYERS; l++) {
        free(w->gradient[l]);
        free(w->memory[l]);
    }
    free(w->dl_dt);
}

/* The optimiser's parameters are those of the rule that have the same names. */
static void choose_optimiser(exact_gradient *w, const parameters *p) {
    const pm_kind *kind = pm_optimisers[(size_t)p->optimiser];
    w->optimiser = pm_optimiser_of(kind);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *own = pm_kind_field(&pm_rule_exact_gradient.head, kind->fields[k].name);
        pm_field_set(&kind->fields[k], w->settings, own ? pm_field_value(own, p) : kind->fields[k].preset);
    }
}

static pm_status allocate(exact_gradient *w, const pm_layered *net, pm_error *error) {
    for (size_t l = 0; l < net->n_layers; l++) {
        size_t size = net->layers[l].n_in * net->layers[l].stride;
        if (!w->recruited.plastic[l])
            continue;
        w->gradient[l] = calloc(size + 1, sizeof *w->gradient[l]);
        w->memory[l] = calloc(size * w->optimiser->memory + 1, sizeof *w->memory[l]);
        if (!w->gradient[l] || !w->memory[l])
            return pm_fail_memory(error, "the learning rule");
    }
    return PM_OK;
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    const parameters *p = given;
    exact_gradient *w = state;
    choose_optimiser(w, p);
    w->adjoint.slope_floor = p->slope_floor;
    w->pairing.window = p->pair_window;
    w->pairing.recruit = p->recruit;
    pm_status status = pm_kind_check(&w->optimiser->head, w->settings, error);
    if (!status)
        status = pm_tally_new(&w->recruited, net, plasticity, error);
    if (!status)
        status = pm_pairing_new(&w->pairing, net, error);
    if (!status)
        status = allocate(w, net, error);
    return status;
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    exact_gradient *w = state;
    const size_t last = net->n_layers - 1, n = net->rasters[last + 1].n;
    if (n >= w->n_dl_dt) {
        free(w->dl_dt);
        w->dl_dt = malloc(2 * (n + 1) * sizeof *w->dl_dt);
        w->n_dl_dt = w->dl_dt ? 2 * (n + 1) : 0;
        if (!w->dl_dt)
            return pm_fail_memory(error, "gradients of spikes");
    }
    memset(w->dl_dt, 0, (n + 1) * sizeof *w->dl_dt);
    pm_status status = pm_pairing_judge(&w->pairing, net, desired, w->dl_dt, w->recruited.change[last], error);
    return status ? status : pm_adjoint_layered(&w->adjoint, net, w->dl_dt, w->gradient, error);
}

static pm_status settle(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    exact_gradient *w = state;
    (void)error;
    w->steps++;
    for (size_t l = 0; l < net->n_layers; l++) {
        size_t size = net->layers[l].n_in * net->layers[l].stride;
        if (!w->recruited.plastic[l])
            continue;
        w->optimiser->step(w->settings, w->memory[l], w->steps, w->recruited.rate[l], size, w->gradient[l], change[l]);
        memset(w->gradient[l], 0, size * sizeof *w->gradient[l]);
    }
    pm_tally_settle(&w->recruited, net, change);
    return PM_OK;
}

const pm_learning_rule pm_rule_exact_gradient = {
    .head = {.name = "exact_gradient",
             .help = "the exact gradient of spike times, with an optimiser (Wunderlich and Pehl 2021)",
             .source = "T. C. Wunderlich and C. Pehl, Scientific Reports 11, 2021",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(exact_gradient),
    .create = create,
    .gather = gather,
    .settle = settle,
    .destroy = destroy};
