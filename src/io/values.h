/* Values that network and experiment files have in common. */
#ifndef PM_IO_VALUES_H
#define PM_IO_VALUES_H

#include "io/tree.h"
#include "base/parameter.h"

#include <punctum/network.h>

/* The parameters that a map gives, over those already in *neuron. */
pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error);

/* pm_neuron_check; its message is blamed on the parameter that it begins with, where the population's own map "neuron"
 * or the `shared` one (which may be absent) gives that one. */
pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error);

/* A list of two numbers or, if `most` is 3, of two or three into a, b and step. `what` describes it. */
pm_status pm_read_spread(const pm_node *list, const char *what, size_t most, pm_distribution *d, pm_error *error);

#endif
