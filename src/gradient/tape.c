/* Arrivals and spikes are merged in order of time, those of one instant as in the simulation: changes of currents, ends
 * of refractoriness, spikes, arrivals. A spike that impulses set off waits for them, and what it sends without delay
 * waits for the spike. Invariant: a step is appended when everything that it depends on has been, so that backwards a
 * spike's turn comes after all that it has caused. */
#include "gradient/tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pm_tape_cell {
    double at;       /* ms: where its state is */
    double change;   /* ms: of its injected currents, the next one */
    double ready;    /* ms: end of refractoriness */
    double released; /* ms: the last one, or -INFINITY */
    double u_inf;    /* mV, with the constant currents */
    size_t spike;    /* its last one, or SIZE_MAX */
    size_t lift;     /* the step of the last impulse that arrived, or SIZE_MAX */
    bool held;
};

static const double SAME = 0x1p-49; /* relative: instants that differ by the rounding of sums of times */

/* --- making ------------------------------------------------------------------------------------------------------- */

/* Groups without anything else of the synapses. */
static bool make_rows(pm_tape *t) {
    const pm_wiring *w = t->wiring;
    pm_synapses *rows = &t->rows;
    *rows = (pm_synapses){.n_neurons = w->n_neurons, .n_synapses = w->n_synapses, .shortest = INFINITY};
    rows->first_fan = malloc(((size_t)w->n_neurons + 1) * sizeof *rows->first_fan);
    rows->fans = malloc((w->n_groups + 1) * sizeof *rows->fans);
    if (!rows->first_fan || !rows->fans)
        return false;
    for (size_t n = 0; n <= w->n_neurons; n++)
        rows->first_fan[n] = w->first_group[n];
    for (size_t g = 0; g < w->n_groups; g++) {
        rows->fans[g] = (pm_fan){pm_group_delay(w, g), pm_group_begin(w, g)};
        rows->shortest = fmin(rows->shortest, pm_group_delay(w, g));
        rows->longest = fmax(rows->longest, pm_group_delay(w, g));
    }
    rows->fans[w->n_groups] = (pm_fan){0.0, w->n_synapses};
    return true;
}

/* Cells of all populations, and where their states are. */
static pm_status number_cells(pm_tape *t, pm_error *error) {
    const pm_network *net = t->network;
    pm_status status = PM_OK;
    size_t at = 0;
    for (uint32_t p = 0; !status && p < net->n_populations; p++) {
        const bool is_lif = net->populations[p].kind == PM_LIF;
        const uint32_t first = t->wiring->first_cell[p];
        if (is_lif)
            status = pm_membranes_new(&t->membranes[p], net, p, error);
        for (uint32_t n = 0; !status && n < net->populations[p].size; n++) {
            t->cell[t->wiring->first_neuron[p] + n] = is_lif ? first + n : PM_IS_SOURCE;
            if (!is_lif)
                continue;
            t->population[first + n] = p;
            t->first[first + n] = at;
            at += pm_membrane_width(pm_tape_membrane(t, first + n));
        }
    }
    t->first[t->wiring->n_cells] = at;
    return status;
}

pm_status pm_tape_new(pm_tape *t, const pm_network *network, const pm_wiring *wiring, bool keeps_states,
                      pm_error *error) {
    *t = (pm_tape){.network = network, .wiring = wiring, .keeps_states = keeps_states};
    t->membranes = calloc(network->n_populations + 1, sizeof *t->membranes);
    t->population = malloc(((size_t)wiring->n_cells + 1) * sizeof *t->population);
    t->cell = malloc(((size_t)wiring->n_neurons + 1) * sizeof *t->cell);
    t->first = malloc(((size_t)wiring->n_cells + 1) * sizeof *t->first);
    t->cells = malloc(((size_t)wiring->n_cells + 1) * sizeof *t->cells);
    bool memory = t->membranes && t->population && t->cell && t->first && t->cells && make_rows(t);
    pm_status status = memory ? number_cells(t, error) : pm_fail_memory(error, "the gradient's neurons");
    if (!status && !(t->state = malloc((t->first[wiring->n_cells] + 1) * sizeof *t->state)))
        status = pm_fail_memory(error, "the gradient's neurons");
    if (status)
        pm_tape_free(t);
    return status;
}

