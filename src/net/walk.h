/* Drawing the synapses of a projection, in the same order as often as wanted. */
#ifndef PM_NET_WALK_H
#define PM_NET_WALK_H

#include "base/random.h"
#include "net/distribution.h"

#include <punctum/network.h>

/* A synapse; `target` counts from the first one here, `weight` in pA (impulses: mV), `delay` in ms. */
typedef void pm_visit(void *user, uint32_t source, uint32_t target, double weight, double delay);

/* A walk stays where it was made. */
typedef struct pm_walk {
    const pm_network *network;
    const pm_projection *projection;
    uint32_t n_sources, n_targets;
    uint32_t begin, end; /* targets here */
    uint64_t connect_key, weight_key, delay_key;
    pm_draw weights, delays;
    pm_stream streams[3];
    gsl_rng *connect, *weight, *delay;
    uint32_t *twin;  /* of each projection: its number among those between the same two populations */
    uint32_t *drawn; /* room for the partners of one neuron, or for numbers of synapses of targets */
    size_t n_drawn;
} pm_walk;

pm_status pm_walk_new(pm_walk *walk, const pm_network *network, pm_error *error);
void pm_walk_free(pm_walk *walk);

/* Goes to a projection whose targets here are [begin, end). */
pm_status pm_walk_begin(pm_walk *walk, size_t projection, uint32_t begin, uint32_t end, pm_error *error);
/* Visits its synapses onto targets here. Every target has them in an order that does not depend on what is here. */
void pm_walk_on(const pm_walk *walk, pm_visit *visit, void *user);

#endif
