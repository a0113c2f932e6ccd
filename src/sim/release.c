/* Synapses that are not static: what a spike finds at its synapses (net/synaptic.h) is the factor of the weights that
 * it delivers. Invariant: what the slab has changed is noted with what it was, until the slab is committed. */
#include "sim/engine.h"

#include <string.h>

static bool note(pm_engine *engine, uint64_t group, const double *state) {
    const size_t width = engine->synaptic.width, at = engine->synaptic_before.count;
    if (!PM_LIST_RESERVE(engine->synaptic_before, at + width + 1))
        return false;
    engine->synaptic_before.items[at] = engine->synaptic.place[group];
    memcpy(engine->synaptic_before.items + at + 1, state, width * sizeof *state);
    engine->synaptic_before.count += width + 1;
    return true;
}

pm_status pm_release(pm_engine *engine, size_t first, uint64_t group, double fired, pm_error *error) {
    const pm_wiring *w = engine->wiring;
    for (size_t d = first; d < engine->deliveries.count; d++, group++) {
        pm_delivery *delivery = &engine->deliveries.items[d];
        double *state = pm_synaptic_state(&engine->synaptic, group);
        double factor = 1.0;
        if (state && !note(engine, group, state))
            return pm_fail_memory(error, "the states of synapses");
        if (state)
            (void)pm_synaptic_fire(&w->types.items[pm_group_type(w, group)], fired, pm_synaptic_closed_form, state,
                                   &factor);
        delivery->weight = delivery->equal ? factor * w->weights[delivery->begin] : factor;
    }
    return PM_OK;
}

void pm_release_undo(pm_engine *engine) {
    const size_t width = engine->synaptic.width;
    while (engine->synaptic_before.count > 0) {
        engine->synaptic_before.count -= width + 1;
        const double *before = engine->synaptic_before.items + engine->synaptic_before.count;
        memcpy(engine->synaptic.states + (size_t)before[0] * width, before + 1, width * sizeof *before);
    }
}