void pm_tape_free(pm_tape *t) {
    for (size_t p = 0; t->membranes && p < t->network->n_populations; p++)
        pm_membranes_free(&t->membranes[p]);
    free(t->membranes);
    free(t->population);
    free(t->cell);
    free(t->first);
    pm_synapses_free(&t->rows);
    pm_arrivals_free(&t->walk);
    free(t->cells);
    free(t->state);
    free(t->steps.items);
    free(t->states.items);
    free(t->spikes);
    free(t->waiting);
    free(t->late.items);
    *t = (pm_tape){0};
}

/* --- one cell ----------------------------------------------------------------------------------------------------- */

static double *state_of(const pm_tape *t, uint32_t cell) { return t->state + t->first[cell]; }

static const pm_membranes *membranes_of(const pm_tape *t, uint32_t cell, uint32_t *neuron) {
    const uint32_t p = t->population[cell];
    *neuron = cell - t->wiring->first_cell[p];
    return &t->membranes[p];
}

/* The membrane with the currents that are injected now. */
static pm_membrane membrane_now(const pm_tape *t, uint32_t cell) {
    pm_membrane m = *pm_tape_membrane(t, cell);
    m.u_inf = t->cells[cell].u_inf;
    return m;
}

static void inject(pm_tape *t, uint32_t cell, double time) {
    uint32_t neuron;
    const pm_membranes *s = membranes_of(t, cell, &neuron);
    t->cells[cell].u_inf = pm_membranes_inject(s, neuron, time, state_of(t, cell));
    t->cells[cell].change = pm_membranes_next_change(s, neuron, time);
}

static void start(pm_tape *t, uint32_t cell) {
    uint32_t neuron;
    const pm_membranes *s = membranes_of(t, cell, &neuron);
    const size_t place = pm_membranes_place(s, neuron);
    pm_membrane_rest(&s->items[place], s->V_m[place] - s->neurons[place].E_L, state_of(t, cell));
    t->cells[cell] = (pm_tape_cell){.ready = -INFINITY, .released = -INFINITY, .spike = SIZE_MAX, .lift = SIZE_MAX};
    inject(t, cell, 0.0);
}

/* Appends a step, and carries its cell there. */
static bool append(pm_tape *t, pm_tape_step step) {
    pm_tape_cell *cell = &t->cells[step.cell];
    const pm_membrane m = membrane_now(t, step.cell);
    const size_t width = t->keeps_states ? pm_membrane_width(&m) : 0;
    double *x = state_of(t, step.cell), row[PM_MEMBRANE_ROW];
    if (!PM_LIST_RESERVE(t->states, t->states.count + width))
        return false;
    step.from = cell->at;
    step.held = cell->held;
    step.u_inf = cell->u_inf;
    if (!PM_LIST_ADD(t->steps, step))
        return false;
    if (width > 0)
        memcpy(t->states.items + t->states.count, x, width * sizeof *x);
    t->states.count += width;
    if (step.time > cell->at) {
        pm_membrane_row_at(&m, step.time - cell->at, row);
        if (cell->held)
            pm_membrane_hold(&m, row, x, x);
        else
            pm_membrane_move(&m, row, x, x);
        cell->at = step.time;
    }
    return true;
}

/* Up to `time`: what comes of itself. */
static bool follow(pm_tape *t, uint32_t number, double time) {
    pm_tape_cell *cell = &t->cells[number];
    bool memory = true;
    while (memory && (cell->change <= time || (cell->held && cell->ready <= time))) {
        if (cell->change <= time && !(cell->held && cell->ready < cell->change)) {
            const double change = cell->change;
            memory = append(t, (pm_tape_step){.time = change, .cell = number, .of = PM_STEP_CHANGE});
            inject(t, number, change);
        } else {
            pm_tape_step step = {.time = cell->ready, .cell = number, .of = PM_STEP_RESTART, .spike = cell->spike};
            memory = append(t, step);
            const pm_membrane m = membrane_now(t, number);
            t->spikes[cell->spike].restart = pm_membrane_slope(&m, state_of(t, number));
            cell->released = cell->ready;
            cell->held = false;
        }
    }
    return memory;
}

