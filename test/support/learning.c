/* What the tests of learning share: everything here is slow and direct, nothing is carried from one call to the next.
 */
#include "support/learning.h"

#include "layer/layer_receptors.h"
#include "model/kernel.h"
#include "model/neuron.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void scene_free(scene *s) {
    pm_layered_free(&s->net);
    pm_raster_free(&s->input);
}

void scene_run(scene *s) {
    pm_error error = {0};
    ck_assert_msg(pm_layered_run(&s->net, &s->input, DURATION, 0, &error) == PM_OK, "%s", error.message);
}

void scene_draw_input(scene *s, gsl_rng *rng) {
    s->input.n = 0;
    for (int k = 0; k < 25; k++) {
        uint32_t neuron = (uint32_t)gsl_rng_uniform_int(rng, s->net.layers[0].n_in);
        ck_assert_int_eq(pm_raster_append(&s->input, DURATION * gsl_rng_uniform(rng), neuron, 0.0, NULL), PM_OK);
    }
    ck_assert_int_eq(pm_raster_sort(&s->input, NULL), PM_OK);
}

scene scene_new(gsl_rng *rng, size_t n_layers, const pm_neuron *neuron, bool fires) {
    static const size_t shapes[MAX_LAYERS + 1][MAX_LAYERS + 1] = {{0}, {9, 3}, {9, 10, 3}, {9, 10, 11, 3}};
    scene s = {0};
    pm_lif lif = pm_lif_of_neuron(neuron);
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
    scene_draw_input(&s, rng);
    scene_run(&s);
    return s;
}

void scene_give_receptors(scene *s, const pm_neuron *neuron) {
    const pm_receptor receptors[] = {{.kernel = &pm_kernel_alpha, .parameters = {3.0}},
                                     pm_receptor_of_neuron(neuron),
                                     {.kernel = &pm_kernel_double_exponential, .parameters = {14.0, 0.5}, .peak = true},
                                     {.kernel = &pm_kernel_exponential, .parameters = {8.0}}};
    for (size_t l = 0; l < s->net.n_layers; l++) {
        for (size_t k = 0; k < s->net.layers[l].n_in * s->net.layers[l].stride; k++)
            s->net.layers[l].weight[k] *= 0.4; /* these currents carry more */
        const uint32_t part = (uint32_t)s->net.layers[l].n_in / 4, rest = (uint32_t)s->net.layers[l].n_in - 3 * part;
        const uint32_t sources[] = {part, rest, part, part};
        ck_assert_int_eq(pm_layer_set_receptors(&s->net.layers[l], receptors, sources, 4, NULL), PM_OK);
    }
    scene_run(s);
}

/* NormAD without what changes its gradients: nothing recruited, no floor, no window, every event. */
static void *parameters_new(const setting *settings, size_t n) {
    static const setting bare[] = {{"recruit", 0.0},         {"slope_floor", 1e-12}, {"window", 1e9},
                                   {"most_events", 1e9},     {"errors", PLAIN},      {"tau_hat", 10.0},
                                   {"tau_hat_hidden", 10.0}, {"damping", 0.0},       {"longest_step", 1e300}};
    const pm_learning_rule *rule = &pm_rule_normad;
    enum { BARE = sizeof bare / sizeof *bare };
    void *parameters = malloc(rule->head.size);
    ck_assert_ptr_nonnull(parameters);
    pm_kind_preset(&rule->head, parameters);
    for (size_t k = 0; k < BARE + n; k++) {
        const setting *s = k < BARE ? &bare[k] : &settings[k - BARE];
        const pm_field *field = pm_kind_field(&rule->head, s->name);
        ck_assert_msg(field != NULL, "%s", s->name);
        pm_field_set(field, parameters, s->value);
    }
    return parameters;
}

const bool ALL_PLASTIC[MAX_LAYERS] = {true, true, true};
static const double RATES_OF_1[MAX_LAYERS] = {1.0, 1.0, 1.0};

void *rule_new(const pm_layered *net, const pm_plasticity *plasticity, const setting *settings, size_t n) {
    static const pm_plasticity plain = {ALL_PLASTIC, RATES_OF_1};
    void *parameters = parameters_new(settings, n), *state = NULL;
    pm_error error = {0};
    pm_status status = pm_rule_new(&pm_rule_normad, net, plasticity ? plasticity : &plain, parameters, &state, &error);
    ck_assert_msg(status == PM_OK, "%s", error.message);
    free(parameters);
    return state;
}

change rule_settle(void *state, const pm_layered *net) {
    change c = {0};
    pm_error error = {0};
    double *const layers[MAX_LAYERS] = {c.layer[0], c.layer[1], c.layer[2]};
    ck_assert_msg(pm_rule_normad.settle(state, net, layers, &error) == PM_OK, "%s", error.message);
    return c;
}

void rule_gather(void *state, const pm_layered *net, const pm_raster *desired) {
    pm_error error = {0};
    ck_assert_msg(pm_rule_normad.gather(state, net, desired, &error) == PM_OK, "%s", error.message);
}

change rule_learn(const pm_layered *net, const pm_raster *desired, const setting *settings, size_t n) {
    void *state = rule_new(net, NULL, settings, n);
    rule_gather(state, net, desired);
    change c = rule_settle(state, net);
    pm_rule_free(&pm_rule_normad, state);
    return c;
}

change rule_gradient(pm_layered *net, double t, uint32_t o) {
    static const setting none[] = {{"normalisation", NONE}};
    double slope = 0.0;
    pm_raster desired = {.time = &t, .neuron = &o, .slope = &slope, .n = 1};
    size_t observed = net->rasters[net->n_layers].n;
    net->rasters[net->n_layers].n = 0; /* which would be errors, too */
    change c = rule_learn(net, &desired, none, 1);
    net->rasters[net->n_layers].n = observed;
    return c;
}

double change_dot(const double *a, const double *b) {
    double sum = 0.0;
    for (size_t k = 0; k < WEIGHTS; k++)
        sum += a[k] * b[k];
    return sum;
}

double change_product(const change *a, const change *b) {
    double sum = 0.0;
    for (size_t l = 0; l < MAX_LAYERS; l++)
        sum += change_dot(a->layer[l], b->layer[l]);
    return sum;
}

void change_add(change *to, double factor, const change *c) {
    for (size_t l = 0; l < MAX_LAYERS; l++)
        for (size_t k = 0; k < WEIGHTS; k++)
            to->layer[l][k] += factor * c->layer[l][k];
}

void change_assert_equal(const change *got, const change *expected, double tolerance) {
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

double kernel_trace(const pm_raster *in, const pm_lif *kernel, uint32_t neuron, double from, double t) {
    double sum = 0.0;
    for (size_t k = 0; k < in->n && in->time[k] < t; k++)
        if (in->neuron[k] == neuron && in->time[k] >= from)
            sum += pm_lif_psp(kernel, t - in->time[k]);
    return sum;
}

double kernel_slope(const pm_lif *kernel, double t) {
    pm_lif_basis at = pm_lif_basis_at(kernel, t);
    return at.alpha * kernel->inv_C - at.d12 * kernel->l_m;
}
