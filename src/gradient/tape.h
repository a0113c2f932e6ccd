/* The course of a network of general neurons along its recorded spikes, as a sequence of steps that the adjoint takes
 * from its end back.
 *
 * A step is one event of one cell: an arrival over one synapse, a spike, an end of refractoriness, a change of an
 * injected current. It says how the cell came there from its event before. Neurons are numbered through, sources
 * included; cells as in the wiring. */
#ifndef PM_GRADIENT_TAPE_H
#define PM_GRADIENT_TAPE_H

#include "base/list.h"
#include "gradient/arrivals.h"
#include "net/membranes.h"

typedef enum pm_step_of { PM_STEP_ARRIVAL, PM_STEP_SPIKE, PM_STEP_RESTART, PM_STEP_CHANGE } pm_step_of;

typedef struct pm_tape_step {
    double time, from; /* ms: of the event, and of the cell's event before */
    double u_inf;      /* mV: with the constant currents in between */
    uint32_t cell;
    uint8_t of;     /* pm_step_of */
    bool held;      /* in between */
    uint8_t port;   /* of an arrival */
    size_t spike;   /* that arrives, that is fired, whose restart it is */
    size_t synapse; /* in the order of the wiring */
} pm_tape_step;

/* What makes a spike come when it comes. */
typedef enum pm_cause {
    PM_BY_NOTHING,  /* a source's, or at t = 0 */
    PM_BY_CROSSING, /* V reaches the threshold */
    PM_BY_JUMP,     /* an impulse lifts V to the threshold: the spike comes with it */
    PM_BY_RELEASE   /* V is at the threshold when refractoriness ends */
} pm_cause;

typedef struct pm_tape_spike {
    double u;            /* mV, just before */
    double slope, after; /* mV/ms: u' just before, and just after if u is not held then, else 0 */
    double approach;     /* mV/ms: d(V - threshold)/dt just before */
    double restart;      /* mV/ms: u' after refractoriness, if the tape gets there */
    size_t step;         /* by a jump: the step of the arrival that lifts V */
    size_t previous;     /* the spike that the same neuron fired before, or SIZE_MAX */
    pm_cause cause;
} pm_tape_spike;

typedef struct pm_tape_cell pm_tape_cell;

typedef struct pm_tape {
    const pm_network *network;
    const pm_wiring *wiring;
    bool keeps_states;       /* whether the states are wanted, too */
    pm_membranes *membranes; /* of each population; of sources: empty */
    uint32_t *population;    /* of each cell */
    uint32_t *cell;          /* of each neuron, or PM_IS_SOURCE */
    size_t *first;           /* of each cell's state in an array of all; one more ends them */
    pm_synapses rows;        /* fans are the wiring's groups; targets and weights stay there */
    pm_arrivals walk;
    pm_tape_cell *cells;
    double *state; /* of all cells */
    PM_LIST(pm_tape_step) steps;
    PM_LIST(double) states; /* at the beginning of what each step tells of: its cell's */
    pm_tape_spike *spikes;
    size_t most_spikes;
    size_t *waiting; /* spikes that impulses are to set off at the present instant, in order */
    size_t n_waiting;
    PM_LIST(pm_landing) late; /* what these send without delay */
    const pm_raster *raster;
} pm_tape;

/* Of a network as drawn; weights are read from the wiring, which is not that of one rank among several. Both must
 * outlive the tape. Errors: those of pm_membranes_new, PM_NO_MEMORY. */
pm_status pm_tape_new(pm_tape *tape, const pm_network *network, const pm_wiring *wiring, bool keeps_states,
                      pm_error *error);
void pm_tape_free(pm_tape *tape);

/* Records the course along spikes that are sorted by time. Errors: PM_INVALID for spikes that are out of order, of
 * unknown neurons or within refractoriness, PM_NO_MEMORY. */
pm_status pm_tape_record(pm_tape *tape, const pm_raster *spikes, pm_error *error);

static inline const pm_membrane *pm_tape_membrane(const pm_tape *tape, uint32_t cell) {
    const pm_membranes *s = &tape->membranes[tape->population[cell]];
    return &s->items[pm_membranes_place(s, cell - tape->wiring->first_cell[tape->population[cell]])];
}

#endif
