/* Populations: sources, or LIF neurons with what they have beyond one receptor and a fixed threshold. Whatever stands
 * at the top of the file is the default of all LIF populations; what stands in a population takes its place. */
#include "io/file.h"
#include "io/network_parts.h"
#include "io/spikes.h"
#include "io/values.h"
#include "model/source.h"
#include "net/population.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- sources --- */

static pm_status add_spike_source(pm_network *network, const pm_node *population, const pm_node *file, const char *name,
                                  uint32_t size, pm_error *error) {
    const char *relative = NULL;
    if (pm_node_is_list(file) && pm_list_length(file) == 0) /* spikes come from elsewhere */
        return pm_node_blame(population, pm_network_add_spike_source(network, name, size, NULL, 0, NULL, error), error);
    pm_status status = pm_node_text(file, "the name of a spike file, or [] for no spikes", &relative, error);
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

pm_status pm_read_steps(const pm_node *list, const char *unit, pm_step **steps, size_t *n, pm_error *error) {
    char what[64];
    snprintf(what, sizeof what, "of [time in ms, value in %s]", unit);
    pm_status status = pm_list_check(list, 1, UINT32_MAX, what, error);
    *n = status ? 0 : pm_list_length(list);
    *steps = calloc(*n + 1, sizeof **steps);
    if (!status && !*steps)
        status = pm_fail_memory(error, "steps");
    for (size_t k = 0; !status && k < *n; k++) {
        pm_node item = pm_list_item(list, k);
        status = pm_list_check(&item, 2, 2, what + 3, error);
        for (size_t j = 0; !status && j < 2; j++) {
            pm_node number = pm_list_item(&item, j);
            double *value = j == 0 ? &(*steps)[k].time : &(*steps)[k].value;
            status = pm_node_number(&number, j == 0 ? "a time in ms" : "a finite number", value, error);
        }
    }
    return status;
}

/* Its rate may be a number or a list of steps. */
static pm_status add_poisson(pm_network *network, const pm_node *poisson, const char *name, uint32_t size,
                             pm_error *error) {
    pm_node rate = pm_map_find(poisson, "rate");
    pm_rate_course course = {0};
    pm_poisson_source own;
    if (!pm_node_is_list(&rate)) {
        pm_kind_preset(&pm_source_poisson, &own);
        pm_status status = pm_read_kind(poisson, &pm_source_poisson, NULL, &own, error);
        if (status)
            return status;
        return pm_node_blame(poisson, pm_network_add_poisson_source(network, name, size, own.rate, NULL, error), error);
    }
    pm_status status = pm_check_keys(poisson, &pm_source_poisson, NULL, error);
    if (!status)
        status = pm_read_steps(&rate, "spikes/s", &course.steps, &course.n_steps, error);
    if (!status)
        status = pm_node_blame(&rate, pm_network_add_poisson_course(network, name, size, 0.0, &course, NULL, error),
                               error);
    free(course.steps);
    return status;
}

static pm_status add_sinusoidal(pm_network *network, const pm_node *source, const char *name, uint32_t size,
                                pm_error *error) {
    pm_sinusoidal_poisson own;
    pm_kind_preset(&pm_source_sinusoidal_poisson, &own);
    pm_status status = pm_read_kind(source, &pm_source_sinusoidal_poisson, NULL, &own, error);
    const pm_rate_course course = {.amplitude = own.amplitude, .frequency = own.frequency, .phase = own.phase};
    if (!status)
        status = pm_node_blame(
            source, pm_network_add_poisson_course(network, name, size, own.rate, &course, NULL, error), error);
    return status;
}

static pm_status add_source(pm_network *network, const pm_node *population, const pm_node *source, const char *name,
                            uint32_t size, pm_error *error) {
    static const char *const keys[] = {"spikes", "poisson", "sinusoidal_poisson", NULL};
    pm_status status = pm_map_check(source, keys, error);
    if (status)
        return status;
    if (pm_map_length(source) != 1)
        return pm_node_fail(
            source, error,
            "a source is one of {spikes: FILE}, {poisson: {rate: R}} and {sinusoidal_poisson: {rate: R, "
            "amplitude: A, frequency: F, phase: P}}");
    pm_node value = pm_map_value(source, 0), key = pm_map_find(source, "spikes");
    if (pm_node_exists(&key))
        return add_spike_source(network, population, &value, name, size, error);
    key = pm_map_find(source, "poisson");
    return pm_node_exists(&key) ? add_poisson(network, &value, name, size, error)
                                : add_sinusoidal(network, &value, name, size, error);
}

static pm_status read_receptors(pm_network *network, uint32_t population, const pm_node *map, pm_error *error) {
    pm_receptor receptors[PM_MOST_RECEPTORS];
    size_t n = 0;
    pm_status status = pm_read_receptors(map, receptors, &n, error);
    if (!status)
        status = pm_node_blame(map, pm_network_set_receptors(network, population, receptors, n, error), error);
    return status;
}

/* --- thresholds, currents after spikes, resets --- */

typedef pm_status set_jumps(pm_network *network, uint32_t population, const pm_jump *jumps, size_t n, pm_error *error);

static pm_status read_jumps(pm_network *network, uint32_t population, const pm_node *list, const char *unit,
                            set_jumps *set, pm_error *error) {
    static const char *const keys[] = {"jump", "tau", NULL};
    char what[40];
    snprintf(what, sizeof what, "a jump in %s", unit);
    pm_jump jumps[PM_MOST_JUMPS] = {{0.0, 0.0}};
    pm_status status = pm_list_check(list, 0, PM_MOST_JUMPS, "of {jump: J, tau: MS}", error);
    for (size_t k = 0; !status && k < pm_list_length(list); k++) {
        pm_node item = pm_list_item(list, k);
        status = pm_map_check(&item, keys, error);
        if (!status)
            status = pm_read_required(&item, "jump", what, &jumps[k].jump, error);
        if (!status)
            status = pm_read_required(&item, "tau", "a time constant in ms", &jumps[k].tau, error);
        if (!status) /* alone, so that the item is blamed */
            status = pm_node_blame(&item, set(network, population, &jumps[k], 1, error), error);
    }
    return status ? status : pm_node_blame(list, set(network, population, jumps, pm_list_length(list), error), error);
}

static pm_status read_reset(pm_network *network, uint32_t population, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"to", "subtract", "fraction", "add", NULL};
    pm_reset reset = {0};
    pm_status status = pm_map_check(map, keys, error);
    pm_node to = pm_map_find(map, "to"), subtract = pm_map_find(map, "subtract"),
            fraction = pm_map_find(map, "fraction"), add = pm_map_find(map, "add");
    if (!status && (pm_node_exists(&to) + pm_node_exists(&subtract) + pm_node_exists(&fraction) != 1 ||
                    (pm_node_exists(&add) && !pm_node_exists(&fraction))))
        return pm_node_fail(map, error, "a reset is one of {to: MV}, {subtract: MV} and {fraction: F, add: MV}");
    if (status)
        return status;
    if (pm_node_exists(&to)) { /* V_reset by another name */
        pm_distribution d = {0};
        status = pm_node_number(&to, "a potential in mV", &d.a, error);
        if (!status)
            status = pm_node_blame(&to, pm_network_vary(network, population, "V_reset", &d, error), error);
        return status;
    }
    reset.kind = pm_node_exists(&subtract) ? PM_RESET_SUBTRACT : PM_RESET_FRACTION;
    status = pm_read_optional(map, "subtract", "a potential in mV", &reset.subtract, error);
    if (!status)
        status = pm_read_optional(map, "fraction", "a number from 0 to 1", &reset.fraction, error);
    if (!status)
        status = pm_read_optional(map, "add", "a potential in mV", &reset.add, error);
    return status ? status : pm_node_blame(map, pm_network_set_reset(network, population, &reset, error), error);
}

