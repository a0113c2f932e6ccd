/* A simulation of either engine between its parts: the face (simulation.c), its synapses (synapses.c), its state
 * (state.c). */
#ifndef PM_RUN_SIMULATION_H
#define PM_RUN_SIMULATION_H

#include "sim/exact.h"
#include "step/clock.h"

/* Where the synapses are: number n of all is place[n] of the wiring. */
typedef struct pm_places {
    uint64_t *first; /* of each projection, and one more: numbers */
    uint64_t *place;
} pm_places;

struct pm_simulation {
    const pm_network *network;
    const pm_exchange *exchange; /* NULL: one rank */
    pm_exact *exact;             /* one of the two */
    pm_clock *clock;
    pm_places places; /* empty until asked for */
    bool reweighed;   /* weights are others than those drawn */
};

pm_wiring *pm_simulation_wiring(const pm_simulation *simulation);
/* synapses.c: sees to it that `places` are there. Errors: PM_INVALID on several ranks, PM_NO_MEMORY. */
pm_status pm_simulation_number(pm_simulation *simulation, pm_error *error);
/* Takes notice of weights that have been changed in the wiring. */
void pm_simulation_reweigh(pm_simulation *simulation);

/* The complete state between two runs, but for what can be drawn anew from the network: written, or read into a
 * simulation of the same network. After an error in reading the simulation can only be reset or freed. Errors:
 * PM_NO_MEMORY, PM_INVALID. */
pm_status pm_simulation_archive(pm_simulation *simulation, pm_archive *archive, pm_error *error);

#endif
