/* The state of a simulation: its engine, its network's mark, weights that were set, then what the engine has. */
#include "base/archive.h"
#include "net/limits.h"
#include "net/mark.h"
#include "run/simulation.h"

#include <punctum/state.h>
#include <stdlib.h>
#include <string.h>

pm_status pm_simulation_archive(pm_simulation *simulation, pm_archive *archive, pm_error *error) {
    return simulation->clock ? pm_clock_archive(simulation->clock, archive, error)
                             : pm_exact_archive(simulation->exact, archive, error);
}

/* What a state belongs to. */
typedef struct head {
    uint64_t mark, clock, reweighed;
} head;

static head head_of(const pm_simulation *s) {
    return (head){pm_network_mark(s->network), s->clock != NULL, s->reweighed};
}

static pm_status single(const pm_simulation *s, pm_error *error) {
    return s->exchange ? pm_fail(error, PM_INVALID, "the state of one rank among several is not all of it") : PM_OK;
}

static size_t weights_size(const pm_simulation *s) {
    return pm_simulation_wiring(s)->n_synapses * sizeof(double);
}

pm_status pm_simulation_save(pm_simulation *simulation, void **bytes, size_t *size, pm_error *error) {
    pm_archive archive = {0};
    head h = head_of(simulation);
    *bytes = NULL;
    *size = 0;
    pm_status status = single(simulation, error);
    if (status)
        return status;
    PM_ARCHIVE(&archive, h);
    if (h.reweighed)
        pm_archive_bytes(&archive, pm_simulation_wiring(simulation)->weights, weights_size(simulation));
    status = pm_simulation_archive(simulation, &archive, error);
    if (status) {
        free(archive.bytes);
        return status;
    }
    *bytes = archive.bytes;
    *size = archive.size;
    return PM_OK;
}

static pm_status read_weights(pm_simulation *s, pm_archive *archive, pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(s);
    double *weights = malloc(weights_size(s) + 1);
    if (!weights)
        return pm_fail_memory(error, "the weights of a state");
    pm_archive_bytes(archive, weights, weights_size(s));
    for (uint64_t k = 0; pm_archive_to_check(archive) && k < w->n_synapses; k++)
        pm_archive_demand(archive, pm_weight_fits(weights[k]));
    if (archive->status == PM_OK && w->n_synapses > 0)
        memcpy(w->weights, weights, weights_size(s));
    free(weights);
    if (archive->status)
        return pm_fail(error, PM_INVALID, "the state does not fit the network");
    pm_simulation_reweigh(s);
    return PM_OK;
}

pm_status pm_simulation_restore(pm_simulation *simulation, const void *bytes, size_t size, pm_error *error) {
    pm_archive archive = {.bytes = (unsigned char *)(uintptr_t)bytes, .size = size, .reading = true};
    const head own = head_of(simulation);
    head h = {0};
    pm_status status = single(simulation, error);
    if (status)
        return status;
    PM_ARCHIVE(&archive, h);
    if (archive.status || h.mark != own.mark || h.clock != own.clock || h.reweighed > 1)
        return pm_fail(error, PM_INVALID, "the state belongs to another network, seed or engine");
    if (!h.reweighed && own.reweighed)
        return pm_fail(error, PM_INVALID, "the state has the weights that were drawn, the simulation has others");
    if (h.reweighed) {
        status = read_weights(simulation, &archive, error);
        if (status)
            return status;
    }
    return pm_simulation_archive(simulation, &archive, error);
}
