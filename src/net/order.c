/* Bundles are taken apart into rows, these put into the order (delay, class of target, receptor, type, target,
 * drawing), and their groups are made.
 *
 * Every synapse gets a key of 32 bits that never descends along that order, up to the target: the number of its delay,
 * class, receptor and type, or the leading bits of its delay where delays are not numbered. Sorting by key, digit by
 * digit, keeps the order of drawing, in which targets mostly ascend already; the few runs of equal keys that are not in
 * order yet are sorted by comparing. Bundles are independent of each other: each part of the work has its own. */
#include "net/rows.h"

#include "base/large.h"
#include "base/list.h"
#include "net/population.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, N_DIGITS = 1 << DIGIT }; /* bits; values */

typedef struct item {
    uint32_t key, at; /* at: place in the row before sorting */
} item;

/* One synapse where keys do not decide. */
typedef struct full {
    double delay;
    uint32_t class, receptor, type, target, at;
} full;

/* One part of the work. */
typedef struct sorter {
    pm_building *rows;
    size_t first, last;       /* bundles, the last one excluded */
    uint32_t begin, end;      /* rows */
    PM_LIST(uint32_t) places; /* of the synapses of a bundle, once it is taken apart */
    PM_LIST(item) items, others;
    PM_LIST(full) ties;
    PM_LIST(double) values; /* room for what is moved */
    pm_group *groups;       /* of the part's first row */
    uint64_t n_groups;
    bool memory;
} sorter;

static full full_of(const pm_building *r, uint64_t k, uint64_t begin) {
    const uint32_t target = r->wiring->targets[k];
    return (full){pm_delay_of(r, k),    r->wiring->cell_class[target], pm_receptor_of(r, k), pm_type_of(r, k), target,
                  (uint32_t)(k - begin)};
}

/* Below 0: a comes before b; 0: their targets and all before are equal. */
static int compare(const full *a, const full *b) {
    if (a->delay != b->delay)
        return a->delay < b->delay ? -1 : 1;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    if (a->receptor != b->receptor)
        return a->receptor < b->receptor ? -1 : 1;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return a->target < b->target ? -1 : a->target > b->target;
}

static int compare_fully(const void *left, const void *right) {
    const full *a = left, *b = right;
    const int order = compare(a, b);
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

/* --- keys --- */

/* Whether delay, class, receptor and type fit into a key. */
static bool keys_are_whole(const pm_building *r) {
    return r->width != 8 &&
           (double)r->n_delays * r->wiring->n_classes * r->n_receptors * (double)r->wiring->types.count <= UINT32_MAX;
}

/* Whether a row is one group. */
static bool all_alike(const pm_building *r) {
    return keys_are_whole(r) && r->n_delays == 1 && r->wiring->n_classes == 1 && r->n_receptors == 1 &&
           r->wiring->types.count == 1;
}

static uint32_t whole_key(const pm_building *r, uint64_t k) {
    const uint32_t rank = r->width == 1 ? r->of.place_1[k] : r->width == 2 ? r->of.place_2[k] : 0;
    const uint32_t class = r->wiring->n_classes > 1 ? r->wiring->cell_class[r->wiring->targets[k]] : 0;
    const uint32_t key = (rank * r->wiring->n_classes + class) * r->n_receptors + pm_receptor_of(r, k);
    return key * (uint32_t)r->wiring->types.count + pm_type_of(r, k);
}

static uint64_t bits_of(double delay) {
    uint64_t bits;
    delay += 0.0; /* -0 is 0 */
    memcpy(&bits, &delay, sizeof bits);
    return bits;
}

/* The leading bits of what a delay has above the shortest of the row: bits of doubles that are not negative ascend with
 * them. */
static void key_by_delay(const pm_building *r, uint64_t begin, uint32_t n, item *items) {
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t k = 0; k < n; k++) {
        const uint64_t bits = bits_of(pm_delay_of(r, begin + k));
        least = bits < least ? bits : least;
        most = bits > most ? bits : most;
    }
    unsigned shift = 0;
    while ((most - least) >> shift > UINT32_MAX)
        shift++;
    for (uint32_t k = 0; k < n; k++)
        items[k] = (item){(uint32_t)((bits_of(pm_delay_of(r, begin + k)) - least) >> shift), k};
}

