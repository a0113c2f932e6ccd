/* Invariant: terms stand in the order of the description: receptors, jumps, sines as among the network's currents. A
 * sine's state is a function of time, not of the way there. */
#include "net/membranes.h"

#include "model/kernel.h"
#include "net/current.h"

#include <math.h>
#include <stdlib.h>

static bool is_sine_of(uint32_t population, const pm_current *c) {
    return c->population == population && c->kind == PM_CURRENT_SINE;
}

void pm_membrane_of_neuron(const pm_network *network, uint32_t population, const pm_neuron *n, pm_membrane *m,
                           pm_port *ports, pm_decay *decays, pm_sine *sines) {
    const pm_population *p = &network->populations[population];
    const pm_reset *reset = &p->reset;
    const double tau_m = n->C_m / n->g_L;
    *m = (pm_membrane){.l_m = 1.0 / tau_m,
                       .inv_C = 1.0 / n->C_m,
                       .u_inf = n->I_e / n->g_L,
                       .theta = n->V_th - n->E_L,
                       .t_ref = n->t_ref,
                       .n_ports = pm_population_receptors(p),
                       .n_thresholds = p->n_threshold,
                       .n_after = p->n_after_spike,
                       .ports = ports,
                       .thresholds = decays,
                       .after = decays + p->n_threshold,
                       .sines = sines};
    m->factor = reset->kind == PM_RESET_SUBTRACT ? 1.0 : reset->kind == PM_RESET_FRACTION ? reset->fraction : 0.0;
    m->add = reset->kind == PM_RESET_SUBTRACT   ? -reset->subtract
             : reset->kind == PM_RESET_FRACTION ? reset->add
                                                : n->V_reset - n->E_L;
    for (uint32_t k = 0; k < m->n_ports; k++) {
        const pm_receptor r = p->n_receptors > 0 ? p->receptors[k] : pm_receptor_of_neuron(n);
        ports[k] = r.kernel->port(r.parameters, r.peak, tau_m);
    }
    for (size_t k = 0; k < p->n_threshold; k++)
        decays[k] = pm_decay_new(tau_m, p->threshold[k].tau, p->threshold[k].jump);
    for (size_t k = 0; k < p->n_after_spike; k++)
        decays[p->n_threshold + k] = pm_decay_new(tau_m, p->after_spike[k].tau, p->after_spike[k].jump);
    for (size_t k = 0; k < network->n_currents; k++) {
        const pm_current *c = &network->currents[k];
        if (is_sine_of(population, c))
            sines[m->n_sines++] = pm_sine_new(tau_m, c->amplitude, 2e-3 * M_PI * c->frequency, M_PI / 180.0 * c->phase);
    }
    pm_membrane_complete(m);
}

static pm_status fill(pm_membranes *s, pm_error *error) {
    const pm_population *p = s->population;
    const size_t n_ports = pm_population_receptors(p), n_decays = p->n_threshold + p->n_after_spike;
    s->items = malloc((s->n + 1) * sizeof *s->items);
    s->neurons = malloc((s->n + 1) * sizeof *s->neurons);
    s->V_m = malloc((s->n + 1) * sizeof *s->V_m);
    s->ports = malloc((s->n * n_ports + 1) * sizeof *s->ports);
    s->decays = malloc((s->n * n_decays + 1) * sizeof *s->decays);
    s->sines = malloc((s->n * s->n_sines + 1) * sizeof *s->sines);
    if (!s->items || !s->neurons || !s->V_m || !s->ports || !s->decays || !s->sines)
        return pm_fail_memory(error, "the neurons");
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < s->n; k++) {
        status = pm_network_neuron(s->network, s->number, (uint32_t)k, &s->neurons[k], &s->V_m[k], error);
        if (!status)
            pm_membrane_of_neuron(s->network, s->number, &s->neurons[k], &s->items[k], s->ports + k * n_ports,
                                  s->decays + k * n_decays, s->sines + k * s->n_sines);
    }
    return status;
}

pm_status pm_membranes_new(pm_membranes *s, const pm_network *network, uint32_t population, pm_error *error) {
    const pm_population *p = &network->populations[population];
    *s = (pm_membranes){.network = network, .population = p, .number = population, .n = p->varied ? p->size : 1};
    for (size_t k = 0; k < network->n_currents; k++)
        s->n_sines += is_sine_of(population, &network->currents[k]);
    if (s->n_sines > PM_MEMBRANE_TERMS)
        return pm_fail(error, PM_INVALID, "'%s' has %zu sinusoidal currents; %d are the most", p->name, s->n_sines,
                       PM_MEMBRANE_TERMS);
    pm_status status = fill(s, error);
    if (status)
        pm_membranes_free(s);
    return status;
}

void pm_membranes_free(pm_membranes *s) {
    free(s->items);
    free(s->neurons);
    free(s->V_m);
    free(s->ports);
    free(s->decays);
    free(s->sines);
    *s = (pm_membranes){0};
}

double pm_membranes_next_change(const pm_membranes *s, uint32_t neuron, double time) {
    double next = INFINITY;
    for (size_t k = 0; k < s->network->n_currents; k++) {
        const pm_current *c = &s->network->currents[k];
        if (c->population == s->number && pm_current_concerns(c, neuron))
            next = fmin(next, pm_current_next(c, time));
    }
    return next;
}

double pm_membranes_inject(const pm_membranes *s, uint32_t neuron, double time, double *state) {
    const pm_membrane *m = &s->items[pm_membranes_place(s, neuron)];
    double constant = 0.0, *sine = state + pm_membrane_at_sine(m);
    for (size_t k = 0; k < s->network->n_currents; k++) {
        const pm_current *c = &s->network->currents[k];
        if (c->population != s->number)
            continue;
        const bool concerned = pm_current_concerns(c, neuron);
        if (c->kind == PM_CURRENT_SINE) {
            sine[0] = sine[1] = 0.0;
            if (concerned && pm_current_is_on(c, time))
                sine[0] = pm_current_sine(c, time, &sine[1]);
            sine += 2;
        } else if (concerned) {
            constant += pm_current_constant(c, pm_current_key(s->network, k), neuron, time);
        }
    }
    return m->u_inf + constant * m->inv_C / m->l_m;
}
