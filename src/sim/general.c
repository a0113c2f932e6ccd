/* From populations to cells with the membranes of net/membranes.h, or one for all where neurons are alike. */
#include "sim/engine.h"

#include "math/membrane_terms.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "net/current.h"
#include "net/membranes.h"
#include "net/population.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sines of the membrane stand for the network's in the same order, so they come first. */
static bool list_currents(pm_general *g, uint32_t population) {
    const pm_network *net = g->network;
    g->currents = malloc((net->n_currents + 1) * sizeof *g->currents);
    g->keys = malloc((net->n_currents + 1) * sizeof *g->keys);
    for (int sines = 1; g->currents && g->keys && sines >= 0; sines--) {
        for (size_t k = 0; k < net->n_currents; k++) {
            const pm_current *c = &net->currents[k];
            if (c->population != population || (c->kind == PM_CURRENT_SINE) != (sines == 1))
                continue;
            g->keys[g->n_currents] = pm_current_key(net, k);
            g->currents[g->n_currents++] = k;
        }
        if (sines == 1)
            g->n_sines = g->n_currents;
    }
    return g->currents && g->keys;
}

static const pm_current *current(const pm_general *g, size_t k) { return &g->network->currents[g->currents[k]]; }

static bool concerns(const pm_general *g, size_t k, uint32_t cell) {
    return g->concerned[k * g->n_cells + (cell - g->first_cell)];
}

static bool list_concerned(pm_general *g) {
    g->concerned = calloc(g->n_currents * g->n_cells + 1, sizeof *g->concerned);
    for (size_t k = 0; g->concerned && k < g->n_currents; k++) {
        const pm_current *c = current(g, k);
        bool *row = g->concerned + k * g->n_cells;
        for (uint32_t n = 0; c->n_neurons == 0 && n < g->n_cells; n++)
            row[n] = true;
        for (size_t j = 0; j < c->n_neurons; j++)
            if (c->neurons[j] - g->first_number < g->n_cells) /* huge for those before */
                row[c->neurons[j] - g->first_number] = true;
    }
    return g->concerned;
}

/* No parameter differs from neuron to neuron; the potential at the start may. */
static bool neurons_are_alike(const pm_population *p) {
    bool alike = true;
    for (size_t k = 0; k < PM_NEURON_FIELDS; k++)
        alike = alike && !pm_population_varies(p, pm_neuron_lif.fields[k].name);
    return alike;
}

/* No parameter that differs from neuron to neuron is a time constant, or makes one. */
static bool rates_are_alike(const pm_population *p) {
    static const char *const names[] = {"C_m", "g_L", "tau_1", "tau_2"};
    bool alike = true;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        alike = alike && !pm_population_varies(p, names[k]);
    return alike;
}

bool pm_general_is_quick(const pm_network *network, uint32_t population) {
    const pm_population *p = &network->populations[population];
    bool quick = rates_are_alike(p);
    for (uint32_t k = 0; k < pm_population_receptors(p); k++)
        quick = quick && !pm_population_get_receptor(p, k).kernel->impulse;
    for (size_t k = 0; k < network->n_currents; k++)
        quick =
            quick && (network->currents[k].population != population || network->currents[k].kind != PM_CURRENT_SINE);
    return quick;
}

/* What quick cells have besides. */
static pm_status make_quick(pm_general *g, double slab, pm_error *error) {
    const pm_membrane *m = g->membranes;
    const size_t length = pm_membrane_row_length(m), bytes = g->n_cells * g->n_ports * sizeof *g->intakes;
    g->intakes = aligned_alloc(64, bytes / 64 * 64 + 64);
    g->rows = malloc((PM_GENERAL_STEPS + 1) * length * sizeof *g->rows);
    g->peak_time = malloc(2 * g->n_ports * sizeof *g->peak_time);
    if (!g->intakes || !g->rows || !g->peak_time)
        return pm_fail_memory(error, "the neurons");
    g->peak = g->peak_time + g->n_ports;
    for (size_t k = 0; k <= PM_GENERAL_STEPS; k++)
        pm_membrane_row_at(m, (double)k * slab, g->rows + k * length);
    for (size_t p = 0; p < g->n_ports; p++) {
        double row[PM_MEMBRANE_ROW];
        g->peak_time[p] = pm_membrane_psp_peak(m, p);
        pm_membrane_row_at(m, g->peak_time[p], row);
        g->peak[p] = pm_membrane_response(m, p, row).u;
    }
    return PM_OK;
}

static pm_status make_membranes(pm_general *g, uint32_t population, pm_error *error) {
    const pm_population *p = g->population;
    const size_t n = g->alike ? 1 : g->n_cells, n_starts = p->varied ? g->n_cells : 1;
    const size_t n_ports = g->n_ports, n_decays = p->n_threshold + p->n_after_spike;
    const size_t own = rates_are_alike(p) ? 0 : 1; /* terms of each neuron */
    const size_t terms = own ? n : 1;
    g->membranes = malloc((n + 1) * sizeof *g->membranes);
    g->ports = malloc((terms * n_ports + 1) * sizeof *g->ports);
    g->decays = malloc((terms * n_decays + 1) * sizeof *g->decays);
    g->sines = malloc((terms * g->n_sines + 1) * sizeof *g->sines);
    g->E_L = malloc((n + 1) * sizeof *g->E_L);
    g->u_start = malloc((n_starts + 1) * sizeof *g->u_start);
    if (!g->membranes || !g->ports || !g->decays || !g->sines || !g->E_L || !g->u_start)
        return pm_fail_memory(error, "the neurons");
    pm_status status = PM_OK;
    for (size_t k = 0; status == PM_OK && k < n_starts; k++) {
        pm_neuron neuron;
        double V_m = 0.0;
        status = pm_network_neuron(g->network, population, g->first_number + (uint32_t)k, &neuron, &V_m, error);
        if (status != PM_OK)
            break;
        g->u_start[k] = V_m - neuron.E_L;
        if (k >= n)
            continue;
        pm_membrane_of_neuron(g->network, population, &neuron, &g->membranes[k], g->ports + own * k * n_ports,
                              g->decays + own * k * n_decays, g->sines + own * k * g->n_sines);
        g->E_L[k] = neuron.E_L;
    }
    g->impulses = false;
    for (uint32_t k = 0; k < n_ports; k++)
        g->impulses = g->impulses || pm_population_get_receptor(p, k).kernel->impulse;
    return status;
}

