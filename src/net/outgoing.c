/* Counting, then placing: linear in populations and projections. */
#include "net/outgoing.h"

#include <stdlib.h>

pm_status pm_outgoing_new(pm_outgoing *outgoing, const pm_network *network, pm_error *error) {
    size_t *first = calloc(network->n_populations + 2, sizeof *first);
    size_t *number = malloc((network->n_projections + 1) * sizeof *number);
    *outgoing = (pm_outgoing){first, number};
    if (!first || !number) {
        pm_outgoing_free(outgoing);
        return pm_fail_memory(error, "the projections");
    }
    /* first[p + 1] is where the next one of p goes: its beginning now, its end when all are placed. */
    for (size_t k = 0; k < network->n_projections; k++)
        first[network->projections[k].from + 2]++;
    for (size_t p = 2; p < network->n_populations + 2; p++)
        first[p] += first[p - 1];
    for (size_t k = 0; k < network->n_projections; k++)
        number[first[network->projections[k].from + 1]++] = k;
    return PM_OK;
}

void pm_outgoing_free(pm_outgoing *outgoing) {
    free(outgoing->first);
    free(outgoing->number);
    *outgoing = (pm_outgoing){0};
}
