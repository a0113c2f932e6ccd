/* What a LIF population has beyond the neuron with one receptor and a fixed threshold: receptors, jumps at spikes,
 * resets, parameters that differ from neuron to neuron. Invariant: a population holds only what passed its checks, and
 * an error leaves it as it was. */
#include "net/population.h"

#include "base/random.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "net/distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RECEPTORS = PM_MOST_RECEPTORS, MOST_JUMPS = PM_MOST_JUMPS };

void pm_receptors_free(pm_receptor *receptors, size_t n) {
    for (size_t k = 0; k < n; k++)
        free((char *)receptors[k].name);
    free(receptors);
}

void pm_population_clear(pm_population *p) {
    pm_receptors_free(p->receptors, p->n_receptors);
    for (size_t k = 0; p->varied && k < PM_VARIED; k++)
        free(p->varied[k].values);
    free(p->name);
    free(p->events);
    free(p->course.steps);
    free(p->threshold);
    free(p->after_spike);
    free(p->varied);
}

static size_t find_parameter(const char *name) {
    size_t k = 0;
    while (k < PM_NEURON_FIELDS && strcmp(pm_neuron_lif.fields[k].name, name) != 0)
        k++;
    return k == PM_NEURON_FIELDS && strcmp(name, "V_m") != 0 ? k + 1 : k;
}

/* Not every parameter of a population that has varied ones. */
static bool is_given(const pm_distribution *d) { return d->kind != PM_CONSTANT || !isnan(d->a); }

bool pm_population_varies(const pm_population *p, const char *parameter) {
    const size_t place = find_parameter(parameter);
    return p->varied && place < PM_VARIED && is_given(&p->varied[place]);
}

bool pm_receptor_is_plain(const pm_receptor *r) {
    return !r->peak && (r->kernel->form == PM_FORM_EXPONENTIALS || r->kernel->impulse);
}

bool pm_population_is_general(const pm_population *p) {
    bool general = p->n_receptors > 1 || p->n_threshold > 0 || p->n_after_spike > 0 || p->reset.kind != PM_RESET_TO;
    general = general || (p->n_receptors == 1 && !pm_receptor_is_plain(&p->receptors[0]));
    for (size_t k = 0; p->varied && k < PM_NEURON_FIELDS; k++)
        general = general || is_given(&p->varied[k]);
    return general;
}

bool pm_population_needs_general(const pm_network *network, uint32_t population) {
    const pm_population *p = &network->populations[population];
    bool needed = pm_population_is_general(p);
    for (size_t k = 0; !needed && k < network->n_currents; k++)
        needed = network->currents[k].population == population;
    return p->kind == PM_LIF && needed;
}

/* What goes beyond a plain neuron, or NULL. */
static const char *beyond_plain(const pm_network *network, uint32_t number) {
    const pm_population *p = &network->populations[number];
    const char *what = p->n_receptors > 1                                               ? "several receptors"
                       : p->n_receptors == 1 && !pm_receptor_is_plain(&p->receptors[0]) ? "a receptor of another kind"
                       : p->n_threshold > 0                                             ? "a moving threshold"
                       : p->n_after_spike > 0                                           ? "currents after spikes"
                       : p->reset.kind != PM_RESET_TO                                   ? "a reset of another kind"
                       : pm_population_is_general(p) ? "parameters that differ from neuron to neuron"
                                                     : NULL;
    for (size_t k = 0; !what && k < network->n_currents; k++)
        what = network->currents[k].population == number ? "injected currents" : NULL;
    return what;
}

pm_status pm_population_need_plain(const pm_network *network, uint32_t population, const char *who, pm_error *error) {
    const pm_population *p = &network->populations[population];
    const char *what = beyond_plain(network, population);
    if (what)
        return pm_fail(error, PM_INVALID,
                       "'%s' has %s; %s takes one receptor (tau_1 and tau_2), a fixed threshold, a reset to V_reset, "
                       "the same parameters for all neurons and no injected currents",
                       p->name, what, who);
    return pm_neuron_need_current(&p->neuron, who, error);
}

uint32_t pm_population_receptors(const pm_population *p) { return p->n_receptors > 0 ? (uint32_t)p->n_receptors : 1; }

uint32_t pm_population_receptor(const pm_population *p, const char *name) {
    uint32_t k = 0;
    while (k < pm_population_receptors(p) && strcmp(pm_population_get_receptor(p, k).name, name) != 0)
        k++;
    return k;
}

static pm_status find_lif(pm_network *network, uint32_t number, pm_population **population, pm_error *error) {
    if (number >= network->n_populations || network->populations[number].kind != PM_LIF) {
        pm_fail(error, PM_INVALID, "there is no LIF population %u", number);
        return PM_INVALID;
    }
    *population = &network->populations[number];
    return PM_OK;
}

