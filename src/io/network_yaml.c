/* From a network file to a network. Each key is read and checked where it stands, and what the builders of network.h
 * refuse is blamed on the node that asked for it; nothing is kept of a file that fails. */
#include "io/file.h"
#include "base/list.h"
#include "io/spikes.h"
#include "io/tree.h"
#include "io/values.h"
#include "model/source.h"
#include "net/limits.h"

#include <punctum/io.h>

#include <stdlib.h>
#include <string.h>

static pm_status add_spike_source(pm_network *network, const pm_node *population, const pm_node *file, const char *name,
                                  uint32_t size, pm_error *error) {
    const char *relative = NULL;
    pm_status status = pm_node_text(file, "the name of a spike file", &relative, error);
    if (status)
        return status;
    char *path = pm_tree_path(file->tree, relative);
    pm_event *events = NULL;
    size_t n = 0;
    if (!path)
        return pm_fail_memory(error, "a path");
    status = pm_events_read(path, name, size, &events, &n, error);
    if (!status)
        status =
            pm_node_blame(population, pm_network_add_spike_source(network, name, size, events, n, NULL, error), error);
    free(events);
    free(path);
    return status;
}

static pm_status add_source(pm_network *network, const pm_node *population, const pm_node *source, const char *name,
                            uint32_t size, pm_error *error) {
    static const char *const keys[] = {"spikes", "poisson", NULL};
    pm_status status = pm_map_check(source, keys, error);
    if (status)
        return status;
    pm_node spikes = pm_map_find(source, "spikes"), poisson = pm_map_find(source, "poisson");
    if (pm_node_exists(&spikes) == pm_node_exists(&poisson))
        return pm_node_fail(source, error, "a source is either {spikes: FILE} or {poisson: {rate: R}}");
    if (pm_node_exists(&spikes))
        return add_spike_source(network, population, &spikes, name, size, error);
    pm_poisson_source own;
    pm_kind_preset(&pm_source_poisson, &own);
    status = pm_read_kind(&poisson, &pm_source_poisson, NULL, &own, error);
    if (status)
        return status;
    return pm_node_blame(&poisson, pm_network_add_poisson_source(network, name, size, own.rate, NULL, error), error);
}

static pm_status read_population(pm_network *network, const pm_node *population, const pm_node *shared,
                                 const pm_neuron *defaults, pm_error *error) {
    static const char *const keys[] = {"name", "size", "source", "neuron", NULL};
    pm_node name_node, size_node;
    const char *name = NULL;
    uint64_t size = 0;
    pm_status status = pm_map_check(population, keys, error);
    if (!status)
        status = pm_map_get(population, "name", &name_node, error);
    if (!status)
        status = pm_node_text(&name_node, "the name of a population", &name, error);
    if (!status)
        status = pm_map_get(population, "size", &size_node, error);
    if (!status)
        status = pm_node_count(&size_node, "a number of neurons", 1, UINT32_MAX, &size, error);
    if (status)
        return status;
    pm_node source = pm_map_find(population, "source"), own = pm_map_find(population, "neuron");
    if (pm_node_exists(&source)) {
        if (pm_node_exists(&own))
            return pm_node_fail(&own, error, "'%s' has a source: its neurons have no parameters", name);
        return add_source(network, population, &source, name, (uint32_t)size, error);
    }
    pm_neuron neuron = *defaults;
    if (pm_node_exists(&own))
        status = pm_read_neuron(&own, &neuron, error);
    if (!status)
        status = pm_check_neuron(shared, population, &neuron, error);
    if (status)
        return status;
    return pm_node_blame(&name_node, pm_network_add_lif(network, name, (uint32_t)size, &neuron, NULL, error), error);
}

/* The population that a node names. */
static pm_status find_population(const pm_network *network, const pm_node *node, uint32_t *number, pm_error *error) {
    const char *name = NULL;
    pm_status status = pm_node_text(node, "the name of a population", &name, error);
    if (status)
        return status;
    size_t found = pm_network_find(network, name);
    *number = (uint32_t)found;
    if (found < network->n_populations)
        return PM_OK;
    const char **names = calloc(network->n_populations + 1, sizeof *names);
    if (!names)
        return pm_fail_memory(error, "names");
    for (size_t p = 0; p < network->n_populations; p++)
        names[p] = network->populations[p].name;
    const char *close = pm_closest(name, names);
    if (close)
        status = pm_node_fail(node, error, "there is no population '%.60s'; did you mean '%s'?", name, close);
    else
        status = pm_node_fail(node, error, "there is no population '%.60s'", name);
    free(names);
    return status;
}

