/* Choosing the slab. Call a projection short if one of its delays is below h. Where the short projections form no
 * cycle, levels are those of populations along short projections (feedforward networks: the layers). Where they do, all
 * populations on cycles and between them make one level, which is settled in rounds. Only if the shortest delay there
 * is nearly h, or if there are delays of 0 besides, h is reduced to the smallest positive one instead; if only zero
 * delays are left there, levels are those of single cells along the synapses, and a cycle of cells is an error. */
#include "sim/plan.h"

#include "math/elementary.h"
#include "model/kernel.h"
#include "net/incidence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double power_of_two_below(double x) {
    int exponent;
    double mantissa = frexp(x, &exponent);
    (void)mantissa;
    return ldexp(1.0, exponent - 1);
}

/* The bounds that spare a cell its replay are tight while little arrives in a slab and the potential moves little: both
 * within a 32nd of the membrane's time constant, whatever that of the currents. */
static double preferred_slab(const pm_network *net) {
    double shortest = INFINITY;
    for (size_t p = 0; p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF)
            shortest = fmin(shortest, net->populations[p].neuron.C_m / net->populations[p].neuron.g_L);
    return shortest < INFINITY ? power_of_two_below(fmax(shortest / 32.0, 0x1p-30)) : 1.0;
}

/* Spikes of a neuron that nothing reaches, per ms. */
static double rate_alone(const pm_neuron *n) {
    const double above = n->E_L + n->I_e / n->g_L - n->V_th; /* mV */
    if (!(above > 0.0))
        return 0.0;
    return 1.0 / (n->t_ref + n->C_m / n->g_L * pm_log1p(fmax(n->V_th - n->V_reset, 0.0) / above));
}

/* Arrivals to be expected at a cell, per ms: from sources by their rates, from cells `guess` spikes/ms. `wary`: or as
 * many as each fires alone. */
static double expected_arrivals(const pm_network *net, const pm_wiring *w, const pm_exchange *exchange, double guess,
                                bool wary) {
    double arrivals = 0.0, cells = 0.0;
    for (size_t p = 0; p < net->n_populations; p++) {
        uint64_t synapses = 0;
        for (uint32_t n = w->first_neuron[p]; n < w->first_neuron[p + 1]; n++)
            synapses += pm_group_begin(w, w->first_group[n + 1]) - pm_group_begin(w, w->first_group[n]);
        if (exchange)
            exchange->sum(exchange->user, &synapses, 1);
        const pm_population *population = &net->populations[p];
        const double alone = wary && population->kind == PM_LIF ? rate_alone(&population->neuron) : 0.0;
        const double rate = population->kind == PM_POISSON_SOURCE ? 1e-3 * population->rate : fmax(guess, alone);
        arrivals += synapses > 0 ? rate * (double)synapses : 0.0; /* the rate may be beyond all numbers */
        cells += population->kind == PM_LIF ? population->size : 0.0;
    }
    return arrivals / fmax(cells, 1.0);
}

/* The longest slab in which a cell hears few of so many arrivals per ms: then settling cells costs more than bounds
 * that are not tight, and than rounds. The bounds of general cells stand longer slabs. */
static double slab_of_few(const pm_network *net, double slab, double arrivals) {
    const double few = 4.0;
    double longest = INFINITY;
    for (uint32_t p = 0; p < net->n_populations; p++) {
        const pm_neuron *neuron = &net->populations[p].neuron;
        if (net->populations[p].kind == PM_LIF)
            longest = fmin(longest, (pm_population_needs_general(net, p) ? 0.25 : 0.125) * neuron->C_m / neuron->g_L);
    }
    while (longest < INFINITY && 2.0 * slab <= fmin(few / arrivals, longest))
        slab *= 2.0;
    return slab;
}

/* A spike of a cell is looked at in each slab in which it arrives anywhere. Where delays spread so far that it reaches
 * few synapses in one, that costs more than bounds that are not tight: the slab is twice as long then. */
