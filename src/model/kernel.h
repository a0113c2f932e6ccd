/* Kernels: how the current of a receptor goes on after an arrival. Each is one constant descriptor in a file of its
 * own, from which the keys of network files and the checks come. It says its equation twice: as numbers for the closed
 * forms of math/ (the engine, gradients), and as the paper writes it, for what is to be independent of these
 * (time-stepped simulation, tests). */
#ifndef PM_MODEL_KERNEL_H
#define PM_MODEL_KERNEL_H

#include "base/kind.h"
#include "math/membrane.h"

#include <punctum/network.h>

enum { PM_KERNEL_PARAMETERS = 4, PM_KERNEL_WIDTH = 2 };

/* Derivatives of anything with respect to the numbers of a port, whose other numbers follow from these. */
typedef struct pm_port_slopes {
    double l_1, l_2, k; /* per 1/ms */
    double jump;        /* per pA */
} pm_port_slopes;

/* Forms of currents that have a name elsewhere: in quicker ways of the engine, in other simulators. */
typedef enum pm_kernel_form { PM_FORM_OTHER, PM_FORM_EXPONENTIALS, PM_FORM_ALPHA } pm_kernel_form;

typedef struct pm_kernel {
    pm_kind kind;        /* its fields are of pm_receptor.parameters */
    const char *word;    /* stands for the receptor in a file where there are no parameters, or NULL */
    bool impulse;        /* an arrival changes V at once, by its weight in mV */
    pm_kernel_form form; /* of exponentials the parameters are tau_1 and tau_2, of alpha T */
    /* The numbers of math/. `peak`: weights are to be the largest current. */
    pm_port (*port)(const double *parameters, bool peak, double tau_m);
    /* From derivatives with respect to these to derivatives with respect to the parameters, which are added. NULL where
     * there are no parameters. */
    void (*slopes)(const double *parameters, bool peak, const pm_port_slopes *of_port, double *of_parameters);
    /* The current (pA) that follows from y, y' per ms, and what an arrival of weight 1 adds to y. NULL for impulses. */
    double (*current)(const double *y);
    void (*derivative)(const double *parameters, const double *y, double *dydt);
    void (*arrive)(const double *parameters, bool peak, double *y);
} pm_kernel;

/* All kernels, pm_kernel_NAME. */
#define PM_KERNELS(X) X(double_exponential) X(exponential) X(alpha) X(impulse)
#define PM_KERNEL(name) extern const pm_kernel pm_kernel_##name;
PM_KERNELS(PM_KERNEL)
#undef PM_KERNEL

extern const pm_kind *const pm_receptors[]; /* their heads; ends with NULL */
extern const pm_kernel *const pm_kernels[]; /* the same kernels; ends with NULL */

/* A time constant: ms, without a default. */
#define PM_KERNEL_TIME(number, key, text)                                                                              \
    {                                                                                                                  \
        key, "ms", text, (number) * sizeof(double), NAN, .bounds = { PM_LEAST, PM_LARGEST, PM_CLOSED }                       \
    }

/* The receptor that a population has without any of its own: that of tau_1 and tau_2. */
pm_receptor pm_receptor_of_neuron(const pm_neuron *neuron);

/* Receptor number k of a population, its own or the one of tau_1 and tau_2. */
pm_receptor pm_population_get_receptor(const pm_population *population, uint32_t k);

#endif
