/* Which of some cells wakes first: a binary heap in which every cell stands at most once.
 *
 * The times themselves belong to the engine; the heap is told of each change. */
#ifndef PM_SIM_WAKES_H
#define PM_SIM_WAKES_H

#include <stddef.h>
#include <stdint.h>

typedef struct pm_wakes {
    uint32_t *cells; /* the heap; room for all of them */
    uint32_t *place; /* per cell, of those that share the engine: where it stands in its heap, UINT32_MAX if nowhere */
    const double *when; /* per cell, ms; INFINITY: never */
    size_t count;
} pm_wakes;

/* `when` of the cell has changed; it joins or leaves the heap if need be. */
void pm_wakes_update(pm_wakes *wakes, uint32_t cell);
/* Takes out the first cell. */
void pm_wakes_drop_first(pm_wakes *wakes);
/* The same for all cells [begin, end): in linear time. */
void pm_wakes_fill(pm_wakes *wakes, uint32_t begin, uint32_t end);

#endif
