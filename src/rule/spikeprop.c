/* SpikeProp: gradient descent on E = 1/2 sum (t - t~)^2 over aligned output spikes. `spikes: first` is the rule of S.
 * M. Bohte, J. N. Kok and H. La Poutre ("Error-backpropagation in temporally encoded networks of spiking neurons",
 * Neurocomputing 48, 2002), which knows one spike of each neuron; `spikes: all` the one of O. Booij and H. T. Nguyen
 * ("A gradient descent rule for spiking neurons emitting multiple spikes", Information Processing Letters 95, 2005; S.
 * Ghosh-Dastidar and H. Adeli, Neural Networks 22, 2009), with every spike, and the neuron's own last one in the
 * potential.
 *
 * With r the restart after the neuron's spike before t (tally.h for the sensitivity), V' the slope at t,
 *
 *     dt/dw_i = -(d_i(t) - e^{-(t-r)/tau_m} d_i(r)) / V'
 *     dt/dt_i = w_i (eps'(t - t_i) - [t_i < r] e^{-(t-r)/tau_m} eps'(r - t_i)) / V'
 *     dt/dr   = e^{-(t-r)/tau_m} V'(r+) / V'
 *
 * Invariant of the way back: when a neuron's turn comes, dE/dt of its spikes holds what all later layers ask for. */
#include "rule/pairs.h"

#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct parameters {
    double spikes;      /* FIRST or ALL */
    double slope_floor; /* mV/ms */
    double pair_window; /* ms */
    double recruit;     /* mV */
} parameters;

enum { FIRST, ALL };
static const char *const extents[] = {"first", "all", NULL};