/* --- sorting a row --- */

/* By one digit of the key, keeping the order of equal ones. `most`: the largest key. */
static void sort_by_digit(const item *from, item *to, uint32_t n, unsigned shift, uint32_t most) {
    const size_t n_digits = most >> shift < N_DIGITS ? (most >> shift) + 1 : N_DIGITS;
    uint32_t place[N_DIGITS + 1];
    memset(place, 0, (n_digits + 1) * sizeof *place);
    for (uint32_t k = 0; k < n; k++)
        place[(from[k].key >> shift & (N_DIGITS - 1)) + 1]++;
    for (size_t d = 1; d < n_digits; d++)
        place[d] += place[d - 1];
    for (uint32_t k = 0; k < n; k++)
        to[place[from[k].key >> shift & (N_DIGITS - 1)]++] = from[k];
}

/* Few ones. */
static void insert(item *items, uint32_t n) {
    for (uint32_t k = 1; k < n; k++) {
        const item moving = items[k];
        uint32_t at = k;
        for (; at > 0 && items[at - 1].key > moving.key; at--)
            items[at] = items[at - 1];
        items[at] = moving;
    }
}

static void sort_by_key(sorter *s, uint32_t n) {
    enum { FEW = 64 };
    uint32_t most = 0;
    item *from = s->items.items, *to = s->others.items;
    if (n <= FEW) {
        insert(from, n);
        return;
    }
    for (uint32_t k = 0; k < n; k++)
        most = from[k].key > most ? from[k].key : most;
    for (unsigned shift = 0; shift < 32 && most >> shift > 0; shift += DIGIT) {
        sort_by_digit(from, to, n, shift, most);
        item *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != s->items.items)
        memcpy(s->items.items, from, n * sizeof *from);
}

/* Whether items of equal keys are in order; where keys are whole they differ by their targets alone. */
static bool is_in_order(const sorter *s, uint64_t begin, uint32_t from, uint32_t to, bool whole) {
    const pm_building *r = s->rows;
    const item *items = s->items.items;
    const uint32_t *target = r->wiring->targets + begin;
    bool sorted = true;
    for (uint32_t k = from + 1; whole && k < to; k++)
        sorted &= target[items[k - 1].at] <= target[items[k].at];
    if (whole)
        return sorted;
    full before = full_of(r, begin + items[from].at, begin);
    for (uint32_t k = from + 1; sorted && k < to; k++) {
        const full next = full_of(r, begin + items[k].at, begin);
        sorted = compare(&before, &next) <= 0;
        before = next;
    }
    return sorted;
}

/* What keys have left open in [from, to) of the items: by comparing, if it is not in order. */
static void sort_run(sorter *s, uint64_t begin, uint32_t from, uint32_t to, bool whole) {
    const pm_building *r = s->rows;
    item *items = s->items.items;
    if (is_in_order(s, begin, from, to, whole))
        return;
    for (uint32_t k = from; k < to; k++)
        s->ties.items[k - from] = full_of(r, begin + items[k].at, begin);
    qsort(s->ties.items, to - from, sizeof *s->ties.items, compare_fully);
    for (uint32_t k = from; k < to; k++)
        items[k].at = s->ties.items[k - from].at;
}

/* `size` is a constant of every call: of an item of the array, bytes. */
static inline __attribute__((always_inline)) void move_array(sorter *s, void *array, size_t size, uint64_t begin,
                                                             size_t n) {
    unsigned char *own = (unsigned char *)array + begin * size, *moved = (unsigned char *)s->values.items;
    for (size_t k = 0; k < n; k++)
        memcpy(moved + k * size, own + s->items.items[k].at * size, size);
    memcpy(own, moved, n * size);
}

typedef void rearrange(sorter *s, void *array, size_t size, uint64_t begin, size_t n);

