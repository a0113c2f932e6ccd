/* What a classifier minimises. Each loss is one constant descriptor in a file of its own, and a line in the list below.
 * Times in ms, weights in pA, potentials in mV. */
#ifndef PM_CLASSIFY_LOSS_H
#define PM_CLASSIFY_LOSS_H

#include "base/kind.h"

#include <stdint.h>

typedef struct pm_lane pm_lane;

enum { PM_LOSS_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any loss */

typedef struct pm_loss {
    pm_kind head;
    bool fires;   /* the outputs fire; else they only integrate, and are the lane's `output` */
    bool desired; /* the label's output is to fire a train that is given */
    /* What a lane needs for it (both NULL: nothing). Errors: PM_NO_MEMORY. */
    pm_status (*room_new)(pm_lane *lane, void **room, pm_error *error);
    void (*room_free)(void *room);
    /* The score of every output after the layers that fire have run. Errors: PM_NO_MEMORY. */
    pm_status (*score)(pm_lane *lane, pm_error *error);
    /* The loss of the run, by its scores. */
    double (*value)(const pm_lane *lane, size_t label);
    /* Adds its derivatives: by the weights of an output layer that only integrates to that layer's gradient, by the
     * times of the spikes of the last layer that fires to all below. Errors: PM_NO_MEMORY, PM_FAILED. */
    pm_status (*back)(pm_lane *lane, size_t label, double *const *gradient, pm_error *error);
} pm_loss;

/* All losses, pm_loss_NAME; the first one is the default. */
#define PM_LOSSES(X)                                                                                                   \
    X(maximum)                                                                                                         \
    X(first_spike)                                                                                                     \
    X(discounted)                                                                                                      \
    X(trains)
#define PM_LOSS(name) extern const pm_loss pm_loss_##name;
PM_LOSSES(PM_LOSS)
#undef PM_LOSS

extern const pm_kind *const pm_losses[]; /* their heads; ends with NULL */
static inline const pm_loss *pm_loss_of(const pm_kind *kind) { return (const void *)kind; }

/* What the losses of scores have in common: the cross-entropy of their softmax, -log(exp(z_c) / sum_o exp(z_o)) for
 * the label c. `soften` follows the scores; `slopes` begins the way back with room for dl_dt and dl/dz of every output,
 * NULL where there is no memory. */
void pm_cross_entropy_soften(pm_lane *lane);
double pm_cross_entropy(const pm_lane *lane, size_t label);
double *pm_cross_entropy_slopes(pm_lane *lane, size_t label, pm_error *error);

#endif
