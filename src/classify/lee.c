/* Membrane potentials as differentiable signals (J. H. Lee, T. Delbruck and M. Pfeiffer, "Training deep spiking neural
 * networks using backpropagation", Front. Neurosci. 10:508, 2016), over layers of impulse synapses (layer/impulse.h).
 *
 * With x_k and a_i the spike trains of inputs and neurons, filtered by the membrane's exponential up to the end, the
 * potential is sum_k w_ik x_k - theta_i a_i + c theta_i sum_{j != i} a_j, c <= 0 the inhibition. The jumps at spikes
 * are taken for noise around
 *
 *     a_i = s_i/theta_i + c sum_{j != i} a_j,    s_i = sum_k w_ik x_k
 *
 * over the neurons that fired, which is differentiable. With an error e_i = dL/da_i of each neuron:
 *
 *     lambda = (1 - C)^-1 e,  C_ij = c for i != j:   lambda_i = (e_i + c/(1 + c - n c) sum_j e_j) / (1 + c)
 *     delta_i = lambda_i/theta_i,    dL/dw_ik = delta_i x_k,    dL/dtheta_i = -delta_i (a_i - c sum_{j != i} a_j)
 *     e_k of the layer below = sum_i w_ik delta_i, for neurons that fired; 0 for the others
 *
 * At the output, o = n / (largest n) and e = o - y. With `relative`, e is the derivative of the loss with respect to n,
 * times the largest n: the neuron that has it gets e - sum_j e_j o_j. The sum of e_j n_j is 0 then. Without, e stays o
 * - y, and lower counts all round look like progress where most neurons are wrong ones: learning lets the output fall
 * silent.
 *
 * Normalised as published, for a layer of N neurons with M inputs of which m fired: 1/theta_i is divided by its root
 * mean square over the neurons that fired (output: is 1), dL/dw has the factor sqrt(N/m), dL/dtheta sqrt(N/(m M)) and
 * e_k sqrt(M/m). Invariant: traces, errors and potentials of different images never mix before the sums. */
#include "classify/lee.h"

#include "base/random.h"
#include "layer/impulse.h"
#include "math/elementary.h"
#include "math/product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NO, YES };
static const char *const switches[] = {"no", "yes", NULL};

#define AT(name) offsetof(pm_lee_parameters, name)
static const pm_field fields[] = {
    {"duration", "ms", "for which an image is shown", AT(duration), 50.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"input_spikes", "",
     "expected number of input spikes for an image, Poisson, shared out by brightness; a recording's are its events",
     AT(input_spikes), 1000.0, .bounds = {0.0, 1e6, PM_LOW_OPEN}},
    {"tau", "ms", "membrane time constant", AT(tau), 20.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"t_ref", "ms", "after a spike inputs grow back with the square of time for so long", AT(t_ref), 1.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"alpha", "", "initial threshold of hidden layers over the largest initial weight", AT(alpha), 10.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"alpha_output", "", "the same of the output layer", AT(alpha_output), 3.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"inhibition", "", "by which every spike of a hidden neuron moves the others down, in thresholds, below 1",
     AT(inhibition), 0.0, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"inhibition_output", "", "the same for the output layer", AT(inhibition_output), 0.4,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"weight_penalty", "", "lambda of 1/2 lambda e^(beta (|w_i|^2 - 1)) for each neuron", AT(weight_penalty), 0.0002,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"weight_steepness", "", "beta of the same", AT(weight_steepness), 10.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"threshold_share", "", "learning rate of thresholds over that of weights", AT(threshold_share), 0.1,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"threshold_drift", "mV", "rho: a spiking neuron's threshold rises by rho N, all N of them fall by rho each",
     AT(threshold_drift), 0.00000001, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"threshold_floor", "", "share of the initial threshold below which none falls", AT(threshold_floor), 0.1,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"normalise", "", "yes: errors are normalised as published; no: the plain gradient", AT(normalise), YES,
     .words = switches},
    {"lateral", "", "yes: errors follow lateral inhibition; no: they ignore it", AT(lateral), YES, .words = switches},
    {"relative", "", "yes: errors follow the division of the output by its largest count of spikes; no: they ignore it",
     AT(relative), YES, .words = switches},
};

