/* The parts of a network file, each read by a file of its own. All of them add to the network what their node
 * describes; errors are blamed on the key at fault. */
#ifndef PM_IO_NETWORK_PARTS_H
#define PM_IO_NETWORK_PARTS_H

#include "io/tree.h"

#include <punctum/network.h>

/* A population (population_yaml.c); `root` gives the defaults: neuron, receptors, threshold, after_spike, reset,
 * initial. */
pm_status pm_read_population(pm_network *network, const pm_node *population, const pm_node *root,
                             const pm_neuron *defaults, pm_error *error);

/* A projection (projection_yaml.c). */
pm_status pm_read_projection(pm_network *network, const pm_node *projection, pm_error *error);

/* An injected current, and what is recorded (record_yaml.c). */
pm_status pm_read_current(pm_network *network, const pm_node *current, pm_error *error);
pm_status pm_read_record(pm_network *network, const pm_node *record, pm_error *error);

/* The population, or the receptor of one, that a node names; a message suggests the nearest name. */
pm_status pm_read_population_name(const pm_network *network, const pm_node *node, uint32_t *number, pm_error *error);
pm_status pm_read_receptor_name(const pm_population *population, const pm_node *node, uint32_t *number,
                                pm_error *error);

/* A list of [time, value] (ms and `unit`); freed by the caller. */
pm_status pm_read_steps(const pm_node *list, const char *unit, pm_step **steps, size_t *n, pm_error *error);

#endif