/* Every array of a row or a bundle. */
static inline __attribute__((always_inline)) void rearrange_all(sorter *s, rearrange *by, uint64_t begin, size_t n) {
    const pm_building *r = s->rows;
    by(s, r->wiring->targets, sizeof(uint32_t), begin, n);
    by(s, r->wiring->weights, sizeof(double), begin, n);
    if (r->width == 1)
        by(s, r->of.place_1, 1, begin, n);
    if (r->width == 2)
        by(s, r->of.place_2, 2, begin, n);
    if (r->width == 8)
        by(s, r->of.delay, sizeof(double), begin, n);
    if (r->receptor)
        by(s, r->receptor, 1, begin, n);
    if (r->type)
        by(s, r->type, 1, begin, n);
}

/* Where synapses differ by their targets alone, most rows are in order as they are. */
static bool targets_ascend(const pm_building *r, uint64_t begin, uint32_t n) {
    const uint32_t *target = r->wiring->targets + begin;
    bool ascend = true;
    for (uint32_t k = 1; k < n; k++)
        ascend = ascend && target[k - 1] <= target[k];
    return ascend;
}

/* How many groups it has, or 0: they are to be counted. */
static uint32_t sort_row(sorter *s, uint64_t begin, uint32_t n) {
    const pm_building *r = s->rows;
    const bool whole = keys_are_whole(r);
    item *items = s->items.items;
    if (all_alike(r) && targets_ascend(r, begin, n))
        return 1;
    for (uint32_t k = 0; whole && k < n; k++)
        items[k] = (item){whole_key(r, begin + k), k};
    if (!whole)
        key_by_delay(r, begin, n, items);
    sort_by_key(s, n);
    bool moved = false;
    uint32_t n_keys = 0;
    for (uint32_t from = 0, to = 0; from < n; from = to, n_keys++) {
        while (to < n && items[to].key == items[from].key)
            to++;
        sort_run(s, begin, from, to, whole);
    }
    for (uint32_t k = 0; !moved && k < n; k++)
        moved = items[k].at != k;
    if (moved)
        rearrange_all(s, move_array, begin, n);
    return whole ? n_keys : 0;
}

/* --- taking a bundle apart --- */

/* `size` as above. */
static inline __attribute__((always_inline)) void part_array(sorter *s, void *array, size_t size, uint64_t begin,
                                                             size_t n) {
    unsigned char *own = (unsigned char *)array + begin * size, *moved = (unsigned char *)s->values.items;
    const uint32_t *place = s->places.items;
    for (size_t k = 0; k < n; k++)
        memcpy(moved + place[k] * size, own + k * size, size);
    memcpy(own, moved, n * size);
}

/* Where each row of a bundle begins, and where its synapses go. */
static void find_places(sorter *s, const pm_bundle *bundle) {
    const pm_building *r = s->rows;
    const uint8_t *row = r->row + bundle->begin;
    const uint32_t n_rows = bundle[1].row - bundle->row;
    const size_t n = bundle[1].begin - bundle->begin;
    uint32_t next[PM_BUNDLE_ROWS + 1] = {0};
    for (size_t k = 0; k < n; k++)
        next[row[k] + 1]++;
    for (uint32_t k = 0; k < n_rows; k++) {
        next[k + 1] += next[k];
        r->begin[bundle->row + k] = bundle->begin + next[k];
    }
    for (size_t k = 0; k < n; k++)
        s->places.items[k] = next[row[k]]++;
}

/* Keeps the order of what is in one row. */
static bool take_apart(sorter *s, const pm_bundle *bundle) {
    const pm_building *r = s->rows;
    const uint64_t begin = bundle->begin;
    const size_t n = bundle[1].begin - begin;
    if (bundle[1].row == bundle->row + 1 || n == 0) {
        for (uint32_t row = bundle->row; row < bundle[1].row; row++)
            r->begin[row] = begin;
        return true;
    }
    if (!PM_LIST_RESERVE(s->places, n) || !PM_LIST_RESERVE(s->values, n))
        return false;
    find_places(s, bundle);
    rearrange_all(s, part_array, begin, n);
    return true;
}

/* --- groups --- */

