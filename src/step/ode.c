/* Nothing is solved here: each term is written down once. Injected currents are functions of time; where they jump, the
 * integration has to stop, and goes on with the value after the jump. */
#include "step/ode.h"

#include "model/kernel.h"
#include "net/current.h"

#include <math.h>

static size_t first_threshold(const pm_population *p) { return 1 + 2 * (size_t)pm_population_receptors(p); }
static size_t first_after_spike(const pm_population *p) { return first_threshold(p) + p->n_threshold; }

pm_status pm_ode_init(pm_ode *ode, const pm_network *network, uint32_t population, uint32_t neuron, pm_error *error) {
    const pm_population *p = &network->populations[population];
    *ode = (pm_ode){
        .network = network, .population = p, .number_of_population = population, .neuron = neuron, .step = 1.0};
    ode->width = first_after_spike(p) + p->n_after_spike;
    return pm_network_neuron(network, population, neuron, &ode->parameters, &ode->V_start, error);
}

void pm_ode_start(const pm_ode *ode, double *y) {
    for (size_t k = 0; k < ode->width; k++)
        y[k] = 0.0;
    y[0] = ode->V_start - ode->parameters.E_L;
}

/* Without receptors of the population, the one of the neuron's own tau_1 and tau_2. */
static pm_receptor receptor_of(const pm_ode *ode, uint32_t k) {
    const pm_population *p = ode->population;
    return p->n_receptors > 0 ? p->receptors[k] : pm_receptor_of_neuron(&ode->parameters);
}

/* --- injected currents --- */

static bool concerns(const pm_ode *ode, const pm_current *c) {
    return c->population == ode->number_of_population && pm_current_concerns(c, ode->neuron);
}

/* `since`: the instant from which on constants hold; a sine is followed to `time`. */
static double injected(const pm_ode *ode, double since, double time) {
    double sum = 0.0;
    for (size_t k = 0; k < ode->network->n_currents; k++) {
        const pm_current *c = &ode->network->currents[k];
        if (!concerns(ode, c))
            continue;
        sum += pm_current_constant(c, pm_current_key(ode->network, k), ode->neuron, since);
        if (c->kind == PM_CURRENT_SINE && pm_current_is_on(c, since))
            sum += pm_current_sine(c, time, NULL);
    }
    return sum;
}

double pm_ode_smooth_until(const pm_ode *ode, double time) {
    double next = INFINITY;
    for (size_t k = 0; k < ode->network->n_currents; k++)
        if (concerns(ode, &ode->network->currents[k]))
            next = fmin(next, pm_current_next(&ode->network->currents[k], time));
    return next;
}

/* --- the equations --- */

static double receptor_current(const pm_ode *ode, const double *y, uint32_t k) {
    const pm_receptor r = receptor_of(ode, k);
    return r.kernel->impulse ? 0.0 : r.kernel->current(y + 1 + 2 * (size_t)k);
}

static double inner_current(const pm_ode *ode, const double *y) {
    double sum = ode->parameters.I_e;
    for (uint32_t k = 0; k < pm_population_receptors(ode->population); k++)
        sum += receptor_current(ode, y, k);
    for (size_t k = 0; k < ode->population->n_after_spike; k++)
        sum += y[first_after_spike(ode->population) + k];
    return sum;
}

static void derivatives(const void *parameters, double time, const double *y, double *dydt) {
    const pm_ode *ode = parameters;
    const pm_population *p = ode->population;
    const pm_neuron *n = &ode->parameters;
    const double current = inner_current(ode, y) + injected(ode, ode->since, time);
    dydt[0] = ode->held ? 0.0 : (current - n->g_L * y[0]) / n->C_m;
    for (uint32_t k = 0; k < pm_population_receptors(p); k++) {
        const pm_receptor r = receptor_of(ode, k);
        dydt[1 + 2 * k] = dydt[2 + 2 * k] = 0.0;
        if (!r.kernel->impulse)
            r.kernel->derivative(r.parameters, y + 1 + 2 * (size_t)k, dydt + 1 + 2 * (size_t)k);
    }
    for (size_t k = 0, at = first_threshold(p); k < p->n_threshold; k++, at++)
        dydt[at] = -y[at] / p->threshold[k].tau;
    for (size_t k = 0, at = first_after_spike(p); k < p->n_after_spike; k++, at++)
        dydt[at] = -y[at] / p->after_spike[k].tau;
}

pm_status pm_ode_move(pm_ode *ode, double *y, double from, double to, bool held, bool once, pm_error *error) {
    const pm_system system = {derivatives, ode, ode->width};
    ode->held = held;
    while (from < to) {
        const double end = fmin(to, pm_ode_smooth_until(ode, from));
        ode->since = from;
        if (once)
            pm_integrate_once(&system, y, from, end);
        else if (!pm_integrate(&system, y, from, end, &ode->step))
            return pm_fail(error, PM_FAILED, "the membrane potential cannot be integrated from %.17g to %.17g ms", from,
                           to);
        from = end;
    }
    return PM_OK;
}

double pm_ode_threshold(const pm_ode *ode, const double *y) {
    double sum = ode->parameters.V_th - ode->parameters.E_L;
    for (size_t k = 0; k < ode->population->n_threshold; k++)
        sum += y[first_threshold(ode->population) + k];
    return sum;
}

double pm_ode_threshold_slope(const pm_ode *ode, const double *y) {
    double sum = 0.0;
    for (size_t k = 0; k < ode->population->n_threshold; k++)
        sum -= y[first_threshold(ode->population) + k] / ode->population->threshold[k].tau;
    return sum;
}

double pm_ode_current(const pm_ode *ode, const double *y, double time, uint32_t receptor) {
    return receptor == PM_EVERY_RECEPTOR ? inner_current(ode, y) + injected(ode, time, time)
                                         : receptor_current(ode, y, receptor);
}

double pm_ode_slope(const pm_ode *ode, const double *y, double time) {
    const pm_neuron *n = &ode->parameters;
    return (pm_ode_current(ode, y, time, PM_EVERY_RECEPTOR) - n->g_L * y[0]) / n->C_m;
}

void pm_ode_arrive(const pm_ode *ode, uint32_t receptor, double weight, double *y) {
    const pm_receptor r = receptor_of(ode, receptor);
    if (r.kernel->impulse) {
        y[0] += weight;
        return;
    }
    double unit[PM_KERNEL_WIDTH] = {0.0, 0.0};
    r.kernel->arrive(r.parameters, r.peak, unit);
    for (size_t k = 0; k < PM_KERNEL_WIDTH; k++)
        y[1 + 2 * receptor + k] += weight * unit[k];
}

void pm_ode_spike(const pm_ode *ode, double *y) {
    const pm_population *p = ode->population;
    const pm_reset *reset = &p->reset;
    if (reset->kind == PM_RESET_SUBTRACT)
        y[0] -= reset->subtract;
    else if (reset->kind == PM_RESET_FRACTION)
        y[0] = reset->fraction * y[0] + reset->add;
    else
        y[0] = ode->parameters.V_reset - ode->parameters.E_L;
    for (size_t k = 0; k < p->n_threshold; k++)
        y[first_threshold(p) + k] += p->threshold[k].jump;
    for (size_t k = 0; k < p->n_after_spike; k++)
        y[first_after_spike(p) + k] += p->after_spike[k].jump;
}