pm_status pm_general_new(const pm_network *network, const pm_wiring *wiring, uint32_t population, double slab,
                         pm_general **general, pm_error *error) {
    pm_general *g = *general = calloc(1, sizeof *g);
    if (!g)
        return pm_fail_memory(error, "the neurons");
    g->network = network;
    g->population = &network->populations[population];
    g->first_cell = wiring->first_cell[population];
    g->n_cells = wiring->first_cell[population + 1] - g->first_cell;
    g->first_number = wiring->first_here[population];
    g->alike = neurons_are_alike(g->population);
    g->n_ports = pm_population_receptors(g->population);
    g->quick = pm_general_is_quick(network, population) && g->n_cells > 0;
    g->drive_port = wiring->drive_receptor[population];
    const bool memory = list_currents(g, population) && list_concerned(g);
    pm_status status = memory ? PM_OK : pm_fail_memory(error, "the currents");
    if (status == PM_OK && g->n_sines > PM_MEMBRANE_TERMS)
        status = pm_fail(error, PM_INVALID, "'%s' has %zu sinusoidal currents; %d are the most", g->population->name,
                         g->n_sines, PM_MEMBRANE_TERMS);
    if (status == PM_OK)
        status = make_membranes(g, population, error);
    if (status == PM_OK && g->n_cells > 0) {
        g->width = pm_membrane_width(&g->membranes[0]);
        g->shape = pm_shape_number(&g->membranes[0]);
        g->states = malloc((g->n_cells * g->width + 1) * sizeof *g->states);
        status = g->states ? PM_OK : pm_fail_memory(error, "the neurons");
    }
    if (status == PM_OK && g->quick)
        status = make_quick(g, slab, error);
    if (status == PM_OK) {
        pm_general_reset(g);
    } else {
        pm_general_free(g);
        *general = NULL;
    }
    return status;
}

void pm_general_free(pm_general *general) {
    if (!general)
        return;
    free(general->membranes);
    free(general->ports);
    free(general->decays);
    free(general->sines);
    free(general->E_L);
    free(general->u_start);
    free(general->states);
    free(general->currents);
    free(general->keys);
    free(general->concerned);
    free(general->intakes);
    free(general->rows);
    free(general->peak_time);
    free(general);
}

/* A sine that is off is 0, and stays so. */
static void set_sine(const pm_general *g, uint32_t cell, size_t k, double time, double *s) {
    const pm_current *c = current(g, k);
    const bool on = concerns(g, k, cell) && pm_current_is_on(c, time);
    double quarter = 0.0;
    s[0] = on ? pm_current_sine(c, time, &quarter) : 0.0;
    s[1] = on ? quarter : 0.0;
}

static uint32_t number_of(const pm_general *g, uint32_t cell) { return g->first_number + (cell - g->first_cell); }

void pm_general_reset(pm_general *g) {
    if (g->quick)
        memset(g->intakes, 0, g->n_cells * g->n_ports * sizeof *g->intakes);
    for (uint32_t n = g->first_cell; n < g->first_cell + g->n_cells; n++) {
        const pm_membrane *m = pm_general_membrane(g, n);
        double *state = pm_general_state(g, n);
        pm_membrane_rest(m, g->u_start[g->population->varied ? n - g->first_cell : 0], state);
        for (size_t j = 0; j < g->n_sines; j++)
            set_sine(g, n, j, 0.0, state + pm_membrane_at_sine(m) + 2 * j);
    }
}

/* Steps and noise, pA. */
static double constant(const pm_general *g, uint32_t cell, double since) {
    const uint32_t number = number_of(g, cell);
    double sum = 0.0;
    for (size_t k = g->n_sines; k < g->n_currents; k++)
        if (concerns(g, k, cell))
            sum += pm_current_constant(current(g, k), g->keys[k], number, since);
    return sum;
}

double pm_general_next_change(const pm_general *g, uint32_t cell, double time) {
    double next = INFINITY;
    for (size_t k = 0; k < g->n_currents; k++)
        if (concerns(g, k, cell))
            next = fmin(next, pm_current_next(current(g, k), time));
    return next;
}

void pm_general_change(const pm_general *g, uint32_t cell, double time, pm_membrane *membrane, double *state) {
    *membrane = *pm_general_membrane(g, cell);
    if (g->n_currents > g->n_sines)
        membrane->u_inf += constant(g, cell, time) * membrane->inv_C / membrane->l_m;
    for (size_t k = 0; k < g->n_sines; k++) { /* one that goes on stays as it is, to the last digit */
        double *s = state + pm_membrane_at_sine(membrane) + 2 * k;
        const bool was_on = s[0] != 0.0 || s[1] != 0.0;
        if (was_on != (concerns(g, k, cell) && pm_current_is_on(current(g, k), time)))
            set_sine(g, cell, k, time, s);
    }
}
