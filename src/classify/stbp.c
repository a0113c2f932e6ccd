/* STBP: spatio-temporal backpropagation (Y. Wu, L. Deng, G. Li, J. Zhu and L. Shi, Front. Neurosci. 12:331, 2018).
 *
 * Neurons live on a grid of T steps. With o the spikes of a layer (0 or 1), x those of the layer below:
 *
 *     u(t) = u(t-1) f(o(t-1)) + W x(t) + b,    o(t) = 1 if u(t) >= threshold, else 0,    f(o) = decay e^{-o/decay}
 *
 * or, linear, f(o) = decay (1 - o). Loss of one image: 1/2 sum over outputs (y - mean over t of o(t))^2, y the label's
 * unit vector. Backwards, with the step's derivative replaced by a rectangle of area 1,
 * h(u) = 1/width if |u - threshold| < width/2, else 0:
 *
 *     dL/do(t) = W^T dL/du(t) of the layer above (output: (mean of o - y)/T) + dL/du(t+1) u(t) f'(o(t))
 *     dL/du(t) = dL/do(t) h(u(t)) + dL/du(t+1) f(o(t)),    dL/dW = sum over t of dL/du(t) x(t)^T
 *
 * `gradient: space` leaves the terms with dL/du(t+1) out.
 *
 * A layer's input over all time is known before it starts, so all steps of all images are the rows of one matrix, step
 * after step, and each layer is one product forwards and two backwards. Invariant: row t * n + i belongs to step t of
 * image i of n. */
#include "classify/stbp.h"

#include "base/random.h"
#include "base/simd.h"
#include "math/draw.h"
#include "math/exponential.h"
#include "math/product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const inputs[] = {"rate", "current", NULL};
static const char *const resets[] = {"exponential", "linear", NULL};
static const char *const spikes[] = {"step", "ramp", NULL};
static const char *const gradients[] = {"space_time", "space", NULL};

static const pm_field fields[] = {
    {"steps", "", "time steps for which an image is shown", offsetof(pm_stbp_parameters, steps), 20.0,
     .bounds = {1.0, 1000.0, PM_CLOSED}, .type = PM_WHOLE},
    {"decay", "", "share of the potential that is left after a step", offsetof(pm_stbp_parameters, decay), 0.2,
     .bounds = {0.0, 1.0, PM_BOTH_OPEN}},
    {"threshold", "", "potential at which a neuron fires", offsetof(pm_stbp_parameters, threshold), 0.5,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"width", "", "width of the rectangle that stands for the derivative of a spike",
     offsetof(pm_stbp_parameters, width), 1.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"norm", "", "Euclidean length of a neuron's initial weights", offsetof(pm_stbp_parameters, norm), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"input", "",
     "rate: a pixel fires in each step with its brightness as probability; current: its brightness is a "
     "constant current; a recording's events are spikes",
     offsetof(pm_stbp_parameters, input), PM_STBP_RATE, .words = inputs},
    {"reset", "", "f(o): exponential, decay e^{-o/decay}; linear, decay (1 - o)", offsetof(pm_stbp_parameters, reset),
     PM_STBP_LINEAR, .words = resets},
    {"spike", "", "step: spikes; ramp: the rectangle's integral in their place, whose derivative is the true one",
     offsetof(pm_stbp_parameters, spike), PM_STBP_STEP, .words = spikes},
    {"gradient", "", "space_time: errors go back through layers and steps; space: through layers only",
     offsetof(pm_stbp_parameters, gradient), PM_STBP_SPACE_TIME, .words = gradients},
};

/* learnt: for each layer its weights, weight[source * n_out + target], then its biases */
typedef struct model {
    pm_stbp_parameters p;
    size_t steps, n_layers; /* the input included */
    size_t size[PM_IMAGE_LAYERS];
    size_t at[PM_IMAGE_LAYERS]; /* where the weights of a layer begin */
    size_t n_learnt;
} model;

/* rows are steps x images; the pixels of a constant current are one step */
typedef struct room {
    double *o[PM_IMAGE_LAYERS];  /* spikes; of layer 0: the input */
    double *u[PM_IMAGE_LAYERS];  /* potentials */
    double *du[PM_IMAGE_LAYERS]; /* dL/du */
    double *d_o;                 /* dL/do of the layer at hand */
    double *zero;                /* the step before the first one and after the last one */
} room;

static size_t input_steps(const model *m) { return m->p.input == PM_STBP_RATE ? m->steps : 1; }

/* --- setting up --------------------------------------------------------------------------------------------------- */