static double slab_of_spread(const pm_network *net, const pm_wiring *w, const pm_exchange *exchange, double slab) {
    const double few = 2.0;
    double cells = 0.0, first = INFINITY, last = 0.0; /* ms: of all delays */
    uint64_t synapses = 0;
    for (size_t p = 0; p < net->n_populations; p++) {
        const uint32_t end = w->first_neuron[p + 1];
        if (net->populations[p].kind != PM_LIF)
            continue;
        for (uint32_t n = w->first_neuron[p]; n < end; n++)
            if (w->first_group[n] < w->first_group[n + 1])
                last = fmax(last, pm_group_delay(w, w->first_group[n + 1] - 1));
        synapses += pm_group_begin(w, w->first_group[end]) - pm_group_begin(w, w->first_group[w->first_neuron[p]]);
        cells += net->populations[p].size;
    }
    for (size_t k = 0; k < net->n_projections; k++)
        if (net->populations[net->projections[k].from].kind == PM_LIF)
            first = fmin(first, w->min_delay[k]);
    double reach = -last;
    if (exchange) {
        exchange->sum(exchange->user, &synapses, 1);
        exchange->least(exchange->user, &reach, 1);
    }
    const double span = -reach - first; /* negative without synapses */
    return span >= 2.0 * slab && (double)synapses / cells * slab / span < few ? 2.0 * slab : slab;
}

/* Whether there are plain cells only, which hear nothing but Poisson sources. */
static bool is_driven_only(const pm_network *net) {
    for (uint32_t p = 0; p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF && pm_population_needs_general(net, p))
            return false;
    for (size_t k = 0; k < net->n_projections; k++)
        if (net->populations[net->projections[k].from].kind != PM_POISSON_SOURCE)
            return false;
    return true;
}

/* The most arrivals to be expected at a cell of such a network, per ms. */
static pm_status busiest_cell(const pm_network *net, const pm_wiring *w, const pm_exchange *exchange, double *arrivals,
                              pm_error *error) {
    double *heard = calloc((size_t)w->n_cells + 1, sizeof *heard), least = 0.0;
    for (size_t p = 0; heard && p < net->n_populations; p++) {
        const uint64_t first = w->first_group[w->first_neuron[p]], end = w->first_group[w->first_neuron[p + 1]];
        for (uint64_t k = pm_group_begin(w, first); k < pm_group_begin(w, end); k++)
            heard[w->targets[k]] += 1e-3 * net->populations[p].rate;
    }
    for (uint32_t c = 0; heard && c < w->n_cells; c++)
        least = fmin(least, -heard[c]);
    const pm_status status =
        pm_exchange_agree(exchange, heard ? PM_OK : pm_fail_memory(error, "ordering the neurons"), error);
    free(heard);
    if (status == PM_OK && exchange)
        exchange->least(exchange->user, &least, 1);
    *arrivals = -least;
    return status;
}

/* A slab costs every cell that hears a drive the same, however little that brings: so slabs bring some arrivals. They
 * may be longer than all time constants: sums of responses are exact over any time, and where the bounds are not tight
 * a replay is in proportion to what arrives. */
static pm_status slab_for_drives(const pm_network *net, const pm_wiring *w, const pm_exchange *exchange, double *slab,
                                 pm_error *error) {
    const double wanted = 16.0, longest = fmin(0x1p10, 0x1p15 * *slab); /* arrivals, ms */
    double arrivals;
    if (!is_driven_only(net))
        return PM_OK;
    const pm_status status = busiest_cell(net, w, exchange, &arrivals, error);
    while (status == PM_OK && arrivals > 0.0 && 2.0 * *slab <= fmin(wanted / arrivals, longest))
        *slab *= 2.0;
    return status;
}

static bool is_short(const pm_network *net, const pm_wiring *w, size_t projection, double slab) {
    return net->populations[net->projections[projection].from].kind == PM_LIF && w->min_delay[projection] < slab;
}

/* With a shortest delay in cycles of at least so many slabs, shorter slabs cost less than rounds. */
static const double NEARLY = 0.5;

