/* What is recorded of a network, and the currents that are injected into its neurons. */
#include "io/network_parts.h"
#include "io/values.h"
#include "net/limits.h"

#include <stdlib.h>

static pm_status record_spikes(pm_network *network, const pm_node *list, pm_error *error) {
    pm_status status = pm_list_check(list, 0, SIZE_MAX, "of populations", error);
    for (uint32_t p = 0; !status && p < network->n_populations; p++)
        status = pm_network_record_spikes(network, p, false, error);
    for (size_t k = 0; !status && k < pm_list_length(list); k++) {
        pm_node item = pm_list_item(list, k);
        uint32_t population = 0;
        status = pm_read_population_name(network, &item, &population, error);
        if (!status)
            status = pm_network_record_spikes(network, population, true, error);
    }
    return status;
}

/* Numbers of neurons; freed by the caller. */
static pm_status read_neurons(const pm_node *list, const pm_population *p, uint32_t **neurons, size_t *n,
                              pm_error *error) {
    pm_status status = pm_list_check(list, 0, UINT32_MAX, "of neurons", error);
    *n = status ? 0 : pm_list_length(list);
    *neurons = malloc((*n + 1) * sizeof **neurons);
    if (!status && !*neurons)
        status = pm_fail_memory(error, "a list of neurons");
    for (size_t k = 0; !status && k < *n; k++) {
        pm_node item = pm_list_item(list, k);
        uint64_t neuron = 0;
        status = pm_node_count(&item, "a neuron", 0, p->size - 1, &neuron, error);
        (*neurons)[k] = (uint32_t)neuron;
    }
    return status;
}

static pm_status read_name(const pm_network *network, const pm_node *map, uint32_t *population, pm_error *error) {
    pm_node name;
    pm_status status = pm_map_get(map, "population", &name, error);
    return status ? status : pm_read_population_name(network, &name, population, error);
}

static pm_status record_samples(pm_network *network, const pm_node *map, pm_quantity quantity, pm_error *error) {
    static const char *const keys[] = {"population", "neurons", "interval", NULL}, *const current_keys[] = {
                                                                                       "population", "neurons",
                                                                                       "interval", "receptor", NULL};
    pm_potential_record record = {.quantity = quantity, .receptor = PM_EVERY_RECEPTOR};
    pm_node list;
    pm_status status = pm_map_check(map, quantity == PM_CURRENT ? current_keys : keys, error);
    if (!status)
        status = read_name(network, map, &record.population, error);
    if (!status)
        status = pm_read_required(map, "interval", "an interval in ms", &record.interval, error);
    if (!status && record.interval > 0.0)
        status = pm_node_blame(map, pm_interval_check(record.interval, network->duration, error), error);
    if (!status)
        status = pm_map_get(map, "neurons", &list, error);
    if (!status)
        status =
            read_neurons(&list, &network->populations[record.population], &record.neurons, &record.n_neurons, error);
    pm_node receptor = pm_map_find(map, "receptor");
    if (!status && pm_node_exists(&receptor))
        status = pm_read_receptor_name(&network->populations[record.population], &receptor, &record.receptor, error);
    if (!status)
        status = pm_node_blame(map, pm_network_record(network, &record, error), error);
    free(record.neurons);
    return status;
}

static pm_status record_quantity(pm_network *network, const pm_node *record, const char *key, pm_quantity quantity,
                                 pm_error *error) {
    pm_node list = pm_map_find(record, key);
    pm_status status = PM_OK;
    if (pm_node_exists(&list))
        status = pm_list_check(&list, 0, SIZE_MAX, "of {population: NAME, neurons: [K, ...], interval: MS}", error);
    for (size_t k = 0; !status && k < pm_list_length(&list); k++) {
        pm_node item = pm_list_item(&list, k);
        status = record_samples(network, &item, quantity, error);
    }
    return status;
}

