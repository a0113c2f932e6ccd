/* Cells of the general kind: populations with several receptors, moving thresholds, currents after spikes, injected
 * currents, other resets, or parameters that differ from neuron to neuron.
 *
 * A population has one membrane (math/membrane.h), or one for each of its neurons where these differ. The state of a
 * cell is an array of the membrane's width, and holds at the cell's origin, as that of the other cells does (engine.h).
 *
 * Where all time constants of a population are alike, and there are neither impulses nor sines, the cells are quick: an
 * arrival adds four numbers to the intake of its receptor, as for the other cells, and a cell that provably stays
 * silent moves on by coefficients that all share. Otherwise every arrival is logged, and cells are replayed. */
#ifndef PM_SIM_GENERAL_H
#define PM_SIM_GENERAL_H

#include "math/membrane.h"
#include "net/wiring.h"

typedef struct pm_general {
    const pm_network *network;
    const pm_population *population;
    uint32_t first_cell, n_cells;
    uint32_t first_number; /* of the neuron that is the first cell */
    size_t width;
    pm_membrane *membranes; /* one, or one for each cell */
    bool alike;
    bool impulses; /* among the receptors */
    int shape;     /* of all membranes: math/membrane_terms.h */
    pm_port *ports;
    pm_decay *decays; /* thresholds, then after-spike currents */
    pm_sine *sines;
    double *E_L;                  /* mV: one, or one for each cell */
    double *u_start;              /* V_m - E_L at t = 0, mV: one, or one for each cell where the population varies */
    double *states;               /* n_cells x width */
    size_t *currents, n_currents; /* of the network, that go into this population; sines first */
    size_t n_sines;
    uint64_t *keys;
    bool *concerned; /* n_currents x n_cells */
    /* Of quick cells: */
    bool quick;
    size_t n_ports;
    struct pm_intake *intakes; /* n_cells x n_ports */
    double *rows;              /* over 0, 1, ..., PM_GENERAL_STEPS slabs */
    double *peak_time, *peak;  /* of each port's PSP, ms and mV per unit of the weight */
    uint32_t drive_port;       /* where private drives arrive */
} pm_general;

enum { PM_GENERAL_STEPS = 128 };

/* Whether the cells of a population are quick. */
bool pm_general_is_quick(const pm_network *network, uint32_t population);

/* The cells of a population on this rank. Errors: those of pm_network_neuron, PM_NO_MEMORY. */
pm_status pm_general_new(const pm_network *network, const pm_wiring *wiring, uint32_t population, double slab,
                         pm_general **general, pm_error *error);
void pm_general_free(pm_general *general); /* NULL is allowed */
/* All cells at t = 0. */
void pm_general_reset(pm_general *general);

static inline double *pm_general_state(const pm_general *g, uint32_t cell) {
    return g->states + (size_t)(cell - g->first_cell) * g->width;
}
static inline const pm_membrane *pm_general_membrane(const pm_general *g, uint32_t cell) {
    return &g->membranes[g->alike ? 0 : cell - g->first_cell];
}
static inline double pm_general_E_L(const pm_general *g, uint32_t cell) {
    return g->E_L[g->alike ? 0 : cell - g->first_cell];
}

/* The first change of the currents injected into a cell after `time`, ms. */
double pm_general_next_change(const pm_general *general, uint32_t cell, double time);
/* From `time` (ms) on: the cell's membrane with the injected currents that hold then, and the sines in its state. */
void pm_general_change(const pm_general *general, uint32_t cell, double time, pm_membrane *membrane, double *state);

/* The coefficients over `time` ms, a number of slabs of that length; `room` holds those that are not at hand. */
static inline const double *pm_general_row(const pm_general *g, double slab, double time, double *room) {
    const double slabs = time / slab; /* exact: the slab is a power of two */
    if (slabs <= PM_GENERAL_STEPS)
        return g->rows + (size_t)slabs * pm_membrane_row_length(g->membranes);
    pm_membrane_row_at(g->membranes, time, room);
    return room;
}

#endif
