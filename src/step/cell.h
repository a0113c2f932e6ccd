/* One neuron of the time-stepped simulator: with one receptor and a fixed threshold by propagators (stepper.h), all
 * others by their equations as written (ode.h). Times in ms, potentials in mV above E_L. */
#ifndef PM_STEP_CELL_H
#define PM_STEP_CELL_H

#include "base/archive.h"
#include "step/ode.h"
#include "step/stepper.h"

/* What the neurons of a population share. */
typedef struct pm_step_kind {
    pm_stepper stepper;
    bool written; /* the equations as written, */
    bool once;    /* in single Runge-Kutta steps */
} pm_step_kind;

/* The equations of a neuron and its state. */
typedef struct pm_written {
    pm_ode ode;
    double y[PM_ODE_WIDTH], before[PM_ODE_WIDTH];
} pm_written;

typedef struct pm_step_cell {
    pm_stepper_state state, before; /* `before`: as pm_step_cell_keep left it */
    pm_written *written;            /* NULL: by the stepper */
    double ready;                   /* end of refractoriness, ms */
} pm_step_cell;

void pm_step_kind_init(pm_step_kind *kind, const pm_network *network, uint32_t population, pm_clock_scheme scheme,
                       double dt);
/* Errors: PM_NO_MEMORY, and those of pm_network_neuron. A cell is cleared also after an error. */
pm_status pm_step_cell_init(pm_step_cell *cell, const pm_step_kind *kind, const pm_network *network,
                            uint32_t population, uint32_t neuron, pm_error *error);
void pm_step_cell_clear(pm_step_cell *cell);
void pm_step_cell_archive(pm_step_cell *cell, pm_archive *archive);

/* From time `from` on for h ms, without arrivals; `held`: V stays where it is. Keeps the state before. */
pm_status pm_step_cell_move(pm_step_kind *kind, pm_step_cell *cell, double from, double h, bool held, pm_error *error);
/* Goes back to the state before the last move. */
void pm_step_cell_back(pm_step_cell *cell);
/* V minus threshold now and before the last move, mV. */
double pm_step_cell_excess(const pm_step_kind *kind, const pm_step_cell *cell);
double pm_step_cell_excess_before(const pm_step_kind *kind, const pm_step_cell *cell);
/* Where within the last move, of h ms from time `from`, V reached the threshold; in (0, h]. */
double pm_step_cell_crossing(const pm_step_kind *kind, const pm_step_cell *cell, double from, double h,
                             pm_clock_interpolation interpolation);

void pm_step_cell_arrive(const pm_step_kind *kind, pm_step_cell *cell, uint32_t receptor, double weight, bool held);
/* An own spike: reset and jumps. */
void pm_step_cell_spike(const pm_step_kind *kind, pm_step_cell *cell);

/* At `time`: dV/dt (mV/ms), and what is recorded, in its unit. */
double pm_step_cell_slope(const pm_step_kind *kind, const pm_step_cell *cell, double time);
double pm_step_cell_sample(const pm_step_kind *kind, const pm_step_cell *cell, const pm_potential_record *record,
                           double time);
/* Of all receptors, pA. */
double pm_step_cell_current(const pm_step_kind *kind, const pm_step_cell *cell, double time);
double pm_step_cell_refractory(const pm_step_kind *kind, const pm_step_cell *cell);
bool pm_step_cell_is_finite(const pm_step_cell *cell);

#endif