static pm_status create(void **result, const uint32_t *sizes, size_t n_layers, const void *parameters,
                        pm_error *error) {
    const pm_stbp_parameters *p = parameters;
    *result = NULL;
    model *m = calloc(1, sizeof *m);
    if (!m)
        return pm_fail_memory(error, "a network");
    *m = (model){.p = *p, .steps = (size_t)p->steps, .n_layers = n_layers};
    for (size_t l = 0; l < n_layers; l++) {
        m->size[l] = sizes[l];
        if (l == 0)
            continue;
        m->at[l] = m->n_learnt;
        m->n_learnt += (m->size[l - 1] + 1) * m->size[l];
    }
    *result = m;
    return PM_OK;
}

static size_t n_learnt(const void *of) { return ((const model *)of)->n_learnt; }

/* Normal draws, scaled for each neuron to the length `norm`; biases 0. */
static void draw(const void *of, uint64_t key, double *learnt) {
    const model *m = of;
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    for (size_t l = 1; l < m->n_layers; l++) {
        size_t n_in = m->size[l - 1], n_out = m->size[l];
        double *w = learnt + m->at[l];
        for (size_t i = 0; i < n_out; i++) {
            double square = 0.0;
            pm_stream_start(rng, key, ((uint64_t)l << 32) + i);
            for (size_t j = 0; j < n_in; j++) {
                w[j * n_out + i] = pm_draw_normal(rng, 1.0);
                square += w[j * n_out + i] * w[j * n_out + i];
            }
            for (size_t j = 0; j < n_in; j++)
                w[j * n_out + i] *= m->p.norm / sqrt(square);
            w[n_in * n_out + i] = 0.0;
        }
    }
}

static void room_free(void *of) {
    room *r = of;
    if (!r)
        return;
    for (size_t l = 0; l < PM_IMAGE_LAYERS; l++) {
        free(r->o[l]);
        free(r->u[l]);
        free(r->du[l]);
    }
    free(r->d_o);
    free(r->zero);
    free(r);
}

static pm_status room_new(const void *of, void **result, pm_error *error) {
    const model *m = of;
    room *r = calloc(1, sizeof *r);
    size_t rows = m->steps * PM_IMAGE_CHUNK, widest = 1;
    *result = NULL;
    if (!r)
        return pm_fail_memory(error, "the state of a network");
    bool good = (r->o[0] = malloc(input_steps(m) * PM_IMAGE_CHUNK * m->size[0] * sizeof *r->o[0])) != NULL;
    for (size_t l = 1; l < m->n_layers; l++) {
        size_t bytes = rows * m->size[l] * sizeof(double);
        widest = m->size[l] > widest ? m->size[l] : widest;
        r->o[l] = malloc(bytes);
        r->u[l] = malloc(bytes);
        r->du[l] = malloc(bytes);
        good = good && r->o[l] && r->u[l] && r->du[l];
    }
    r->d_o = malloc(rows * widest * sizeof *r->d_o);
    r->zero = calloc(PM_IMAGE_CHUNK * widest, sizeof *r->zero);
    if (!good || !r->d_o || !r->zero) {
        room_free(r);
        return pm_fail_memory(error, "the state of a network");
    }
    *result = r;
    return PM_OK;
}

/* --- forwards ----------------------------------------------------------------------------------------------------- */

/* An event is a spike in the step of its share of the window; more of a pixel in one step are one. */
static uint64_t take_events(const model *m, const pm_images *images, double *x) {
    const pm_dataset *data = images->recordings;
    size_t n_in = m->size[0], n = images->n;
    uint64_t count = 0;
    memset(x, 0, m->steps * n * n_in * sizeof *x);
    for (size_t i = 0; i < n; i++)
        for (uint64_t k = data->first[images->number[i]]; k < data->first[images->number[i] + 1]; k++) {
            size_t t = (size_t)(pm_dataset_time(data, k) / images->window * (double)m->steps);
            double *spike = x + ((t < m->steps ? t : m->steps - 1) * n + i) * n_in + data->feature[k];
            count += *spike == 0.0;
            *spike = 1.0;
        }
    return count;
}

/* Four steps of one pixel share a block of the stream of the image; dark pixels draw nothing. */
static uint64_t draw_input(const model *m, const pm_images *images, double *x) {
    const double full = 4294967296.0;
    size_t n_in = m->size[0], n = images->n, blocks = (m->steps + 3) / 4;
    uint64_t count = 0;
    memset(x, 0, m->steps * n * n_in * sizeof *x);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n_in; k++) {
            double bright = images->pixel[i * n_in + k] * full;
            for (size_t b = 0; b < blocks && bright > 0.0; b++) {
                uint32_t bits[4];
                pm_philox_block(images->key, images->number[i], k * blocks + b, bits);
                for (size_t t = 4 * b; t < 4 * b + 4 && t < m->steps; t++)
                    if ((double)bits[t % 4] < bright) {
                        x[(t * n + i) * n_in + k] = 1.0;
                        count++;
                    }
            }
        }
    return count;
}