/* What finding levels of populations needs. */
typedef struct ordering {
    pm_incidence outgoing, incoming;
    bool *cyclic;    /* on cycles, or between them */
    size_t *level;   /* SIZE_MAX: on or behind a cycle */
    size_t *waiting; /* short projections from populations without a level so far */
    size_t *leads;   /* short projections to cyclic populations */
    uint32_t *ready; /* populations in the order of their levels */
} ordering;

static pm_status ordering_new(ordering *o, const pm_network *net, pm_error *error) {
    const size_t n = net->n_populations + 1;
    o->level = malloc(n * sizeof *o->level);
    o->waiting = malloc(n * sizeof *o->waiting);
    o->leads = malloc(n * sizeof *o->leads);
    o->ready = malloc(n * sizeof *o->ready);
    o->cyclic = calloc(n, sizeof *o->cyclic);
    if (!o->cyclic || !o->level || !o->waiting || !o->leads || !o->ready)
        return pm_fail_memory(error, "ordering the populations");
    const pm_status status = pm_incidence_new(&o->outgoing, net, PM_OUTGOING, error);
    return status == PM_OK ? pm_incidence_new(&o->incoming, net, PM_INCOMING, error) : status;
}

static void ordering_free(ordering *o) {
    pm_incidence_free(&o->outgoing);
    pm_incidence_free(&o->incoming);
    free(o->level);
    free(o->waiting);
    free(o->leads);
    free(o->ready);
    free(o->cyclic);
}

/* The levels of populations behind the first n_ready that are ready, along short projections; returns how many are. */
static size_t go_on(const pm_network *net, const pm_wiring *w, double slab, ordering *o, size_t n_ready) {
    for (size_t done = 0; done < n_ready; done++) {
        const uint32_t from = o->ready[done];
        for (size_t at = o->outgoing.first[from]; at < o->outgoing.first[from + 1]; at++) {
            const size_t k = o->outgoing.number[at];
            const uint32_t to = net->projections[k].to;
            if (!is_short(net, w, k, slab) || (o->cyclic[from] && o->cyclic[to]) || --o->waiting[to] > 0)
                continue;
            o->level[to] = o->level[from] + 1; /* no population before was of a higher level */
            o->ready[n_ready++] = to;
        }
    }
    return n_ready;
}

/* Longest paths along short projections (Kahn's algorithm); returns the number of populations on or behind a cycle. */
static size_t population_levels(const pm_network *net, const pm_wiring *w, double slab, ordering *o) {
    size_t n_ready = 0;
    memset(o->waiting, 0, net->n_populations * sizeof *o->waiting);
    memset(o->cyclic, 0, net->n_populations * sizeof *o->cyclic);
    for (size_t k = 0; k < net->n_projections; k++)
        o->waiting[net->projections[k].to] += is_short(net, w, k, slab);
    for (uint32_t p = 0; p < net->n_populations; p++) {
        o->level[p] = o->waiting[p] == 0 ? 0 : SIZE_MAX;
        if (o->waiting[p] == 0)
            o->ready[n_ready++] = p;
    }
    return net->n_populations - go_on(net, w, slab, o, n_ready);
}

/* Whether a projection is short and between populations that act on each other. */
static bool is_in_cycle(const pm_network *net, const pm_wiring *w, size_t k, double slab, const ordering *o) {
    return is_short(net, w, k, slab) && o->cyclic[net->projections[k].from] && o->cyclic[net->projections[k].to];
}

/* Which of the populations without a level are on cycles or between them: all but those that lead to none of them. */
static void find_cyclic(const pm_network *net, const pm_wiring *w, double slab, ordering *o) {
    size_t n_out = 0;
    memset(o->leads, 0, net->n_populations * sizeof *o->leads);
    for (uint32_t p = 0; p < net->n_populations; p++)
        o->cyclic[p] = o->level[p] == SIZE_MAX;
    for (size_t k = 0; k < net->n_projections; k++)
        o->leads[net->projections[k].from] += is_in_cycle(net, w, k, slab, o);
    for (uint32_t p = 0; p < net->n_populations; p++)
        if (o->cyclic[p] && o->leads[p] == 0)
            o->ready[n_out++] = p;
    for (size_t done = 0; done < n_out; done++) {
        const uint32_t to = o->ready[done];
        for (size_t at = o->incoming.first[to]; at < o->incoming.first[to + 1]; at++) {
            const uint32_t from = net->projections[o->incoming.number[at]].from;
            if (is_in_cycle(net, w, o->incoming.number[at], slab, o) && --o->leads[from] == 0)
                o->ready[n_out++] = from;
        }
        o->cyclic[to] = false;
    }
}

