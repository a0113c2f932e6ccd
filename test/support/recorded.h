/* Spikes of a simulation, in the order in which it gives them. */
#ifndef TEST_SUPPORT_RECORDED_H
#define TEST_SUPPORT_RECORDED_H

#include <punctum/punctum.h>

#include <check.h>
#include <stdlib.h>

typedef struct recorded {
    pm_spike *items; /* to be freed */
    size_t count;
} recorded;

/* A pm_on_spike; `user` is a recorded. */
static inline pm_status record(const pm_spike *spike, void *user, pm_error *error) {
    (void)error;
    recorded *r = user;
    if ((r->count & (r->count - 1)) == 0) /* room for a power of two */
        r->items = realloc(r->items, (r->count > 0 ? 2 * r->count : 1) * sizeof *r->items);
    ck_assert_ptr_nonnull(r->items);
    r->items[r->count++] = *spike;
    return PM_OK;
}

/* For qsort: spikes of two neurons at almost the same time may come in either order. */
static inline int by_neuron(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    if (a->population != b->population)
        return a->population < b->population ? -1 : 1;
    if (a->neuron != b->neuron)
        return a->neuron < b->neuron ? -1 : 1;
    return a->time < b->time ? -1 : a->time > b->time;
}

#endif