static const pm_field fields[] = {
    {"spikes", "", "first: one spike of each neuron (inputs: all); all: every spike", offsetof(parameters, spikes), ALL,
     .words = extents},
    {"slope_floor", "mV/ms", "smallest dV/dt that a change is divided by", offsetof(parameters, slope_floor), 1.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"pair_window", "ms", "output spikes further from a desired one are no pair", offsetof(parameters, pair_window),
     20.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"recruit", "mV", "moves the output's potential where a spike is missing (up) or superfluous (down); 0: not at all",
     offsetof(parameters, recruit), 5.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
};

typedef struct spikeprop {
    pm_tally tally; /* first */
    parameters p;
    pm_pairing pairing;
    size_t from; /* layers below are not plastic */
    pm_sensitivity sensitivity[PM_MOST_LAYERS];
    double *delta[PM_MOST_LAYERS + 1]; /* ms: dE/dt of every spike of a population */
    size_t capacity[PM_MOST_LAYERS + 1];
    pm_raster first; /* the first spikes of a population */
    size_t *own;     /* spikes of one neuron, as places in their raster */
    double *memory;  /* of each own spike: dt/dr to the one before */
    double *rows;    /* of each own spike: du/dw */
    size_t own_capacity, rows_capacity;
} spikeprop;

static void destroy(void *state) {
    spikeprop *w = state;
    pm_tally_free(&w->tally);
    pm_pairing_free(&w->pairing);
    for (size_t l = 0; l < PM_MOST_LAYERS; l++)
        pm_sensitivity_free(&w->sensitivity[l]);
    for (size_t l = 0; l <= PM_MOST_LAYERS; l++)
        free(w->delta[l]);
    pm_raster_free(&w->first);
    free(w->own);
    free(w->memory);
    free(w->rows);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    spikeprop *w = state;
    w->p = *(const parameters *)given;
    w->pairing.window = w->p.pair_window;
    w->pairing.recruit = w->p.recruit;
    w->pairing.first = (int)w->p.spikes == FIRST;
    pm_status status = pm_tally_new(&w->tally, net, plasticity, error);
    if (!status)
        status = pm_pairing_new(&w->pairing, net, error);
    while (!status && w->from < net->n_layers && !plasticity->plastic[w->from])
        w->from++;
    for (size_t l = w->from; !status && l < net->n_layers; l++)
        status = pm_sensitivity_new(&w->sensitivity[l], &net->layers[l], error);
    return status;
}

/* Room for the spikes of every population, and dE/dt = 0. */
static pm_status begin(spikeprop *w, const pm_layered *net, pm_error *error) {
    size_t most = 1;
    for (size_t l = 0; l <= net->n_layers; l++) {
        size_t n = net->rasters[l].n + 1;
        most = n > most ? n : most;
        if (n > w->capacity[l]) {
            free(w->delta[l]);
            w->delta[l] = malloc(2 * n * sizeof *w->delta[l]);
            w->capacity[l] = w->delta[l] ? 2 * n : 0;
            if (!w->delta[l])
                return pm_fail_memory(error, "gradients of spikes");
        }
        memset(w->delta[l], 0, n * sizeof *w->delta[l]);
    }
    if (most <= w->own_capacity)
        return PM_OK;
    free(w->own);
    free(w->memory);
    w->own = malloc(2 * most * sizeof *w->own);
    w->memory = malloc(2 * most * sizeof *w->memory);
    w->own_capacity = w->own && w->memory ? 2 * most : 0;
    return w->own_capacity ? PM_OK : pm_fail_memory(error, "gradients of spikes");
}

/* Whether spike k is one that the rule knows. */
static bool counts(const spikeprop *w, const pm_raster *raster, size_t population, size_t k) {
    if ((int)w->p.spikes == ALL || population == 0)
        return true;
    for (size_t e = 0; e < k; e++)
        if (raster->neuron[e] == raster->neuron[k])
            return false;
    return true;
}

static pm_status first_spikes(spikeprop *w, const pm_raster *all, pm_error *error) {
    pm_status status = PM_OK;
    w->first.n = 0;
    for (size_t k = 0; !status && k < all->n; k++)
        if (counts(w, all, 1, k))
            status = pm_raster_append(&w->first, all->time[k], all->neuron[k], all->slope[k], error);
    return status;
}

static size_t own_spikes(spikeprop *w, const pm_raster *raster, uint32_t neuron) {
    size_t n = 0;
    for (size_t k = 0; k < raster->n; k++)
        if (raster->neuron[k] == neuron && (n == 0 || (int)w->p.spikes == ALL))
            w->own[n++] = k;
    return n;
}

static double kernel_slope(const pm_lif *kernel, double t) {
    const pm_lif_basis at = pm_lif_basis_at(kernel, t);
    return at.alpha * kernel->inv_C - at.d12 * kernel->l_m;
}

/* Rows and memories of the n own spikes of a neuron. */
static pm_status look_forward(spikeprop *w, const pm_layered *net, size_t l, uint32_t neuron, size_t n,
                              const pm_raster *in, pm_error *error) {
    const pm_layer *layer = &net->layers[l];
    const pm_raster *out = &net->rasters[l + 1];
    if (n * layer->n_in > w->rows_capacity) {
        free(w->rows);
        w->rows = malloc(2 * n * layer->n_in * sizeof *w->rows);
        w->rows_capacity = w->rows ? 2 * n * layer->n_in : 0;
        if (!w->rows)
            return pm_fail_memory(error, "gradients of spikes");
    }
    pm_sensitivity *s = &w->sensitivity[l];
    pm_sensitivity_begin(s, in);
    double slope = 0.0; /* after the restart */
    for (size_t k = 0; k < n; k++) {
        double t = out->time[w->own[k]], steep = fmax(out->slope[w->own[k]], w->p.slope_floor);
        pm_sensitivity_at(s, t);
        memcpy(w->rows + k * layer->n_in, s->row, layer->n_in * sizeof *s->row);
        w->memory[k] = k > 0 ? pm_exp(-(t - s->restart) * layer->lif.l_m) * slope / steep : 0.0;
        pm_sensitivity_fire(s, t);
        slope = pm_sensitivity_restart_slope(s, layer, neuron);
    }
    return PM_OK;
}

/* Adds what spike `k` of the layer asks of the input spikes. */
static void ask_inputs(spikeprop *w, const pm_layered *net, size_t l, size_t k, double restart, double pull) {
    const pm_layer *layer = &net->layers[l];
    const pm_raster *in = &net->rasters[l], *out = &net->rasters[l + 1];
    double t = out->time[k], decay = pm_exp(-(t - restart) * layer->lif.l_m);
    for (size_t i = 0; i < in->n && in->time[i] < t; i++) {
        if (!counts(w, in, l, i))
            continue;
        const pm_lif *kernel = pm_sensitivity_kernel(&w->sensitivity[l], in->neuron[i]);
        double slope = kernel_slope(kernel, t - in->time[i]);
        if (in->time[i] < restart)
            slope -= decay * kernel_slope(kernel, restart - in->time[i]);
        w->delta[l][i] += pull * layer->weight[in->neuron[i] * layer->stride + out->neuron[k]] * slope;
    }
}

static void descend(spikeprop *w, const pm_layered *net, size_t l, uint32_t neuron, size_t n) {
    const pm_layer *layer = &net->layers[l];
    const pm_raster *out = &net->rasters[l + 1];
    for (size_t k = n; k-- > 0;) {
        size_t spike = w->own[k];
        double delta = w->delta[l + 1][spike], pull = delta / fmax(out->slope[spike], w->p.slope_floor);
        double restart = k > 0 ? out->time[w->own[k - 1]] + layer->lif.t_ref : -INFINITY;
        if (delta == 0.0)
            continue;
        if (k > 0)
            w->delta[l + 1][w->own[k - 1]] += delta * w->memory[k];
        for (size_t i = 0; w->tally.plastic[l] && i < layer->n_in; i++)
            w->tally.change[l][i * layer->stride + neuron] += w->tally.rate[l] * pull * w->rows[k * layer->n_in + i];
        if (l > w->from)
            ask_inputs(w, net, l, spike, restart, pull);
    }
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    spikeprop *w = state;
    size_t last = net->n_layers - 1;
    pm_status status = begin(w, net, error);
    if (!status)
        status = pm_pairing_judge(&w->pairing, net, desired, w->delta[last + 1], w->tally.change[last], error);
    for (size_t l = last + 1; !status && l-- > w->from;) {
        const pm_raster *in = &net->rasters[l];
        if ((int)w->p.spikes == FIRST && l > 0) {
            status = first_spikes(w, in, error);
            in = &w->first;
        }
        for (uint32_t j = 0; !status && j < net->layers[l].n_out; j++) {
            size_t n = own_spikes(w, &net->rasters[l + 1], j);
            if (n > 0)
                status = look_forward(w, net, l, j, n, in, error);
            if (!status)
                descend(w, net, l, j, n);
        }
    }
    return status;
}

const pm_learning_rule pm_rule_spikeprop = {
    .head = {.name = "spikeprop",
             .help = "gradient descent on spike times (Bohte et al. 2002, Booij and Nguyen 2005)",
             .source = "S. M. Bohte, J. N. Kok and H. La Poutre, Neurocomputing 48, 2002; O. Booij and H. T. Nguyen, "
                       "Information Processing Letters 95, 2005",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters)},
    .state = sizeof(spikeprop),
    .create = create,
    .gather = gather,
    .settle = pm_tally_settle_all,
    .destroy = destroy};