static pm_group new_group(const full *first, uint64_t begin) {
    return (pm_group){.delay = first->delay,
                      .begin = begin & PM_MOST_SYNAPSES,
                      .class = first->class & (PM_MOST_CLASSES - 1),
                      .receptor = first->receptor & (PM_MOST_RECEPTORS - 1)};
}

/* Counts the groups of a row and, when `groups` is given, writes them. */
static uint64_t group_row(const pm_building *r, uint64_t begin, uint64_t end, pm_group *groups) {
    uint64_t n = 0;
    full before = {0};
    if (all_alike(r) && end > begin + 1) {
        (void)group_row(r, begin, begin + 1, groups);
        return 1;
    }
    const bool whole = keys_are_whole(r);
    uint32_t key_before = 0;
    for (uint64_t k = begin; k < end; k++) {
        const uint32_t key = whole ? whole_key(r, k) : 0;
        if (whole && k > begin && key == key_before)
            continue;
        key_before = key;
        const full next = full_of(r, k, begin);
        if (k == begin || whole || next.delay != before.delay || next.class != before.class ||
            next.receptor != before.receptor || next.type != before.type) {
            if (groups)
                groups[n] = new_group(&next, k);
            if (groups && r->wiring->type_of)
                r->wiring->type_of[(groups - r->wiring->groups) + (ptrdiff_t)n] = (uint8_t)next.type;
            n++;
        }
        before = next;
    }
    return n;
}

static bool sort_bundle(sorter *s, const pm_bundle *bundle) {
    const pm_building *r = s->rows;
    if (!take_apart(s, bundle))
        return false;
    for (uint32_t row = bundle->row; row < bundle[1].row; row++) {
        const uint64_t begin = r->begin[row], end = row + 1 < bundle[1].row ? r->begin[row + 1] : bundle[1].begin;
        const uint64_t n = end - begin;
        if (!PM_LIST_RESERVE(s->items, n) || !PM_LIST_RESERVE(s->others, n) || !PM_LIST_RESERVE(s->ties, n) ||
            !PM_LIST_RESERVE(s->values, n))
            return false;
        const uint32_t n_groups = n > 1 ? sort_row(s, begin, (uint32_t)n) : 0;
        r->wiring->first_group[row] = s->n_groups; /* of the part's */
        s->n_groups += n_groups > 0 ? n_groups : group_row(r, begin, end, NULL);
    }
    return true;
}

static void sort_part(void *user, int number) {
    sorter *s = (sorter *)user + number;
    for (size_t b = s->first; s->memory && b < s->last; b++)
        s->memory = sort_bundle(s, &s->rows->bundles[b]);
}

static void group_part(void *user, int number) {
    const sorter *s = (const sorter *)user + number;
    const pm_building *r = s->rows;
    for (uint32_t row = s->begin; row < s->end; row++) {
        const uint64_t own = r->wiring->first_group[row];
        r->wiring->first_group[row] += (uint64_t)(s->groups - r->wiring->groups);
        group_row(r, r->begin[row], r->begin[row + 1], s->groups + own);
    }
}

static void weigh(pm_wiring *w, uint64_t begin, uint64_t end) {
    for (uint64_t g = begin; g < end; g++) {
        pm_group *group = &w->groups[g];
        const double first = w->weights[group->begin];
        bool positive = false, negative = false, same = true;
        for (uint64_t k = group->begin; k < group[1].begin; k++) {
            positive = positive || w->weights[k] > 0.0;
            negative = negative || w->weights[k] < 0.0;
            same = same && w->weights[k] == first;
        }
        group->equal = same;
        group->sign = positive && negative ? 0 : negative ? -1 : 1;
    }
}

static void weigh_part(void *user, int number) {
    const sorter *s = (const sorter *)user + number;
    const uint64_t begin = (uint64_t)(s->groups - s->rows->wiring->groups);
    weigh(s->rows->wiring, begin, begin + s->n_groups);
}

void pm_wiring_weigh(pm_wiring *w) { weigh(w, 0, w->groups ? w->n_groups : 0); }

/* --- as a whole --- */