static bool arrive(pm_tape *t, const pm_landing *landing) {
    const uint32_t receptor = pm_group_receptor(t->wiring, landing->fan);
    for (size_t k = landing->begin; k < landing->end; k++) {
        const uint32_t number = t->wiring->targets[k];
        pm_tape_step step = {.time = landing->time,
                             .cell = number,
                             .of = PM_STEP_ARRIVAL,
                             .port = (uint8_t)receptor,
                             .spike = landing->spike,
                             .synapse = k};
        if (!follow(t, number, landing->time) || !append(t, step))
            return false;
        const pm_membrane *m = pm_tape_membrane(t, number);
        const bool impulse = m->ports[receptor].kind == PM_PORT_IMPULSE;
        if (impulse && t->cells[number].held)
            continue;
        pm_membrane_arrive(m, receptor, t->wiring->weights[k], state_of(t, number));
        if (impulse)
            t->cells[number].lift = t->steps.count - 1;
    }
    return true;
}

/* --- spikes ------------------------------------------------------------------------------------------------------- */

static double excess(const pm_tape *t, uint32_t cell) {
    const pm_membrane *m = pm_tape_membrane(t, cell);
    const double *x = state_of(t, cell);
    return x[0] - m->theta - pm_membrane_raised(m, x);
}

static pm_status fire(pm_tape *t, size_t s, pm_cause cause, pm_error *error) {
    const double time = t->raster->time[s];
    const uint32_t number = t->cell[t->raster->neuron[s]];
    pm_tape_cell *cell = &t->cells[number];
    double *x = state_of(t, number);
    if (!append(t, (pm_tape_step){.time = time, .cell = number, .of = PM_STEP_SPIKE, .spike = s}))
        return pm_fail_memory(error, "the gradient's events");
    const pm_membrane m = membrane_now(t, number);
    pm_tape_spike *spike = &t->spikes[s];
    *spike = (pm_tape_spike){.u = x[0],
                             .slope = pm_membrane_slope(&m, x),
                             .approach = pm_membrane_approach(&m, x),
                             .step = cell->lift,
                             .previous = cell->spike,
                             .cause = cause};
    pm_membrane_spike(&m, x);
    cell->held = m.t_ref > 0.0;
    cell->ready = time + m.t_ref;
    spike->after = cell->held ? 0.0 : pm_membrane_slope(&m, x);
    cell->spike = s;
    return PM_OK;
}

static bool has_impulses(const pm_membrane *m) {
    bool found = false;
    for (size_t p = 0; p < m->n_ports; p++)
        found = found || m->ports[p].kind == PM_PORT_IMPULSE;
    return found;
}

/* A spike whose turn it is. One that lacks an impulse waits. */
static pm_status meet(pm_tape *t, size_t s, pm_error *error) {
    const double time = t->raster->time[s];
    const uint32_t number = t->cell[t->raster->neuron[s]];
    if (number == PM_IS_SOURCE) {
        t->spikes[s] = (pm_tape_spike){.previous = SIZE_MAX};
        return PM_OK;
    }
    pm_tape_cell *cell = &t->cells[number];
    const double rounding = SAME * time;
    if (cell->held && cell->ready > time && cell->ready - time <= rounding)
        cell->ready = time;
    if (!follow(t, number, time))
        return pm_fail_memory(error, "the gradient's events");
    if (cell->held)
        return pm_fail(error, PM_INVALID, "the spike of neuron %u at %.17g ms lies within its refractoriness",
                       t->raster->neuron[s], time);
    if (!append(t, (pm_tape_step){.time = time, .cell = number, .of = PM_STEP_CHANGE}))
        return pm_fail_memory(error, "the gradient's events");
    const double above = excess(t, number);
    if (above >= 0.0 && time - cell->released <= rounding)
        return fire(t, s, PM_BY_RELEASE, error);
    if (above < 0.0 && has_impulses(pm_tape_membrane(t, number))) {
        t->waiting[t->n_waiting++] = s;
        return PM_OK;
    }
    return fire(t, s, time == 0.0 ? PM_BY_NOTHING : PM_BY_CROSSING, error);
}

static bool waits(const pm_tape *t, size_t s) {
    bool found = false;
    for (size_t k = 0; k < t->n_waiting; k++)
        found = found || t->waiting[k] == s;
    return found;
}