/* --- parameters that differ from neuron to neuron --- */

/* One number for each neuron of a population. */
static pm_status read_values(const pm_node *file, const pm_population *p, double **values, pm_error *error) {
    const char *relative = NULL;
    pm_status status = pm_node_text(file, "the name of a file with one number for each neuron", &relative, error);
    if (status)
        return status;
    char *path = pm_tree_path(file->tree, relative);
    *values = malloc(p->size * sizeof **values);
    if (!path || !*values) {
        free(path);
        return pm_fail_memory(error, "parameters of neurons");
    }
    pm_rows rows = {0};
    size_t n = 0;
    status = pm_rows_open(&rows, path, error);
    while (!status && !(status = pm_rows_next(&rows, error)) && rows.n > 0)
        for (size_t k = 0; !status && k < rows.n; k++, n++) {
            if (n == p->size)
                status =
                    pm_rows_fail(&rows, error, "more than %u numbers; '%s' has %u neurons", p->size, p->name, p->size);
            else
                (*values)[n] = rows.values[k];
        }
    if (!status && n < p->size)
        status =
            pm_rows_fail(&rows, error, "the file ends after %zu numbers; '%s' has %u neurons", n, p->name, p->size);
    pm_rows_close(&rows);
    free(path);
    return status;
}

static pm_status read_varied(pm_network *network, uint32_t population, const char *name, const pm_node *node,
                             pm_error *error) {
    pm_distribution d = {0};
    pm_node file = {0};
    pm_status status = pm_read_distribution(node, "a finite number", &d, &file, error);
    if (!status && pm_node_exists(&file)) {
        d.kind = PM_VALUES;
        status = read_values(&file, &network->populations[population], &d.values, error);
    }
    if (!status)
        status = pm_node_blame(node, pm_network_vary(network, population, name, &d, error), error);
    free(d.values);
    return status;
}

