/* Drawing the synapses of a projection, in the same order as often as wanted. */
#ifndef PM_NET_WALK_H
#define PM_NET_WALK_H

#include "base/random.h"
#include "net/distribution.h"

#include <punctum/network.h>

/* Some synapses in the order in which they were drawn; `target` counts from the first one here, `weight` in pA
 * (impulses: mV), `delay` in ms. */
enum { PM_DRAWN = 256 };
typedef struct pm_drawn {
    size_t n;
    uint32_t source[PM_DRAWN], target[PM_DRAWN];
    double weight[PM_DRAWN], delay[PM_DRAWN];
    uint32_t step[PM_DRAWN]; /* where delays are in steps: the number of each */
} pm_drawn;
typedef void pm_visit(void *user, const pm_drawn *drawn);

/* A walk stays where it was made. */
typedef struct pm_walk {
    const pm_network *network;
    const pm_projection *projection;
    uint32_t n_sources, n_targets;
    uint32_t begin, end; /* targets here */
    uint64_t connect_key, weight_key, delay_key;
    pm_draw weights, delays;
    pm_words connect, weight, delay;
    const uint32_t *twin; /* of each projection: its number among those between the same two populations */
    uint32_t *own_twin;   /* the same, or NULL where it is another walk's */
    uint32_t *degree;     /* of each target, where the number of all synapses is fixed */
    uint32_t *last_drawn; /* of each possible partner: the last `neuron_drawn` that had it */
    size_t n_degree, n_last_drawn;
    uint32_t neuron_drawn; /* counts neurons whose partners are different ones */
    pm_drawn drawn;
    size_t weighed; /* of `drawn` */
    pm_visit *visit;
    void *user;
    bool bare;
} pm_walk;

/* `like`: NULL, or a walk over the same network that is freed later. */
pm_status pm_walk_new(pm_walk *walk, const pm_network *network, const pm_walk *like, pm_error *error);
void pm_walk_free(pm_walk *walk);

/* Goes to a projection whose targets here are [begin, end). */
pm_status pm_walk_begin(pm_walk *walk, size_t projection, uint32_t begin, uint32_t end, pm_error *error);
/* Visits its synapses onto targets here. Every target has them in an order that does not depend on what is here.
 * `bare`: without weights and delays. */
void pm_walk_on(pm_walk *walk, bool bare, pm_visit *visit, void *user);

#endif