/* learnt: for each layer its weights (mV), weight[source * n_out + target], then its thresholds (mV).
 * sums: the gradient in that layout, then for every neuron but the inputs in how many images it fired. */
typedef struct model {
    pm_lee_parameters p;
    size_t n_layers; /* the input included */
    size_t size[PM_IMAGE_LAYERS];
    size_t at[PM_IMAGE_LAYERS];    /* where the weights of a layer begin */
    size_t fired[PM_IMAGE_LAYERS]; /* where its counts begin */
    size_t n_learnt, n_sums;
} model;

typedef struct room {
    pm_lee_traces traces;
    pm_raster spikes[PM_IMAGE_LAYERS];
    pm_impulse_state state[PM_IMAGE_LAYERS];
    double *share; /* cumulative brightness of an image */
} room;

static double inhibition(const model *m, size_t l) {
    return l == m->n_layers - 1 ? -m->p.inhibition_output : -m->p.inhibition;
}

/* --- setting up --------------------------------------------------------------------------------------------------- */

static pm_status create(void **result, const uint32_t *sizes, size_t n_layers, const void *parameters,
                        pm_error *error) {
    *result = NULL;
    model *m = calloc(1, sizeof *m);
    if (!m)
        return pm_fail_memory(error, "a network");
    m->p = *(const pm_lee_parameters *)parameters;
    m->n_layers = n_layers;
    for (size_t l = 0; l < n_layers; l++) {
        m->size[l] = sizes[l];
        m->at[l] = m->n_learnt;
        m->n_learnt += l > 0 ? (m->size[l - 1] + 1) * m->size[l] : 0;
    }
    m->n_sums = m->n_learnt;
    for (size_t l = 1; l < n_layers; l++) {
        m->fired[l] = m->n_sums;
        m->n_sums += m->size[l];
    }
    *result = m;
    return PM_OK;
}

static size_t n_learnt(const void *of) { return ((const model *)of)->n_learnt; }
static size_t n_sums(const void *of) { return ((const model *)of)->n_sums; }

/* Pieces 0, 1, ...: weights and thresholds of the first layer, then of the second. */
static size_t layer_of(size_t number) { return number / 2 + 1; }
static bool of_thresholds(size_t number) { return number % 2 > 0; }

static bool piece(const void *of, size_t number, size_t *from, size_t *n, double *share) {
    const model *m = of;
    size_t l = layer_of(number);
    if (l >= m->n_layers)
        return false;
    size_t weights = m->size[l - 1] * m->size[l];
    *from = m->at[l] + (of_thresholds(number) ? weights : 0);
    *n = of_thresholds(number) ? m->size[l] : weights;
    *share = of_thresholds(number) ? m->p.threshold_share : 1.0;
    return true;
}

static double first_threshold(const model *m, size_t l) {
    double alpha = l == m->n_layers - 1 ? m->p.alpha_output : m->p.alpha;
    return alpha * sqrt(3.0 / (double)m->size[l - 1]);
}

/* Weights uniform within sqrt(3/M) of 0, so that a neuron's have length 1; thresholds alpha sqrt(3/M). */
static void draw(const void *of, uint64_t key, double *learnt) {
    const model *m = of;
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    for (size_t l = 1; l < m->n_layers; l++) {
        size_t weights = m->size[l - 1] * m->size[l];
        double *w = learnt + m->at[l], largest = sqrt(3.0 / (double)m->size[l - 1]);
        pm_stream_start(rng, key, l);
        for (size_t k = 0; k < weights; k++)
            w[k] = largest * (2.0 * gsl_rng_uniform(rng) - 1.0);
        for (size_t i = 0; i < m->size[l]; i++)
            w[weights + i] = first_threshold(m, l);
    }
}

static void room_free(void *of) {
    room *r = of;
    if (!r)
        return;
    for (size_t l = 0; l < PM_IMAGE_LAYERS; l++) {
        free(r->traces.x[l]);
        free(r->traces.error[l]);
        pm_raster_free(&r->spikes[l]);
        pm_impulse_state_free(&r->state[l]);
    }
    free(r->share);
    free(r);
}

