/* Every Poisson neuron has random streams of its own (model/poisson.h), so its spikes depend on the seed, the
 * population's name and its number only. Of each neuron the next spikes are known, up to seven of the cell in which it
 * is, so that a cell is seldom drawn twice. A tree of the earliest next spikes, sixteen branches at each node, leads to
 * the neurons that fire: what a spike costs depends neither on slabs nor, but for the depth of the tree, on the number
 * of neurons. Injected spikes wait in a list sorted by time. Invariants: no spike below a node of the tree comes before
 * its time; next_time[n] is spike number `at` of the cell, and among the seven of its outlook, where that
 * knows the cell. */
#include "sim/sources.h"

#include "base/random.h"
#include "model/poisson.h"
#include "model/rate_course.h"
#include "net/spikes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FAN = 16, LEVELS = 9, AHEAD = 7 };

/* A line of the cache: what is known of the cell of a neuron. */
typedef struct outlook {
    double times[AHEAD];     /* ms, of a part of its spikes */
    unsigned char at, count; /* number of the next spike, in order; of all spikes, 0: not known */
} outlook;
_Static_assert(sizeof(outlook) == 64, "a line of the cache");

typedef struct source {
    size_t next_event; /* PM_SPIKE_SOURCE */
    double *next_time; /* PM_POISSON_SOURCE, ms */
    uint64_t *cell;    /* in which that lies */
    outlook *ahead;
    double *level[LEVELS]; /* of the tree, ms; the lowest is next_time */
    size_t size[LEVELS];   /* nodes; of the highest: 1 */
    size_t n_levels;
    pm_poisson *poisson;
    const pm_population *population;
} source;

struct pm_sources {
    const pm_network *network;
    source *source; /* per population */
    pm_spike_list collected, injected;
    size_t next_injected;
    bool disordered; /* injected spikes that wait are to be sorted before anybody looks at them */
    double end; /* of the last collection, ms */
};

