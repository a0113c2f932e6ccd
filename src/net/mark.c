/* Field by field: padding has no meaning. */
#include "net/mark.h"

#include "model/kernel.h"
#include "model/neuron.h"
#include "model/synapse.h"
#include "net/population.h"

#include <string.h>

uint64_t pm_kind_hash(uint64_t hash, const pm_kind *kind, const void *structure) {
    for (size_t k = 0; k < kind->n_fields; k++) {
        double value = pm_field_value(&kind->fields[k], structure) + 0.0; /* -0 is 0 */
        hash = pm_hash(hash, &value, sizeof value);
    }
    return hash;
}

#define HASH(hash, value) pm_hash(hash, &(value), sizeof(value))

static uint64_t of_distribution(uint64_t h, const pm_distribution *d, size_t n) {
    h = HASH(h, d->kind);
    h = HASH(h, d->a);
    h = HASH(h, d->b);
    h = HASH(h, d->step);
    if (d->bounded) {
        h = HASH(h, d->low);
        h = HASH(h, d->high);
    }
    return d->kind == PM_MATRIX || d->kind == PM_VALUES ? pm_hash(h, d->values, n * sizeof *d->values) : h;
}

static uint64_t of_steps(uint64_t h, const pm_step *steps, size_t n) {
    h = HASH(h, n);
    for (size_t k = 0; k < n; k++) {
        h = HASH(h, steps[k].time);
        h = HASH(h, steps[k].value);
    }
    return h;
}

static uint64_t of_jumps(uint64_t h, const pm_jump *jumps, size_t n) {
    h = HASH(h, n);
    for (size_t k = 0; k < n; k++) {
        h = HASH(h, jumps[k].jump);
        h = HASH(h, jumps[k].tau);
    }
    return h;
}

uint64_t pm_receptors_hash(uint64_t h, const pm_receptor *receptors, size_t n) {
    for (size_t k = 0; k < n; k++) {
        const pm_receptor *r = &receptors[k];
        h = pm_hash(h, r->name, strlen(r->name) + 1);
        h = pm_hash(h, r->kernel->kind.name, strlen(r->kernel->kind.name) + 1);
        h = pm_hash(h, r->parameters, sizeof r->parameters);
        h = HASH(h, r->peak);
    }
    return h;
}

/* What a population has beyond one receptor and a fixed threshold. */
static uint64_t of_extras(uint64_t h, const pm_population *p) {
    h = pm_receptors_hash(h, p->receptors, p->n_receptors);
    h = of_jumps(h, p->threshold, p->n_threshold);
    h = of_jumps(h, p->after_spike, p->n_after_spike);
    h = HASH(h, p->reset.kind);
    h = HASH(h, p->reset.subtract);
    h = HASH(h, p->reset.fraction);
    h = HASH(h, p->reset.add);
    for (size_t k = 0; p->varied && k < PM_VARIED; k++)
        h = of_distribution(h, &p->varied[k], p->size);
    return h;
}

static uint64_t of_population(uint64_t h, const pm_population *p) {
    h = pm_hash(h, p->name, strlen(p->name) + 1);
    h = HASH(h, p->size);
    h = HASH(h, p->kind);
    h = HASH(h, p->record_spikes);
    h = HASH(h, p->rate);
    if (p->kind == PM_LIF)
        h = pm_kind_hash(h, &pm_neuron_lif, &p->neuron);
    if (pm_population_is_general(p))
        h = of_extras(h, p);
    if (p->course.n_steps > 0 || p->course.amplitude > 0.0) {
        h = of_steps(h, p->course.steps, p->course.n_steps);
        h = HASH(h, p->course.amplitude);
        h = HASH(h, p->course.frequency);
        h = HASH(h, p->course.phase);
    }
    h = HASH(h, p->n_events);
    for (size_t k = 0; k < p->n_events; k++) {
        h = HASH(h, p->events[k].time);
        h = HASH(h, p->events[k].neuron);
    }
    return h;
}

static uint64_t of_projection(uint64_t h, const pm_network *network, const pm_projection *p) {
    size_t pairs = (size_t)network->populations[p->from].size * network->populations[p->to].size;
    h = HASH(h, p->from);
    h = HASH(h, p->to);
    h = HASH(h, p->rule);
    h = HASH(h, p->indegree);
    h = HASH(h, p->probability);
    if (p->receptor > 0 || p->outdegree > 0 || p->total > 0 || p->no_autapses || p->no_multapses) {
        h = HASH(h, p->receptor);
        h = HASH(h, p->outdegree);
        h = HASH(h, p->total);
        h = HASH(h, p->no_autapses);
        h = HASH(h, p->no_multapses);
    }
    const pm_synapse_model *model = pm_projection_model(p);
    if (model != &pm_synapse_static) {
        h = pm_hash(h, model->kind.name, strlen(model->kind.name) + 1);
        h = pm_kind_hash(h, &model->kind, p->synapse_parameters);
    }
    h = HASH(h, p->n_synapses);
    for (size_t k = 0; k < p->n_synapses; k++) {
        h = HASH(h, p->synapses[k].source);
        h = HASH(h, p->synapses[k].target);
        h = HASH(h, p->synapses[k].weight);
        h = HASH(h, p->synapses[k].delay);
    }
    h = of_distribution(h, &p->weight, pairs);
    return of_distribution(h, &p->delay, pairs);
}

static uint64_t of_current(uint64_t h, const pm_current *c) {
    h = HASH(h, c->kind);
    h = HASH(h, c->population);
    h = HASH(h, c->n_neurons);
    h = pm_hash(h, c->neurons, c->n_neurons * sizeof *c->neurons);
    h = of_steps(h, c->steps, c->n_steps);
    const double numbers[] = {c->amplitude, c->frequency, c->phase, c->mean, c->std, c->interval, c->from, c->to};
    return pm_hash(h, numbers, sizeof numbers);
}

uint64_t pm_network_mark(const pm_network *network) {
    uint64_t h = HASH(PM_HASH_START, network->seed);
    h = HASH(h, network->n_populations);
    for (size_t p = 0; p < network->n_populations; p++)
        h = of_population(h, &network->populations[p]);
    h = HASH(h, network->n_projections);
    for (size_t k = 0; k < network->n_projections; k++)
        h = of_projection(h, network, &network->projections[k]);
    h = HASH(h, network->n_potentials);
    for (size_t k = 0; k < network->n_potentials; k++) {
        const pm_potential_record *r = &network->potentials[k];
        h = HASH(h, r->population);
        h = HASH(h, r->interval);
        if (r->quantity != PM_POTENTIAL) {
            h = HASH(h, r->quantity);
            h = HASH(h, r->receptor);
        }
        h = HASH(h, r->n_neurons);
        h = pm_hash(h, r->neurons, r->n_neurons * sizeof *r->neurons);
    }
    for (size_t k = 0; k < network->n_currents; k++)
        h = of_current(h, &network->currents[k]);
    return h;
}
