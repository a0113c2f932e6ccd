#include "learn/errors.h"
#include "learn/rule.h"
#include "learn/sweep.h"

#include <check.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 3, MAX_SIZE = 16, WEIGHTS = MAX_SIZE * MAX_SIZE, WORKSPACE = 500, MAX_EVENTS = 12 };
enum { NONE, PER_LAYER, JOINT, GRAM };
enum { PLAIN, PAIRED };

static const double DURATION = 80.0; /* ms */
static const double TAU_M = 10.0;    /* ms, of the default neuron */

/* --- networks ---------------------------------------------------------------------------------------------------------- */

typedef struct scene {
    pm_layered net;
    pm_raster input;
} scene;

static void scene_free(scene *s) {
    pm_layered_free(&s->net);
    pm_raster_free(&s->input);
}

static void run(scene *s) {
    pm_error error = {0};
    ck_assert_msg(pm_layered_run(&s->net, &s->input, DURATION, 0, &error) == PM_OK, "%s", error.message);
}

static void draw_input(scene *s, gsl_rng *rng) {
    s->input.n = 0;
    for (int k = 0; k < 25; k++) {
        uint32_t neuron = (uint32_t)gsl_rng_uniform_int(rng, s->net.layers[0].n_in);
        ck_assert_int_eq(pm_raster_append(&s->input, DURATION * gsl_rng_uniform(rng), neuron, 0.0, NULL), PM_OK);
    }
    ck_assert_int_eq(pm_raster_sort(&s->input, NULL), PM_OK);
}

/* A random network whose output neurons fire or not. */
static scene scene_new(gsl_rng *rng, size_t n_layers, const pm_neuron *neuron, bool fires) {
    static const size_t shapes[MAX_LAYERS + 1][MAX_LAYERS + 1] = {{0}, {9, 3}, {9, 10, 3}, {9, 10, 11, 3}};
    scene s = {0};
    pm_lif lif = pm_lif_new(neuron);
    ck_assert_int_eq(pm_layered_new(&s.net, &lif, shapes[n_layers], n_layers, NULL), PM_OK);
    double mean = neuron->tau_2 > 0.0 ? 5000.0 : 3000.0; /* pA, of the sum of a few spikes */
    for (size_t l = 0; l < n_layers; l++) {
        pm_layer *layer = &s.net.layers[l];
        double scaled = l == 0 ? mean : 2.0 * mean / sqrt((double)layer->n_in);
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++)
                layer->weight[i * layer->stride + j] = scaled + gsl_ran_gaussian(rng, scaled);
    }
    if (!fires)
        s.net.layers[n_layers - 1].lif.theta = 1e6;
    draw_input(&s, rng);
    run(&s);
    return s;
}

/* Potential (mV above rest) of an output neuron that never fires, from arrival to arrival. */
static double output_potential(const scene *s, double t, uint32_t o) {
    const pm_layer *layer = &s->net.layers[s->net.n_layers - 1];
    const pm_raster *in = &s->net.rasters[s->net.n_layers - 1];
    pm_lif_state state = {0};
    double now = 0.0;
    for (size_t k = 0; k < in->n && in->time[k] < t; k++) {
        state = pm_lif_advance(&layer->lif, &state, in->time[k] - now);
        now = in->time[k];
        pm_lif_arrive(&layer->lif, &state, layer->weight[in->neuron[k] * layer->stride + o]);
    }
    return pm_lif_u(&layer->lif, &state, t - now);
}

/* --- the rule ---------------------------------------------------------------------------------------------------------- */

typedef struct setting {
    const char *name;
    double value;
} setting;

/* NormAD without what changes its gradients: nothing recruited, no floor, no window, every event. */
static void *parameters_new(const setting *settings, size_t n) {
    static const setting bare[] = {{"recruit", 0.0}, {"slope_floor", 1e-12}, {"window", 1e9}, {"most_events", 1e9},
                                   {"errors", PLAIN}, {"tau_hat", 10.0}, {"tau_hat_hidden", 10.0},
                                   {"damping", 0.0}, {"longest_step", 1e300}};
    const pm_learning_rule *rule = &pm_rule_normad;
    enum { BARE = sizeof bare / sizeof *bare };
    void *parameters = malloc(rule->size);
    ck_assert_ptr_nonnull(parameters);
    memcpy(parameters, rule->defaults, rule->size);
    for (size_t k = 0; k < BARE + n; k++) {
        const setting *s = k < BARE ? &bare[k] : &settings[k - BARE];
        bool found = false;
        for (size_t p = 0; p < rule->n_parameters; p++)
            if (strcmp(rule->parameters[p].name, s->name) == 0) {
                *pm_parameter_of(parameters, &rule->parameters[p]) = s->value;
                found = true;
            }
        ck_assert_msg(found, "%s", s->name);
    }
    return parameters;
}