static pm_status read_initial(pm_network *network, uint32_t population, const pm_node *map, pm_error *error) {
    static const char *const keys[] = {"V_m", NULL};
    pm_node value;
    pm_status status = pm_map_check(map, keys, error);
    if (!status)
        status = pm_map_get(map, "V_m", &value, error);
    return status ? status : read_varied(network, population, "V_m", &value, error);
}

/* Every neuron as it is drawn. */
static pm_status check_neurons(const pm_network *network, uint32_t population, const pm_node *blamed, pm_error *error) {
    const pm_population *p = &network->populations[population];
    pm_status status = PM_OK;
    pm_neuron neuron;
    for (uint32_t n = 0; p->varied && !status && n < p->size; n++)
        status = pm_network_neuron(network, population, n, &neuron, NULL, error);
    return pm_node_blame(blamed, status, error);
}

/* --- all of it --- */

/* What a population says, or else the top of the file. */
static pm_node own_or_shared(const pm_node *population, const pm_node *root, const char *key) {
    pm_node own = pm_map_find(population, key);
    return pm_node_exists(&own) ? own : pm_map_find(root, key);
}

static pm_status read_extras(pm_network *network, uint32_t number, const pm_node *population, const pm_node *root,
                             pm_error *error) {
    pm_node receptors = own_or_shared(population, root, "receptors"),
            threshold = own_or_shared(population, root, "threshold"),
            after_spike = own_or_shared(population, root, "after_spike"),
            reset = own_or_shared(population, root, "reset"), initial = own_or_shared(population, root, "initial");
    pm_node shared = pm_map_find(root, "neuron"), own = pm_map_find(population, "neuron");
    pm_status status = PM_OK;
    if (pm_node_exists(&receptors))
        status = read_receptors(network, number, &receptors, error);
    if (!status && pm_node_exists(&threshold))
        status = read_jumps(network, number, &threshold, "mV", pm_network_set_threshold, error);
    if (!status && pm_node_exists(&after_spike))
        status = read_jumps(network, number, &after_spike, "pA", pm_network_set_after_spike, error);
    if (!status && pm_node_exists(&reset))
        status = read_reset(network, number, &reset, error);
    for (size_t k = 0; !status && k < pm_neuron_lif.n_fields; k++) { /* a number of the population's own wins */
        const char *name = pm_neuron_lif.fields[k].name;
        pm_node value = pm_map_find(&own, name);
        if (!pm_node_exists(&value))
            value = pm_map_find(&shared, name);
        if (pm_node_is_map(&value))
            status = read_varied(network, number, name, &value, error);
    }
    if (!status && pm_node_exists(&initial))
        status = read_initial(network, number, &initial, error);
    return status ? status : check_neurons(network, number, pm_node_exists(&own) ? &own : population, error);
}

static pm_status add_lif(pm_network *network, const pm_node *population, const pm_node *root, const pm_node *name_node,
                         const char *name, uint32_t size, const pm_neuron *defaults, pm_error *error) {
    pm_node own = pm_map_find(population, "neuron"), shared = pm_map_find(root, "neuron");
    pm_neuron neuron = *defaults;
    uint32_t number = 0;
    pm_status status = pm_node_exists(&own) ? pm_read_neuron_numbers(&own, &neuron, error) : PM_OK;
    if (!status)
        status = pm_check_neuron(&shared, population, &neuron, error);
    if (!status)
        status = pm_node_blame(name_node, pm_network_add_lif(network, name, size, &neuron, &number, error), error);
    return status ? status : read_extras(network, number, population, root, error);
}

pm_status pm_read_population(pm_network *network, const pm_node *population, const pm_node *root,
                             const pm_neuron *defaults, pm_error *error) {
    static const char *const keys[] = {"name",      "size",        "source", "neuron",  "receptors",
                                       "threshold", "after_spike", "reset",  "initial", NULL};
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
    pm_node source = pm_map_find(population, "source");
    if (!pm_node_exists(&source))
        return add_lif(network, population, root, &name_node, name, (uint32_t)size, defaults, error);
    for (size_t k = 3; keys[k]; k++) { /* what only neurons have */
        pm_node own = pm_map_find(population, keys[k]);
        if (pm_node_exists(&own))
            return pm_node_fail(&own, error, "'%s' has a source: its neurons have no parameters", name);
    }
    return add_source(network, population, &source, name, (uint32_t)size, error);
}