/* The cyclic populations make the level behind all before them; those behind follow. Returns that level. */
static size_t level_cyclic(const pm_network *net, const pm_wiring *w, double slab, ordering *o) {
    size_t level = 0, n_ready = 0;
    for (size_t k = 0; k < net->n_projections; k++) {
        const uint32_t from = net->projections[k].from;
        if (is_short(net, w, k, slab) && o->cyclic[net->projections[k].to] && !o->cyclic[from] &&
            o->level[from] >= level)
            level = o->level[from] + 1;
    }
    for (uint32_t p = 0; p < net->n_populations; p++)
        if (o->cyclic[p]) {
            o->level[p] = level;
            o->ready[n_ready++] = p;
        }
    (void)go_on(net, w, slab, o, n_ready);
    return level;
}

typedef struct cell_graph {
    const pm_network *net;
    const pm_wiring *w;
    const pm_exchange *exchange;
    double slab;
    uint32_t *neuron_of; /* cell -> neuron */
    bool *is_source;     /* of each neuron */
    size_t round;
} cell_graph;

/* Whether the group is one of the neuron's, and its synapses are short. */
static bool short_group(const cell_graph *g, uint32_t neuron, uint64_t group) {
    return !g->is_source[neuron] && group < g->w->first_group[neuron + 1] && pm_group_delay(g->w, group) < g->slab;
}

static void name_cell(const cell_graph *g, uint32_t cell, char *text, size_t size) {
    uint32_t p = pm_wiring_population_of_cell(g->w, g->net, cell);
    snprintf(text, size, "%s[%u]", g->net->populations[p].name, cell - g->w->first_cell[p]);
}

/* Every cell left has a predecessor left (level 0 means settled here: `waiting` > 0 means left); walking backwards is
 * not possible by rows, so walk forwards from a cell left along cells left until one repeats. */
static pm_status name_cycle(const cell_graph *g, const uint32_t *waiting, pm_error *error) {
    uint32_t n = g->w->n_cells;
    uint32_t *next = calloc((size_t)n + 1, sizeof *next);
    unsigned char *seen = calloc((size_t)n + 1, 1);
    if (!next || !seen) {
        free(next);
        free(seen);
        return pm_fail_memory(error, "naming a cycle");
    }
    /* Cells behind a cycle but not on one are removed by peeling those without successors left. */
    unsigned char *alive = seen;
    for (uint32_t c = 0; c < n; c++)
        alive[c] = waiting[c] > 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t c = 0; c < n; c++) {
            if (!alive[c])
                continue;
            bool found = false;
            for (uint64_t q = g->w->first_group[g->neuron_of[c]]; !found && short_group(g, g->neuron_of[c], q); q++)
                for (uint64_t k = pm_group_begin(g->w, q); !found && k < pm_group_begin(g->w, q + 1); k++)
                    if (alive[g->w->targets[k]]) {
                        next[c] = g->w->targets[k];
                        found = true;
                    }
            if (!found) {
                alive[c] = 0;
                changed = true;
            }
        }
    }
    uint32_t start = 0;
    while (!alive[start])
        start++;
    for (uint32_t k = 0; k < n; k++) /* certainly on the cycle afterwards */
        start = next[start];
    char text[512];
    size_t used = 0;
    uint32_t cell = start;
    do {
        char name[160];
        name_cell(g, cell, name, sizeof name);
        if (used + strlen(name) + 16 > sizeof text) {
            snprintf(text + used, sizeof text - used, "... -> ");
            break;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s -> ", name);
        cell = next[cell];
    } while (cell != start);
    char name[160];
    name_cell(g, start, name, sizeof name);
    free(next);
    free(seen);
    return pm_fail(error, PM_INVALID, "synapses without delay form a cycle: %s%s; give one of them a delay > 0 ms",
                   text, name);
}