static pm_status room_new(const void *of, void **result, pm_error *error) {
    const model *m = of;
    pm_status status = PM_OK;
    room *r = calloc(1, sizeof *r);
    *result = NULL;
    if (!r)
        return pm_fail_memory(error, "the state of a network");
    r->share = malloc(m->size[0] * sizeof *r->share);
    bool good = r->share != NULL;
    for (size_t l = 0; l < m->n_layers && status == PM_OK; l++) {
        r->traces.x[l] = malloc(PM_IMAGE_CHUNK * m->size[l] * sizeof(double));
        r->traces.error[l] = malloc(PM_IMAGE_CHUNK * m->size[l] * sizeof(double));
        good = good && r->traces.x[l] && r->traces.error[l];
        if (l > 0)
            status = pm_impulse_state_new(&r->state[l], m->size[l], error);
    }
    if (status == PM_OK && !good)
        status = pm_fail_memory(error, "the state of a network");
    if (status == PM_OK)
        *result = r;
    else
        room_free(r);
    return status;
}

/* --- forwards ----------------------------------------------------------------------------------------------------- */

/* The first of n cumulative shares above `point`. */
static uint32_t pick(const double *share, size_t n, double point) {
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (share[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    return (uint32_t)low;
}

/* One Poisson process for the image, each spike of which belongs to a pixel with its share of the brightness: the same
 * as one process for each pixel. Instants come from stream 2 number of the key, pixels from stream 2 number + 1. */
static pm_status draw_input(const model *m, room *r, const pm_images *images, size_t i, pm_error *error) {
    const double *pixel = images->pixel + i * m->size[0];
    double total = 0.0, mean = m->p.duration / m->p.input_spikes, t = 0.0;
    for (size_t k = 0; k < m->size[0]; k++)
        r->share[k] = total += pixel[k];
    r->spikes[0].n = 0;
    for (uint64_t batch = 0; total > 0.0; batch++) {
        double step[PM_STREAM_BATCH];
        pm_stream_exponentials(images->key, 2 * images->number[i], batch, step);
        for (uint64_t k = 0; k < PM_STREAM_BATCH; k++) {
            uint32_t bits[4];
            t += mean * step[k];
            if (!(t < m->p.duration))
                return PM_OK;
            pm_philox_block(images->key, 2 * images->number[i] + 1, batch * PM_STREAM_BATCH + k, bits);
            double point = ((double)bits[0] + (double)bits[1] / 4294967296.0) / 4294967296.0 * total;
            pm_status status = pm_raster_append(&r->spikes[0], t, pick(r->share, m->size[0], point), 0.0, error);
            if (status != PM_OK)
                return status;
        }
    }
    return PM_OK;
}

/* The window of a recording is the duration. */
static pm_status take_events(const model *m, room *r, const pm_images *images, size_t i, pm_error *error) {
    const pm_dataset *data = images->recordings;
    pm_status status = PM_OK;
    r->spikes[0].n = 0;
    for (uint64_t k = data->first[images->number[i]]; !status && k < data->first[images->number[i] + 1]; k++)
        status = pm_raster_append(&r->spikes[0], pm_dataset_time(data, k) / images->window * m->p.duration,
                                  data->feature[k], 0.0, error);
    return status;
}

static pm_status forward(const model *m, room *r, const double *learnt, const pm_images *images, size_t i,
                         pm_image_outcome *outcome, pm_error *error) {
    pm_status status = (images->recordings ? take_events : draw_input)(m, r, images, i, error);
    for (size_t l = 1; l < m->n_layers && status == PM_OK; l++) {
        const double *w = learnt + m->at[l];
        pm_impulse layer = {
            m->size[l - 1], m->size[l], m->p.tau, m->p.t_ref, inhibition(m, l), w, w + m->size[l - 1] * m->size[l]};
        status = pm_impulse_run(&layer, &r->state[l], &r->spikes[l - 1], m->p.duration, &r->spikes[l], error);
    }
    for (size_t l = 0; l < m->n_layers && status == PM_OK; l++) {
        outcome->spikes[l] += r->spikes[l].n;
        pm_impulse_traces(&r->spikes[l], m->p.tau, m->p.duration, m->size[l], r->traces.x[l] + i * m->size[l]);
    }
    return status;
}

/* sum_j e_j o_j, where e = o - y. */
static double along(const double *e, uint8_t label, size_t n) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += e[k] * (e[k] + (k == label ? 1.0 : 0.0));
    return sum;
}

/* The output o is the number of spikes n of each neuron over the largest one; loss 1/2 sum (o - y)^2. The guess is the
 * neuron with the most spikes; of several, the one whose potential has come closest to the next. */
static uint8_t judge(const model *m, room *r, const double *learnt, size_t i, uint8_t label,
                     pm_image_outcome *outcome) {
    size_t last = m->n_layers - 1, n = m->size[last], best = 0;
    const double *threshold = learnt + m->at[last] + m->size[last - 1] * n, *u = r->state[last].u;
    double *o = r->traces.error[last] + i * n, most = 1.0, score = -INFINITY;
    memset(o, 0, n * sizeof *o);
    for (size_t k = 0; k < r->spikes[last].n; k++)
        o[r->spikes[last].neuron[k]] += 1.0;
    for (size_t k = 0; k < n; k++) {
        double beyond = u[k] / threshold[k]; /* below 1 but for a neuron that owes a spike */
        double here = o[k] + (beyond < 0.0 ? 0.0 : 0.5 * fmin(beyond, 1.0));
        if (here > score) {
            score = here;
            best = k;
        }
        most = fmax(most, o[k]);
    }
    for (size_t k = 0; k < n; k++) {
        o[k] = o[k] / most - (k == label ? 1.0 : 0.0);
        outcome->loss += 0.5 * o[k] * o[k];
    }
    if (m->p.relative != 0.0)
        o[best] -= along(o, label, n);
    outcome->correct += best == label;
    return (uint8_t)best;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

/* e to lambda, in place, over the n_fired neurons that fired; the others' (of the output layer) stay as they are. */
static void follow_inhibition(double c, size_t n, size_t n_fired, const double *a, double *e) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] > 0.0 ? e[i] : 0.0;
    double common = c / (1.0 + c - (double)n_fired * c) * sum;
    for (size_t i = 0; i < n; i++)
        if (a[i] > 0.0)
            e[i] = (e[i] + common) / (1.0 + c);
}

