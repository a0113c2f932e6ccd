/* Sorting synapses into rows. The first walk over the projections (walk.h) counts, the second fills the rows; nothing
 * is kept in between. Until rows are sorted every synapse needs its delay: where a network has few different ones, that
 * is a number of one or two bytes, or nothing. Where a neuron has several receptors, every synapse needs its own, a
 * byte. */
#include "net/wiring.h"

#include "model/neuron.h"
#include "net/distribution.h"
#include "net/need.h"
#include "net/limits.h"
#include "net/mark.h"
#include "net/population.h"
#include "net/steps.h"
#include "net/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* First walk: sizes of rows, delays of projections. */
typedef struct counter {
    uint64_t *row;
    double min_delay, min_positive_delay;
    double unusable; /* a weight that is too large, or 0 */
} counter;

static void count_synapse(void *user, uint32_t source, uint32_t target, double weight, double delay) {
    (void)target;
    counter *c = user;
    if (!pm_weight_fits(weight))
        c->unusable = weight;
    c->row[source]++;
    c->min_delay = fmin(c->min_delay, delay);
    if (delay > 0.0)
        c->min_positive_delay = fmin(c->min_positive_delay, delay);
}

/* The delay and the receptor of every synapse while rows are made. */
typedef struct delays {
    size_t width;  /* bytes of an entry: 8 for the delay itself in ms, 1 or 2 for a place in `value`, 0 if all are the
                      same */
    double *value; /* ms: those of one projection after those of the other */
    union {
        uint8_t *place_1;
        uint16_t *place_2;
        double *delay;
    } of;
    uint8_t *receptor; /* of every synapse; NULL: all are 0 */
} delays;

static double delay_of(const delays *d, uint64_t synapse) {
    switch (d->width) {
    case 0:
        return d->value[0];
    case 1:
        return d->value[d->of.place_1[synapse]];
    case 2:
        return d->value[d->of.place_2[synapse]];
    default:
        return d->of.delay[synapse];
    }
}

static uint32_t place_of(const delays *d, uint64_t synapse) {
    return d->width == 1 ? d->of.place_1[synapse] : d->width == 2 ? d->of.place_2[synapse] : 0;
}

static uint32_t receptor_of(const delays *d, uint64_t synapse) { return d->receptor ? d->receptor[synapse] : 0; }

static void put_delay(delays *d, uint64_t synapse, double delay, uint32_t place) {
    if (d->width == 1)
        d->of.place_1[synapse] = (uint8_t)place;
    else if (d->width == 2)
        d->of.place_2[synapse] = (uint16_t)place;
    else if (d->width == 8)
        d->of.delay[synapse] = delay;
}

static pm_status delays_new(delays *d, const pm_network *net, uint64_t n_synapses, pm_error *error) {
    size_t n = 0;
    d->width = pm_delay_width(net, &n);
    d->value = malloc((n + 1) * sizeof *d->value);
    if (!d->value)
        return pm_fail_memory(error, "the delays");
    for (size_t k = 0, at = 0; at < n; k++)
        for (size_t step = 0, more = pm_different_delays(&net->projections[k]); step < more; step++, at++) {
            const pm_distribution *delay = &net->projections[k].delay;
            d->value[at] = delay->a;
            if (delay->kind == PM_UNIFORM_STEPS) {
                const pm_steps steps = pm_steps_of(delay);
                d->value[at] = pm_steps_value(&steps, (double)step);
            }
        }
    void *places = malloc((n_synapses + 1) * d->width + 1);
    d->of.delay = places;
    bool receptors = false;
    for (size_t k = 0; k < net->n_projections; k++)
        receptors = receptors || net->projections[k].receptor > 0;
    if (receptors)
        d->receptor = malloc(n_synapses + 1);
    return places && (d->receptor || !receptors) ? PM_OK : pm_fail_memory(error, "the delays");
}

static void delays_free(delays *d) {
    free(d->value);
    free(d->of.delay);
    free(d->receptor);
}

/* Second walk: fills the rows. */
typedef struct filler {
    uint64_t *next; /* where the next synapse of each source goes */
    uint32_t first_target;
    uint32_t *targets;
    double *weights;
    delays *delays;
    const pm_distribution *delay;
    uint32_t place; /* in delays->value: that of the projection's first delay */
    uint8_t receptor;
    uint64_t *number; /* NULL, or that of the next synapse, which it gets in place of its weight */
} filler;

