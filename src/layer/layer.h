/* One layer of identical LIF neurons, dense or of patches: the whole input is known, so the layer runs on its own.
 * Times in ms, weights in pA, slopes in mV/ms. */
#ifndef PM_LAYER_LAYER_H
#define PM_LAYER_LAYER_H

#include "layer/delays.h"
#include "math/basis.h"
#include "math/lif.h"

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

/* Spikes of one population, sorted by (time, neuron). slope is dV/dt just before the spike; 0 for inputs. */
typedef struct pm_raster {
    double *time;
    double *slope;
    uint32_t *neuron;
    size_t n, capacity;
} pm_raster;

void pm_raster_free(pm_raster *raster); /* leaves an empty raster behind */
pm_status pm_raster_reserve(pm_raster *raster, size_t n, pm_error *error); /* room for n spikes in all */
pm_status pm_raster_append(pm_raster *raster, double time, uint32_t neuron, double slope, pm_error *error);
pm_status pm_raster_copy(pm_raster *to, const pm_raster *from, pm_error *error);
/* Puts spikes into the order (time, neuron). */
pm_status pm_raster_sort(pm_raster *raster, pm_error *error);

/* From one arrival to the next, or a piece of that way. */
typedef struct pm_layer_step {
    double begin, end; /* ms; equal where several spikes arrive at once */
    uint32_t source;   /* whose spike arrives at the end, or PM_NO_SOURCE */
} pm_layer_step;

enum { PM_LAYER_LANES = 8 };
static const uint32_t PM_NO_SOURCE = UINT32_MAX;

typedef struct pm_layer {
    pm_lif lif;
    size_t n_in, n_out;
    bool once;            /* nothing but first spikes of neurons is wanted; later ones may be missing */
    size_t stride;        /* n_out rounded up to a multiple of PM_LAYER_LANES; the padding of every row is 0 */
    double *weight;       /* pA: weight[source * stride + target] */
    pm_delays delays;     /* borrowed; none in a new layer */
    const double *V_th;   /* mV, of each neuron, above its potentials at rest and after a reset; borrowed; NULL: that of
                             `lif`. Needs receptors */
    double *scratch;      /* state arrays of a run */
    uint32_t *flagged;    /* neurons that may cross in the present interval */
    pm_layer_step *steps; /* of the present run */
    size_t n_steps, step_capacity;
    pm_basis_table basis;                 /* of every step */
    pm_delayed_list origins;              /* with delays: the arrivals of the last run, or of its last target */
    pm_raster shifted;                    /* the same where all targets of a source share its delay */
    struct pm_layer_receptors *receptors; /* layer_receptors.h; NULL: one, that of `lif` */
    struct pm_layer_patched *patched;     /* layer_patched.h; NULL: dense */
} pm_layer;

/* The threshold of a neuron above E_L, mV. */
static inline double pm_layer_theta(const pm_layer *layer, size_t neuron) {
    return layer->V_th ? layer->V_th[neuron] - layer->lif.E_L : layer->lif.theta;
}

/* A layer with weights of 0. Errors: PM_NO_MEMORY. */
pm_status pm_layer_new(pm_layer *layer, const pm_lif *lif, size_t n_in, size_t n_out, pm_error *error);
void pm_layer_free(pm_layer *layer);

/* Lists the steps of a run up to `duration`; ways from one arrival to the next fall into pieces of that length (ms).
 * Errors: PM_NO_MEMORY. */
pm_status pm_layer_list_steps(pm_layer *layer, const pm_raster *in, double duration, double piece, pm_error *error);

/* Runs the layer from rest over [0, duration) with the given input (sorted by time, sources < n_in) and replaces `out`
 * by its spikes. Errors: PM_FAILED when more than `limit` spikes occur (runaway activity), PM_NO_MEMORY. */
pm_status pm_layer_run(pm_layer *layer, const pm_raster *in, double duration, size_t limit, pm_raster *out,
                       pm_error *error);

#endif
