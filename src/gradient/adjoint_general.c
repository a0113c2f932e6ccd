/* The tape from its end. Each step first acts on the adjoint of its cell, then carries it back to the cell's step
 * before. Invariant: a cell's p is the adjoint just before all steps met so far, and numbers[] hold the derivatives by
 * what they and the time since have been. */
#include "gradient/adjoint_general.h"

#include "gradient/adjoint.h"
#include "math/membrane_adjoint.h"
#include "model/kernel.h"

#include <stdlib.h>
#include <string.h>

void pm_adjoint_general_free(pm_adjoint_general *a) {
    free(a->time);
    free(a->p);
    free(a->numbers);
    free(a->first_number);
    *a = (pm_adjoint_general){.slope_floor = a->slope_floor};
}

static pm_status reserve(pm_adjoint_general *a, const pm_tape *t, pm_error *error) {
    const size_t n_cells = t->wiring->n_cells, width = t->first[n_cells];
    size_t n_numbers = 0;
    if (!pm_list_reserve((void **)&a->time, &a->most_spikes, t->raster->n + 1, sizeof *a->time))
        return pm_fail_memory(error, "the gradient's spikes");
    if (!pm_list_reserve((void **)&a->first_number, &a->most_cells, n_cells + 1, sizeof *a->first_number))
        return pm_fail_memory(error, "the gradient's neurons");
    for (uint32_t cell = 0; cell < n_cells; cell++) {
        a->first_number[cell] = n_numbers;
        n_numbers += pm_membrane_numbers(pm_tape_membrane(t, cell));
    }
    a->first_number[n_cells] = n_numbers;
    if (!pm_list_reserve((void **)&a->p, &a->most_state, width + 1, sizeof *a->p) ||
        !pm_list_reserve((void **)&a->numbers, &a->most_numbers, n_numbers + 1, sizeof *a->numbers))
        return pm_fail_memory(error, "the gradient's neurons");
    memset(a->p, 0, (width + 1) * sizeof *a->p);
    memset(a->numbers, 0, (n_numbers + 1) * sizeof *a->numbers);
    return PM_OK;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* What the neuron of a step has. */
typedef struct place {
    const pm_membrane *m;
    double *p, *numbers;
} place;

static place place_of(const pm_adjoint_general *a, const pm_tape *t, uint32_t cell) {
    return (place){pm_tape_membrane(t, cell), a->p + t->first[cell], a->numbers + a->first_number[cell]};
}

static void carry(const place *at, const pm_tape_step *step, const double *x) {
    const size_t width = pm_membrane_width(at->m);
    bool any = false;
    for (size_t k = 0; k < width; k++)
        any = any || at->p[k] != 0.0;
    if (!any || !(step->time > step->from))
        return;
    double row[PM_MEMBRANE_ROW];
    pm_membrane m = *at->m;
    m.u_inf = step->u_inf;
    pm_membrane_row_at(&m, step->time - step->from, row);
    if (x)
        pm_membrane_course_slopes(&m, step->time - step->from, row, step->held, x, at->p, at->numbers);
    pm_membrane_move_back(&m, row, step->held, at->p, at->p);
}

static void arrive(pm_adjoint_general *a, const pm_tape *t, const place *at, const pm_tape_step *step,
                   const pm_general_gradient *gradient) {
    const pm_port *port = &at->m->ports[step->port];
    const double *p = at->p + 1 + 2 * (size_t)step->port, p_u = step->held ? 0.0 : at->p[0];
    const double weight = t->wiring->weights[step->synapse];
    double p_jump, later; /* of what jumps; of an instant's delay of that jump */
    if (port->kind == PM_PORT_IMPULSE) {
        p_jump = p_u;
        later = at->m->l_m * p_u;
    } else if (port->kind == PM_PORT_SINGLE) {
        p_jump = p[0];
        later = port->l_1 * p[0] - at->m->inv_C * p_u;
    } else {
        p_jump = p[1];
        later = port->l_2 * p[1] - port->k * p[0];
    }
    later *= port->jump * weight;
    a->time[step->spike] += later;
    if (gradient->weight)
        gradient->weight[step->synapse] += port->jump * p_jump;
    if (gradient->delay)
        gradient->delay[step->synapse] += later;
    at->numbers[PM_OF_PORTS + PM_OF_PORT * (size_t)step->port + PM_OF_PORT_JUMP] += weight * p_jump;
}

/* What the jumps at a spike are to the loss, and what it is to p that the spike moves them: p+ (R f- - f+). */
static double jump(const place *at, const pm_tape_spike *spike) {
    const pm_membrane *m = at->m;
    const double *h = at->p + pm_membrane_at_threshold(m), *after = at->p + pm_membrane_at_after(m);
    double *of_h = at->numbers + pm_membrane_of_thresholds(m), *of_after = at->numbers + pm_membrane_of_after(m);
    double moved = at->p[0] * (m->factor * spike->slope - spike->after);
    for (size_t j = 0; j < m->n_thresholds; j++) {
        moved += h[j] * m->thresholds[j].rate * m->thresholds[j].jump;
        of_h[PM_OF_DECAY * j + PM_OF_JUMP] += h[j];
    }
    for (size_t k = 0; k < m->n_after; k++) {
        moved += after[k] * m->after[k].rate * m->after[k].jump;
        of_after[PM_OF_DECAY * k + PM_OF_JUMP] += after[k];
    }
    at->numbers[PM_OF_FACTOR] += at->p[0] * spike->u;
    at->numbers[PM_OF_ADD] += at->p[0];
    at->p[0] *= m->factor;
    return moved;
}

static pm_status spike_back(pm_adjoint_general *a, const pm_tape *t, const place *at, const pm_tape_step *step,
                            const pm_general_gradient *gradient, pm_error *error) {
    const pm_tape_spike *spike = &t->spikes[step->spike];
    a->time[step->spike] += jump(at, spike);
    const double moved = a->time[step->spike];
    double p_u = 0.0;
    if (spike->cause == PM_BY_JUMP) {
        const pm_tape_step *lift = &t->steps.items[spike->step];
        a->time[lift->spike] += moved;
        if (gradient->delay)
            gradient->delay[lift->synapse] += moved;
    } else if (spike->cause == PM_BY_RELEASE) {
        a->time[spike->previous] += moved;
        at->numbers[PM_OF_T_REF] += moved;
    } else if (spike->cause == PM_BY_CROSSING) {
        pm_status status = pm_adjoint_at_threshold(moved, spike->approach, a->slope_floor,
                                                   t->raster->neuron[step->spike], step->time, &p_u, error);
        if (status)
            return status;
    }
    double *h = at->p + pm_membrane_at_threshold(at->m);
    at->p[0] += p_u;
    for (size_t j = 0; j < at->m->n_thresholds; j++)
        h[j] -= p_u;
    at->numbers[PM_OF_THETA] -= p_u;
    return PM_OK;
}

static void restart(pm_adjoint_general *a, const pm_tape *t, const place *at, const pm_tape_step *step) {
    const double moved = -at->p[0] * t->spikes[step->spike].restart;
    a->time[step->spike] += moved;
    at->numbers[PM_OF_T_REF] += moved;
}

/* --- from numbers to parameters ----------------------------------------------------------------------------------- */

/* In the order of pm_neuron. */
enum { OF_C_M, OF_G_L, OF_E_L, OF_V_TH, OF_V_RESET, OF_T_REF, OF_I_E, OF_TAU_1, OF_TAU_2, OF_V_M };

static void add_neuron(const pm_neuron *n, const pm_population *p, const double *numbers, double *to) {
    const double of_add = p->reset.kind == PM_RESET_TO ? numbers[PM_OF_ADD] : 0.0;
    to[OF_C_M] -= (n->g_L * numbers[PM_OF_L_M] + numbers[PM_OF_INV_C]) / (n->C_m * n->C_m);
    to[OF_G_L] += numbers[PM_OF_L_M] / n->C_m;
    to[OF_E_L] -= numbers[PM_OF_THETA] + of_add + numbers[PM_OF_START];
    to[OF_V_TH] += numbers[PM_OF_THETA];
    to[OF_V_RESET] += of_add;
    to[OF_T_REF] += numbers[PM_OF_T_REF];
    to[OF_I_E] += numbers[PM_OF_CONSTANT];
    to[OF_V_M] += numbers[PM_OF_START];
}

static void add_receptor(const pm_receptor *receptor, const double *of_port, double *to) {
    const pm_port_slopes slopes = {of_port[PM_OF_L_1], of_port[PM_OF_L_2], of_port[PM_OF_K], of_port[PM_OF_PORT_JUMP]};
    if (receptor->kernel->slopes)
        receptor->kernel->slopes(receptor->parameters, receptor->peak, &slopes, to);
}

static void add_jumps(const pm_jump *jumps, size_t n, const double *of_decays, pm_jump *to) {
    for (size_t k = 0; to && k < n; k++, of_decays += PM_OF_DECAY) {
        to[k].jump += of_decays[PM_OF_JUMP];
        to[k].tau -= of_decays[PM_OF_RATE] / (jumps[k].tau * jumps[k].tau);
    }
}

static void add_shared(const pm_population *p, const pm_neuron *neuron, const pm_membrane *m, const double *numbers,
                       const pm_shared_slopes *to) {
    for (uint32_t k = 0; to->receptors && k < m->n_ports; k++) {
        const pm_receptor receptor = p->n_receptors > 0 ? p->receptors[k] : pm_receptor_of_neuron(neuron);
        add_receptor(&receptor, numbers + PM_OF_PORTS + PM_OF_PORT * (size_t)k, to->receptors[k]);
    }
    add_jumps(p->threshold, p->n_threshold, numbers + pm_membrane_of_thresholds(m), to->threshold);
    add_jumps(p->after_spike, p->n_after_spike, numbers + pm_membrane_of_after(m), to->after_spike);
    if (to->reset && p->reset.kind == PM_RESET_SUBTRACT)
        to->reset->subtract -= numbers[PM_OF_ADD];
    if (to->reset && p->reset.kind == PM_RESET_FRACTION) {
        to->reset->fraction += numbers[PM_OF_FACTOR];
        to->reset->add += numbers[PM_OF_ADD];
    }
}

static void add_parameters(const pm_adjoint_general *a, const pm_tape *t, uint32_t population,
                           const pm_general_gradient *gradient) {
    const pm_membranes *s = &t->membranes[population];
    const pm_population *p = s->population;
    for (uint32_t n = 0; n < p->size; n++) {
        const place at = place_of(a, t, t->wiring->first_cell[population] + n);
        const pm_neuron *neuron = &s->neurons[pm_membranes_place(s, n)];
        if (gradient->neuron) {
            double *to = gradient->neuron[t->wiring->first_neuron[population] + n];
            add_neuron(neuron, p, at.numbers, to);
            if (p->n_receptors == 0) {
                const pm_receptor receptor = pm_receptor_of_neuron(neuron);
                add_receptor(&receptor, at.numbers + PM_OF_PORTS, to + OF_TAU_1);
            }
        }
        if (gradient->populations)
            add_shared(p, neuron, at.m, at.numbers, &gradient->populations[population]);
    }
}

/* --- the sweep ---------------------------------------------------------------------------------------------------- */

static pm_status sweep(pm_adjoint_general *a, const pm_tape *t, const pm_general_gradient *gradient, pm_error *error) {
    pm_status status = PM_OK;
    size_t kept = t->states.count;
    for (size_t k = t->steps.count; !status && k-- > 0;) {
        const pm_tape_step *step = &t->steps.items[k];
        const place at = place_of(a, t, step->cell);
        if (step->of == PM_STEP_ARRIVAL)
            arrive(a, t, &at, step, gradient);
        else if (step->of == PM_STEP_SPIKE)
            status = spike_back(a, t, &at, step, gradient, error);
        else if (step->of == PM_STEP_RESTART)
            restart(a, t, &at, step);
        kept -= t->keeps_states ? pm_membrane_width(at.m) : 0;
        carry(&at, step, t->keeps_states ? t->states.items + kept : NULL);
    }
    return status;
}

pm_status pm_adjoint_general_run(pm_adjoint_general *a, const pm_tape *t, const double *dl_dt,
                                 const pm_general_gradient *gradient, pm_error *error) {
    pm_status status = reserve(a, t, error);
    if (status)
        return status;
    memcpy(a->time, dl_dt, t->raster->n * sizeof *a->time);
    status = sweep(a, t, gradient, error);
    for (uint32_t cell = 0; cell < t->wiring->n_cells; cell++) {
        const place at = place_of(a, t, cell);
        at.numbers[PM_OF_START] += at.p[0];
    }
    for (uint32_t p = 0; !status && p < t->network->n_populations; p++)
        if (t->network->populations[p].kind == PM_LIF)
            add_parameters(a, t, p, gradient);
    return status;
}
