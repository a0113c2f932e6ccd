/* Synapses drawn into rows: a first walk over the projections counts (walk.h), a second one fills the rows; nothing is
 * kept in between. Until rows are in order every synapse needs its delay: where a network has few different ones, that
 * is a number of one or two bytes, or nothing. Where a neuron has several receptors, every synapse needs its own, a
 * byte; and another one for its type where there are several.
 *
 * Invariant: next[part][row] is where the part's next synapse of the row goes, and no two parts write to one place. */
#include "net/rows.h"

#include "base/large.h"
#include "net/limits.h"
#include "net/need.h"
#include "net/steps.h"
#include "net/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One part of the work. */
typedef struct part {
    const pm_building *rows;
    pm_walk walk;
    uint32_t begin, end;                    /* cells */
    uint64_t *next;                         /* of each row; while synapses are counted, their number */
    double *min_delay, *min_positive_delay; /* ms, of each projection */
    size_t projection;                      /* number of the present one */
    uint32_t first_cell;                    /* of those that it reaches here */
    uint32_t place;                         /* in `delays`, of its first delay */
    uint64_t number;                        /* of the next synapse */
    double unusable;                        /* a weight that is too large, or 0 */
    pm_status status;
    pm_error error;
} part;

static void count_synapses(void *user, const pm_drawn *drawn) {
    const part *p = user;
    uint64_t *row = p->next + p->rows->wiring->first_neuron[p->walk.projection->from];
    for (size_t k = 0; k < drawn->n; k++)
        row[drawn->source[k]]++;
}

static void put_delays(const part *p, const pm_drawn *drawn, const uint64_t *at) {
    const pm_building *r = p->rows;
    const pm_distribution *d = &p->walk.projection->delay;
    for (size_t k = 0; r->width == 8 && k < drawn->n; k++)
        r->of.delay[at[k]] = drawn->delay[k];
    if (r->width != 1 && r->width != 2)
        return;
    const bool in_steps = pm_is_in_steps(d);
    const pm_steps *s = &p->walk.delays.steps;
    for (size_t k = 0; k < drawn->n; k++) {
        const uint32_t step = in_steps ? (uint32_t)((drawn->delay[k] * s->scale - s->first) / s->step + 0.5) : 0;
        if (r->width == 1)
            r->of.place_1[at[k]] = (uint8_t)(p->place + step);
        else
            r->of.place_2[at[k]] = (uint16_t)(p->place + step);
    }
}

static void note_extremes(part *p, const pm_drawn *drawn) {
    double least = p->min_delay[p->projection], positive = p->min_positive_delay[p->projection];
    for (size_t k = 0; k < drawn->n; k++) {
        const double delay = drawn->delay[k];
        least = delay < least ? delay : least;
        positive = delay > 0.0 && delay < positive ? delay : positive;
        if (!pm_weight_fits(drawn->weight[k]) && p->unusable == 0.0)
            p->unusable = drawn->weight[k];
    }
    p->min_delay[p->projection] = least;
    p->min_positive_delay[p->projection] = positive;
}

/* Rows lie far from each other: all places are asked for before the first is written. */
static void fill_synapses(void *user, const pm_drawn *drawn) {
    part *p = user;
    const pm_building *r = p->rows;
    const pm_wiring *w = r->wiring;
    uint64_t *next = p->next + w->first_neuron[p->walk.projection->from], at[PM_DRAWN];
    for (size_t k = 0; k < drawn->n; k++) {
        at[k] = next[drawn->source[k]]++;
        __builtin_prefetch(w->targets + at[k], 1);
        __builtin_prefetch(w->weights + at[k], 1);
    }
    for (size_t k = 0; k < drawn->n; k++) {
        w->targets[at[k]] = p->first_cell + drawn->target[k];
        w->weights[at[k]] = r->first ? (double)p->number++ : drawn->weight[k];
    }
    put_delays(p, drawn, at);
    for (size_t k = 0; r->receptor && k < drawn->n; k++)
        r->receptor[at[k]] = (uint8_t)p->walk.projection->receptor;
    for (size_t k = 0; r->type && k < drawn->n; k++)
        r->type[at[k]] = r->types_of[p->projection];
    note_extremes(p, drawn);
}

/* Draws what a projection has for the cells of a part. */
static void walk_on(part *p, size_t number, bool bare) {
    const pm_wiring *w = p->rows->wiring;
    const uint32_t to = p->rows->network->projections[number].to;
    const uint32_t begin = w->first_cell[to] > p->begin ? w->first_cell[to] : p->begin;
    const uint32_t end = w->first_cell[to + 1] < p->end ? w->first_cell[to + 1] : p->end;
    const uint32_t here = w->first_here[to] - w->first_cell[to]; /* from cells to neurons; modulo 2^32 */
    p->projection = number;
    p->first_cell = begin;
    if (begin >= end)
        return;
    p->status = pm_walk_begin(&p->walk, number, begin + here, end + here, &p->error);
    if (p->status == PM_OK)
        pm_walk_on(&p->walk, bare, bare ? count_synapses : fill_synapses, p);
}

