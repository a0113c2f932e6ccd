/* Models of synapses: what the spikes of a neuron do to the weights with which they are delivered. Each is one constant
 * descriptor in a file of its own, from which the keys of network files and the checks come. Like a kernel it says its
 * equation twice: in closed form for the engine, and as the paper writes it for time-stepped simulation and tests.
 *
 * A state belongs to a group of synapses, which have source, delay and parameters in common: so it is a function of the
 * source's spikes, and a synapse costs nothing of its own. A spike at t finds what those before it have left, whatever
 * the delay. */
#ifndef PM_MODEL_SYNAPSE_H
#define PM_MODEL_SYNAPSE_H

#include "base/kind.h"

#include <punctum/network.h>

enum { PM_SYNAPSE_PARAMETERS = 8, PM_SYNAPSE_WIDTH = 4 /* numbers of a state, at most */ };

typedef struct pm_synapse_model {
    pm_kind kind; /* its fields are of pm_projection.synapse_parameters */
    size_t width; /* numbers of a state; 0: weights are delivered as they are, and nothing of the following is there */
    /* The state before the first spike, up to which it does not change. */
    void (*start)(const double *parameters, double *state);
    /* A spike: the factor of the weight that is delivered, finite and not negative, and the state just after. `first`:
     * the state is that of start. */
    double (*spike)(const double *parameters, bool first, double *state);
    /* Between spikes: over h >= 0 ms, in closed form; and as the paper writes it, per ms. */
    void (*advance)(const double *parameters, double h, double *state);
    void (*derivative)(const double *parameters, const double *state, double *dydt);
    /* Whether numbers that were read can be a state. */
    bool (*is_sound)(const double *parameters, const double *state);
} pm_synapse_model;

/* All models, pm_synapse_NAME. */
#define PM_SYNAPSE_MODELS(X) X(static) X(tsodyks)
#define PM_SYNAPSE_MODEL(name) extern const pm_synapse_model pm_synapse_##name;
PM_SYNAPSE_MODELS(PM_SYNAPSE_MODEL)
#undef PM_SYNAPSE_MODEL

extern const pm_kind *const pm_synapse_kinds[]; /* their heads; ends with NULL */

/* Static synapses where a projection names no model. */
static inline const pm_synapse_model *pm_projection_model(const pm_projection *projection) {
    return projection->synapse ? projection->synapse : &pm_synapse_static;
}

#endif