/* Names the cycle that there is; it may lead through several ranks, so that the synapses of all are wanted. */
static pm_status name_cycle_of_all(const cell_graph *g, const uint32_t *waiting, pm_error *error) {
    if (!g->exchange)
        return name_cycle(g, waiting, error);
    pm_wiring *all = NULL;
    pm_plan plan = {0};
    pm_status status = pm_wiring_new(g->net, &all, error);
    if (status == PM_OK)
        status = pm_plan_new(g->net, all, NULL, &plan, error);
    pm_plan_free(&plan);
    pm_wiring_free(all);
    return status;
}

/* What the neurons of a round, given by all ranks, mean for the cells here: those that wait for nothing any more are
 * written to `next`; returns their number. */
static size_t peel(const cell_graph *g, const uint64_t *round, size_t n, uint32_t *waiting, size_t *level,
                   uint64_t *next) {
    size_t n_next = 0;
    for (size_t k = 0; k < n; k++)
        for (uint64_t q = g->w->first_group[round[k]]; short_group(g, (uint32_t)round[k], q); q++)
            for (uint64_t s = pm_group_begin(g->w, q); s < pm_group_begin(g->w, q + 1); s++) {
                uint32_t target = g->w->targets[s];
                if (--waiting[target] > 0)
                    continue;
                level[target] = g->round + 1;
                next[n_next++] = g->neuron_of[target];
            }
    return n_next;
}

/* All rounds; `ready` and `next` have room for the cells here. Returns how many cells of all ranks are left. */
static uint64_t peel_all(cell_graph *g, uint32_t *waiting, size_t *level, uint64_t *ready, uint64_t *next) {
    size_t n_ready = 0, settled = 0;
    for (uint32_t c = 0; c < g->w->n_cells; c++) {
        level[c] = 0;
        if (waiting[c] == 0)
            ready[n_ready++] = g->neuron_of[c];
    }
    for (g->round = 0;; g->round++) {
        const uint64_t *round = ready;
        size_t n_round = n_ready;
        settled += n_ready;
        if (g->exchange) {
            const size_t *sizes = NULL;
            round = g->exchange->gather(g->exchange->user, ready, n_ready * sizeof *ready, &sizes);
            n_round = 0;
            for (uint32_t r = 0; r < g->exchange->size; r++)
                n_round += sizes[r] / sizeof *round;
        }
        if (n_round == 0)
            break;
        n_ready = peel(g, round, n_round, waiting, level, next);
        uint64_t *other = ready;
        ready = next;
        next = other;
    }
    uint64_t left = g->w->n_cells - settled;
    if (g->exchange)
        g->exchange->sum(g->exchange->user, &left, 1);
    return left;
}

/* Levels of single cells along short synapses, round by round (Kahn's algorithm): the cells of a round are those whose
 * last predecessor was in the round before. `impulses`: those act in the same way, so that a cycle is an error. */
static pm_status cell_levels(cell_graph *g, size_t *level, bool impulses, bool *cyclic, pm_error *error) {
    const size_t n = (size_t)g->w->n_cells + 1;
    uint32_t *waiting = calloc(n, sizeof *waiting);
    uint64_t *ready = malloc(n * sizeof *ready), *next = malloc(n * sizeof *next);
    const bool memory = waiting && ready && next;
    pm_status status = memory ? PM_OK : pm_fail_memory(error, "ordering the neurons");
    status = pm_exchange_agree(g->exchange, status, error);
    if (status == PM_OK && memory) {
        for (uint32_t m = 0; m < g->w->n_neurons; m++)
            for (uint64_t q = g->w->first_group[m]; short_group(g, m, q); q++)
                for (uint64_t k = pm_group_begin(g->w, q); k < pm_group_begin(g->w, q + 1); k++)
                    waiting[g->w->targets[k]]++;
        *cyclic = peel_all(g, waiting, level, ready, next) > 0;
        if (*cyclic && impulses)
            status = name_cycle_of_all(g, waiting, error);
    }
    free(waiting);
    free(ready);
    free(next);
    return status;
}

