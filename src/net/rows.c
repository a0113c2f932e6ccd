/* Synapses drawn into bundles of rows: a first walk over the projections counts (walk.h), a second one fills the
 * bundles; nothing is kept in between. Until rows are in order every synapse needs its delay: where a network has few
 * different ones, that is a number of one or two bytes, or nothing. Where a neuron has several receptors, every synapse
 * needs its own, a byte; and another one for its type where there are several.
 *
 * Invariant: next[part][bundle] is where the part's next synapse of the bundle goes, and no two parts write to one
 * place. */
#include "net/rows.h"

#include "base/large.h"
#include "net/limits.h"
#include "net/need.h"
#include "net/steps.h"
#include "net/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BUNDLED = 1 << 18 }; /* synapses of a bundle that has several rows, in the mean */

/* One part of the work. */
typedef struct part {
    const pm_building *rows;
    pm_walk walk;
    uint32_t begin, end;                    /* cells */
    uint64_t *next;                         /* of each bundle; while synapses are counted, their number */
    double *min_delay, *min_positive_delay; /* ms, of each projection */
    size_t projection;                      /* number of the present one */
    uint32_t first_cell;                    /* of those that it reaches here */
    uint32_t place;                         /* in `delay_at`, of its first delay */
    uint64_t number;                        /* of the next synapse */
    double unusable;                        /* a weight that is too large, or 0 */
    pm_status status;
    pm_error error;
} part;

static void count_synapses(void *user, const pm_drawn *drawn) {
    const part *p = user;
    const uint32_t from = p->walk.projection->from;
    const unsigned shift = p->rows->shift[from];
    uint64_t *restrict next = p->next + p->rows->first_bundle[from];
    for (size_t k = 0; k < drawn->n; k++)
        next[drawn->source[k] >> shift]++;
}

/* Where synapses go. */
static void find_places(const part *p, const pm_drawn *drawn, uint64_t *restrict at) {
    const pm_building *r = p->rows;
    const uint32_t from = p->walk.projection->from;
    const unsigned shift = r->shift[from];
    const uint32_t mask = (1u << shift) - 1;
    uint64_t *restrict next = p->next + r->first_bundle[from];
    uint8_t *restrict row = r->row;
    const uint32_t *restrict source = drawn->source;
    const size_t n = drawn->n;
    for (size_t k = 0; k < n; k++) {
        const uint32_t from_source = source[k];
        const uint64_t place = next[from_source >> shift]++;
        at[k] = place;
        row[place] = (uint8_t)(from_source & mask);
    }
}

static void put_targets(const part *p, const pm_drawn *drawn, const uint64_t *restrict at) {
    uint32_t *restrict targets = p->rows->wiring->targets;
    const uint32_t *restrict target = drawn->target;
    const uint32_t first = p->first_cell;
    const size_t n = drawn->n;
    for (size_t k = 0; k < n; k++)
        targets[at[k]] = first + target[k];
}

static void put_bytes(uint8_t *restrict array, size_t n, const uint64_t *restrict at, uint8_t value) {
    for (size_t k = 0; array && k < n; k++)
        array[at[k]] = value;
}

static void put_doubles(double *restrict array, size_t n, const uint64_t *restrict at, const double *restrict values) {
    for (size_t k = 0; k < n; k++)
        array[at[k]] = values[k];
}

static void put_delays(const part *p, const pm_drawn *drawn, const uint64_t *restrict at) {
    const pm_building *r = p->rows;
    const uint32_t *restrict delay_at = r->delay_at + p->place;
    const size_t n = drawn->n;
    if (r->width == 8)
        put_doubles(r->of.delay, n, at, drawn->delay);
    if (r->width != 1 && r->width != 2)
        return;
    const bool in_steps = pm_is_in_steps(&p->walk.projection->delay);
    const uint32_t *restrict step = drawn->step;
    uint8_t *restrict place_1 = r->of.place_1;
    uint16_t *restrict place_2 = r->of.place_2;
    for (size_t k = 0; r->width == 1 && k < n; k++)
        place_1[at[k]] = (uint8_t)delay_at[in_steps ? step[k] : 0];
    for (size_t k = 0; r->width == 2 && k < n; k++)
        place_2[at[k]] = (uint16_t)delay_at[in_steps ? step[k] : 0];
}

static void note_weights(part *p, const pm_drawn *drawn) {
    const double *weight = drawn->weight;
    bool fit = true;
    for (size_t k = 0; k < drawn->n; k++)
        fit &= pm_weight_fits(weight[k]);
    for (size_t k = 0; !fit && k < drawn->n && p->unusable == 0.0; k++)
        if (!pm_weight_fits(weight[k]))
            p->unusable = weight[k];
}

static void note_delays(part *p, const pm_drawn *drawn) {
    double least = p->min_delay[p->projection], positive = p->min_positive_delay[p->projection];
    for (size_t k = 0; k < drawn->n; k++) {
        const double delay = drawn->delay[k], above = delay > 0.0 ? delay : INFINITY;
        least = delay < least ? delay : least;
        positive = above < positive ? above : positive;
    }
    p->min_delay[p->projection] = least;
    p->min_positive_delay[p->projection] = positive;
}

