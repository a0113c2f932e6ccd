/* Kernels: how the current of a receptor goes on after an arrival. Each is one constant descriptor in a file of its
 * own, from which the keys of network files and the checks come. It says its equation twice: as numbers for the closed
 * forms of math/ (the engine, gradients), and as the paper writes it, for what is to be independent of these
 * (time-stepped simulation, tests). */
#ifndef PM_MODEL_KERNEL_H
#define PM_MODEL_KERNEL_H

#include "math/membrane.h"

#include <punctum/network.h>

enum { PM_KERNEL_PARAMETERS = 4, PM_KERNEL_WIDTH = 2 };

typedef struct pm_kernel {
    const char *name;
    const char *help;
    const char *source; /* of the equation */
    /* Keys and units of the parameters, in the order of pm_receptor.parameters; ends with NULL. */
    const char *keys[PM_KERNEL_PARAMETERS + 1];
    const char *units[PM_KERNEL_PARAMETERS];
    const char *word; /* stands for the receptor in a file where there are no parameters, or NULL */
    bool impulse;     /* an arrival changes V at once, by its weight in mV */
    /* PM_INVALID with a message that begins with the key, unless the parameters are usable. */
    pm_status (*check)(const double *parameters, pm_error *error);
    /* The numbers of math/. `peak`: weights are to be the largest current. */
    pm_port (*port)(const double *parameters, bool peak, double tau_m);
    /* The current (pA) that follows from y, y' per ms, and what an arrival of weight 1 adds to y. NULL for impulses. */
    double (*current)(const double *y);
    void (*derivative)(const double *parameters, const double *y, double *dydt);
    void (*arrive)(const double *parameters, bool peak, double *y);
} pm_kernel;

extern const pm_kernel pm_kernel_double_exponential, pm_kernel_exponential, pm_kernel_alpha, pm_kernel_impulse;

/* All kernels; ends with NULL. */
extern const pm_kernel *const pm_kernels[];

/* A time constant in ms: at least 1e-9 and at most 1e15, as those of a neuron. */
pm_status pm_kernel_check_time(const char *key, double value, pm_error *error);

/* The receptor that a population has without any of its own: that of tau_1 and tau_2. */
pm_receptor pm_receptor_of_neuron(const pm_neuron *neuron);

/* Receptor number k of a population, its own or the one of tau_1 and tau_2. */
pm_receptor pm_population_get_receptor(const pm_population *population, uint32_t k);

#endif
