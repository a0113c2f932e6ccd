/* The synapses of a simulation, as they were drawn, and their weights.
 *
 * The synapses of a projection are numbered from 0 in the order of drawing, which seed and description alone decide;
 * those of a list (PM_SYNAPSE_LIST) are in its order. Across projections, they are numbered through: those of
 * projection k begin with the number of all synapses of the projections before it. On several ranks, and where noted,
 * PM_INVALID. */
#ifndef PUNCTUM_SYNAPSES_H
#define PUNCTUM_SYNAPSES_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of synapses of a projection. Errors: PM_INVALID for a projection that there is not, PM_NO_MEMORY. Cost: the
 * first call of this page draws all synapses once more and keeps 8 bytes for each; later ones cost nothing. */
PM_API pm_status pm_simulation_synapse_count(pm_simulation *simulation, size_t projection, size_t *n, pm_error *error);

/* Writes the synapses of a projection, with their weights at present, to an array of as many as there are. Receptor:
 * that of the projection. Errors: as above. Cost: linear in all synapses of the network. */
PM_API pm_status pm_simulation_synapses(pm_simulation *simulation, size_t projection, pm_synapse *synapses,
                                        pm_error *error);

/* The weights alone (pA; impulses: mV), n of them. Cost: linear in n. */
PM_API pm_status pm_simulation_weights(pm_simulation *simulation, size_t projection, double *weights, size_t n,
                                       pm_error *error);

/* New weights of a projection, n of them, at t = 0: of a new simulation or after pm_simulation_reset, which keeps them.
 * What follows has the bits of a network that is described with these weights. Errors: PM_INVALID for another number,
 * for weights that are not finite or beyond 1e15 in magnitude, and later than t = 0; nothing has changed then. Cost:
 * linear in all synapses of the network. */
PM_API pm_status pm_simulation_set_weights(pm_simulation *simulation, size_t projection, const double *weights,
                                           size_t n, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