/* Into the list, which is sorted. */
static bool insert(pm_spike_list *list, pm_spike spike) {
    if (!PM_LIST_ADD(*list, spike))
        return false;
    size_t at = list->count - 1;
    for (; at > 0 && pm_compare_spikes(&spike, &list->items[at - 1]) < 0; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = spike;
    return true;
}

/* Injected spikes, those that wait in order. */
static pm_spike_list *sorted_injected(pm_sources *sources) {
    if (sources->disordered)
        pm_spikes_sort(&sources->injected, sources->next_injected);
    sources->disordered = false;
    return &sources->injected;
}

/* The spikes of a cell in order. */
static size_t draw_cell(const source *s, uint32_t neuron, uint64_t cell, double times[PM_POISSON_MOST]) {
    size_t n = pm_poisson_draw(s->poisson, neuron, cell, times);
    for (size_t k = 1; k < n; k++) {
        double time = times[k];
        size_t at = k;
        for (; at > 0 && times[at - 1] > time; at--)
            times[at] = times[at - 1];
        times[at] = time;
    }
    const pm_rate_course *course = &s->population->course;
    if (pm_rate_course_changes(course))
        n = pm_rate_course_thin(course, s->population->rate, s->poisson->key, neuron, cell, times, n);
    return n;
}

static const uint64_t SKIPPED = UINT64_MAX;
static const double LATEST = 0x1p53; /* ms; what comes later never comes */

/* Spike number `at` of the n of a cell is the next one. */
static void look_ahead(source *s, uint32_t neuron, const double times[PM_POISSON_MOST], size_t n, size_t at) {
    const size_t first = at / AHEAD * AHEAD, end = n - first < AHEAD ? n : first + AHEAD;
    outlook *ahead = &s->ahead[neuron];
    ahead->at = (unsigned char)at;
    ahead->count = (unsigned char)n;
    s->next_time[neuron] = times[at];
    memcpy(ahead->times, times + first, (end - first) * sizeof *times);
}

/* The first spike from a cell on. Stretches without a rate are not drawn. */
static void find_spike(source *s, uint32_t neuron, uint64_t cell) {
    double times[PM_POISSON_MOST];
    const double width = s->poisson->width;
    s->next_time[neuron] = INFINITY;
    double next = pm_rate_course_next(&s->population->course, (double)cell * width);
    while (next < LATEST) {
        s->cell[neuron] = cell = (uint64_t)(next / width);
        const size_t n = draw_cell(s, neuron, cell, times);
        if (n > 0) {
            look_ahead(s, neuron, times, n, 0);
            return;
        }
        next = pm_rate_course_next(&s->population->course, (double)(cell + 1) * width);
    }
}

/* From the next spike of a neuron to the one after it. */
static void go_on(source *s, uint32_t neuron) {
    double times[PM_POISSON_MOST];
    outlook *ahead = &s->ahead[neuron];
    size_t at = ahead->at + (size_t)1, n = ahead->count;
    const bool known = n > 0;
    if (at < n && at % AHEAD != 0) {
        ahead->at = (unsigned char)at;
        s->next_time[neuron] = ahead->times[at % AHEAD];
        return;
    }
    if (!known || at < n)
        n = draw_cell(s, neuron, s->cell[neuron], times);
    for (at = known ? at : 0; !known && at < n && times[at] <= s->next_time[neuron];)
        at++;
    if (at < n)
        look_ahead(s, neuron, times, n, at);
    else
        find_spike(s, neuron, s->cell[neuron] + 1);
}

static void find_least(source *s, size_t level, size_t node) {
    const double *below = s->level[level - 1];
    const size_t end = (node + 1) * FAN < s->size[level - 1] ? (node + 1) * FAN : s->size[level - 1];
    double least = INFINITY;
    for (size_t n = node * FAN; n < end; n++)
        least = below[n] < least ? below[n] : least;
    s->level[level][node] = least;
}

/* Of the nodes above a neuron. */
static void find_leasts(source *s, size_t node) {
    for (size_t level = 1; level < s->n_levels; level++)
        find_least(s, level, node /= FAN);
}

static void find_all(source *s) {
    for (size_t level = 1; level < s->n_levels; level++)
        for (size_t node = 0; node < s->size[level]; node++)
            find_least(s, level, node);
}

static double soonest(const source *s) { return s->level[s->n_levels - 1][0]; }

/* A neuron that fires before `end`, where there is one. */
static uint32_t find_due(const source *s, double end) {
    size_t at = 0;
    for (size_t level = s->n_levels - 1; level-- > 0;)
        for (at *= FAN; !(s->level[level][at] < end);)
            at++;
    return (uint32_t)at;
}

void pm_sources_reset(pm_sources *sources) {
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        source *s = &sources->source[p];
        s->next_event = 0;
        for (uint32_t n = 0; s->next_time && n < sources->network->populations[p].size; n++) {
            if (s->cell[n] != SKIPPED)
                find_spike(s, n, 0);
        }
        if (s->next_time)
            find_all(s);
    }
    sources->injected.count = sources->next_injected = sources->collected.count = 0;
    sources->disordered = false;
    sources->end = 0.0;
}

uint64_t pm_source_key(const pm_network *network, size_t population) {
    const char *words[] = {"poisson", network->populations[population].name};
    return pm_stream_key(network->seed, words, 2);
}

static bool make_source(source *s, size_t size) {
    s->next_time = calloc(size, sizeof *s->next_time);
    s->cell = calloc(size, sizeof *s->cell);
    s->ahead = aligned_alloc(sizeof *s->ahead, size * sizeof *s->ahead);
    s->poisson = malloc(sizeof *s->poisson);
    s->level[0] = s->next_time;
    s->size[0] = size;
    bool memory = s->next_time && s->cell && s->ahead && s->poisson;
    for (s->n_levels = 1; memory && (s->n_levels == 1 || size > 1); s->n_levels++) {
        size = (size + FAN - 1) / FAN;
        s->size[s->n_levels] = size;
        s->level[s->n_levels] = calloc(size, sizeof(double));
        memory = s->level[s->n_levels] != NULL;
    }
    return memory;
}