static const bool ALL_PLASTIC[MAX_LAYERS] = {true, true, true};
static const double RATES_OF_1[MAX_LAYERS] = {1.0, 1.0, 1.0};

static void *rule_new(const pm_layered *net, const pm_plasticity *plasticity, const setting *settings, size_t n) {
    static const pm_plasticity plain = {ALL_PLASTIC, RATES_OF_1};
    void *parameters = parameters_new(settings, n), *state = NULL;
    pm_error error = {0};
    pm_status status = pm_rule_normad.create(&state, net, plasticity ? plasticity : &plain, parameters, &error);
    ck_assert_msg(status == PM_OK, "%s", error.message);
    free(parameters);
    return state;
}

/* A change of all weights, in the layout of the weights. */
typedef struct change {
    double layer[MAX_LAYERS][WEIGHTS];
} change;

static change settle(void *state, const pm_layered *net) {
    change c = {0};
    pm_error error = {0};
    double *const layers[MAX_LAYERS] = {c.layer[0], c.layer[1], c.layer[2]};
    ck_assert_msg(pm_rule_normad.settle(state, net, layers, &error) == PM_OK, "%s", error.message);
    return c;
}

static void gather(void *state, const pm_layered *net, const pm_raster *desired) {
    pm_error error = {0};
    ck_assert_msg(pm_rule_normad.gather(state, net, desired, &error) == PM_OK, "%s", error.message);
}

static change learn(const pm_layered *net, const pm_raster *desired, const setting *settings, size_t n) {
    void *state = rule_new(net, NULL, settings, n);
    gather(state, net, desired);
    change c = settle(state, net);
    pm_rule_normad.destroy(state);
    return c;
}

/* The gradient of output neuron o's potential at t, alone. */
static change gradient(pm_layered *net, double t, uint32_t o) {
    static const setting none[] = {{"normalisation", NONE}};
    double slope = 0.0;
    pm_raster desired = {.time = &t, .neuron = &o, .slope = &slope, .n = 1};
    size_t observed = net->rasters[net->n_layers].n;
    net->rasters[net->n_layers].n = 0; /* which would be errors, too */
    change c = learn(net, &desired, none, 1);
    net->rasters[net->n_layers].n = observed;
    return c;
}

static double dot(const double *a, const double *b) {
    double sum = 0.0;
    for (size_t k = 0; k < WEIGHTS; k++)
        sum += a[k] * b[k];
    return sum;
}

static double product(const change *a, const change *b) {
    double sum = 0.0;
    for (size_t l = 0; l < MAX_LAYERS; l++)
        sum += dot(a->layer[l], b->layer[l]);
    return sum;
}

static void add(change *to, double factor, const change *c) {
    for (size_t l = 0; l < MAX_LAYERS; l++)
        for (size_t k = 0; k < WEIGHTS; k++)
            to->layer[l][k] += factor * c->layer[l][k];
}

/* Equal up to `tolerance` of the elements and of a thousandth of each layer's largest one. */
static void assert_equal(const change *got, const change *expected, double tolerance) {
    for (size_t l = 0; l < MAX_LAYERS; l++) {
        double largest = 0.0;
        for (size_t k = 0; k < WEIGHTS; k++)
            largest = fmax(largest, fabs(expected->layer[l][k]));
        for (size_t k = 0; k < WEIGHTS; k++) {
            double value = expected->layer[l][k];
            ck_assert_double_le(fabs(got->layer[l][k] - value), tolerance * (fabs(value) + 1e-3 * largest));
        }
    }
}

/* --- gradients --------------------------------------------------------------------------------------------------------- */

static size_t count_spikes(const pm_layered *net) {
    size_t n = 0;
    for (size_t l = 1; l <= net->n_layers; l++)
        n += net->rasters[l].n;
    return n;
}

