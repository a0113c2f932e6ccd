/* Receptors, which network and experiment files describe alike: maps from names to kernels. */
#include "io/network_parts.h"
#include "io/values.h"

#include "layer/layer_receptors.h"
#include "model/kernel.h"
#include "net/population.h"

#include <string.h>

/* The kernel whose first parameter the map gives, and whose are all its keys, apart from `peak`; NULL: there is none.
 */
static const pm_kernel *kernel_of(const pm_node *map) {
    for (size_t n = 0; pm_kernels[n]; n++) {
        const pm_kind *kind = &pm_kernels[n]->kind;
        pm_node first = kind->n_fields > 0 ? pm_map_find(map, kind->fields[0].name) : (pm_node){0};
        if (pm_node_exists(&first) && pm_check_keys(map, kind, (const char *const[]){"peak", NULL}, NULL) == PM_OK)
            return pm_kernels[n];
    }
    return NULL;
}

static pm_status unknown_kernel(const pm_node *node, pm_error *error) {
    return pm_node_fail(
        node, error,
        "a receptor is one of {tau_1: MS, tau_2: MS}, {tau: MS}, {alpha: MS} and impulse; the first may "
        "have peak: true");
}

static pm_status read_receptor(const pm_node *node, pm_receptor *receptor, pm_error *error) {
    static const char *const others[] = {"peak", NULL};
    if (!pm_node_is_map(node)) {
        const char *word = NULL;
        pm_status status = pm_node_text(node, "a receptor", &word, error);
        for (size_t n = 0; !status && pm_kernels[n]; n++)
            if (pm_kernels[n]->word && strcmp(pm_kernels[n]->word, word) == 0)
                receptor->kernel = pm_kernels[n];
        return status || receptor->kernel ? status : unknown_kernel(node, error);
    }
    receptor->kernel = kernel_of(node);
    if (!receptor->kernel)
        return unknown_kernel(node, error);
    pm_kind_preset(&receptor->kernel->kind, receptor->parameters);
    pm_status status = pm_read_kind(node, &receptor->kernel->kind, others, receptor->parameters, error);
    pm_node peak = pm_map_find(node, "peak");
    return status || !pm_node_exists(&peak) ? status : pm_node_flag(&peak, "true or false", &receptor->peak, error);
}

pm_status pm_read_receptors(const pm_node *map, pm_receptor *receptors, size_t *count, pm_error *error) {
    const size_t n = pm_map_length(map);
    if (n == 0)
        return pm_node_fail(map, error, "receptors are a map of NAME: RECEPTOR, at least one");
    if (n > PM_MOST_RECEPTORS)
        return pm_node_fail(map, error, "there are %zu receptors; %d are the most", n, PM_MOST_RECEPTORS);
    pm_status status = PM_OK;
    *count = n;
    for (size_t k = 0; !status && k < n; k++) {
        pm_node key = pm_map_key(map, k), value = pm_map_value(map, k);
        receptors[k] = (pm_receptor){0};
        status = pm_node_text(&key, "the name of a receptor", &receptors[k].name, error);
        for (size_t j = 0; !status && j < k; j++)
            if (strcmp(receptors[j].name, receptors[k].name) == 0)
                status = pm_node_fail(&key, error, "there are two receptors named '%.60s'", receptors[k].name);
        if (!status)
            status = read_receptor(&value, &receptors[k], error);
    }
    return status;
}

pm_status pm_read_receptor(const pm_node *node, pm_receptor *receptors, size_t n, uint32_t *number, pm_error *error) {
    const pm_population all = {.receptors = receptors, .n_receptors = n};
    if (n == 0)
        return pm_node_fail(node, error,
                            "there are no receptors; a map receptors: {NAME: RECEPTOR, ...} at the top has them");
    return pm_read_receptor_name(&all, node, number, error);
}

pm_status pm_read_sources(const pm_node *layer, pm_receptor *receptors, size_t n, uint32_t *sources, pm_error *error) {
    pm_node node = pm_map_find(layer, "receptor");
    const bool several = pm_node_exists(&node) && pm_node_is_map(&node);
    uint32_t number = 0;
    for (size_t k = 0; k < n; k++)
        sources[k] = n == 1 && !several ? PM_ALL_SOURCES : 0;
    if (!pm_node_exists(&node))
        return n < 2 ? PM_OK
                     : pm_node_fail(layer, error,
                                    "there are %zu receptors; receptor: has to name the layer's, or say how many "
                                    "neurons of the layer before come over each, {NAME: NEURONS, ...}",
                                    n);
    pm_status status = PM_OK;
    if (!several) {
        status = pm_read_receptor(&node, receptors, n, &number, error);
        if (!status)
            sources[number] = PM_ALL_SOURCES;
    }
    for (size_t k = 0; !status && several && k < pm_map_length(&node); k++) {
        pm_node key = pm_map_key(&node, k), value = pm_map_value(&node, k);
        uint64_t count = 0;
        status = pm_read_receptor(&key, receptors, n, &number, error);
        if (!status)
            status = pm_node_count(&value, "a number of neurons", 0, 1000000000, &count, error);
        if (!status)
            sources[number] = (uint32_t)count;
    }
    return status;
}
