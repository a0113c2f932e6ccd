/* Drawn synapses as arrays.
 *
 * A projection is drawn alone in a copy of the network whose other projections are lists without synapses: the
 * streams of its random numbers depend on its place among those between the same two populations, and so it has the
 * synapses that every run has. */
#include "bridge.h"

#include <stdlib.h>

static pm_status draw(const pm_network *alone, size_t projection, pm_synapse **synapses, size_t *n, pm_error *error) {
    const pm_options options = {.threads = 1, .size = sizeof options};
    pm_simulation *simulation = NULL;
    pm_status status = pm_simulation_new(alone, &options, &simulation, error);
    if (!status)
        status = pm_simulation_synapse_count(simulation, projection, n, error);
    if (!status && !(*synapses = calloc(*n + 1, sizeof **synapses)))
        status = pm_fail_memory(error, "the synapses");
    if (!status)
        status = pm_simulation_synapses(simulation, projection, *synapses, error);
    pm_simulation_free(simulation);
    return status;
}

pm_status pm_python_synapses(const pm_network *network, size_t projection, pm_synapse **synapses, size_t *n,
                             pm_error *error) {
    pm_network alone = *network;
    *n = 0;
    *synapses = NULL;
    alone.n_potentials = 0;
    alone.projections = calloc(network->n_projections, sizeof *alone.projections);
    if (!alone.projections)
        return pm_fail_memory(error, "the synapses");
    for (size_t k = 0; k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        alone.projections[k] =
            k == projection ? *p : (pm_projection){.from = p->from, .to = p->to, .rule = PM_SYNAPSE_LIST};
    }
    const pm_status status = draw(&alone, projection, synapses, n, error);
    if (status) {
        free(*synapses);
        *synapses = NULL;
    }
    free(alone.projections);
    return status;
}
