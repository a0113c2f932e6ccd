/* Neuron parameters: defaults and their ranges, in one table. */
#include "base/parameter.h"

#include <punctum/neuron.h>

#include <math.h>
#include <stddef.h>

pm_neuron pm_neuron_default(void) {
    return (pm_neuron){
        .C_m = 300.0, .g_L = 30.0, .E_L = -70.0, .V_th = 20.0, .V_reset = -70.0, .tau_1 = 5.0, .tau_2 = 1.25};
}

const pm_parameter pm_neuron_parameters[PM_NEURON_PARAMETERS] = {
    {"C_m", "pF", "membrane capacitance", offsetof(pm_neuron, C_m), PM_POSITIVE, NULL},
    {"g_L", "nS", "leak conductance", offsetof(pm_neuron, g_L), PM_POSITIVE, NULL},
    {"E_L", "mV", "resting potential", offsetof(pm_neuron, E_L), PM_ANY, NULL},
    {"V_th", "mV", "threshold", offsetof(pm_neuron, V_th), PM_ANY, NULL},
    {"V_reset", "mV", "potential after a spike", offsetof(pm_neuron, V_reset), PM_ANY, NULL},
    {"t_ref", "ms", "refractory time", offsetof(pm_neuron, t_ref), PM_NOT_NEGATIVE, NULL},
    {"I_e", "pA", "constant input current", offsetof(pm_neuron, I_e), PM_ANY, NULL},
    {"tau_1", "ms", "slow time constant of the synaptic current", offsetof(pm_neuron, tau_1), PM_NOT_NEGATIVE, NULL},
    {"tau_2", "ms", "fast time constant of the synaptic current", offsetof(pm_neuron, tau_2), PM_NOT_NEGATIVE, NULL},
};

/* Time constants and values that leave no room for products and quotients in double precision. */
static const double LARGEST = 1e15, SMALLEST = 1e-9;

pm_status pm_neuron_check(const pm_neuron *neuron, pm_error *error) {
    for (size_t k = 0; k < PM_NEURON_PARAMETERS; k++) {
        const pm_parameter *parameter = &pm_neuron_parameters[k];
        double value = pm_parameter_value(neuron, parameter);
        const char *name = parameter->name, *unit = parameter->unit;
        if (!isfinite(value) || fabs(value) > LARGEST)
            return pm_fail(error, PM_INVALID, "%s is %g; it must be a finite number in %s, at most 1e15 in magnitude", name,
                           value, unit);
        if (parameter->range == PM_POSITIVE && value < SMALLEST)
            return pm_fail(error, PM_INVALID, "%s is %g %s; it must be at least %g %s", name, value, unit, SMALLEST,
                           unit);
        if (parameter->range == PM_NOT_NEGATIVE && value < 0.0)
            return pm_fail(error, PM_INVALID, "%s is %g %s; it must not be negative", name, value, unit);
    }
    if (neuron->tau_1 != 0.0 && neuron->tau_1 < SMALLEST)
        return pm_fail(error, PM_INVALID, "tau_1 is %g ms; it must be 0 or at least %g ms", neuron->tau_1, SMALLEST);
    if (neuron->tau_1 == 0.0 && neuron->tau_2 != 0.0)
        return pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be 0 where tau_1 is 0 (impulse synapses)",
                       neuron->tau_2);
    if (neuron->tau_2 >= neuron->tau_1 && neuron->tau_1 > 0.0)
        return pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", neuron->tau_2,
                       neuron->tau_1);
    if (neuron->tau_2 != 0.0 && neuron->tau_2 < SMALLEST)
        return pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be 0 or at least %g ms", neuron->tau_2, SMALLEST);
    if (neuron->V_reset >= neuron->V_th)
        return pm_fail(error, PM_INVALID, "V_reset is %g mV; it must be below V_th = %g mV", neuron->V_reset,
                       neuron->V_th);
    return PM_OK;
}

pm_status pm_neuron_need_current(const pm_neuron *neuron, const char *who, pm_error *error) {
    if (neuron->tau_1 > 0.0)
        return PM_OK;
    return pm_fail(error, PM_INVALID, "tau_1 is 0 ms; %s wants synaptic currents (tau_1 above 0), not impulses", who);
}
