/* Every function has two cases, the stepper's and the equations as written. */
#include "step/cell.h"

#include "model/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pm_step_kind_init(pm_step_kind *kind, const pm_network *network, uint32_t population, pm_clock_scheme scheme,
                       double dt) {
    const pm_population *p = &network->populations[population];
    kind->written = pm_population_needs_general(network, population) || p->neuron.tau_1 == 0.0;
    kind->once = scheme == PM_CLOCK_RK;
    if (!kind->written)
        pm_stepper_init(&kind->stepper, &p->neuron, scheme, dt);
}

pm_status pm_step_cell_init(pm_step_cell *cell, const pm_step_kind *kind, const pm_network *network,
                            uint32_t population, uint32_t neuron, pm_error *error) {
    *cell = (pm_step_cell){.ready = -INFINITY};
    if (!kind->written) {
        pm_neuron parameters;
        double V_m = 0.0;
        pm_status status = pm_network_neuron(network, population, neuron, &parameters, &V_m, error);
        cell->state.u = V_m - parameters.E_L;
        return status;
    }
    cell->written = calloc(1, sizeof *cell->written);
    if (!cell->written)
        return pm_fail_memory(error, "the neurons");
    pm_status status = pm_ode_init(&cell->written->ode, network, population, neuron, error);
    if (status == PM_OK)
        pm_ode_start(&cell->written->ode, cell->written->y);
    return status;
}

void pm_step_cell_clear(pm_step_cell *cell) { free(cell->written); }

void pm_step_cell_archive(pm_step_cell *cell, pm_archive *archive) {
    pm_written *w = cell->written;
    PM_ARCHIVE(archive, cell->state);
    PM_ARCHIVE(archive, cell->before);
    PM_ARCHIVE(archive, cell->ready);
    if (!w)
        return;
    PM_ARCHIVE(archive, w->ode.since);
    PM_ARCHIVE(archive, w->ode.step);
    PM_ARCHIVE(archive, w->ode.held);
    PM_ARCHIVE(archive, w->y);
    PM_ARCHIVE(archive, w->before);
}

pm_status pm_step_cell_move(pm_step_kind *kind, pm_step_cell *cell, double from, double h, bool held, pm_error *error) {
    pm_written *w = cell->written;
    if (!w) {
        cell->before = cell->state;
        pm_stepper_move(&kind->stepper, &cell->state, h, held);
        return PM_OK;
    }
    memcpy(w->before, w->y, sizeof w->y);
    return pm_ode_move(&w->ode, w->y, from, from + h, held, kind->once, error);
}

void pm_step_cell_back(pm_step_cell *cell) {
    cell->state = cell->before;
    if (cell->written)
        memcpy(cell->written->y, cell->written->before, sizeof cell->written->y);
}

double pm_step_cell_excess(const pm_step_kind *kind, const pm_step_cell *cell) {
    const pm_written *w = cell->written;
    return w ? w->y[0] - pm_ode_threshold(&w->ode, w->y) : cell->state.u - kind->stepper.theta;
}

double pm_step_cell_excess_before(const pm_step_kind *kind, const pm_step_cell *cell) {
    const pm_written *w = cell->written;
    return w ? w->before[0] - pm_ode_threshold(&w->ode, w->before) : cell->before.u - kind->stepper.theta;
}

double pm_step_cell_crossing(const pm_step_kind *kind, const pm_step_cell *cell, double from, double h,
                             pm_clock_interpolation interpolation) {
    const pm_written *w = cell->written;
    const double g0 = pm_step_cell_excess_before(kind, cell), g1 = pm_step_cell_excess(kind, cell);
    if (!w)
        return pm_stepper_crossing(g0, g1, pm_stepper_slope(&kind->stepper, &cell->before),
                                   pm_stepper_slope(&kind->stepper, &cell->state), h, interpolation);
    const double s0 = pm_ode_slope(&w->ode, w->before, from) - pm_ode_threshold_slope(&w->ode, w->before);
    const double s1 = pm_ode_slope(&w->ode, w->y, from + h) - pm_ode_threshold_slope(&w->ode, w->y);
    return pm_stepper_crossing(g0, g1, s0, s1, h, interpolation);
}

void pm_step_cell_arrive(const pm_step_kind *kind, pm_step_cell *cell, uint32_t receptor, double weight, bool held) {
    pm_written *w = cell->written;
    if (!w)
        pm_stepper_arrive(&kind->stepper, &cell->state, weight);
    else if (!held || !pm_population_get_receptor(w->ode.population, receptor).kernel->impulse)
        pm_ode_arrive(&w->ode, receptor, weight, w->y);
}

void pm_step_cell_spike(const pm_step_kind *kind, pm_step_cell *cell) {
    if (cell->written)
        pm_ode_spike(&cell->written->ode, cell->written->y);
    else
        cell->state.u = kind->stepper.u_reset;
}

double pm_step_cell_slope(const pm_step_kind *kind, const pm_step_cell *cell, double time) {
    const pm_written *w = cell->written;
    return w ? pm_ode_slope(&w->ode, w->y, time) : pm_stepper_slope(&kind->stepper, &cell->state);
}

double pm_step_cell_sample(const pm_step_kind *kind, const pm_step_cell *cell, const pm_potential_record *record,
                           double time) {
    const pm_written *w = cell->written;
    const pm_stepper *s = &kind->stepper;
    const double E_L = w ? w->ode.parameters.E_L : s->E_L;
    switch (record->quantity) {
    case PM_CURRENT:
        if (w)
            return pm_ode_current(&w->ode, w->y, time, record->receptor);
        return cell->state.a - cell->state.b +
               (record->receptor == PM_EVERY_RECEPTOR ? s->u_inf * s->l_m / s->inv_C : 0.0);
    case PM_THRESHOLD:
        return E_L + (w ? pm_ode_threshold(&w->ode, w->y) : s->theta);
    default:
        return E_L + (w ? w->y[0] : cell->state.u);
    }
}

double pm_step_cell_current(const pm_step_kind *kind, const pm_step_cell *cell, double time) {
    const pm_written *w = cell->written;
    if (!w)
        return kind->stepper.single ? cell->state.a : cell->state.a - cell->state.b;
    double sum = 0.0;
    for (uint32_t k = 0; k < pm_population_receptors(w->ode.population); k++)
        sum += pm_ode_current(&w->ode, w->y, time, k);
    return sum;
}

double pm_step_cell_refractory(const pm_step_kind *kind, const pm_step_cell *cell) {
    return cell->written ? cell->written->ode.parameters.t_ref : kind->stepper.t_ref;
}

bool pm_step_cell_is_finite(const pm_step_cell *cell) {
    double sum = cell->state.u + cell->state.a + cell->state.b;
    for (size_t k = 0; cell->written && k < cell->written->ode.width; k++)
        sum += cell->written->y[k];
    return isfinite(sum);
}
