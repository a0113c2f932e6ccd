/* Descriptors of parameters: from one table come checks, YAML keys, help and summaries. */
#ifndef PM_BASE_PARAMETER_H
#define PM_BASE_PARAMETER_H

#include <punctum/neuron.h>
#include <stddef.h>

typedef enum pm_range { PM_ANY, PM_POSITIVE, PM_NOT_NEGATIVE } pm_range;

typedef struct pm_parameter {
    const char *name;
    const char *unit; /* "" for a pure number */
    const char *help;
    size_t offset; /* of a double within the structure that the table describes */
    pm_range range;
    const char *const
        *choices; /* ends with NULL: the double is the index of one of these words; NULL: it is a number */
} pm_parameter;

static inline double *pm_parameter_of(void *structure, const pm_parameter *parameter) {
    return (double *)(void *)((char *)structure + parameter->offset);
}
static inline double pm_parameter_value(const void *structure, const pm_parameter *parameter) {
    return *(const double *)(const void *)((const char *)structure + parameter->offset);
}

/* The parameters of pm_neuron. */
enum { PM_NEURON_PARAMETERS = 9 };
extern const pm_parameter pm_neuron_parameters[PM_NEURON_PARAMETERS];

/* PM_INVALID for impulse synapses; the message says that `who` ("training") does not take them. */
pm_status pm_neuron_need_current(const pm_neuron *neuron, const char *who, pm_error *error);

#endif
