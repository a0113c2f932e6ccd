/* Kahn's algorithm over populations: the first that waits for no other is next, or if there is none, the first. */
#include "step/precedence.h"

#include "net/incidence.h"

#include <stdlib.h>

static const uint32_t NO_RANK = UINT32_MAX;

pm_status pm_precedence(const pm_network *net, const pm_wiring *wiring, double dt, uint32_t *order, uint32_t *rank,
                        pm_error *error) {
    const uint32_t n = (uint32_t)net->n_populations;
    pm_incidence outgoing = {0};
    size_t *waiting = calloc((size_t)n + 1, sizeof *waiting);
    pm_status status = waiting ? pm_incidence_new(&outgoing, net, PM_OUTGOING, error)
                               : pm_fail_memory(error, "the order of populations");
    for (size_t k = 0; status == PM_OK && k < net->n_projections; k++)
        waiting[net->projections[k].to] += wiring->min_delay[k] < dt;
    uint32_t n_ready = 0, first = 0, first_ready = 0;
    for (uint32_t p = 0; p < n; p++) {
        rank[p] = NO_RANK;
        n_ready += status == PM_OK && waiting[p] == 0;
    }
    for (uint32_t done = 0; status == PM_OK && done < n; done++) {
        while (rank[first] != NO_RANK)
            first++;
        while (n_ready > 0 && (rank[first_ready] != NO_RANK || waiting[first_ready] > 0))
            first_ready++;
        const uint32_t chosen = n_ready > 0 ? first_ready : first;
        n_ready -= n_ready > 0;
        rank[chosen] = done;
        order[done] = chosen;
        for (size_t at = outgoing.first[chosen]; at < outgoing.first[chosen + 1]; at++) {
            const size_t k = outgoing.number[at];
            const uint32_t to = net->projections[k].to;
            if (rank[to] != NO_RANK || wiring->min_delay[k] >= dt || --waiting[to] > 0)
                continue;
            n_ready++;
            first_ready = to < first_ready ? to : first_ready;
        }
    }
    pm_incidence_free(&outgoing);
    free(waiting);
    return status;
}
