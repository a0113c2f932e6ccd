/* How a run is cut into pieces: the length of a slab of time, and the order in which cells are settled inside it.
 *
 * A slab is [k h, (k+1) h) with h a power of two, so that slab boundaries and offsets from them are exact. All cells of
 * a level are settled before those of the next; a spike may arrive within its own slab only at cells of higher levels.
 * So when a level is settled, everything that arrives at its cells within the slab is known. The exception are the
 * cells of one level that act on each other within a slab: they are settled in rounds (rounds.c). */
#ifndef PM_SIM_PLAN_H
#define PM_SIM_PLAN_H

#include "net/wiring.h"

typedef struct pm_range {
    uint32_t begin, end; /* cells */
    uint32_t class, level;
    bool cyclic; /* the cells act on each other within a slab */
} pm_range;

typedef struct pm_plan {
    double slab;      /* h, ms */
    double max_delay; /* ms */
    size_t n_levels;
    size_t cyclic_level; /* of the cells that act on each other within a slab; SIZE_MAX: there are none */
    double reach;        /* the shortest delay between these, ms; INFINITY */
    size_t *first_range; /* n_levels + 1 */
    pm_range *ranges;    /* of one class each, ascending within a level */
} pm_plan;

/* The same slab and levels on all ranks (NULL: one). PM_INVALID for a cycle of zero delay, which the message names. */
pm_status pm_plan_new(const pm_network *network, const pm_wiring *wiring, const pm_exchange *exchange, pm_plan *plan,
                      pm_error *error);
void pm_plan_free(pm_plan *plan);

#endif
