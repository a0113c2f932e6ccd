/* As pm_ode_move: by extrapolation from spike to spike. */
#include "step/synapse.h"

#include "step/integrate.h"

static void derivatives(const void *system, double time, const double *y, double *dydt) {
    const pm_synapse_type *type = system;
    (void)time;
    type->model->derivative(type->parameters, y, dydt);
}

static bool integrate(const pm_synapse_type *type, double h, double *state) {
    const pm_system system = {derivatives, type, type->model->width};
    double step = h;
    return pm_integrate(&system, state, 0.0, h, &step);
}

pm_status pm_step_fire(const pm_synaptic *synaptic, const pm_wiring *wiring, uint64_t group, double time,
                       double *factor, pm_error *error) {
    const pm_synapse_type *type = &wiring->types.items[pm_group_type(wiring, group)];
    double *state = pm_synaptic_state(synaptic, group);
    *factor = 1.0;
    if (state && !pm_synaptic_fire(type, time, integrate, state, factor))
        return pm_fail(error, PM_FAILED, "the equations of %s synapses cannot be integrated up to %.17g ms",
                       type->model->kind.name, time);
    return PM_OK;
}
