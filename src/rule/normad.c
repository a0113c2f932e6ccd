/* NormAD: normalised approximate descent (N. Anwani and B. Rajendran, "Training multi-layer spiking neural networks
 * using NormAD based spatio-temporal error backpropagation", Neurocomputing 380, 2020).
 *
 * Every error event of the output has a gradient of its neuron's potential (sweep.h). The normalisations:
 *   none       rate * size * gradient
 *   per_layer  the same with each layer's gradient divided by its Frobenius norm: the rule of the paper
 *   joint      the same, divided by the norm of the gradients of all plastic layers together
 *   gram       the smallest change of weights that moves the potential at every event by the event's size
 *
 * In gram, "smallest" is meant in the norm in which layer l counts 1/rate_l: with gradients G (a row per event) and
 * sizes e, the change is G^T (G G^T + damping)^-1 e. One event alone is moved along its gradient, divided by the norm's
 * square; several share their inputs without counting them twice. */
#include "gradient/errors.h"
#include "gradient/sweep.h"
#include "math/cholesky.h"
#include "math/elementary.h"
#include "rule/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct parameters {
    double normalisation, errors, resets;
    double tau_hat, tau_hat_hidden;
    double slope_floor, window;
    double pair_window, step, approach, pair_slope, closest;
    double damping, longest_step, most_events;
    double anneal, anneal_to;
    double recruit, recruit_window, recruit_lag;
} parameters;

enum { NONE, PER_LAYER, JOINT, GRAM };
enum { PLAIN, PAIRED };
static const char *const normalisations[] = {"none", "per_layer", "joint", "gram", NULL};
static const char *const reset_kinds[] = {"ignored", "held", "exact", NULL};
static const char *const error_kinds[] = {"plain", "paired", NULL};

void pm_normad_newton(void *given) {
    parameters *p = given;
    pm_kind_preset(&pm_rule_normad.head, p);
    p->resets = PM_RESETS_EXACT;
    p->slope_floor = 1e-6;
    p->pair_window = 1e6;
    p->step = 1e6;
    p->approach = 1.0;
    p->pair_slope = 1e-6;
    p->damping = 1e-9;
    p->longest_step = 1e5;
    p->most_events = 100.0;
    p->anneal = p->recruit = 0.0;
}