/* One step of n neurons: u holds the input on entry, the potential on exit; u_before, o_before: the step before. */
PM_SIMD static void step(const pm_stbp_parameters *p, size_t n, const double *restrict u_before,
                         const double *restrict o_before, double *restrict u, double *restrict o) {
    const double decay = p->decay, threshold = p->threshold;
    for (size_t k = 0; k < n; k++) {
        u[k] += u_before[k] * (decay * (1.0 - o_before[k]));
        o[k] = u[k] >= threshold ? 1.0 : 0.0;
    }
}

/* The same for the other choices of parameters. */
PM_SIMD static void step_other(const pm_stbp_parameters *p, size_t n, const double *u_before, const double *o_before,
                               double *u, double *o) {
    for (size_t k = 0; k < n; k++) {
        double left = p->reset == PM_STBP_LINEAR ? 1.0 - o_before[k] : pm_exponential_at(-o_before[k] / p->decay).e;
        u[k] += u_before[k] * (p->decay * left);
        double ramp = (u[k] - p->threshold) / p->width + 0.5;
        if (p->spike == PM_STBP_STEP)
            o[k] = u[k] >= p->threshold ? 1.0 : 0.0;
        else
            o[k] = ramp < 0.0 ? 0.0 : ramp > 1.0 ? 1.0 : ramp;
    }
}

static void forward_layer(const model *m, room *r, const double *learnt, size_t l, size_t n) {
    size_t n_in = m->size[l - 1], n_out = m->size[l], steps_in = l == 1 ? input_steps(m) : m->steps;
    const double *w = learnt + m->at[l], *bias = w + n_in * n_out;
    double *u = r->u[l], *o = r->o[l];
    bool usual = m->p.reset == PM_STBP_LINEAR && m->p.spike == PM_STBP_STEP;
    pm_product(steps_in * n, n_out, n_in, (pm_factor){r->o[l - 1], n_in, false}, (pm_factor){w, n_out, false}, 0.0, u,
               n_out);
    for (size_t row = 0; row < steps_in * n; row++)
        for (size_t i = 0; i < n_out; i++)
            u[row * n_out + i] += bias[i];
    for (size_t t = steps_in; t < m->steps; t++)
        memcpy(u + t * n * n_out, u, n * n_out * sizeof *u);
    const double *u_before = r->zero, *o_before = r->zero;
    for (size_t t = 0; t < m->steps; t++) {
        size_t now = t * n * n_out;
        (usual ? step : step_other)(&m->p, n * n_out, u_before, o_before, u + now, o + now);
        u_before = u + now;
        o_before = o + now;
    }
}