/* Bundles of about the same number of synapses in all. */
static void divide(pm_building *r, sorter *sorters) {
    const pm_wiring *w = r->wiring;
    size_t b = 0;
    for (size_t k = 0; k < r->n_parts; k++) {
        const double until = (double)w->n_synapses * (double)(k + 1) / (double)r->n_parts;
        sorters[k] = (sorter){.rows = r, .first = b, .begin = r->bundles[b].row, .memory = true};
        while (b < r->n_bundles && (k + 1 == r->n_parts || (double)r->bundles[b].begin < until))
            b++;
        sorters[k].last = b;
        sorters[k].end = r->bundles[b].row;
    }
    r->begin[w->n_neurons] = w->n_synapses;
}

static void list_delays(void *user, int number) {
    const sorter *s = (const sorter *)user + number;
    for (uint64_t k = s->rows->begin[s->begin]; k < s->rows->begin[s->end]; k++)
        s->rows->wiring->delays[k] = pm_delay_of(s->rows, k);
}

/* Every synapse is a group. */
static pm_status keep_single(pm_building *r, sorter *sorters, pm_team *team, pm_error *error) {
    pm_wiring *w = r->wiring;
    w->n_groups = w->n_synapses;
    memcpy(w->first_group, r->begin, ((size_t)w->n_neurons + 1) * sizeof *w->first_group);
    w->receptors = r->receptor;
    r->receptor = NULL;
    if (r->width == 8) {
        w->delays = r->of.delay;
        r->of.delay = NULL;
        return PM_OK;
    }
    w->delays = pm_large_new((w->n_synapses + 1) * sizeof *w->delays);
    if (!w->delays)
        return pm_fail_memory(error, "the delays of synapses");
    pm_team_run(team, list_delays, sorters);
    return PM_OK;
}

static pm_status make_groups(pm_building *r, sorter *sorters, pm_team *team, pm_error *error) {
    pm_wiring *w = r->wiring;
    w->groups = pm_large_new((w->n_groups + 1) * sizeof *w->groups);
    w->type_of = w->types.count > 1 ? pm_large_new(w->n_groups + 1) : NULL;
    if (!w->groups || (w->types.count > 1 && !w->type_of))
        return pm_fail_memory(error, "the groups of synapses");
    pm_group *next = w->groups;
    for (size_t k = 0; k < r->n_parts; k++) {
        sorters[k].groups = next;
        next += sorters[k].n_groups;
    }
    w->groups[w->n_groups] = (pm_group){.begin = w->n_synapses & PM_MOST_SYNAPSES};
    w->first_group[w->n_neurons] = w->n_groups;
    pm_team_run(team, group_part, sorters);
    pm_team_run(team, weigh_part, sorters);
    return PM_OK;
}

pm_status pm_building_order(pm_building *r, pm_team *team, pm_error *error) {
    for (size_t b = 0; b < r->n_bundles; b++)
        if (r->bundles[b + 1].begin - r->bundles[b].begin > UINT32_MAX)
            return pm_fail(error, PM_INVALID, "a neuron or some neighbours have more than %u synapses", UINT32_MAX);
    sorter *sorters = calloc(r->n_parts, sizeof *sorters);
    if (!sorters)
        return pm_fail_memory(error, "sorting synapses");
    divide(r, sorters);
    pm_team_run(team, sort_part, sorters);
    pm_wiring *w = r->wiring;
    bool memory = true;
    for (size_t k = 0; k < r->n_parts; k++) {
        memory = memory && sorters[k].memory;
        w->n_groups += sorters[k].n_groups;
    }
    const bool single = w->types.count == 1 && pm_groups_are_single((double)w->n_groups, (double)w->n_synapses);
    free(r->row);
    r->row = NULL;
    const pm_status status = memory ? (single ? keep_single : make_groups)(r, sorters, team, error)
                                    : pm_fail_memory(error, "sorting synapses");
    for (size_t k = 0; k < r->n_parts; k++) {
        free(sorters[k].places.items);
        free(sorters[k].items.items);
        free(sorters[k].others.items);
        free(sorters[k].ties.items);
        free(sorters[k].values.items);
    }
    free(sorters);
    return status;
}
