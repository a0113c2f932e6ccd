/* Building a description. Invariant: a network holds only what passed its checks; whatever is added is copied, and an
 * addition that fails leaves the network as it was. */
#include "base/sized.h"
#include "model/source.h"
#include "model/synapse.h"
#include "net/current.h"
#include "net/distribution.h"
#include "net/events.h"
#include "net/limits.h"
#include "net/population.h"

#include "base/list.h"
#include "base/table.h"

#include <punctum/network.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

pm_network *pm_network_new(void) {
    pm_network *network = calloc(1, sizeof *network);
    pm_table *names = calloc(1, sizeof *names);
    if (!network || !names) {
        free(network);
        free(names);
        return NULL;
    }
    network->seed = 1;
    network->names = names;
    return network;
}

static void free_projection(pm_projection *projection) {
    free(projection->synapses);
    free(projection->weight.values);
    free(projection->delay.values);
}

void pm_network_free(pm_network *network) {
    if (!network)
        return;
    for (size_t p = 0; p < network->n_populations; p++)
        pm_population_clear(&network->populations[p]);
    for (size_t k = 0; k < network->n_projections; k++)
        free_projection(&network->projections[k]);
    for (size_t k = 0; k < network->n_potentials; k++)
        free(network->potentials[k].neurons);
    for (size_t k = 0; k < network->n_currents; k++)
        pm_current_clear(&network->currents[k]);
    pm_table_free(network->names);
    free(network->names);
    free(network->currents);
    free(network->populations);
    free(network->projections);
    free(network->potentials);
    free(network);
}

static uint64_t hash_name(const char *name) { return pm_hash(PM_HASH_START, name, strlen(name)); }

typedef struct wanted {
    const pm_population *populations;
    const char *name;
} wanted;

static bool has_name(const void *user, uint32_t population) {
    const wanted *w = user;
    return strcmp(w->populations[population].name, w->name) == 0;
}

size_t pm_network_find(const pm_network *network, const char *name) {
    const wanted w = {network->populations, name};
    const uint32_t found = pm_table_find(network->names, hash_name(name), has_name, &w);
    return found == PM_TABLE_NONE ? network->n_populations : found;
}

/* A copy of an array; an empty one is NULL. */
static pm_status copy_array(const void *from, size_t count, size_t item_size, void **to, pm_error *error) {
    *to = NULL;
    if (count == 0)
        return PM_OK;
    if (count > SIZE_MAX / item_size || !(*to = malloc(count * item_size)))
        return pm_fail_memory(error, "the network");
    memcpy(*to, from, count * item_size);
    return PM_OK;
}

/* Room for one more item at the end of an array, which has room for the next power of two. */
static pm_status grow(void **items, size_t count, size_t item_size, pm_error *error) {
    if ((count & (count - 1)) != 0)
        return PM_OK;
    size_t capacity = count;
    return pm_list_reserve(items, &capacity, count ? 2 * count : 1, item_size) ? PM_OK
                                                                               : pm_fail_memory(error, "the network");
}

pm_status pm_name_check(const char *name, const char *what, pm_error *error) {
    if (!name || !*name)
        return pm_fail(error, PM_INVALID, "a %s needs a name", what);
    if (strlen(name) > 100)
        return pm_fail(error, PM_INVALID, "the %s name '%.20s...' is longer than 100 characters", what, name);
    bool good = isalpha((unsigned char)name[0]) || name[0] == '_';
    for (const char *c = name; *c; c++)
        good = good && (isalnum((unsigned char)*c) || strchr("_-.", *c));
    if (!good)
        return pm_fail(error, PM_INVALID,
                       "the %s name '%s' may hold letters, digits, '_', '-' and '.' only, and begins with a letter or "
                       "'_'",
                       what, name);
    return PM_OK;
}

static pm_status check_name(const pm_network *network, const char *name, pm_error *error) {
    pm_status status = pm_name_check(name, "population", error);
    if (status == PM_OK && pm_network_find(network, name) < network->n_populations)
        status = pm_fail(error, PM_INVALID, "there are two populations named '%s'", name);
    return status;
}

