/* Any bytes as the synapse file of a small network: either synapses between its neurons, or PM_INVALID with a message.
 */
#include "folder.h"

#include <math.h>
#include <punctum/punctum.h>
#include <stdbool.h>
#include <stdlib.h>

static const char network_text[] = "duration: 10.0\n"
                                   "populations:\n"
                                   "  - {name: input, size: 3, source: {poisson: {rate: 20.0}}}\n"
                                   "  - {name: cells, size: 4}\n"
                                   "projections:\n"
                                   "  - {from: input, to: cells, connect: {file: synapses.dat}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pm_fuzz_file("synapses.dat", data, size);
    pm_network *network = NULL;
    pm_error error = {0};
    pm_status status = pm_network_load(pm_fuzz_text("network.yaml", network_text), &network, &error);
    bool sound = status == PM_OK || (status == PM_INVALID && error.message[0] != '\0');
    for (size_t k = 0; status == PM_OK && k < network->projections[0].n_synapses; k++) {
        const pm_synapse *s = &network->projections[0].synapses[k];
        sound = sound && s->source < 3 && s->target < 4 && isfinite(s->weight) && isfinite(s->delay) && s->delay >= 0.0;
    }
    if (!sound)
        abort();
    pm_network_free(network);
    return 0;
}