/* A matrix of weights, one row per target, into *values. */
static pm_status read_matrix(const char *path, const pm_population *from, const pm_population *to, double **values,
                             pm_error *error) {
    pm_rows rows = {0};
    size_t n = 0, capacity = 0;
    pm_status status = pm_rows_open(&rows, path, error);
    while (!status && !(status = pm_rows_next(&rows, error)) && rows.n > 0) {
        if (rows.n != from->size)
            status = pm_rows_fail(&rows, error, "%zu columns; one per source is wanted, and '%s' has %u neurons",
                                  rows.n, from->name, from->size);
        else if (n == to->size)
            status = pm_rows_fail(&rows, error, "one row too many; one per target is wanted, and '%s' has %u neurons",
                                  to->name, to->size);
        for (size_t k = 0; !status && k < rows.n; k++)
            if (!pm_weight_fits(rows.values[k]))
                status = pm_rows_fail(&rows, error, "column %zu: %.17g; weights are at most %g in magnitude", k + 1,
                                      rows.values[k], PM_LARGEST_WEIGHT);
        if (!status && !pm_list_reserve((void **)values, &capacity, n + 1, from->size * sizeof **values))
            status = pm_fail_memory(error, path);
        if (!status)
            memcpy(*values + from->size * n++, rows.values, rows.n * sizeof(double));
    }
    if (!status && n < to->size)
        status = pm_rows_fail(&rows, error,
                              "the file ends after %zu rows; one per target is wanted, and '%s' has %u neurons", n,
                              to->name, to->size);
    pm_rows_close(&rows);
    return status;
}

static pm_status read_weight_file(const pm_node *file, const pm_population *from, const pm_population *to,
                                  pm_distribution *d, pm_error *error) {
    const char *relative = NULL;
    pm_status status = pm_node_text(file, "the name of a file with weights", &relative, error);
    if (status)
        return status;
    char *path = pm_tree_path(file->tree, relative);
    d->kind = PM_MATRIX;
    status = path ? read_matrix(path, from, to, &d->values, error) : pm_fail_memory(error, "a path");
    free(path);
    return status;
}

static pm_status read_weight(const pm_node *node, const pm_population *from, const pm_population *to,
                             pm_distribution *d, pm_error *error) {
    static const char *const keys[] = {"normal", "uniform", "file", NULL};
    if (!pm_node_is_map(node))
        return pm_node_number(node, "a weight in pA, {normal: [mean, std]}, {uniform: [low, high]} or {file: FILE}",
                              &d->a, error);
    pm_status status = pm_map_check(node, keys, error);
    if (status)
        return status;
    pm_node normal = pm_map_find(node, "normal"), uniform = pm_map_find(node, "uniform"),
            file = pm_map_find(node, "file");
    if (pm_node_exists(&normal) + pm_node_exists(&uniform) + pm_node_exists(&file) != 1)
        return pm_node_fail(node, error, "give one of normal, uniform and file");
    if (pm_node_exists(&file))
        return read_weight_file(&file, from, to, d, error);
    d->kind = pm_node_exists(&normal) ? PM_NORMAL : PM_UNIFORM;
    return d->kind == PM_NORMAL ? pm_read_spread(&normal, "[mean, std] in pA", 2, d, error)
                                : pm_read_spread(&uniform, "[low, high] in pA", 2, d, error);
}

static pm_status read_delay(const pm_node *node, pm_distribution *d, pm_error *error) {
    static const char *const keys[] = {"uniform", NULL};
    if (!pm_node_is_map(node))
        return pm_node_number(node, "a delay in ms, {uniform: [low, high]} or {uniform: [low, high, step]}", &d->a,
                              error);
    pm_node uniform;
    pm_status status = pm_map_check(node, keys, error);
    if (!status)
        status = pm_map_get(node, "uniform", &uniform, error);
    if (!status)
        status = pm_read_spread(&uniform, "[low, high] or [low, high, step] in ms", 3, d, error);
    if (!status)
        d->kind = pm_list_length(&uniform) == 3 ? PM_UNIFORM_STEPS : PM_UNIFORM;
    return status;
}