static pm_status add_population(pm_network *network, const char *name, pm_population population, uint32_t *number,
                                pm_error *error) {
    pm_status status = check_name(network, name, error);
    if (status == PM_OK && population.size == 0)
        status = pm_fail(error, PM_INVALID, "population '%s' has size 0; it must be at least 1", name);
    void *items = network->populations;
    if (status == PM_OK)
        status = grow(&items, network->n_populations, sizeof population, error);
    network->populations = items;
    if (status == PM_OK && (!pm_table_reserve(network->names) || !(population.name = strdup(name))))
        status = pm_fail_memory(error, "the network");
    if (status != PM_OK)
        return status;
    const uint32_t own = (uint32_t)network->n_populations++;
    if (number)
        *number = own;
    network->populations[own] = population;
    pm_table_add(network->names, hash_name(name), own);
    return PM_OK;
}

pm_status pm_network_add_lif(pm_network *network, const char *name, uint32_t size, const pm_neuron *neuron,
                             uint32_t *number, pm_error *error) {
    pm_status status = pm_neuron_check(neuron, error);
    if (status != PM_OK)
        return status;
    pm_population population = {.size = size, .kind = PM_LIF, .neuron = *neuron, .record_spikes = true};
    return add_population(network, name, population, number, error);
}

pm_status pm_network_add_spike_source(pm_network *network, const char *name, uint32_t size, const pm_event *events,
                                      size_t n_events, uint32_t *number, pm_error *error) {
    for (size_t k = 0; k < n_events; k++) {
        if (!isfinite(events[k].time) || events[k].time < 0.0)
            return pm_fail(error, PM_INVALID, "spike %zu of '%s' is at %g ms; times must be finite and not negative", k,
                           name, events[k].time);
        if (events[k].neuron >= size)
            return pm_fail(error, PM_INVALID, "spike %zu of '%s' is of neuron %u; the population has %u neurons", k,
                           name, events[k].neuron, size);
    }
    pm_population population = {.size = size, .kind = PM_SPIKE_SOURCE, .n_events = n_events};
    pm_status status = pm_events_copy(events, n_events, &population.events, error);
    if (!status)
        status = add_population(network, name, population, number, error);
    if (status)
        free(population.events);
    return status;
}

static pm_status check_rate(const char *name, double rate, pm_error *error) {
    char range[60];
    if (pm_field_check(&pm_source_poisson.fields[0], rate, NULL))
        return pm_fail_key(error, "rate", "the rate of '%s' is %g; it must be %s", name, rate,
                           pm_field_range(&pm_source_poisson.fields[0], range, sizeof range));
    return PM_OK;
}

pm_status pm_network_add_poisson_source(pm_network *network, const char *name, uint32_t size, double rate,
                                        uint32_t *number, pm_error *error) {
    pm_status status = check_rate(name, rate, error);
    if (status != PM_OK)
        return status;
    pm_population population = {.size = size, .kind = PM_POISSON_SOURCE, .rate = rate};
    return add_population(network, name, population, number, error);
}

/* The largest rate of a course is the one that is drawn, and thinned out. */
pm_status pm_network_add_poisson_course(pm_network *network, const char *name, uint32_t size, double rate,
                                        const pm_rate_course *course, uint32_t *number, pm_error *error) {
    pm_status status = pm_steps_check(course->steps, course->n_steps, "spikes/s", error);
    double highest = course->n_steps > 0 ? 0.0 : rate + course->amplitude;
    for (size_t k = 0; status == PM_OK && k < course->n_steps; k++) {
        status = check_rate(name, course->steps[k].value, error);
        highest = fmax(highest, course->steps[k].value);
    }
    if (status == PM_OK && course->n_steps == 0)
        status = check_rate(name, rate, error);
    if (status == PM_OK && !(course->amplitude >= 0.0 && course->amplitude <= rate) && course->n_steps == 0)
        status =
            pm_fail(error, PM_INVALID, "the amplitude of '%s' is %g; it must be between 0 and its rate, %g spikes/s",
                    name, course->amplitude, rate);
    if (status == PM_OK && course->amplitude > 0.0 && !(course->frequency > 0.0 && isfinite(course->frequency)))
        status =
            pm_fail(error, PM_INVALID, "the frequency of '%s' is %g Hz; it must be positive", name, course->frequency);
    if (status == PM_OK && !isfinite(course->phase))
        status = pm_fail(error, PM_INVALID, "the phase of '%s' is not a finite number", name);
    if (status == PM_OK)
        status = check_rate(name, highest, error);
    void *steps = NULL;
    if (status == PM_OK)
        status = copy_array(course->steps, course->n_steps, sizeof *course->steps, &steps, error);
    if (status != PM_OK)
        return status;
    pm_population population = {.size = size, .kind = PM_POISSON_SOURCE, .rate = highest, .course = *course};
    population.course.steps = steps;
    status = add_population(network, name, population, number, error);
    if (status != PM_OK)
        free(steps);
    return status;
}