static pm_status check_receptor(const char *who, const pm_receptor *receptors, size_t k, pm_error *error) {
    const pm_receptor *r = &receptors[k];
    pm_status status = pm_name_check(r->name, "receptor", error);
    for (size_t j = 0; status == PM_OK && j < k; j++)
        if (strcmp(receptors[j].name, r->name) == 0)
            status = pm_fail(error, PM_INVALID, "'%s' has two receptors named '%s'", who, r->name);
    if (status == PM_OK && !r->kernel)
        status = pm_fail(error, PM_INVALID, "the receptor '%s' has no kernel", r->name);
    return status == PM_OK ? pm_kind_check(&r->kernel->kind, r->parameters, error) : status;
}

pm_status pm_receptors_copy(const char *who, const pm_receptor *receptors, size_t n, pm_receptor **to,
                            pm_error *error) {
    pm_status status = PM_OK;
    *to = NULL;
    if (n > MOST_RECEPTORS)
        status = pm_fail(error, PM_INVALID, "'%s' has %zu receptors; %d are the most", who, n, MOST_RECEPTORS);
    for (size_t k = 0; status == PM_OK && k < n; k++)
        status = check_receptor(who, receptors, k, error);
    if (status != PM_OK)
        return status;
    pm_receptor *copy = malloc((n + 1) * sizeof *copy);
    size_t copied = 0;
    for (; copy && copied < n; copied++) {
        copy[copied] = receptors[copied];
        if (!(copy[copied].name = strdup(receptors[copied].name)))
            break;
    }
    if (!copy || copied < n) {
        pm_receptors_free(copy, copied);
        return pm_fail_memory(error, "the receptors");
    }
    *to = copy;
    return PM_OK;
}

pm_status pm_network_set_receptors(pm_network *network, uint32_t population, const pm_receptor *receptors, size_t n,
                                   pm_error *error) {
    pm_population *p = NULL;
    pm_receptor *copy = NULL;
    pm_status status = find_lif(network, population, &p, error);
    if (status == PM_OK)
        status = pm_receptors_copy(p->name, receptors, n, &copy, error);
    if (status != PM_OK)
        return status;
    pm_receptors_free(p->receptors, p->n_receptors);
    p->receptors = copy;
    p->n_receptors = n;
    if (n == 1 && pm_receptor_is_plain(&copy[0])) {
        p->neuron.tau_1 = copy[0].parameters[0];
        p->neuron.tau_2 = copy[0].parameters[1];
    }
    return PM_OK;
}

static pm_status copy_jumps(const pm_population *p, const char *what, const char *unit, const pm_jump *jumps, size_t n,
                            pm_jump **copy, pm_error *error) {
    if (n > MOST_JUMPS)
        return pm_fail(error, PM_INVALID, "'%s' has %zu terms of %s; %d are the most", p->name, n, what, MOST_JUMPS);
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(jumps[k].jump) || fabs(jumps[k].jump) > PM_LARGEST_WEIGHT)
            return pm_fail(error, PM_INVALID, "jump is %g %s; it must be a finite number of at most %g", jumps[k].jump,
                           unit, PM_LARGEST_WEIGHT);
        if (!(jumps[k].tau >= PM_LEAST && jumps[k].tau <= PM_LARGEST_WEIGHT))
            return pm_fail_key(error, "tau", "tau is %g ms; it must be between %g and %g ms", jumps[k].tau, PM_LEAST,
                               PM_LARGEST_WEIGHT);
    }
    *copy = malloc((n + 1) * sizeof **copy);
    if (!*copy)
        return pm_fail_memory(error, what);
    if (n > 0)
        memcpy(*copy, jumps, n * sizeof **copy);
    return PM_OK;
}

/* Those of a population, whose place is named, become others. */
static pm_status set_jumps(const pm_population *p, const char *what, const char *unit, const pm_jump *jumps, size_t n,
                           pm_jump **own, size_t *n_own, pm_error *error) {
    pm_jump *copy = NULL;
    pm_status status = copy_jumps(p, what, unit, jumps, n, &copy, error);
    if (status != PM_OK)
        return status;
    free(*own);
    *own = copy;
    *n_own = n;
    return PM_OK;
}

pm_status pm_network_set_threshold(pm_network *network, uint32_t population, const pm_jump *jumps, size_t n,
                                   pm_error *error) {
    pm_population *p = NULL;
    pm_status status = find_lif(network, population, &p, error);
    return status == PM_OK ? set_jumps(p, "the threshold", "mV", jumps, n, &p->threshold, &p->n_threshold, error)
                           : status;
}

pm_status pm_network_set_after_spike(pm_network *network, uint32_t population, const pm_jump *jumps, size_t n,
                                     pm_error *error) {
    pm_population *p = NULL;
    pm_status status = find_lif(network, population, &p, error);
    return status == PM_OK
               ? set_jumps(p, "the after-spike current", "pA", jumps, n, &p->after_spike, &p->n_after_spike, error)
               : status;
}