static pm_status land(pm_tape *t, const pm_landing *landing, pm_error *error) {
    if (waits(t, landing->spike)) {
        const bool memory = PM_LIST_ADD(t->late, *landing);
        return memory ? PM_OK : pm_fail_memory(error, "the gradient's events");
    }
    return arrive(t, landing) ? PM_OK : pm_fail_memory(error, "the gradient's events");
}

static double excess_of_spike(const pm_tape *t, size_t s) { return excess(t, t->cell[t->raster->neuron[s]]); }

/* All that arrives at this instant is there: the spikes that it sets off are fired. Where there is none, rounding has
 * left a crossing a little below its threshold: it is the one that is nearest to it. */
static pm_status fire_waiting(pm_tape *t, pm_error *error) {
    pm_status status = PM_OK;
    double highest = -INFINITY;
    for (size_t k = 0; k < t->n_waiting; k++)
        highest = fmax(highest, excess_of_spike(t, t->waiting[k]));
    const double enough = fmin(highest, 0.0);
    size_t left = 0;
    for (size_t k = 0; !status && k < t->n_waiting; k++) {
        const size_t s = t->waiting[k];
        const double time = t->raster->time[s];
        const pm_tape_cell *cell = &t->cells[t->cell[t->raster->neuron[s]]];
        if (excess_of_spike(t, s) < enough) {
            t->waiting[left++] = s;
            continue;
        }
        const bool jumped = cell->lift != SIZE_MAX && t->steps.items[cell->lift].time == time;
        status = fire(t, s, jumped ? PM_BY_JUMP : time == 0.0 ? PM_BY_NOTHING : PM_BY_CROSSING, error);
    }
    t->n_waiting = left;
    const size_t n_late = t->late.count;
    t->late.count = 0;
    for (size_t k = 0; !status && k < n_late; k++) {
        const pm_landing landing = t->late.items[k]; /* its place may be taken by one that waits on */
        status = land(t, &landing, error);
    }
    return status;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static pm_status check(const pm_tape *t, const pm_raster *spikes, pm_error *error) {
    for (size_t k = 0; k < spikes->n; k++) {
        if (spikes->neuron[k] >= t->wiring->n_neurons)
            return pm_fail(error, PM_INVALID, "spike %zu is of neuron %u; there are %u", k, spikes->neuron[k],
                           t->wiring->n_neurons);
        if (!isfinite(spikes->time[k]) || spikes->time[k] < (k > 0 ? spikes->time[k - 1] : 0.0))
            return pm_fail(error, PM_INVALID, "spike %zu at %g ms is out of order: spikes must be sorted by time", k,
                           spikes->time[k]);
    }
    return PM_OK;
}

static pm_status begin(pm_tape *t, const pm_raster *spikes, pm_error *error) {
    t->raster = spikes;
    t->steps.count = t->states.count = t->n_waiting = t->late.count = 0;
    size_t most = t->most_spikes; /* for both */
    if (!pm_list_reserve((void **)&t->waiting, &most, spikes->n, sizeof *t->waiting) ||
        !pm_list_reserve((void **)&t->spikes, &t->most_spikes, spikes->n, sizeof *t->spikes))
        return pm_fail_memory(error, "the gradient's spikes");
    for (uint32_t cell = 0; cell < t->wiring->n_cells; cell++)
        start(t, cell);
    return pm_arrivals_begin(&t->walk, &t->rows, spikes, false, error);
}

pm_status pm_tape_record(pm_tape *t, const pm_raster *spikes, pm_error *error) {
    pm_status status = check(t, spikes, error);
    if (!status)
        status = begin(t, spikes, error);
    if (status)
        return status;
    pm_landing landing;
    bool more = pm_arrivals_next(&t->walk, &landing);
    for (size_t s = 0; !status && (s < spikes->n || more || t->n_waiting > 0);) {
        const double spike = s < spikes->n ? spikes->time[s] : INFINITY, arrival = more ? landing.time : INFINITY;
        const double now = t->n_waiting > 0 ? spikes->time[t->waiting[0]] : INFINITY;
        if (now < spike && now < arrival) {
            status = fire_waiting(t, error);
        } else if (spike <= arrival) {
            status = meet(t, s++, error);
        } else {
            status = land(t, &landing, error);
            more = pm_arrivals_next(&t->walk, &landing);
        }
    }
    return status;
}