static pm_status check_delay(const pm_distribution *d, pm_error *error) {
    if (d->kind == PM_MATRIX || d->kind == PM_VALUES)
        return pm_fail(error, PM_INVALID, "a delay is a number or a distribution");
    pm_status status = pm_distribution_check(d, "delay", PM_LARGEST_WEIGHT, error);
    if (status == PM_OK && pm_distribution_least(d) < 0.0)
        status =
            d->kind == PM_NORMAL
                ? pm_fail(error, PM_INVALID, "a normal delay may be negative; give it a low of 0 ms or more")
                : pm_fail(error, PM_INVALID, "a delay of %g ms; delays must not be negative", pm_distribution_least(d));
    return status;
}

static pm_status check_weight(const pm_distribution *d, size_t n_values, pm_error *error) {
    if (d->kind == PM_VALUES)
        return pm_fail(error, PM_INVALID, "a weight is a number, a distribution or a matrix");
    for (size_t k = 0; d->kind == PM_MATRIX && k < n_values; k++)
        if (!pm_weight_fits(d->values[k]))
            return pm_fail(error, PM_INVALID, "weight number %zu is %g; at most %g in magnitude is possible", k,
                           d->values[k], PM_LARGEST_WEIGHT);
    return pm_distribution_check(d, "weight", PM_LARGEST_WEIGHT, error);
}

static pm_status check_synapses(const pm_network *network, const pm_projection *p, pm_error *error) {
    const pm_population *from = &network->populations[p->from], *to = &network->populations[p->to];
    for (size_t k = 0; k < p->n_synapses; k++) {
        const pm_synapse *s = &p->synapses[k];
        if (s->source >= from->size || s->target >= to->size)
            return pm_fail(error, PM_INVALID,
                           "synapse %zu goes from %s[%u] to %s[%u]; the populations have %u and %u neurons", k,
                           from->name, s->source, to->name, s->target, from->size, to->size);
        if (!pm_weight_fits(s->weight) || !isfinite(s->delay) || s->delay < 0.0)
            return pm_fail(error, PM_INVALID,
                           "synapse %zu from %s to %s has weight %g pA and delay %g ms; weights are at most %g in "
                           "magnitude, delays finite and not negative",
                           k, from->name, to->name, s->weight, s->delay, PM_LARGEST_WEIGHT);
    }
    return PM_OK;
}

