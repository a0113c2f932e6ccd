#include "support/naive.h"

#include "math/lif.h"
#include "model/neuron.h"
#include "net/wiring.h"

#include <math.h>
#include <stdlib.h>

typedef struct arrival {
    double time, weight;
    uint32_t cell;
} arrival;

typedef struct cell {
    pm_lif lif;
    pm_lif_state state; /* at `time` */
    double time, ready, crossing;
    uint32_t population, neuron;
} cell;

typedef struct naive {
    const pm_network *net;
    pm_wiring *w;
    cell *cells;
    arrival *arrivals;
    size_t n_arrivals, capacity;
} naive;

static void advance(cell *c, double time) {
    if (time > c->time) {
        double u = c->state.u;
        if (c->ready > c->time && c->ready < time) { /* leave refractoriness on the way */
            c->state = pm_lif_advance(&c->lif, &c->state, c->ready - c->time);
            c->state.u = u;
            c->time = c->ready;
        }
        bool held = c->ready > c->time;
        c->state = pm_lif_advance(&c->lif, &c->state, time - c->time);
        if (held)
            c->state.u = u;
        c->time = time;
    }
}

static void predict(cell *c) {
    cell later = *c;
    if (c->ready > c->time)
        advance(&later, c->ready);
    c->crossing = later.time + pm_lif_crossing(&c->lif, &later.state, 1e4);
}

static void send(naive *n, uint32_t neuron, double time) {
    for (uint64_t g = n->w->first_group[neuron]; g < n->w->first_group[neuron + 1]; g++)
        for (uint64_t k = pm_group_begin(n->w, g); k < pm_group_begin(n->w, g + 1); k++) {
            if (n->n_arrivals == n->capacity) {
                n->capacity = n->capacity ? 2 * n->capacity : 1024;
                n->arrivals = realloc(n->arrivals, n->capacity * sizeof *n->arrivals);
                if (!n->arrivals)
                    abort();
            }
            n->arrivals[n->n_arrivals++] =
                (arrival){time + pm_group_delay(n->w, g), n->w->weights[k], n->w->targets[k]};
        }
}

naive_spikes naive_run(const pm_network *network, double duration) {
    naive n = {.net = network};
    if (pm_wiring_new(network, &n.w, NULL) != PM_OK || !(n.cells = calloc(n.w->n_cells + 1, sizeof *n.cells)))
        abort();
    for (uint32_t p = 0; p < network->n_populations; p++) {
        const pm_population *population = &network->populations[p];
        for (uint32_t k = 0; population->kind == PM_LIF && k < population->size; k++) {
            cell *c = &n.cells[n.w->first_cell[p] + k];
            *c = (cell){.lif = pm_lif_of_neuron(&population->neuron), .ready = -INFINITY, .population = p, .neuron = k};
            predict(c);
        }
        for (size_t k = 0; k < population->n_events; k++)
            send(&n, n.w->first_neuron[p] + population->events[k].neuron, population->events[k].time);
    }
    naive_spikes spikes = {0};
    for (;;) {
        size_t next = SIZE_MAX;
        double time = duration;
        for (size_t k = 0; k < n.n_arrivals; k++)
            if (n.arrivals[k].time < time) {
                time = n.arrivals[k].time;
                next = k;
            }
        uint32_t firing = UINT32_MAX; /* crossings come before arrivals at the same instant */
        for (uint32_t c = 0; c < n.w->n_cells; c++)
            if (n.cells[c].crossing < duration &&
                (n.cells[c].crossing < time || (n.cells[c].crossing == time && firing == UINT32_MAX))) {
                time = n.cells[c].crossing;
                firing = c;
            }
        if (firing != UINT32_MAX) {
            cell *c = &n.cells[firing];
            advance(c, time);
            double slope = pm_lif_slope_now(&c->lif, &c->state);
            spikes.items = realloc(spikes.items, (spikes.count + 1) * sizeof *spikes.items);
            if (!spikes.items)
                abort();
            spikes.items[spikes.count++] = (pm_spike){time, slope, c->population, c->neuron};
            c->state.u = c->lif.u_reset;
            c->ready = time + c->lif.t_ref;
            predict(c);
            send(&n, n.w->first_neuron[c->population] + c->neuron, time);
        } else if (next != SIZE_MAX) {
            arrival a = n.arrivals[next];
            n.arrivals[next] = n.arrivals[--n.n_arrivals];
            cell *c = &n.cells[a.cell];
            advance(c, a.time);
            pm_lif_arrive(&c->lif, &c->state, a.weight);
            predict(c);
        } else {
            break;
        }
    }
    free(n.arrivals);
    free(n.cells);
    pm_wiring_free(n.w);
    return spikes;
}