static double smallest_slope(const pm_layered *net) {
    double slope = INFINITY;
    for (size_t l = 1; l < net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            slope = fmin(slope, net->rasters[l].slope[k]);
    return slope;
}

/* Central differences of fourth order. False if a spike came or went on the way. */
static bool differences(scene *s, double t, uint32_t o, change *d) {
    static const double step = 0.2; /* pA */
    static const double at[] = {-2.0, -1.0, 1.0, 2.0}, factor[] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
    size_t n = count_spikes(&s->net);
    bool same = true;
    *d = (change){0};
    for (size_t l = 0; l < s->net.n_layers; l++) {
        pm_layer *layer = &s->net.layers[l];
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++) {
                size_t k = i * layer->stride + j;
                double weight = layer->weight[k];
                for (size_t p = 0; p < 4; p++) {
                    layer->weight[k] = weight + at[p] * step;
                    run(s);
                    same = same && count_spikes(&s->net) == n;
                    d->layer[l][k] += factor[p] / step * output_potential(s, t, o);
                }
                layer->weight[k] = weight;
            }
    }
    run(s);
    return same;
}

/* Whether a hidden spike is so close to t that a step of the differences may carry it across. */
static bool is_close(const pm_layered *net, double t) {
    for (size_t l = 1; l < net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            if (fabs(net->rasters[l].time[k] - t) < 0.01)
                return true;
    return false;
}

/* Where every hidden neuron fires at most once (t_ref is longer than the run) and tau_hat is tau_m, the gradient is that of the
 * exact simulation. 1e-6 leaves room for the differences where a spike nearly grazes; slopes below 2 mV/ms are left out. */
START_TEST(gradient_is_exact) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 1e4;
    neuron.tau_2 = _i % 2 ? 0.0 : 1.25;
    size_t n_layers = 1 + (size_t)_i / 2, tested = 0, spikes = 0;
    for (unsigned long seed = 1; seed <= 30; seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, n_layers, &neuron, false);
        double t = DURATION * (0.3 + 0.7 * gsl_rng_uniform(rng));
        uint32_t o = (uint32_t)gsl_rng_uniform_int(rng, 3);
        change expected, got = gradient(&s.net, t, o);
        if (smallest_slope(&s.net) > 2.0 && !is_close(&s.net, t) && differences(&s, t, o, &expected)) {
            assert_equal(&got, &expected, 1e-6);
            tested++;
            spikes += count_spikes(&s.net);
        }
        scene_free(&s);
    }
    gsl_rng_free(rng);
    ck_assert_uint_ge(tested, 8);
    ck_assert_uint_ge(spikes, 5 * tested * (n_layers - 1));
}
END_TEST

static double kernel_slope(const pm_lif *kernel, double t) {
    pm_lif_basis at = pm_lif_basis_at(kernel, t);
    return at.alpha * kernel->inv_C - at.d12 * kernel->l_m;
}

typedef struct rule_values {
    double tau_hat, tau_hat_hidden, slope_floor, window;
} rule_values;

/* The coefficient of hidden spike s of population l (see sweep.h) by recursion through all later spikes. */
static double coefficient(const pm_layered *net, const rule_values *v, size_t l, size_t s, double t, uint32_t o) {
    const pm_raster *own = &net->rasters[l], *up = &net->rasters[l + 1];
    const pm_layer *above = &net->layers[l];
    pm_lif kernel = pm_trace_kernel(&net->layers[0].lif, v->tau_hat_hidden);
    const double *weights = above->weight + own->neuron[s] * above->stride;
    double sum = 0.0, now = own->time[s];
    if (now >= t || t - now > v->window)
        return 0.0;
    if (l + 1 == net->n_layers)
        sum = weights[o] * kernel_slope(&kernel, t - now);
    for (size_t k = 0; l + 1 < net->n_layers && k < up->n; k++)
        if (up->time[k] > now)
            sum += weights[up->neuron[k]] * kernel_slope(&kernel, up->time[k] - now) * coefficient(net, v, l + 1, k, t, o);
    return sum / fmax(own->slope[s], v->slope_floor);
}

