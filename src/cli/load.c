/* Network files for commands: what is no error but hardly meant is said on standard error. */
#include "cli/command.h"

#include <punctum/io.h>

#include <stdio.h>

static void warn_of_empty_files(const pm_network *network, const char *path) {
    for (size_t k = 0; k < network->n_populations; k++) {
        const pm_population *p = &network->populations[k];
        if (p->kind == PM_SPIKE_SOURCE && p->n_events == 0)
            fprintf(stderr, "punctum: warning: %s: the spike file of '%s' holds no spike\n", path, p->name);
    }
    for (size_t k = 0; k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        if (p->rule == PM_SYNAPSE_LIST && p->n_synapses == 0)
            fprintf(stderr, "punctum: warning: %s: the file of synapses from '%s' to '%s' holds no synapse\n", path,
                    network->populations[p->from].name, network->populations[p->to].name);
    }
}

pm_status pm_load_network(const char *path, bool speak, pm_network **network, pm_error *error) {
    pm_status status = pm_network_load(path, network, error);
    if (!status && speak)
        warn_of_empty_files(*network, path);
    return status;
}
