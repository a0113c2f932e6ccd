/* Kernels: how the current of a receptor goes on after an arrival. Each is one constant descriptor in a file of its
 * own, from which the keys of network files and the checks come.
 *
 * All of them are cases of one pair of equations, which the engine and the gradients solve,
 *
 *     i' = -l_1 i + k b,    b' = -l_2 b,
 *
 * and differ in their numbers and in what an arrival of weight w adds `jump` w to: b, i (single) or u (impulse). */
#ifndef PM_MODEL_KERNEL_H
#define PM_MODEL_KERNEL_H

#include <punctum/network.h>

/* What a kernel's parameters mean in the equations above. */
typedef struct pm_kernel_numbers {
    double l_1, l_2, k; /* 1/ms; k is 0 where there is no b */
    double jump;        /* per unit of the weight */
    bool single;        /* arrivals add to i */
    bool impulse;       /* arrivals add to u */
} pm_kernel_numbers;

enum { PM_KERNEL_PARAMETERS = 4 };

typedef struct pm_kernel {
    const char *name;
    const char *help;
    const char *source; /* of the equation */
    /* Keys and units of the parameters, in the order of pm_receptor.parameters; ends with NULL. */
    const char *keys[PM_KERNEL_PARAMETERS + 1];
    const char *units[PM_KERNEL_PARAMETERS];
    const char *word; /* stands for the receptor in a file where there are no parameters, or NULL */
    /* PM_INVALID with a message that begins with the key, unless the parameters are usable. */
    pm_status (*check)(const double *parameters, pm_error *error);
    /* `peak`: the weight is to be the largest current. */
    pm_kernel_numbers (*numbers)(const double *parameters, bool peak);
    /* The current t ms after an arrival of weight 1, as the paper writes it; for time-stepped referees and tests. */
    double (*current)(const double *parameters, bool peak, double t);
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
