/* Projections: who is connected with whom, by which rule, over which receptor, with which weights and delays. */
#include "base/list.h"
#include "io/file.h"
#include "io/network_parts.h"
#include "io/spikes.h"
#include "io/values.h"
#include "model/kernel.h"
#include "model/synapse.h"
#include "net/limits.h"
#include "net/population.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "there is no ... 'x'; did you mean 'y'?" */
static pm_status unknown(const pm_node *node, const char *what, const char *name, const char **names, pm_error *error) {
    const char *close = pm_closest(name, names);
    return close ? pm_node_fail(node, error, "there is no %s '%.60s'; did you mean '%s'?", what, name, close)
                 : pm_node_fail(node, error, "there is no %s '%.60s'", what, name);
}

pm_status pm_read_population_name(const pm_network *network, const pm_node *node, uint32_t *number, pm_error *error) {
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
    status = unknown(node, "population", name, names, error);
    free(names);
    return status;
}

pm_status pm_read_receptor_name(const pm_population *population, const pm_node *node, uint32_t *number,
                                pm_error *error) {
    const char *name = NULL, *names[PM_MOST_RECEPTORS + 1] = {NULL};
    pm_status status = pm_node_text(node, "the name of a receptor", &name, error);
    if (status)
        return status;
    *number = pm_population_receptor(population, name);
    if (*number < pm_population_receptors(population))
        return PM_OK;
    for (uint32_t k = 0; k < pm_population_receptors(population); k++)
        names[k] = pm_population_get_receptor(population, k).name;
    return unknown(node, "receptor", name, names, error);
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
    pm_node file = {0};
    pm_status status = pm_read_distribution(node, "a weight in pA", d, &file, error);
    return status || !pm_node_exists(&file) ? status : read_weight_file(&file, from, to, d, error);
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

static pm_status read_degree(const pm_node *node, const char *what, uint32_t *degree, pm_error *error) {
    uint64_t count = 0;
    pm_status status = pm_node_count(node, what, 0, UINT32_MAX, &count, error);
    *degree = (uint32_t)count;
    return status;
}

/* A rule with nothing to say about it but its name. */
static pm_status read_rule_word(const pm_node *node, pm_projection *p, pm_error *error) {
    const char *word = NULL;
    pm_status status = pm_node_text(node, "a connection rule", &word, error);
    if (status)
        return status;
    p->rule = strcmp(word, "one_to_one") == 0 ? PM_ONE_TO_ONE : PM_ALL_TO_ALL;
    if (p->rule == PM_ONE_TO_ONE || strcmp(word, "all_to_all") == 0)
        return PM_OK;
    return pm_node_fail(node, error,
                        "unknown rule '%.60s'; the rules are all_to_all, one_to_one, {fixed_indegree: N}, "
                        "{fixed_outdegree: N}, {fixed_total_number: N}, {pairwise_bernoulli: P} and {file: FILE}",
                        word);
}

/* autapses: no, multapses: no */
static pm_status read_exclusions(const pm_node *map, pm_projection *p, pm_error *error) {
    bool autapses = true, multapses = true;
    pm_node flag = pm_map_find(map, "autapses");
    pm_status status = pm_node_exists(&flag) ? pm_node_flag(&flag, "yes or no", &autapses, error) : PM_OK;
    flag = pm_map_find(map, "multapses");
    if (!status && pm_node_exists(&flag))
        status = pm_node_flag(&flag, "yes or no", &multapses, error);
    p->no_autapses = !autapses;
    p->no_multapses = !multapses;
    return status;
}

enum { INDEGREE, OUTDEGREE, TOTAL, BERNOULLI, LIST, WORD, N_RULES }; /* ORDER of the keys in read_connect */

static pm_status read_rule(const pm_node *node, int rule, const pm_network *network, pm_projection *p,
                           pm_error *error) {
    switch (rule) {
    case INDEGREE:
        p->rule = PM_FIXED_INDEGREE;
        return read_degree(node, "a number of sources", &p->indegree, error);
    case OUTDEGREE:
        p->rule = PM_FIXED_OUTDEGREE;
        return read_degree(node, "a number of targets", &p->outdegree, error);
    case TOTAL:
        p->rule = PM_FIXED_TOTAL_NUMBER;
        return pm_node_count(node, "a number of synapses", 0, INT64_MAX, &p->total, error);
    case BERNOULLI:
        p->rule = PM_PAIRWISE_BERNOULLI;
        return pm_node_number(node, "a probability from 0 to 1", &p->probability, error);
    case LIST:
        return read_synapse_file(node, network, p, error);
    default:
        return read_rule_word(node, p, error);
    }
}

static pm_status read_connect(const pm_node *node, const pm_network *network, pm_projection *p, pm_error *error) {
    static const char *const keys[] = {"fixed_indegree",
                                       "fixed_outdegree",
                                       "fixed_total_number",
                                       "pairwise_bernoulli",
                                       "file",
                                       "rule",
                                       "autapses",
                                       "multapses",
                                       NULL};
    if (!pm_node_is_map(node))
        return read_rule_word(node, p, error);
    pm_status status = pm_map_check(node, keys, error);
    int given = 0, number = 0;
    for (int k = 0; !status && k < N_RULES; k++) {
        pm_node rule = pm_map_find(node, keys[k]);
        given += pm_node_exists(&rule);
        number = pm_node_exists(&rule) ? k : number;
    }
    if (!status && given != 1)
        status = pm_node_fail(node, error,
                              "give one of fixed_indegree, fixed_outdegree, fixed_total_number, pairwise_bernoulli, "
                              "file and rule (all_to_all or one_to_one)");
    if (!status)
        status = read_exclusions(node, p, error);
    pm_node rule = pm_map_find(node, keys[number]);
    return status ? status : read_rule(&rule, number, network, p, error);
}

/* Where there are several receptors, one has to be named. */
static pm_status read_receptor(const pm_node *map, const pm_network *network, pm_projection *p, pm_error *error) {
    const pm_population *to = &network->populations[p->to];
    pm_node receptor = pm_map_find(map, "receptor");
    if (to->kind != PM_LIF || (!pm_node_exists(&receptor) && pm_population_receptors(to) == 1))
        return PM_OK;
    if (pm_node_exists(&receptor))
        return pm_read_receptor_name(to, &receptor, &p->receptor, error);
    char names[300] = "";
    size_t length = 0;
    for (uint32_t k = 0; k < pm_population_receptors(to) && length < sizeof names; k++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", k > 0 ? ", " : "",
                                   pm_population_get_receptor(to, k).name);
    return pm_node_fail(map, error, "'%s' has several receptors (%s); receptor: has to name one", to->name, names);
}

static pm_status read_model(const pm_node *map, pm_projection *p, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_node synapse = pm_map_find(map, "synapse");
    if (!pm_node_exists(&synapse))
        return PM_OK;
    pm_status status =
        pm_read_choice(&synapse, pm_synapse_kinds, "model of synapses", NULL, &kind, p->synapse_parameters, error);
    if (!status)
        p->synapse = pm_synapse_model_find(kind->name);
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
        status = pm_read_distribution(&delay, "a delay in ms", &p->delay, NULL, error);
    return status;
}

pm_status pm_read_projection(pm_network *network, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"from", "to", "connect", "weight", "delay", "receptor", "synapse", NULL};
    pm_node from, to, connect;
    pm_projection p = {.size = sizeof p};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = pm_map_get(map, "from", &from, error);
    if (!status)
        status = pm_read_population_name(network, &from, &p.from, error);
    if (!status)
        status = pm_map_get(map, "to", &to, error);
    if (!status)
        status = pm_read_population_name(network, &to, &p.to, error);
    if (!status)
        status = pm_map_get(map, "connect", &connect, error);
    if (!status)
        status = read_connect(&connect, network, &p, error);
    if (!status)
        status = read_synapse_values(map, network, &p, error);
    if (!status)
        status = read_receptor(map, network, &p, error);
    if (!status)
        status = read_model(map, &p, error);
    if (!status)
        status = pm_node_blame(map, pm_network_connect(network, &p, error), error);
    free(p.synapses);
    free(p.weight.values);
    return status;
}
