/* Invariant: the spikes of a group come in the order of time, since its synapses have one source and one delay. */
#include "net/synaptic.h"

#include "base/large.h"

#include <math.h>
#include <stdlib.h>

static const pm_synapse_type *type_of(const pm_wiring *w, uint64_t group) {
    return &w->types.items[pm_group_type(w, group)];
}

bool pm_synaptic_closed_form(const pm_synapse_type *type, double h, double *state) {
    type->model->advance(type->parameters, h, state);
    return true;
}

pm_status pm_synaptic_new(pm_synaptic *synaptic, const pm_wiring *wiring, pm_error *error) {
    uint64_t n = 0;
    *synaptic = (pm_synaptic){.width = 1};
    for (size_t t = 0; t < wiring->types.count; t++) {
        const size_t width = 1 + wiring->types.items[t].model->width;
        synaptic->width = width > synaptic->width ? width : synaptic->width;
    }
    if (!wiring->type_of || synaptic->width == 1)
        return PM_OK;
    synaptic->place = pm_large_new((wiring->n_groups + 1) * sizeof *synaptic->place);
    for (uint64_t g = 0; synaptic->place && g < wiring->n_groups; g++) {
        const bool is_static = type_of(wiring, g)->model->width == 0;
        synaptic->place[g] = is_static ? PM_NO_STATE : (uint32_t)n;
        n += !is_static;
    }
    if (n >= PM_NO_STATE)
        return pm_fail(error, PM_INVALID, "more than %u groups of synapses that are not static", PM_NO_STATE - 1);
    synaptic->n = n;
    synaptic->states = pm_large_new((n + 1) * synaptic->width * sizeof *synaptic->states);
    if (!synaptic->place || !synaptic->states)
        return pm_fail_memory(error, "the states of synapses");
    pm_synaptic_reset(synaptic, wiring);
    return PM_OK;
}

void pm_synaptic_clear(pm_synaptic *synaptic) {
    free(synaptic->place);
    free(synaptic->states);
    *synaptic = (pm_synaptic){0};
}

void pm_synaptic_reset(pm_synaptic *synaptic, const pm_wiring *wiring) {
    for (uint64_t g = 0; synaptic->place && g < wiring->n_groups; g++) {
        double *state = pm_synaptic_state(synaptic, g);
        const pm_synapse_type *type = type_of(wiring, g);
        for (size_t k = 0; state && k < synaptic->width; k++)
            state[k] = k == 0 ? -1.0 : 0.0;
        if (state)
            type->model->start(type->parameters, state + 1);
    }
}

void pm_synaptic_archive(pm_synaptic *synaptic, pm_archive *archive) {
    if (synaptic->place)
        pm_archive_bytes(archive, synaptic->states, synaptic->n * synaptic->width * sizeof *synaptic->states);
}

bool pm_synaptic_is_sound(const pm_synaptic *synaptic, const pm_wiring *wiring, double now) {
    bool good = true;
    for (uint64_t g = 0; good && synaptic->place && g < wiring->n_groups; g++) {
        const double *state = pm_synaptic_state(synaptic, g);
        const pm_synapse_type *type = type_of(wiring, g);
        good = !state || ((state[0] == -1.0 || (state[0] >= 0.0 && state[0] <= now)) &&
                          type->model->is_sound(type->parameters, state + 1));
        for (size_t k = 1; good && state && k < synaptic->width; k++)
            good = isfinite(state[k]);
    }
    return good;
}

bool pm_synaptic_fire(const pm_synapse_type *type, double time, pm_synaptic_advance *advance, double *state,
                      double *factor) {
    const bool first = state[0] < 0.0;
    if (!first && !advance(type, fmax(time - state[0], 0.0), state + 1))
        return false;
    state[0] = time;
    *factor = type->model->spike(type->parameters, first, state + 1);
    return true;
}

pm_status pm_network_need_static(const pm_network *network, const char *who, pm_error *error) {
    for (size_t k = 0; k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        if (pm_projection_model(p) != &pm_synapse_static)
            return pm_fail_key(error, "synapse", "the synapses from '%s' to '%s' are %s; %s static ones only",
                               network->populations[p->from].name, network->populations[p->to].name,
                               pm_projection_model(p)->kind.name, who);
    }
    return PM_OK;
}