pm_status pm_sources_new(const pm_network *network, const bool *silent, pm_sources **sources, pm_error *error) {
    pm_sources *s = *sources = calloc(1, sizeof *s);
    if (!s || !(s->source = calloc(network->n_populations + 1, sizeof *s->source))) {
        free(s);
        *sources = NULL;
        return pm_fail_memory(error, "the sources");
    }
    s->network = network;
    for (size_t p = 0; p < network->n_populations; p++) {
        const pm_population *population = &network->populations[p];
        if (population->kind != PM_POISSON_SOURCE || population->rate == 0.0 || (silent && silent[p]))
            continue;
        if (!make_source(&s->source[p], population->size)) {
            pm_sources_free(s);
            *sources = NULL;
            return pm_fail_memory(error, "the Poisson sources");
        }
        s->source[p].population = population;
        *s->source[p].poisson = pm_poisson_new(pm_source_key(network, p), population->rate);
    }
    pm_sources_reset(s);
    return PM_OK;
}

void pm_sources_free(pm_sources *sources) {
    if (!sources)
        return;
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        source *s = &sources->source[p];
        for (size_t level = 1; level < LEVELS; level++)
            free(s->level[level]);
        free(s->next_time);
        free(s->cell);
        free(s->ahead);
        free(s->poisson);
    }
    free(sources->source);
    free(sources->collected.items);
    free(sources->injected.items);
    free(sources);
}

void pm_sources_skip(pm_sources *sources, uint32_t population, uint32_t neuron) {
    if (sources->source[population].next_time) {
        sources->source[population].next_time[neuron] = INFINITY;
        sources->source[population].cell[neuron] = SKIPPED;
        find_leasts(&sources->source[population], neuron);
    }
}

void pm_sources_archive(pm_sources *sources, pm_archive *archive) {
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        source *s = &sources->source[p];
        size_t n = s->next_time ? sources->network->populations[p].size : 0;
        PM_ARCHIVE(archive, s->next_event);
        if (n > 0) {
            pm_archive_bytes(archive, s->next_time, n * sizeof *s->next_time);
            pm_archive_bytes(archive, s->cell, n * sizeof *s->cell);
            for (size_t k = 0; archive->reading && k < n; k++)
                s->ahead[k].count = 0;
            find_all(s);
        }
    }
    PM_ARCHIVE_LIST(archive, sources->collected);
    (void)sorted_injected(sources);
    PM_ARCHIVE_LIST(archive, sources->injected);
    PM_ARCHIVE(archive, sources->next_injected);
    PM_ARCHIVE(archive, sources->end);
}

/* Whether the next event of a population is the first one from `end` on. */
static bool events_are_sound(const pm_population *population, size_t next, double end) {
    if (population->kind != PM_SPIKE_SOURCE)
        return next == 0;
    return next <= population->n_events && (next == 0 || population->events[next - 1].time < end) &&
           (next == population->n_events || population->events[next].time >= end);
}

/* Whether the next spike of a Poisson neuron is one of the cell in which it is said to lie. */
static bool next_is_sound(const source *s, uint32_t neuron, double end) {
    double times[PM_POISSON_MOST], next = s->next_time[neuron];
    if (next == INFINITY)
        return true;
    if (!(next >= end) || (double)s->cell[neuron] * s->poisson->width >= LATEST)
        return false;
    size_t n = draw_cell(s, neuron, s->cell[neuron], times), k = 0;
    while (k < n && times[k] != next)
        k++;
    return k < n;
}

static bool spikes_are_sound(const pm_sources *sources, const pm_spike_list *list, size_t from, bool given) {
    bool good = from <= list->count;
    for (size_t k = from; good && k < list->count; k++) {
        const pm_spike *spike = &list->items[k];
        good = (pm_spike_is_of(sources->network, spike, PM_SPIKE_SOURCE) ||
                (!given && pm_spike_is_of(sources->network, spike, PM_POISSON_SOURCE))) &&
               (k == from || pm_compare_spikes(spike - 1, spike) <= 0);
    }
    return good;
}