static void fill_synapse(void *user, uint32_t source, uint32_t target, double weight, double delay) {
    filler *f = user;
    uint64_t at = f->next[source]++;
    f->targets[at] = f->first_target + target;
    f->weights[at] = f->number ? (double)(*f->number)++ : weight;
    uint32_t step = 0;
    if (f->delay->kind == PM_UNIFORM_STEPS)
        step = (uint32_t)((delay - f->delay->a) / f->delay->step + 0.5);
    put_delay(f->delays, at, delay, f->place + step);
    if (f->delays->receptor)
        f->delays->receptor[at] = f->receptor;
}

typedef struct sort_item {
    double delay, weight;
    uint32_t place; /* in the order of drawing: ties stay in it */
    uint32_t delay_place;
    uint32_t class, target;
    uint32_t receptor;
} sort_item;

static int compare_items(const void *left, const void *right) {
    const sort_item *a = left, *b = right;
    if (a->delay != b->delay)
        return a->delay < b->delay ? -1 : 1;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    if (a->receptor != b->receptor)
        return a->receptor < b->receptor ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* The last population whose first number is not above `number`. */
static uint32_t population_of(const uint32_t *first, size_t n_populations, uint32_t number) {
    uint32_t low = 0, high = (uint32_t)n_populations;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (first[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t pm_wiring_population_of_neuron(const pm_wiring *wiring, const pm_network *network, uint32_t neuron) {
    return population_of(wiring->first_neuron, network->n_populations, neuron);
}

uint32_t pm_wiring_population_of_cell(const pm_wiring *wiring, const pm_network *network, uint32_t cell) {
    return population_of(wiring->first_cell, network->n_populations, cell);
}

/* Sorts one row and, when `groups` is given, writes its groups; returns their number. */
static uint64_t group_row(pm_wiring *w, const uint32_t *cell_class, const delays *d, uint64_t begin, uint64_t end,
                          pm_group *groups) {
    uint64_t n = 0;
    double before = NAN;
    for (uint64_t k = begin; k < end; k++) {
        uint32_t class = cell_class[w->targets[k]];
        double delay = delay_of(d, k);
        uint32_t receptor = receptor_of(d, k);
        if (k == begin || delay != before || class != cell_class[w->targets[k - 1]] ||
            receptor != receptor_of(d, k - 1)) {
            if (groups)
                groups[n] = (pm_group){.delay = delay, .begin = k, .class = class, .receptor = (uint16_t)receptor};
            n++;
        }
        before = delay;
    }
    return n;
}

void pm_wiring_weigh(pm_wiring *w) {
    for (uint64_t g = 0; g < w->n_groups; g++) {
        pm_group *group = &w->groups[g];
        bool positive = false, negative = false;
        group->weight = w->weights[group->begin];
        for (uint64_t k = group->begin; k < w->groups[g + 1].begin; k++) {
            positive = positive || w->weights[k] > 0.0;
            negative = negative || w->weights[k] < 0.0;
            if (w->weights[k] != group->weight)
                group->weight = NAN;
        }
        group->sign = (int16_t)(positive && negative ? 0 : negative ? -1 : 1);
    }
}

static bool row_is_sorted(const pm_wiring *w, const uint32_t *cell_class, const delays *d, uint64_t begin,
                          uint64_t end) {
    for (uint64_t k = begin + 1; k < end; k++) {
        sort_item a = {.delay = delay_of(d, k - 1),
                       .class = cell_class[w->targets[k - 1]],
                       .target = w->targets[k - 1],
                       .receptor = receptor_of(d, k - 1)};
        sort_item b = {.delay = delay_of(d, k),
                       .class = cell_class[w->targets[k]],
                       .target = w->targets[k],
                       .receptor = receptor_of(d, k),
                       .place = 1};
        if (compare_items(&a, &b) > 0)
            return false;
    }
    return true;
}

static void sort_row(pm_wiring *w, const uint32_t *cell_class, delays *d, uint64_t begin, uint64_t end,
                     sort_item *items) {
    if (row_is_sorted(w, cell_class, d, begin, end))
        return;
    for (uint64_t k = begin; k < end; k++)
        items[k - begin] = (sort_item){.delay = delay_of(d, k),
                                       .weight = w->weights[k],
                                       .place = (uint32_t)(k - begin),
                                       .delay_place = place_of(d, k),
                                       .class = cell_class[w->targets[k]],
                                       .target = w->targets[k],
                                       .receptor = receptor_of(d, k)};
    qsort(items, end - begin, sizeof *items, compare_items);
    for (uint64_t k = begin; k < end; k++) {
        put_delay(d, k, items[k - begin].delay, items[k - begin].delay_place);
        if (d->receptor)
            d->receptor[k] = (uint8_t)items[k - begin].receptor;
        w->weights[k] = items[k - begin].weight;
        w->targets[k] = items[k - begin].target;
    }
}

typedef struct pair {
    const pm_population *populations;
    size_t number;
} pair;

static bool has_same_neuron(const void *user, uint32_t other) {
    const pair *p = user;
    bool same = true;
    for (size_t k = 0; same && k < pm_neuron_lif.n_fields; k++)
        same = pm_field_value(&pm_neuron_lif.fields[k], &p->populations[p->number].neuron) ==
               pm_field_value(&pm_neuron_lif.fields[k], &p->populations[other].neuron);
    return same;
}

/* General populations share a class with nobody. */
static pm_status choose_class(pm_wiring *w, const pm_network *net, size_t p, pm_table *plain, pm_error *error) {
    w->class[p] = w->n_classes;
    if (!pm_population_needs_general(net, (uint32_t)p)) {
        const pair wanted = {net->populations, p};
        const uint64_t hash = pm_kind_hash(PM_HASH_START, &pm_neuron_lif, &net->populations[p].neuron);
        const uint32_t other = pm_table_find(plain, hash, has_same_neuron, &wanted);
        if (other != PM_TABLE_NONE)
            w->class[p] = w->class[other];
        else if (!pm_table_reserve(plain))
            return pm_fail_memory(error, "the network");
        else
            pm_table_add(plain, hash, (uint32_t)p);
    }
    w->n_classes += w->class[p] == w->n_classes;
    return PM_OK;
}

static pm_status number_neurons(pm_wiring *w, const pm_network *net, const pm_exchange *exchange, pm_error *error) {
    uint64_t neurons = 0;
    uint32_t cells = 0;
    pm_table plain = {0};
    pm_status status = PM_OK;
    for (size_t p = 0; status == PM_OK && p < net->n_populations; p++) {
        const pm_population *population = &net->populations[p];
        w->first_neuron[p] = (uint32_t)neurons;
        w->first_cell[p] = cells;
        neurons += population->size;
        if (neurons > UINT32_MAX - 2)
            status = pm_fail(error, PM_INVALID, "the network has more than %u neurons", UINT32_MAX - 2);
        if (status != PM_OK || population->kind != PM_LIF)
            continue;
        uint32_t rank = exchange ? exchange->rank : 0;
        w->first_here[p] = pm_share_begin(exchange, rank, population->size);
        cells += pm_share_begin(exchange, rank + 1, population->size) - w->first_here[p];
        status = choose_class(w, net, p, &plain, error);
    }
    pm_table_free(&plain);
    w->first_neuron[net->n_populations] = w->n_neurons = (uint32_t)neurons;
    w->first_cell[net->n_populations] = w->n_cells = cells;
    return status;
}

static void find_drives(pm_wiring *w, const pm_network *net) {
    for (size_t k = net->n_projections; k-- > 0;) {
        const pm_projection *p = &net->projections[k];
        if (net->populations[p->from].kind == PM_POISSON_SOURCE)
            w->drive_receptor[p->to] = p->receptor;
    }
}

/* Goes to a projection, for the targets here. */
static pm_status begin(pm_walk *walk, const pm_wiring *w, size_t number, pm_error *error) {
    const uint32_t to = walk->network->projections[number].to, first = w->first_here[to];
    return pm_walk_begin(walk, number, first, first + (w->first_cell[to + 1] - w->first_cell[to]), error);
}

static pm_status count_rows(pm_wiring *w, pm_walk *walk, uint64_t *row_begin, pm_error *error) {
    const pm_network *net = walk->network;
    for (size_t k = 0; k < net->n_projections; k++) {
        pm_status status = begin(walk, w, k, error);
        if (status != PM_OK)
            return status;
        counter c = {row_begin + 1 + w->first_neuron[net->projections[k].from], INFINITY, INFINITY, 0.0};
        pm_walk_on(walk, count_synapse, &c);
        const pm_projection *p = walk->projection;
        if (c.unusable != 0.0)
            return pm_fail(
                error, PM_INVALID,
                "a weight of %g is drawn for a synapse from '%s' to '%s'; at most %g in magnitude is possible",
                c.unusable, net->populations[p->from].name, net->populations[p->to].name, PM_LARGEST_WEIGHT);
        w->min_delay[k] = c.min_delay;
        w->min_positive_delay[k] = c.min_positive_delay;
    }
    for (uint32_t n = 0; n < w->n_neurons; n++)
        row_begin[n + 1] += row_begin[n];
    w->n_synapses = row_begin[w->n_neurons];
    if (w->n_synapses > SIZE_MAX / sizeof(sort_item))
        return pm_fail_memory(error, "the synapses");
    return PM_OK;
}

static pm_status fill_rows(pm_wiring *w, pm_walk *walk, uint64_t *next, delays *d, uint64_t *first, pm_error *error) {
    size_t place = 0;
    uint64_t number = 0;
    for (size_t k = 0; k < walk->network->n_projections; k++) {
        pm_status status = begin(walk, w, k, error);
        if (status != PM_OK)
            return status;
        const pm_projection *p = walk->projection;
        filler f = {next + w->first_neuron[p->from],
                    w->first_cell[p->to],
                    w->targets,
                    w->weights,
                    d,
                    &p->delay,
                    (uint32_t)place,
                    (uint8_t)p->receptor,
                    first ? &number : NULL};
        if (first)
            first[k] = number;
        pm_walk_on(walk, fill_synapse, &f);
        place += d->width == 1 || d->width == 2 ? pm_different_delays(p) : 0;
    }
    if (first)
        first[walk->network->n_projections] = number;
    return PM_OK;
}

static pm_status group_rows(pm_wiring *w, const uint32_t *cell_class, const uint64_t *row_begin, delays *d,
                            pm_error *error) {
    uint64_t longest = 0;
    for (uint32_t n = 0; n < w->n_neurons; n++)
        longest = row_begin[n + 1] - row_begin[n] > longest ? row_begin[n + 1] - row_begin[n] : longest;
    if (longest > UINT32_MAX)
        return pm_fail(error, PM_INVALID, "a neuron has more than %u synapses", UINT32_MAX);
    sort_item *items = malloc((longest + 1) * sizeof *items);
    if (!items)
        return pm_fail_memory(error, "sorting synapses");
    for (uint32_t n = 0; n < w->n_neurons; n++) {
        sort_row(w, cell_class, d, row_begin[n], row_begin[n + 1], items);
        w->first_group[n] = w->n_groups;
        w->n_groups += group_row(w, cell_class, d, row_begin[n], row_begin[n + 1], NULL);
    }
    free(items);
    w->first_group[w->n_neurons] = w->n_groups;
    w->groups = malloc((w->n_groups + 1) * sizeof *w->groups);
    if (!w->groups)
        return pm_fail_memory(error, "the groups of synapses");
    for (uint32_t n = 0; n < w->n_neurons; n++)
        group_row(w, cell_class, d, row_begin[n], row_begin[n + 1], w->groups + w->first_group[n]);
    w->groups[w->n_groups] = (pm_group){.begin = w->n_synapses};
    pm_wiring_weigh(w);
    return PM_OK;
}

static pm_status build(pm_wiring *w, pm_walk *walk, uint64_t *first, pm_error *error) {
    const pm_network *net = walk->network;
    pm_status status = PM_NO_MEMORY;
    uint64_t *row_begin = calloc((size_t)w->n_neurons + 1, sizeof *row_begin);
    uint64_t *next = malloc(((size_t)w->n_neurons + 1) * sizeof *next);
    uint32_t *cell_class = malloc(((size_t)w->n_cells + 1) * sizeof *cell_class);
    delays d = {0};
    w->first_group = malloc(((size_t)w->n_neurons + 1) * sizeof *w->first_group);
    if (!row_begin || !next || !cell_class || !w->first_group) {
        pm_fail_memory(error, "the rows of synapses");
        goto end;
    }
    for (size_t p = 0; p < net->n_populations; p++)
        for (uint32_t c = w->first_cell[p]; c < w->first_cell[p + 1]; c++)
            cell_class[c] = w->class[p];
    status = count_rows(w, walk, row_begin, error);
    if (status != PM_OK)
        goto end;
    w->targets = malloc((w->n_synapses + 1) * sizeof *w->targets);
    w->weights = malloc((w->n_synapses + 1) * sizeof *w->weights);
    status =
        w->targets && w->weights ? delays_new(&d, net, w->n_synapses, error) : pm_fail_memory(error, "the synapses");
    if (status != PM_OK)
        goto end;
    memcpy(next, row_begin, ((size_t)w->n_neurons + 1) * sizeof *next);
    status = fill_rows(w, walk, next, &d, first, error);
    if (status == PM_OK)
        status = group_rows(w, cell_class, row_begin, &d, error);
end:
    free(row_begin);
    free(next);
    free(cell_class);
    delays_free(&d);
    return status;
}

/* `first`: NULL, or where the number of every projection's first synapse goes; then synapses have numbers as weights.
 */
static pm_status make(const pm_network *network, const pm_exchange *exchange, uint64_t *first, pm_wiring **wiring,
                      pm_error *error) {
    *wiring = NULL;
    pm_status status = pm_network_check_room(network, exchange, error);
    if (status != PM_OK)
        return status;
    pm_wiring *w = calloc(1, sizeof *w);
    if (!w)
        return pm_exchange_agree(exchange, pm_fail_memory(error, "the network"), error);
    size_t np = network->n_populations + 1, nj = network->n_projections + 1;
    w->first_neuron = calloc(np, sizeof *w->first_neuron);
    w->first_cell = calloc(np, sizeof *w->first_cell);
    w->first_here = calloc(np, sizeof *w->first_here);
    w->class = calloc(np, sizeof *w->class);
    w->min_delay = calloc(nj, sizeof *w->min_delay);
    w->min_positive_delay = calloc(nj, sizeof *w->min_positive_delay);
    w->drive_receptor = calloc(np, sizeof *w->drive_receptor);
    pm_walk walk;
    status = pm_walk_new(&walk, network, error);
    if (status == PM_OK &&
        (!w->first_neuron || !w->first_cell || !w->first_here || !w->class || !w->min_delay ||
         !w->min_positive_delay || !w->drive_receptor))
        status = pm_fail_memory(error, "the network");
    if (status == PM_OK)
        status = number_neurons(w, network, exchange, error);
    if (status == PM_OK) {
        find_drives(w, network);
        status = build(w, &walk, first, error);
    }
    status = pm_exchange_agree(exchange, status, error);
    if (status == PM_OK && exchange) {
        exchange->least(exchange->user, w->min_delay, network->n_projections);
        exchange->least(exchange->user, w->min_positive_delay, network->n_projections);
    }
    pm_walk_free(&walk);
    if (status == PM_OK)
        *wiring = w;
    else
        pm_wiring_free(w);
    return status;
}

pm_status pm_wiring_new(const pm_network *network, pm_wiring **wiring, pm_error *error) {
    return make(network, NULL, NULL, wiring, error);
}

pm_status pm_wiring_share(const pm_network *network, const pm_exchange *exchange, pm_wiring **wiring, pm_error *error) {
    return make(network, exchange, NULL, wiring, error);
}

pm_status pm_wiring_numbers(const pm_network *network, uint64_t *first, pm_wiring **wiring, pm_error *error) {
    return make(network, NULL, first, wiring, error);
}

void pm_wiring_free(pm_wiring *wiring) {
    if (!wiring)
        return;
    free(wiring->first_neuron);
    free(wiring->first_cell);
    free(wiring->first_here);
    free(wiring->class);
    free(wiring->min_delay);
    free(wiring->min_positive_delay);
    free(wiring->drive_receptor);
    free(wiring->first_group);
    free(wiring->groups);
    free(wiring->targets);
    free(wiring->weights);
    free(wiring);
}