pm_status pm_read_record(pm_network *network, const pm_node *record, pm_error *error) {
    static const char *const keys[] = {"spikes", "potential", "current", "threshold", NULL};
    pm_status status = pm_map_check(record, keys, error);
    if (status)
        return status;
    pm_node spikes = pm_map_find(record, "spikes");
    if (pm_node_exists(&spikes))
        status = record_spikes(network, &spikes, error);
    for (int quantity = PM_POTENTIAL; !status && quantity <= PM_THRESHOLD; quantity++)
        status = record_quantity(network, record, keys[1 + quantity], (pm_quantity)quantity, error);
    return status;
}

/* --- injected currents --- */

static pm_status read_sine(const pm_node *map, pm_current *current, pm_error *error) {
    static const char *const keys[] = {"amplitude", "frequency", "phase", "from", "to", NULL};
    pm_status status = pm_map_check(map, keys, error);
    current->kind = PM_CURRENT_SINE;
    if (!status)
        status = pm_read_required(map, "amplitude", "an amplitude in pA", &current->amplitude, error);
    if (!status)
        status = pm_read_required(map, "frequency", "a frequency in Hz", &current->frequency, error);
    return status ? status : pm_read_optional(map, "phase", "a phase in degrees", &current->phase, error);
}

static pm_status read_noise(const pm_node *map, pm_current *current, pm_error *error) {
    static const char *const keys[] = {"mean", "std", "interval", "from", "to", NULL};
    pm_status status = pm_map_check(map, keys, error);
    current->kind = PM_CURRENT_NOISE;
    if (!status)
        status = pm_read_optional(map, "mean", "a current in pA", &current->mean, error);
    if (!status)
        status = pm_read_required(map, "std", "a standard deviation in pA", &current->std, error);
    return status ? status : pm_read_required(map, "interval", "an interval in ms", &current->interval, error);
}

static pm_status read_course(const pm_node *map, pm_current *current, pm_error *error) {
    pm_node steps = pm_map_find(map, "steps"), sine = pm_map_find(map, "sine"), noise = pm_map_find(map, "noise");
    if (pm_node_exists(&steps) + pm_node_exists(&sine) + pm_node_exists(&noise) != 1)
        return pm_node_fail(map, error,
                            "a current is one of {steps: [[time in ms, pA], ...]}, {sine: {amplitude: PA, frequency: "
                            "HZ, phase: DEGREES, from: MS, to: MS}} and {noise: {mean: PA, std: PA, interval: MS}}");
    if (pm_node_exists(&steps))
        return pm_read_steps(&steps, "pA", &current->steps, &current->n_steps, error);
    const pm_node *range = pm_node_exists(&sine) ? &sine : &noise;
    pm_status status = pm_node_exists(&sine) ? read_sine(&sine, current, error) : read_noise(&noise, current, error);
    if (!status)
        status = pm_read_optional(range, "from", "a time in ms", &current->from, error);
    return status ? status : pm_read_optional(range, "to", "a time in ms", &current->to, error);
}

pm_status pm_read_current(pm_network *network, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"population", "neurons", "steps", "sine", "noise", NULL};
    pm_current current = {0};
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = read_name(network, map, &current.population, error);
    pm_node list = pm_map_find(map, "neurons");
    if (!status && network->populations[current.population].kind != PM_LIF)
        status = pm_node_fail(map, error, "'%s' is a source; currents go into neurons",
                              network->populations[current.population].name);
    if (!status && pm_node_exists(&list))
        status =
            read_neurons(&list, &network->populations[current.population], &current.neurons, &current.n_neurons, error);
    if (!status && pm_node_exists(&list) && current.n_neurons == 0)
        status = pm_node_fail(&list, error, "no neuron is named; leave `neurons` out for all of them");
    if (!status)
        status = read_course(map, &current, error);
    if (!status)
        status = pm_node_blame(map, pm_network_add_current(network, &current, error), error);
    free(current.neurons);
    free(current.steps);
    return status;
}