/* One image in one layer: e becomes delta with the factor of dL/dw; thresholds get their part of the sums. */
static void settle_errors(const model *m, size_t l, const double *threshold, const double *x, const double *a,
                          double *e, double *sums) {
    size_t n_in = m->size[l - 1], n = m->size[l], active = 0, fired = 0;
    double c = inhibition(m, l), all = 0.0, square = 0.0;
    double *threshold_sums = sums + m->at[l] + n_in * n, *fired_sums = sums + m->fired[l];
    bool output = l == m->n_layers - 1, normalise = m->p.normalise != 0.0;
    for (size_t k = 0; k < n_in; k++)
        active += x[k] > 0.0;
    for (size_t i = 0; i < n; i++) {
        fired += a[i] > 0.0;
        fired_sums[i] += a[i] > 0.0;
        all += a[i];
        square += a[i] > 0.0 ? 1.0 / (threshold[i] * threshold[i]) : 0.0;
        e[i] = output || a[i] > 0.0 ? e[i] : 0.0;
    }
    if (m->p.lateral != 0.0 && c != 0.0)
        follow_inhibition(c, n, fired, a, e);
    double gain = !normalise ? 1.0 : output || fired == 0 ? 0.0 : 1.0 / sqrt(square / (double)fired);
    double factor = normalise ? sqrt((double)n / (double)(active > 0 ? active : 1)) : 1.0;
    double threshold_factor = normalise ? 1.0 / sqrt((double)n_in) : 1.0;
    for (size_t i = 0; i < n; i++) {
        e[i] *= factor * (normalise && output ? 1.0 : gain / threshold[i]);
        threshold_sums[i] -= threshold_factor * e[i] * (a[i] - c * (all - a[i]));
    }
}

