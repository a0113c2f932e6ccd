/* The list of kernels. */
#include "model/kernel.h"

#include <string.h>

#define ITSELF(name) &pm_kernel_##name,
#define HEAD(name) &pm_kernel_##name.kind,
const pm_kernel *const pm_kernels[] = {PM_KERNELS(ITSELF) NULL};
const pm_kind *const pm_receptors[] = {PM_KERNELS(HEAD) NULL};

const pm_kernel *pm_kernel_find(const char *name) {
    size_t k = 0;
    while (pm_kernels[k] && strcmp(pm_kernels[k]->kind.name, name) != 0)
        k++;
    return pm_kernels[k];
}

pm_receptor pm_receptor_of_neuron(const pm_neuron *neuron) {
    pm_receptor receptor = {.name = "default", .parameters = {neuron->tau_1, neuron->tau_2}};
    receptor.kernel = neuron->tau_1 > 0.0 ? &pm_kernel_double_exponential : &pm_kernel_impulse;
    return receptor;
}

pm_receptor pm_population_get_receptor(const pm_population *population, uint32_t k) {
    return population->n_receptors > 0 ? population->receptors[k] : pm_receptor_of_neuron(&population->neuron);
}