/* Runs of cells with equal level and class. */
static pm_status make_ranges(pm_plan *plan, const pm_network *net, const pm_wiring *w, const size_t *level,
                             const bool *cyclic, pm_error *error) {
    const size_t n_levels = plan->n_levels;
    plan->first_range = calloc(n_levels + 2, sizeof *plan->first_range);
    plan->ranges = malloc(((size_t)w->n_cells + 1) * sizeof *plan->ranges);
    if (!plan->first_range || !plan->ranges)
        return pm_fail_memory(error, "ordering the neurons");
    for (int filling = 0; filling < 2; filling++) {
        uint32_t cell = 0;
        for (size_t p = 0; p < net->n_populations; p++)
            while (cell < w->first_cell[p + 1]) {
                uint32_t begin = cell;
                size_t at = level[cell];
                while (cell < w->first_cell[p + 1] && level[cell] == at)
                    cell++;
                if (filling)
                    plan->ranges[plan->first_range[at + 1]++] =
                        (pm_range){begin, cell, w->class[p], (uint32_t)at, cyclic[p] && at == plan->cyclic_level};
                else
                    plan->first_range[at + 2]++;
            }
        for (size_t k = 2; !filling && k < n_levels + 2; k++)
            plan->first_range[k] += plan->first_range[k - 1];
    }
    return PM_OK;
}

/* The smallest positive delay in cycles. */
static double shortest_in_cycles(const pm_network *net, const pm_wiring *w, double slab, const ordering *o) {
    double shortest = INFINITY;
    for (size_t k = 0; k < net->n_projections; k++)
        if (is_in_cycle(net, w, k, slab, o))
            shortest = fmin(shortest, w->min_positive_delay[k]);
    return shortest;
}

static pm_status fail_shortest(const pm_network *net, const pm_wiring *w, double slab, const ordering *o,
                               pm_error *error) {
    const double shortest = shortest_in_cycles(net, w, slab, o);
    size_t k = 0;
    while (!is_in_cycle(net, w, k, slab, o) || w->min_positive_delay[k] > shortest)
        k++;
    return pm_fail(error, PM_INVALID,
                   "projections[%zu]: a delay of %g ms in a cycle of synapses; there it must be 0 or at least 1e-12 ms",
                   k, shortest);
}

static bool has_delay_of_zero(const pm_network *net, const pm_wiring *w, double slab, const ordering *o) {
    for (size_t k = 0; k < net->n_projections; k++)
        if (is_in_cycle(net, w, k, slab, o) && w->min_delay[k] == 0.0)
            return true;
    return false;
}

static bool has_impulses_at_once(const pm_network *net, const pm_wiring *w, double slab, const ordering *o) {
    for (size_t k = 0; k < net->n_projections; k++) {
        const pm_projection *p = &net->projections[k];
        if (is_in_cycle(net, w, k, slab, o) && w->min_delay[k] == 0.0 &&
            pm_population_get_receptor(&net->populations[p->to], p->receptor).kernel->impulse)
            return true;
    }
    return false;
}

/* The same on all ranks, though the cells here may have fewer. */
static size_t count_levels(const cell_graph *g, const size_t *level) {
    size_t n_levels = 1;
    for (uint32_t c = 0; c < g->w->n_cells; c++)
        n_levels = level[c] + 1 > n_levels ? level[c] + 1 : n_levels;
    double fewest = -(double)n_levels;
    if (g->exchange)
        g->exchange->least(g->exchange->user, &fewest, 1);
    return (size_t)-fewest;
}

