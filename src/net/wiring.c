/* The rows of synapses as a whole: neurons are numbered and classed, then rows are made (rows.h), by a team of threads
 * where there are many synapses. */
#include "net/wiring.h"

#include "base/team.h"
#include "model/neuron.h"
#include "net/mark.h"
#include "net/need.h"
#include "net/population.h"
#include "net/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEWEST = 100000, /* synapses for which a thread is worth while */
    MANY = 32 /* synapses of a row for each part of the work, whose numbers are then a small part of the memory */
};

/* The last population whose first number is not above `number`. */
static uint32_t population_of(const uint32_t *first, size_t n_populations, uint32_t number) {
    uint32_t low = 0, high = (uint32_t)n_populations;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (first[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t pm_wiring_population_of_cell(const pm_wiring *wiring, const pm_network *network, uint32_t cell) {
    return population_of(wiring->first_cell, network->n_populations, cell);
}

typedef struct pair {
    const pm_population *populations;
    size_t number;
} pair;

static bool has_same_neuron(const void *user, uint32_t other) {
    const pair *p = user;
    bool same = true;
    for (size_t k = 0; same && k < pm_neuron_lif.n_fields; k++)
        same = pm_field_value(&pm_neuron_lif.fields[k], &p->populations[p->number].neuron) ==
               pm_field_value(&pm_neuron_lif.fields[k], &p->populations[other].neuron);
    return same;
}

/* General populations share a class with nobody. */
static pm_status choose_class(pm_wiring *w, const pm_network *net, size_t p, pm_table *plain, pm_error *error) {
    w->class[p] = w->n_classes;
    if (!pm_population_needs_general(net, (uint32_t)p)) {
        const pair wanted = {net->populations, p};
        const uint64_t hash = pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &net->populations[p].neuron);
        const uint32_t other = pm_table_find(plain, hash, has_same_neuron, &wanted);
        if (other != PM_TABLE_NONE)
            w->class[p] = w->class[other];
        else if (!pm_table_reserve(plain))
            return pm_fail_memory(error, "the network");
        else
            pm_table_add(plain, hash, (uint32_t)p);
    }
    w->n_classes += w->class[p] == w->n_classes;
    return PM_OK;
}

static pm_status number_neurons(pm_wiring *w, const pm_network *net, const pm_exchange *exchange, pm_error *error) {
    uint64_t neurons = 0;
    uint32_t cells = 0;
    pm_table plain = {0};
    pm_status status = PM_OK;
    for (size_t p = 0; status == PM_OK && p < net->n_populations; p++) {
        const pm_population *population = &net->populations[p];
        w->first_neuron[p] = (uint32_t)neurons;
        w->first_cell[p] = cells;
        neurons += population->size;
        if (neurons > UINT32_MAX - 2)
            status = pm_fail(error, PM_INVALID, "the network has more than %u neurons", UINT32_MAX - 2);
        if (status != PM_OK || population->kind != PM_LIF)
            continue;
        uint32_t rank = exchange ? exchange->rank : 0;
        w->first_here[p] = pm_share_begin(exchange, rank, population->size);
        cells += pm_share_begin(exchange, rank + 1, population->size) - w->first_here[p];
        status = choose_class(w, net, p, &plain, error);
    }
    pm_table_free(&plain);
    if (status == PM_OK && w->n_classes > PM_MOST_CLASSES)
        status = pm_fail(error, PM_INVALID, "the network has more than %u different kinds of neurons", PM_MOST_CLASSES);
    w->first_neuron[net->n_populations] = w->n_neurons = (uint32_t)neurons;
    w->first_cell[net->n_populations] = w->n_cells = cells;
    return status;
}

static void find_drives(pm_wiring *w, const pm_network *net) {
    for (size_t k = net->n_projections; k-- > 0;) {
        const pm_projection *p = &net->projections[k];
        if (net->populations[p->from].kind == PM_POISSON_SOURCE)
            w->drive_receptor[p->to] = p->receptor;
    }
}

static uint32_t most_receptors(const pm_network *net) {
    uint32_t most = 1;
    for (size_t k = 0; k < net->n_projections; k++)
        most = net->projections[k].receptor + 1 > most ? net->projections[k].receptor + 1 : most;
    return most;
}

static bool is_of_type(const pm_projection *p, const pm_synapse_type *type) {
    const pm_kind *kind = &type->model->kind;
    bool same = pm_projection_model(p) == type->model;
    for (size_t k = 0; same && k < kind->n_fields; k++)
        same = pm_field_value(&kind->fields[k], p->synapse_parameters) ==
               pm_field_value(&kind->fields[k], type->parameters);
    return same;
}

/* `of`: the type of each projection. */
static pm_status list_types(pm_wiring *w, const pm_network *net, uint8_t *of, pm_error *error) {
    if (!PM_LIST_ADD(w->types, (pm_synapse_type){.model = &pm_synapse_static}))
        return pm_fail_memory(error, "the types of synapses");
    for (size_t k = 0; k < net->n_projections; k++) {
        const pm_projection *p = &net->projections[k];
        size_t t = 0;
        while (t < w->types.count && !is_of_type(p, &w->types.items[t]))
            t++;
        if (t == PM_MOST_TYPES)
            return pm_fail_key(error, "synapse",
                               "the network has more than %d types of synapses: models with different parameters",
                               PM_MOST_TYPES);
        of[k] = (uint8_t)t;
        if (t < w->types.count)
            continue;
        pm_synapse_type type = {.model = pm_projection_model(p)};
        memcpy(type.parameters, p->synapse_parameters, sizeof type.parameters);
        if (!PM_LIST_ADD(w->types, type))
            return pm_fail_memory(error, "the types of synapses");
    }
    return PM_OK;
}

/* A part has a number for each bundle of rows. */
static size_t parts_for(const pm_network *net, const pm_wiring *w, const pm_exchange *exchange, int threads) {
    const double synapses = pm_network_need(net, exchange).synapses;
    const double most = fmin(synapses / FEWEST, synapses / (MANY * (w->n_neurons + 1.0)));
    return (size_t)fmax(1.0, fmin(threads, most));
}

static pm_status build(pm_wiring *w, const pm_network *net, const pm_exchange *exchange, int threads, uint64_t *first,
                       pm_error *error) {
    pm_building rows = {.wiring = w, .network = net, .first = first, .n_receptors = most_receptors(net)};
    rows.n_parts = first ? 1 : parts_for(net, w, exchange, threads);
    rows.begin = malloc(((size_t)w->n_neurons + 1) * sizeof *rows.begin);
    w->cell_class = malloc(((size_t)w->n_cells + 1) * sizeof *w->cell_class);
    w->first_group = malloc(((size_t)w->n_neurons + 1) * sizeof *w->first_group);
    uint8_t *types_of = malloc(net->n_projections + 1);
    pm_team *team = pm_team_new((int)rows.n_parts);
    pm_status status = PM_OK;
    rows.types_of = types_of;
    if (!rows.begin || !w->cell_class || !w->first_group || !types_of || !team)
        status = pm_fail_memory(error, "the rows of synapses");
    if (status == PM_OK)
        status = list_types(w, net, types_of, error);
    for (size_t p = 0; status == PM_OK && p < net->n_populations; p++)
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++)
            w->cell_class[c] = w->class[p];
    if (status == PM_OK)
        status = pm_building_list_delays(&rows, error);
    if (status == PM_OK)
        status = pm_building_bundle(&rows, exchange, error);
    if (status == PM_OK)
        status = pm_building_draw(&rows, team, error);
    if (status == PM_OK)
        status = pm_building_order(&rows, team, error);
    pm_team_free(team);
    free(rows.begin);
    free(rows.bundles);
    free(rows.first_bundle);
    free(rows.shift);
    free(rows.row);
    free(rows.delays);
    free(rows.delay_at);
    free(rows.of.delay);
    free(rows.receptor);
    free(rows.type);
    free(types_of);
    return status;
}

/* `first`: NULL, or where the number of every projection's first synapse goes; then synapses have numbers as weights.
 */
static pm_status make(const pm_network *network, const pm_exchange *exchange, int threads, uint64_t *first,
                      pm_wiring **wiring, pm_error *error) {
    *wiring = NULL;
    pm_status status = pm_network_check_room(network, exchange, error);
    if (status != PM_OK)
        return status;
    pm_wiring *w = calloc(1, sizeof *w);
    if (!w)
        return pm_exchange_agree(exchange, pm_fail_memory(error, "the network"), error);
    size_t np = network->n_populations + 1, nj = network->n_projections + 1;
    w->first_neuron = calloc(np, sizeof *w->first_neuron);
    w->first_cell = calloc(np, sizeof *w->first_cell);
    w->first_here = calloc(np, sizeof *w->first_here);
    w->class = calloc(np, sizeof *w->class);
    w->min_delay = calloc(nj, sizeof *w->min_delay);
    w->min_positive_delay = calloc(nj, sizeof *w->min_positive_delay);
    w->drive_receptor = calloc(np, sizeof *w->drive_receptor);
    if ((!w->first_neuron || !w->first_cell || !w->first_here || !w->class || !w->min_delay || !w->min_positive_delay ||
         !w->drive_receptor))
        status = pm_fail_memory(error, "the network");
    if (status == PM_OK)
        status = number_neurons(w, network, exchange, error);
    if (status == PM_OK) {
        find_drives(w, network);
        status = build(w, network, exchange, threads, first, error);
    }
    status = pm_exchange_agree(exchange, status, error);
    if (status == PM_OK && exchange) {
        exchange->least(exchange->user, w->min_delay, network->n_projections);
        exchange->least(exchange->user, w->min_positive_delay, network->n_projections);
    }
    if (status == PM_OK)
        *wiring = w;
    else
        pm_wiring_free(w);
    return status;
}

pm_status pm_wiring_new(const pm_network *network, pm_wiring **wiring, pm_error *error) {
    return make(network, NULL, 1, NULL, wiring, error);
}

pm_status pm_wiring_share(const pm_network *network, const pm_exchange *exchange, int threads, pm_wiring **wiring,
                          pm_error *error) {
    return make(network, exchange, threads, NULL, wiring, error);
}

pm_status pm_wiring_numbers(const pm_network *network, uint64_t *first, pm_wiring **wiring, pm_error *error) {
    return make(network, NULL, 1, first, wiring, error);
}

void pm_wiring_free(pm_wiring *wiring) {
    if (!wiring)
        return;
    free(wiring->first_neuron);
    free(wiring->first_cell);
    free(wiring->first_here);
    free(wiring->class);
    free(wiring->min_delay);
    free(wiring->min_positive_delay);
    free(wiring->drive_receptor);
    free(wiring->first_group);
    free(wiring->groups);
    free(wiring->delays);
    free(wiring->receptors);
    free(wiring->type_of);
    free(wiring->types.items);
    free(wiring->cell_class);
    free(wiring->targets);
    free(wiring->weights);
    free(wiring);
}
