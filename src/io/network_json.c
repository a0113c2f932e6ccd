/* The configuration of a network as JSON: the keys of network files, all defaults filled in, long lists as their sizes.
 * What a network does not have is left out, so that the description of a plain one does not grow. */
#include "io/summary.h"

#include "layer/layer_receptors.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "model/synapse.h"
#include "net/population.h"
#include "net/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *numbers_json(const pm_distribution *d) {
    switch (d->kind) {
    case PM_NORMAL:
        return json_pack("{s:[f,f]}", "normal", d->a, d->b);
    case PM_UNIFORM:
        return json_pack("{s:[f,f]}", "uniform", d->a, d->b);
    case PM_UNIFORM_STEPS:
        return json_pack("{s:[f,f,f]}", "uniform", d->a, d->b, d->step);
    case PM_LOGNORMAL:
        return json_pack("{s:[f,f]}", "lognormal", d->a, d->b);
    case PM_EXPONENTIAL:
        return json_pack("{s:f}", "exponential", d->a);
    case PM_MATRIX:
        return json_string("matrix");
    case PM_VALUES:
        return json_string("values");
    default:
        return json_real(d->a);
    }
}

json_t *pm_distribution_json(const pm_distribution *d) {
    json_t *map = numbers_json(d);
    if (pm_is_rounded(d))
        pm_json_set(&map, "step", json_real(d->step));
    if (d->bounded && isfinite(d->low))
        pm_json_set(&map, "low", json_real(d->low));
    if (d->bounded && isfinite(d->high))
        pm_json_set(&map, "high", json_real(d->high));
    return map;
}

static json_t *receptor_json(const pm_receptor *r) {
    if (r->kernel->word)
        return json_string(r->kernel->word);
    json_t *map = json_object();
    pm_kind_json(&map, &r->kernel->kind, r->parameters);
    if (r->peak)
        pm_json_set(&map, "peak", json_true());
    return map;
}

static json_t *jumps_json(const pm_jump *jumps, size_t n) {
    json_t *list = json_array();
    for (size_t k = 0; k < n; k++)
        pm_json_append(&list, json_pack("{s:f, s:f}", "jump", jumps[k].jump, "tau", jumps[k].tau));
    return list;
}

json_t *pm_receptors_json(const pm_receptor *receptors, size_t n) {
    json_t *map = json_object();
    for (size_t k = 0; k < n; k++)
        pm_json_set(&map, receptors[k].name, receptor_json(&receptors[k]));
    return map;
}

pm_status pm_receptors_write(pm_output *output, const char *before, const pm_receptor *receptors, size_t n,
                             const char *after, pm_error *error) {
    json_t *map = pm_receptors_json(receptors, n);
    char *text = pm_json_text(map, 0);
    json_decref(map);
    pm_status status = text ? pm_output_write(output, error, "%sreceptors: %s%s", before, text, after)
                            : pm_fail_memory(error, "the receptors");
    free(text);
    return status;
}

json_t *pm_sources_json(const pm_receptor *receptors, const uint32_t *sources, size_t n) {
    json_t *map = json_object();
    for (size_t k = 0; k < n; k++)
        pm_json_set(&map, receptors[k].name,
                    sources[k] == PM_ALL_SOURCES ? json_string("all") : json_integer((json_int_t)sources[k]));
    return map;
}

/* The parameters that differ from neuron to neuron. */
static void add_varied(json_t **map, const pm_population *p) {
    for (size_t k = 0; k < pm_neuron_lif.n_fields; k++) {
        const char *name = pm_neuron_lif.fields[k].name;
        if (!pm_population_varies(p, name))
            continue;
        json_t *varied = json_incref(json_object_get(*map, "varied"));
        varied = varied ? varied : json_object();
        pm_json_set(&varied, name, pm_distribution_json(&p->varied[k]));
        pm_json_set(map, "varied", varied);
    }
    if (pm_population_varies(p, "V_m"))
        pm_json_set(map, "initial", json_pack("{s:o}", "V_m", pm_distribution_json(&p->varied[PM_NEURON_FIELDS])));
}

