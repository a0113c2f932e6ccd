/* Gradients of a simulated network. The sweep has synapses in the order of the wiring; what it adds is carried over
 * into the order of drawing. */
#include "gradient/adjoint.h"
#include "run/simulation.h"

#include <punctum/gradient.h>
#include <stdlib.h>
#include <string.h>

static pm_status check(const pm_simulation *s, const pm_gradient *gradient, double slope_floor, pm_error *error) {
    const pm_network *net = s->network;
    if (gradient->size && gradient->size != sizeof *gradient)
        return pm_fail(error, PM_INVALID, "a gradient of %zu bytes; this version of punctum knows %zu", gradient->size,
                       sizeof *gradient);
    if (!(slope_floor >= 0.0))
        return pm_fail(error, PM_INVALID, "a floor of the slope of %g mV/ms; it must not be negative", slope_floor);
    for (uint32_t p = 0; p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF && pm_population_needs_general(net, p))
            return pm_fail(error, PM_INVALID,
                           "population %s: the exact gradient wants neurons with one current and a fixed threshold",
                           net->populations[p].name);
    return PM_OK;
}

/* Spikes with neurons numbered through. */
static pm_status number_spikes(const pm_simulation *s, const pm_spike *spikes, size_t n, pm_raster *raster,
                               pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(s);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        const pm_spike *spike = &spikes[k];
        if (spike->population >= s->network->n_populations ||
            spike->neuron >= s->network->populations[spike->population].size)
            return pm_fail(error, PM_INVALID, "spike %zu is of neuron %u in population %u, which there is not", k,
                           spike->neuron, spike->population);
        status = pm_raster_append(raster, spike->time, w->first_neuron[spike->population] + spike->neuron, spike->slope,
                                  error);
    }
    return status;
}

static void carry_over(const pm_simulation *s, const double *from, double *to) {
    const uint64_t n = pm_simulation_wiring(s)->n_synapses;
    for (uint64_t k = 0; to && k < n; k++)
        to[k] += from[s->places.place[k]];
}

/* `synapses`: room for what belongs to each, twice as many numbers as there are synapses, zeros. */
static pm_status sweep(pm_simulation *s, const pm_raster *raster, const double *dl_dt, double slope_floor,
                       const pm_gradient *gradient, double *synapses, pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(s);
    pm_synapses rows = {0};
    pm_adjoint adjoint = {.slope_floor = slope_floor};
    const pm_adjoint_gradient into = {synapses, synapses + w->n_synapses, gradient->threshold};
    pm_status status = pm_synapses_of_wiring(&rows, s->network, w, error);
    if (!status)
        status = pm_adjoint_run(&adjoint, &rows, raster, dl_dt, &into, error);
    if (!status) {
        carry_over(s, into.weight, gradient->weight);
        carry_over(s, into.delay, gradient->delay);
        if (gradient->time && raster->n > 0)
            memcpy(gradient->time, adjoint.time, raster->n * sizeof *gradient->time);
    }
    pm_adjoint_free(&adjoint);
    pm_synapses_free(&rows);
    return status;
}

pm_status pm_simulation_gradient(pm_simulation *simulation, const pm_spike *spikes, size_t n, const double *dl_dt,
                                 double slope_floor, const pm_gradient *gradient, pm_error *error) {
    pm_raster raster = {0};
    pm_status status = check(simulation, gradient, slope_floor, error);
    if (!status)
        status = pm_simulation_number(simulation, error);
    if (!status)
        status = number_spikes(simulation, spikes, n, &raster, error);
    double *synapses = status ? NULL : calloc(2 * pm_simulation_wiring(simulation)->n_synapses + 1, sizeof *synapses);
    if (!status && !synapses)
        status = pm_fail_memory(error, "the gradient");
    if (!status)
        status = sweep(simulation, &raster, dl_dt, slope_floor, gradient, synapses, error);
    free(synapses);
    pm_raster_free(&raster);
    return status;
}