static double trace(const pm_raster *in, const pm_lif *kernel, uint32_t neuron, double t) {
    double sum = 0.0;
    for (size_t k = 0; k < in->n && in->time[k] < t; k++)
        if (in->neuron[k] == neuron)
            sum += pm_lif_psp(kernel, t - in->time[k]);
    return sum;
}

static change slow_gradient(const pm_layered *net, const rule_values *v, double t, uint32_t o) {
    change c = {0};
    size_t last = net->n_layers - 1;
    for (size_t l = 0; l <= last; l++) {
        const pm_layer *layer = &net->layers[l];
        const pm_raster *own = &net->rasters[l + 1];
        pm_lif kernel = pm_trace_kernel(&layer->lif, l == last ? v->tau_hat : v->tau_hat_hidden);
        for (uint32_t i = 0; l == last && i < layer->n_in; i++)
            c.layer[l][i * layer->stride + o] = trace(&net->rasters[l], &kernel, i, t);
        for (size_t s = 0; l < last && s < own->n; s++) {
            double factor = coefficient(net, v, l + 1, s, t, o);
            for (uint32_t i = 0; i < layer->n_in; i++)
                c.layer[l][i * layer->stride + own->neuron[s]] +=
                    factor * trace(&net->rasters[l], &kernel, i, own->time[s]);
        }
    }
    return c;
}

/* With many spikes, resets, two kernels, a floor and a window, the sweeps give what the definition in sweep.h does, observed
 * spikes with the sign -1: 1e-10 is the rounding of sums that cancel. */
START_TEST(gradient_by_definition) {
    static const rule_values values[] = {{7.0, 4.0, 9.0, 15.0}, {10.0, 10.0, 1e-12, 1e9}, {5.0, 1.25, 20.0, 40.0}};
    const rule_values *v = &values[_i % 3];
    const setting settings[] = {{"normalisation", NONE}, {"tau_hat", v->tau_hat}, {"tau_hat_hidden", v->tau_hat_hidden},
                                {"slope_floor", v->slope_floor}, {"window", v->window}};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = _i / 3 ? 0.0 : 1.25;
    neuron.t_ref = 4.0;
    neuron.I_e = 300.0;
    for (unsigned long seed = 1; seed <= 6; seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, 1 + seed % 3, &neuron, true);
        const pm_raster *observed = &s.net.rasters[s.net.n_layers];
        pm_raster desired = {0};
        change expected = {0};
        for (int k = 0; k < 4; k++)
            ck_assert_int_eq(pm_raster_append(&desired, DURATION * gsl_rng_uniform(rng), (uint32_t)k % 3, 0.0, NULL), PM_OK);
        ck_assert_int_eq(pm_raster_sort(&desired, NULL), PM_OK);
        for (size_t k = 0; k < desired.n + observed->n; k++) {
            bool wanted = k < desired.n;
            const pm_raster *raster = wanted ? &desired : observed;
            size_t at = wanted ? k : k - desired.n;
            change one = slow_gradient(&s.net, v, raster->time[at], raster->neuron[at]);
            add(&expected, wanted ? 1.0 : -1.0, &one);
        }
        ck_assert_uint_gt(count_spikes(&s.net), 2);
        change got = learn(&s.net, &desired, settings, sizeof settings / sizeof *settings);
        assert_equal(&got, &expected, 1e-10);
        pm_raster_free(&desired);
        scene_free(&s);
    }
    gsl_rng_free(rng);
}
END_TEST

/* --- closed forms ------------------------------------------------------------------------------------------------------ */

typedef struct convolution {
    pm_neuron neuron;
    double tau_hat, t;
    bool derivative; /* of alpha */
} convolution;

static double alpha(const pm_neuron *n, double t, bool derivative) {
    double fast = n->tau_2 > 0.0 ? exp(-t / n->tau_2) : 0.0;
    if (derivative)
        return -exp(-t / n->tau_1) / n->tau_1 + (n->tau_2 > 0.0 ? fast / n->tau_2 : 0.0);
    return exp(-t / n->tau_1) - fast;
}

static double convolved(double s, void *user) {
    const convolution *c = user;
    return alpha(&c->neuron, s, c->derivative) * exp(-(c->t - s) / c->tau_hat) / c->neuron.C_m;
}