/* What a LIF population has beyond one receptor and a fixed threshold. */
static void add_extras(json_t **map, const pm_population *p) {
    if (p->n_receptors > 0)
        pm_json_set(map, "receptors", pm_receptors_json(p->receptors, p->n_receptors));
    if (p->n_threshold > 0)
        pm_json_set(map, "threshold", jumps_json(p->threshold, p->n_threshold));
    if (p->n_after_spike > 0)
        pm_json_set(map, "after_spike", jumps_json(p->after_spike, p->n_after_spike));
    if (p->reset.kind == PM_RESET_SUBTRACT)
        pm_json_set(map, "reset", json_pack("{s:f}", "subtract", p->reset.subtract));
    if (p->reset.kind == PM_RESET_FRACTION)
        pm_json_set(map, "reset", json_pack("{s:f, s:f}", "fraction", p->reset.fraction, "add", p->reset.add));
    add_varied(map, p);
}

static json_t *steps_json(const pm_step *steps, size_t n) {
    json_t *list = json_array();
    for (size_t k = 0; k < n; k++)
        pm_json_append(&list, json_pack("[f,f]", steps[k].time, steps[k].value));
    return list;
}

static json_t *poisson_json(const pm_population *p) {
    const pm_rate_course *c = &p->course;
    if (c->n_steps > 0)
        return json_pack("{s:{s:o}}", "poisson", "rate", steps_json(c->steps, c->n_steps));
    if (c->amplitude > 0.0)
        return json_pack("{s:{s:f, s:f, s:f, s:f}}", "sinusoidal_poisson", "rate", p->rate - c->amplitude, "amplitude",
                         c->amplitude, "frequency", c->frequency, "phase", c->phase);
    return json_pack("{s:{s:f}}", "poisson", "rate", p->rate);
}

static json_t *population_json(const pm_population *p) {
    json_t *map = json_pack("{s:s, s:I, s:b}", "name", p->name, "size", (json_int_t)p->size, "record_spikes",
                            (int)p->record_spikes);
    if (p->kind == PM_LIF) {
        pm_json_set(&map, "neuron", pm_neuron_json(&p->neuron));
        add_extras(&map, p);
    } else if (p->kind == PM_POISSON_SOURCE) {
        pm_json_set(&map, "source", poisson_json(p));
    } else {
        pm_json_set(&map, "source", json_pack("{s:I}", "spikes", (json_int_t)p->n_events));
    }
    return map;
}

static json_t *named_rule_json(const pm_projection *p) {
    switch (p->rule) {
    case PM_ONE_TO_ONE:
        return json_string("one_to_one");
    case PM_FIXED_INDEGREE:
        return json_pack("{s:I}", "fixed_indegree", (json_int_t)p->indegree);
    case PM_FIXED_OUTDEGREE:
        return json_pack("{s:I}", "fixed_outdegree", (json_int_t)p->outdegree);
    case PM_FIXED_TOTAL_NUMBER:
        return json_pack("{s:I}", "fixed_total_number", (json_int_t)p->total);
    case PM_PAIRWISE_BERNOULLI:
        return json_pack("{s:f}", "pairwise_bernoulli", p->probability);
    case PM_SYNAPSE_LIST:
        return json_pack("{s:I}", "synapses", (json_int_t)p->n_synapses);
    default:
        return json_string("all_to_all");
    }
}

static json_t *rule_json(const pm_projection *p) {
    json_t *rule = named_rule_json(p);
    if (!p->no_autapses && !p->no_multapses)
        return rule;
    if (!json_is_object(rule))
        rule = json_pack("{s:o}", "rule", rule);
    if (p->no_autapses)
        pm_json_set(&rule, "autapses", json_false());
    if (p->no_multapses)
        pm_json_set(&rule, "multapses", json_false());
    return rule;
}

static json_t *synapse_json(const pm_projection *p) {
    const pm_kind *kind = &pm_projection_model(p)->kind;
    json_t *map = json_object();
    pm_kind_json(&map, kind, p->synapse_parameters);
    return json_pack("{s:o}", kind->name, map);
}

