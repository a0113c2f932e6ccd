/* Counting, then placing: linear in populations and projections. */
#include "net/incidence.h"

#include <stdlib.h>

pm_status pm_incidence_new(pm_incidence *incidence, const pm_network *network, pm_side side, pm_error *error) {
    const pm_projection *projections = network->projections;
    size_t *first = calloc(network->n_populations + 2, sizeof *first);
    size_t *number = malloc((network->n_projections + 1) * sizeof *number);
    *incidence = (pm_incidence){first, number};
    if (!first || !number) {
        pm_incidence_free(incidence);
        return pm_fail_memory(error, "the projections");
    }
    /* first[p + 1] is where the next one of p goes: its beginning now, its end when all are placed. */
    for (size_t k = 0; k < network->n_projections; k++)
        first[(side == PM_OUTGOING ? projections[k].from : projections[k].to) + 2]++;
    for (size_t p = 2; p < network->n_populations + 2; p++)
        first[p] += first[p - 1];
    for (size_t k = 0; k < network->n_projections; k++)
        number[first[(side == PM_OUTGOING ? projections[k].from : projections[k].to) + 1]++] = k;
    return PM_OK;
}

void pm_incidence_free(pm_incidence *incidence) {
    free(incidence->first);
    free(incidence->number);
    *incidence = (pm_incidence){0};
}