static const pm_field fields[] = {
    {"normalisation", "", "how gradients become steps", offsetof(parameters, normalisation), GRAM,
     .words = normalisations},
    {"errors", "", "plain: +1 at desired and -1 at observed spikes; paired: potentials to be moved, in mV",
     offsetof(parameters, errors), PAIRED, .words = error_kinds},
    {"resets", "",
     "ignored, as in the paper; held: an output forgets what came before its last spike, except at an observed "
     "spike without partner; exact: the gradient of the potential itself, tau_hat and window play no part",
     offsetof(parameters, resets), 0.0, .words = reset_kinds},
    {"tau_hat", "ms", "learning kernel's time constant, output layer", offsetof(parameters, tau_hat), 7.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"tau_hat_hidden", "ms", "the same for all other layers", offsetof(parameters, tau_hat_hidden), 7.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"slope_floor", "mV/ms", "smallest dV/dt of a hidden spike that 1/V' is computed from",
     offsetof(parameters, slope_floor), 9.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"window", "ms", "spikes of inputs and hidden layers longer than this before an error are left out",
     offsetof(parameters, window), 40.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"pair_window", "ms", "paired errors: spikes further apart are no pair", offsetof(parameters, pair_window), 5.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"step", "mV", "paired errors: move of the potential for a spike without partner", offsetof(parameters, step), 10.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"approach", "", "paired errors: share of the distance that a pair is moved by", offsetof(parameters, approach),
     0.2, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"pair_slope", "mV/ms", "paired errors: smallest dV/dt of a pair's observed spike",
     offsetof(parameters, pair_slope), 1.0, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"closest", "ms",
     "paired errors: desired spikes nearer to each other than this are aimed at so far apart, by the smallest "
     "moves",
     offsetof(parameters, closest), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"damping", "", "gram: added to the diagonal, relative to its mean", offsetof(parameters, damping), 0.1,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"longest_step", "pA", "gram: largest norm of one change", offsetof(parameters, longest_step), 7500.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"most_events", "", "error events that are considered, the earliest first", offsetof(parameters, most_events), 64.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"anneal", "steps",
     "learning rates of hidden layers fall along half a cosine for so many steps, then start again (0: constant)",
     offsetof(parameters, anneal), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"anneal_to", "", "the share of a hidden layer's learning rate that is left when it starts again",
     offsetof(parameters, anneal_to), 0.02, .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"recruit", "mV", "raises the potentials of a hidden layer that is silent before a desired spike (0: off)",
     offsetof(parameters, recruit), 1.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"recruit_window", "ms", "how long a hidden layer must be silent", offsetof(parameters, recruit_window), 10.0,
     .bounds = {PM_LEAST, INFINITY, PM_CLOSED}},
    {"recruit_lag", "ms", "from a layer's spikes to their effect on the next one", offsetof(parameters, recruit_lag),
     2.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
};

typedef struct normad {
    parameters p;
    pm_sweep sweep;
    double rate[PM_MOST_LAYERS], now[PM_MOST_LAYERS]; /* of learning: as given, and in this step */
    uint64_t steps;
    pm_error_events errors; /* of one pattern */
    size_t n;               /* events gathered */
    double *rows;           /* their gradients */
    double *sizes;
    size_t capacity;                   /* events there is room for */
    double *total, *recruited, *trace; /* of the size of a row */
    bool recruiting;                   /* `recruited` is not 0 */
    double *gram;                      /* gram_size x gram_size, then a row for the right side */
    size_t gram_size;
} normad;

static void destroy(void *state) {
    normad *w = state;
    pm_sweep_free(&w->sweep);
    pm_errors_free(&w->errors);
    free(w->rows);
    free(w->sizes);
    free(w->total);
    free(w->gram);
}

static pm_status create(void *state, const pm_layered *net, const pm_plasticity *plasticity, const void *given,
                        pm_error *error) {
    normad *w = state;
    w->p = *(const parameters *)given;
    const parameters *p = &w->p;
    pm_status status =
        p->resets == PM_RESETS_EXACT  ? pm_sweep_new_exact(&w->sweep, net, plasticity->plastic, p->slope_floor, error)
        : p->resets == PM_RESETS_HELD ? pm_sweep_new_held(&w->sweep, net, plasticity->plastic, p->tau_hat,
                                                          p->tau_hat_hidden, p->slope_floor, p->window, error)
                                      : pm_sweep_new(&w->sweep, net, plasticity->plastic, p->tau_hat, p->tau_hat_hidden,
                                                     p->slope_floor, p->window, error);
    if (status)
        return status;
    memcpy(w->rate, plasticity->rate, net->n_layers * sizeof *w->rate);
    w->total = aligned_alloc(64, 3 * w->sweep.row * sizeof *w->total);
    if (!w->total)
        return pm_fail_memory(error, "the learning rule");
    w->recruited = w->total + w->sweep.row;
    w->trace = w->recruited + w->sweep.row;
    memset(w->recruited, 0, w->sweep.row * sizeof *w->recruited);
    return PM_OK;
}

/* Room for n events. */
static pm_status reserve(normad *w, size_t n, pm_error *error) {
    if (n <= w->capacity)
        return PM_OK;
    size_t capacity = n + n / 2 + 4;
    double *rows = aligned_alloc(64, capacity * w->sweep.row * sizeof *rows);
    double *sizes = malloc(capacity * sizeof *sizes);
    if (!rows || !sizes) {
        free(rows);
        free(sizes);
        return pm_fail_memory(error, "the gradients of all errors");
    }
    if (w->n > 0) {
        memcpy(rows, w->rows, w->n * w->sweep.row * sizeof *rows);
        memcpy(sizes, w->sizes, w->n * sizeof *sizes);
    }
    free(w->rows);
    free(w->sizes);
    w->rows = rows;
    w->sizes = sizes;
    w->capacity = capacity;
    return PM_OK;
}

static pm_status reserve_gram(normad *w, size_t n, pm_error *error) {
    if (n <= w->gram_size)
        return PM_OK;
    free(w->gram);
    w->gram = malloc(2 * n * (2 * n + 1) * sizeof *w->gram);
    w->gram_size = w->gram ? 2 * n : 0;
    return w->gram_size ? PM_OK : pm_fail_memory(error, "the Gram matrix of the errors");
}

/* The first plastic layer from l on; n_layers if there is none. */
static size_t plastic_from(const normad *w, size_t l) {
    while (l < w->sweep.n_layers && !w->sweep.plastic[l])
        l++;
    return l;
}

static size_t part_size(const pm_layered *net, size_t l) { return net->layers[l].n_in * net->layers[l].stride; }

/* Multiplies layer l's part of a row. */
static void scale_part(const normad *w, const pm_layered *net, size_t l, double factor, double *row) {
    if (factor != 1.0)
        pm_scale(part_size(net, l), factor, row + w->sweep.offset[l]);
}

/* total = sum over events of rate * size * gradient / norm. */
static void descend_rows(normad *w, const pm_layered *net) {
    memset(w->total, 0, w->sweep.row * sizeof *w->total);
    for (size_t e = 0; e < w->n; e++) {
        const double *row = w->rows + e * w->sweep.row;
        double joint = sqrt(pm_sum_squares(w->sweep.row, row));
        for (size_t l = plastic_from(w, 0); l < w->sweep.n_layers; l = plastic_from(w, l + 1)) {
            size_t at = w->sweep.offset[l], size = part_size(net, l);
            double norm = w->p.normalisation == NONE    ? 1.0
                          : w->p.normalisation == JOINT ? joint
                                                        : sqrt(pm_sum_squares(size, row + at));
            if (norm > 0.0)
                pm_axpy(size, w->now[l] * w->sizes[e] / norm, row + at, w->total + at);
        }
    }
}

/* total = the smallest step that moves the potential at every event by its size. */
static pm_status solve_rows(normad *w, const pm_layered *net, pm_error *error) {
    size_t n = w->n;
    pm_status status = reserve_gram(w, n, error);
    if (status)
        return status;
    const size_t stride = w->gram_size;
    double *gram = w->gram, *amount = gram + stride * stride, trace = 0.0;
    for (size_t e = 0; e < n; e++) /* in the norm in which a layer counts 1/rate */
        for (size_t l = plastic_from(w, 0); l < w->sweep.n_layers; l = plastic_from(w, l + 1))
            scale_part(w, net, l, sqrt(w->now[l]), w->rows + e * w->sweep.row);
    pm_gram(w->sweep.row, n, w->rows, gram, stride);
    for (size_t i = 0; i < n; i++) {
        trace += gram[i * stride + i];
        amount[i] = w->sizes[i];
    }
    if (!(trace > 0.0)) { /* no event has a gradient */
        memset(w->total, 0, w->sweep.row * sizeof *w->total);
        return isnan(trace) ? pm_fail(error, PM_FAILED, "the weights are not numbers any more") : PM_OK;
    }
    if (!isfinite(trace))
        return pm_fail(error, PM_FAILED, "the weights have run away");
    for (size_t i = 0; i < n; i++) /* positive definite from here on */
        gram[i * stride + i] += w->p.damping * trace / (double)n;
    if (!pm_cholesky_solve(n, gram, stride, amount))
        return pm_fail(error, PM_FAILED, "the gradients of the errors are too large for each other");
    pm_combine(w->sweep.row, n, amount, w->rows, w->total);
    double length = sqrt(pm_sum_squares(w->sweep.row, w->total));
    double shrink = length > w->p.longest_step ? w->p.longest_step / length : 1.0;
    for (size_t l = plastic_from(w, 0); l < w->sweep.n_layers; l = plastic_from(w, l + 1))
        scale_part(w, net, l, shrink * sqrt(w->now[l]), w->total);
    return PM_OK;
}

static bool is_silent(const pm_raster *raster, double from, double until) {
    size_t s = raster->n;
    while (s > 0 && raster->time[s - 1] >= until)
        s--;
    return s == 0 || raster->time[s - 1] < from;
}

/* Where a desired spike at t finds no hidden spikes that could cause it, there is no gradient: raises the potentials of
 * the silent layers there. */
static void recruit(normad *w, const pm_layered *net, double t) {
    size_t last = net->n_layers - 1;
    for (size_t l = plastic_from(w, 0); l < w->sweep.n_layers; l = plastic_from(w, l + 1)) {
        double until = t - w->p.recruit_lag * (double)(last - l);
        if (l == last || !is_silent(&net->rasters[l + 1], until - w->p.recruit_window, until))
            continue;
        pm_sweep_trace(&w->sweep, net, l, until, w->trace);
        const pm_layer *layer = &net->layers[l];
        double squares = pm_sum_squares(layer->n_in, w->trace), *part = w->recruited + w->sweep.offset[l];
        w->recruiting = w->recruiting || squares > 0.0;
        for (size_t i = 0; squares > 0.0 && i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                part[i * layer->stride + j] += w->p.recruit / squares * w->trace[i];
    }
}

static pm_status gather(void *state, const pm_layered *net, const pm_raster *desired, pm_error *error) {
    normad *w = state;
    const pm_raster *observed = &net->rasters[net->n_layers];
    const pm_error_pairing pairing = {w->p.pair_window, w->p.step, w->p.approach, w->p.pair_slope, w->p.closest};
    uint32_t n_outputs = (uint32_t)net->layers[net->n_layers - 1].n_out;
    pm_status status = w->p.errors == PAIRED
                           ? pm_errors_paired(&w->errors, observed, desired, n_outputs, &pairing, error)
                           : pm_errors_plain(&w->errors, observed, desired, error);
    size_t n = (double)w->errors.n < w->p.most_events ? w->errors.n : (size_t)w->p.most_events;
    if (status || n == 0)
        return status;
    status = reserve(w, w->n + n, error);
    if (!status)
        status = pm_sweep_begin(&w->sweep, net, error);
    for (size_t e = 0; !status && e < n; e++) {
        const pm_error_event *event = &w->errors.events[e];
        double *row = w->rows + w->n * w->sweep.row;
        status = pm_sweep_event(&w->sweep, net, event->time, event->neuron, row, error);
        if (!status && w->p.resets == PM_RESETS_HELD && event->excess)
            memcpy(row, pm_sweep_ignoring(&w->sweep, net), w->sweep.row * sizeof *row);
        w->sizes[w->n++] = event->size;
        if (!status && w->p.recruit > 0.0 && event->size > 0.0)
            recruit(w, net, event->time);
    }
    return status;
}

/* Cosine annealing with warm restarts (I. Loshchilov and F. Hutter, ICLR 2017), of hidden layers only: the output layer
 * comes to terms with spikes that move less and less. */
static void set_rates(normad *w) {
    double share = 1.0;
    if (w->p.anneal > 0.0) {
        double phase = fmod((double)w->steps, w->p.anneal) / w->p.anneal;
        share = w->p.anneal_to + (1.0 - w->p.anneal_to) * 0.5 * (1.0 + pm_cos(M_PI * phase));
    }
    for (size_t l = 0; l < w->sweep.n_layers; l++)
        w->now[l] = w->rate[l] * (l + 1 < w->sweep.n_layers ? share : 1.0);
    w->steps++;
}

static pm_status settle(void *state, const pm_layered *net, double *const *change, pm_error *error) {
    normad *w = state;
    pm_status status = PM_OK;
    set_rates(w);
    if (w->n > 0 && w->p.normalisation == GRAM)
        status = solve_rows(w, net, error);
    else
        descend_rows(w, net);
    if (w->recruiting) {
        pm_axpy(w->sweep.row, 1.0, w->recruited, w->total);
        memset(w->recruited, 0, w->sweep.row * sizeof *w->recruited);
        w->recruiting = false;
    }
    w->n = 0;
    if (!status)
        pm_sweep_add(&w->sweep, net, w->total, change);
    return status;
}

const pm_learning_rule pm_rule_normad = {.head = {.name = "normad",
                                                  .help = "normalised approximate descent (Anwani and Rajendran 2020)",
                                                  .source = "N. Anwani and B. Rajendran, Neurocomputing 380, 2020",
                                                  .fields = fields,
                                                  .n_fields = sizeof fields / sizeof *fields,
                                                  .size = sizeof(parameters)},
                                         .state = sizeof(normad),
                                         .create = create,
                                         .gather = gather,
                                         .settle = settle,
                                         .destroy = destroy};
