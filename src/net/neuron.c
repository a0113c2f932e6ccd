/* Neuron parameters: defaults and their ranges, in one table. */
#include <punctum/neuron.h>

#include <math.h>
#include <stddef.h>

pm_neuron pm_neuron_default(void) {
    return (pm_neuron){.C_m = 300.0, .g_L = 30.0, .E_L = -70.0, .V_th = 20.0, .V_reset = -70.0, .tau_1 = 5.0, .tau_2 = 1.25};
}

typedef enum range { ANY, POSITIVE, NOT_NEGATIVE } range;

static const struct {
    const char *name, *unit;
    size_t offset;
    range range;
} PARAMETERS[] = {
    {"C_m", "pF", offsetof(pm_neuron, C_m), POSITIVE},
    {"g_L", "nS", offsetof(pm_neuron, g_L), POSITIVE},
    {"E_L", "mV", offsetof(pm_neuron, E_L), ANY},
    {"V_th", "mV", offsetof(pm_neuron, V_th), ANY},
    {"V_reset", "mV", offsetof(pm_neuron, V_reset), ANY},
    {"t_ref", "ms", offsetof(pm_neuron, t_ref), NOT_NEGATIVE},
    {"I_e", "pA", offsetof(pm_neuron, I_e), ANY},
    {"tau_1", "ms", offsetof(pm_neuron, tau_1), POSITIVE},
    {"tau_2", "ms", offsetof(pm_neuron, tau_2), NOT_NEGATIVE},
};

/* Time constants and values that leave no room for products and quotients in double precision. */
static const double LARGEST = 1e15, SMALLEST = 1e-9;

pm_status pm_neuron_check(const pm_neuron *neuron, pm_error *error) {
    for (size_t k = 0; k < sizeof PARAMETERS / sizeof *PARAMETERS; k++) {
        double value = *(const double *)(const void *)((const char *)neuron + PARAMETERS[k].offset);
        const char *name = PARAMETERS[k].name, *unit = PARAMETERS[k].unit;
        if (!isfinite(value) || fabs(value) > LARGEST)
            return pm_fail(error, PM_INVALID, "%s is %g; it must be a finite number in %s", name, value, unit);
        if (PARAMETERS[k].range == POSITIVE && value < SMALLEST)
            return pm_fail(error, PM_INVALID, "%s is %g %s; it must be at least %g %s", name, value, unit, SMALLEST, unit);
        if (PARAMETERS[k].range == NOT_NEGATIVE && value < 0.0)
            return pm_fail(error, PM_INVALID, "%s is %g %s; it must not be negative", name, value, unit);
    }
    if (neuron->tau_2 >= neuron->tau_1)
        return pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", neuron->tau_2,
                       neuron->tau_1);
    if (neuron->tau_2 != 0.0 && neuron->tau_2 < SMALLEST)
        return pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be 0 or at least %g ms", neuron->tau_2, SMALLEST);
    if (neuron->V_reset >= neuron->V_th)
        return pm_fail(error, PM_INVALID, "V_reset is %g mV; it must be below V_th = %g mV", neuron->V_reset, neuron->V_th);
    return PM_OK;
}