static pm_status choose(pm_plan *plan, cell_graph *g, ordering *o, size_t *cell_level, pm_error *error) {
    const pm_network *net = g->net;
    const pm_wiring *w = g->w;
    plan->slab = preferred_slab(net);
    plan->cyclic_level = SIZE_MAX;
    plan->reach = INFINITY;
    pm_status status = slab_for_drives(net, w, g->exchange, &plan->slab, error);
    if (status != PM_OK)
        return status;
    const double preferred = plan->slab, quiet = expected_arrivals(net, w, g->exchange, 5e-3, false),
                 busy = expected_arrivals(net, w, g->exchange, 5e-2, true), longer = slab_of_few(net, preferred, quiet);
    plan->slab = fmax(slab_of_few(net, preferred, busy), slab_of_spread(net, w, g->exchange, preferred));
    while (plan->slab > preferred && population_levels(net, w, plan->slab, o) > 0)
        plan->slab *= 0.5;
    bool lengthened = false;
    size_t cyclic;
    while ((cyclic = population_levels(net, w, plan->slab, o)) > 0) {
        find_cyclic(net, w, plan->slab, o);
        double shortest = shortest_in_cycles(net, w, plan->slab, o);
        if (!(shortest < plan->slab))
            break;
        if (shortest < 0x1p-40)
            return fail_shortest(net, w, plan->slab, o, error);
        const bool rounds = shortest < NEARLY * plan->slab && !has_delay_of_zero(net, w, plan->slab, o);
        if (lengthened != rounds && plan->slab == (rounds ? preferred : longer) && longer > preferred) {
            lengthened = true; /* and if that is too long for rounds, back again */
            plan->slab = rounds ? longer : preferred;
            continue;
        }
        if (rounds) {
            plan->cyclic_level = level_cyclic(net, w, plan->slab, o);
            plan->reach = shortest;
            break;
        }
        plan->slab = power_of_two_below(shortest);
    }
    g->slab = plan->slab;
    for (size_t p = 0; p < net->n_populations; p++) {
        for (uint32_t n = w->first_neuron[p]; n < w->first_neuron[p + 1]; n++)
            g->is_source[n] = net->populations[p].kind != PM_LIF;
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++)
            g->neuron_of[c] = w->first_neuron[p] + w->first_here[p] + (c - w->first_cell[p]);
    }
    if (cyclic > 0 && plan->cyclic_level == SIZE_MAX) {
        bool cells_cycle = false;
        status = cell_levels(g, cell_level, has_impulses_at_once(net, w, plan->slab, o), &cells_cycle, error);
        if (status != PM_OK)
            return status;
        if (cells_cycle) {
            plan->cyclic_level = level_cyclic(net, w, plan->slab, o);
            plan->reach = 0.0;
        }
    }
    for (size_t p = 0; p < net->n_populations && (cyclic == 0 || plan->cyclic_level < SIZE_MAX); p++)
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++)
            cell_level[c] = o->level[p];
    plan->n_levels = count_levels(g, cell_level);
    return pm_exchange_agree(g->exchange, make_ranges(plan, net, w, cell_level, o->cyclic, error), error);
}

pm_status pm_plan_new(const pm_network *network, const pm_wiring *wiring, const pm_exchange *exchange, pm_plan *plan,
                      pm_error *error) {
    *plan = (pm_plan){0};
    for (uint64_t g = 0; g < wiring->n_groups; g++)
        plan->max_delay = fmax(plan->max_delay, pm_group_delay(wiring, g));
    ordering order = {0};
    size_t *cell_level = calloc((size_t)wiring->n_cells + 1, sizeof *cell_level);
    cell_graph graph = {.net = network,
                        .w = wiring,
                        .exchange = exchange,
                        .neuron_of = calloc((size_t)wiring->n_cells + 1, sizeof *graph.neuron_of),
                        .is_source = calloc((size_t)wiring->n_neurons + 1, sizeof *graph.is_source)};
    const bool memory = cell_level && graph.neuron_of && graph.is_source;
    pm_status status = memory ? ordering_new(&order, network, error) : pm_fail_memory(error, "ordering the neurons");
    status = pm_exchange_agree(exchange, status, error);
    if (status == PM_OK && memory)
        status = choose(plan, &graph, &order, cell_level, error);
    ordering_free(&order);
    free(cell_level);
    free(graph.neuron_of);
    free(graph.is_source);
    if (status != PM_OK)
        pm_plan_free(plan);
    return status;
}

void pm_plan_free(pm_plan *plan) {
    free(plan->first_range);
    free(plan->ranges);
    *plan = (pm_plan){0};
}