static json_t *projection_json(const pm_network *network, const pm_projection *p) {
    json_t *map = json_pack("{s:s, s:s, s:o}", "from", network->populations[p->from].name, "to",
                            network->populations[p->to].name, "connect", rule_json(p));
    if (p->rule != PM_SYNAPSE_LIST) {
        pm_json_set(&map, "weight", pm_distribution_json(&p->weight));
        pm_json_set(&map, "delay", pm_distribution_json(&p->delay));
    }
    if (network->populations[p->to].n_receptors > 0)
        pm_json_set(&map, "receptor", json_string(network->populations[p->to].receptors[p->receptor].name));
    if (pm_projection_model(p) != &pm_synapse_static)
        pm_json_set(&map, "synapse", synapse_json(p));
    return map;
}

static json_t *neurons_json(const uint32_t *neurons, size_t n) {
    json_t *list = json_array();
    for (size_t k = 0; k < n; k++)
        pm_json_append(&list, json_integer((json_int_t)neurons[k]));
    return list;
}

static json_t *record_json(const pm_network *network, const pm_potential_record *record) {
    const pm_population *p = &network->populations[record->population];
    json_t *map = json_pack("{s:s, s:o, s:f}", "population", p->name, "neurons",
                            neurons_json(record->neurons, record->n_neurons), "interval", record->interval);
    if (record->quantity == PM_CURRENT && record->receptor != PM_EVERY_RECEPTOR)
        pm_json_set(&map, "receptor", json_string(pm_population_get_receptor(p, record->receptor).name));
    return map;
}

static json_t *current_json(const pm_network *network, const pm_current *c) {
    json_t *map = json_pack("{s:s}", "population", network->populations[c->population].name);
    if (c->n_neurons > 0)
        pm_json_set(&map, "neurons", neurons_json(c->neurons, c->n_neurons));
    if (c->kind == PM_CURRENT_STEPS)
        pm_json_set(&map, "steps", steps_json(c->steps, c->n_steps));
    else if (c->kind == PM_CURRENT_SINE)
        pm_json_set(&map, "sine",
                    json_pack("{s:f, s:f, s:f, s:f, s:f}", "amplitude", c->amplitude, "frequency", c->frequency,
                              "phase", c->phase, "from", c->from, "to", c->to));
    else
        pm_json_set(&map, "noise",
                    json_pack("{s:f, s:f, s:f, s:f, s:f}", "mean", c->mean, "std", c->std, "interval", c->interval,
                              "from", c->from, "to", c->to));
    return map;
}

static json_t *records_json(const pm_network *network, pm_quantity quantity) {
    json_t *list = json_array();
    for (size_t k = 0; k < network->n_potentials; k++)
        if (network->potentials[k].quantity == quantity)
            pm_json_append(&list, record_json(network, &network->potentials[k]));
    return list;
}

static bool has_records(const pm_network *network, pm_quantity quantity) {
    bool found = false;
    for (size_t k = 0; k < network->n_potentials; k++)
        found = found || network->potentials[k].quantity == quantity;
    return found;
}

static json_t *currents_json(const pm_network *network) {
    json_t *list = json_array();
    for (size_t k = 0; k < network->n_currents; k++)
        pm_json_append(&list, current_json(network, &network->currents[k]));
    return list;
}

json_t *pm_network_json(const pm_network *network) {
    json_t *populations = json_array(), *projections = json_array();
    for (size_t p = 0; p < network->n_populations; p++)
        pm_json_append(&populations, population_json(&network->populations[p]));
    for (size_t k = 0; k < network->n_projections; k++)
        pm_json_append(&projections, projection_json(network, &network->projections[k]));
    json_t *map = json_pack("{s:f, s:I, s:o, s:o, s:o}", "duration", network->duration, "seed",
                            (json_int_t)network->seed, "populations", populations, "projections", projections,
                            "potential", records_json(network, PM_POTENTIAL));
    if (has_records(network, PM_CURRENT))
        pm_json_set(&map, "current", records_json(network, PM_CURRENT));
    if (has_records(network, PM_THRESHOLD))
        pm_json_set(&map, "threshold", records_json(network, PM_THRESHOLD));
    if (network->n_currents > 0)
        pm_json_set(&map, "currents", currents_json(network));
    return map;
}
