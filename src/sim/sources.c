/* Every Poisson neuron has random streams of its own (model/poisson.h), so its spikes depend on the seed, the
 * population's name and its number only. Of each neuron the time of its next spike is known, and the cell in which that
 * lies is drawn anew when it has come. Neurons stand in blocks, of which the earliest next spike is known, so that only
 * blocks that fire are looked through. Injected spikes wait in a list sorted by time. Invariant: no spike of a block
 * comes before its `least`, none of a population before its `soonest`. */
#include "sim/sources.h"

#include "model/rate_course.h"
#include "net/spikes.h"
#include "base/random.h"
#include "model/poisson.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 }; /* neurons */

typedef struct source {
    size_t next_event; /* PM_SPIKE_SOURCE */
    double *next_time; /* PM_POISSON_SOURCE, ms */
    double *least;     /* per block, ms */
    double soonest;    /* ms */
    uint64_t *cell;    /* in which that lies */
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

/* The first spike from a cell on. Stretches without a rate are not drawn. */
static void find_spike(source *s, uint32_t neuron, uint64_t cell) {
    double times[PM_POISSON_MOST];
    const double width = s->poisson->width;
    s->next_time[neuron] = INFINITY;
    double next = pm_rate_course_next(&s->population->course, (double)cell * width);
    while (next < LATEST) {
        s->cell[neuron] = cell = (uint64_t)(next / width);
        if (draw_cell(s, neuron, cell, times) > 0) {
            s->next_time[neuron] = times[0];
            return;
        }
        next = pm_rate_course_next(&s->population->course, (double)(cell + 1) * width);
    }
}

static void find_least(source *s, size_t size, size_t block) {
    const size_t end = (block + 1) * BLOCK < size ? (block + 1) * BLOCK : size;
    double least = INFINITY;
    for (size_t n = block * BLOCK; n < end; n++)
        least = s->next_time[n] < least ? s->next_time[n] : least;
    s->least[block] = least;
}

static void find_soonest(source *s, size_t size) {
    double soonest = INFINITY;
    for (size_t block = 0; block * BLOCK < size; block++)
        soonest = s->least[block] < soonest ? s->least[block] : soonest;
    s->soonest = soonest;
}

static void find_all(source *s, size_t size) {
    for (size_t block = 0; block * BLOCK < size; block++)
        find_least(s, size, block);
    find_soonest(s, size);
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
            find_all(s, sources->network->populations[p].size);
    }
    sources->injected.count = sources->next_injected = sources->collected.count = 0;
    sources->disordered = false;
    sources->end = 0.0;
}

uint64_t pm_source_key(const pm_network *network, size_t population) {
    const char *words[] = {"poisson", network->populations[population].name};
    return pm_stream_key(network->seed, words, 2);
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
        s->source[p].next_time = calloc(population->size, sizeof(double));
        s->source[p].cell = calloc(population->size, sizeof(uint64_t));
        s->source[p].least = calloc(population->size / BLOCK + 1, sizeof(double));
        s->source[p].poisson = malloc(sizeof(pm_poisson));
        if (!s->source[p].next_time || !s->source[p].cell || !s->source[p].least || !s->source[p].poisson) {
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
        free(sources->source[p].next_time);
        free(sources->source[p].cell);
        free(sources->source[p].least);
        free(sources->source[p].poisson);
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
            find_all(s, n);
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
        double times[PM_POISSON_MOST];
        size_t n = draw_cell(s, neuron, s->cell[neuron], times), k = 0;
        while (times[k] < s->next_time[neuron])
            k++;
        for (; k < n && times[k] < end; k++)
            if (!PM_LIST_ADD(sources->collected, (pm_spike){times[k], 0.0, p, neuron}))
                return false;
        if (k < n)
            s->next_time[neuron] = times[k];
        else
            find_spike(s, neuron, s->cell[neuron] + 1);
    }
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
    if (!s->next_time || !(s->soonest < end))
        return true;
    for (size_t block = 0; block * BLOCK < population->size; block++) {
        if (!(s->least[block] < end))
            continue;
        for (size_t n = block * BLOCK; n < population->size && n < (block + 1) * BLOCK; n++)
            if (!collect_neuron(sources, p, (uint32_t)n, end))
                return false;
        find_least(s, population->size, block);
    }
    find_soonest(s, population->size);
    return true;
}

double pm_sources_next(pm_sources *sources) {
    const pm_spike_list *injected = sorted_injected(sources);
    double next = INFINITY;
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        const source *s = &sources->source[p];
        const pm_population *population = &sources->network->populations[p];
        if (s->next_time)
            next = fmin(next, s->soonest);
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