/* How a rule fits the sizes of the populations. */
static pm_status check_rule(const pm_population *from, const pm_population *to, const pm_projection *p,
                            pm_error *error) {
    const bool same = p->from == p->to;
    const uint32_t sources = from->size - (p->no_autapses && same), targets = to->size - (p->no_autapses && same);
    if (p->rule == PM_ONE_TO_ONE && from->size != to->size)
        return pm_fail(error, PM_INVALID, "one_to_one from '%s' (%u neurons) to '%s' (%u): the sizes must be equal",
                       from->name, from->size, to->name, to->size);
    if (p->rule == PM_PAIRWISE_BERNOULLI && !(p->probability >= 0.0 && p->probability <= 1.0))
        return pm_fail(error, PM_INVALID, "pairwise_bernoulli is %g; it must be between 0 and 1", p->probability);
    if (p->rule == PM_FIXED_INDEGREE && p->indegree > 0 && (sources == 0 || (p->no_multapses && p->indegree > sources)))
        return pm_fail(error, PM_INVALID, "fixed_indegree is %u, and a neuron of '%s' has %u different sources in '%s'",
                       p->indegree, to->name, sources, from->name);
    if (p->rule == PM_FIXED_OUTDEGREE && p->outdegree > 0 &&
        (targets == 0 || (p->no_multapses && p->outdegree > targets)))
        return pm_fail(error, PM_INVALID,
                       "fixed_outdegree is %u, and a neuron of '%s' has %u different targets in '%s'", p->outdegree,
                       from->name, targets, to->name);
    if (p->rule == PM_FIXED_TOTAL_NUMBER && p->total > 0 && (sources == 0 || targets == 0))
        return pm_fail(error, PM_INVALID, "fixed_total_number has no pair to choose from");
    if (p->rule == PM_FIXED_TOTAL_NUMBER && p->no_multapses)
        return pm_fail(error, PM_INVALID, "fixed_total_number draws pairs more than once; multapses cannot be refused");
    if (p->rule == PM_SYNAPSE_LIST && (p->no_autapses || p->no_multapses))
        return pm_fail(error, PM_INVALID, "autapses and multapses are for rules; a list of synapses is taken as it is");
    return PM_OK;
}

static pm_status check_projection(const pm_network *network, const pm_projection *p, pm_error *error) {
    if (p->from >= network->n_populations || p->to >= network->n_populations)
        return pm_fail(error, PM_INVALID, "a projection from population %u to %u; there are %zu", p->from, p->to,
                       network->n_populations);
    const pm_population *from = &network->populations[p->from], *to = &network->populations[p->to];
    if (to->kind != PM_LIF)
        return pm_fail(error, PM_INVALID, "'%s' is a source and cannot be a target", to->name);
    if (p->receptor >= pm_population_receptors(to))
        return pm_fail(error, PM_INVALID, "'%s' has no receptor number %u", to->name, p->receptor);
    pm_status status = check_rule(from, to, p, error);
    if (status == PM_OK)
        status = pm_kind_check(&pm_projection_model(p)->kind, p->synapse_parameters, error);
    if (status == PM_OK && p->rule == PM_SYNAPSE_LIST)
        return check_synapses(network, p, error);
    if (status == PM_OK)
        status = check_weight(&p->weight, (size_t)from->size * to->size, error);
    return status == PM_OK ? check_delay(&p->delay, error) : status;
}

pm_status pm_network_connect(pm_network *network, const pm_projection *projection, pm_error *error) {
    pm_projection copy;
    pm_status status = PM_SIZED_COPY(copy, projection, "a projection", error);
    if (status == PM_OK)
        status = check_projection(network, &copy, error);
    if (status != PM_OK)
        return status;
    copy.synapses = NULL;
    copy.weight.values = copy.delay.values = NULL;
    void *array = NULL;
    if (projection->rule == PM_SYNAPSE_LIST)
        status = copy_array(projection->synapses, projection->n_synapses, sizeof *copy.synapses, &array, error);
    copy.synapses = array;
    array = NULL;
    if (status == PM_OK && projection->rule != PM_SYNAPSE_LIST && projection->weight.kind == PM_MATRIX) {
        size_t n = (size_t)network->populations[copy.from].size * network->populations[copy.to].size;
        status = copy_array(projection->weight.values, n, sizeof(double), &array, error);
    }
    copy.weight.values = array;
    void *items = network->projections;
    if (status == PM_OK)
        status = grow(&items, network->n_projections, sizeof copy, error);
    network->projections = items;
    if (status == PM_OK)
        network->projections[network->n_projections++] = copy;
    else
        free_projection(&copy);
    return status;
}

pm_status pm_network_record_spikes(pm_network *network, uint32_t population, bool record, pm_error *error) {
    if (population >= network->n_populations)
        return pm_fail(error, PM_INVALID, "there is no population %u", population);
    network->populations[population].record_spikes = record;
    return PM_OK;
}
