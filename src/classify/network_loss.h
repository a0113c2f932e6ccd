/* What a network of any form minimises when it classifies. Each loss is one constant descriptor in a file of its own,
 * and a line in the list below. Times in ms, weights in pA, potentials in mV. */
#ifndef PM_CLASSIFY_NETWORK_LOSS_H
#define PM_CLASSIFY_NETWORK_LOSS_H

#include "base/kind.h"
#include "math/lif.h"

#include <punctum/simulation.h>

enum { PM_NETWORK_LOSS_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any of them */

typedef struct pm_circuit pm_circuit;

/* A synapse onto an output, by its source. */
typedef struct pm_onto {
    size_t number;             /* of the synapse, in gradients */
    const pm_synapse *synapse; /* as it is now */
} pm_onto;

/* What a run gave, and where its derivatives go. */
typedef struct pm_answer {
    const pm_circuit *circuit;
    const void *parameters;   /* of the loss */
    double duration;          /* ms */
    const pm_lif *output;     /* of an output neuron */
    const size_t *first_onto; /* by neuron, numbered through: its synapses onto outputs */
    const pm_onto *onto;
    const pm_spike *spikes; /* of all populations, in order */
    size_t n, n_outputs;
    double *score;  /* z_o */
    size_t *first;  /* of each output: a spike that the loss remembers, SIZE_MAX for none */
    double *dl_dt;  /* of each spike, added to */
    double *weight; /* gradients of all synapses, added to */
    double *delay;
} pm_answer;

typedef struct pm_network_loss {
    pm_kind head;
    bool fires;                                            /* the outputs fire; else they only integrate */
    void (*score)(const pm_answer *a);                     /* z_o of each output; the decision is the largest one */
    void (*back)(const pm_answer *a, const double *dl_dz); /* after score: adds the derivatives */
} pm_network_loss;

/* All of them, pm_network_loss_NAME; the first one is the default. */
#define PM_NETWORK_LOSSES(X)                                                                                           \
    X(potential)                                                                                                       \
    X(earliest)                                                                                                        \
    X(count)
#define PM_NETWORK_LOSS(name) extern const pm_network_loss pm_network_loss_##name;
PM_NETWORK_LOSSES(PM_NETWORK_LOSS)
#undef PM_NETWORK_LOSS

extern const pm_kind *const pm_network_losses[]; /* their heads; ends with NULL */
static inline const pm_network_loss *pm_network_loss_of(const pm_kind *kind) { return (const void *)kind; }

/* A functional of the potential of an output that does not fire: what a spike of weight 1 that arrives at `at` ms adds
 * to it, and by how much that grows as it arrives later, per ms. */
typedef double pm_view(const pm_answer *a, double at, double *slope);
/* Adds the functional of every output to sum[]. */
void pm_view_sum(const pm_answer *a, pm_view *view, double *sum);
/* Adds the derivatives of a loss whose derivatives by the functionals are dl_dv[]; outputs with 0 are left out. */
void pm_view_back(const pm_answer *a, pm_view *view, const double *dl_dv);

/* An end of a window that the experiment leaves to the duration. */
static inline double pm_window_end(const pm_answer *a, double to) { return to < a->duration ? to : a->duration; }

#endif
