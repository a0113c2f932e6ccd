/* From a network file to a network. Each key is read and checked where it stands, and what the builders of network.h
 * refuse is blamed on the node that asked for it; nothing is kept of a file that fails. */
#include "io/network_parts.h"
#include "io/values.h"

#include <punctum/io.h>

static pm_status read_run(pm_network *network, const pm_node *root, pm_error *error) {
    pm_node duration, seed = pm_map_find(root, "seed");
    pm_status status = pm_map_get(root, "duration", &duration, error);
    if (!status)
        status = pm_node_number(&duration, "a duration in ms", &network->duration, error);
    if (!status && network->duration < 0.0)
        status = pm_node_fail(&duration, error, "the duration is %g ms; it must not be negative", network->duration);
    if (!status && pm_node_exists(&seed))
        status = pm_node_count(&seed, "a seed", 0, INT64_MAX, &network->seed, error);
    return status;
}

static pm_status read_network(pm_network *network, const pm_node *root, pm_error *error) {
    static const char *const keys[] = {"duration",    "seed",   "neuron",  "receptors",   "threshold",
                                       "after_spike", "reset",  "initial", "populations", "projections",
                                       "currents",    "record", NULL};
    pm_neuron defaults = pm_neuron_default();
    pm_status status = pm_map_check(root, keys, error);
    if (!status)
        status = read_run(network, root, error);
    if (status)
        return status;
    pm_node neuron = pm_map_find(root, "neuron"), projections = pm_map_find(root, "projections");
    pm_node record = pm_map_find(root, "record"), populations;
    if (pm_node_exists(&neuron))
        status = pm_read_neuron_numbers(&neuron, &defaults, error);
    if (!status)
        status = pm_map_get(root, "populations", &populations, error);
    if (!status)
        status = pm_list_check(&populations, 1, UINT32_MAX, "of {name: NAME, size: N, ...}, at least one", error);
    for (size_t k = 0; !status && k < pm_list_length(&populations); k++) {
        pm_node item = pm_list_item(&populations, k);
        status = pm_read_population(network, &item, root, &defaults, error);
    }
    if (!status && pm_node_exists(&projections))
        status = pm_list_check(&projections, 0, UINT32_MAX, "of {from: NAME, to: NAME, connect: RULE, ...}", error);
    for (size_t k = 0; !status && k < pm_list_length(&projections); k++) {
        pm_node item = pm_list_item(&projections, k);
        status = pm_read_projection(network, &item, error);
    }
    pm_node currents = pm_map_find(root, "currents");
    if (!status && pm_node_exists(&currents))
        status = pm_list_check(&currents, 0, UINT32_MAX, "of {population: NAME, neurons: [K, ...], steps: ...}", error);
    for (size_t k = 0; !status && k < pm_list_length(&currents); k++) {
        pm_node item = pm_list_item(&currents, k);
        status = pm_read_current(network, &item, error);
    }
    if (!status && pm_node_exists(&record))
        status = pm_read_record(network, &record, error);
    return status;
}

pm_status pm_network_load(const char *path, pm_network **network, pm_error *error) {
    *network = NULL;
    pm_tree *tree = NULL;
    pm_status status = pm_tree_load(path, &tree, error);
    if (status)
        return status;
    pm_network *loaded = pm_network_new();
    pm_node root = pm_tree_root(tree);
    status = loaded ? read_network(loaded, &root, error) : pm_fail_memory(error, "the network");
    pm_tree_free(tree);
    if (status) {
        pm_network_free(loaded);
        return status;
    }
    *network = loaded;
    return PM_OK;
}