/* eps^(t), or its derivative: alpha(0) h^(t) + the convolution of alpha' with h^. */
static double quadrature(const pm_neuron *neuron, double tau_hat, double t, bool derivative) {
    convolution c = {*neuron, tau_hat, t, derivative};
    gsl_function f = {convolved, &c};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(WORKSPACE);
    double integral = 0.0, estimate = 0.0;
    gsl_integration_qag(&f, 0.0, t, 1e-18, 1e-12, WORKSPACE, GSL_INTEG_GAUSS61, w, &integral, &estimate);
    gsl_integration_workspace_free(w);
    return integral + (derivative ? alpha(neuron, 0.0, false) * exp(-t / tau_hat) / neuron->C_m : 0.0);
}

static const double TAU_HATS[] = {1.0, 1.25, 2.0, 4.9999, 5.0, 7.0, 10.0, 100.0}; /* ms; some equal to tau_1 or tau_2 */
enum { N_TAU_HATS = sizeof TAU_HATS / sizeof *TAU_HATS };

static pm_neuron neuron_of_kind(int single) {
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = single ? 0.0 : 1.25;
    neuron.I_e = 500.0; /* is no part of any kernel */
    return neuron;
}

/* Kernel and derivative are the convolutions that define them: 1e-11 of the kernel's largest value so far. */
START_TEST(kernel_by_quadrature) {
    double tau_hat = TAU_HATS[_i % N_TAU_HATS];
    pm_neuron neuron = neuron_of_kind(_i / N_TAU_HATS);
    pm_lif lif = pm_lif_new(&neuron), kernel = pm_trace_kernel(&lif, tau_hat);
    double row[PM_LAYER_LANES] = {0.0, 1.0};
    static const double times[] = {1e-3, 0.1, 1.0, 3.0, 10.0, 30.0, 80.0};
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        double t = times[k], eps = quadrature(&neuron, tau_hat, t, false);
        double slope = quadrature(&neuron, tau_hat, t, true);
        double scale = eps / fmin(t, 1.0) + fabs(slope);
        ck_assert_double_eq_tol(pm_lif_psp(&kernel, t), eps, 1e-11 * eps);
        ck_assert_double_eq_tol(kernel_slope(&kernel, t), slope, 1e-11 * scale);
        pm_traces traces;
        ck_assert_int_eq(pm_traces_new(&traces, &kernel, 2, NULL), PM_OK);
        pm_traces_add(&traces, 1, 1.0);
        pm_traces_advance(&traces, 0.3 * t);
        pm_traces_advance_by(&traces, pm_lif_basis_at(&kernel, 0.7 * t));
        ck_assert_double_eq_tol(traces.u[1], eps, 1e-11 * eps);
        ck_assert_double_eq_tol(pm_traces_slope_dot(&traces, row), slope, 1e-11 * scale);
        ck_assert_double_eq(traces.u[0], 0.0);
        pm_traces_free(&traces);
    }
}
END_TEST

/* The traces d^ of whole trains, as the output layer sees them, are sums of such convolutions: from event to event, at once,
 * and at the instant of a spike, which is not yet in them. */
