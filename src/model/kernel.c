/* The list of kernels. */
#include "model/kernel.h"

#include <math.h>
#include <string.h>

const pm_kernel *const pm_kernels[] = {
    &pm_kernel_double_exponential, &pm_kernel_exponential, &pm_kernel_alpha, &pm_kernel_impulse, NULL,
};

const pm_kernel *pm_kernel_find(const char *name) {
    size_t k = 0;
    while (pm_kernels[k] && strcmp(pm_kernels[k]->name, name) != 0)
        k++;
    return pm_kernels[k];
}

pm_status pm_kernel_check_time(const char *key, double value, pm_error *error) {
    if (isfinite(value) && value >= 1e-9 && value <= 1e15)
        return PM_OK;
    return pm_fail(error, PM_INVALID, "%s is %g ms; it must be between 1e-9 and 1e15 ms", key, value);
}

pm_receptor pm_receptor_of_neuron(const pm_neuron *neuron) {
    pm_receptor receptor = {.name = "default", .parameters = {neuron->tau_1, neuron->tau_2}};
    receptor.kernel = neuron->tau_1 > 0.0 ? &pm_kernel_double_exponential : &pm_kernel_impulse;
    return receptor;
}

pm_receptor pm_population_get_receptor(const pm_population *population, uint32_t k) {
    return population->n_receptors > 0 ? population->receptors[k] : pm_receptor_of_neuron(&population->neuron);
}
