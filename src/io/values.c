/* Values that network and experiment files have in common. */
#include "io/values.h"

#include <stdio.h>
#include <string.h>

pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error) {
    const char *keys[PM_NEURON_PARAMETERS + 1] = {NULL};
    for (size_t k = 0; k < PM_NEURON_PARAMETERS; k++)
        keys[k] = pm_neuron_parameters[k].name;
    pm_status status = pm_map_check(map, keys, error);
    for (size_t k = 0; !status && k < PM_NEURON_PARAMETERS; k++) {
        pm_node value = pm_map_find(map, keys[k]);
        if (pm_node_exists(&value)) {
            char what[40];
            snprintf(what, sizeof what, "a finite number in %s", pm_neuron_parameters[k].unit);
            status = pm_node_number(&value, what, pm_parameter_of(neuron, &pm_neuron_parameters[k]), error);
        }
    }
    return status;
}

/* The parameter that the message begins with is not in the file, so that only its default can be meant. */
static pm_status blame_default(const pm_node *map, pm_error *error) {
    const size_t length = error ? strcspn(error->message, " ") : 0;
    return error ? pm_node_fail(map, error, "%s (%.*s is not given; that is its default)", error->message, (int)length,
                                error->message)
                 : PM_INVALID;
}

pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error) {
    pm_status status = pm_neuron_check(neuron, error);
    if (status != PM_INVALID)
        return status;
    pm_node own = pm_map_find(population, "neuron");
    const pm_node *maps[] = {&own, shared};
    for (size_t m = 0; m < 2; m++)
        for (size_t k = 0; k < PM_NEURON_PARAMETERS; k++) {
            const char *name = pm_neuron_parameters[k].name;
            size_t length = strlen(name);
            pm_node value = {0};
            if (pm_node_exists(maps[m]) && strncmp(error->message, name, length) == 0 && error->message[length] == ' ')
                value = pm_map_find(maps[m], name);
            if (pm_node_exists(&value))
                return pm_node_blame(&value, status, error);
        }
    return blame_default(pm_node_exists(&own) ? &own : pm_node_exists(shared) ? shared : population, error);
}

pm_status pm_read_spread(const pm_node *list, const char *what, size_t most, pm_distribution *d, pm_error *error) {
    double *const values[3] = {&d->a, &d->b, &d->step};
    pm_status status = pm_list_check(list, 2, most, what, error);
    for (size_t k = 0; !status && k < 3 && k < pm_list_length(list); k++) {
        pm_node item = pm_list_item(list, k);
        status = pm_node_number(&item, "a finite number", values[k], error);
    }
    return status;
}