static void fill_synapses(void *user, const pm_drawn *drawn) {
    part *p = user;
    const pm_building *r = p->rows;
    uint64_t at[PM_DRAWN];
    find_places(p, drawn, at);
    put_targets(p, drawn, at);
    if (!r->first)
        put_doubles(r->wiring->weights, drawn->n, at, drawn->weight);
    for (size_t k = 0; r->first && k < drawn->n; k++)
        r->wiring->weights[at[k]] = (double)p->number++;
    put_delays(p, drawn, at);
    put_bytes(r->receptor, drawn->n, at, (uint8_t)p->walk.projection->receptor);
    put_bytes(r->type, drawn->n, at, r->types_of[p->projection]);
    note_weights(p, drawn);
    note_delays(p, drawn);
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
        p->next = calloc(r->n_bundles + 1, sizeof *p->next);
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
    for (size_t b = 0; b < r->n_bundles; b++) {
        r->bundles[b].begin = sum;
        for (size_t k = 0; k < r->n_parts; k++) {
            const uint64_t count = parts[k].next[b];
            parts[k].next[b] = sum;
            sum += count;
        }
    }
    r->bundles[r->n_bundles].begin = r->wiring->n_synapses = sum;
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
        r->row = pm_large_new(n);
        r->of.delay = pm_large_new(n * r->width + 1);
        r->receptor = r->n_receptors > 1 ? pm_large_new(n) : NULL;
        r->type = w->types.count > 1 ? pm_large_new(n) : NULL;
        if (!w->targets || !w->weights || !r->row || !r->of.delay || (r->n_receptors > 1 && !r->receptor) ||
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

/* From the delays of the projections in turn to different ones, and where they are. */
static pm_status rank_delays(pm_building *r, size_t n_all, pm_error *error) {
    double *own = malloc((n_all + 1) * sizeof *own);
    r->delay_at = malloc((n_all + 1) * sizeof *r->delay_at);
    if (!own || !r->delay_at) {
        free(own);
        return pm_fail_memory(error, "the delays");
    }
    memcpy(own, r->delays, n_all * sizeof *own);
    qsort(r->delays, n_all, sizeof *r->delays, compare_delays);
    uint32_t n = 0;
    for (size_t k = 0; k < n_all; k++)
        if (k == 0 || r->delays[k] > r->delays[n - 1])
            r->delays[n++] = r->delays[k];
    for (size_t k = 0; k < n_all; k++) {
        uint32_t low = 0, high = n;
        while (high - low > 1) {
            const uint32_t middle = low + (high - low) / 2;
            if (r->delays[middle] <= own[k])
                low = middle;
            else
                high = middle;
        }
        r->delay_at[k] = low;
    }
    r->n_delays = n > 0 ? n : 1;
    if (r->width == 2 && n <= UINT8_MAX + 1)
        r->width = 1;
    free(own);
    return PM_OK;
}

pm_status pm_building_list_delays(pm_building *r, pm_error *error) {
    const pm_network *net = r->network;
    size_t n = 0;
    r->width = pm_delay_width(net, &n);
    r->delays = calloc(n + 1, sizeof *r->delays);
    if (!r->delays)
        return pm_fail_memory(error, "the delays");
    for (size_t k = 0, at = 0; at < n; k++)
        for (size_t step = 0, more = pm_different_delays(&net->projections[k]); at < n && step < more; step++, at++) {
            const pm_distribution *delay = &net->projections[k].delay;
            r->delays[at] = delay->a;
            if (pm_is_in_steps(delay)) {
                const pm_steps steps = pm_steps_of(delay);
                r->delays[at] = pm_steps_value(&steps, (double)step);
            }
        }
    return rank_delays(r, n, error);
}

/* --- bundles --- */

pm_status pm_building_bundle(pm_building *r, const pm_exchange *exchange, pm_error *error) {
    const pm_network *net = r->network;
    const pm_wiring *w = r->wiring;
    double *out = calloc(net->n_populations + 1, sizeof *out); /* synapses of a population */
    r->shift = calloc(net->n_populations + 1, sizeof *r->shift);
    r->first_bundle = calloc(net->n_populations + 1, sizeof *r->first_bundle);
    if (!out || !r->shift || !r->first_bundle) {
        free(out);
        return pm_fail_memory(error, "the rows of synapses");
    }
    for (size_t k = 0; k < net->n_projections; k++)
        out[net->projections[k].from] += pm_projection_synapses(net, &net->projections[k], exchange);
    for (size_t p = 0; p < net->n_populations; p++) {
        const uint32_t size = net->populations[p].size;
        while (2 << r->shift[p] <= PM_BUNDLE_ROWS && out[p] / size * (2 << r->shift[p]) <= MOST_BUNDLED)
            r->shift[p]++;
        r->first_bundle[p] = (uint32_t)r->n_bundles;
        r->n_bundles += ((size_t)size + (1u << r->shift[p]) - 1) >> r->shift[p];
    }
    free(out);
    r->bundles = malloc((r->n_bundles + 1) * sizeof *r->bundles);
    if (!r->bundles)
        return pm_fail_memory(error, "the rows of synapses");
    for (size_t p = 0, b = 0; p < net->n_populations; p++)
        for (uint32_t n = w->first_neuron[p]; n < w->first_neuron[p + 1]; n += 1u << r->shift[p])
            r->bundles[b++].row = n;
    r->bundles[r->n_bundles].row = w->n_neurons;
    return PM_OK;
}
