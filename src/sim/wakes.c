/* The usual heap. Invariants: no cell wakes before the one above it; place[cells[k]] = k. */
#include "sim/wakes.h"

#include <math.h>

static void put(pm_wakes *w, size_t at, uint32_t cell) {
    w->cells[at] = cell;
    w->place[cell] = (uint32_t)at;
}

static void sift_up(pm_wakes *w, size_t at, uint32_t cell) {
    for (; at > 0 && w->when[cell] < w->when[w->cells[(at - 1) / 2]]; at = (at - 1) / 2)
        put(w, at, w->cells[(at - 1) / 2]);
    put(w, at, cell);
}

static void sift_down(pm_wakes *w, size_t at, uint32_t cell) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < w->count && w->when[w->cells[child + 1]] < w->when[w->cells[child]])
            child++;
        if (child >= w->count || !(w->when[w->cells[child]] < w->when[cell]))
            break;
        put(w, at, w->cells[child]);
        at = child;
    }
    put(w, at, cell);
}

static void take_out(pm_wakes *w, size_t at) {
    w->place[w->cells[at]] = UINT32_MAX;
    if (at == --w->count)
        return;
    uint32_t last = w->cells[w->count];
    sift_up(w, at, last);
    sift_down(w, w->place[last], last);
}

void pm_wakes_update(pm_wakes *wakes, uint32_t cell) {
    const size_t at = wakes->place[cell];
    if (at == UINT32_MAX) {
        if (wakes->when[cell] < INFINITY)
            sift_up(wakes, wakes->count++, cell);
    } else if (wakes->when[cell] < INFINITY) {
        sift_up(wakes, at, cell);
        sift_down(wakes, wakes->place[cell], cell);
    } else {
        take_out(wakes, at);
    }
}

void pm_wakes_drop_first(pm_wakes *wakes) { take_out(wakes, 0); }

void pm_wakes_fill(pm_wakes *wakes, uint32_t begin, uint32_t end) {
    wakes->count = 0;
    for (uint32_t cell = begin; cell < end; cell++) {
        wakes->place[cell] = UINT32_MAX;
        if (wakes->when[cell] < INFINITY)
            put(wakes, wakes->count++, cell);
    }
    for (size_t at = wakes->count / 2; at-- > 0;)
        sift_down(wakes, at, wakes->cells[at]);
}
