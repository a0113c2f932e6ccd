/* One face of both engines. Invariant: exactly one of `exact` and `clock` is there; indices are checked here. */
#include "run/simulation.h"
#include "base/sized.h"

#include <stdlib.h>

/* The options that the caller knows of, the others zero. */
static pm_status read_options(const pm_options *given, pm_options *options, pm_error *error) {
    static const pm_options zeros = {.size = 0};
    pm_status status = PM_SIZED_COPY(*options, given ? given : &zeros, "options", error);
    if (status)
        return status;
    if (options->engine != PM_ENGINE_EVENT && options->engine != PM_ENGINE_CLOCK)
        return pm_fail(error, PM_INVALID, "there is no engine %d", (int)options->engine);
    return PM_OK;
}

static pm_status make_clock(pm_simulation *s, const pm_options *o, pm_error *error) {
    if (s->exchange)
        return pm_fail(error, PM_INVALID, "time steps are taken on one rank only");
    if ((unsigned)o->scheme > PM_CLOCK_RK || (unsigned)o->interpolation > PM_CLOCK_CUBIC)
        return pm_fail(error, PM_INVALID, "there is no scheme %d with interpolation %d", (int)o->scheme,
                       (int)o->interpolation);
    return pm_clock_new(s->network, &(pm_clock_options){o->dt, o->scheme, o->interpolation}, &s->clock, error);
}

pm_status pm_simulation_new(const pm_network *network, const pm_options *options, pm_simulation **simulation,
                            pm_error *error) {
    pm_options o;
    *simulation = NULL;
    pm_status status = read_options(options, &o, error);
    if (status)
        return status;
    pm_simulation *s = calloc(1, sizeof *s);
    if (!s)
        return pm_fail_memory(error, "the simulation");
    s->network = network;
    s->exchange = o.exchange && o.exchange->size > 1 ? o.exchange : NULL;
    status = o.engine == PM_ENGINE_CLOCK ? make_clock(s, &o, error) : pm_exact_new(network, &o, &s->exact, error);
    if (status) {
        pm_simulation_free(s);
        return status;
    }
    *simulation = s;
    return PM_OK;
}

void pm_simulation_free(pm_simulation *simulation) {
    if (!simulation)
        return;
    pm_exact_free(simulation->exact);
    pm_clock_free(simulation->clock);
    free(simulation->places.first);
    free(simulation->places.place);
    free(simulation);
}

void pm_simulation_on_spike(pm_simulation *simulation, pm_spike_callback *callback, void *user) {
    if (simulation->clock)
        pm_clock_on_spike(simulation->clock, callback, user);
    else
        pm_exact_on_spike(simulation->exact, callback, user);
}

void pm_simulation_on_sample(pm_simulation *simulation, pm_sample_callback *callback, void *user) {
    if (simulation->clock)
        pm_clock_on_sample(simulation->clock, callback, user);
    else
        pm_exact_on_sample(simulation->exact, callback, user);
}

pm_status pm_simulation_run(pm_simulation *simulation, double until, pm_error *error) {
    return simulation->clock ? pm_clock_run(simulation->clock, until, error)
                             : pm_exact_run(simulation->exact, until, error);
}

void pm_simulation_stop(pm_simulation *simulation) {
    if (simulation->clock)
        pm_clock_stop(simulation->clock);
    else
        pm_exact_stop(simulation->exact);
}

double pm_simulation_time(const pm_simulation *simulation) {
    return simulation->clock ? pm_clock_time(simulation->clock) : pm_exact_time(simulation->exact);
}

pm_counts pm_simulation_counts(const pm_simulation *simulation) {
    return simulation->clock ? pm_clock_counts(simulation->clock) : pm_exact_counts(simulation->exact);
}

uint64_t pm_simulation_spikes(const pm_simulation *simulation, uint32_t population) {
    const pm_network *net = simulation->network;
    if (population >= net->n_populations || net->populations[population].kind != PM_LIF)
        return 0;
    return simulation->clock ? pm_clock_spikes(simulation->clock, population)
                             : pm_exact_spikes(simulation->exact, population);
}

pm_status pm_simulation_inject(pm_simulation *simulation, uint32_t population, uint32_t neuron, double time,
                               pm_error *error) {
    const pm_network *net = simulation->network;
    if (simulation->exchange)
        return pm_fail(error, PM_INVALID, "spikes cannot be injected on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_SPIKE_SOURCE)
        return pm_fail(error, PM_INVALID, "spikes can be injected into populations of given spikes only");
    if (neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "population %s has no neuron %u", net->populations[population].name, neuron);
    return simulation->clock ? pm_clock_inject(simulation->clock, population, neuron, time, error)
                             : pm_exact_inject(simulation->exact, population, neuron, time, error);
}

pm_status pm_simulation_state(pm_simulation *simulation, uint32_t population, uint32_t neuron, double *potential,
                              double *current, pm_error *error) {
    const pm_network *net = simulation->network;
    if (simulation->exchange)
        return pm_fail(error, PM_INVALID, "states cannot be asked for on several ranks");
    if (population >= net->n_populations || net->populations[population].kind != PM_LIF ||
        neuron >= net->populations[population].size)
        return pm_fail(error, PM_INVALID, "there is no LIF neuron %u in population %u", neuron, population);
    if (!simulation->clock)
        return pm_exact_state(simulation->exact, population, neuron, potential, current, error);
    pm_clock_state(simulation->clock, population, neuron, potential, current);
    return PM_OK;
}

pm_status pm_simulation_reset(pm_simulation *simulation, pm_error *error) {
    return simulation->clock ? pm_clock_reset(simulation->clock, error) : pm_exact_reset(simulation->exact, error);
}

pm_wiring *pm_simulation_wiring(const pm_simulation *simulation) {
    return simulation->clock ? pm_clock_wiring(simulation->clock) : pm_exact_wiring(simulation->exact);
}

void pm_simulation_reweigh(pm_simulation *simulation) {
    simulation->reweighed = true;
    pm_wiring_weigh(pm_simulation_wiring(simulation));
    if (simulation->exact)
        pm_exact_reweigh(simulation->exact);
}
