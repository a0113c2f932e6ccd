/* The list of kernels. */
#include "model/kernel.h"

#define ITSELF(name) &pm_kernel_##name,
#define HEAD(name) &pm_kernel_##name.kind,
const pm_kernel *const pm_kernels[] = {PM_KERNELS(ITSELF) NULL};
const pm_kind *const pm_receptors[] = {PM_KERNELS(HEAD) NULL};

const pm_kernel *pm_kernel_find(const char *name) {
    return (const pm_kernel *)(const void *)pm_kind_find(pm_receptors, name); /* of which it is the head */
}

pm_receptor pm_receptor_of_neuron(const pm_neuron *neuron) {
    pm_receptor receptor = {.name = "default", .parameters = {neuron->tau_1, neuron->tau_2}};
    receptor.kernel = neuron->tau_1 > 0.0 ? &pm_kernel_double_exponential : &pm_kernel_impulse;
    return receptor;
}

pm_receptor pm_population_get_receptor(const pm_population *population, uint32_t k) {
    return population->n_receptors > 0 ? population->receptors[k] : pm_receptor_of_neuron(&population->neuron);
}