static void count_part(void *user, int number) {
    part *p = (part *)user + number;
    for (size_t k = 0; p->status == PM_OK && k < p->rows->network->n_projections; k++)
        walk_on(p, k, true);
}

static void fill_part(void *user, int number) {
    part *p = (part *)user + number;
    const pm_building *r = p->rows;
    size_t place = 0;
    for (size_t k = 0; p->status == PM_OK && p->unusable == 0.0 && k < r->network->n_projections; k++) {
        if (r->first)
            r->first[k] = p->number;
        p->place = (uint32_t)place;
        walk_on(p, k, false);
        place += r->width == 1 || r->width == 2 ? pm_different_delays(&r->network->projections[k]) : 0;
    }
    if (r->first)
        r->first[r->network->n_projections] = p->number;
}

/* Synapses of each cell of a population, in the mean: what its cells cost. */
static double *costs_of_cells(const pm_network *network) {
    double *cost = calloc(network->n_populations + 1, sizeof *cost);
    for (size_t k = 0; cost && k < network->n_projections; k++) {
        const pm_projection *p = &network->projections[k];
        cost[p->to] += pm_projection_synapses(network, p, NULL) / network->populations[p->to].size;
    }
    return cost;
}

/* Parts of about the same number of synapses. */
static pm_status divide(const pm_building *r, part *parts, pm_error *error) {
    const pm_wiring *w = r->wiring;
    double *cost = costs_of_cells(r->network), all = 0.0, sum = 0.0;
    if (!cost)
        return pm_fail_memory(error, "the rows of synapses");
    for (size_t p = 0; p < r->network->n_populations; p++)
        all += (cost[p] + 1.0) * (w->first_cell[p + 1] - w->first_cell[p]);
    size_t k = 0;
    for (size_t p = 0; p < r->network->n_populations; p++)
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++, sum += cost[p] + 1.0)
            while (k + 1 < r->n_parts && sum >= all * (double)(k + 1) / (double)r->n_parts)
                parts[++k].begin = c;
    while (k + 1 < r->n_parts)
        parts[++k].begin = w->n_cells;
    for (k = 0; k < r->n_parts; k++)
        parts[k].end = k + 1 < r->n_parts ? parts[k + 1].begin : w->n_cells;
    free(cost);
    return PM_OK;
}

static pm_status parts_new(pm_building *r, part *parts, pm_error *error) {
    const size_t n = r->network->n_projections;
    pm_status status = divide(r, parts, error);
    for (size_t k = 0; status == PM_OK && k < r->n_parts; k++) {
        part *p = &parts[k];
        p->rows = r;
        p->next = calloc((size_t)r->wiring->n_neurons + 1, sizeof *p->next);
        p->min_delay = malloc((n + 1) * sizeof *p->min_delay);
        p->min_positive_delay = malloc((n + 1) * sizeof *p->min_positive_delay);
        if (!p->next || !p->min_delay || !p->min_positive_delay)
            return pm_fail_memory(error, "the rows of synapses");
        for (size_t j = 0; j < n; j++)
            p->min_delay[j] = p->min_positive_delay[j] = INFINITY;
        status = pm_walk_new(&p->walk, r->network, k > 0 ? &parts[0].walk : NULL, error);
    }
    return status;
}

static void parts_free(const pm_building *r, part *parts) {
    for (size_t k = r->n_parts; parts && k-- > 0;) {
        free(parts[k].next);
        free(parts[k].min_delay);
        free(parts[k].min_positive_delay);
        pm_walk_free(&parts[k].walk);
    }
    free(parts);
}

/* From numbers to places. */
static void lay_out(const pm_building *r, part *parts) {
    uint64_t sum = 0;
    for (uint32_t n = 0; n <= r->wiring->n_neurons; n++) {
        r->begin[n] = sum;
        for (size_t k = 0; n < r->wiring->n_neurons && k < r->n_parts; k++) {
            const uint64_t count = parts[k].next[n];
            parts[k].next[n] = sum;
            sum += count;
        }
    }
    r->wiring->n_synapses = sum;
}