START_TEST(traces_by_quadrature) {
    enum { INPUTS = 3, SPIKES = 9 };
    static const double spikes[SPIKES] = {0.0, 1.0, 1.0, 4.5, 4.5, 20.0, 20.25, 33.0, 50.0};
    static const double times[] = {0.0, 0.5, 1.0, 4.5, 4.6, 33.0, 49.0, 70.0};
    pm_neuron neuron = neuron_of_kind(_i);
    pm_lif lif = pm_lif_new(&neuron);
    size_t sizes[] = {INPUTS, 1};
    pm_layered net;
    pm_raster in = {0};
    pm_sweep sweep;
    ck_assert_int_eq(pm_layered_new(&net, &lif, sizes, 1, NULL), PM_OK);
    for (uint32_t k = 0; k < SPIKES; k++)
        ck_assert_int_eq(pm_raster_append(&in, spikes[k], k % INPUTS, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(&in, NULL), PM_OK);
    ck_assert_int_eq(pm_layered_run(&net, &in, DURATION, 0, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_new(&sweep, &net, ALL_PLASTIC, 7.0, 3.0, 1.0, 1.0, NULL), PM_OK);
    ck_assert_int_eq(pm_sweep_begin(&sweep, &net, NULL), PM_OK);
    ck_assert_uint_eq(sweep.row, PM_LAYER_LANES);
    for (size_t e = 0; e < sizeof times / sizeof *times; e++) {
        double row[PM_LAYER_LANES], at_once[PM_LAYER_LANES];
        ck_assert_int_eq(pm_sweep_event(&sweep, &net, times[e], 0, row, NULL), PM_OK);
        pm_sweep_trace(&sweep, &net, 0, times[e], at_once);
        for (uint32_t i = 0; i < PM_LAYER_LANES; i++) {
            double expected = 0.0;
            for (size_t k = 0; k < in.n && in.time[k] < times[e]; k++)
                if (in.neuron[k] == i)
                    expected += quadrature(&neuron, 7.0, times[e] - in.time[k], false);
            ck_assert_double_eq_tol(row[i], expected, 1e-11 * expected + 1e-300);
            ck_assert_double_eq_tol(at_once[i], expected, 1e-11 * expected + 1e-300);
        }
    }
    pm_sweep_free(&sweep);
    pm_layered_free(&net);
    pm_raster_free(&in);
}
END_TEST

/* --- steps ------------------------------------------------------------------------------------------------------------- */

typedef struct fixture {
    gsl_rng *rng;
    scene scene;
    pm_raster desired;
    pm_error_events errors;
} fixture;

static fixture fixture_new(unsigned long seed, size_t n_layers, bool fires) {
    fixture f = {.rng = gsl_rng_alloc(gsl_rng_taus2)};
    gsl_rng_set(f.rng, seed);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 15.0;
    f.scene = scene_new(f.rng, n_layers, &neuron, fires);
    for (uint32_t k = 0; k < 5; k++)
        ck_assert_int_eq(pm_raster_append(&f.desired, 35.0 + 9.0 * k, k % 3, 0.0, NULL), PM_OK);
    return f;
}

static void fixture_free(fixture *f) {
    gsl_rng_free(f->rng);
    scene_free(&f->scene);
    pm_raster_free(&f->desired);
    pm_errors_free(&f->errors);
}

/* One event's step has the length of the learning rate: in every layer, or over all layers together; several steps add up, and
 * all lie along the gradients, observed spikes against them. */
START_TEST(normalised_steps) {
    static const setting per_layer[] = {{"normalisation", PER_LAYER}}, joint[] = {{"normalisation", JOINT}};
    for (unsigned long seed = 1; seed <= 5; seed++) {
        fixture f = fixture_new(seed, 3, true);
        pm_layered *net = &f.scene.net;
        change layers_sum = {0}, joint_sum = {0};
        ck_assert_int_eq(pm_errors_plain(&f.errors, &net->rasters[3], &f.desired, NULL), PM_OK);
        ck_assert_uint_gt(f.errors.n, f.desired.n);
        for (size_t e = 0; e < f.errors.n; e++) {
            pm_error_event *event = &f.errors.events[e];
            change g = gradient(net, event->time, event->neuron);
            double slope = 0.0, norm = sqrt(product(&g, &g));
            pm_raster one = {.time = &event->time, .neuron = &event->neuron, .slope = &slope, .n = 1};
            size_t observed = net->rasters[3].n;
            net->rasters[3].n = 0;
            change a = learn(net, &one, per_layer, 1), b = learn(net, &one, joint, 1);
            net->rasters[3].n = observed;
            ck_assert_double_gt(norm, 0.0);
            ck_assert_double_eq_tol(sqrt(product(&b, &b)), 1.0, 1e-12);
            ck_assert_double_eq_tol(product(&b, &g), norm, 1e-12 * norm);
            for (size_t l = 0; l < 3; l++) {
                double part = sqrt(dot(g.layer[l], g.layer[l]));
                ck_assert_double_eq_tol(sqrt(dot(a.layer[l], a.layer[l])), part > 0.0 ? 1.0 : 0.0, 1e-12);
                ck_assert_double_eq_tol(dot(a.layer[l], g.layer[l]), part, 1e-12 * part);
            }
            add(&layers_sum, event->size, &a);
            add(&joint_sum, event->size, &b);
        }
        change together = learn(net, &f.desired, per_layer, 1);
        assert_equal(&together, &layers_sum, 1e-10);
        together = learn(net, &f.desired, joint, 1);
        assert_equal(&together, &joint_sum, 1e-10);
        fixture_free(&f);
    }
}
END_TEST

/* Rates multiply the steps of their layers; layers that are not plastic stay as they are and change nothing for the others. */
START_TEST(rates_and_plasticity) {
    static const double rates[] = {0.5, 2.0, 8.0};
    static const bool plastic[] = {true, false, true};
    static const setting per_layer[] = {{"normalisation", PER_LAYER}};
    fixture f = fixture_new(2, 3, true);
    pm_layered *net = &f.scene.net;
    change plain = learn(net, &f.desired, per_layer, 1);
    void *state = rule_new(net, &(pm_plasticity){plastic, rates}, per_layer, 1);
    gather(state, net, &f.desired);
    change c = settle(state, net), nothing = settle(state, net), zero = {0};
    pm_rule_normad.destroy(state);
    for (size_t l = 0; l < 3; l++)
        for (size_t k = 0; k < WEIGHTS; k++)
            plain.layer[l][k] *= plastic[l] ? rates[l] : 0.0;
    ck_assert_double_gt(dot(c.layer[0], c.layer[0]), 0.0);
    assert_equal(&c, &plain, 1e-12);
    assert_equal(&nothing, &zero, 0.0); /* what was gathered is used up */
    fixture_free(&f);
}
END_TEST

typedef struct gathered {
    change gradients[MAX_EVENTS];
    double sizes[MAX_EVENTS]; /* +-1 or mV */
    size_t n;
} gathered;

/* Gathers the present run, and on the side the gradient of each of its events. */
static void gather_both(fixture *f, void *state, int errors, gathered *all) {
    static const pm_pairing pairing = {.window = 6.0, .step = 10.0, .approach = 0.5, .slope = 1.0};
    pm_layered *net = &f->scene.net;
    const pm_raster *observed = &net->rasters[net->n_layers];
    gather(state, net, &f->desired);
    pm_status status = errors == PLAIN ? pm_errors_plain(&f->errors, observed, &f->desired, NULL)
                                       : pm_errors_paired(&f->errors, observed, &f->desired, 3, &pairing, NULL);
    ck_assert_int_eq(status, PM_OK);
    for (size_t e = 0; e < f->errors.n; e++) {
        const pm_error_event *event = &f->errors.events[e];
        ck_assert_uint_lt(all->n, MAX_EVENTS);
        all->gradients[all->n] = gradient(net, event->time, event->neuron);
        all->sizes[all->n++] = event->size;
    }
}

/* Two patterns, settled together in the norm of these rates. */
static change gram_change(fixture *f, const double *rates, int errors, double longest, gathered *all) {
    const setting settings[] = {{"normalisation", GRAM}, {"errors", errors}, {"pair_window", 6.0}, {"step", 10.0},
                                {"approach", 0.5}, {"pair_slope", 1.0}, {"longest_step", longest}};
    void *state = rule_new(&f->scene.net, &(pm_plasticity){ALL_PLASTIC, rates}, settings, sizeof settings / sizeof *settings);
    f->desired.n = 3;
    f->scene.net.rasters[f->scene.net.n_layers].n = 2; /* few enough events to be independent */
    gather_both(f, state, errors, all);
    draw_input(&f->scene, f->rng);
    run(&f->scene);
    f->desired.n = 2;
    f->scene.net.rasters[f->scene.net.n_layers].n = 2;
    gather_both(f, state, errors, all);
    change c = settle(state, &f->scene.net);
    pm_rule_normad.destroy(state);
    return c;
}

/* A random direction in which no event's potential moves: Gram and Schmidt, twice for the digits. */
static change idle_direction(gsl_rng *rng, const pm_layered *net, const gathered *all) {
    static change basis[MAX_EVENTS];
    change d = {0};
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t k = 0; k < net->layers[l].n_in * net->layers[l].stride; k++)
            d.layer[l][k] = gsl_ran_gaussian(rng, 1.0);
    for (size_t e = 0; e <= all->n; e++) {
        change *x = e < all->n ? &basis[e] : &d;
        if (e < all->n)
            *x = all->gradients[e];
        for (int twice = 0; twice < 2; twice++)
            for (size_t k = 0; k < e; k++)
                add(x, -product(x, &basis[k]), &basis[k]);
        double norm = sqrt(product(x, x));
        change unit = {0};
        add(&unit, 1.0 / norm, x);
        *x = unit;
    }
    return d;
}

static double metric_product(const change *a, const change *b, const double *rates) {
    double sum = 0.0;
    for (size_t l = 0; l < MAX_LAYERS; l++)
        sum += dot(a->layer[l], b->layer[l]) / rates[l];
    return sum;
}

/* The change moves the linearised potentials at all events of all patterns by their sizes, and is the smallest one that does:
 * it has no part in any idle direction, in the norm in which layer l counts 1/rate_l. 1e-8: the Gram matrix squares the condition
 * of the gradients. */
START_TEST(gram) {
    static const double rates[] = {0.25, 1.0, 4.0};
    static gathered all;
    for (unsigned long seed = 1; seed <= 8; seed++) {
        all = (gathered){0};
        fixture f = fixture_new(seed, 1 + seed % 3, true);
        change c = gram_change(&f, rates, _i, 1e300, &all);
        double length = sqrt(metric_product(&c, &c, rates));
        for (size_t e = 0; e < all.n; e++)
            ck_assert_double_eq_tol(product(&all.gradients[e], &c), all.sizes[e], 1e-8 * (1.0 + fabs(all.sizes[e])));
        change idle = idle_direction(f.rng, &f.scene.net, &all);
        for (size_t e = 0; e < all.n; e++)
            ck_assert_double_le(fabs(product(&all.gradients[e], &idle)), 1e-12);
        ck_assert_double_le(fabs(metric_product(&c, &idle, rates)), 1e-8 * length * sqrt(metric_product(&idle, &idle, rates)));
        fixture_free(&f);
        f = fixture_new(seed, 1 + seed % 3, true); /* the same, but no longer than that */
        all = (gathered){0};
        change shorter = gram_change(&f, rates, _i, 0.25 * length, &all), expected = {0};
        add(&expected, 0.25, &c);
        assert_equal(&shorter, &expected, 1e-10);
        fixture_free(&f);
    }
}
END_TEST

/* Where no hidden neuron fires before a desired spike, every hidden potential is raised by `recruit`, `recruit_lag` earlier;
 * where one does, nothing is. */
START_TEST(recruits_silent_layers) {
    static const setting settings[] = {{"recruit", 3.0}, {"recruit_lag", 2.0}, {"recruit_window", 10.0}};
    fixture f = fixture_new(3, 2, false);
    pm_layered *net = &f.scene.net;
    pm_layer *hidden = &net->layers[0];
    pm_lif kernel = pm_trace_kernel(&hidden->lif, TAU_M);
    f.desired.n = 1;
    change fired = learn(net, &f.desired, settings, 0), same = learn(net, &f.desired, settings, 3);
    ck_assert_double_gt(product(&fired, &fired), 0.0);
    assert_equal(&same, &fired, 0.0);
    memset(hidden->weight, 0, hidden->n_in * hidden->stride * sizeof(double));
    run(&f.scene);
    change c = learn(net, &f.desired, settings, 3);
    for (size_t j = 0; j < hidden->n_out; j++) {
        double moved = 0.0;
        for (uint32_t i = 0; i < hidden->n_in; i++)
            moved += c.layer[0][i * hidden->stride + j] * trace(&f.scene.input, &kernel, i, f.desired.time[0] - 2.0);
        ck_assert_double_eq_tol(moved, 3.0, 1e-12);
    }
    ck_assert_double_eq(dot(c.layer[1], c.layer[1]), 0.0);
    fixture_free(&f);
}
END_TEST

Suite *pm_suite_normad(void);
Suite *pm_suite_normad(void) {
    Suite *suite = suite_create("normad");
    TCase *tests = tcase_create("normad");
    tcase_add_loop_test(tests, gradient_is_exact, 0, 2 * MAX_LAYERS);
    tcase_add_loop_test(tests, gradient_by_definition, 0, 6);
    tcase_add_loop_test(tests, kernel_by_quadrature, 0, 2 * N_TAU_HATS);
    tcase_add_loop_test(tests, traces_by_quadrature, 0, 2);
    tcase_add_test(tests, normalised_steps);
    tcase_add_test(tests, rates_and_plasticity);
    tcase_add_loop_test(tests, gram, 0, 2);
    tcase_add_test(tests, recruits_silent_layers);
    suite_add_tcase(suite, tests);
    return suite;
}
