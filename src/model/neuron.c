/* The LIF neuron: one table of its parameters, and what they must be together. */
#include "model/neuron.h"

#include <math.h>
#include <stddef.h>

static const pm_field fields[] = {
    {"C_m", "pF", "membrane capacitance", offsetof(pm_neuron, C_m), 300.0, .bounds = {PM_LEAST, PM_LARGEST, PM_CLOSED}},
    {"g_L", "nS", "leak conductance", offsetof(pm_neuron, g_L), 30.0, .bounds = {PM_LEAST, PM_LARGEST, PM_CLOSED}},
    {"E_L", "mV", "resting potential", offsetof(pm_neuron, E_L), -70.0, .bounds = {-PM_LARGEST, PM_LARGEST, PM_CLOSED}},
    {"V_th", "mV", "threshold", offsetof(pm_neuron, V_th), 20.0, .bounds = {-PM_LARGEST, PM_LARGEST, PM_CLOSED}},
    {"V_reset", "mV", "potential after a spike, below V_th", offsetof(pm_neuron, V_reset), -70.0,
     .bounds = {-PM_LARGEST, PM_LARGEST, PM_CLOSED}},
    {"t_ref", "ms", "refractory time", offsetof(pm_neuron, t_ref), 0.0, .bounds = {0.0, PM_LARGEST, PM_CLOSED}},
    {"I_e", "pA", "constant input current", offsetof(pm_neuron, I_e), 0.0,
     .bounds = {-PM_LARGEST, PM_LARGEST, PM_CLOSED}},
    {"tau_1", "ms", "slow time constant of the synaptic current; 0: impulses", offsetof(pm_neuron, tau_1), 5.0,
     .bounds = {0.0, PM_LARGEST, PM_CLOSED}},
    {"tau_2", "ms", "fast time constant of the synaptic current, below tau_1; 0: a single exponential",
     offsetof(pm_neuron, tau_2), 1.25, .bounds = {0.0, PM_LARGEST, PM_CLOSED}},
};

static pm_status check(const void *structure, pm_error *error) {
    const pm_neuron *n = structure;
    if (n->tau_1 != 0.0 && n->tau_1 < PM_LEAST)
        return pm_fail_key(error, "tau_1", "tau_1 is %g ms; it must be 0 or at least %g ms", n->tau_1, PM_LEAST);
    if (n->tau_1 == 0.0 && n->tau_2 != 0.0)
        return pm_fail_key(error, "tau_2", "tau_2 is %g ms; it must be 0 where tau_1 is 0 (impulse synapses)",
                           n->tau_2);
    if (n->tau_2 >= n->tau_1 && n->tau_1 > 0.0)
        return pm_fail_key(error, "tau_2", "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", n->tau_2, n->tau_1);
    if (n->tau_2 != 0.0 && n->tau_2 < PM_LEAST)
        return pm_fail_key(error, "tau_2", "tau_2 is %g ms; it must be 0 or at least %g ms", n->tau_2, PM_LEAST);
    if (n->V_reset >= n->V_th)
        return pm_fail_key(error, "V_reset", "V_reset is %g mV; it must be below V_th = %g mV", n->V_reset, n->V_th);
    return PM_OK;
}

const pm_kind pm_neuron_lif = {.name = "lif",
                               .help = "leaky integrate-and-fire, exponential or double-exponential synaptic currents",
                               .source = "",
                               .fields = fields,
                               .n_fields = sizeof fields / sizeof *fields,
                               .size = sizeof(pm_neuron),
                               .check = check};

const pm_kind *const pm_neurons[] = {&pm_neuron_lif, NULL};

pm_neuron pm_neuron_default(void) {
    pm_neuron neuron;
    pm_kind_preset(&pm_neuron_lif, &neuron);
    return neuron;
}

pm_lif pm_lif_of_neuron(const pm_neuron *n) {
    const pm_lif_numbers numbers = {n->C_m,   n->g_L,   n->I_e,  n->E_L, n->V_th - n->E_L, n->V_reset - n->E_L,
                                    n->t_ref, n->tau_1, n->tau_2};
    return pm_lif_new(&numbers);
}

pm_status pm_neuron_check(const pm_neuron *neuron, pm_error *error) {
    return pm_kind_check(&pm_neuron_lif, neuron, error);
}

pm_status pm_neuron_need_current(const pm_neuron *neuron, const char *who, pm_error *error) {
    if (neuron->tau_1 > 0.0)
        return PM_OK;
    return pm_fail_key(error, "tau_1", "tau_1 is 0 ms; %s wants synaptic currents (tau_1 above 0), not impulses", who);
}