void pm_lee_backward(const void *of, const double *learnt, const pm_lee_traces *traces, size_t n, double *sums) {
    const model *m = of;
    for (size_t l = m->n_layers - 1; l > 0; l--) {
        size_t n_in = m->size[l - 1], n_out = m->size[l];
        const double *w = learnt + m->at[l];
        double *e = traces->error[l], *below = traces->error[l - 1];
        for (size_t i = 0; i < n; i++)
            settle_errors(m, l, w + n_in * n_out, traces->x[l - 1] + i * n_in, traces->x[l] + i * n_out, e + i * n_out,
                          sums);
        pm_product(n_in, n_out, n, (pm_factor){traces->x[l - 1], n_in, true}, (pm_factor){e, n_out, false}, 1.0,
                   sums + m->at[l], n_out);
        if (l == 1)
            break;
        pm_product(n, n_in, n_out, (pm_factor){e, n_out, false}, (pm_factor){w, n_out, true}, 0.0, below, n_in);
        double factor = m->p.normalise != 0.0 ? sqrt((double)n_in / (double)n_out) : 1.0;
        for (size_t k = 0; k < n * n_in; k++)
            below[k] *= factor;
    }
}

static pm_status run(const void *of, void *in, const double *learnt, const pm_images *images, double *sums,
                     pm_image_outcome *outcome, uint8_t *guess, pm_error *error) {
    const model *m = of;
    room *r = in;
    for (size_t i = 0; i < images->n; i++) {
        pm_status status = forward(m, r, learnt, images, i, outcome, error);
        if (status != PM_OK)
            return status;
        guess[i] = judge(m, r, learnt, i, images->label[i], outcome);
    }
    if (sums)
        pm_lee_backward(m, learnt, &r->traces, images->n, sums);
    return PM_OK;
}

/* The mean, and the penalty of each neuron: d/dw 1/2 lambda e^(beta (|w_i|^2 - 1)) = lambda beta w e^(...). */
static void finish(const void *of, size_t n, const double *learnt, double *sums) {
    const model *m = of;
    for (size_t k = 0; k < m->n_sums; k++)
        sums[k] /= (double)n;
    for (size_t l = 1; l < m->n_layers && m->p.weight_penalty > 0.0; l++) {
        size_t n_in = m->size[l - 1], n_out = m->size[l];
        const double *w = learnt + m->at[l];
        double *g = sums + m->at[l];
        for (size_t i = 0; i < n_out; i++) {
            double square = 0.0;
            for (size_t k = 0; k < n_in; k++)
                square += w[k * n_out + i] * w[k * n_out + i];
            double pull = m->p.weight_penalty * m->p.weight_steepness * pm_exp(m->p.weight_steepness * (square - 1.0));
            for (size_t k = 0; k < n_in; k++)
                g[k * n_out + i] += pull * w[k * n_out + i];
        }
    }
}

/* Thresholds of neurons that fire rise, all fall, so that their mean stays: mean over the batch of rho times (N if the
 * neuron fired, less the number that fired). */
static void settle(const void *of, size_t number, const double *sums, double *learnt) {
    const model *m = of;
    if (!of_thresholds(number))
        return;
    const size_t l = layer_of(number), n_out = m->size[l];
    const double *fired = sums + m->fired[l], lowest = m->p.threshold_floor * first_threshold(m, l);
    double *threshold = learnt + m->at[l] + m->size[l - 1] * n_out, all = 0.0;
    for (size_t i = 0; i < n_out; i++)
        all += fired[i];
    for (size_t i = 0; i < n_out; i++) {
        threshold[i] += m->p.threshold_drift * ((double)n_out * fired[i] - all);
        threshold[i] = threshold[i] > lowest ? threshold[i] : lowest;
    }
}

const pm_image_model pm_image_model_lee = {
    .head = {.name = "lee",
             .help = "backpropagation by membrane potentials with impulse synapses (Lee, Delbruck and Pfeiffer 2016)",
             .source = "J. H. Lee, T. Delbruck and M. Pfeiffer, Frontiers in Neuroscience 10:508, 2016",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(pm_lee_parameters)},
    .of_neuron = "threshold (mV)",
    .create = create,
    .destroy = free,
    .n_learnt = n_learnt,
    .n_sums = n_sums,
    .piece = piece,
    .draw = draw,
    .room_new = room_new,
    .room_free = room_free,
    .run = run,
    .finish = finish,
    .settle = settle,
};