pm_status pm_network_set_reset(pm_network *network, uint32_t population, const pm_reset *reset, pm_error *error) {
    pm_population *p = NULL;
    pm_status status = find_lif(network, population, &p, error);
    if (status != PM_OK)
        return status;
    if (reset->kind == PM_RESET_SUBTRACT && !(reset->subtract > 0.0 && reset->subtract <= PM_LARGEST_WEIGHT))
        return pm_fail(error, PM_INVALID, "subtract is %g mV; it must be positive and finite", reset->subtract);
    if (reset->kind == PM_RESET_FRACTION && !(reset->fraction >= 0.0 && reset->fraction <= 1.0))
        return pm_fail(error, PM_INVALID, "fraction is %g; it must be between 0 and 1", reset->fraction);
    if (reset->kind == PM_RESET_FRACTION && !(fabs(reset->add) <= PM_LARGEST_WEIGHT))
        return pm_fail(error, PM_INVALID, "add is %g mV; it must be a finite number", reset->add);
    p->reset = *reset;
    return PM_OK;
}

static pm_status check_varied(const pm_population *p, const char *parameter, const pm_distribution *d,
                              pm_error *error) {
    if (d->kind == PM_MATRIX)
        return pm_fail(error, PM_INVALID, "%s cannot be a matrix", parameter);
    for (size_t k = 0; d->kind == PM_VALUES && k < p->size; k++)
        if (!isfinite(d->values[k]))
            return pm_fail(error, PM_INVALID, "%s of neuron %zu is not a finite number", parameter, k);
    return pm_distribution_check(d, parameter, PM_LARGEST_WEIGHT, error);
}

/* The same for all neurons: as if it had been given with the neuron. */
static pm_status set_constant(pm_population *p, size_t place, double value, pm_error *error) {
    pm_neuron neuron = p->neuron;
    pm_field_set(&pm_neuron_lif.fields[place], &neuron, value);
    pm_status status = pm_neuron_check(&neuron, error);
    if (status != PM_OK)
        return status;
    p->neuron = neuron;
    if (p->varied) {
        free(p->varied[place].values);
        p->varied[place] = (pm_distribution){.a = NAN};
    }
    return PM_OK;
}

pm_status pm_network_vary(pm_network *network, uint32_t population, const char *parameter,
                          const pm_distribution *distribution, pm_error *error) {
    pm_population *p = NULL;
    const size_t place = find_parameter(parameter);
    pm_status status = find_lif(network, population, &p, error);
    if (status == PM_OK && place > PM_NEURON_FIELDS)
        status = pm_fail(error, PM_INVALID, "a neuron has no parameter '%s'", parameter);
    if (status == PM_OK)
        status = check_varied(p, parameter, distribution, error);
    if (status != PM_OK)
        return status;
    if (distribution->kind == PM_CONSTANT && place < PM_NEURON_FIELDS)
        return set_constant(p, place, distribution->a, error);
    double *values = NULL;
    if (distribution->kind == PM_VALUES) {
        values = malloc(p->size * sizeof *values);
        if (values)
            memcpy(values, distribution->values, p->size * sizeof *values);
    }
    pm_distribution *all = p->varied ? p->varied : calloc(PM_VARIED, sizeof *all);
    if (!all || (distribution->kind == PM_VALUES && !values)) {
        free(values);
        if (!p->varied)
            free(all);
        return pm_fail_memory(error, "parameters of neurons");
    }
    for (size_t k = 0; !p->varied && k < PM_VARIED; k++)
        all[k].a = NAN;
    free(all[place].values);
    all[place] = *distribution;
    all[place].values = values;
    p->varied = all;
    return PM_OK;
}

static double draw_parameter(const pm_network *network, const pm_population *p, size_t place, uint32_t number,
                             gsl_rng *rng) {
    const char *name = place < PM_NEURON_FIELDS ? pm_neuron_lif.fields[place].name : "V_m";
    const char *words[] = {"parameter", p->name, name};
    pm_stream_start(rng, pm_stream_key(network->seed, words, 3), number);
    const pm_draw draw = pm_draw_begin(&p->varied[place]);
    return pm_draw_next(&draw, rng, number);
}

pm_status pm_network_neuron(const pm_network *network, uint32_t population, uint32_t number, pm_neuron *neuron,
                            double *V_m, pm_error *error) {
    const pm_population *p = &network->populations[population];
    *neuron = p->neuron;
    if (V_m)
        *V_m = p->neuron.E_L;
    if (!p->varied)
        return PM_OK;
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    for (size_t k = 0; k < PM_NEURON_FIELDS; k++)
        if (p->varied[k].kind != PM_CONSTANT)
            pm_field_set(&pm_neuron_lif.fields[k], neuron, draw_parameter(network, p, k, number, rng));
    const pm_distribution *initial = &p->varied[PM_NEURON_FIELDS];
    if (V_m)
        *V_m = is_given(initial) ? draw_parameter(network, p, PM_NEURON_FIELDS, number, rng) : neuron->E_L;
    pm_error why = {0};
    pm_status status = pm_neuron_check(neuron, &why);
    if (status != PM_OK)
        return pm_fail(error, status, "neuron %s[%u]: %s", p->name, number, why.message);
    return PM_OK;
}
