/* Gradients of a simulated network. The sweeps have synapses in the order of the wiring; what they add is carried over
 * into the order of drawing. Networks of neurons with one current and a fixed threshold take the sweep that is made for
 * them, unless derivatives are wanted that only the general one has. */
#include "base/sized.h"
#include "gradient/adjoint.h"
#include "gradient/adjoint_general.h"
#include "net/synaptic.h"
#include "run/simulation.h"

#include <punctum/gradient.h>
#include <stdlib.h>
#include <string.h>

static bool is_general(const pm_network *net, const pm_gradient *gradient) {
    bool general = gradient->neuron || gradient->populations;
    for (uint32_t p = 0; p < net->n_populations; p++)
        general = general || (net->populations[p].kind == PM_LIF &&
                              (pm_population_needs_general(net, p) || !(net->populations[p].neuron.tau_1 > 0.0)));
    return general;
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

/* What a sweep adds to before it is carried over. */
typedef struct scratch {
    double *weight, *delay; /* in the order of the wiring */
    double (*neuron)[PM_VARIED];
    pm_shared_slopes *populations;
} scratch;

static pm_status new_scratch(scratch *room, const pm_simulation *s, const pm_gradient *g, pm_error *error) {
    const pm_wiring *w = pm_simulation_wiring(s);
    room->weight = calloc(w->n_synapses + 1, sizeof *room->weight);
    room->delay = calloc(w->n_synapses + 1, sizeof *room->delay);
    room->neuron = calloc((size_t)w->n_neurons + 1, sizeof *room->neuron);
    room->populations = calloc(s->network->n_populations + 1, sizeof *room->populations);
    if (!room->weight || !room->delay || !room->neuron || !room->populations)
        return pm_fail_memory(error, "the gradient");
    for (size_t p = 0; g->populations && p < s->network->n_populations; p++)
        room->populations[p] =
            (pm_shared_slopes){(double(*)[4])g->populations[p].receptors, g->populations[p].threshold,
                               g->populations[p].after_spike, g->populations[p].reset};
    return PM_OK;
}

static void free_scratch(scratch *room) {
    free(room->weight);
    free(room->delay);
    free(room->neuron);
    free(room->populations);
}

static pm_status sweep(pm_simulation *s, const pm_raster *raster, const double *dl_dt, double slope_floor,
                       const pm_gradient *gradient, scratch *room, pm_error *error) {
    pm_synapses rows = {0};
    pm_adjoint adjoint = {.slope_floor = slope_floor};
    const pm_adjoint_gradient into = {room->weight, room->delay, gradient->threshold};
    pm_status status = pm_synapses_of_wiring(&rows, s->network, pm_simulation_wiring(s), error);
    if (!status)
        status = pm_adjoint_run(&adjoint, &rows, raster, dl_dt, &into, error);
    if (!status && gradient->time && raster->n > 0)
        memcpy(gradient->time, adjoint.time, raster->n * sizeof *gradient->time);
    pm_adjoint_free(&adjoint);
    pm_synapses_free(&rows);
    return status;
}

static void carry_neurons(const pm_simulation *s, const scratch *room, const pm_gradient *gradient) {
    enum { V_TH = 3 }; /* among the parameters */
    const size_t n = pm_simulation_wiring(s)->n_neurons;
    for (size_t k = 0; k < n; k++) {
        if (gradient->threshold)
            gradient->threshold[k] += room->neuron[k][V_TH];
        for (size_t j = 0; gradient->neuron && j < PM_VARIED; j++)
            gradient->neuron[k * PM_VARIED + j] += room->neuron[k][j];
    }
}

static pm_status sweep_general(pm_simulation *s, const pm_raster *raster, const double *dl_dt, double slope_floor,
                               const pm_gradient *gradient, scratch *room, pm_error *error) {
    pm_tape tape = {0};
    pm_adjoint_general adjoint = {.slope_floor = slope_floor};
    const pm_general_gradient into = {room->weight, room->delay, room->neuron,
                                      gradient->populations ? room->populations : NULL};
    pm_status status =
        pm_tape_new(&tape, s->network, pm_simulation_wiring(s), gradient->neuron || gradient->populations, error);
    if (!status)
        status = pm_tape_record(&tape, raster, error);
    if (!status)
        status = pm_adjoint_general_run(&adjoint, &tape, dl_dt, &into, error);
    if (!status)
        carry_neurons(s, room, gradient);
    if (!status && gradient->time && raster->n > 0)
        memcpy(gradient->time, adjoint.time, raster->n * sizeof *gradient->time);
    pm_adjoint_general_free(&adjoint);
    pm_tape_free(&tape);
    return status;
}

pm_status pm_simulation_gradient(pm_simulation *simulation, const pm_spike *spikes, size_t n, const double *dl_dt,
                                 double slope_floor, const pm_gradient *given, pm_error *error) {
    pm_raster raster = {0};
    scratch room = {0};
    pm_gradient own;
    const pm_gradient *gradient = &own;
    pm_status status = PM_SIZED_COPY(own, given, "a gradient", error);
    if (!status && !(slope_floor >= 0.0))
        status = pm_fail(error, PM_INVALID, "a floor of the slope of %g mV/ms; it must not be negative", slope_floor);
    if (!status)
        status = pm_network_need_static(simulation->network, "gradients know", error);
    if (!status)
        status = pm_simulation_number(simulation, error);
    if (!status)
        status = number_spikes(simulation, spikes, n, &raster, error);
    if (!status)
        status = new_scratch(&room, simulation, gradient, error);
    if (!status)
        status = (is_general(simulation->network, gradient) ? sweep_general : sweep)(
            simulation, &raster, dl_dt, slope_floor, gradient, &room, error);
    if (!status) {
        carry_over(simulation, room.weight, gradient->weight);
        carry_over(simulation, room.delay, gradient->delay);
    }
    free_scratch(&room);
    pm_raster_free(&raster);
    return status;
}

_Static_assert((int)PM_NEURON_PARAMETERS == (int)PM_VARIED, "the same parameters");
