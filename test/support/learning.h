/* Random layered networks, and NormAD applied to them with chosen parameters. Failures end the test. */
#ifndef TEST_SUPPORT_LEARNING_H
#define TEST_SUPPORT_LEARNING_H

#include "rule/rule.h"

#include <gsl/gsl_rng.h>
#include <punctum/neuron.h>

enum { MAX_LAYERS = 3, MAX_SIZE = 16, WEIGHTS = MAX_SIZE * MAX_SIZE };
enum { NONE, PER_LAYER, JOINT, GRAM }; /* normalisations */
enum { PLAIN, PAIRED };                /* errors */

static const double DURATION = 80.0; /* ms */

typedef struct scene {
    pm_layered net;
    pm_raster input;
} scene;

/* A random network of 1 to 3 layers of weights, after its first run; its output neurons fire or not. */
scene scene_new(gsl_rng *rng, size_t n_layers, const pm_neuron *neuron, bool fires);
/* Gives its neurons several receptors, with a part of the sources each, and runs it again. */
void scene_give_receptors(scene *s, const pm_neuron *neuron);
void scene_free(scene *s);
void scene_draw_input(scene *s, gsl_rng *rng);
void scene_run(scene *s);

/* A parameter of the rule by its name. */
typedef struct setting {
    const char *name;
    double value;
} setting;

extern const bool ALL_PLASTIC[MAX_LAYERS];

/* NormAD with these settings and, where they say nothing, without what changes its gradients: nothing recruited, no
 * floor, no window, every event, tau_hat of 10 ms, no damping. plasticity NULL: all layers, at a rate of 1. */
void *rule_new(const pm_layered *net, const pm_plasticity *plasticity, const setting *settings, size_t n);
void rule_gather(void *state, const pm_layered *net, const pm_raster *desired);

/* A change of all weights, in the layout of the weights. */
typedef struct change {
    double layer[MAX_LAYERS][WEIGHTS];
} change;

change rule_settle(void *state, const pm_layered *net);
/* All in one: what the network's last run and the desired output ask for. */
change rule_learn(const pm_layered *net, const pm_raster *desired, const setting *settings, size_t n);
/* The gradient of output neuron o's potential at t (ms), from an event of its own. */
change rule_gradient(pm_layered *net, double t, uint32_t o);

double change_dot(const double *a, const double *b); /* of one layer's changes */
double change_product(const change *a, const change *b);
void change_add(change *to, double factor, const change *c);
/* Equal up to `tolerance` of the elements and of a thousandth of each layer's largest one. */
void change_assert_equal(const change *got, const change *expected, double tolerance);

/* d^_neuron(t) of the spikes at `from` and later, and eps^'(t), summed and computed one by one. */
double kernel_trace(const pm_raster *in, const pm_lif *kernel, uint32_t neuron, double from, double t);
double kernel_slope(const pm_lif *kernel, double t);

#endif