static pm_status read_synapse_file(const pm_node *file, const pm_network *network, pm_projection *p, pm_error *error) {
    const char *relative = NULL;
    pm_status status = pm_node_text(file, "the name of a file with synapses", &relative, error);
    if (status)
        return status;
    char *path = pm_tree_path(file->tree, relative);
    p->rule = PM_SYNAPSE_LIST;
    status = path ? pm_synapses_read(path, &network->populations[p->from], &network->populations[p->to], &p->synapses,
                                     &p->n_synapses, error)
                  : pm_fail_memory(error, "a path");
    free(path);
    return status;
}

static pm_status read_connect(const pm_node *node, const pm_network *network, pm_projection *p, pm_error *error) {
    static const char *const words[] = {"all_to_all", "one_to_one", NULL};
    static const char *const keys[] = {"fixed_indegree", "pairwise_bernoulli", "file", NULL};
    if (!pm_node_is_map(node)) {
        const char *word = NULL;
        pm_status status = pm_node_text(node, "a connection rule", &word, error);
        if (!status && strcmp(word, words[0]) != 0 && strcmp(word, words[1]) != 0)
            status = pm_node_fail(node, error,
                                  "unknown rule '%.60s'; the rules are all_to_all, one_to_one, "
                                  "{fixed_indegree: N}, {pairwise_bernoulli: P} and {file: FILE}",
                                  word);
        p->rule = !status && strcmp(word, words[1]) == 0 ? PM_ONE_TO_ONE : PM_ALL_TO_ALL;
        return status;
    }
    pm_status status = pm_map_check(node, keys, error);
    if (status)
        return status;
    pm_node indegree = pm_map_find(node, keys[0]), bernoulli = pm_map_find(node, keys[1]),
            file = pm_map_find(node, keys[2]);
    if (pm_node_exists(&indegree) + pm_node_exists(&bernoulli) + pm_node_exists(&file) != 1)
        return pm_node_fail(node, error, "give one of fixed_indegree, pairwise_bernoulli and file");
    if (pm_node_exists(&file))
        return read_synapse_file(&file, network, p, error);
    if (pm_node_exists(&bernoulli)) {
        p->rule = PM_PAIRWISE_BERNOULLI;
        return pm_node_number(&bernoulli, "a probability from 0 to 1", &p->probability, error);
    }
    uint64_t count = 0;
    p->rule = PM_FIXED_INDEGREE;
    status = pm_node_count(&indegree, "a number of sources", 0, UINT32_MAX, &count, error);
    p->indegree = (uint32_t)count;
    return status;
}

static pm_status read_synapse_values(const pm_node *map, const pm_network *network, pm_projection *p, pm_error *error) {
    pm_node weight = pm_map_find(map, "weight"), delay = pm_map_find(map, "delay");
    if (p->rule == PM_SYNAPSE_LIST) {
        const pm_node *extra = pm_node_exists(&weight) ? &weight : &delay;
        return pm_node_exists(extra) ? pm_node_fail(extra, error, "weights and delays stand in the file of synapses")
                                     : PM_OK;
    }
    pm_status status = pm_map_get(map, "weight", &weight, error);
    if (!status)
        status = read_weight(&weight, &network->populations[p->from], &network->populations[p->to], &p->weight, error);
    if (!status && pm_node_exists(&delay))
        status = read_delay(&delay, &p->delay, error);
    return status;
}

static pm_status read_projection(pm_network *network, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"from", "to", "connect", "weight", "delay", NULL};
    pm_node from, to, connect;
    pm_projection p = {0};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = pm_map_get(map, "from", &from, error);
    if (!status)
        status = find_population(network, &from, &p.from, error);
    if (!status)
        status = pm_map_get(map, "to", &to, error);
    if (!status)
        status = find_population(network, &to, &p.to, error);
    if (!status)
        status = pm_map_get(map, "connect", &connect, error);
    if (!status)
        status = read_connect(&connect, network, &p, error);
    if (!status)
        status = read_synapse_values(map, network, &p, error);
    if (!status)
        status = pm_node_blame(map, pm_network_connect(network, &p, error), error);
    free(p.synapses);
    free(p.weight.values);
    return status;
}