/* Losses, guesses and, into r->d_o, dL/do of the output layer. */
static void judge(const model *m, room *r, const pm_images *images, pm_image_outcome *outcome, uint8_t *guess) {
    size_t last = m->n_layers - 1, n_out = m->size[last], n = images->n;
    double scale = 1.0 / (double)m->steps;
    for (size_t i = 0; i < n; i++) {
        double best = -1.0;
        for (size_t k = 0; k < n_out; k++) {
            double rate = 0.0;
            for (size_t t = 0; t < m->steps; t++)
                rate += r->o[last][(t * n + i) * n_out + k];
            rate *= scale;
            double off = rate - (k == images->label[i] ? 1.0 : 0.0);
            outcome->loss += 0.5 * off * off;
            for (size_t t = 0; t < m->steps; t++)
                r->d_o[(t * n + i) * n_out + k] = off * scale;
            if (rate > best) {
                best = rate;
                guess[i] = (uint8_t)k;
            }
        }
        outcome->correct += guess[i] == images->label[i];
    }
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

/* One step of n neurons: from dL/do by way of the layer above to dL/du. du_after is that of the next step. */
PM_SIMD static void step_back(const pm_stbp_parameters *p, size_t n, const double *restrict du_after,
                              const double *restrict d_o, const double *restrict u, const double *restrict o,
                              double *restrict du) {
    const double decay = p->decay, threshold = p->threshold, half = 0.5 * p->width, height = 1.0 / p->width;
    for (size_t k = 0; k < n; k++) {
        double spike = d_o[k] - du_after[k] * (u[k] * decay);
        double h = fabs(u[k] - threshold) < half ? height : 0.0;
        du[k] = spike * h + du_after[k] * (decay * (1.0 - o[k]));
    }
}

PM_SIMD static void step_back_other(const pm_stbp_parameters *p, size_t n, const double *du_after, const double *d_o,
                                    const double *u, const double *o, double *du) {
    for (size_t k = 0; k < n; k++) {
        double left =
            p->reset == PM_STBP_LINEAR ? p->decay * (1.0 - o[k]) : p->decay * pm_exponential_at(-o[k] / p->decay).e;
        double slope = p->reset == PM_STBP_LINEAR ? -p->decay : -pm_exponential_at(-o[k] / p->decay).e;
        double spike = d_o[k] + du_after[k] * u[k] * slope;
        double h = fabs(u[k] - p->threshold) < 0.5 * p->width ? 1.0 / p->width : 0.0;
        du[k] = spike * h + du_after[k] * left;
    }
}

/* From r->d_o to r->du[l], and from there to the sums and to dL/do of the layer below, again in r->d_o. */
static void backward_layer(const model *m, room *r, const double *learnt, size_t l, size_t n, double *sums) {
    size_t n_in = m->size[l - 1], n_out = m->size[l], block = n * n_out, rows = m->steps * n;
    double *du = r->du[l], *dw = sums + m->at[l], *db = dw + n_in * n_out;
    const double *after = r->zero;
    bool linear = m->p.reset == PM_STBP_LINEAR;
    for (size_t t = m->steps; t-- > 0;) {
        size_t now = t * block;
        (linear ? step_back : step_back_other)(&m->p, block, after, r->d_o + now, r->u[l] + now, r->o[l] + now,
                                               du + now);
        after = m->p.gradient == PM_STBP_SPACE_TIME ? du + now : r->zero;
    }
    if (l > 1)
        pm_product(rows, n_in, n_out, (pm_factor){du, n_out, false}, (pm_factor){learnt + m->at[l], n_out, true}, 0.0,
                   r->d_o, n_in);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < n_out; i++)
            db[i] += du[row * n_out + i];
    if (l == 1 && input_steps(m) == 1) { /* the same input in every step */
        for (size_t k = block; k < m->steps * block; k++)
            du[k % block] += du[k];
        rows = n;
    }
    pm_product(n_in, n_out, rows, (pm_factor){r->o[l - 1], n_in, true}, (pm_factor){du, n_out, false}, 1.0, dw, n_out);
}

static uint64_t count(const double *o, size_t n) {
    uint64_t total = 0;
    for (size_t k = 0; k < n; k++)
        total += o[k] > 0.5;
    return total;
}

static pm_status run(const void *of, void *in, const double *learnt, const pm_images *images, double *sums,
                     pm_image_outcome *outcome, uint8_t *guess, pm_error *error) {
    const model *m = of;
    room *r = in;
    if (images->recordings && m->p.input != PM_STBP_RATE)
        return pm_fail(error, PM_INVALID, "model.stbp.input: current is for intensities; recordings are spikes");
    if (images->recordings)
        outcome->spikes[0] += take_events(m, images, r->o[0]);
    else if (m->p.input == PM_STBP_RATE)
        outcome->spikes[0] += draw_input(m, images, r->o[0]);
    else
        memcpy(r->o[0], images->pixel, images->n * m->size[0] * sizeof *r->o[0]);
    for (size_t l = 1; l < m->n_layers; l++) {
        forward_layer(m, r, learnt, l, images->n);
        outcome->spikes[l] += count(r->o[l], m->steps * images->n * m->size[l]);
    }
    judge(m, r, images, outcome, guess);
    for (size_t l = m->n_layers - 1; l > 0 && sums; l--)
        backward_layer(m, r, learnt, l, images->n, sums);
    return PM_OK;
}

static void finish(const void *of, size_t n, const double *learnt, double *sums) {
    const model *m = of;
    (void)learnt;
    for (size_t k = 0; k < m->n_learnt; k++)
        sums[k] /= (double)n;
}

const pm_image_model pm_image_model_stbp = {
    .head = {.name = "stbp",
             .help = "backpropagation through space and time on a grid of time steps (Wu et al. 2018)",
             .source = "Y. Wu, L. Deng, G. Li, J. Zhu and L. Shi, Frontiers in Neuroscience 12:331, 2018",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(pm_stbp_parameters)},
    .of_neuron = "bias",
    .create = create,
    .destroy = free,
    .n_learnt = n_learnt,
    .n_sums = n_learnt,
    .draw = draw,
    .room_new = room_new,
    .room_free = room_free,
    .run = run,
    .finish = finish,
};
