/* Layers whose neurons have several receptors, each with a current of its own: every source reaches all of them over
 * one. */
#ifndef PM_LAYER_LAYER_RECEPTORS_H
#define PM_LAYER_LAYER_RECEPTORS_H

#include "layer/layer_span.h"
#include "math/membrane.h"

#include <punctum/network.h>

/* The sources over a receptor follow one another: first[r] to first[r + 1] - 1 reach the neurons over receptor r. */
typedef struct pm_layer_receptors {
    size_t n;
    size_t first[PM_MEMBRANE_TERMS + 1];
    pm_port ports[PM_MEMBRANE_TERMS];
    pm_membrane membrane;
    double *rows;   /* of every step of a run, or of its last target, one after the other */
    double *states; /* of all neurons */
    double *low;    /* mV: thresholds of all neurons */
    size_t capacity, n_states, n_low;
} pm_layer_receptors;

/* As a number of sources: all of them. */
static const uint32_t PM_ALL_SOURCES = UINT32_MAX;

/* Gives a layer n receptors (currents, no impulses) with so many of its sources each, which together are all of them.
 * Errors: PM_NO_MEMORY. */
pm_status pm_layer_set_receptors(pm_layer *layer, const pm_receptor *receptors, const uint32_t *sources, size_t n,
                                 pm_error *error);
/* The same for neurons as described, with receptors left out that no source reaches them over: one that is but a tau_1
 * and tau_2 becomes that of `lif`, unless neurons have thresholds of their own. */
pm_status pm_layer_divide(pm_layer *layer, const pm_neuron *neuron, const pm_receptor *receptors,
                          const uint32_t *sources, size_t n, pm_error *error);
void pm_layer_receptors_free(pm_layer_receptors *receptors); /* NULL is allowed */

/* As pm_layer_run, for neurons whose state begins with potential u (mV), whose first spikes are there, and the ends of
 * whose refractoriness are at the start of the layer's scratch memory. Delays of axons have been added. */
pm_status pm_layer_run_receptors(pm_layer *layer, const pm_raster *in, double duration, pm_layer_spikes *spikes,
                                 double u, pm_error *error);

/* Where a walk through a layer's input is: a step, of one neuron. */
typedef struct pm_layer_at {
    const pm_layer_step *step;
    const double *row; /* of the step */
    size_t arrival;    /* at its end, if one is: a number of the input as that neuron sees it */
    uint32_t neuron;
} pm_layer_at;

/* What is to be done where u of a neuron may come above low[neuron] (mV), or the neuron is held: from the state x at
 * the beginning of the step, which may be lost, to u at its end, which is given as if nothing happened. */
typedef struct pm_layer_visits {
    const double *low; /* as long as a row of weights */
    pm_status (*visit)(void *context, const pm_layer_at *at, double *x, double *end, pm_error *error);
    void *context;
} pm_layer_visits;

/* Goes through all arrivals and neurons, from potentials u (mV) and the ends of refractoriness at the start of the
 * layer's scratch memory. Errors: PM_NO_MEMORY, and those of visits. */
pm_status pm_layer_walk_receptors(pm_layer *layer, const pm_raster *in, double duration, double u,
                                  const pm_layer_visits *visits, pm_error *error);

/* What a layer has: receptors, 1 or more, and the first source over the one of a number below that; n_in after all. */
static inline size_t pm_layer_n_receptors(const pm_layer *layer) { return layer->receptors ? layer->receptors->n : 1; }
static inline size_t pm_layer_first_source(const pm_layer *layer, size_t receptor) {
    return layer->receptors ? layer->receptors->first[receptor] : receptor * layer->n_in;
}
static inline size_t pm_layer_receptor_of(const pm_layer *layer, size_t source) {
    size_t r = 0;
    while (pm_layer_first_source(layer, r + 1) <= source)
        r++;
    return r;
}

/* The spikes of a layer's input that reach it over one receptor. */
typedef struct pm_layer_part {
    pm_raster spikes;
    size_t *place; /* of each in the whole input */
    size_t capacity;
} pm_layer_part;

void pm_layer_part_free(pm_layer_part *part);
pm_status pm_layer_part_take(pm_layer_part *part, const pm_layer *layer, size_t receptor, const pm_raster *in,
                             pm_error *error);

/* The neuron as if it had but one of its receptors, for all that is linear: its basis counts weights as the receptor
 * does (b is the weight). Not for crossings, whose bounds know differences of exponentials only. */
pm_lif pm_layer_kernel(const pm_layer *layer, size_t receptor);
/* Of a layer with receptors, the same without constant current, with tau_m (ms) in place of the membrane's time
 * constant. */
pm_lif pm_layer_kernel_with(const pm_layer *layer, size_t receptor, double tau_m);

#endif