static pm_status record_spikes(pm_network *network, const pm_node *list, pm_error *error) {
    pm_status status = pm_list_check(list, 0, SIZE_MAX, "of populations", error);
    for (uint32_t p = 0; !status && p < network->n_populations; p++)
        status = pm_network_record_spikes(network, p, false, error);
    for (size_t k = 0; !status && k < pm_list_length(list); k++) {
        pm_node item = pm_list_item(list, k);
        uint32_t population = 0;
        status = find_population(network, &item, &population, error);
        if (!status)
            status = pm_network_record_spikes(network, population, true, error);
    }
    return status;
}

static pm_status record_potential(pm_network *network, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"population", "neurons", "interval", NULL};
    pm_node name, list, interval_node;
    uint32_t population = 0, *neurons = NULL;
    double interval = 0.0;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = pm_map_get(map, "population", &name, error);
    if (!status)
        status = find_population(network, &name, &population, error);
    if (!status)
        status = pm_map_get(map, "interval", &interval_node, error);
    if (!status)
        status = pm_node_number(&interval_node, "an interval in ms", &interval, error);
    if (!status && interval > 0.0)
        status = pm_node_blame(map, pm_interval_check(interval, network->duration, error), error);
    if (!status)
        status = pm_map_get(map, "neurons", &list, error);
    if (!status)
        status = pm_list_check(&list, 0, UINT32_MAX, "of neurons", error);
    size_t n = status ? 0 : pm_list_length(&list);
    if (n > 0 && !(neurons = malloc(n * sizeof *neurons)))
        status = pm_fail_memory(error, "a list of neurons");
    for (size_t k = 0; !status && neurons && k < n; k++) {
        pm_node item = pm_list_item(&list, k);
        uint64_t neuron = 0;
        status = pm_node_count(&item, "a neuron", 0, network->populations[population].size - 1, &neuron, error);
        neurons[k] = (uint32_t)neuron;
    }
    if (!status)
        status =
            pm_node_blame(map, pm_network_record_potential(network, population, neurons, n, interval, error), error);
    free(neurons);
    return status;
}

static pm_status read_record(pm_network *network, const pm_node *record, pm_error *error) {
    static const char *const keys[] = {"spikes", "potential", NULL};
    pm_status status = pm_map_check(record, keys, error);
    if (status)
        return status;
    pm_node spikes = pm_map_find(record, "spikes"), potential = pm_map_find(record, "potential");
    if (pm_node_exists(&spikes))
        status = record_spikes(network, &spikes, error);
    if (!status && pm_node_exists(&potential))
        status =
            pm_list_check(&potential, 0, SIZE_MAX, "of {population: NAME, neurons: [K, ...], interval: MS}", error);
    for (size_t k = 0; !status && k < pm_list_length(&potential); k++) {
        pm_node item = pm_list_item(&potential, k);
        status = record_potential(network, &item, error);
    }
    return status;
}

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
    static const char *const keys[] = {"duration", "seed", "neuron", "populations", "projections", "record", NULL};
    pm_neuron defaults = pm_neuron_default();
    pm_status status = pm_map_check(root, keys, error);
    if (!status)
        status = read_run(network, root, error);
    if (status)
        return status;
    pm_node neuron = pm_map_find(root, "neuron"), projections = pm_map_find(root, "projections");
    pm_node record = pm_map_find(root, "record"), populations;
    if (pm_node_exists(&neuron))
        status = pm_read_neuron(&neuron, &defaults, error);
    if (!status)
        status = pm_map_get(root, "populations", &populations, error);
    if (!status)
        status = pm_list_check(&populations, 1, UINT32_MAX, "of {name: NAME, size: N, ...}, at least one", error);
    for (size_t k = 0; !status && k < pm_list_length(&populations); k++) {
        pm_node item = pm_list_item(&populations, k);
        status = read_population(network, &item, &neuron, &defaults, error);
    }
    if (!status && pm_node_exists(&projections))
        status = pm_list_check(&projections, 0, UINT32_MAX, "of {from: NAME, to: NAME, connect: RULE, ...}", error);
    for (size_t k = 0; !status && k < pm_list_length(&projections); k++) {
        pm_node item = pm_list_item(&projections, k);
        status = read_projection(network, &item, error);
    }
    if (!status && pm_node_exists(&record))
        status = read_record(network, &record, error);
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