/* What failed first, in the order of parts. */
static pm_status outcome(const pm_building *r, const part *parts, pm_error *error) {
    const part *worst = NULL;
    for (size_t k = 0; k < r->n_parts; k++) {
        if (parts[k].status != PM_OK) {
            if (error)
                *error = parts[k].error;
            return parts[k].status;
        }
        if (parts[k].unusable != 0.0 && (!worst || parts[k].projection < worst->projection))
            worst = &parts[k];
    }
    if (!worst)
        return PM_OK;
    const pm_projection *p = &r->network->projections[worst->projection];
    return pm_fail(error, PM_INVALID,
                   "a weight of %g is drawn for a synapse from '%s' to '%s'; at most %g in magnitude is possible",
                   worst->unusable, r->network->populations[p->from].name, r->network->populations[p->to].name,
                   PM_LARGEST_WEIGHT);
}

static void take_extremes(const pm_building *r, const part *parts) {
    pm_wiring *w = r->wiring;
    for (size_t j = 0; j < r->network->n_projections; j++) {
        w->min_delay[j] = w->min_positive_delay[j] = INFINITY;
        for (size_t k = 0; k < r->n_parts; k++) {
            w->min_delay[j] = fmin(w->min_delay[j], parts[k].min_delay[j]);
            w->min_positive_delay[j] = fmin(w->min_positive_delay[j], parts[k].min_positive_delay[j]);
        }
    }
}

pm_status pm_building_draw(pm_building *r, pm_team *team, pm_error *error) {
    pm_wiring *w = r->wiring;
    part *parts = calloc(r->n_parts, sizeof *parts);
    pm_status status = parts ? parts_new(r, parts, error) : pm_fail_memory(error, "the rows of synapses");
    if (status == PM_OK) {
        pm_team_run(team, count_part, parts);
        status = outcome(r, parts, error);
    }
    if (status == PM_OK) {
        lay_out(r, parts);
        if (w->n_synapses > PM_MOST_SYNAPSES)
            status = pm_fail(error, PM_INVALID, "more than %.3g synapses; several ranks can share them",
                             (double)PM_MOST_SYNAPSES);
    }
    if (status == PM_OK) {
        const size_t n = w->n_synapses + 1;
        w->targets = pm_large_new(n * sizeof *w->targets);
        w->weights = pm_large_new(n * sizeof *w->weights);
        r->of.delay = pm_large_new(n * r->width + 1);
        r->receptor = r->n_receptors > 1 ? pm_large_new(n) : NULL;
        r->type = w->types.count > 1 ? pm_large_new(n) : NULL;
        if (!w->targets || !w->weights || !r->of.delay || (r->n_receptors > 1 && !r->receptor) ||
            (w->types.count > 1 && !r->type))
            status = pm_fail_memory(error, "the synapses");
    }
    if (status == PM_OK) {
        pm_team_run(team, fill_part, parts);
        status = outcome(r, parts, error);
        take_extremes(r, parts);
    }
    parts_free(r, parts);
    return status;
}

/* --- delays by number --- */

static int compare_delays(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static pm_status rank_delays(pm_building *r, pm_error *error) {
    double *sorted = malloc((r->n_delays + 1) * sizeof *sorted);
    if (!sorted)
        return pm_fail_memory(error, "the delays");
    for (size_t k = 0; k < r->n_delays; k++)
        sorted[k] = r->delays[k].delay;
    qsort(sorted, r->n_delays, sizeof *sorted, compare_delays);
    size_t n = 0;
    for (size_t k = 0; k < r->n_delays; k++)
        if (k == 0 || sorted[k] > sorted[n - 1])
            sorted[n++] = sorted[k];
    for (size_t k = 0; k < r->n_delays; k++) {
        size_t low = 0, high = n;
        while (high - low > 1) {
            const size_t middle = low + (high - low) / 2;
            if (sorted[middle] <= r->delays[k].delay)
                low = middle;
            else
                high = middle;
        }
        r->delays[k].rank = (uint32_t)low;
    }
    r->n_ranks = n > 0 ? (uint32_t)n : 1;
    free(sorted);
    return PM_OK;
}

pm_status pm_building_list_delays(pm_building *r, pm_error *error) {
    const pm_network *net = r->network;
    r->width = pm_delay_width(net, &r->n_delays);
    r->delays = calloc(r->n_delays + 1, sizeof *r->delays);
    if (!r->delays)
        return pm_fail_memory(error, "the delays");
    for (size_t k = 0, at = 0; at < r->n_delays; k++)
        for (size_t step = 0, more = pm_different_delays(&net->projections[k]); step < more; step++, at++) {
            const pm_distribution *delay = &net->projections[k].delay;
            r->delays[at].delay = delay->a;
            if (pm_is_in_steps(delay)) {
                const pm_steps steps = pm_steps_of(delay);
                r->delays[at].delay = pm_steps_value(&steps, (double)step);
            }
        }
    return rank_delays(r, error);
}
