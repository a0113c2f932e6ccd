/* Values that network and experiment files have in common. */
#ifndef PM_IO_VALUES_H
#define PM_IO_VALUES_H

#include "base/parameter.h"
#include "io/tree.h"

#include <punctum/network.h>

/* The parameters that a map gives, over those already in *neuron. */
pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error);
/* The same where a parameter may differ from neuron to neuron: of a distribution, a typical value; of a file, none. */
pm_status pm_read_neuron_numbers(const pm_node *map, pm_neuron *neuron, pm_error *error);

/* pm_neuron_check; its message is blamed on the parameter that it begins with, where the population's own map "neuron"
 * or the `shared` one (which may be absent) gives that one. */
pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error);

/* A list of two numbers or, if `most` is 3, of two or three into a, b and step. `what` describes it. */
pm_status pm_read_spread(const pm_node *list, const char *what, size_t most, pm_distribution *d, pm_error *error);

/* A number that must be there, or may be absent. `what` describes it: "a rate in spikes/s". */
pm_status pm_read_required(const pm_node *map, const char *key, const char *what, double *value, pm_error *error);
pm_status pm_read_optional(const pm_node *map, const char *key, const char *what, double *value, pm_error *error);

/* A number or a distribution: {normal: [mean, std]}, {uniform: [low, high]}, {uniform: [low, high, step]},
 * {lognormal: [mu, sigma]}, {exponential: mean}, each with low and high if wanted. `what` describes the value and its
 * unit: "a weight in pA". *file receives the node of a key `file`, of which nothing is read here; NULL: no such key. */
pm_status pm_read_distribution(const pm_node *node, const char *what, pm_distribution *d, pm_node *file,
                               pm_error *error);

#endif