bool pm_sources_are_sound(const pm_sources *sources, double end, bool collected) {
    const pm_spike_list *injected = &sources->injected;
    bool good = (collected ? sources->end == end : sources->end >= 0.0 && sources->end <= end) &&
                spikes_are_sound(sources, &sources->collected, 0, false) &&
                spikes_are_sound(sources, injected, sources->next_injected, true) &&
                (sources->next_injected >= injected->count || injected->items[sources->next_injected].time >= end);
    for (size_t p = 0; good && p < sources->network->n_populations; p++) {
        const source *s = &sources->source[p];
        const pm_population *population = &sources->network->populations[p];
        good = events_are_sound(population, s->next_event, end);
        for (uint32_t n = 0; good && s->next_time && n < population->size; n++)
            good = next_is_sound(s, n, end);
    }
    return good;
}

/* A neuron's spikes before `end`, from its next one on. */
static bool collect_neuron(pm_sources *sources, uint32_t p, uint32_t neuron, double end) {
    source *s = &sources->source[p];
    while (s->next_time[neuron] < end) {
        if (!PM_LIST_ADD(sources->collected, (pm_spike){s->next_time[neuron], 0.0, p, neuron}))
            return false;
        go_on(s, neuron);
    }
    find_leasts(s, neuron);
    return true;
}

static bool collect_population(pm_sources *sources, uint32_t p, double end) {
    const pm_population *population = &sources->network->populations[p];
    source *s = &sources->source[p];
    for (; population->kind == PM_SPIKE_SOURCE && s->next_event < population->n_events; s->next_event++) {
        const pm_event *event = &population->events[s->next_event];
        if (event->time >= end)
            break;
        if (!PM_LIST_ADD(sources->collected, (pm_spike){event->time, 0.0, p, event->neuron}))
            return false;
    }
    while (s->next_time && soonest(s) < end)
        if (!collect_neuron(sources, p, find_due(s, end), end))
            return false;
    return true;
}

double pm_sources_next(pm_sources *sources) {
    const pm_spike_list *injected = sorted_injected(sources);
    double next = INFINITY;
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        const source *s = &sources->source[p];
        const pm_population *population = &sources->network->populations[p];
        if (s->next_time)
            next = fmin(next, soonest(s));
        else if (population->kind == PM_SPIKE_SOURCE && s->next_event < population->n_events)
            next = fmin(next, population->events[s->next_event].time);
    }
    if (sources->next_injected < injected->count)
        next = fmin(next, injected->items[sources->next_injected].time);
    return next;
}

pm_status pm_sources_collect(pm_sources *sources, double end, const pm_spike **spikes, size_t *count, pm_error *error) {
    sources->collected.count = 0;
    sources->end = end;
    for (uint32_t p = 0; p < sources->network->n_populations; p++)
        if (!collect_population(sources, p, end))
            return pm_fail_memory(error, "spikes of sources");
    const pm_spike_list *injected = sorted_injected(sources);
    for (; sources->next_injected < injected->count; sources->next_injected++) {
        if (injected->items[sources->next_injected].time >= end)
            break;
        if (!PM_LIST_ADD(sources->collected, injected->items[sources->next_injected]))
            return pm_fail_memory(error, "spikes of sources");
    }
    pm_spikes_sort(&sources->collected, 0);
    pm_sources_collected(sources, spikes, count);
    return PM_OK;
}

pm_status pm_sources_inject(pm_sources *sources, const pm_spike *spike, pm_error *error) {
    const pm_spike_list *injected = &sources->injected;
    const bool late = spike->time < sources->end;
    const bool waits = !late && sources->next_injected < injected->count;
    const bool early = waits && pm_compare_spikes(spike, &injected->items[injected->count - 1]) < 0;
    if (!(late ? insert(&sources->collected, *spike) : PM_LIST_ADD(sources->injected, *spike)))
        return pm_fail_memory(error, "injected spikes");
    sources->disordered = sources->disordered || early;
    return PM_OK;
}

void pm_sources_collected(const pm_sources *sources, const pm_spike **spikes, size_t *count) {
    *spikes = sources->collected.items;
    *count = sources->collected.count;
}
