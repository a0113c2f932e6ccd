/* Exported networks: the parts of scripts that do not depend on the network, and which of NEST's models plays a
 * population. */
#ifndef PM_IO_EXPORT_H
#define PM_IO_EXPORT_H

#include "io/output.h"
#include "net/wiring.h"

typedef struct pm_export_text {
    const char *head;    /* before the network's parameters */
    const char *body[8]; /* after them and pm_export_common; ends with NULL */
} pm_export_text;

extern const char *const pm_export_common;
extern const pm_export_text pm_export_brian2, pm_export_nest;

enum { T_REF = 5, TAU_1 = 7, TAU_2 = 8 }; /* among the fields of a neuron */

/* Whether a parameter differs from neuron to neuron. */
static inline bool pm_export_varies(const pm_population *population, size_t field) {
    return population->varied && population->varied[field].kind != PM_CONSTANT;
}

enum { PM_EXPORT_NUMBER = 32 };

/* A population among NEST's models. */
typedef struct pm_nest_neuron {
    const char *model;
    bool grid;                         /* spikes at the ends of steps */
    bool at_once;                      /* a refractory time of 0 ms is possible */
    bool ports;                        /* a port for each term of each receptor; else: */
    char tau_syn[2][PM_EXPORT_NUMBER]; /* of positive and of negative weights, ms, in Python; "": no synapses */
} pm_nest_neuron;

/* Errors: PM_INVALID naming the key that no model of NEST has; `file` is the network's. */
pm_status pm_nest_choose(const char *file, const pm_network *network, const pm_wiring *wiring, uint32_t population,
                         pm_nest_neuron *neuron, pm_error *error);
/* `neurons`: of each population. The coarsest resolution (ms) that leaves delays, refractory times and changes of
 * currents as they are. Errors: PM_INVALID where there is none. */
pm_status pm_nest_resolution(const char *file, const pm_network *network, const pm_wiring *wiring,
                             const pm_nest_neuron *neurons, double *resolution, pm_error *error);
/* What the script has to know, as further entries of the population's dict. */
pm_status pm_nest_write(const pm_nest_neuron *neuron, const pm_population *population, pm_output *output,
                        pm_error *error);

#endif
